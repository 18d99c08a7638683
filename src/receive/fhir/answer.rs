//! What is said of a request: a status, and an OperationOutcome or a Bundle of answers.

use collimator_fhir_types::{self as types, Issue, Severity};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::Objection;
use crate::store::Standing;
use crate::wire::fhir::{self, IssueCode};
use crate::wire::json::{Fault, Node};

use super::super::FhirAnswer;
use super::item::{Asked, Item, Whole};

/// As many problems are kept with a message; its sender is told all.
const PROBLEMS_KEPT_MAX: usize = 20;

/// Something wrong in a request.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: u16,
    code: &'static str,
    expression: String,
    words: String,
    missing: Option<String>,
}

/// A request that cannot even be taken apart.
#[derive(Debug)]
pub(super) struct Refused {
    problem: Problem,
    /// Whether it is kept for a person to see.
    pub(super) is_kept: bool,
}

/// What became of one resource.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) said: Said,
    /// How many versions are known now.
    pub(super) revision: i64,
}

/// What is said of one resource.
#[derive(Debug)]
pub(super) enum Said {
    /// It is new.
    Created,
    /// It takes the place of what was known.
    Updated,
    /// It is gone.
    Deleted,
    /// It says what is known already.
    Known,
    /// It is older than what is known.
    Older,
    /// Another version is known than the one it was to change.
    OtherVersion,
    /// There is something wrong with it.
    Refused(Vec<Problem>),
}

impl Problem {
    pub(super) fn of(issue: &fhir::Issue) -> Problem {
        let status = if issue.code == IssueCode::NotSupported { 404 } else { 422 };
        Problem {
            status,
            code: issue.code.as_str(),
            expression: issue.expression.clone(),
            words: issue.words.clone(),
            missing: None,
        }
    }

    pub(super) fn with_status(status: u16, at: &str, words: &str) -> Problem {
        let (expression, words) = (at.to_owned(), words.to_owned());
        Problem { status, code: "processing", expression, words, missing: None }
    }

    pub(super) fn objected(item: &Item, objected: Objection) -> Problem {
        let rest = objected.expression.strip_prefix(&item.kind).unwrap_or_default();
        Problem {
            status: 422,
            code: objected.code,
            expression: format!("{}{rest}", item.at),
            words: objected.words,
            missing: objected.missing,
        }
    }

    fn issue(&self) -> Issue<'_> {
        issue(Severity::Error, self.code, &self.words, &self.expression)
    }
}

impl Refused {
    /// A request that is not kept: there is nothing in it.
    pub(super) fn new(status: u16, code: &'static str, at: &str, words: &str) -> Refused {
        let (expression, words) = (at.to_owned(), words.to_owned());
        Refused {
            problem: Problem { status, code, expression, words, missing: None },
            is_kept: false,
        }
    }

    /// A request that a person may want to see.
    pub(super) fn kept(status: u16, code: &'static str, at: &str, words: &str) -> Refused {
        Refused { is_kept: true, ..Refused::new(status, code, at, words) }
    }

    pub(super) fn unreadable(fault: &Fault) -> Refused {
        Refused::kept(400, "structure", "", &format!("no JSON that can be read: {fault}"))
    }

    pub(super) fn words(&self) -> String {
        told(&self.problem)
    }

    pub(super) fn answer(&self) -> FhirAnswer {
        with_body(self.problem.status, &outcome(&[self.problem.issue()]))
    }
}

impl Outcome {
    pub(super) fn is_refused(&self) -> bool {
        match self.said {
            Said::Refused(_) | Said::OtherVersion => true,
            Said::Created | Said::Updated | Said::Deleted | Said::Known | Said::Older => false,
        }
    }

    fn status(&self, is_alone: bool) -> u16 {
        match &self.said {
            Said::Created => 201,
            Said::Deleted => 204,
            Said::Updated | Said::Known => 200,
            Said::Older if is_alone => 409,
            Said::Older => 200,
            Said::OtherVersion => 412,
            Said::Refused(problems) => status_of(problems.iter()),
        }
    }

