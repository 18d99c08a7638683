//! A folder and the files in it, on this machine or on an SFTP server, used in one way.
//!
//! **In:** a [`Place`] of the settings. **Out:** its files: listed, read while they are as they were
//! seen, written and synced, renamed.
//!
//! **Never:** puts a file over another unless it is told to, follows a link, waits without a limit,
//! or says in an error what a file is called. Keeps no key and believes no host by itself: that is
//! left to the machine's `ssh`, which is started for each connection.
//!
//! **Start at** [`Disk`]: each of its verbs is a few lines in `here` and in `sftp`. They block, and
//! are called where that keeps nobody else waiting.

mod error;
mod here;
mod sftp;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use crate::config::Place;
use here::Here;
use sftp::There;

pub use error::{Answer, Error};

/// The program that reaches an SFTP server.
pub const SSH: &str = "ssh";

/// A folder. What is cloned shares its connection.
#[derive(Debug, Clone)]
pub enum Disk {
    /// On this machine.
    Here(Here),
    /// On an SFTP server.
    There(There),
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: OsString,
    /// By what it is told whether it is as it was.
    pub stamp: Stamp,
    /// What it is.
    pub kind: Kind,
}

/// By what it is told whether a file is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which file it is, whatever it is called; an SFTP server does not tell.
    pub inode: Option<Inode>,
    /// How long it is.
    pub bytes: u64,
    /// When it was last written, in seconds.
    pub seconds: i64,
    /// And nanoseconds, where they are told.
    pub nanoseconds: i64,
}

/// The number of a file on its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inode {
    device: u64,
    /// The number.
    pub number: u64,
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A link, a pipe, a device.
    Strange,
}

impl Disk {
    /// A folder of the settings. Nothing is touched yet.
    pub fn of(place: &Place) -> Disk {
        match place {
            Place::Here(folder) => Disk::Here(Here::new(folder.clone())),
            Place::There(remote) => Disk::There(There::new(remote)),
        }
    }

    /// Makes sure that the folder is there: one that is gone tells nothing of what was in it.
    ///
    /// # Errors
    /// When it is not there, or cannot be reached.
    pub fn open(&self) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.open(),
            Disk::There(there) => there.open(),
        }
    }

    /// Ends the connection, if there is one; it is made anew when it is needed.
    pub fn close(&self) {
        match self {
            Disk::Here(_) => {}
            Disk::There(there) => there.close(),
        }
    }

    /// From now on a server is waited for no longer than this, whatever is asked of it.
    pub fn end_within(&self, left: Duration) {
        match self {
            Disk::Here(_) => {}
            Disk::There(there) => there.end_within(left),
        }
    }

    /// Whether what is written is known to be on the disk, and not only on its way there. Asked once
    /// something was written.
    pub fn syncs(&self) -> bool {
        match self {
            Disk::Here(_) => true,
            Disk::There(there) => there.syncs(),
        }
    }

    /// What is in the folder, in the order of names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut all = match self {
            Disk::Here(here) => here.list()?,
            Disk::There(there) => there.list()?,
        };
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// How files look now; `None` for each that is not there.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn stamps(&self, paths: &[PathBuf]) -> Result<Vec<Option<Stamp>>, Error> {
        match self {
            Disk::Here(here) => here.stamps(paths),
            Disk::There(there) => there.stamps(paths),
        }
    }

    /// Whether something is there.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn has(&self, path: &Path) -> Result<bool, Error> {
        let stamps = self.stamps(std::slice::from_ref(&path.to_owned()))?;
        Ok(stamps.iter().any(Option::is_some))
    }

    /// What a file holds, if it is still as it was seen. Its length was looked at before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &Path, stamp: Stamp) -> Result<Option<Bytes>, Error> {
        match self {
            Disk::Here(here) => here.read(path, stamp),
            Disk::There(there) => there.read(path, stamp),
        }
    }

    /// Whether a file holds just this.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn holds(&self, path: &Path, bytes: &[u8]) -> Result<bool, Error> {
        let stamps = self.stamps(std::slice::from_ref(&path.to_owned()))?;
        let alike = |stamp: &Stamp| usize::try_from(stamp.bytes) == Ok(bytes.len());
        match stamps.into_iter().flatten().find(alike) {
            Some(stamp) => Ok(self.read(path, stamp)?.is_some_and(|held| held == bytes)),
            None => Ok(false),
        }
    }

    /// Writes a file, whatever was there, and syncs it.
    ///
    /// # Errors
    /// When it cannot be written whole.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.write(path, bytes),
            Disk::There(there) => there.write(path, bytes),
        }
    }

    /// Gives a file another name that nothing has.
    ///
    /// # Errors
    /// [`Error::Taken`] when something has it.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.rename(from, to),
            Disk::There(there) => there.rename(from, to),
        }
    }

    /// Gives a file the name of another, which is gone then.
    ///
    /// # Errors
    /// When it is not done.
    pub fn replace(&self, from: &Path, to: &Path) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.replace(from, to),
            Disk::There(there) => there.replace(from, to),
        }
    }

    /// Takes a file away.
    ///
    /// # Errors
    /// When it is not there, or stays.
    pub fn remove(&self, path: &Path) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.remove(path),
            Disk::There(there) => there.remove(path),
        }
    }

    /// Makes a folder, unless it is there.
    ///
    /// # Errors
    /// When it is not there after that.
    pub fn make_folder(&self, path: &Path) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.make_folder(path),
            Disk::There(there) => there.make_folder(path),
        }
    }

    /// Brings the names in a folder onto the disk; a server cannot be asked to.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self, folder: &Path) -> Result<(), Error> {
        match self {
            Disk::Here(here) => here.sync(folder),
            Disk::There(_) => Ok(()),
        }
    }
}
