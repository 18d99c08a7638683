//! What a person tells of a patient: kept, carried and explained like any message.

use serde::{Deserialize, Serialize};

use super::{Fact, Identifier, Who};

/// The name of the source of what people tell; no source of the settings may have it.
pub const BY_HAND: &str = "person";

/// One thing that a person tells, as its message holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldByHand {
    /// The kind of message, as lists show it: `add`, `close`, `reopen`.
    pub what: String,
    /// Who tells it, and why.
    pub who: Who,
    /// Of whom.
    pub patient: Identifier,
    /// What they tell. The store puts in the number of the message.
    pub facts: Vec<Fact>,
}
