//! A folder on an SFTP server.
//!
//! `ssh` of this machine makes the connection (`ssh`), the protocol is spoken here (`packet`,
//! `session`): of two libraries for it, one renames over files that are there and believes whatever
//! length a server tells, and the other takes its handles and names for text.

mod packet;
mod session;
mod ssh;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Entry, Error, Kind, Stamp};
use crate::config::Remote;
use packet::{Named, Request};
use session::{End, Session};

/// A folder on an SFTP server. What is cloned shares its connection.
#[derive(Debug, Clone)]
pub struct There {
    remote: Arc<Remote>,
    end: End,
    line: Arc<Mutex<Line>>,
}

/// The connection, while there is one.
#[derive(Debug, Default)]
struct Line {
    session: Option<Session>,
    syncs: bool,
}

impl There {
    pub(super) fn new(remote: &Remote) -> There {
        let (end, line) = (Arc::new(OnceLock::new()), Arc::default());
        There { remote: Arc::new(remote.clone()), end, line }
    }

    /// A connection that has ended since it was last used is made anew, and nobody hears of it.
    pub(super) fn open(&self) -> Result<(), Error> {
        let look = |session: &mut Session| {
            session.ask(&Request::LookBehind(self.remote.path.as_bytes()))?.looks()
        };
        let was_open = self.line().session.is_some();
        let looks = match self.over(look) {
            Err(Error::Ended) if was_open => self.over(look)?,
            looks => looks?,
        };
        if looks.kind.is_none_or(|kind| kind == Kind::Folder) {
            Ok(())
        } else {
            Err(Error::NoFolder)
        }
    }

    pub(super) fn close(&self) {
        let session = self.line().session.take();
        if let Some(session) = session {
            session.close();
        }
    }

    pub(super) fn end_within(&self, left: Duration) {
        // The first end stands.
        let _end = self.end.get_or_init(|| Instant::now() + left);
    }

    pub(super) fn syncs(&self) -> bool {
        self.line().syncs
    }

    pub(super) fn list(&self) -> Result<Vec<Entry>, Error> {
        let named = self.over(|session| session.list(self.remote.path.as_bytes()))?;
        Ok(named.into_iter().filter_map(entry).collect())
    }

    pub(super) fn stamps(&self, paths: &[PathBuf]) -> Result<Vec<Option<Stamp>>, Error> {
        let paths: Vec<Vec<u8>> = paths.iter().map(|path| self.path(path)).collect();
        self.over(|session| session.stamps(&paths))
    }

    pub(super) fn read(&self, path: &Path, seen: Stamp) -> Result<Option<Bytes>, Error> {
        let path = self.path(path);
        Ok(self.over(|session| session.read(&path, seen))?.map(Bytes::from))
    }

    /// Made anew and never written over: whoever still has the old one open writes into that.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(path);
        self.over(|session| {
            clear(session, &path)?;
            session.make(&path, bytes)
        })
    }

    /// By the plain renaming of the protocol, which is none over another file; and since some servers
    /// take that lightly, it is looked before.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let (from, to) = (self.path(from), self.path(to));
        self.over(|session| {
            if is_there(session, &to)? {
                return Err(Error::Taken);
            }
            let renamed = session.done(&Request::Rename { from: &from, to: &to });
            match renamed {
                Err(Error::Refused(_)) if is_there(session, &to)? => Err(Error::Taken),
                renamed => renamed,
            }
        })
    }

    pub(super) fn replace(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let (from, to) = (self.path(from), self.path(to));
        self.over(|session| {
            clear(session, &to)?;
            session.done(&Request::Rename { from: &from, to: &to })
        })
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        let path = self.path(path);
        self.over(|session| session.done(&Request::Remove(&path)))
    }

    pub(super) fn make_folder(&self, path: &Path) -> Result<(), Error> {
        let path = self.path(path);
        self.over(|session| {
            if is_there(session, &path)? {
                Ok(())
            } else {
                session.done(&Request::MakeFolder(&path))
            }
        })
    }

    /// Does something over the connection, which is made if there is none, and given up when it is
    /// of no more use.
    fn over<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Error>) -> Result<T, Error> {
        let mut line = self.line();
        let mut session = match line.session.take() {
            Some(session) => session,
            None => {
                let session = Session::start(ssh::command(&self.remote), Arc::clone(&self.end))?;
                line.syncs = session.syncs;
                session
            }
        };
        let worked = work(&mut session);
        if !worked.as_ref().is_err_and(Error::is_of_the_folder) {
            line.session = Some(session);
        }
        worked
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path within the folder as the server has it.
    fn path(&self, within: &Path) -> Vec<u8> {
        let mut path = self.remote.path.clone().into_bytes();
        path.push(b'/');
        path.extend_from_slice(within.as_os_str().as_bytes());
        path
    }
}

/// What a server lists, if it is something within the folder.
fn entry(named: Named) -> Option<Entry> {
    let is_within = !matches!(named.name.as_slice(), b"" | b"." | b"..")
        && !named.name.iter().any(|byte| matches!(byte, b'/' | 0));
    let stamp = named.looks.stamp();
    let kind = match (named.looks.kind, named.looks.bytes) {
        // A file whose length is not told cannot be known to be whole.
        (Some(Kind::File) | None, None) => Kind::Strange,
        (kind, _) => kind.unwrap_or(Kind::File),
    };
    is_within.then(|| Entry { name: OsString::from_vec(named.name), stamp, kind })
}

fn is_there(session: &mut Session, path: &[u8]) -> Result<bool, Error> {
    Ok(session.stamps(&[path.to_vec()])?.iter().any(Option::is_some))
}

/// Takes away what has a name, if anything has.
fn clear(session: &mut Session, path: &[u8]) -> Result<(), Error> {
    if is_there(session, path)? { session.done(&Request::Remove(path)) } else { Ok(()) }
}
