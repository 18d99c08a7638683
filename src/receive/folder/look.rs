//! What lies in a folder, and whether it lies still.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use tokio::time::Instant;

use crate::disk::{self, Disk, Entry, Error, Inode, Stamp};

/// Names that end like this are of files that are still being written, in any case of letters.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".partial", ".filepart"];
/// An empty file may be one that is about to be written; after this long it is one.
const EMPTY: Duration = Duration::from_secs(60);

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: OsString,
    pub(super) stamp: Stamp,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    /// Its name says that it is still being written.
    Unfinished,
    /// A folder: none of our business.
    Folder,
    /// A link, a pipe, a device.
    Strange,
}

/// How each file looked the last time.
#[derive(Debug, Default)]
pub(super) struct Looks {
    known: HashMap<OsString, Look>,
    unfinished: HashSet<Inode>,
    strange: HashSet<OsString>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    stamp: Stamp,
    since: Instant,
    failures: u32,
    not_before: Option<Instant>,
}

/// Everything in a folder, in the order of names.
pub(super) fn list(disk: &Disk) -> Result<Vec<Seen>, Error> {
    let all = disk.list()?.into_iter();
    let seen =
        all.map(|Entry { name, stamp, kind }| Seen { kind: self::kind(&name, kind), stamp, name });
    Ok(seen.collect())
}

impl Seen {
    /// Whether it is the file of this name, as it was.
    pub(super) fn is(&self, name: &OsStr, stamp: &Stamp) -> bool {
        self.name == name && self.stamp == *stamp
    }

    /// Its number, where it has one that is told.
    pub(super) fn inode(&self) -> Option<u64> {
        self.stamp.inode.map(|inode| inode.number)
    }
}

impl Looks {
    /// Files that lie still: as they were at the last look, or known under a name that said that
    /// they were being written, which they no longer have.
    pub(super) fn ready(&mut self, seen: &[Seen], now: Instant) -> Vec<Seen> {
        let of_kind = |kind: Kind| seen.iter().filter(move |it| it.kind == kind);
        let mut known = HashMap::new();
        let mut ready = Vec::new();
        for file in of_kind(Kind::File) {
            let before = self.known.get(&file.name).filter(|look| look.stamp == file.stamp);
            let look = before.copied().unwrap_or(Look::new(file.stamp, now));
            let renamed = file.stamp.inode.is_some_and(|inode| self.unfinished.contains(&inode));
            let waits = look.not_before.is_some_and(|until| now < until);
            let empty = file.stamp.bytes == 0 && now.duration_since(look.since) < EMPTY;
            if (before.is_some() || renamed) && !waits && !empty {
                ready.push(file.clone());
            }
            known.insert(file.name.clone(), look);
        }
        self.known = known;
        self.unfinished = of_kind(Kind::Unfinished).filter_map(|it| it.stamp.inode).collect();
        ready
    }

    /// It is taken.
    pub(super) fn forget(&mut self, file: &Seen) {
        self.known.remove(&file.name);
    }

    /// It could not be taken; how often by now. `rest` says how long it is left alone.
    pub(super) fn later(&mut self, file: &Seen, rest: impl FnOnce(u32) -> Duration) -> u32 {
        let now = Instant::now();
        let look = self.known.entry(file.name.clone()).or_insert(Look::new(file.stamp, now));
        look.failures += 1;
        look.not_before = Some(now + rest(look.failures));
        look.failures
    }

    /// What is no file and no folder, and was not there at the last look.
    pub(super) fn new_strange(&mut self, seen: &[Seen]) -> Vec<Seen> {
        let strange = seen.iter().filter(|it| it.kind == Kind::Strange);
        let now: Vec<Seen> = strange.cloned().collect();
        let names = now.iter().map(|it| it.name.clone()).collect();
        let before = std::mem::replace(&mut self.strange, names);
        now.into_iter().filter(|it| !before.contains(&it.name)).collect()
    }
}

