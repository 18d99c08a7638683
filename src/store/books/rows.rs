//! Rows of the books, read back as values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::domain::{
    BookedLine, Fact, Facts, Finding, Identifier, LineId, LineState, MessageId, Moved, PersonId,
};
use crate::store::Error;

use super::views::{Balance, Loaded};
use super::work::BookedMessage;
use super::{moves, people};

/// The columns that [`line`] reads, in its order.
pub(super) const LINE_COLUMNS: &str = "line.id, line.person, line.body, line.state, line.findings,
    line.destination, line.reverses, line.reversed_by, line.after_line, line.decision";

/// The columns that [`booked_message`] reads, in its order.
pub(super) const MESSAGE_COLUMNS: &str = "id, state_detail, source, received_at, day, trigger_code,
    control_id, size_bytes, authority, mrn, account, notes";

/// The condition of the index `line_open`, in its words: the database uses the index only where
/// it is said like that.
pub(super) const IS_OPEN: &str = "line.state IN ('held', 'queued', 'sent', 'unknown', 'declined')";

/// The last message that is done with.
pub(super) fn cursor(db: &Connection) -> Result<MessageId, Error> {
    let select = "SELECT message FROM cursor";
    Ok(MessageId(db.prepare_cached(select)?.query_row([], |row| row.get(0))?))
}

/// Messages that are on the books out of turn.
pub(super) fn booked_behind_cursor(db: &Connection) -> Result<Vec<MessageId>, Error> {
    let select = "SELECT id FROM message WHERE id > (SELECT message FROM cursor) ORDER BY id";
    let mut select = db.prepare_cached(select)?;
    Ok(select.query_map([], |row| row.get(0).map(MessageId))?.collect::<Result<_, _>>()?)
}

/// Facts and lines of a person.
pub(super) fn load(db: &Connection, person: PersonId) -> Result<Loaded, Error> {
    let told = facts(db, person)?;
    let (lines, judged_by) = (lines(db, person)?, people::judged_by(db, person)?);
    let moves = moves::of(db, person)?;
    if moves.is_empty() {
        return Ok(Loaded { facts: told, lines, judged_by, moved: None });
    }
    let mut moved = Moved { person, moves, guests: Vec::new() };
    let others: Vec<PersonId> = moved.moves.people().filter(|other| *other != person).collect();
    for other in others {
        if moved.moves.heirs(other).contains(&person) {
            let left = Moved { person: other, ..moved.clone() }.leaving(&facts(db, other)?, person);
            moved.receive(other, left);
        }
    }
    let facts = moved.facts(&told);
    Ok(Loaded { facts, lines, judged_by, moved: Some(Box::new((told, moved))) })
}

fn facts(db: &Connection, person: PersonId) -> Result<Facts, Error> {
    let mut facts = Facts {
        identifiers: people::identifiers_of(db, person)?,
        registrations: people::registrations(db, person)?,
        ..Facts::default()
    };
    let told_twice_is_possible = facts.identifiers.len() > 1;
    let select = "SELECT fact.body FROM identifier JOIN fact ON fact.identifier = identifier.id
         WHERE identifier.person = ?1 ORDER BY fact.message, fact.id";
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query([person.0])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let fact: Fact = serde_json::from_str(text)?;
        if told_twice_is_possible {
            facts.take(fact);
        } else {
            put(&mut facts, fact);
        }
    }
    Ok(facts)
}

/// Adds a fact whose key is not there yet: under one number each key stands once.
fn put(facts: &mut Facts, fact: Fact) {
    match fact {
        Fact::Activity(activity) => facts.activities.push(activity),
        Fact::Credit(credit) => facts.credits.push(credit),
        Fact::Document(document) => facts.documents.push(document),
        Fact::Tally(tally) => facts.tallies.push(tally),
        Fact::Order(order) => facts.orders.push(order),
    }
}

fn lines(db: &Connection, person: PersonId) -> Result<Vec<BookedLine>, Error> {
    let select = format!(
        "SELECT {LINE_COLUMNS} FROM line WHERE person = ?1
             AND (state <> 'withdrawn' OR decision IS '\"Withdrawn\"') ORDER BY id"
    );
    db.prepare_cached(&select)?.query_and_then([person.0], line)?.collect()
}

