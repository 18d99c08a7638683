//! Lines on the books: drafted, and changed only where they stand as was expected.

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use crate::domain::{ChargeLine, Claim, Decision, LineId, LineState, PersonId};
use crate::store::Error;

use super::apply::Void;
use super::work::{Conflict, Expected, LineChange, LineRef, NewLine, Part};
use super::writer::Writing;
use super::{chain, outbox, rows};

/// Looks whether everything that a part rests on is still so. Nothing is written.
pub(super) fn look(writing: &Writing<'_>, part: &Part, person: PersonId) -> Result<(), Void> {
    for (line, expected) in &part.rests_on {
        check(writing, *line, expected, Some(person))?;
    }
    for change in &part.changes {
        check(writing, change.line, &change.expects, Some(person))?;
        if let Some(content) = &change.content {
            same_charge(writing, change.line, content)?;
        }
    }
    let withdrawn = part.changes.iter().filter(|change| change.to == LineState::Withdrawn);
    let reversed = part.new_lines.iter().filter_map(|line| line.reverses.as_ref());
    let goes: Vec<LineId> =
        withdrawn.map(|change| change.line).chain(reversed.map(|(line, _)| *line)).collect();
    for line in &part.new_lines {
        match &line.reverses {
            Some((reversed, expected)) => check(writing, *reversed, expected, Some(person))?,
            None => once_only(writing, line, person, &goes)?,
        }
    }
    Ok(())
}

/// Writes the lines of a part that was looked at; gives the numbers of the new ones.
pub(super) fn write(
    writing: &mut Writing<'_>,
    part: &Part,
    person: PersonId,
    at: Timestamp,
) -> Result<Vec<LineId>, Void> {
    for change in &part.changes {
        put(writing, change, at)?;
    }
    let mut new = Vec::with_capacity(part.new_lines.len());
    for line in &part.new_lines {
        let id = draft(writing, line, Drafting { person, new: &new, at })?;
        new.push(id);
    }
    Ok(new)
}

/// Changes a line if it stands as expected.
pub(super) fn change(
    writing: &mut Writing<'_>,
    change: &LineChange,
    at: Timestamp,
) -> Result<(), Void> {
    check(writing, change.line, &change.expects, None)?;
    if let Some(content) = &change.content {
        same_charge(writing, change.line, content)?;
    }
    put(writing, change, at)
}

fn put(writing: &mut Writing<'_>, change: &LineChange, at: Timestamp) -> Result<(), Void> {
    let update = "UPDATE line SET state = ?2, findings = ?3, decision = ?4, updated_at = ?5
         WHERE id = ?1";
    writing.db.prepare_cached(update)?.execute((
        change.line.0,
        change.to.as_str(),
        json(&change.findings)?,
        decision_text(change.decision.as_ref())?,
        at.as_millisecond(),
    ))?;
    if let Some(content) = &change.content {
        refresh(writing, change.line, content)?;
    }
    match change.to {
        LineState::Withdrawn => stands_again(writing, change.line)?,
        LineState::Queued => takes_back(writing, change.line)?,
        LineState::Held
        | LineState::Suppressed
        | LineState::Rejected
        | LineState::Sent
        | LineState::Unknown
        | LineState::Accepted
        | LineState::Declined => {}
    }
    for entry in &change.entries {
        chain::append(writing, entry, Some(change.line), at)?;
    }
    Ok(())
}

/// What a line says that is not its identity.
fn refresh(writing: &Writing<'_>, line: LineId, content: &ChargeLine) -> Result<(), Void> {
    let update = "UPDATE line SET body = ?2, account = ?3, message = ?5,
             lane = coalesce(nullif(?3, ''), lane)
         WHERE id = ?1 AND key = ?4";
    writing.db.prepare_cached(update)?.execute((
        line.0,
        json(content)?,
        &content.account,
        content.key().0,
        content.message.0,
    ))?;
    Ok(())
}

/// Whether what a line is to say is still the same charge.
fn same_charge(writing: &Writing<'_>, line: LineId, content: &ChargeLine) -> Result<(), Void> {
    let select = "SELECT 1 FROM line WHERE id = ?1 AND key = ?2";
    if writing.db.prepare_cached(select)?.exists((line.0, content.key().0))? {
        return Ok(());
    }
    Err(Void::Conflict(Conflict::NoSuchLine(line)))
}

/// A reversal that is taken off before it was sent takes nothing back any more.
fn stands_again(writing: &Writing<'_>, reversal: LineId) -> Result<(), Error> {
    let update = "UPDATE line SET reversed_by = NULL
         WHERE id = (SELECT reverses FROM line WHERE id = ?1) AND reversed_by = ?1";
    writing.db.prepare_cached(update)?.execute([reversal.0])?;
    Ok(())
}

