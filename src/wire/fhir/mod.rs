//! FHIR R4 resources: what the standard's own definitions say of their structure.
//!
//! `r4.csv` holds the elements of each type (HL7's definitions of 4.0.1, made into a table by
//! `tests/tools/r4-elements.py`). [`examine`] holds one resource against it and tells every
//! fault with its place; [`entries`] takes a Bundle apart. What a resource means is not known
//! here, nor what anyone else's profile asks of it.

mod bundle;
mod laws;
mod primitive;
mod table;
mod time;
mod walk;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use bundle::{Entry, entries};
pub use time::is_date_time;

use crate::wire::json::Node;

/// As many faults of one resource are told.
pub const ISSUES_MAX: usize = 200;

/// What kind of fault it is: FHIR's `issue-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssueCode {
    /// The content is against the standard.
    Invalid,
    /// An element that does not belong there, or another JSON type than its own.
    Structure,
    /// An element that has to be there is not.
    Required,
    /// A value that its type or its list of codes does not have.
    Value,
    /// Elements that contradict each other.
    Invariant,
    /// An extension that changes the meaning, and is not understood.
    Extension,
    /// A type that is not taken.
    NotSupported,
    /// It is here already.
    Duplicate,
    /// There is no such thing.
    NotFound,
    /// It is too large.
    TooLong,
    /// It is well formed, and still cannot be used.
    BusinessRule,
    /// Another version is known.
    Conflict,
    /// Whoever asks is not known.
    Login,
    /// Whoever asks may not.
    Forbidden,
    /// Too much at once.
    Throttled,
    /// It may go well later.
    Transient,
    /// Nothing is wrong.
    Informational,
}

impl IssueCode {
    /// As FHIR writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            IssueCode::Invalid => "invalid",
            IssueCode::Structure => "structure",
            IssueCode::Required => "required",
            IssueCode::Value => "value",
            IssueCode::Invariant => "invariant",
            IssueCode::Extension => "extension",
            IssueCode::NotSupported => "not-supported",
            IssueCode::Duplicate => "duplicate",
            IssueCode::NotFound => "not-found",
            IssueCode::TooLong => "too-long",
            IssueCode::BusinessRule => "business-rule",
            IssueCode::Conflict => "conflict",
            IssueCode::Login => "login",
            IssueCode::Forbidden => "forbidden",
            IssueCode::Throttled => "throttled",
            IssueCode::Transient => "transient",
            IssueCode::Informational => "informational",
        }
    }
}

/// A fault and its place. It repeats no value of the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What kind it is.
    pub code: IssueCode,
    /// Where, as FHIRPath says it: `Bundle.entry[2].resource.occurrence`.
    pub expression: String,
    /// What is wrong, in a sentence that follows the place.
    pub words: String,
}

/// What is done with elements that R4 does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Each is an issue.
    Refused,
    /// Each is told apart from the issues.
    Taken,
}

/// What was found in a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// Everything that is wrong, up to [`ISSUES_MAX`].
    pub issues: Vec<Issue>,
    /// The elements that R4 does not have, if these are [`Unknown::Taken`].
    pub unknown_elements: Vec<Issue>,
}

/// Holds a resource against R4's definition. Places begin with `at`. What a Bundle carries in
/// `entry.resource` is left to the caller; what a resource contains is not.
pub fn examine(resource: &Node, at: &str, unknown: Unknown) -> Examined {
    walk::Walk::new(at, unknown).examined(resource)
}

/// Whether a type is among those that can be examined.
pub fn is_known_type(name: &str) -> bool {
    table::table().resource(name).is_some()
}
