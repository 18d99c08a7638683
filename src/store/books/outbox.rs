//! What waits to be sent, what was sent, and what was said to it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::{
    BookedLine, Entry, EntryKind, Identifier, LineId, LineState, PersonId, Registration, Who,
};
use crate::store::Error;

use super::work::{Mark, Posting, Settled, Settlement, Settling};
use super::writer::Writing;
use super::{attempts, chain, people, rows};

/// A line that may leave, with what its receiver wants to know of the patient.
#[derive(Debug, Clone)]
pub struct Queued {
    /// The line.
    pub line: BookedLine,
    /// How often it was sent before.
    pub attempts: u32,
    /// Its lane: no two lines of one lane are on their way to one destination at a time.
    pub lane: String,
    /// The patient's numbers; the first is the one that goes on.
    pub identifiers: Vec<Identifier>,
    /// Who the patient is.
    pub registration: Registration,
}

/// The lane of a line: its account, or where nobody knows one, its person.
pub(super) fn lane(account: Option<&str>, person: PersonId) -> String {
    match account.filter(|account| !account.is_empty()) {
        Some(account) => account.to_owned(),
        None => format!("#{}", person.0),
    }
}

/// What may be looked for of the lines that wait for a destination.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Lanes that give none.
    pub busy: Vec<String>,
    /// The one lane that gives any; `None` for all.
    pub lane: Option<String>,
    /// Lines at most.
    pub limit: usize,
    /// Only lines that have waited since then; `None` for all.
    pub since: Option<Timestamp>,
    /// Whether lines in doubt are wanted too that go again as the same bytes.
    pub again: bool,
}

/// A line for which nothing is in the way, and whose destination is not paused (`pauses.rs`): it waits
/// for its first sending or for another one, or it is in doubt and goes again as the same bytes. Lines
/// of ?2, a JSON list, are not in its way, for they leave with it.
pub(super) const IS_FREE: &str = "line.destination = ?1 AND line.state IN ('queued', 'unknown')
    AND (line.state = 'queued' OR (SELECT again FROM attempt
        WHERE attempt.line = line.id ORDER BY attempt.id DESC LIMIT 1))
    AND NOT EXISTS (SELECT 1 FROM pause
        WHERE pause.destination = ?1 AND line.id > pause.until_line)
    AND NOT EXISTS (SELECT 1 FROM line AS other WHERE other.destination = ?1
        AND other.state IN ('sent', 'unknown') AND other.lane = line.lane
        AND (other.state = 'sent' OR line.state = 'queued')
        AND other.id NOT IN (SELECT value FROM json_each(?2)))
    AND (line.after_line IS NULL OR EXISTS (SELECT 1 FROM line AS first
        WHERE first.id = line.after_line AND first.state = 'accepted'))";

/// How often a line was sent before.
const ATTEMPTS: &str = "(SELECT count(*) FROM attempt WHERE attempt.line = line.id) AS attempts";

/// Lines that may leave now: those that go again first, for their lanes wait for them.
pub(super) fn next_to_send(
    db: &Connection,
    destination: &str,
    look: &Look,
) -> Result<Vec<Queued>, Error> {
    let mut queued = Vec::new();
    for state in ["unknown", "queued"].into_iter().filter(|it| look.again || *it == "queued") {
        add_waiting(db, (destination, state), look, &mut queued)?;
    }
    Ok(queued)
}

/// Lines of a state that may leave. The terms are those of the indexes of lines that wait and of lines
/// on their way.
pub(super) fn waiting(state: &str) -> String {
    let term = match state {
        "queued" => "line.state = 'queued'",
        _ => "line.state IN ('sent', 'unknown') AND line.state = 'unknown'",
    };
    format!(
        "SELECT {}, lane, {ATTEMPTS} FROM line
         WHERE {term} AND {IS_FREE} AND (?3 IS NULL OR lane = ?3)
             AND (?4 IS NULL OR updated_at <= ?4) ORDER BY id",
        rows::LINE_COLUMNS
    )
}

fn add_waiting(
    db: &Connection,
    (destination, state): (&str, &str),
    look: &Look,
    queued: &mut Vec<Queued>,
) -> Result<(), Error> {
    let mut select = db.prepare_cached(&waiting(state))?;
    let since = look.since.map(Timestamp::as_millisecond);
    let mut found = select.query((destination, "[]", &look.lane, since))?;
    while queued.len() < look.limit
        && let Some(row) = found.next()?
    {
        let lane: String = row.get("lane")?;
        if look.busy.contains(&lane) {
            continue;
        }
        let line = rows::line(row)?;
        if line.state == LineState::Unknown && !may_go_again_whole(db, destination, line.id)? {
            continue;
        }
        queued.push(Queued {
            identifiers: people::identifiers_of(db, line.person)?,
            registration: people::registration(db, line.person)?,
            line,
            lane,
            attempts: row.get("attempts")?,
        });
    }
    Ok(())
}

