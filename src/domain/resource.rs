//! What a FHIR source told of its resources: the newest version of each, and who refers to whom.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::MessageId;

/// A resource as its source told it at some time.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its type, `Procedure`.
    pub kind: String,
    /// Its id within the source.
    pub id: String,
    /// The message that told it.
    pub message: MessageId,
    /// Its version, as told; empty if it was not.
    pub version: String,
    /// When it was said: its last update, else when the message was made, else when it came.
    pub said: Timestamp,
    /// Whether the source has deleted it; then the body is the last one known.
    pub is_gone: bool,
    /// JSON, with references to where their resources stand on the shelf.
    pub body: Arc<str>,
    /// Elements of it that FHIR R4 does not have, a line each: taken where the settings say so, and
    /// whatever is earned by it held.
    pub strange: String,
}

/// Why a resource cannot be taken, beside what the standard says: what it lacks to bill by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// As in `OperationOutcome.issue.code`.
    pub code: &'static str,
    /// Which element, below the resource: `ChargeItem.subject`.
    pub expression: String,
    /// In words, without the patient.
    pub words: String,
    /// What is referred to and nobody knows, as `Type/id`.
    pub missing: Option<String>,
}

/// Everything that one source has told of its resources so far.
pub trait Shelf {
    /// The newest version of a resource.
    fn resource(&self, kind: &str, id: &str) -> Option<Arc<Resource>>;

    /// The newest version that came before a message.
    fn before(&self, kind: &str, id: &str, message: MessageId) -> Option<Arc<Resource>>;

    /// The resource of a type that bears an identifier, the one told last.
    fn identified(&self, kind: &str, system: &str, value: &str) -> Option<Arc<Resource>>;

    /// The same among what is about one patient: a number of a course is unique only there.
    fn identified_of(
        &self,
        whose: &str,
        kind: &str,
        system: &str,
        value: &str,
    ) -> Option<Arc<Resource>>;

    /// The newest versions of everything that refers to a resource.
    fn referring(&self, kind: &str, id: &str) -> Vec<Arc<Resource>>;

    /// What a message told, in its order.
    fn told_by(&self, message: MessageId) -> Vec<Arc<Resource>>;
}

/// The body is a patient's.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({}, version {:?})", self.kind, self.version)
    }
}
