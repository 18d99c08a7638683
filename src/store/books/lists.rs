//! Lists of lines, courses and messages, as people read them.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params_from_iter};

use crate::domain::{CourseId, Identifier, LineId, LineState, MessageId, PersonId};
use crate::store::Error;
use crate::store::readers::Readers;

use super::listing::Listing;
use super::rows;
use super::views::{CourseSummary, LineFilter, LinePlace, ListedLine, MessageFilter};
use super::which::Which;
use super::work::BookedMessage;

/// People that one look takes.
const PAGE_PEOPLE_MAX: usize = 64;
/// Lines or messages that end a look.
const PAGE_ROWS_MAX: usize = 500;
/// Rows of lines that one look of a search goes through.
const SEARCH_LINES_MAX: i64 = 20_000;

/// Lines in the order of the contract.
pub(super) fn lines(readers: &Readers, filter: LineFilter) -> Listing<'_, ListedLine> {
    let limit = filter.limit;
    by_people(readers, filter, limit, lines_of)
}

/// Courses in the order of the lines.
pub(super) fn courses(readers: &Readers, filter: LineFilter) -> Listing<'_, CourseSummary> {
    let limit = filter.limit;
    by_people(readers, filter, limit, courses_of)
}

type OfOnePerson<T> = fn(&Connection, &Patient, &LineFilter) -> Result<Vec<T>, Error>;

fn by_people<T: 'static>(
    readers: &Readers,
    filter: LineFilter,
    limit: Option<usize>,
    of_one: OfOnePerson<T>,
) -> Listing<'_, T> {
    let mut from = Some(None);
    Listing::new(limit, move || {
        let Some(behind) = from.take() else { return Ok(None) };
        let (piece, next) = readers.read(|db| page(db, &filter, behind, of_one))?;
        from = next.map(Some);
        Ok(Some(piece))
    })
}

/// One piece of the list of lines, and where the next begins.
pub(super) fn lines_page(
    db: &Connection,
    filter: &LineFilter,
    behind: Option<LinePlace>,
) -> Result<(Vec<ListedLine>, Option<LinePlace>), Error> {
    page(db, filter, behind, lines_of)
}

/// A patient of the list.
struct Patient {
    person: PersonId,
    identifier: Identifier,
}

fn page<T>(
    db: &Connection,
    filter: &LineFilter,
    behind: Option<LinePlace>,
    of_one: OfOnePerson<T>,
) -> Result<(Vec<T>, Option<LinePlace>), Error> {
    let patients = patients_behind(db, filter, behind)?;
    let more = patients.len() == PAGE_PEOPLE_MAX;
    let (mut piece, mut last) = (Vec::new(), None);
    for patient in patients {
        piece.extend(of_one(db, &patient, filter)?);
        last = Some(LinePlace(patient.person));
        if piece.len() >= PAGE_ROWS_MAX {
            return Ok((piece, last));
        }
    }
    Ok((piece, last.filter(|_| more)))
}

/// The next patients, by number, who can have lines that the filter lets through.
fn patients_behind(
    db: &Connection,
    filter: &LineFilter,
    behind: Option<LinePlace>,
) -> Result<Vec<Patient>, Error> {
    let mut which = Which::default();
    which.add("rank = 0");
    if let Some(LinePlace(PersonId(person))) = behind {
        which.add_with(
            "(number, authority) > (SELECT number, authority FROM identifier
                 WHERE person = ? AND rank = 0)",
            [person],
        );
    }
    if let Some(mrn) = &filter.mrn {
        which.add_with("person IN (SELECT person FROM identifier WHERE number = ?)", [mrn.clone()]);
    }
    if let Some(account) = &filter.account {
        which.add_with("person IN (SELECT person FROM line WHERE account = ?)", [account.clone()]);
    }
    if let Some(control_id) = &filter.control_id {
        // What came over FHIR is known by the id of its resource, which no message bears and no
        // index holds.
        which.add_with(
            "(person IN (SELECT person FROM message WHERE control_id = ?)
              OR (NOT EXISTS (SELECT 1 FROM message WHERE control_id = ?)
                  AND person IN (SELECT person FROM line
                                 WHERE json_extract(body, '$.control_id') = ?)))",
            [control_id.clone(), control_id.clone(), control_id.clone()],
        );
    }
    if let Some(MessageId(message)) = filter.message {
        which.add_with("person IN (SELECT person FROM message WHERE id = ?)", [message]);
    }
    let open: Vec<_> = filter.states.iter().filter(|state| is_open(**state)).collect();
    if !open.is_empty() && open.len() == filter.states.len() {
        let people =
            format!("person IN (SELECT person FROM line WHERE {} AND state IN", rows::IS_OPEN);
        which.add_one_of(&people, open.iter().map(|state| state.as_str()), ")");
    }
    let select = format!(
        "SELECT person, authority, number FROM identifier {which}
         ORDER BY number, authority LIMIT {PAGE_PEOPLE_MAX}"
    );
    let patient = |row: &Row<'_>| {
        let identifier = Identifier { authority: row.get(1)?, number: row.get(2)? };
        Ok(Patient { person: PersonId(row.get(0)?), identifier })
    };
    let mut select = db.prepare_cached(&select)?;
    Ok(select.query_map(params_from_iter(which.values), patient)?.collect::<Result<_, _>>()?)
}

