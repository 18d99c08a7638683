//! A file on its way into a folder: written aside, synced, and given its name in one step.

use std::path::{Path, PathBuf};

use super::NAME_PREFIX;
use crate::disk::{Disk, Error};

/// What ends the name of a file that is not there yet; it also begins with a dot.
const ASIDE: &str = ".tmp";

/// A file, there or not yet.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) disk: Disk,
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
}

/// Writes a file aside; it and its entry in the folder are synced when this returns.
pub(super) fn write_aside(file: &File, bytes: &[u8]) -> Result<(), Error> {
    file.disk.open()?;
    file.disk.write(Path::new(&file.aside()), bytes)?;
    file.disk.sync(Path::new(""))
}

/// Puts a file there that was written aside, if it is not there already.
pub(super) fn put(file: &File) -> Result<Stands, Error> {
    // A folder that is gone tells nothing of what was in it.
    file.disk.open()?;
    let (aside, path) = (PathBuf::from(file.aside()), PathBuf::from(&file.name));
    if file.disk.has(&aside)? {
        match file.disk.rename(&aside, &path) {
            Err(Error::Taken) if is_half_renamed(&file.disk, &aside, &path)? => {
                file.disk.remove(&aside)?;
            }
            renamed => renamed?,
        }
    } else if !file.disk.has(&path)? {
        return Ok(Stands::Nowhere);
    }
    file.disk.sync(Path::new(""))?;
    if let Some(ending) = &file.trigger {
        let path = PathBuf::from(format!("{}{ending}", file.name));
        if !file.disk.has(&path)? {
            file.disk.write(&path, b"")?;
            file.disk.sync(Path::new(""))?;
        }
    }
    Ok(Stands::There)
}

/// A server may rename by giving the new name first and taking the old one after that; cut between the
/// two, both names are of one file.
fn is_half_renamed(disk: &Disk, aside: &Path, path: &Path) -> Result<bool, Error> {
    let paths = [aside.to_owned(), path.to_owned()];
    let [Some(one), Some(other)] = disk.stamps(&paths)?[..] else { return Ok(false) };
    if one.bytes != other.bytes {
        return Ok(false);
    }
    let (one, other) = (disk.read(aside, one)?, disk.read(path, other)?);
    Ok(one.is_some() && one == other)
}

/// Throws away what was written aside, for its lines are not to leave like this.
pub(super) fn throw_away(file: &File) -> Result<(), Error> {
    file.disk.remove(Path::new(&file.aside()))
}

/// Throws away what was written aside and is on no book.
pub(super) fn clear(disk: &Disk, kept: &[String]) -> Result<(), Error> {
    disk.open()?;
    for entry in disk.list()? {
        let name = entry.name.to_string_lossy();
        let is_ours = name.starts_with(&format!(".{NAME_PREFIX}")) && name.ends_with(ASIDE);
        if is_ours && !kept.iter().any(|kept| *kept == name) {
            disk.remove(Path::new(&entry.name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use std::fs;

    fn file(folder: &Path) -> File {
        let disk = Disk::of(&Place::Here(folder.to_owned()));
        File { disk, name: "collimator-1.hl7".to_owned(), trigger: Some(".ok".into()) }
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
        let path = folder.path().join(&file.name);
        assert_eq!(put(&file).unwrap(), Stands::Nowhere);
        write_aside(&file, b"half").unwrap();
        write_aside(&file, b"whole").unwrap();
        assert_eq!(names(folder.path()), [".collimator-1.hl7.tmp"]);
        for _ in 0..2 {
            assert_eq!(put(&file).unwrap(), Stands::There);
            assert_eq!(names(folder.path()), ["collimator-1.hl7", "collimator-1.hl7.ok"]);
            assert_eq!(fs::read(&path).unwrap(), b"whole");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(put(&file).unwrap(), Stands::Nowhere, "somebody took it");
    }

    #[test]
    fn out_9_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let path = folder.path().join(&file.name);
        fs::write(&path, "a stranger's").unwrap();
        for ours in ["ours", "of the length"] {
            write_aside(&file, ours.as_bytes()).unwrap();
            assert!(matches!(put(&file), Err(Error::Taken)), "{ours}");
            assert_eq!(fs::read(&path).unwrap(), b"a stranger's");
        }
    }

    #[test]
    fn out_9_a_renaming_that_was_cut_in_the_middle_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        write_aside(&file, b"whole").unwrap();
        let aside = folder.path().join(file.aside());
        fs::hard_link(aside, folder.path().join(&file.name)).unwrap();
        assert_eq!(put(&file).unwrap(), Stands::There);
        assert_eq!(names(folder.path()), ["collimator-1.hl7", "collimator-1.hl7.ok"]);
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
        clear(&one.disk, &[other.aside()]).unwrap();
        assert_eq!(names(folder.path()), [".collimator-2.hl7.tmp", ".theirs.tmp"]);
        throw_away(&other).unwrap();
        assert_eq!(names(folder.path()), [".theirs.tmp"]);
        let gone = File { disk: Disk::of(&Place::Here("/nowhere/at/all".into())), ..one };
        assert!(put(&gone).is_err());
    }
}
