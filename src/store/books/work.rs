//! What the pipeline, people and receivers want written on the books.

use std::fmt;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    BookedLine, ChargeLine, Decision, Entry, Fact, Finding, Identifier, LineId, LineKey, LineState,
    Link, MessageId, MessageState, PersonId, Registration,
};

/// What became of a run of messages. Each part is written whole or not at all; the cursor moves
/// only if no part met a conflict.
#[derive(Debug, Clone)]
pub struct Work {
    /// When, by the clock of the pipeline.
    pub at: Timestamp,
    /// One part for each person, in the order of their messages.
    pub parts: Vec<Arc<Part>>,
    /// The last message that is done with, once every part is written.
    pub cursor: Option<MessageId>,
}

/// What is to be written of one person.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The number under which the person is known; one that nobody knows makes a new person.
    /// `None` for messages that name nobody; such a part has no facts and no lines.
    pub person: Option<Identifier>,
    /// What became of the messages.
    pub messages: Vec<BookedMessage>,
    /// Numbers that are joined or parted, before everything below.
    pub links: Vec<Link>,
    /// What is now known of the person, under each number; replaces what was known under it.
    pub registrations: Vec<(Identifier, Registration)>,
    /// Facts that are news, as they now stand, under the number they were told under.
    pub facts: Vec<NewFact>,
    /// Lines that the judgment rests on, though nothing changes in them.
    pub rests_on: Vec<(LineId, Expected)>,
    /// Lines that are drafted.
    pub new_lines: Vec<NewLine>,
    /// Lines that change.
    pub changes: Vec<LineChange>,
    /// Entries of the ledger that are about no new and no changed line.
    pub entries: Vec<Entry>,
    /// The digest of the tables by which the person is judged now, if that is news.
    pub judged_by: Option<String>,
}

/// A message whose outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedMessage {
    /// Its number.
    pub id: MessageId,
    /// What became of it.
    pub state: MessageState,
    /// The source it came from, by name.
    pub source: String,
    /// When.
    pub received: Timestamp,
    /// The site's day that lists go by.
    pub day: Date,
    /// Its trigger, as `DFT^P03`; empty if unreadable.
    pub trigger: String,
    /// Its control id.
    pub control_id: String,
    /// Its bytes.
    pub size_bytes: u64,
    /// The number that it names.
    pub identifier: Option<Identifier>,
    /// The account that it names.
    pub account: Option<String>,
    /// What is to be known about it, in sentences without the patient.
    pub notes: Vec<String>,
}

/// A fact that is news.
#[derive(Debug, Clone)]
pub struct NewFact {
    /// The number it was told under.
    pub identifier: Identifier,
    /// The message that told it.
    pub message: MessageId,
    /// The fact as it now stands; replaces what stands under its key.
    pub fact: Fact,
}

/// How a line stood when it was looked at. If it has moved since, the judgment is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its state.
    pub state: LineState,
    /// What a person had decided.
    pub decision: Option<Decision>,
    /// The line that took it back.
    pub reversed_by: Option<LineId>,
}

/// A line on the books, or one that the same part drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRef {
    /// It has its number.
    Booked(LineId),
    /// It stands at this place of [`Part::new_lines`], before the line that names it.
    New(usize),
}

/// A line that is drafted.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// What it says.
    pub line: ChargeLine,
    /// Where it stands.
    pub state: LineState,
    /// What rules have against it.
    pub findings: Vec<Finding>,
    /// Where it goes.
    pub destination: Option<String>,
    /// The line it takes back, and how that stood; the store marks it as taken back, unless this
    /// one is held: then it is a proposal.
    pub reverses: Option<(LineId, Expected)>,
    /// The line whose final yes it waits for.
    pub after: Option<LineRef>,
    /// What a person decided about it.
    pub decision: Option<Decision>,
    /// What the ledger says of it; the store fills in the line's number.
    pub entries: Vec<Entry>,
}

/// A change of a line that is on the books.
#[derive(Debug, Clone)]
pub struct LineChange {
    /// Which.
    pub line: LineId,
    /// How it stood when this was decided.
    pub expects: Expected,
    /// Where it stands now.
    pub to: LineState,
    /// What rules or a person now have against it.
    pub findings: Vec<Finding>,
    /// What a person decided about it.
    pub decision: Option<Decision>,
    /// What it says now; `None` if that stays. Its key must stay.
    pub content: Option<Box<ChargeLine>>,
    /// What the ledger says of it; the store fills in the line's number.
    pub entries: Vec<Entry>,
}

/// What came of [`Work`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What came of each part, in their order.
    pub parts: Vec<PartOutcome>,
    /// Whether the cursor moved: it was to, and no part met a conflict.
    pub cursor_moved: bool,
}