/// A line, from [`LINE_COLUMNS`].
pub(super) fn line(row: &Row<'_>) -> Result<BookedLine, Error> {
    let text = |index| row.get_ref(index).and_then(|it| Ok(it.as_str()?));
    let findings: Vec<Finding> = serde_json::from_str(text(4)?)?;
    let number = |index| row.get::<_, Option<i64>>(index).map(|it| it.map(LineId));
    let decision: Option<String> = row.get(9)?;
    Ok(BookedLine {
        id: LineId(row.get(0)?),
        person: PersonId(row.get(1)?),
        line: serde_json::from_str(text(2)?)?,
        state: state(text(3)?)?,
        findings,
        destination: row.get(5)?,
        reverses: number(6)?,
        reversed_by: number(7)?,
        after: number(8)?,
        decision: decision.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// One message.
pub(super) fn message(db: &Connection, id: MessageId) -> Result<Option<BookedMessage>, Error> {
    let select = format!("SELECT {MESSAGE_COLUMNS} FROM message WHERE id = ?1");
    let mut select = db.prepare_cached(&select)?;
    select.query_row([id.0], |row| Ok(booked_message(row))).optional()?.transpose()
}

/// A message, from [`MESSAGE_COLUMNS`].
pub(super) fn booked_message(row: &Row<'_>) -> Result<BookedMessage, Error> {
    let (detail, notes): (String, String) = (row.get(1)?, row.get(11)?);
    let (authority, number): (Option<String>, Option<String>) = (row.get(8)?, row.get(9)?);
    let identifier =
        authority.zip(number).map(|(authority, number)| Identifier { authority, number });
    Ok(BookedMessage {
        id: MessageId(row.get(0)?),
        state: serde_json::from_str(&detail)?,
        source: row.get(2)?,
        received: timestamp(row.get(3)?)?,
        day: day(&row.get::<_, String>(4)?)?,
        trigger: row.get(5)?,
        control_id: row.get(6)?,
        size_bytes: u64::try_from(row.get::<_, i64>(7)?).unwrap_or(0),
        identifier,
        account: row.get(10)?,
        notes: serde_json::from_str(&notes)?,
    })
}

/// How many there are in each state, as counted while they moved.
pub(super) fn balance(db: &Connection) -> Result<Balance, Error> {
    let entries: i64 = db
        .prepare_cached("SELECT max(seq) FROM entry")?
        .query_row([], |row| row.get::<_, Option<i64>>(0).map(|seq| seq.unwrap_or(0)))?;
    let drafted: i64 = db
        .prepare_cached("SELECT max(id) FROM line")?
        .query_row([], |row| row.get::<_, Option<i64>>(0).map(|id| id.unwrap_or(0)))?;
    let lines = tally(db, "SELECT state, count FROM tally WHERE what = 'line' AND count <> 0")?;
    Ok(Balance {
        messages: tally(
            db,
            "SELECT state, count FROM tally WHERE what = 'message' AND count <> 0",
        )?,
        lines: lines
            .iter()
            .map(|(name, count)| Ok((state(name)?, *count)))
            .collect::<Result<BTreeMap<_, _>, Error>>()?,
        drafted: u64::try_from(drafted).unwrap_or(0),
        entries: u64::try_from(entries).unwrap_or(0),
    })
}

/// Whether counting anew gives what was counted while they moved.
pub(super) fn tally_is_right(db: &Connection) -> Result<bool, Error> {
    let mut right = true;
    for what in ["message", "line"] {
        let kept = format!("SELECT state, count FROM tally WHERE what = '{what}' AND count <> 0");
        let anew = format!("SELECT state, count(*) FROM {what} GROUP BY state");
        right &= tally(db, &kept)? == tally(db, &anew)?;
    }
    Ok(right)
}

fn tally(db: &Connection, select: &str) -> Result<BTreeMap<String, u64>, Error> {
    let mut select = db.prepare_cached(select)?;
    let counted = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    counted
        .map(|row| row.map(|(name, count)| (name, u64::try_from(count).unwrap_or(0))))
        .collect::<Result<_, _>>()
        .map_err(Error::from)
}

/// How many held lines each rule holds.
pub(super) fn holds_by_rule(db: &Connection) -> Result<Vec<(String, u64)>, Error> {
    let select = format!(
        "SELECT finding.value ->> 'rule' AS rule, count(DISTINCT line.id) AS count
         FROM line, json_each(line.findings) AS finding
         WHERE {IS_OPEN} AND line.state = 'held' AND finding.value ->> 'outcome' <> 'warn'
         GROUP BY rule ORDER BY count DESC, rule"
    );
    let mut select = db.prepare_cached(&select)?;
    let counted = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    counted
        .map(|row| Ok(row.map(|(rule, count)| (rule, u64::try_from(count).unwrap_or(0)))?))
        .collect()
}

/// A state, as its column holds it.
pub(super) fn state(text: &str) -> Result<LineState, Error> {
    LineState::parse(text).ok_or(Error::unreadable("a state of a line"))
}

/// A time, as its column holds it.
pub(super) fn timestamp(milliseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Error::unreadable("a time"))
}

/// A day, as its column holds it.
pub(super) fn day(text: &str) -> Result<Date, Error> {
    text.parse().map_err(|_| Error::unreadable("a day"))
}

/// A limit, as the database takes it.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
