//! Destinations for which nothing new leaves until a person says so.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::json;

use crate::domain::{Entry, EntryKind, Who};
use crate::store::Error;

use super::writer::Writing;
use super::{chain, rows};

/// What becomes of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Nothing new leaves.
    Pause,
    /// What waits now leaves, and nothing that comes after.
    Drain,
    /// Everything leaves again.
    Resume,
}

/// Who wants what of which destination.
#[derive(Debug, Clone)]
pub struct Steering {
    /// Which.
    pub destination: String,
    /// What.
    pub steer: Steer,
    /// Who, and why.
    pub who: Who,
    /// When.
    pub at: Timestamp,
}

/// A destination for which nothing new leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Which.
    pub destination: String,
    /// Lines that waited at that moment and still leave; `None` if it is paused at once.
    pub left: Option<u64>,
    /// Who wanted it, and why.
    pub who: Who,
    /// Since when.
    pub since: Timestamp,
}

impl Steer {
    /// As kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Steer::Pause => "pause",
            Steer::Drain => "drain",
            Steer::Resume => "resume",
        }
    }
}

/// Does what a person or the daemon wants; `false` if it is so already. The daemon pauses what
/// nobody has touched, and changes nothing that a person wanted.
pub(super) fn steer(writing: &mut Writing<'_>, wanted: &Steering) -> Result<bool, Error> {
    let known = find(writing.db, &wanted.destination)?;
    let drains = wanted.steer == Steer::Drain;
    let by_daemon = wanted.who == Who::Daemon;
    let is_so = match (&known, wanted.steer) {
        (None, Steer::Resume) => true,
        (None, Steer::Pause | Steer::Drain) | (Some(_), Steer::Resume) => false,
        (Some(known), Steer::Pause) => known.left.is_none() || by_daemon,
        (Some(known), Steer::Drain) => known.left.is_some(),
    };
    if is_so {
        return Ok(false);
    }
    let delete = "DELETE FROM pause WHERE destination = ?1";
    writing.db.prepare_cached(delete)?.execute([&wanted.destination])?;
    if wanted.steer != Steer::Resume {
        let insert = "INSERT INTO pause SELECT ?1, ?2,
             CASE WHEN ?2 THEN (SELECT coalesce(max(id), 0) FROM line) ELSE 0 END, ?3, ?4";
        let who = serde_json::to_string(&wanted.who)?;
        let row = (&wanted.destination, drains, who, wanted.at.as_millisecond());
        writing.db.prepare_cached(insert)?.execute(row)?;
    }
    let body = json!({ "destination": wanted.destination, "does": wanted.steer.as_str() });
    let entry = Entry {
        kind: EntryKind::Steered,
        who: wanted.who.clone(),
        message: None,
        line: None,
        body: body.to_string(),
    };
    chain::append(writing, &entry, None, wanted.at)?;
    Ok(true)
}

const SELECT: &str = "SELECT destination, drains, who, at,
    (SELECT count(*) FROM line WHERE line.destination = pause.destination
        AND line.id <= pause.until_line AND (line.state IN ('queued', 'sent')
            OR (line.state = 'unknown' AND (SELECT again FROM attempt
                WHERE attempt.line = line.id ORDER BY attempt.id DESC LIMIT 1)))) AS left FROM pause";

/// Every destination that is paused, by name.
pub(super) fn all(db: &Connection) -> Result<Vec<Pause>, Error> {
    let mut select = db.prepare_cached(&format!("{SELECT} ORDER BY destination"))?;
    select.query_and_then([], pause)?.collect()
}

fn find(db: &Connection, destination: &str) -> Result<Option<Pause>, Error> {
    let mut select = db.prepare_cached(&format!("{SELECT} WHERE destination = ?1"))?;
    let found = select.query_row([destination], |row| Ok(pause(row))).optional()?;
    found.transpose()
}

fn pause(row: &Row<'_>) -> Result<Pause, Error> {
    let drains: bool = row.get("drains")?;
    let left: i64 = row.get("left")?;
    let who: String = row.get("who")?;
    Ok(Pause {
        destination: row.get("destination")?,
        left: drains.then(|| u64::try_from(left).unwrap_or(0)),
        who: serde_json::from_str(&who)?,
        since: rows::timestamp(row.get("at")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Books;
    use super::super::Look;
    use super::super::samples::*;
    use super::*;
    use crate::table::rows as table;

    #[tokio::test]
    async fn what_leaves_while_a_destination_is_paused_or_drains() {
        for row in table(
            "
            | does                 | leaves | left |
            | -                    | 1 2    |      |
            | pause                |        | -    |
            | pause resume         | 1 2    |      |
            | drain                | 1      | 1    |
            | pause drain          | 1      | 1    |
            | drain pause          |        | -    |
            | drain resume         | 1 2    |      |
            ",
        ) {
            let books = Books::open_in_memory().unwrap();
            book(&books, "1", vec![drafted(charge("C1", Some("A"), "1"))]);
            for word in row["does"].split_whitespace().filter(|word| *word != "-") {
                let steer = [Steer::Pause, Steer::Drain, Steer::Resume];
                let steer = steer.into_iter().find(|it| it.as_str() == word).unwrap();
                let who = Who::Person { name: "ann".into(), reason: "a test".into() };
                let wanted = Steering { destination: "billing".into(), steer, who, at: at(1) };
                assert!(books.steer(wanted.clone()).await.unwrap(), "{row}");
                assert!(!books.steer(wanted).await.unwrap(), "{row}: it is so already");
            }
            book(&books, "2", vec![drafted(charge("C1", Some("B"), "2"))]);
            let free =
                books.next_to_send("billing", Look { limit: 9, ..Look::default() }).await.unwrap();
            let free: Vec<String> = free.iter().map(|one| one.line.id.to_string()).collect();
            assert_eq!(free.join(" "), row["leaves"], "{row}");
            let left = books.pauses().unwrap().pop().map_or(String::new(), |pause| {
                pause.left.map_or("-".into(), |left| left.to_string())
            });
            assert_eq!(left, row["left"], "{row}");
            assert_eq!(books.verify().unwrap().broken_at, None, "{row}");
        }
    }
}
