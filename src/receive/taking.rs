//! What comes over FHIR, whatever way it comes, and who takes it.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use collimator_fhir_types::{Issue, Severity, operation_outcome};

/// A future that is not known by its type.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes what came over FHIR, whatever way: stored before it returns.
pub trait TakesFhir: Send + Sync {
    /// Takes a request.
    fn take(&self, request: FhirRequest) -> BoxFuture<'_, FhirAnswer>;
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// To be told something.
    Get,
    /// That something is taken.
    Post,
    /// That something is taken under its id.
    Put,
    /// That something is gone.
    Delete,
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct FhirRequest {
    /// What is wanted.
    pub method: Method,
    /// Of what: the path below the base, such as `ChargeItem/5`; empty for the base itself.
    pub path: String,
    /// What stands behind `?`.
    pub query: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Exist`.
    pub if_none_exist: Option<String>,
    /// JSON, byte for byte; empty if there is none.
    pub body: Bytes,
}

/// The answer to a request.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FhirAnswer {
    /// Its status, as HTTP counts.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// JSON, if there is any.
    pub body: Option<String>,
    /// What the request refers to and nobody knows, as `Type/id`: whoever can ask for it may hand
    /// it over, and then the request once more.
    pub missing: Vec<String>,
}

/// Takes nothing: for sources over which FHIR is not spoken.
#[derive(Debug, Clone, Copy)]
pub struct NotSpoken;

impl TakesFhir for NotSpoken {
    fn take(&self, _request: FhirRequest) -> BoxFuture<'_, FhirAnswer> {
        let words = "FHIR is not spoken here";
        Box::pin(async move { FhirAnswer::refusal(501, "not-supported", words) })
    }
}

impl FhirRequest {
    /// A request without conditions.
    pub fn new(method: Method, path: impl Into<String>, body: Bytes) -> FhirRequest {
        let path = path.into();
        FhirRequest { method, path, query: None, if_match: None, if_none_exist: None, body }
    }
}

impl FhirAnswer {
    /// A status, and nothing more.
    pub fn status(status: u16) -> FhirAnswer {
        FhirAnswer { status, ..FhirAnswer::default() }
    }

    /// A refusal in words: an `OperationOutcome` with one issue.
    pub fn refusal(status: u16, code: &str, words: &str) -> FhirAnswer {
        let issue = Issue { severity: Severity::Error, code, words, expression: "" };
        let body = operation_outcome(&[issue]).ok();
        FhirAnswer { body, ..FhirAnswer::status(status) }
    }
}

/// The body is a patient's, and so is what is searched for.
impl std::fmt::Debug for FhirRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FhirRequest({:?}, {} bytes)", self.method, self.body.len())
    }
}

/// The body is a patient's.
impl std::fmt::Debug for FhirAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FhirAnswer({}, {} missing)", self.status, self.missing.len())
    }
}
