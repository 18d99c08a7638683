//! Changes as the store writes them, each with what the ledger says of it.

use serde_json::json;

use crate::domain::{
    BookedLine, ChargeLine, Entry, EntryKind, Finding, Identifier, JudgedLine, LineId, LineState,
    Link, MessageState, Who,
};
use crate::interpret::Note;
use crate::ledger::Change;
use crate::store::{BookedMessage, Expected, LineChange, LineRef, NewLine, Part};

use super::Setup;
use super::read::{Outcome, Read};

/// What is booked of a message.
pub(super) fn message(read: &Read<'_>, identifier: Option<&Identifier>) -> BookedMessage {
    let stored = read.stored;
    let mut booked = BookedMessage {
        id: stored.id,
        state: read.state(),
        source: stored.source.to_string(),
        received: stored.received,
        day: read.day,
        trigger: String::new(),
        control_id: String::from_utf8_lossy(&stored.control_id).trim().to_owned(),
        size_bytes: stored.raw.len() as u64,
        identifier: identifier.cloned(),
        account: None,
        notes: Vec::new(),
    };
    if let Outcome::Told(told) = &read.outcome {
        booked.trigger.clone_from(&told.trigger);
        booked.account = account(read, identifier);
        booked.notes = told.notes.iter().map(said).collect();
        if !told.kept.is_empty() {
            booked.notes.push(format!("kept, not used: {}", told.kept.join(" ")));
        }
    }
    booked
}

fn said(note: &Note) -> String {
    match note.place.segment.as_str() {
        "" => note.words.clone(),
        _ => format!("{}: {}", note.place, note.words),
    }
}

fn account(read: &Read<'_>, identifier: Option<&Identifier>) -> Option<String> {
    let Outcome::Told(told) = &read.outcome else {
        return None;
    };
    let person = told.people.iter().find(|person| Some(&person.identifier) == identifier)?;
    person.registration.account.clone().filter(|account| !account.is_empty())
}

/// What the ledger says of a message's end.
pub(super) fn entry_of(message: &BookedMessage) -> Entry {
    let body = match &message.state {
        MessageState::Refused(reason) => json!({ "state": "refused", "why": reason }),
        MessageState::Ignored(why) | MessageState::Stuck(why) => {
            json!({ "state": message.state.name(), "why": why })
        }
        MessageState::Done | MessageState::Waiting => json!({ "state": message.state.name() }),
    };
    Entry {
        kind: EntryKind::Message,
        who: Who::Daemon,
        message: Some(message.id),
        line: None,
        body: body.to_string(),
    }
}

/// Numbers joined or parted, or an account moved, as a part of their own.
pub(super) fn link(link: &Link, read: &Read<'_>) -> Part {
    let (person, body) = match link {
        Link::Merge { survivor, old } => {
            (survivor, json!({ "merge": { "survivor": survivor, "old": old } }))
        }
        Link::Split { one, other } => (one, json!({ "split": { "one": one, "other": other } })),
        Link::Move { from, to, told, .. } => {
            (&to.whose, json!({ "move": { "from": from, "to": to, "told": told } }))
        }
    };
    Part {
        person: Some(person.clone()),
        links: vec![link.clone()],
        entries: vec![Entry {
            kind: EntryKind::Linked,
            who: Who::Daemon,
            message: Some(read.stored.id),
            line: None,
            body: body.to_string(),
        }],
        ..Part::default()
    }
}

/// Puts the changes of a person's lines into their part.
pub(super) fn changes(part: &mut Part, booked: &[BookedLine], changes: Vec<Change>, setup: &Setup) {
    let digest = setup.tables.digest();
    let mut reversals: Vec<(LineId, usize)> = Vec::new();
    for change in changes {
        match change {
            Change::Draft { line, state, destination, after_reversal_of } => {
                let after = reversals.iter().find(|(of, _)| Some(*of) == after_reversal_of);
                let after = after.map(|(_, place)| LineRef::New(*place));
                part.new_lines.push(draft(*line, state, destination, after, digest));
            }
            Change::Move { line, from, to, told } => {
                if let Some(old) = booked.iter().find(|old| old.id == line) {
                    part.changes.push(moved(old, from, to, told));
                }
            }
            Change::Reverse { line, from, state, because } => {
                if let Some(old) = booked.iter().find(|old| old.id == line) {
                    reversals.push((line, part.new_lines.len()));
                    let moves = (from, state);
                    part.new_lines.push(reversal(old, moves, because, digest));
                }
            }
        }
    }
}

fn draft(
    judged: JudgedLine,
    state: LineState,
    destination: Option<String>,
    after: Option<LineRef>,
    digest: &str,
) -> NewLine {
    let entry = drafted(&judged.line, state, &judged.findings, digest, None);
    NewLine {
        line: judged.line,
        state,
        findings: judged.findings,
        destination,
        reverses: None,
        after,
        decision: None,
        entries: vec![entry],
    }
}

fn reversal(
    old: &BookedLine,
    (from, state): (LineState, LineState),
    because: Vec<Finding>,
    digest: &str,
) -> NewLine {
    let expects = Expected { state: from, ..Expected::of(old) };
    let entry = drafted(&old.line, state, &because, digest, Some(old.id));
    NewLine {
        line: old.line.clone(),
        state,
        findings: because,
        destination: old.destination.clone(),
        reverses: Some((old.id, expects)),
        after: Some(LineRef::Booked(old.id)),
        decision: None,
        entries: vec![entry],
    }
}

fn drafted(
    line: &ChargeLine,
    state: LineState,
    findings: &[Finding],
    digest: &str,
    reverses: Option<LineId>,
) -> Entry {
    let body = json!({
        "line": line,
        "state": state,
        "findings": findings,
        "tables": digest,
        "reverses": reverses,
    });
    Entry {
        kind: EntryKind::Drafted,
        who: Who::Daemon,
        message: Some(line.message),
        line: None,
        body: body.to_string(),
    }
}

fn moved(
    old: &BookedLine,
    from: LineState,
    to: LineState,
    told: Option<Box<JudgedLine>>,
) -> LineChange {
    let expects = Expected { state: from, ..Expected::of(old) };
    let (content, findings) = match told {
        Some(told) => {
            let told = *told;
            let content = (told.line != old.line).then(|| Box::new(told.line));
            (content, told.findings)
        }
        None => (None, old.findings.clone()),
    };
    let kind = if from == to { EntryKind::Refreshed } else { EntryKind::Moved };
    let body = json!({ "from": from, "to": to, "findings": findings, "line": content });
    let entry =
        Entry { kind, who: Who::Daemon, message: None, line: Some(old.id), body: body.to_string() };
    LineChange {
        line: old.id,
        expects,
        to,
        findings,
        decision: old.decision.clone(),
        content,
        entries: vec![entry],
    }
}
