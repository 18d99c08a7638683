//! Asks what became of the charges that the receiver took: where they stand in its own books.

use std::time::Duration;

use jiff::ToSpan;

use crate::domain::{LineId, LineState};
use crate::mappings::destination::Ask;
use crate::store::{Error, LineFilter, ListedLine, Posting};

use super::answer::is_void;
use super::attempt::Way;
use super::doubt::{self, Found};

/// A charge is asked about for so long after it was taken.
const ASKED_FOR: Duration = Duration::from_secs(3 * 24 * 3600);

/// The day of service of such a charge is no older.
const SERVICE_DAYS: i64 = 400;

/// Asks about every charge that was taken lately. Whether the server answered to the end.
pub(super) async fn read_back(way: Way<'_>) -> Result<bool, Error> {
    for line in taken_lately(way)? {
        let Some(listed) = way.desk.books.line(line)? else { continue };
        if listed.line.state == LineState::Accepted && !note(&listed, way).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn taken_lately(way: Way<'_>) -> Result<Vec<LineId>, Error> {
    let now = way.desk.clock.now();
    let today = now.to_zoned(way.desk.time_zone.clone()).date();
    let filter = LineFilter {
        from: today.checked_sub(SERVICE_DAYS.days()).ok(),
        states: vec![LineState::Accepted],
        destination: Some(way.destination.name.clone()),
        ..LineFilter::default()
    };
    let mut taken = Vec::new();
    for listed in way.desk.books.lines(filter) {
        let listed = listed?;
        let is_late = listed.updated + ASKED_FOR >= now;
        if is_late && listed.line.reverses.is_none() {
            taken.push(listed.line.id);
        }
    }
    Ok(taken)
}

async fn note(listed: &ListedLine, way: Way<'_>) -> Result<bool, Error> {
    let line = &listed.line;
    if way.profile.ask == Ask::No && !doubt::was_put(line, way)? {
        return Ok(true);
    }
    let (status, id) = match doubt::look(line, way).await? {
        Found::There { status, id, .. } => (status, id),
        Found::Absent => ("absent".to_owned(), String::new()),
        Found::Gone => ("deleted".to_owned(), String::new()),
        Found::Unclear(_) => return Ok(true),
        Found::Silent(_) => return Ok(false),
    };
    let destination = way.destination.name.clone();
    let lost = id.is_empty() || is_void(&status);
    let posting = Posting { line: line.id, destination, status, id, at: way.desk.clock.now() };
    let status = posting.status.clone();
    let is_news = way.desk.books.note_posted(posting).await?;
    if is_news && lost && line.reversed_by.is_none() {
        tracing::warn!(
            line.id = line.id.0,
            destination = way.destination.name,
            status,
            "the receiver no longer bills a charge that it took"
        );
    }
    Ok(true)
}
