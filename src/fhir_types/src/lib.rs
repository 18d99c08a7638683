//! Writes FHIR R4 resources as JSON text.
//!
//! **In:** plain values. **Out:** text that a receiver can read, or [`Error`].
//!
//! **Never:** shows a type of `fhir-sdk` at its door, knows a charge line or a setting, or writes a
//! whole number as `1.0`.
//!
//! `fhir-sdk` takes minutes to compile: 15 CPU minutes where its types are used with optimization.
//! So this is a package of its own, compiled once and without, in 110 CPU seconds with all that it
//! needs (`cargo build --release -p collimator-fhir-types`, two cores of an AMD EPYC); nothing
//! outside it is compiled against its types, and no change elsewhere compiles it again.
//!
//! **Start at** [`charge_item`]. A new resource is a file here with one function.

mod capability;
mod charge;
mod message;
mod operation;
mod outcome;
mod parts;
mod text;

pub use capability::{Capability, Resource, capability_statement};
pub use charge::{Charge, Modifiers, Performer, Revenue, Status, charge_item};
pub use message::{Message, Patient, message};
pub use operation::{Change, Operation, operation};
pub use outcome::{Issue, Severity, operation_outcome};
pub use parts::{Code, Named, Target};

/// Why a resource could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is none of its kind; the value itself is not told.
    #[error("`{element}` holds no {kind}")]
    Value {
        /// The element that it was meant for.
        element: &'static str,
        /// What it should be.
        kind: &'static str,
    },
    /// An element that must be there is not.
    #[error("an element is missing")]
    Missing,
    /// The text did not come about.
    #[error("the resource cannot be written")]
    Written(#[from] serde_json::Error),
}

/// Which element it is, the types tell only in words of their own.
impl From<fhir_sdk::BuilderError> for Error {
    fn from(_: fhir_sdk::BuilderError) -> Error {
        Error::Missing
    }
}
