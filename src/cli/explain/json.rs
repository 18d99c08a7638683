//! A story, as JSON.

use serde_json::{Value, json};

use crate::cli::Error;
use crate::cli::rows;
use crate::domain::MessageId;
use crate::mappings::Alternative;
use crate::store::{Attempt, BookedEntry};
use crate::wire::hl7;

use super::Found;
use super::story::{LineStory, MessageStory, Spoken, Teller};

/// Every line, then every message, each once.
pub(super) fn told(teller: &Teller<'_>, found: &Found) -> Result<Value, Error> {
    let mut messages: Vec<MessageId> = found.messages.clone();
    let mut told: Vec<Value> = Vec::new();
    for id in &found.lines {
        if let Some(story) = teller.line(*id)? {
            let message = story.listed.line.line.message;
            if !messages.contains(&message) {
                messages.push(message);
            }
            told.push(line(&story));
        }
    }
    for id in messages {
        told.push(message(&teller.message(id)?));
    }
    Ok(told.into())
}

fn line(story: &LineStory) -> Value {
    let booked = &story.listed.line;
    let names = rows::COLUMNS.iter().chain(&rows::STORE_COLUMNS);
    let mut object: serde_json::Map<String, Value> = names
        .zip(rows::whole_row(&story.listed))
        .map(|(name, cell)| ((*name).to_owned(), cell.into()))
        .collect();
    let activities: Vec<Value> = story
        .activities
        .iter()
        .map(|(activity, meaning)| {
            json!({
                "activity": activity.as_ref(),
                "means": meaning.as_ref().map(|meaning| meaning.kind.as_str()),
            })
        })
        .collect();
    let documents: Vec<_> = story.documents.iter().map(AsRef::as_ref).collect();
    let rest = json!({
        "label": story.label,
        "code_row": story.code_row,
        "particulars": booked.line,
        "decision": booked.decision,
        "reverses": booked.reverses,
        "reversed_by": booked.reversed_by,
        "waits_for": booked.after,
        "activities": activities,
        "documents": documents,
        "findings": story.findings.iter().map(finding).collect::<Vec<_>>(),
        "passed": story.passed,
        "alternatives": story.alternatives.iter().map(alternative).collect::<Vec<_>>(),
        "drafted_by_tables": story.drafted_by,
        "ledger": story.entries.iter().map(entry).collect::<Vec<_>>(),
        "attempts": story.attempts.iter().map(attempt).collect::<Vec<_>>(),
    });
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    object.into()
}

fn alternative(one: &Alternative) -> Value {
    json!({ "code": one.code, "why_not": one.why, "row": one.row })
}

fn finding(spoken: &Spoken) -> Value {
    json!({
        "rule": spoken.finding.rule,
        "outcome": spoken.finding.outcome,
        "because": spoken.finding.because,
        "says": spoken.says,
        "source": spoken.source,
        "title": spoken.title,
        "page": spoken.page,
    })
}

fn message(story: &MessageStory) -> Value {
    json!({
        "message": story.stored.id,
        "control_id": String::from_utf8_lossy(&story.stored.control_id),
        "source": story.stored.source,
        "received": story.stored.received,
        "answer": story.stored.answer.as_str(),
        "state": story.booked.as_ref().map_or("waiting", |booked| booked.state.name()),
        "detail": story.booked.as_ref().map(|booked| &booked.state),
        "notes": story.booked.as_ref().map(|booked| &booked.notes),
        "bytes": story.stored.raw.len(),
        "says": says(&story.stored.raw),
        "ledger": story.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(booked: &BookedEntry) -> Value {
    json!({
        "seq": booked.seq,
        "at": booked.at,
        "kind": booked.entry.kind,
        "who": booked.entry.who,
        "body": serde_json::from_str::<Value>(&booked.entry.body).unwrap_or_default(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "destination": attempt.destination,
        "control_id": attempt.control_id,
        "with": attempt.others().map(|line| line.0).collect::<Vec<_>>(),
        "started": attempt.started,
        "finished": attempt.finished,
        "outcome": attempt.outcome,
        "text": attempt.text,
        "sent": says(&attempt.bytes),
        "answer": attempt.answer.as_deref().map(says),
    })
}

/// The fields that hold something, by their place; all the text where it is no HL7 v2 message.
fn says(raw: &[u8]) -> Value {
    let Ok(message) = hl7::Message::parse(raw) else {
        return String::from_utf8_lossy(raw).into();
    };
    let fields = message.segments().flat_map(|segment| {
        let place = match segment.occurrence() {
            1 => segment.name().to_owned(),
            number => format!("{}[{number}]", segment.name()),
        };
        let count = u16::try_from(segment.fields()).unwrap_or(u16::MAX);
        (1..=count).map(move |number| {
            (format!("{place}-{number}"), segment.field(number).raw().to_owned())
        })
    });
    let told: serde_json::Map<String, Value> =
        fields.filter(|(_, text)| !text.is_empty()).map(|(k, v)| (k, v.into())).collect();
    told.into()
}
