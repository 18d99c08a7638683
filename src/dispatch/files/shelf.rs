//! A file on its way into a folder: written aside, synced, and given its name in one step.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::NAME_PREFIX;

/// What ends the name of a file that is not there yet; it also begins with a dot.
const ASIDE: &str = ".tmp";

/// A file, there or not yet.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    /// What ends the name of the empty file that says that this one is whole.
    pub(super) trigger: Option<String>,
}

/// Where a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is there under its name, and synced.
    There,
    /// It waits no longer, and is not there: it was taken, or it is lost.
    Nowhere,
}

impl File {
    /// Its name while it is not there yet.
    pub(super) fn aside(&self) -> String {
        format!(".{}{ASIDE}", self.name)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }
}

/// Writes a file aside; it and its entry in the folder are synced when this returns.
pub(super) fn write_aside(file: &File, bytes: &[u8]) -> io::Result<()> {
    let aside = file.folder.join(file.aside());
    let mut open =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(aside)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    sync(&file.folder)
}

/// Puts a file there that was written aside, if it is not there already.
pub(super) fn put(file: &File) -> io::Result<Stands> {
    // A folder that is gone tells nothing of what was in it.
    fs::metadata(&file.folder)?;
    let aside = file.folder.join(file.aside());
    if is_there(&aside)? {
        rename(&aside, &file.path())?;
    } else if !is_there(&file.path())? {
        return Ok(Stands::Nowhere);
    }
    sync(&file.folder)?;
    if let Some(ending) = &file.trigger {
        let path = file.folder.join(format!("{}{ending}", file.name));
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(path)?;
        sync(&file.folder)?;
    }
    Ok(Stands::There)
}

/// Throws away what was written aside, for its lines are not to leave like this.
pub(super) fn throw_away(file: &File) -> io::Result<()> {
    fs::remove_file(file.folder.join(file.aside()))
}

/// Throws away what was written aside and is on no book.
pub(super) fn clear(folder: &Path, kept: &[String]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_ours = name.starts_with(&format!(".{NAME_PREFIX}")) && name.ends_with(ASIDE);
        if is_ours && !kept.contains(&name) {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// Never over a file that is there, also where the file system cannot promise it by itself.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if !is_there(to)? => {
            fs::rename(from, to)
        }
        done => done.map_err(io::Error::from),
    }
}

fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> File {
        let (folder, name) = (folder.to_owned(), "collimator-1.hl7".to_owned());
        File { folder, name, trigger: Some(".ok".into()) }
    }

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn out_9_a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(put(&file).unwrap(), Stands::Nowhere);
        write_aside(&file, b"half").unwrap();
        write_aside(&file, b"whole").unwrap();
        assert_eq!(names(folder.path()), [".collimator-1.hl7.tmp"]);
        for _ in 0..2 {
            assert_eq!(put(&file).unwrap(), Stands::There);
            assert_eq!(names(folder.path()), ["collimator-1.hl7", "collimator-1.hl7.ok"]);
            assert_eq!(fs::read(file.path()).unwrap(), b"whole");
        }
        fs::remove_file(file.path()).unwrap();
        assert_eq!(put(&file).unwrap(), Stands::Nowhere, "somebody took it");
    }

    #[test]
    fn out_9_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        fs::write(file.path(), "a stranger's").unwrap();
        write_aside(&file, b"ours").unwrap();
        assert!(put(&file).is_err());
        assert_eq!(fs::read(file.path()).unwrap(), b"a stranger's");
    }

    #[test]
    fn what_is_on_no_book_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path());
        let other = File { name: "collimator-2.hl7".into(), ..one.clone() };
        for file in [&one, &other] {
            write_aside(file, b"x").unwrap();
        }
        fs::write(folder.path().join(".theirs.tmp"), "x").unwrap();
        clear(folder.path(), &[other.aside()]).unwrap();
        assert_eq!(names(folder.path()), [".collimator-2.hl7.tmp", ".theirs.tmp"]);
        throw_away(&other).unwrap();
        assert_eq!(names(folder.path()), [".theirs.tmp"]);
        let gone = File { folder: "/nowhere/at/all".into(), ..one };
        assert!(put(&gone).is_err());
    }
}
