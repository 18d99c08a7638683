//! The numbers by which things are known: messages, lines, people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stored message, numbered in the order of its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub i64);

/// A line on the books, numbered in the order in which it was drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineId(pub i64);

/// A person, whatever numbers a hospital gave to them. Merges and splits change which
/// [`Identifier`]s belong to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonId(pub i64);

/// A patient's number with the authority that gave it: the same digits of two authorities are
/// two patients. Kept digit by digit, without blanks at the ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Who gave the number; empty where the message names nobody.
    pub authority: String,
    /// The number, as spelled.
    pub number: String,
}

/// A number of a patient is never written into a log by accident.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹phi›")
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
