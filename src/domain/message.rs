//! What becomes of a message, and what its sender is told.

use serde::{Deserialize, Serialize};

/// What the sender of a message is told (table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// Accepted: it is on disk.
    Accept,
    /// An error in the message.
    Error,
    /// Not taken, for a reason outside its content.
    Reject,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// On disk, not yet read.
    Waiting,
    /// Read, and all it told is on the books.
    Done,
    /// Read, and nothing in it is for us.
    Ignored(String),
    /// Can be taken no further.
    Refused(Reason),
    /// A fault of ours; a person must look.
    Stuck(String),
}

/// Where in a message something stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// Segment name.
    pub segment: String,
    /// Which one of that name, from 1.
    pub occurrence: u16,
    /// Field, from 1; 0 means the whole segment.
    pub field: u16,
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// Where.
    pub place: Option<Place>,
    /// Code of table 0357.
    pub code: u16,
    /// In words, without the patient.
    pub text: String,
}

/// A message that we can take no further: what its sender is told, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refusal {
    /// Error or reject.
    pub answer: Answer,
    /// Why.
    pub reason: Reason,
}

impl Answer {
    /// As in MSA-1, original mode.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Accept => "AA",
            Answer::Error => "AE",
            Answer::Reject => "AR",
        }
    }

    /// Reads `AA`, `AE`, `AR`.
    pub fn parse(text: &str) -> Option<Answer> {
        [Answer::Accept, Answer::Error, Answer::Reject]
            .into_iter()
            .find(|answer| answer.as_str() == text)
    }
}

impl MessageState {
    /// The state's name alone.
    pub fn name(&self) -> &'static str {
        match self {
            MessageState::Waiting => "waiting",
            MessageState::Done => "done",
            MessageState::Ignored(_) => "ignored",
            MessageState::Refused(_) => "refused",
            MessageState::Stuck(_) => "stuck",
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.segment)?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence)?;
        }
        if self.field > 0 {
            write!(f, "-{}", self.field)?;
        }
        Ok(())
    }
}
