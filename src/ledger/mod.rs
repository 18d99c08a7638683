//! What is on the books, and how it is corrected.
//!
//! **In:** the lines on the books of a person, and the lines that are due by now; or what a
//! person decided. **Out:** the [`Change`]s that bring the books there.
//!
//! **Never:** updates or deletes what has left: a mistake is put right by a line that reverses it.
//!
//! **Start at** [`reconcile`]; every state and every arrow is in `STATES.md`.

mod change;
mod corrections;
mod decisions;
mod reconcile;
mod states;

pub use change::{Change, News};
pub use decisions::{Action, Decided, Refused, against, decide, follow};
pub use reconcile::reconcile;
pub use states::{Cause, may_move};

#[cfg(test)]
mod tests;
