//! What belongs to a patient and must never reach a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value about a patient: it prints as `‹phi›` and opens only by a call that says for whom.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Closes a value.
    pub fn new(value: T) -> Phi<T> {
        Phi(value)
    }

    /// Opens it to be written into a message for the billing system of the same patient.
    pub fn open_for_billing(&self) -> &T {
        &self.0
    }

    /// Opens it for a person who asked to see it (console, command line).
    pub fn open_for_person(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹phi›")
    }
}
