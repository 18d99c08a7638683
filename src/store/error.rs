//! What can go wrong between the house and its disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::domain::Retry;

/// A fault of the disk, or of the database on it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Another daemon works in the folder.
    #[error("another daemon holds the store in {}", path.display())]
    HeldByAnother {
        /// The lock file.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be written.
    #[error("cannot write to the store in {}", path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A file of the store cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// The file system cannot keep what we promise.
    #[error("{} lies on a file system without shared memory, such as a network share", path.display())]
    UnsoundDisk {
        /// The file.
        path: PathBuf,
    },
    /// The store was written by a later version of this program.
    #[error("{} has format {found}, and this program knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// No room is left; nothing of this was kept.
    #[error("the disk of the store is full")]
    DiskFull,
    /// The database has become read-only.
    #[error("the store can no longer be written")]
    ReadOnly(#[source] Cause),
    /// Another process held the database for longer than we wait; nothing of this was kept.
    #[error("another process keeps the store busy")]
    Busy,
    /// The disk failed while a commit was under way: it may or may not have been kept.
    #[error("the disk failed during a commit")]
    Commit(#[source] Cause),
    /// The database refused a statement.
    #[error("the database failed")]
    Database(#[source] Cause),
    /// What stands in the store cannot be read back.
    #[error("the store holds {what} that this program cannot read")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// What is wrong with it; `None` where it is missing or out of range.
        source: Option<Arc<serde_json::Error>>,
    },
    /// The store is closing, or its writer is gone.
    #[error("the store is closed")]
    Closed,
}

/// What the database said.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Cause(Arc<rusqlite::Error>);

impl Error {
    /// What may be done about it.
    pub fn retry(&self) -> Retry {
        match self {
            Error::HeldByAnother { .. } | Error::DiskFull | Error::Busy | Error::ReadOnly(_) => {
                Retry::Later
            }
            Error::Commit(_) => Retry::Unknown,
            Error::NotWritable { .. }
            | Error::Open { .. }
            | Error::UnsoundDisk { .. }
            | Error::Newer { .. }
            | Error::Database(_)
            | Error::Unreadable { .. }
            | Error::Closed => Retry::Never,
        }
    }

    /// A text in the store is not what we once wrote there.
    pub(super) fn unreadable(what: &'static str) -> Error {
        Error::Unreadable { what, source: None }
    }

    /// A commit that failed: provably nothing happened only where the database says so.
    pub(super) fn of_commit(error: rusqlite::Error) -> Error {
        match Error::from(error) {
            Error::Database(cause) => Error::Commit(cause),
            other @ (Error::HeldByAnother { .. }
            | Error::NotWritable { .. }
            | Error::Open { .. }
            | Error::UnsoundDisk { .. }
            | Error::Newer { .. }
            | Error::DiskFull
            | Error::ReadOnly(_)
            | Error::Busy
            | Error::Commit(_)
            | Error::Unreadable { .. }
            | Error::Closed) => other,
        }
    }

    /// A folder or file that the system does not let us write.
    pub(super) fn not_writable(path: PathBuf, error: io::Error) -> Error {
        Error::NotWritable { path, source: Arc::new(error) }
    }
}

/// The shared-memory file could not be made longer: the disk is full, under another name.
const IOERR_SHMSIZE: i32 = 10 | (19 << 8);

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let inner = error.sqlite_error().map(|inner| (inner.code, inner.extended_code));
        match inner {
            Some((ErrorCode::DiskFull, _)) | Some((_, IOERR_SHMSIZE)) => Error::DiskFull,
            Some((ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _)) => Error::Busy,
            Some((ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _)) => {
                Error::ReadOnly(Cause(Arc::new(error)))
            }
            Some(_) | None => Error::Database(Cause(Arc::new(error))),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        Error::Unreadable { what: "a value", source: Some(Arc::new(error)) }
    }
}
