//! The resources of FHIR sources: every version told, the newest of each, who refers to whom.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use crate::domain::{MessageId, Resource, Shelf};
use crate::store::Error;

use super::Intake;

/// A version of a resource to be kept, together with the message that tells it; the number of that
/// message is given to it then.
#[derive(Clone)]
pub struct NewResource {
    /// The version.
    pub resource: Resource,
    /// The patient that it is about; empty if it is about none, or nobody known.
    pub whose: String,
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

/// The shelf of one source, as it stood once a message had come.
pub struct SourceShelf<'a> {
    intake: &'a Intake,
    source: &'a str,
    until: MessageId,
    failed: RefCell<Option<Error>>,
}

/// Resources that refer to one, at most: one more than anybody tells anew for one message, so that
/// it is seen that there are more.
const REFERRING_MAX: i64 = 20_001;

const COLUMNS: &str = "kind, id, message, version, said_at, gone, body, strange, revision";

impl Intake {
    /// The resources of a source, as they stand now.
    pub fn shelf<'a>(&'a self, source: &'a str) -> SourceShelf<'a> {
        self.shelf_until(source, MessageId(i64::MAX))
    }

    /// The resources of a source as they stood once a message had come, whatever came later.
    pub fn shelf_until<'a>(&'a self, source: &'a str, until: MessageId) -> SourceShelf<'a> {
        SourceShelf { intake: self, source, until, failed: RefCell::new(None) }
    }
}

impl SourceShelf<'_> {
    /// The newest version, and how many versions have come.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(&self, kind: &str, id: &str) -> Result<Option<Standing>, Error> {
        self.intake.readers.read(|connection| {
            let mut select = connection.prepare_cached(&one_version())?;
            let key = (self.source, kind, id, self.until.0);
            let mut rows = select.query(key)?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let (resource, revision) = (Arc::new(resource(row)?), row.get(8)?);
            Ok(Some(Standing { resource, revision }))
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

    fn look<P: rusqlite::Params>(&self, select: &str, params: P) -> Vec<Arc<Resource>> {
        let found = self.intake.readers.read(|connection| several(connection, select, params));
        found.unwrap_or_else(|error| {
            self.failed.borrow_mut().get_or_insert(error);
            Vec::new()
        })
    }

    fn version(&self, kind: &str, id: &str, until: MessageId) -> Option<Arc<Resource>> {
        self.look(&one_version(), (self.source, kind, id, until.0)).pop()
    }
}

fn one_version() -> String {
    format!(
        "SELECT {COLUMNS} FROM resource
         WHERE source = ?1 AND kind = ?2 AND id = ?3 AND message <= ?4
         ORDER BY number DESC LIMIT 1"
    )
}

fn several<P: rusqlite::Params>(
    connection: &Connection,
    select: &str,
    params: P,
) -> Result<Vec<Arc<Resource>>, Error> {
    let mut select = connection.prepare_cached(select)?;
    let mut rows = select.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Arc::new(resource(row)?));
    }
    Ok(found)
}

impl Shelf for SourceShelf<'_> {
    fn resource(&self, kind: &str, id: &str) -> Option<Arc<Resource>> {
        self.version(kind, id, self.until)
    }

    fn before(&self, kind: &str, id: &str, message: MessageId) -> Option<Arc<Resource>> {
        self.version(kind, id, MessageId(message.0.saturating_sub(1)))
    }

    fn identified(&self, kind: &str, system: &str, value: &str) -> Option<Arc<Resource>> {
        let select = format!(
            "SELECT {COLUMNS} FROM resource
             WHERE source = ?1 AND kind = ?2 AND message <= ?5 AND id IN
                (SELECT id FROM resource_identifier
                 WHERE source = ?1 AND kind = ?2 AND system = ?3 AND value = ?4)
             ORDER BY number DESC LIMIT 1"
        );
        self.look(&select, (self.source, kind, system, value, self.until.0)).pop()
    }

    fn identified_of(
        &self,
        whose: &str,
        kind: &str,
        system: &str,
        value: &str,
    ) -> Option<Arc<Resource>> {
        let select = format!(
            "SELECT {COLUMNS} FROM resource
             WHERE source = ?1 AND kind = ?2 AND message <= ?6 AND id IN
                (SELECT id FROM resource_identifier
                 WHERE source = ?1 AND kind = ?2 AND system = ?3 AND value = ?4 AND whose = ?5)
             ORDER BY number DESC LIMIT 1"
        );
        self.look(&select, (self.source, kind, system, value, whose, self.until.0)).pop()
    }

    fn referring(&self, kind: &str, id: &str) -> Vec<Arc<Resource>> {
        let select = format!(
            "SELECT {COLUMNS} FROM resource WHERE number IN
                (SELECT max(resource.number) FROM resource_reference AS it
                 JOIN resource USING (source, kind, id)
                 WHERE it.source = ?1 AND it.to_kind = ?2 AND it.to_id = ?3 AND message <= ?4
                 GROUP BY resource.kind, resource.id)
             ORDER BY number DESC LIMIT ?5"
        );
        let mut found = self.look(&select, (self.source, kind, id, self.until.0, REFERRING_MAX));
        found.reverse();
        found
    }

    fn told_by(&self, message: MessageId) -> Vec<Arc<Resource>> {
        let select = format!("SELECT {COLUMNS} FROM resource WHERE message = ?1 ORDER BY number");
        self.look(&select, [message.0])
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
        strange: row.get(7)?,
    })
}

/// Keeps what a message tells, in the transaction that keeps the message.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    source: &str,
    message: i64,
    told: &[NewResource],
) -> Result<(), Error> {
    for NewResource { resource: one, whose, identifiers, references } in told {
        let key = (source, &one.kind, &one.id);
        let mut older = transaction.prepare_cached(
            "SELECT revision FROM resource WHERE source = ?1 AND kind = ?2 AND id = ?3
             ORDER BY number DESC LIMIT 1",
        )?;
        let before: Option<i64> = older.query_row(key, |row| row.get(0)).optional()?;
        let mut insert = transaction.prepare_cached(
            "INSERT INTO resource
                (source, kind, id, message, version, revision, said_at, gone, body, strange)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
            &*one.body,
            &one.strange,
        ))?;
        let mut named = transaction.prepare_cached(
            "INSERT OR IGNORE INTO resource_identifier (source, kind, system, value, whose, id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (system, value) in identifiers {
            named.execute((source, &one.kind, system, value, whose, &one.id))?;
        }
        let mut refers = transaction.prepare_cached(
            "INSERT OR IGNORE INTO resource_reference (source, to_kind, to_id, kind, id)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (kind, id) in references {
            refers.execute((source, kind, id, &one.kind, &one.id))?;
        }
    }
    Ok(())
}

/// The body is a patient's.
impl std::fmt::Debug for NewResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "New{:?}", self.resource)
    }
}