    fn issues<'a>(&'a self, at: &'a str) -> Vec<Issue<'a>> {
        match &self.said {
            Said::Created | Said::Updated | Said::Deleted => Vec::new(),
            Said::Known => {
                vec![issue(Severity::Information, "duplicate", "known already: nothing new", at)]
            }
            Said::Older => {
                let words = "an older version than the one that is known: it changes nothing";
                vec![issue(Severity::Warning, "conflict", words, at)]
            }
            Said::OtherVersion => {
                vec![issue(
                    Severity::Error,
                    "conflict",
                    "another version is known than If-Match says",
                    at,
                )]
            }
            Said::Refused(problems) => problems.iter().map(Problem::issue).collect(),
        }
    }
}

/// The answer to a request.
pub(super) fn of(asked: &Asked, outcomes: &[Outcome], now: Timestamp) -> FhirAnswer {
    let missing = outcomes.iter().flat_map(|one| match &one.said {
        Said::Refused(problems) => problems.as_slice(),
        Said::Created
        | Said::Updated
        | Said::Deleted
        | Said::Known
        | Said::Older
        | Said::OtherVersion => &[],
    });
    let missing: Vec<String> = missing.filter_map(|one| one.missing.clone()).collect();
    let answer = match asked.whole {
        _ if !asked.problems.is_empty() => refused(asked, outcomes),
        Whole::One => of_one(asked, outcomes),
        Whole::Batch | Whole::Told => of_entries(asked, outcomes, "batch-response", now),
        Whole::Transaction | Whole::Message if outcomes.iter().any(Outcome::is_refused) => {
            refused(asked, outcomes)
        }
        Whole::Transaction => of_entries(asked, outcomes, "transaction-response", now),
        Whole::Message => of_message(asked, now),
    };
    FhirAnswer { missing, ..answer }
}

fn of_one(asked: &Asked, outcomes: &[Outcome]) -> FhirAnswer {
    let (Some(item), Some(one)) = (asked.items.first(), outcomes.first()) else {
        return FhirAnswer::status(200);
    };
    let status = one.status(true);
    let issues = one.issues(&item.at);
    let answer = match issues.is_empty() {
        true => FhirAnswer::status(status),
        false => with_body(status, &outcome(&issues)),
    };
    match one.said {
        Said::Refused(_) | Said::OtherVersion | Said::Older | Said::Deleted => answer,
        Said::Created | Said::Updated | Said::Known => FhirAnswer {
            location: Some(format!("/fhir/{}", location(item, one))),
            etag: Some(etag(item, one)),
            ..answer
        },
    }
}

fn of_entries(asked: &Asked, outcomes: &[Outcome], kind: &str, now: Timestamp) -> FhirAnswer {
    let is_alone = matches!(asked.whole, Whole::Batch);
    let count = asked.bundle.as_ref().map_or(0, |bundle| bundle.list("entry").len());
    let mut entries: Vec<Value> =
        (0..count).map(|_| json!({ "response": { "status": "200 OK" } })).collect();
    for (item, one) in asked.items.iter().zip(outcomes) {
        let mut response = json!({ "status": phrase(one.status(is_alone)) });
        if let Said::Created | Said::Updated | Said::Known = one.said {
            response["location"] = json!(location(item, one));
            response["etag"] = json!(etag(item, one));
            response["lastModified"] = json!(now.to_string());
        }
        let issues = one.issues(&item.at);
        if !issues.is_empty() {
            response["outcome"] = outcome(&issues);
        }
        if let Some(entry) = entries.get_mut(item.index) {
            *entry = json!({ "response": response });
        }
    }
    with_body(200, &json!({ "resourceType": "Bundle", "type": kind, "entry": entries }))
}

fn refused(asked: &Asked, outcomes: &[Outcome]) -> FhirAnswer {
    let of_bundle = asked.problems.iter().map(Problem::issue);
    let of_items = asked.items.iter().zip(outcomes).filter(|(_, one)| one.is_refused());
    let issues: Vec<Issue<'_>> =
        of_bundle.chain(of_items.clone().flat_map(|(item, one)| one.issues(&item.at))).collect();
    let mut statuses = of_items.map(|(_, one)| one.status(true));
    let first = statuses.next().filter(|_| asked.problems.is_empty());
    let all_alike = first.filter(|first| statuses.all(|status| status == *first));
    let status = all_alike.filter(|status| *status != 404).unwrap_or(422);
    with_body(status, &outcome(&issues))
}

