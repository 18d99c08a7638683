//! What is said of a request, as an OperationOutcome.

use fhir_sdk::r4b::codes::{IssueSeverity, IssueType};
use fhir_sdk::r4b::resources::{OperationOutcome, OperationOutcomeIssue, Resource};

use super::Error;
use super::text::written;

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing more is done.
    Fatal,
    /// What was asked for is not done.
    Error,
    /// It is done, and something is to be looked at.
    Warning,
    /// It is done.
    Information,
}

/// One thing to say.
#[derive(Debug, Clone)]
pub struct Issue<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Its kind, a code of `issue-type` such as `required`.
    pub code: &'a str,
    /// In words.
    pub words: &'a str,
    /// The element it is about; may be empty.
    pub expression: &'a str,
}

/// An outcome as text.
///
/// # Errors
/// When the code of an issue is none of `issue-type`.
pub fn operation_outcome(issues: &[Issue<'_>]) -> Result<String, Error> {
    let issues = issues.iter().map(|issue| told(issue).map(Some)).collect::<Result<_, _>>()?;
    written(&Resource::from(OperationOutcome::builder().issue(issues).build()?))
}

fn told(issue: &Issue<'_>) -> Result<OperationOutcomeIssue, Error> {
    let code: IssueType = issue
        .code
        .parse()
        .map_err(|_| Error::Value { element: "issue.code", kind: "issue-type" })?;
    let severity = match issue.severity {
        Severity::Fatal => IssueSeverity::Fatal,
        Severity::Error => IssueSeverity::Error,
        Severity::Warning => IssueSeverity::Warning,
        Severity::Information => IssueSeverity::Information,
    };
    let mut told = OperationOutcomeIssue::builder().severity(severity).code(code).build()?;
    if !issue.words.is_empty() {
        told.diagnostics = Some(issue.words.to_owned());
    }
    if !issue.expression.is_empty() {
        told.expression = vec![Some(issue.expression.to_owned())];
    }
    Ok(told)
}
