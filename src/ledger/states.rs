//! Which state follows which, and who may push.

use crate::domain::LineState;

/// Why a line moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Rules looked at it again, since its course changed.
    Judged,
    /// It was sent, or its receiver answered.
    Sent,
    /// A person decided.
    Person,
}

/// Whether an arrow exists. `STATES.md` draws all of them; a test compares.
pub fn may_move(from: LineState, to: LineState, cause: Cause) -> bool {
    use LineState::{
        Accepted, Declined, Held, Queued, Rejected, Sent, Suppressed, Unknown, Withdrawn,
    };
    match (cause, from, to) {
        (Cause::Judged, from, to) if from.is_unsent() => to.is_unsent() || to == Withdrawn,
        (Cause::Judged, Declined, Withdrawn) => true,
        (Cause::Sent, Queued, Sent)
        | (Cause::Sent, Sent, Accepted | Declined | Unknown | Queued)
        | (Cause::Sent, Unknown, Sent | Accepted | Declined)
        | (Cause::Sent, Accepted, Declined) => true,
        (Cause::Person, Held, Queued | Withdrawn) => true,
        (Cause::Person, Queued, Held | Withdrawn) => true,
        (Cause::Person, Declined | Unknown, Queued) => true,
        (Cause::Person, Declined, Withdrawn) => true,
        (
            Cause::Judged | Cause::Sent | Cause::Person,
            Held | Queued | Suppressed | Rejected | Sent | Unknown | Accepted | Declined
            | Withdrawn,
            _,
        ) => false,
    }
}