fn of_message(asked: &Asked, now: Timestamp) -> FhirAnswer {
    let header = asked.items.iter().find(|item| item.kind == "MessageHeader");
    let id = header.map_or(asked.name.as_str(), |item| item.id.as_str());
    let event = header.and_then(|item| item.resource.get("eventCoding")).map(Node::write);
    let event: Option<Value> = event.and_then(|text| serde_json::from_str(&text).ok());
    let uri = header.and_then(|item| item.resource.text_of("eventUri"));
    let mut told = json!({
        "resourceType": "MessageHeader",
        "id": format!("answer-{}", super::key::hash(&[id])),
        "source": { "endpoint": "urn:collimator" },
        "response": { "identifier": id, "code": "ok" },
    });
    match (event, uri) {
        (Some(event), _) => told["eventCoding"] = event,
        (None, uri) => told["eventUri"] = json!(uri.unwrap_or("urn:collimator:taken")),
    }
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": now.to_string(),
        "entry": [{ "fullUrl": format!("urn:collimator:{id}"), "resource": told }],
    });
    with_body(200, &bundle)
}

/// What is kept of the problems beside the message.
pub(super) fn words(asked: &Asked, outcomes: &[Outcome]) -> String {
    let mut said: Vec<String> = asked.problems.iter().map(told).collect();
    for (item, one) in asked.items.iter().zip(outcomes) {
        match &one.said {
            Said::Refused(problems) => said.extend(problems.iter().map(told)),
            Said::Older => said.push(format!("{}: an older version; it changes nothing", item.at)),
            Said::OtherVersion => said.push(format!("{}: another version is known", item.at)),
            Said::Created | Said::Updated | Said::Deleted | Said::Known => {}
        }
    }
    let more = said.len().saturating_sub(PROBLEMS_KEPT_MAX);
    said.truncate(PROBLEMS_KEPT_MAX);
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    said.join("; ")
}

fn told(problem: &Problem) -> String {
    match problem.expression.as_str() {
        "" => problem.words.clone(),
        place => format!("{place}: {}", problem.words),
    }
}

/// The store cannot keep anything now.
pub(super) fn unavailable(seconds: u32) -> FhirAnswer {
    let words = "it could not be stored; send it again later";
    let issues = vec![issue(Severity::Error, "transient", words, "")];
    FhirAnswer { retry_after: Some(seconds), ..with_body(503, &outcome(&issues)) }
}

/// By what a version of a resource is told from others: as its source says, else by our count.
pub(super) fn etag_of(known: &Standing) -> String {
    match known.resource.version.as_str() {
        "" => known.revision.to_string(),
        version => version.to_owned(),
    }
}

fn tag(item: &Item, one: &Outcome) -> String {
    match item.version.as_str() {
        "" => one.revision.max(1).to_string(),
        version => version.to_owned(),
    }
}

fn etag(item: &Item, one: &Outcome) -> String {
    format!("W/\"{}\"", tag(item, one))
}

fn location(item: &Item, one: &Outcome) -> String {
    format!("{}/{}/_history/{}", item.kind, item.id, tag(item, one))
}

fn status_of<'p>(mut problems: impl Iterator<Item = &'p Problem>) -> u16 {
    let first = problems.next().map_or(422, |problem| problem.status);
    match problems.next() {
        None => first,
        Some(_) => 422,
    }
}

fn phrase(status: u16) -> String {
    let words = match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        _ => "Unprocessable Entity",
    };
    format!("{status} {words}")
}

fn issue<'a>(severity: Severity, code: &'a str, words: &'a str, expression: &'a str) -> Issue<'a> {
    Issue { severity, code, words, expression }
}

/// An outcome; nothing but a fault of ours keeps it from being written.
fn outcome(issues: &[Issue<'_>]) -> Value {
    let written = types::operation_outcome(issues).ok();
    written.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
}

pub(super) fn with_body(status: u16, body: &Value) -> FhirAnswer {
    FhirAnswer { body: Some(body.to_string()), ..FhirAnswer::status(status) }
}
