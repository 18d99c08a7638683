//! What a rule says of a line.

use serde::{Deserialize, Serialize};

/// What a rule wants done with a line. Where several speak, the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Forward, with a flag.
    Warn,
    /// A person must look.
    Hold,
    /// Keep for statistics, do not forward.
    Suppress,
    /// Never forward.
    Reject,
}

/// One thing that a rule found in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule: an id of `coding-rules.md` or one of ours; its page is `mappings/holds/<id>.md`.
    pub rule: String,
    /// What it wants done.
    pub outcome: Outcome,
    /// What was found, with its figures and without the patient.
    pub because: String,
}

impl Finding {
    /// A finding.
    pub fn new(rule: &str, outcome: Outcome, because: impl Into<String>) -> Finding {
        Finding { rule: rule.to_owned(), outcome, because: because.into() }
    }
}

impl Outcome {
    /// As written in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Warn => "warn",
            Outcome::Hold => "hold",
            Outcome::Suppress => "suppress",
            Outcome::Reject => "reject",
        }
    }
}
