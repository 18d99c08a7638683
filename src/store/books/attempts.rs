//! Every sending of a line: alone, or with others in one message.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::domain::LineId;
use crate::store::Error;

use super::rows;
use super::views::Attempt;
use super::writer::Writing;

/// The bytes of a message stand with the first of its lines.
const ATTEMPT_COLUMNS: &str = "attempt.line, attempt.destination, attempt.control_id,
    attempt.started_at, coalesce((SELECT first.bytes FROM attempt AS first
        WHERE first.id = attempt.together), attempt.bytes), attempt.finished_at, attempt.outcome,
    attempt.text, attempt.answer, attempt.together";

/// Every sending of a line.
pub(super) fn attempts_of(db: &Connection, line: LineId) -> Result<Vec<Attempt>, Error> {
    let select = format!("SELECT {ATTEMPT_COLUMNS} FROM attempt WHERE line = ?1 ORDER BY id");
    db.prepare_cached(&select)?.query_and_then([line.0], |row| attempt(db, row))?.collect()
}

/// The last sending of every line that is sent or unknown.
pub(super) fn in_flight(db: &Connection, destination: &str) -> Result<Vec<Attempt>, Error> {
    let select = format!(
        "SELECT {ATTEMPT_COLUMNS} FROM line JOIN attempt
             ON attempt.id = (SELECT max(id) FROM attempt WHERE attempt.line = line.id)
         WHERE line.destination = ?1 AND line.state IN ('sent', 'unknown') ORDER BY line.id"
    );
    db.prepare_cached(&select)?.query_and_then([destination], |row| attempt(db, row))?.collect()
}

fn attempt(db: &Connection, row: &Row<'_>) -> Result<Attempt, Error> {
    let outcome: Option<String> = row.get(6)?;
    let together: Option<i64> = row.get(9)?;
    Ok(Attempt {
        line: LineId(row.get(0)?),
        destination: row.get(1)?,
        control_id: row.get(2)?,
        started: rows::timestamp(row.get(3)?)?,
        bytes: row.get(4)?,
        finished: row.get::<_, Option<i64>>(5)?.map(rows::timestamp).transpose()?,
        outcome: outcome.map(|text| rows::state(&text)).transpose()?,
        text: row.get(7)?,
        answer: row.get(8)?,
        together: together.map(|first| lines_of(db, first)).transpose()?.unwrap_or_default(),
    })
}

/// Notes that an attempt is the first of a message that tells of several lines.
pub(super) fn is_first(writing: &mut Writing<'_>, attempt: i64) -> Result<(), Error> {
    let update = "UPDATE attempt SET together = id WHERE id = ?1";
    writing.db.prepare_cached(update)?.execute([attempt])?;
    Ok(())
}

/// The lines of a message, in its order.
fn lines_of(db: &Connection, first: i64) -> Result<Vec<LineId>, Error> {
    let select = "SELECT line FROM attempt WHERE together = ?1 ORDER BY id";
    let mut select = db.prepare_cached(select)?;
    select.query_and_then([first], |row| Ok(LineId(row.get(0)?)))?.collect()
}

/// The lines of the message that a line was sent in last, in its order; itself alone if no other was.
pub(super) fn last_together(db: &Connection, line: LineId) -> Result<Vec<i64>, Error> {
    let select = "SELECT together FROM attempt WHERE line = ?1 ORDER BY id DESC LIMIT 1";
    let first: Option<Option<i64>> =
        db.prepare_cached(select)?.query_row([line.0], |row| row.get(0)).optional()?;
    match first.flatten() {
        Some(first) => Ok(lines_of(db, first)?.into_iter().map(|line| line.0).collect()),
        None => Ok(vec![line.0]),
    }
}