impl Look {
    fn new(stamp: Stamp, since: Instant) -> Look {
        Look { stamp, since, failures: 0, not_before: None }
    }
}

fn kind(name: &OsStr, is: disk::Kind) -> Kind {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let unfinished =
        name.starts_with('.') || UNFINISHED.iter().any(|ending| name.ends_with(ending));
    match (is, unfinished) {
        (disk::Kind::Folder, _) => Kind::Folder,
        (disk::Kind::File, true) => Kind::Unfinished,
        (disk::Kind::File, false) => Kind::File,
        (disk::Kind::Strange, _) => Kind::Strange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use std::fs;
    use std::path::Path;

    fn list(folder: &Path) -> Result<Vec<Seen>, Error> {
        super::list(&disk(folder))
    }

    fn disk(folder: &Path) -> Disk {
        Disk::of(&Place::Here(folder.to_owned()))
    }

    fn names(ready: &[Seen]) -> Vec<String> {
        ready.iter().map(|it| it.name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn case_33_a_file_is_taken_only_once_it_lies_still() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut looks = Looks::default();
        let mut look = || names(&looks.ready(&list(folder.path()).unwrap(), Instant::now()));
        fs::write(path("b.hl7"), "MSH").unwrap();
        fs::write(path("a.hl7.part"), "MSH").unwrap();
        fs::write(path("C.TMP"), "MSH").unwrap();
        fs::write(path(".hidden.hl7"), "MSH").unwrap();
        fs::write(path("empty.hl7"), "").unwrap();
        fs::create_dir(path("done")).unwrap();
        assert!(look().is_empty(), "seen for the first time");
        assert_eq!(look(), ["b.hl7"]);
        fs::write(path("b.hl7"), "MSH|").unwrap();
        assert!(look().is_empty(), "it grew");
        fs::rename(path("a.hl7.part"), path("a.hl7")).unwrap();
        assert_eq!(look(), ["a.hl7", "b.hl7"], "one was renamed, so its writer is done");
        fs::rename(path(".hidden.hl7"), path("shown.hl7")).unwrap();
        fs::write(path("b.hl7"), "MSH?").unwrap();
        let other = list(folder.path()).unwrap();
        assert!(!names(&looks.ready(&other, Instant::now())).contains(&"b.hl7".to_owned()));
        let late = Instant::now() + EMPTY;
        assert!(names(&looks.ready(&other, late)).contains(&"empty.hl7".to_owned()));
    }

    #[test]
    fn what_fails_is_left_alone_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "MSH").unwrap();
        let mut looks = Looks::default();
        let seen = list(folder.path()).unwrap();
        looks.ready(&seen, Instant::now());
        let ready = looks.ready(&seen, Instant::now());
        assert_eq!(looks.later(&ready[0], |_| Duration::from_secs(60)), 1);
        assert!(looks.ready(&seen, Instant::now()).is_empty());
        let later = Instant::now() + Duration::from_secs(61);
        assert_eq!(names(&looks.ready(&seen, later)), ["a"]);
        assert_eq!(looks.later(&ready[0], |_| Duration::ZERO), 2);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "MSH").unwrap();
        std::os::unix::fs::symlink(path("a"), path("link")).unwrap();
        let seen = list(folder.path()).unwrap();
        let mut looks = Looks::default();
        assert_eq!(names(&looks.new_strange(&seen)), ["link"]);
        assert!(looks.new_strange(&seen).is_empty(), "once is enough");
        looks.ready(&seen, Instant::now());
        assert_eq!(names(&looks.ready(&seen, Instant::now())), ["a"]);
        let read = |name: &str| disk(folder.path()).read(Path::new(name), seen[0].stamp);
        assert!(read("link").is_err());
        assert_eq!(read("a").unwrap().unwrap(), "MSH");
        fs::write(path("a"), "MSH|").unwrap();
        assert_eq!(read("a").unwrap(), None);
    }
}
