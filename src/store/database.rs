//! Opens databases: where they lie, what they promise, which format they have.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::Error;

/// How long a writer waits for another process, and a reader for a moment without a checkpoint.
pub(super) const BUSY_SECONDS_MAX: u64 = 10;
/// Compiled statements kept for each connection.
const STATEMENTS_MAX: usize = 128;

/// The write-ahead file is made this small again when it starts anew.
const WAL_KEPT_BYTES_MAX: i64 = 16 << 20;

/// A database of the store, and its forward-only formats: the n-th script leads to format n.
#[derive(Debug)]
pub(super) struct Format {
    /// File name within the folder.
    pub(super) file: &'static str,
    /// The scripts, oldest first; never edited once released.
    pub(super) migrations: &'static [&'static str],
    /// Bytes of a page; fixed when the file is made.
    pub(super) page_bytes: u32,
    /// Pages in the write-ahead file after which the writer takes them home.
    pub(super) checkpoint_pages: u32,
}

/// Where a database lies.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In a file.
    File(PathBuf),
    /// In memory, shared by the connections of this process that know its number.
    Memory(u64),
}

/// Makes the folder if it is missing, for nobody else's eyes.
pub(super) fn folder_for_writing(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder).and_then(|()| sync_parent(folder));
    made.map_err(|error| Error::not_writable(folder.to_owned(), error))
}

/// A folder is there for certain once its parent is on disk.
fn sync_parent(folder: &Path) -> std::io::Result<()> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Pages that the writer keeps in memory, in KiB.
const CACHE_KIB_MAX: i64 = 16_384;

impl Place {
    /// A place in memory that nobody else knows.
    pub(super) fn memory() -> Place {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Place::Memory(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A connection that may write; makes the database, and brings it to the newest format.
    pub(super) fn open_for_writing(&self, format: &Format) -> Result<Connection, Error> {
        let refuse = |error| self.refusal(error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = self.connect(flags).map_err(refuse)?;
        connection.pragma_update(None, "page_size", format.page_bytes).map_err(refuse)?;
        self.write_ahead(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(refuse)?;
        connection.pragma_update(None, "wal_autocheckpoint", format.checkpoint_pages)?;
        connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES_MAX)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB_MAX)?;
        self.migrate(&mut connection, format)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn open_for_reading(&self) -> Result<Connection, Error> {
        let connection =
            self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| self.refusal(error))?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Bytes of the write-ahead file.
    pub(super) fn wal_bytes(&self) -> u64 {
        match self {
            Place::File(path) => {
                let mut name = path.clone().into_os_string();
                name.push("-wal");
                fs::metadata(name).map_or(0, |it| it.len())
            }
            Place::Memory(_) => 0,
        }
    }

    fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Place::File(path) => Connection::open_with_flags(path, flags)?,
            Place::Memory(number) => Connection::open_with_flags(
                format!("file:/collimator-{number}?vfs=memdb"),
                flags | OpenFlags::SQLITE_OPEN_URI,
            )?,
        };
        connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Without this, statements that meet a partial index are compiled anew at each new value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // What a savepoint may have to undo stays in memory.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    fn write_ahead(&self, connection: &Connection) -> Result<(), Error> {
        let mode: String = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(|error| self.refusal(error))?;
        match self {
            Place::File(path) if mode != "wal" => Err(Error::UnsoundDisk { path: path.clone() }),
            Place::File(_) | Place::Memory(_) => Ok(()),
        }
    }

    fn migrate(&self, connection: &mut Connection, format: &Format) -> Result<(), Error> {
        let known = i64::try_from(format.migrations.len()).unwrap_or(i64::MAX);
        if version(connection)? == known {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > known {
            return Err(Error::Newer { path: self.path(), found, known });
        }
        let done = usize::try_from(found).unwrap_or(0);
        for script in format.migrations.iter().skip(done) {
            transaction.execute_batch(script)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit().map_err(Error::of_commit)
    }

    fn path(&self) -> PathBuf {
        match self {
            Place::File(path) => path.clone(),
            Place::Memory(_) => PathBuf::from("(memory)"),
        }
    }

    /// What does not open or does not let itself be written is named by its folder.
    fn refusal(&self, error: rusqlite::Error) -> Error {
        let path = self.path();
        match Error::from(error) {
            Error::ReadOnly(cause) => {
                let folder = path.parent().unwrap_or(&path).to_owned();
                Error::not_writable(folder, std::io::Error::other(cause))
            }
            Error::Database(source) => Error::Open { path, source },
            other @ (Error::HeldByAnother { .. }
            | Error::NotWritable { .. }
            | Error::Open { .. }
            | Error::UnsoundDisk { .. }
            | Error::Newer { .. }
            | Error::DiskFull
            | Error::Busy
            | Error::Commit(_)
            | Error::Unreadable { .. }
            | Error::Closed) => other,
        }
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
