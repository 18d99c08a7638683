//! What may be read here: what this server can do, and the charges and message headers it holds.

use collimator_fhir_types as types;

use crate::domain::Shelf;

use super::super::{FhirAnswer, FhirRequest};
use super::FhirDesk;
use super::answer::{etag_of, unavailable};

/// Types that can be read and searched.
const READABLE: &[&str] = &["ChargeItem", "MessageHeader"];

/// Types that are taken, and mean something here.
const TAKEN: &[&str] = &[
    "Appointment",
    "ChargeItem",
    "Condition",
    "DocumentReference",
    "Encounter",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "ServiceRequest",
    "Task",
];

/// How an entry of a search came to be there.
const MATCH: &str = "\"search\":{\"mode\":\"match\"}";

/// Answers a GET.
pub(super) fn answer(desk: &FhirDesk, request: &FhirRequest) -> FhirAnswer {
    let path: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    match path.as_slice() {
        ["metadata"] => match capabilities() {
            Ok(body) => FhirAnswer { body: Some(body), ..FhirAnswer::status(200) },
            Err(error) => FhirAnswer::refusal(500, "exception", &error.to_string()),
        },
        [kind, id] if READABLE.contains(kind) => one(desk, kind, id),
        [kind] if READABLE.contains(kind) => searched(desk, kind, request.query.as_deref()),
        [kind, ..] if TAKEN.contains(kind) => {
            FhirAnswer::refusal(405, "not-supported", "resources of this type are not given out")
        }
        _ => FhirAnswer::refusal(404, "not-found", "there is nothing at this address"),
    }
}

fn one(desk: &FhirDesk, kind: &str, id: &str) -> FhirAnswer {
    let source = desk.reception.source().to_owned();
    match desk.intake().shelf(&source).standing(kind, id) {
        Err(_) => unavailable(super::AGAIN_SECONDS),
        Ok(None) => FhirAnswer::refusal(404, "not-found", "there is no such resource"),
        Ok(Some(known)) if known.resource.is_gone => {
            FhirAnswer::refusal(410, "deleted", "the source deleted it")
        }
        Ok(Some(known)) => FhirAnswer {
            etag: Some(format!("W/\"{}\"", etag_of(&known))),
            body: Some(known.resource.body.to_string()),
            ..FhirAnswer::status(200)
        },
    }
}

fn searched(desk: &FhirDesk, kind: &str, query: Option<&str>) -> FhirAnswer {
    let source = desk.reception.source().to_owned();
    let shelf = desk.intake().shelf(&source);
    let asked: Vec<(String, String)> = url::form_urlencoded::parse(query.unwrap_or("").as_bytes())
        .into_owned()
        .filter(|(name, _)| name != "_format")
        .collect();
    let found = match asked.as_slice() {
        [(name, id)] if name == "_id" => shelf.resource(kind, id),
        [(name, token)] if name == "identifier" => match token.split_once('|') {
            Some((system, value)) => shelf.identified(kind, system, value),
            None => shelf.identified(kind, "", token),
        },
        _ => {
            let words = "search by `_id`, or by `identifier` with its system";
            return FhirAnswer::refusal(400, "not-supported", words);
        }
    };
    if shelf.whole().is_err() {
        return unavailable(super::AGAIN_SECONDS);
    }
    let found = found.filter(|one| !one.is_gone);
    // Written by hand, since a number keeps its digits only as the text that it is.
    let entry = found.as_ref().map(|one| format!("{{\"resource\":{},{MATCH}}}", one.body));
    let (total, entry) = (u8::from(found.is_some()), entry.unwrap_or_default());
    let head = "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"";
    let body = match total {
        0 => format!("{head},\"total\":0}}"),
        total => format!("{head},\"total\":{total},\"entry\":[{entry}]}}"),
    };
    FhirAnswer { body: Some(body), ..FhirAnswer::status(200) }
}

/// Operations of the whole server.
const OPERATIONS: &[(&str, &str)] =
    &[("process-message", "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message")];

fn capabilities() -> Result<String, types::Error> {
    let taken = TAKEN.iter().map(|kind| resource(kind, &["create", "update", "delete"]));
    let resources = taken.chain([resource("MessageHeader", &[])]).collect();
    types::capability_statement(&types::Capability {
        says: "Takes what an oncology information system tells",
        date: "2026-11-25",
        software: ("Collimator", env!("CARGO_PKG_VERSION")),
        resources,
        interactions: vec!["transaction", "batch"],
        operations: OPERATIONS.to_vec(),
    })
}

fn resource<'a>(kind: &'a str, changes: &[&'a str]) -> types::Resource<'a> {
    let reads = READABLE.contains(&kind);
    let read: &[&str] = if reads { &["read", "search-type"] } else { &[] };
    let is_taken = !changes.is_empty();
    types::Resource {
        kind,
        interactions: changes.iter().chain(read).copied().collect(),
        update_create: is_taken,
        conditional_create: is_taken,
        tokens: if reads { vec!["_id", "identifier"] } else { Vec::new() },
    }
}
