//! A folder on this machine.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{Entry, Error, Inode, Kind, Stamp};

/// A folder on this machine.
#[derive(Debug, Clone)]
pub struct Here {
    folder: PathBuf,
}

impl Here {
    pub(super) fn new(folder: PathBuf) -> Here {
        Here { folder }
    }

    pub(super) fn open(&self) -> Result<(), Error> {
        fs::metadata(&self.folder)?;
        Ok(())
    }

    pub(super) fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // What is gone by now was not for us.
            let Ok(metadata) = fs::symlink_metadata(entry.path()) else { continue };
            let (stamp, kind) = (stamp(&metadata), kind(&metadata));
            all.push(Entry { name: entry.file_name(), stamp, kind });
        }
        Ok(all)
    }

    pub(super) fn stamps(&self, paths: &[PathBuf]) -> Result<Vec<Option<Stamp>>, Error> {
        let look = |path: &PathBuf| match fs::symlink_metadata(self.folder.join(path)) {
            Ok(metadata) => Ok(Some(stamp(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Disk(error)),
        };
        paths.iter().map(look).collect()
    }

    pub(super) fn read(&self, path: &Path, seen: Stamp) -> Result<Option<Bytes>, Error> {
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
        let path = self.folder.join(path);
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let as_seen = |file: &File| file.metadata().map(|now| stamp(&now) == seen);
        if !as_seen(&file)? {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(seen.bytes).unwrap_or(0));
        Read::by_ref(&mut file).take(seen.bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        let is_whole = u64::try_from(bytes.len()) == Ok(seen.bytes);
        Ok((is_whole && as_seen(&file)?).then(|| bytes.into()))
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o640);
        let mut file = open.open(self.folder.join(path))?;
        file.write_all(bytes)?;
        Ok(file.sync_all()?)
    }

    /// Never over a file that is there, also where the file system cannot promise it by itself.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let (from, to) = (self.folder.join(from), self.folder.join(to));
        match renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => Err(Error::Taken),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                if fs::symlink_metadata(&to).is_ok() {
                    return Err(Error::Taken);
                }
                Ok(fs::rename(from, to)?)
            }
            done => Ok(done.map_err(io::Error::from)?),
        }
    }

    pub(super) fn replace(&self, from: &Path, to: &Path) -> Result<(), Error> {
        Ok(fs::rename(self.folder.join(from), self.folder.join(to))?)
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), Error> {
        Ok(fs::remove_file(self.folder.join(path))?)
    }

    pub(super) fn make_folder(&self, path: &Path) -> Result<(), Error> {
        match DirBuilder::new().mode(0o750).create(self.folder.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(super) fn sync(&self, folder: &Path) -> Result<(), Error> {
        Ok(File::open(self.folder.join(folder))?.sync_all()?)
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        inode: Some(Inode { device: metadata.dev(), number: metadata.ino() }),
        bytes: metadata.len(),
        seconds: metadata.mtime(),
        nanoseconds: metadata.mtime_nsec(),
    }
}

fn kind(metadata: &Metadata) -> Kind {
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Kind::File,
        (false, true) => Kind::Folder,
        (false, false) => Kind::Strange,
    }
}
