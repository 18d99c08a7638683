//! The resources of FHIR sources: every version told, the newest of each, who refers to whom.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::domain::{MessageId, Resource, Shelf};
use crate::store::Error;

use super::Intake;

/// A version of a resource to be kept, together with the message that tells it.
#[derive(Clone)]
pub struct NewResource {
    /// Its type.
    pub kind: String,
    /// Its id within the source.
    pub id: String,
    /// Its version, as told; empty if it was not.
    pub version: String,
    /// When it was said.
    pub said: Timestamp,
    /// Whether the source has deleted it.
    pub is_gone: bool,
    /// JSON.
    pub body: String,
    /// Its identifiers: system and value.
    pub identifiers: Vec<(String, String)>,
    /// What it refers to: type and id.
    pub references: Vec<(String, String)>,
}

/// What is known of a resource, as far as the next version of it must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The newest version.
    pub resource: Arc<Resource>,
    /// How many versions have come.
    pub revision: i64,
}

/// The shelf of one source.
pub struct SourceShelf<'a> {
    intake: &'a Intake,
    source: &'a str,
    failed: RefCell<Option<Error>>,
}

/// Most resources that refer to one: those told last count.
const REFERRING_MAX: i64 = 10_000;

const COLUMNS: &str = "kind, id, message, version, said_at, gone, body, revision";

impl Intake {
    /// The resources of a source.
    pub fn shelf<'a>(&'a self, source: &'a str) -> SourceShelf<'a> {
        SourceShelf { intake: self, source, failed: RefCell::new(None) }
    }
}

impl SourceShelf<'_> {
    /// The newest version, and how many came before it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(&self, kind: &str, id: &str) -> Result<Option<Standing>, Error> {
        self.intake.readers.read(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM resource
                 WHERE source = ?1 AND kind = ?2 AND id = ?3 AND newest = 1"
            ))?;
            let read = |row: &Row<'_>| Ok((resource(row), row.get(7)?));
            let found = select.query_row((self.source, kind, id), read).optional()?;
            found
                .map(|(resource, revision)| {
                    Ok(Standing { resource: Arc::new(resource?), revision })
                })
                .transpose()
        })
    }

    /// What went wrong while the shelf was read, if anything did: then nothing that was read from
    /// it can be trusted.
    ///
    /// # Errors
    /// When a look failed since the last time this was asked.
    pub fn whole(&self) -> Result<(), Error> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }

    fn look<T: Default>(&self, look: impl FnOnce(&Connection) -> Result<T, Error>) -> T {
        self.intake.readers.read(look).unwrap_or_else(|error| {
            self.failed.borrow_mut().get_or_insert(error);
            T::default()
        })
    }

    fn several<P: rusqlite::Params>(&self, from: &str, params: P) -> Vec<Arc<Resource>> {
        self.look(|connection| {
            let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {from}"))?;
            let mut rows = select.query(params)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Arc::new(resource(row)?));
            }
            Ok(found)
        })
    }
}

impl Shelf for SourceShelf<'_> {
    fn resource(&self, kind: &str, id: &str) -> Option<Arc<Resource>> {
        let from = "resource WHERE source = ?1 AND kind = ?2 AND id = ?3 AND newest = 1";
        self.several(from, (self.source, kind, id)).pop()
    }

    fn identified(&self, kind: &str, system: &str, value: &str) -> Option<Arc<Resource>> {
        let from = "resource WHERE newest = 1 AND source = ?1 AND kind = ?2 AND id IN
                (SELECT id FROM resource_identifier
                 WHERE source = ?1 AND kind = ?2 AND system = ?3 AND value = ?4)
             ORDER BY number";
        self.several(from, (self.source, kind, system, value)).pop()
    }

    fn referring(&self, kind: &str, id: &str) -> Vec<Arc<Resource>> {
        let from = "resource_reference AS it JOIN resource USING (source, kind, id)
             WHERE it.source = ?1 AND it.to_kind = ?2 AND it.to_id = ?3 AND newest = 1
             ORDER BY number DESC LIMIT ?4";
        let mut found = self.several(from, (self.source, kind, id, REFERRING_MAX));
        found.reverse();
        found
    }

    fn told_by(&self, message: MessageId) -> Vec<Arc<Resource>> {
        self.several("resource WHERE message = ?1 ORDER BY number", [message.0])
    }
}

fn resource(row: &Row<'_>) -> Result<Resource, Error> {
    Ok(Resource {
        kind: row.get(0)?,
        id: row.get(1)?,
        message: MessageId(row.get(2)?),
        version: row.get(3)?,
        said: Timestamp::from_millisecond(row.get(4)?)
            .map_err(|_| Error::unreadable("a time of a resource"))?,
        is_gone: row.get(5)?,
        body: Arc::from(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?),
    })
}

/// Keeps what a message tells, in the transaction that keeps the message.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    source: &str,
    message: i64,
    told: &[NewResource],
) -> Result<(), Error> {
    for one in told {
        let key = (source, &one.kind, &one.id);
        let mut older = transaction.prepare_cached(
            "UPDATE resource SET newest = 0
             WHERE source = ?1 AND kind = ?2 AND id = ?3 AND newest = 1 RETURNING revision",
        )?;
        let before: Option<i64> = older.query_row(key, |row| row.get(0)).optional()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO resource
                (source, kind, id, message, version, revision, said_at, gone, body, newest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)",
        )?;
        insert.execute((
            source,
            &one.kind,
            &one.id,
            message,
            &one.version,
            before.unwrap_or(0) + 1,
            one.said.as_millisecond(),
            one.is_gone,
            &one.body,
        ))?;
        let mut named = transaction.prepare_cached(
            "INSERT OR IGNORE INTO resource_identifier (source, kind, system, value, id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (system, value) in &one.identifiers {
            named.execute((source, &one.kind, system, value, &one.id))?;
        }
        let mut refers = transaction.prepare_cached(
            "INSERT OR IGNORE INTO resource_reference (source, to_kind, to_id, kind, id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (kind, id) in &one.references {
            refers.execute((source, kind, id, &one.kind, &one.id))?;
        }
    }
    Ok(())
}

/// The body is a patient's.
impl std::fmt::Debug for NewResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewResource({}, version {:?})", self.kind, self.version)
    }
}