/// Whether the message that a line was sent in last may go again as it was: each of its lines that
/// was not accepted is still in doubt about it, and nothing is in its way.
fn may_go_again_whole(db: &Connection, destination: &str, line: LineId) -> Result<bool, Error> {
    let lines = attempts::last_together(db, line)?;
    let list = serde_json::to_string(&lines)?;
    let select = format!(
        "SELECT 1 FROM line WHERE id = ?3 AND (line.state = 'accepted' OR ({IS_FREE}
            AND line.state = 'unknown'
            AND (SELECT together FROM attempt WHERE line = ?3 ORDER BY id DESC LIMIT 1)
                IS (SELECT together FROM attempt WHERE line = ?4 ORDER BY id DESC LIMIT 1)))"
    );
    let mut select = db.prepare_cached(&select)?;
    for one in lines {
        if !select.exists((destination, &list, one, line.0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is in doubt leaves as nothing but the message that it was in.
const IS_SAME_MESSAGE: &str = "(line.state = 'queued' OR (SELECT control_id FROM attempt
    WHERE attempt.line = line.id ORDER BY attempt.id DESC LIMIT 1)";

/// Marks a line as sent, if it may leave; and keeps what leaves.
pub(super) fn mark(writing: &mut Writing<'_>, mark: &Mark) -> Result<bool, Error> {
    let update = format!(
        "UPDATE line SET state = 'sent', updated_at = ?4
         WHERE id = ?3 AND body = ?5 AND {IS_FREE} AND {IS_SAME_MESSAGE} = ?6)"
    );
    let content = serde_json::to_string(&mark.content)?;
    let at = mark.at.as_millisecond();
    let moved = writing.db.prepare_cached(&update)?.execute((
        &mark.destination,
        "[]",
        mark.line.0,
        at,
        &content,
        &mark.control_id,
    ))?;
    if moved == 0 {
        return Ok(false);
    }
    note_attempt(writing, mark, None)?;
    Ok(true)
}

/// Marks several lines as sent, if all of them may leave: what stands in the way of none alone
/// does not stand in the way of another of them. Those of one control id leave in one message.
pub(super) fn mark_all(writing: &mut Writing<'_>, marks: &[Mark]) -> Result<bool, Error> {
    let select = format!(
        "SELECT 1 FROM line
         WHERE id = ?3 AND body = ?4 AND {IS_FREE} AND {IS_SAME_MESSAGE} = ?5)"
    );
    let together: Vec<i64> = marks.iter().map(|mark| mark.line.0).collect();
    let together = serde_json::to_string(&together)?;
    for mark in marks {
        let content = serde_json::to_string(&mark.content)?;
        let row = (&mark.destination, &together, mark.line.0, &content, &mark.control_id);
        if !writing.db.prepare_cached(&select)?.exists(row)? {
            return Ok(false);
        }
    }
    let update = "UPDATE line SET state = 'sent', updated_at = ?2 WHERE id = ?1";
    for message in marks.chunk_by(|one, other| one.control_id == other.control_id) {
        let mut first = None;
        for mark in message {
            let row = (mark.line.0, mark.at.as_millisecond());
            writing.db.prepare_cached(update)?.execute(row)?;
            let attempt = note_attempt(writing, mark, first)?;
            first.get_or_insert(attempt);
        }
        if let (Some(first), true) = (first, message.len() > 1) {
            attempts::is_first(writing, first)?;
        }
    }
    Ok(true)
}

/// Keeps what leaves: once for a message, with the first of its lines.
fn note_attempt(writing: &mut Writing<'_>, mark: &Mark, first: Option<i64>) -> Result<i64, Error> {
    let at = mark.at.as_millisecond();
    let insert = "INSERT INTO attempt (line, destination, control_id, started_at, bytes, together)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let bytes: &[u8] = if first.is_none() { &mark.bytes } else { &[] };
    let row = (mark.line.0, &mark.destination, &mark.control_id, at, bytes, first);
    writing.db.prepare_cached(insert)?.execute(row)?;
    let attempt = writing.db.last_insert_rowid();
    let body = json!({
        "destination": mark.destination,
        "control_id": mark.control_id,
        "bytes": mark.bytes.len(),
        "sha256": hex(&Sha256::digest(&mark.bytes)),
    });
    by_the_daemon(writing, EntryKind::Attempt, mark.line, body, mark.at)?;
    Ok(attempt)
}

