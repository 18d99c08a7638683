//! SQL, and nothing else.
//!
//! **In:** values of the domain: messages as they came ([`Intake`]), what was made of them, what
//! people and receivers said ([`Books`]). **Out:** the same values, later, also after the power
//! failed.
//!
//! **Never:** decides anything. Where a line may move is for the ledger to say; the store only
//! refuses a change that rests on something no longer so ([`Conflict`]). No type of the
//! database leaves this room, and no other room knows SQL.
//!
//! **Start at** [`Books::apply`], where everything meets, and `DISK.md`, which says what is
//! durable when. A new format is a script in `migrations/` and a row in its list; a script that
//! was released is never edited.

mod books;
mod checkpoint;
mod database;
mod error;
mod intake;
mod lock;
mod queue;
mod readers;
mod reply;
mod thread;

pub use books::{
    Applied, Attempt, Balance, BookedEntry, BookedMessage, Books, Conflict, CourseSummary, Decided,
    Expected, LineChange, LineFilter, LinePlace, LineRef, ListedLine, Listing, Loaded, Look, Mark,
    MessageFilter, NewFact, NewLine, Part, PartOutcome, Pause, Posting, Queued, Settled,
    Settlement, Settling, Steer, Steering, Verified, Work,
};
pub use checkpoint::WAL_BYTES_MAX;
pub use error::{Cause, Error};
pub use intake::{
    FragmentStanding, Intake, NewFragment, NewMessage, NewResource, SourceShelf, Standing,
    StoredMessage,
};
pub use lock::StoreLock;
pub use thread::give_way;
