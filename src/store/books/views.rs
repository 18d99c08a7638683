//! What readers ask for, and what they get.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    BookedLine, CourseId, Entry, Facts, Identifier, LineId, LineState, MessageId, Moved, PersonId,
};

/// Everything that a judgment of a person rests on.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What counts for the person: what was told under all of their numbers, on the accounts that
    /// it is on by now.
    pub facts: Facts,
    /// The person's lines, oldest first, without those that the daemon itself took off before
    /// they were sent.
    pub lines: Vec<BookedLine>,
    /// The digest of the tables by which the person was judged last.
    pub judged_by: Option<String>,
    /// What was told under the person's numbers, and what moves of accounts make of it; `None`
    /// where no account was moved.
    pub moved: Option<Box<(Facts, Moved)>>,
}

/// Which messages to list; what is `None` or empty limits nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct MessageFilter {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// A number of the patient, old or new.
    pub mrn: Option<String>,
    /// The billing account.
    pub account: Option<String>,
    /// Names of states, of which it must have one.
    pub states: Vec<String>,
    /// The control id.
    pub control_id: Option<String>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// Which lines to list; what is `None` or empty limits nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LineFilter {
    /// The first day of service.
    pub from: Option<Date>,
    /// The last day of service.
    pub until: Option<Date>,
    /// A number of the patient, old or new.
    pub mrn: Option<String>,
    /// The billing account.
    pub account: Option<String>,
    /// States, of which it must have one.
    pub states: Vec<LineState>,
    /// The destination, by name.
    pub destination: Option<String>,
    /// The control id of the message that earned it.
    pub control_id: Option<String>,
    /// The message that earned it.
    pub message: Option<MessageId>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// A line in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLine {
    /// The line.
    pub line: BookedLine,
    /// The patient's number that goes on.
    pub patient: Identifier,
    /// When it was drafted.
    pub drafted: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// Where a list of lines goes on: behind this person, since the list holds the lines of one
/// patient together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace(pub PersonId);

/// One sending of a line.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The line.
    pub line: LineId,
    /// Where to.
    pub destination: String,
    /// The control id of what was sent.
    pub control_id: String,
    /// When it began.
    pub started: Timestamp,
    /// What was sent.
    pub bytes: Vec<u8>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The state that it led to: accepted, declined, unknown or queued.
    pub outcome: Option<LineState>,
    /// What was said, or why nothing was.
    pub text: Option<String>,
    /// The bytes of the answer.
    pub answer: Option<Vec<u8>>,
    /// All lines of the message, in its order, if it told of several.
    pub together: Vec<LineId>,
}

impl Attempt {
    /// The other lines of the same message.
    pub fn others(&self) -> impl Iterator<Item = LineId> {
        self.together.iter().copied().filter(|line| *line != self.line)
    }
}

/// An entry of the ledger with its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedEntry {
    /// Its place.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub entry: Entry,
    /// SHA-256 over the hash before it and all of the above.
    pub hash: [u8; 32],
}

/// One course, by what is on the books of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseSummary {
    /// Whose it is.
    pub person: PersonId,
    /// The patient's number that goes on.
    pub patient: Identifier,
    /// Its name.
    pub course: CourseId,
    /// The first day of service.
    pub first_day: Date,
    /// The last day of service.
    pub last_day: Date,
    /// How many lines there are in each state.
    pub lines: BTreeMap<LineState, u64>,
}

/// How many there are of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balance {
    /// Messages whose outcome is on the books, by the names of their states.
    pub messages: BTreeMap<String, u64>,
    /// Lines by state.
    pub lines: BTreeMap<LineState, u64>,
    /// Lines ever drafted, by their numbers and not by their states: none is ever removed.
    pub drafted: u64,
    /// Entries of the ledger.
    pub entries: u64,
}

/// What a walk over the ledger found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Entries looked at.
    pub entries: u64,
    /// The first entry that does not follow from the one before it: something was changed,
    /// removed or put in there.
    pub broken_at: Option<i64>,
    /// Whether the counts kept as things moved are those of a count anew.
    pub tally_is_right: bool,
    /// The last hash, to be written down elsewhere by whoever wants to prove it later.
    pub last_hash: Option<[u8; 32]>,
}

/// The bytes, and what was said, are a patient's.
impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, control_id, outcome) = (self.line, &self.control_id, self.outcome);
        write!(f, "Attempt({line}, {control_id}, {outcome:?})")
    }
}

/// What is asked for can be a patient.
impl fmt::Debug for MessageFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MessageFilter { from, until, states, limit, .. } = self;
        write!(f, "MessageFilter({from:?}, {until:?}, {states:?}, {limit:?}, …)")
    }
}

/// What is asked for can be a patient.
impl fmt::Debug for LineFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineFilter { from, until, states, destination, limit, .. } = self;
        write!(f, "LineFilter({from:?}, {until:?}, {states:?}, {destination:?}, {limit:?}, …)")
    }
}