/// Whether lines of this state stand in the index `line_open`.
fn is_open(state: LineState) -> bool {
    match state {
        LineState::Held
        | LineState::Queued
        | LineState::Sent
        | LineState::Unknown
        | LineState::Declined => true,
        LineState::Suppressed
        | LineState::Rejected
        | LineState::Accepted
        | LineState::Withdrawn => false,
    }
}

const LISTED: &str = "line.drafted_at, line.updated_at";

fn lines_of(
    db: &Connection,
    patient: &Patient,
    filter: &LineFilter,
) -> Result<Vec<ListedLine>, Error> {
    let which = lines_which(patient, filter);
    let select = format!(
        "SELECT {}, {LISTED} FROM line {which}
         ORDER BY course, dos, coalesce(claim, ''), coalesce(code, ''), id",
        rows::LINE_COLUMNS
    );
    let mut select = db.prepare_cached(&select)?;
    select
        .query_and_then(params_from_iter(which.values), |row| listed(row, &patient.identifier))?
        .filter(|line| line.as_ref().map_or(true, |line| is_earned_by(line, filter)))
        .collect()
}

fn is_earned_by(line: &ListedLine, filter: &LineFilter) -> bool {
    let line = &line.line.line;
    filter.control_id.as_ref().is_none_or(|control_id| line.control_id == *control_id)
        && filter.message.is_none_or(|message| line.message == message)
}

fn lines_which(patient: &Patient, filter: &LineFilter) -> Which {
    let mut which = Which::default();
    which.add_with("person = ?", [patient.person.0]);
    which.add_days("dos", filter.from, filter.until);
    if let Some(account) = &filter.account {
        which.add_with("account = ?", [account.clone()]);
    }
    if let Some(destination) = &filter.destination {
        which.add_with("destination = ?", [destination.clone()]);
    }
    if !filter.states.is_empty() {
        which.add_one_of("state IN", filter.states.iter().map(|state| state.as_str()), "");
    }
    which
}

fn listed(row: &Row<'_>, patient: &Identifier) -> Result<ListedLine, Error> {
    Ok(ListedLine {
        line: rows::line(row)?,
        patient: patient.clone(),
        drafted: rows::timestamp(row.get("drafted_at")?)?,
        updated: rows::timestamp(row.get("updated_at")?)?,
    })
}

fn courses_of(
    db: &Connection,
    patient: &Patient,
    filter: &LineFilter,
) -> Result<Vec<CourseSummary>, Error> {
    let which = lines_which(patient, filter);
    let select = format!(
        "SELECT course, state, count(*), min(dos), max(dos) FROM line {which}
         GROUP BY course, state ORDER BY course"
    );
    let mut select = db.prepare_cached(&select)?;
    let mut rows = select.query(params_from_iter(which.values))?;
    let mut courses: Vec<CourseSummary> = Vec::new();
    while let Some(row) = rows.next()? {
        add_to_course(&mut courses, patient, row)?;
    }
    Ok(courses)
}

