//! A line on the books, and the entries that tell its life.

use serde::{Deserialize, Serialize};

use super::{ChargeLine, Finding, LineId, MessageId, PersonId};

/// Where a line on the books stands. See `src/ledger/STATES.md` for every arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineState {
    /// A person must look.
    Held,
    /// Kept for statistics, by rule not billed.
    Suppressed,
    /// Must never be sent, by rule.
    Rejected,
    /// Nothing is against it: waits to be sent.
    Queued,
    /// Marked before its bytes leave; no answer yet.
    Sent,
    /// It may have arrived: nobody can tell. A person, or a receiver that knows repeats.
    Unknown,
    /// The receiver said yes.
    Accepted,
    /// The receiver said no.
    Declined,
    /// Taken off before it was sent.
    Withdrawn,
}

/// A line on the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedLine {
    /// Its number.
    pub id: LineId,
    /// Whose it is.
    pub person: PersonId,
    /// What it says.
    pub line: ChargeLine,
    /// Where it stands.
    pub state: LineState,
    /// What rules or a person have against it.
    pub findings: Vec<Finding>,
    /// Where it goes, by name; fixed when it is drafted.
    pub destination: Option<String>,
    /// The line that this one takes back.
    pub reverses: Option<LineId>,
    /// The line that takes this one back.
    pub reversed_by: Option<LineId>,
    /// A line whose final answer this one waits for.
    pub after: Option<LineId>,
    /// What a person decided about it, which later looks respect.
    pub decision: Option<Decision>,
}

/// What a person decided about a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Let go in spite of these rules.
    Released(Vec<String>),
    /// Let go in spite of these rules, which reject it; each allows that.
    Overridden(Vec<String>),
    /// Kept back.
    Held,
    /// Taken off.
    Withdrawn,
}

/// Who did something that is written into the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// The daemon, by its rules.
    Daemon,
    /// A person, with the reason they gave.
    Person {
        /// Their name on this machine.
        name: String,
        /// Why.
        reason: String,
    },
}

/// What kind of thing an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// What became of a message.
    Message,
    /// A line was drafted, with all it says.
    Drafted,
    /// A line moved from one state to another.
    Moved,
    /// A line's particulars that are not its identity were told anew before it was sent.
    Refreshed,
    /// Numbers of patients were joined or parted.
    Linked,
    /// A line's bytes are about to leave.
    Attempt,
    /// What the receiver said, or that it said nothing.
    Answered,
    /// Where a line that was taken stands in the receiver's own books.
    Posted,
    /// Other tables are in force.
    Tables,
    /// A destination was paused, drained or resumed.
    Steered,
}

/// One entry of the ledger; never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it tells.
    pub kind: EntryKind,
    /// Who did it.
    pub who: Who,
    /// The message it is about.
    pub message: Option<MessageId>,
    /// The line it is about.
    pub line: Option<LineId>,
    /// The rest, as JSON text.
    pub body: String,
}

impl LineState {
    /// Every state.
    pub const ALL: [LineState; 9] = [
        LineState::Held,
        LineState::Suppressed,
        LineState::Rejected,
        LineState::Queued,
        LineState::Sent,
        LineState::Unknown,
        LineState::Accepted,
        LineState::Declined,
        LineState::Withdrawn,
    ];

    /// As kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            LineState::Held => "held",
            LineState::Suppressed => "suppressed",
            LineState::Rejected => "rejected",
            LineState::Queued => "queued",
            LineState::Sent => "sent",
            LineState::Unknown => "unknown",
            LineState::Accepted => "accepted",
            LineState::Declined => "declined",
            LineState::Withdrawn => "withdrawn",
        }
    }

    /// Reads what [`LineState::as_str`] wrote.
    pub fn parse(text: &str) -> Option<LineState> {
        LineState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Nothing of it has left the house.
    pub fn is_unsent(self) -> bool {
        matches!(
            self,
            LineState::Held | LineState::Suppressed | LineState::Rejected | LineState::Queued
        )
    }

    /// Its bytes left, and nobody said no.
    pub fn is_out(self) -> bool {
        matches!(self, LineState::Sent | LineState::Unknown | LineState::Accepted)
    }
}
