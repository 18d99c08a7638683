//! What a file tells, stored: messages of HL7 v2, or a resource or Bundle of FHIR.

use std::sync::Arc;

use bytes::Bytes;

use crate::store::NewMessage;
use crate::wire::hl7;
use crate::wire::json::{self, Node};

use super::{Fault, blocking};
use crate::receive::{
    Counted, FhirRequest, Limits, Method, Reception, TOGETHER_MESSAGES_MAX, TakesFhir, verdict,
};

/// What a file told.
#[derive(Default)]
pub(super) struct Told {
    /// How many messages, or requests, were stored.
    pub(super) messages: usize,
    /// What was refused.
    pub(super) aside: Vec<Aside>,
    /// What its batches say of themselves that is not so.
    pub(super) miscounts: Vec<String>,
}

/// A part of a file that was refused, or all of it.
pub(super) struct Aside {
    /// Which one of the file, from 1; `None` for all of it.
    pub(super) number: Option<usize>,
    pub(super) bytes: Bytes,
    /// In words, without the patient.
    pub(super) why: String,
}

impl Told {
    /// Nothing but that all of the file is refused.
    pub(super) fn whole(why: String) -> Told {
        let aside = Aside { number: None, bytes: Bytes::new(), why };
        Told { aside: vec![aside], ..Told::default() }
    }
}