fn add_to_course(
    courses: &mut Vec<CourseSummary>,
    patient: &Patient,
    row: &Row<'_>,
) -> Result<(), Error> {
    let course = CourseId(row.get(0)?);
    let state = rows::state(&row.get::<_, String>(1)?)?;
    let count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
    let first_day = rows::day(&row.get::<_, String>(3)?)?;
    let last_day = rows::day(&row.get::<_, String>(4)?)?;
    match courses.last_mut().filter(|last| last.course == course) {
        Some(last) => {
            last.first_day = last.first_day.min(first_day);
            last.last_day = last.last_day.max(last_day);
            last.lines.insert(state, count);
        }
        None => courses.push(CourseSummary {
            person: patient.person,
            patient: patient.identifier.clone(),
            course,
            first_day,
            last_day,
            lines: BTreeMap::from([(state, count)]),
        }),
    }
    Ok(())
}

/// One line.
pub(super) fn line(db: &Connection, line: LineId) -> Result<Option<ListedLine>, Error> {
    Ok(lines_where(db, "line.id = ?1", [line.0])?.pop())
}

/// Lines that an activity of this number earned. There is no index for it: people ask it rarely.
pub(super) fn lines_earned_by(readers: &Readers, number: &str) -> Result<Vec<ListedLine>, Error> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let (lines, last) = readers.read(|db| {
            let until = after + SEARCH_LINES_MAX;
            let which = "line.id > ?1 AND line.id <= ?2 AND instr(line.body, ?3)";
            let lines = lines_where(db, which, (after, until, number))?;
            let last: Option<i64> =
                db.query_row("SELECT max(id) FROM line", [], |row| row.get(0))?;
            Ok((lines, last.unwrap_or(0)))
        })?;
        let earned = |it: &ListedLine| it.line.line.evidence.iter().any(|told| told == number);
        found.extend(lines.into_iter().filter(earned));
        after += SEARCH_LINES_MAX;
        if after >= last {
            return Ok(found);
        }
    }
}

fn lines_where(
    db: &Connection,
    which: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<ListedLine>, Error> {
    let select = format!(
        "SELECT {}, {LISTED}, authority, number FROM line
             LEFT JOIN identifier ON identifier.person = line.person AND rank = 0
         WHERE {which} ORDER BY line.id",
        rows::LINE_COLUMNS
    );
    let mut select = db.prepare_cached(&select)?;
    let listed = |row: &Row<'_>| {
        let identifier =
            Identifier { authority: row.get("authority")?, number: row.get("number")? };
        listed(row, &identifier)
    };
    select.query_and_then(parameters, listed)?.collect()
}

/// Messages, newest first.
pub(super) fn messages(readers: &Readers, filter: MessageFilter) -> Listing<'_, BookedMessage> {
    let mut before = Some(MessageId(i64::MAX));
    Listing::new(filter.limit, move || {
        let Some(from) = before.take() else { return Ok(None) };
        let piece = readers.read(|db| messages_page(db, &filter, from))?;
        before = piece.last().filter(|_| piece.len() == PAGE_ROWS_MAX).map(|last| last.id);
        Ok(Some(piece))
    })
}

