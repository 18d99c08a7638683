//! Only one daemon works in a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Error;
use super::database::folder_for_writing;

const LOCK_FILE: &str = "daemon.lock";

/// The right to run a daemon on a store; given back when dropped, or when the process ends in
/// whatever way. Commands that only ask or decide do without it.
#[derive(Debug)]
pub struct StoreLock {
    file: File,
}

impl StoreLock {
    /// Takes the folder, which is made if it is missing.
    pub fn take(folder: &Path) -> Result<StoreLock, Error> {
        folder_for_writing(folder)?;
        let path = folder.join(LOCK_FILE);
        let refuse = |error| Error::not_writable(folder.to_owned(), error);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => Ok(StoreLock { file }),
            Err(TryLockError::WouldBlock) => Err(Error::HeldByAnother { path }),
            Err(TryLockError::Error(error)) => Err(refuse(error)),
        }
    }
}

impl Drop for StoreLock {
    /// A program that is started in this very moment holds what is open here until it runs: the right is
    /// given back all the same.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the lock of a store goes with its file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = StoreLock::take(folder.path()).unwrap();
        let second = StoreLock::take(folder.path());
        assert!(matches!(second, Err(Error::HeldByAnother { .. })), "{second:?}");
        let _copy = first.file.try_clone().unwrap();
        drop(first);
        StoreLock::take(folder.path()).unwrap();
    }
}