/// Stores what a file tells; it is on disk when this returns.
pub(super) async fn store(
    bytes: Bytes,
    reception: &Reception,
    fhir: Option<&dyn TakesFhir>,
) -> Result<Told, Fault> {
    match (is_json(&bytes), fhir) {
        (true, Some(fhir)) => resources(bytes, fhir).await,
        (false, None) => messages(bytes, reception).await,
        (true, None) => Ok(Told::whole("it is JSON, and the source speaks HL7 v2".to_owned())),
        (false, Some(_)) if bytes.iter().all(u8::is_ascii_whitespace) => Ok(Told::default()),
        (false, Some(_)) => Ok(Told::whole("it is no JSON, and the source speaks FHIR".to_owned())),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// A message of a file, and what its sender would be told.
struct Piece {
    number: usize,
    message: NewMessage,
    why: Option<String>,
}

async fn messages(bytes: Bytes, reception: &Reception) -> Result<Told, Fault> {
    let (source, received) = (Arc::from(reception.source()), reception.now());
    let read = move || Ok((hl7::miscounts(&bytes), pieces(&bytes, &source, received)));
    let (miscounts, (pieces, mut aside)) = blocking(read).await?;
    let mut told = Told { messages: 0, aside: Vec::new(), miscounts };
    let counts = reception.counts();
    counts.add(Counted::TooLong, aside.len().try_into().unwrap_or(u64::MAX));
    for run in pieces.chunks(TOGETHER_MESSAGES_MAX) {
        let kept = run.iter().map(|piece| piece.message.clone()).collect();
        let stored = reception.intake().append_all(kept).await;
        for (piece, stored) in run.iter().zip(stored) {
            if let Err(error) = stored {
                counts.one(Counted::NotStored);
                return Err(Fault::Store(error));
            }
            told.messages += 1;
            let Some(why) = &piece.why else {
                counts.one(Counted::Accepted);
                continue;
            };
            counts.one(Counted::Refused);
            let (number, bytes) = (Some(piece.number), piece.message.raw.clone());
            aside.push(Aside { number, bytes, why: why.clone() });
        }
    }
    told.aside = aside;
    Ok(told)
}

/// The messages of a file, and what is too long to be one.
fn pieces(file: &Bytes, source: &Arc<str>, received: jiff::Timestamp) -> (Vec<Piece>, Vec<Aside>) {
    let bytes_max = Limits::default().message_bytes_max;
    let (mut pieces, mut aside) = (Vec::new(), Vec::new());
    for (number, raw) in (1..).zip(hl7::split(file)) {
        let raw = file.slice_ref(raw);
        if raw.len() > bytes_max {
            let why = format!("the message is longer than {bytes_max} bytes");
            aside.push(Aside { number: Some(number), bytes: raw, why });
            continue;
        }
        let scan = hl7::scan(&raw);
        let (answer, reason) = verdict(&scan);
        let why = reason.as_ref().map(|reason| {
            let place = reason.place.as_ref().map(|place| format!("{place}: "));
            format!(
                "{}{} ({} {})",
                place.unwrap_or_default(),
                reason.text,
                answer.as_str(),
                reason.code
            )
        });
        let message = NewMessage {
            source: Arc::clone(source),
            received,
            control_id: scan.control_id().to_vec(),
            answer,
            reason,
            raw: raw.clone(),
            fragment: None,
        };
        pieces.push(Piece { number, message, why });
    }
    (pieces, aside)
}

async fn resources(bytes: Bytes, fhir: &dyn TakesFhir) -> Result<Told, Fault> {
    let answer = fhir.take(as_sent(&bytes)).await;
    if matches!(answer.status, 429 | 503) {
        return Err(Fault::Later);
    }
    let said = answer.body.as_deref().and_then(|body| json::read(body.as_bytes()).ok());
    let said = said.unwrap_or(Node::Null);
    if !(200..300).contains(&answer.status) {
        let why = words(&said).unwrap_or_else(|| format!("status {}", answer.status));
        return Ok(Told::whole(why));
    }
    Ok(Told { messages: 1, aside: refused_entries(&bytes, &said), miscounts: Vec::new() })
}

/// The entries of a Bundle that were refused, each alone.
fn refused_entries(bytes: &[u8], said: &Node) -> Vec<Aside> {
    let sent = json::read(bytes).unwrap_or(Node::Null);
    let refused = (1..).zip(said.list("entry")).filter_map(|(number, answer)| {
        let status = answer.at(&["response"]).and_then(|it| it.text_of("status"))?;
        let why = answer.at(&["response", "outcome"]).and_then(words);
        let why = (!status.starts_with('2')).then(|| why.unwrap_or(format!("status {status}")))?;
        let entry = sent.list("entry").get(number - 1);
        let entry = entry.map(|entry| entry.get("resource").unwrap_or(entry).write());
        Some(Aside { number: Some(number), bytes: entry.unwrap_or_default().into(), why })
    });
    refused.collect()
}

/// Every error of an outcome, with its place.
fn words(outcome: &Node) -> Option<String> {
    let issues = outcome.list("issue").iter();
    let errors = issues.filter(|it| matches!(it.text_of("severity"), Some("error" | "fatal")));
    let told: Vec<String> = errors
        .map(|issue| {
            let place = issue.list("expression").first().and_then(Node::text).unwrap_or("-");
            format!("{place}: {}", issue.text_of("diagnostics").unwrap_or_default())
        })
        .collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// JSON of a file as a sender would have sent it: a Bundle to the base, a resource to its own
/// address.
pub fn as_sent(bytes: &[u8]) -> FhirRequest {
    let body = Bytes::copy_from_slice(bytes);
    let read = json::read(bytes).ok();
    let text = |key: &str| read.as_ref().and_then(|node| node.text_of(key));
    match (text("resourceType"), text("id")) {
        (Some("Bundle") | None, _) => FhirRequest::new(Method::Post, "", body),
        (Some(kind), Some(id)) => FhirRequest::new(Method::Put, format!("{kind}/{id}"), body),
        (Some(kind), None) => FhirRequest::new(Method::Post, kind, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_how_it_begins() {
        for (file, is) in [
            ("{}", true),
            ("\u{feff} \r\n {\"a\":1}", true),
            ("[1]", true),
            ("MSH|^~\\&|{", false),
            ("", false),
            ("\u{b}MSH|", false),
        ] {
            assert_eq!(is_json(file.as_bytes()), is, "{file:?}");
        }
    }

    #[test]
    fn only_the_refused_entries_of_a_bundle_are_set_aside() {
        let sent = br#"{"entry":[{"resource":{"id":"1"}},{"resource":{"id":"2"}}]}"#;
        let said = r#"{"entry":[{"response":{"status":"201"}},{"response":{"status":"422","outcome":
            {"issue":[{"severity":"error","diagnostics":"no code","expression":["X.code"]},
                      {"severity":"information","diagnostics":"fine"}]}}}]}"#;
        let aside = refused_entries(sent, &json::read(said.as_bytes()).unwrap());
        assert_eq!(aside.len(), 1);
        assert_eq!(aside[0].number, Some(2));
        assert_eq!(aside[0].bytes, r#"{"id":"2"}"#);
        assert_eq!(aside[0].why, "X.code: no code");
    }
}