/// One piece of the list of messages: those before a number.
pub(super) fn messages_page(
    db: &Connection,
    filter: &MessageFilter,
    before: MessageId,
) -> Result<Vec<BookedMessage>, Error> {
    let mut which = Which::default();
    which.add_with("id < ?", [before.0]);
    which.add_days("day", filter.from, filter.until);
    if let Some(mrn) = &filter.mrn {
        which.add_with("person IN (SELECT person FROM identifier WHERE number = ?)", [mrn.clone()]);
    }
    if let Some(account) = &filter.account {
        which.add_with("account = ?", [account.clone()]);
    }
    if let Some(control_id) = &filter.control_id {
        which.add_with("control_id = ?", [control_id.clone()]);
    }
    if !filter.states.is_empty() {
        which.add_one_of("state IN", filter.states.iter().map(String::as_str), "");
    }
    let most = filter.limit.unwrap_or(PAGE_ROWS_MAX).min(PAGE_ROWS_MAX);
    let select = format!(
        "SELECT {} FROM message {which} ORDER BY id DESC LIMIT {most}",
        rows::MESSAGE_COLUMNS
    );
    let mut select = db.prepare_cached(&select)?;
    select.query_and_then(params_from_iter(which.values), rows::booked_message)?.collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::Books;
    use super::super::samples::*;
    use super::*;

    fn anchors(books: &Books, filter: LineFilter) -> Vec<String> {
        books.lines(filter).map(|line| line.unwrap().line.line.anchor).collect()
    }

    #[test]
    fn lines_are_listed_by_patient_course_day_claim_and_code() {
        let books = Books::open_in_memory().unwrap();
        book(
            &books,
            "20",
            vec![drafted(charge("C2", None, "d")), drafted(charge("C1", None, "c"))],
        );
        book(&books, "10", vec![drafted(charge("C9", None, "b"))]);
        let mut early = drafted(charge("C9", Some("A1"), "a"));
        early.line.service.date = date(2026, 10, 7);
        early.state = LineState::Held;
        early.destination = None;
        book(&books, "10", vec![early]);
        let all = LineFilter::default;
        for (filter, expected) in [
            (all(), "a b c d"),
            (LineFilter { from: Some(date(2026, 10, 8)), ..all() }, "b c d"),
            (LineFilter { until: Some(date(2026, 10, 7)), ..all() }, "a"),
            (LineFilter { mrn: Some("20".into()), ..all() }, "c d"),
            (LineFilter { mrn: Some("30".into()), ..all() }, ""),
            (LineFilter { account: Some("A1".into()), ..all() }, "a"),
            (LineFilter { states: vec![LineState::Held], ..all() }, "a"),
            (LineFilter { states: vec![LineState::Held, LineState::Accepted], ..all() }, "a"),
            (LineFilter { destination: Some("billing".into()), ..all() }, "b c d"),
            (LineFilter { limit: Some(2), ..all() }, "a b"),
        ] {
            assert_eq!(anchors(&books, filter.clone()).join(" "), expected, "{filter:?}");
        }
        let courses: Vec<_> = books.courses(all()).map(|it| it.unwrap().course.0).collect();
        assert_eq!(courses, ["C9", "C1", "C2"]);
        let earned = books.lines_earned_by("FT-c").unwrap();
        assert_eq!(earned[0].line.line.anchor, "c");
        assert_eq!(books.line(earned[0].line.id).unwrap().as_ref(), earned.first());
    }

    #[test]
    fn a_long_list_comes_whole_though_it_is_read_in_pieces() {
        let books = Books::open_in_memory().unwrap();
        let parts: Vec<_> = (0..700_i64)
            .map(|nth| {
                let mrn = format!("{:04}", (nth * 37) % 700);
                let new_lines = vec![drafted(charge("C1", None, &mrn))];
                let messages = vec![message(nth + 1, &mrn)];
                super::super::Part { new_lines, messages, ..part(&mrn) }
            })
            .collect();
        books.apply(work(parts, 700)).unwrap();
        let expected: Vec<String> = (0..700).map(|nth| format!("{nth:04}")).collect();
        assert_eq!(anchors(&books, LineFilter::default()), expected);
        let ids: Vec<i64> =
            books.messages(MessageFilter::default()).map(|it| it.unwrap().id.0).collect();
        assert_eq!(ids, (1..=700).rev().collect::<Vec<_>>());
        let some = MessageFilter { control_id: Some("K70".into()), ..MessageFilter::default() };
        assert_eq!(books.messages(some).count(), 1);
    }

    #[test]
    fn a_reader_that_stops_in_the_middle_holds_nothing_open() {
        let folder = tempfile::tempdir().unwrap();
        let books = Books::open(folder.path()).unwrap();
        let many = (0..900).map(|nth| drafted(charge("C1", None, &nth.to_string()))).collect();
        book(&books, "10", many);
        book(&books, "20", vec![drafted(charge("C1", None, "last"))]);
        let mut list = books.lines(LineFilter::default());
        list.next().unwrap().unwrap();
        let emptied: i64 = books
            .shared
            .place
            .open_for_reading()
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .unwrap();
        assert_eq!((emptied, books.wal_bytes()), (0, 0), "the file goes home under the reader");
        assert_eq!(list.count(), 900);
    }
}