/// Notes what became of an attempt, and moves its line where the answer leads on from there.
pub(super) fn settle(
    writing: &mut Writing<'_>,
    settlement: &Settlement,
) -> Result<Settling, Error> {
    let select = "SELECT attempt.id, line.state,
             attempt.id = (SELECT max(id) FROM attempt WHERE attempt.line = ?1)
         FROM attempt JOIN line ON line.id = attempt.line
         WHERE attempt.line = ?1 AND attempt.control_id = ?2 ORDER BY attempt.id DESC LIMIT 1";
    let key = (settlement.line.0, &settlement.control_id);
    let found = writing
        .db
        .prepare_cached(select)?
        .query_row(key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .optional()?;
    let Some((attempt, state, is_newest)) = found else { return Ok(Settling::NoSuchAttempt) };
    let from = rows::state(&state)?;
    // What is said to a message that was followed by another about the same line is no word on that
    // other one; but a yes is a yes.
    let counts = is_newest || settlement.answer == Settled::Accepted;
    let leads_on = counts && settlement.answer.from_states().contains(&from);
    let to = leads_on.then(|| settlement.answer.to());
    note_answer(writing, attempt, settlement, leads_on)?;
    if let Some(to) = to {
        let update = "UPDATE line SET state = ?2, updated_at = ?3 WHERE id = ?1";
        let row = (settlement.line.0, to.as_str(), settlement.at.as_millisecond());
        writing.db.prepare_cached(update)?.execute(row)?;
    }
    let body = json!({
        "control_id": settlement.control_id,
        "said": settlement.answer.to().as_str(),
        "text": settlement.answer.text(),
        "from": from.as_str(),
        "to": to.map(LineState::as_str),
    });
    by_the_daemon(writing, EntryKind::Answered, settlement.line, body, settlement.at)?;
    Ok(if leads_on { Settling::Moved { from } } else { Settling::Elsewhere(from) })
}

/// An answer that leads nowhere does not overwrite one that did.
fn note_answer(
    writing: &Writing<'_>,
    attempt: i64,
    settlement: &Settlement,
    leads_on: bool,
) -> Result<(), Error> {
    let update =
        "UPDATE attempt SET finished_at = ?2, outcome = ?3, text = ?4, answer = ?5, again = ?7
         WHERE id = ?1 AND (?6 OR finished_at IS NULL)";
    writing.db.prepare_cached(update)?.execute((
        attempt,
        settlement.at.as_millisecond(),
        settlement.answer.to().as_str(),
        settlement.answer.text(),
        settlement.bytes.as_deref(),
        leads_on,
        matches!(settlement.answer, Settled::UnknownGoesAgain(_)),
    ))?;
    Ok(())
}

/// Notes where a line stands in the receiver's books, if that is news.
pub(super) fn posted(writing: &mut Writing<'_>, posting: &Posting) -> Result<bool, Error> {
    let select = "SELECT body FROM entry WHERE line = ?1 AND kind = 'posted'
         ORDER BY seq DESC LIMIT 1";
    let mut select = writing.db.prepare_cached(select)?;
    let known = select.query_row([posting.line.0], |row| row.get::<_, String>(0)).optional()?;
    let body = json!({
        "destination": posting.destination,
        "status": posting.status,
        "id": posting.id,
    });
    if known.and_then(|known| serde_json::from_str(&known).ok()) == Some(body.clone()) {
        return Ok(false);
    }
    by_the_daemon(writing, EntryKind::Posted, posting.line, body, posting.at)?;
    Ok(true)
}

fn by_the_daemon(
    writing: &mut Writing<'_>,
    kind: EntryKind,
    line: LineId,
    body: serde_json::Value,
    at: Timestamp,
) -> Result<(), Error> {
    let body = body.to_string();
    let entry = Entry { kind, who: Who::Daemon, message: None, line: Some(line), body };
    chain::append(writing, &entry, None, at)
}

/// How many lines wait for each destination.
pub(super) fn waiting_by_destination(db: &Connection) -> Result<Vec<(String, u64)>, Error> {
    let select = format!(
        "SELECT destination, count(*) FROM line
         WHERE {} AND state <> 'declined' AND destination IS NOT NULL
         GROUP BY destination ORDER BY destination",
        rows::IS_OPEN
    );
    let mut select = db.prepare_cached(&select)?;
    let counted = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    counted
        .map(|row| row.map(|(name, count)| (name, u64::try_from(count).unwrap_or(0))))
        .map(|row| row.map_err(Error::from))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