/// A proposed reversal that is to leave takes its line back from here on.
fn takes_back(writing: &Writing<'_>, reversal: LineId) -> Result<(), Error> {
    let update = "UPDATE line SET reversed_by = ?1
         WHERE id = (SELECT reverses FROM line WHERE id = ?1) AND reversed_by IS NULL";
    writing.db.prepare_cached(update)?.execute([reversal.0])?;
    Ok(())
}

fn check(
    writing: &Writing<'_>,
    line: LineId,
    expected: &Expected,
    person: Option<PersonId>,
) -> Result<(), Void> {
    let select = "SELECT person, state, decision, reversed_by FROM line WHERE id = ?1";
    let found = writing
        .db
        .prepare_cached(select)?
        .query_row([line.0], |row| {
            let decision: Option<String> = row.get(2)?;
            Ok((
                PersonId(row.get(0)?),
                row.get::<_, String>(1)?,
                decision,
                row.get::<_, Option<i64>>(3)?,
            ))
        })
        .optional()?;
    let Some((owner, state, decision, reversed_by)) = found else {
        return Err(Void::Conflict(Conflict::NoSuchLine(line)));
    };
    if person.is_some_and(|person| person != owner) {
        return Err(Void::Conflict(Conflict::NoSuchLine(line)));
    }
    let found = Expected {
        state: rows::state(&state)?,
        decision: decision
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(Error::from)?,
        reversed_by: reversed_by.map(LineId),
    };
    if found == *expected {
        return Ok(());
    }
    Err(Void::Conflict(Conflict::Moved { line, state: found.state }))
}

/// What a new line needs to know beside itself.
#[derive(Debug, Clone, Copy)]
struct Drafting<'a> {
    person: PersonId,
    new: &'a [LineId],
    at: Timestamp,
}

fn draft(
    writing: &mut Writing<'_>,
    line: &NewLine,
    drafting: Drafting<'_>,
) -> Result<LineId, Void> {
    let id = insert(writing, line, drafting)?;
    if let Some((reversed, _)) = line.reverses.as_ref().filter(|_| line.state != LineState::Held) {
        let update = "UPDATE line SET reversed_by = ?2, updated_at = ?3 WHERE id = ?1";
        let row = (reversed.0, id.0, drafting.at.as_millisecond());
        writing.db.prepare_cached(update)?.execute(row)?;
    }
    for entry in &line.entries {
        chain::append(writing, entry, Some(id), drafting.at)?;
    }
    Ok(id)
}

/// The same charge stands at most once for each destination: a line that was taken back, takes
/// back, was taken off, or goes in the same part does not count.
fn once_only(
    writing: &Writing<'_>,
    line: &NewLine,
    person: PersonId,
    goes: &[LineId],
) -> Result<(), Void> {
    let select = "SELECT id FROM line WHERE person = ?1 AND key = ?2
         AND destination IS ?3 AND state <> 'withdrawn'
         AND reverses IS NULL AND reversed_by IS NULL LIMIT 1";
    let key = line.line.key();
    let stands = writing
        .db
        .prepare_cached(select)?
        .query_row((person.0, &key.0, &line.destination), |row| Ok(LineId(row.get(0)?)))
        .optional()?;
    match stands.filter(|line| !goes.contains(line)) {
        Some(line) => Err(Void::Conflict(Conflict::Twice { key, line })),
        None => Ok(()),
    }
}

fn insert(
    writing: &Writing<'_>,
    line: &NewLine,
    Drafting { person, new, at }: Drafting<'_>,
) -> Result<LineId, Error> {
    let after = match line.after {
        None => None,
        Some(LineRef::Booked(id)) => Some(id),
        Some(LineRef::New(place)) => {
            Some(*new.get(place).ok_or(Error::unreadable("a line that waits for none"))?)
        }
    };
    let insert = "INSERT INTO line (person, state, destination, lane, after_line, reverses, course,
             claim, code, dos, account, message, drafted_at, updated_at, decision, key, findings,
             body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14, ?15, ?16, ?17)";
    let said = &line.line;
    let id = writing.db.prepare_cached(insert)?.insert(rusqlite::params![
        person.0,
        line.state.as_str(),
        line.destination,
        outbox::lane(said.account.as_deref(), person),
        after.map(|it| it.0),
        line.reverses.as_ref().map(|(it, _)| it.0),
        said.course.0,
        said.claim.map(Claim::as_str),
        said.code.as_ref().map(|code| code.as_str()),
        said.service.date.to_string(),
        said.account,
        said.message.0,
        at.as_millisecond(),
        decision_text(line.decision.as_ref())?,
        said.key().0,
        json(&line.findings)?,
        json(said)?,
    ])?;
    Ok(LineId(id))
}

fn decision_text(decision: Option<&Decision>) -> Result<Option<String>, Error> {
    decision.map(json).transpose()
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, Error> {
    Ok(serde_json::to_string(value)?)
}
