//! Writes what the pipeline made of messages, and what people decided.

use jiff::Timestamp;

use crate::domain::{MessageId, PersonId};
use crate::store::Error;

use super::work::{
    Applied, BookedMessage, Conflict, Decided, LineChange, NewFact, Part, PartOutcome, Work,
};
use super::writer::Writing;
use super::{chain, lines, people};

/// Why something is not written: it rests on what is no longer so, or the disk failed.
#[derive(Debug)]
pub(super) enum Void {
    /// It rests on what is no longer so.
    Conflict(Conflict),
    /// The disk failed.
    Fault(Error),
}

impl From<Error> for Void {
    fn from(error: Error) -> Void {
        Void::Fault(error)
    }
}

impl From<rusqlite::Error> for Void {
    fn from(error: rusqlite::Error) -> Void {
        Void::Fault(error.into())
    }
}

/// Writes every part that rests on what is still so.
pub(super) fn apply(writing: &mut Writing<'_>, work: &Work) -> Result<Applied, Error> {
    let mut parts = Vec::with_capacity(work.parts.len());
    for part in &work.parts {
        // Numbers must be joined before it can be seen what rests on what; everything else is
        // looked at first and then written, which costs no frame of its own.
        let written = if part.links.is_empty() {
            write(writing, part, work.at)
        } else {
            writing.whole_or_not_at_all(|writing| write(writing, part, work.at))
        };
        parts.push(match written {
            Ok(booked) => booked,
            Err(Void::Conflict(conflict)) => PartOutcome::Conflict(conflict),
            Err(Void::Fault(error)) => return Err(error),
        });
    }
    let whole = !parts.iter().any(|part| matches!(part, PartOutcome::Conflict(_)));
    let cursor = work.cursor.filter(|_| whole);
    if let Some(MessageId(message)) = cursor {
        let update = "UPDATE cursor SET message = ?1 WHERE message < ?1";
        writing.db.prepare_cached(update)?.execute([message])?;
    }
    Ok(Applied { parts, cursor_moved: cursor.is_some() })
}

/// Makes every change that a person decided, unless its line has moved meanwhile.
pub(super) fn decide(
    writing: &mut Writing<'_>,
    changes: &[LineChange],
    at: Timestamp,
) -> Result<Vec<Decided>, Error> {
    changes
        .iter()
        .map(|change| {
            let made = writing.whole_or_not_at_all(|w| lines::change(w, change, at));
            match made {
                Ok(()) => Ok(Decided::Done),
                Err(Void::Conflict(conflict)) => Ok(Decided::Conflict(conflict)),
                Err(Void::Fault(error)) => Err(error),
            }
        })
        .collect()
}

fn write(writing: &mut Writing<'_>, part: &Part, at: Timestamp) -> Result<PartOutcome, Void> {
    for link in &part.links {
        people::link(writing.db, link)?;
    }
    let known = part.person.as_ref().map(|it| people::known_or_new(writing.db, it)).transpose()?;
    let person = known.map(|known| known.person);
    if let Some(person) = person {
        lines::look(writing, part, person)?;
    }
    for message in &part.messages {
        book_message(writing, message, person)?;
    }
    for (identifier, told) in &part.registrations {
        people::register(writing.db, identifier, told)?;
    }
    for fact in &part.facts {
        book_fact(writing, fact)?;
    }
    if let (Some(person), Some(digest)) = (person, &part.judged_by) {
        people::judged(writing.db, person, digest)?;
    }
    let lines = match person {
        Some(person) => lines::write(writing, part, person, at)?,
        None => Vec::new(),
    };
    for entry in &part.entries {
        chain::append(writing, entry, None, at)?;
    }
    Ok(PartOutcome::Booked { person, lines })
}

/// A message that is read again, as a stuck one may be, gets its new outcome.
fn book_message(
    writing: &Writing<'_>,
    message: &BookedMessage,
    person: Option<PersonId>,
) -> Result<(), Error> {
    let insert = "INSERT INTO message (id, state, state_detail, source, received_at, day,
             trigger_code, control_id, size_bytes, person, authority, mrn, account, notes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state,
             state_detail = excluded.state_detail, trigger_code = excluded.trigger_code,
             person = excluded.person, authority = excluded.authority, mrn = excluded.mrn,
             account = excluded.account, notes = excluded.notes";
    let identifier = message.identifier.as_ref();
    writing.db.prepare_cached(insert)?.execute(rusqlite::params![
        message.id.0,
        message.state.name(),
        serde_json::to_string(&message.state)?,
        message.source,
        message.received.as_millisecond(),
        message.day.to_string(),
        message.trigger,
        message.control_id,
        i64::try_from(message.size_bytes).unwrap_or(i64::MAX),
        person.map(|it| it.0),
        identifier.map(|it| &it.authority),
        identifier.map(|it| &it.number),
        message.account,
        serde_json::to_string(&message.notes)?,
    ])?;
    Ok(())
}

fn book_fact(writing: &Writing<'_>, news: &NewFact) -> Result<(), Error> {
    let insert = "INSERT INTO fact (id, identifier, key, message, body) VALUES (
             1 + coalesce((SELECT max(id) FROM fact WHERE id >= ?1 << 32 AND id < (?1 + 1) << 32),
                          ?1 << 32),
             ?1, ?2, ?3, ?4)
         ON CONFLICT (identifier, key) DO UPDATE SET body = excluded.body";
    let known = people::known_or_new(writing.db, &news.identifier)?;
    let body = serde_json::to_string(&news.fact)?;
    let row = (known.identifier, news.fact.key().0, news.message.0, body);
    writing.db.prepare_cached(insert)?.execute(row)?;
    Ok(())
}
