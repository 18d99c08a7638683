//! The ledger on disk: entries in a row, each of whose hashes covers the one before.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use crate::domain::{Entry, EntryKind, LineId, MessageId};
use crate::store::Error;
use crate::store::readers::Readers;

use super::rows;
use super::views::{BookedEntry, Verified};
use super::writer::Writing;

/// Entries that one look of a walk takes.
const WALK_ENTRIES_MAX: usize = 5_000;

/// The end of the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    seq: i64,
    hash: [u8; 32],
}

/// The end of a ledger without entries.
const START: Head = Head { seq: 0, hash: [0; 32] };

const SELECT: &str = "SELECT seq, at, kind, who, message, line, body, hash FROM entry";

/// The end of the ledger as it stands on disk.
pub(super) fn head(db: &Connection) -> Result<Head, Error> {
    let last = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1";
    let head = db
        .prepare_cached(last)?
        .query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?;
    Ok(head.unwrap_or(START))
}

/// Adds an entry; `line` stands in where the entry itself names none.
pub(super) fn append(
    writing: &mut Writing<'_>,
    entry: &Entry,
    line: Option<LineId>,
    at: Timestamp,
) -> Result<(), Error> {
    let row = EntryRow {
        seq: writing.head.seq + 1,
        at: at.as_millisecond(),
        kind: kind_as_str(entry.kind),
        who: &serde_json::to_string(&entry.who)?,
        message: entry.message.map(|it| it.0),
        line: entry.line.or(line).map(|it| it.0),
        body: &entry.body,
    };
    let hash = row.hash(&writing.head.hash);
    let insert = "INSERT INTO entry (seq, at, kind, who, message, line, body, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    writing.db.prepare_cached(insert)?.execute((
        row.seq,
        row.at,
        row.kind,
        row.who,
        row.message,
        row.line,
        row.body,
        &hash,
    ))?;
    writing.head = Head { seq: row.seq, hash };
    Ok(())
}

/// An entry as its columns hold it.
struct EntryRow<'a> {
    seq: i64,
    at: i64,
    kind: &'a str,
    who: &'a str,
    message: Option<i64>,
    line: Option<i64>,
    body: &'a str,
}

impl EntryRow<'_> {
    /// Over the hash before it and every column. Each text is led by its length, and each number
    /// that can be missing by whether it is there, so that no two entries read alike.
    fn hash(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(before);
        hasher.update(self.seq.to_be_bytes());
        hasher.update(self.at.to_be_bytes());
        for number in [self.message, self.line] {
            hasher.update([u8::from(number.is_some())]);
            hasher.update(number.unwrap_or(0).to_be_bytes());
        }
        for text in [self.kind, self.who, self.body] {
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            hasher.update(length.to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().into()
    }
}

/// What the ledger says of a line, oldest first.
pub(super) fn entries_of_line(db: &Connection, line: LineId) -> Result<Vec<BookedEntry>, Error> {
    entries(db, "WHERE line = ?1 ORDER BY seq", [line.0])
}

/// What the ledger says of a message, oldest first.
pub(super) fn entries_of_message(
    db: &Connection,
    message: MessageId,
) -> Result<Vec<BookedEntry>, Error> {
    entries(db, "WHERE message = ?1 ORDER BY seq", [message.0])
}

/// The ledger behind a place.
pub(super) fn entries_after(
    db: &Connection,
    seq: i64,
    limit: usize,
) -> Result<Vec<BookedEntry>, Error> {
    entries(db, "WHERE seq > ?1 ORDER BY seq LIMIT ?2", (seq, rows::limit(limit)))
}

fn entries(
    db: &Connection,
    which: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<BookedEntry>, Error> {
    let mut select = db.prepare_cached(&format!("{SELECT} {which}"))?;
    select.query_and_then(parameters, booked_entry)?.collect()
}

fn booked_entry(row: &Row<'_>) -> Result<BookedEntry, Error> {
    let (kind, who): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(BookedEntry {
        seq: row.get(0)?,
        at: rows::timestamp(row.get(1)?)?,
        entry: Entry {
            kind: kind_of(&kind).ok_or(Error::unreadable("a kind of entry"))?,
            who: serde_json::from_str(&who)?,
            message: row.get::<_, Option<i64>>(4)?.map(MessageId),
            line: row.get::<_, Option<i64>>(5)?.map(LineId),
            body: row.get(6)?,
        },
        hash: row.get(7)?,
    })
}

/// Walks the ledger in short looks, so that nobody waits for it, and counts the states anew.
pub(super) fn verify(readers: &Readers) -> Result<Verified, Error> {
    let mut verified =
        Verified { tally_is_right: readers.read(rows::tally_is_right)?, ..Verified::default() };
    let mut head = START;
    loop {
        let before = head.seq;
        let whole = readers.read(|db| walk(db, &mut head))?;
        verified.entries = u64::try_from(head.seq).unwrap_or(0);
        if !whole {
            verified.broken_at = Some(head.seq + 1);
            return Ok(verified);
        }
        if head.seq == before {
            verified.last_hash = (head.seq > 0).then_some(head.hash);
            return Ok(verified);
        }
    }
}

/// Goes on from `head` for a while; `false` if the next entry does not follow from it.
fn walk(db: &Connection, head: &mut Head) -> Result<bool, Error> {
    let mut select =
        db.prepare_cached(&format!("{SELECT} WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
    let mut rows = select.query((head.seq, rows::limit(WALK_ENTRIES_MAX)))?;
    while let Some(row) = rows.next()? {
        let text = |index| row.get_ref(index).and_then(|it| Ok(it.as_str()?));
        let entry = EntryRow {
            seq: row.get(0)?,
            at: row.get(1)?,
            kind: text(2)?,
            who: text(3)?,
            message: row.get(4)?,
            line: row.get(5)?,
            body: text(6)?,
        };
        let hash: Vec<u8> = row.get(7)?;
        let expected = entry.hash(&head.hash);
        if entry.seq != head.seq + 1 || hash != expected {
            return Ok(false);
        }
        *head = Head { seq: entry.seq, hash: expected };
    }
    Ok(true)
}

const KINDS: [EntryKind; 10] = [
    EntryKind::Tables,
    EntryKind::Message,
    EntryKind::Drafted,
    EntryKind::Moved,
    EntryKind::Refreshed,
    EntryKind::Linked,
    EntryKind::Attempt,
    EntryKind::Answered,
    EntryKind::Posted,
    EntryKind::Steered,
];

fn kind_as_str(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Message => "message",
        EntryKind::Drafted => "drafted",
        EntryKind::Moved => "moved",
        EntryKind::Refreshed => "refreshed",
        EntryKind::Linked => "linked",
        EntryKind::Attempt => "attempt",
        EntryKind::Answered => "answered",
        EntryKind::Posted => "posted",
        EntryKind::Tables => "tables",
        EntryKind::Steered => "steered",
    }
}

fn kind_of(text: &str) -> Option<EntryKind> {
    KINDS.into_iter().find(|kind| kind_as_str(*kind) == text)
}