/// What came of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartOutcome {
    /// It is on the books.
    Booked {
        /// The person, once all links are made.
        person: Option<PersonId>,
        /// The numbers of the new lines, in their order.
        lines: Vec<LineId>,
    },
    /// Nothing of it is: what it rests on is no longer so.
    Conflict(Conflict),
}

/// Why a change is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// A line stands elsewhere by now.
    Moved {
        /// Which.
        line: LineId,
        /// Its state now.
        state: LineState,
    },
    /// There is no such line of this person (any more).
    NoSuchLine(LineId),
    /// The same charge is on the books already.
    Twice {
        /// What it is.
        key: LineKey,
        /// The line that stands for it.
        line: LineId,
    },
}

/// What came of a person's decision about one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is on the books.
    Done,
    /// It is not: the line is no longer as the person saw it.
    Conflict(Conflict),
}

/// The bytes of a line are about to leave.
#[derive(Clone)]
pub struct Mark {
    /// Which line.
    pub line: LineId,
    /// Where to.
    pub destination: String,
    /// The control id of what leaves.
    pub control_id: String,
    /// What leaves.
    pub bytes: Bytes,
    /// What the line said when the bytes were written: if it says something else by now, nothing
    /// may leave.
    pub content: Box<ChargeLine>,
    /// When.
    pub at: Timestamp,
}

/// What a receiver said of a line.
#[derive(Clone)]
pub struct Settlement {
    /// Which line.
    pub line: LineId,
    /// The control id of what was sent; with the line it names the attempt.
    pub control_id: String,
    /// What it said.
    pub answer: Settled,
    /// The bytes of the answer, if one came.
    pub bytes: Option<Bytes>,
    /// When.
    pub at: Timestamp,
}

/// Where a line that was taken stands in the receiver's own books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Which line.
    pub line: LineId,
    /// Whose books.
    pub destination: String,
    /// In the receiver's words, such as `billed`.
    pub status: String,
    /// The receiver's id of it; empty if it has none.
    pub id: String,
    /// When it was asked.
    pub at: Timestamp,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The receiver said yes.
    Accepted,
    /// The receiver said no, in these words.
    Declined(String),
    /// It may have arrived, nobody can tell, for this reason.
    Unknown(String),
    /// The same; and the receiver recognizes a repeat, so the same bytes go again.
    UnknownGoesAgain(String),
    /// It provably was not taken, for this reason: it waits again, for a message of its own.
    BackToQueue(String),
}

/// What came of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The line moved.
    Moved {
        /// From where.
        from: LineState,
    },
    /// It did not: from where it stands this answer leads nowhere. The attempt keeps the answer.
    Elsewhere(LineState),
    /// There is no such line, or nothing of it was sent under this control id.
    NoSuchAttempt,
}

/// The bytes are a patient's.
impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, control_id, bytes) = (self.line, &self.control_id, self.bytes.len());
        write!(f, "Mark({line}, {control_id}, {bytes} bytes)")
    }
}

/// What was said can be a patient's.
impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settlement({}, {}, {})", self.line, self.control_id, self.answer.to().as_str())
    }
}

impl Expected {
    /// How a line stands that was just loaded.
    pub fn of(line: &BookedLine) -> Expected {
        Expected {
            state: line.state,
            decision: line.decision.clone(),
            reversed_by: line.reversed_by,
        }
    }
}

impl Settled {
    /// The state that a line moves to.
    pub fn to(&self) -> LineState {
        match self {
            Settled::Accepted => LineState::Accepted,
            Settled::Declined(_) => LineState::Declined,
            Settled::Unknown(_) | Settled::UnknownGoesAgain(_) => LineState::Unknown,
            Settled::BackToQueue(_) => LineState::Queued,
        }
    }

    /// The states from which this answer leads on; the arrows are those of the ledger. An answer
    /// can come late, when the line already counts as unknown; and a yes can turn into a no.
    pub fn from_states(&self) -> &'static [LineState] {
        match self {
            Settled::Accepted => &[LineState::Sent, LineState::Unknown],
            Settled::Declined(_) => &[LineState::Sent, LineState::Unknown, LineState::Accepted],
            Settled::Unknown(_) | Settled::UnknownGoesAgain(_) | Settled::BackToQueue(_) => {
                &[LineState::Sent, LineState::Unknown]
            }
        }
    }

    /// The words that came with it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Settled::Accepted => None,
            Settled::Declined(text)
            | Settled::Unknown(text)
            | Settled::UnknownGoesAgain(text)
            | Settled::BackToQueue(text) => Some(text),
        }
    }
}
