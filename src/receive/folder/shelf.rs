//! Where files go once they are taken: `done/`, and `refused/` with the reason beside it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::told::{Aside, Told};
use crate::disk::{Disk, Error, Stamp};

const DONE: &str = "done";
const REFUSED: &str = "refused";
/// What is written aside is called so until it is whole.
const UNFINISHED: &str = ".collimator.part";
/// So long it is noticed if somebody still writes into a file that was taken.
const RESTS: Duration = Duration::from_secs(60);
/// So many files are watched at most.
const RESTING_MAX: usize = 10_000;
/// So many files of one name are told apart.
const NAMESAKES_MAX: u32 = 1_000_000;

/// A file that was moved a moment ago.
#[derive(Debug, Clone)]
pub(super) struct Resting {
    name: OsString,
    path: PathBuf,
    stamp: Stamp,
    since: Instant,
}

/// Makes the folders within a folder that is there.
pub(super) fn make(disk: &Disk) -> Result<(), Error> {
    disk.open()?;
    [DONE, REFUSED].iter().try_for_each(|name| disk.make_folder(Path::new(name)))
}

/// Sets aside what was refused, then moves the file: everything on disk in this order.
pub(super) fn put_away(
    disk: &Disk,
    (name, stamp): (&OsStr, Stamp),
    told: &Told,
) -> Result<Resting, Error> {
    let (done, refused) = (Path::new(DONE), Path::new(REFUSED));
    let is_refused = told.aside.iter().any(|aside| aside.number.is_none());
    let home = if is_refused { refused } else { done };
    let path = free(disk, home, name)?;
    for aside in &told.aside {
        match aside.number {
            Some(number) => set_aside(disk, &part(name, number), aside)?,
            None => write_anew(disk, &with(&path, ".why"), &line(&aside.why))?,
        }
    }
    if !told.miscounts.is_empty() {
        write_anew(disk, &with(&path, ".note"), &line(&told.miscounts.join("\n")))?;
    }
    disk.rename(Path::new(name), &path)?;
    let now = disk.stamps(std::slice::from_ref(&path))?.into_iter().flatten().next();
    let stamp = now.map_or(stamp, |now| at_rest(stamp, now));
    for folder in [refused, home, Path::new("")] {
        disk.sync(folder)?;
    }
    Ok(Resting { name: name.to_owned(), path, stamp, since: Instant::now() })
}

/// How a file looks once it has moved. A server may say that it was written when it was moved; then only
/// its length shows whether it was written into before that.
fn at_rest(read: Stamp, now: Stamp) -> Stamp {
    if read.inode.is_none() && read.bytes == now.bytes { now } else { read }
}

/// Puts back what somebody still wrote into; gives what is to be watched further, and how many
/// files were put back.
pub(super) fn look_after(
    resting: Vec<Resting>,
    disk: &Disk,
) -> Result<(Vec<Resting>, usize), Error> {
    let (mut further, mut woken) = (Vec::new(), 0);
    let paths: Vec<PathBuf> = resting.iter().map(|rests| rests.path.clone()).collect();
    for (rests, now) in resting.into_iter().zip(disk.stamps(&paths)?) {
        // Somebody took it away: that is theirs to do.
        let Some(now) = now else { continue };
        if now != rests.stamp {
            let back = free(disk, Path::new(""), &rests.name)
                .and_then(|path| disk.rename(&rests.path, &path));
            match back {
                Ok(()) => woken += 1,
                Err(error) if error.is_of_the_folder() => return Err(error),
                // It is refused of this one file: what else lies there goes on.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "a file that was written into stays in done/: look at it"
                    );
                }
            }
        } else if rests.since.elapsed() < RESTS && further.len() < RESTING_MAX {
            further.push(rests);
        }
    }
    Ok((further, woken))
}

/// A message and its reason; nothing new if they lie there already.
fn set_aside(disk: &Disk, name: &OsStr, aside: &Aside) -> Result<(), Error> {
    let refused = Path::new(REFUSED);
    let path = refused.join(name);
    let known = disk.holds(&path, &aside.bytes)?;
    let path = if known { path } else { free(disk, refused, name)? };
    write_anew(disk, &with(&path, ".why"), &line(&aside.why))?;
    if known { Ok(()) } else { write_anew(disk, &path, &aside.bytes) }
}

/// Written under another name first, so that nobody sees half of it.
fn write_anew(disk: &Disk, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let aside = path.with_file_name(UNFINISHED);
    disk.write(&aside, bytes)?;
    disk.replace(&aside, path)
}

/// A path in a folder that nothing has: the name, or the name and a number.
fn free(disk: &Disk, folder: &Path, name: &OsStr) -> Result<PathBuf, Error> {
    let names = (2..NAMESAKES_MAX).map(|number| part_of(name, &format!("-{number}")));
    for name in std::iter::once(name.to_owned()).chain(names) {
        let path = folder.join(name);
        if !disk.has(&path)? {
            return Ok(path);
        }
    }
    Err(Error::Taken)
}

/// The name of a message of a file: `charges.hl7` is taken apart into `charges.3.hl7`.
fn part(name: &OsStr, number: usize) -> OsString {
    part_of(name, &format!(".{number}"))
}

fn part_of(name: &OsStr, what: &str) -> OsString {
    let path = Path::new(name);
    let mut made = path.file_stem().unwrap_or(name).to_owned();
    made.push(what);
    if let Some(ending) = path.extension() {
        made.push(".");
        made.push(ending);
    }
    made
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut made = path.as_os_str().to_owned();
    made.push(ending);
    made.into()
}

fn line(text: &str) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;
    use std::fs;

    fn disk(folder: &Path) -> Disk {
        Disk::of(&Place::Here(folder.to_owned()))
    }

    fn told(aside: &[(Option<usize>, &'static str)]) -> Told {
        let aside = aside.iter().map(|(number, bytes)| Aside {
            number: *number,
            bytes: bytes.as_bytes().into(),
            why: "no code".into(),
        });
        Told { aside: aside.collect(), ..Told::default() }
    }

    fn dropped(folder: &Path, name: &str, text: &str) -> Stamp {
        fs::write(folder.join(name), text).unwrap();
        disk(folder).stamps(&[name.into()]).unwrap()[0].unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn case_34_only_what_is_refused_is_set_aside_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        make(&disk(folder)).unwrap();
        make(&disk(folder)).unwrap();
        let put = |text: &str, aside: &[_]| {
            let stamp = dropped(folder, "a.hl7", text);
            put_away(&disk(folder), (OsStr::new("a.hl7"), stamp), &told(aside)).unwrap()
        };
        put("1", &[(Some(2), "bad")]);
        assert_eq!(names(folder), ["done", "refused"]);
        assert_eq!(names(&folder.join(DONE)), ["a.hl7"]);
        assert_eq!(names(&folder.join(REFUSED)), ["a.2.hl7", "a.2.hl7.why"]);
        assert_eq!(fs::read(folder.join("refused/a.2.hl7.why")).unwrap(), b"no code\n");
        put("2", &[(Some(2), "bad")]);
        assert_eq!(names(&folder.join(DONE)), ["a-2.hl7", "a.hl7"]);
        assert_eq!(names(&folder.join(REFUSED)).len(), 2, "the same is not set aside twice");
        put("3", &[(Some(2), "worse")]);
        let expected = ["a.2-2.hl7", "a.2-2.hl7.why", "a.2.hl7", "a.2.hl7.why"];
        assert_eq!(names(&folder.join(REFUSED)), expected);
        put("4", &[(None, "")]);
        assert!(names(&folder.join(REFUSED)).contains(&"a.hl7.why".to_owned()));
        assert_eq!(fs::read(folder.join("refused/a.hl7")).unwrap(), b"4");
        assert_eq!(fs::read(folder.join("done/a.hl7")).unwrap(), b"1");
    }

    #[test]
    fn a_server_may_say_that_a_file_was_written_when_it_was_moved() {
        let folder = tempfile::tempdir().unwrap();
        let here = dropped(folder.path(), "a", "1");
        let there = Stamp { inode: None, nanoseconds: 0, ..here };
        let later = |stamp: Stamp| Stamp { seconds: stamp.seconds + 9, ..stamp };
        let longer = |stamp: Stamp| Stamp { bytes: stamp.bytes + 1, ..stamp };
        assert_eq!(at_rest(there, later(there)), later(there));
        assert_eq!(at_rest(there, later(longer(there))), there, "it is read anew");
        assert_eq!(at_rest(here, later(here)), here, "this machine says no such thing");
    }

    #[test]
    fn a_file_that_still_grows_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        make(&disk(folder)).unwrap();
        let stamp = dropped(folder, "a", "1");
        let rests = put_away(&disk(folder), (OsStr::new("a"), stamp), &told(&[])).unwrap();
        let (rests, woken) = look_after(vec![rests], &disk(folder)).unwrap();
        assert_eq!((rests.len(), woken), (1, 0));
        fs::write(folder.join("done/a"), "12").unwrap();
        let (rests, woken) = look_after(rests, &disk(folder)).unwrap();
        assert_eq!((rests.len(), woken), (0, 1));
        assert_eq!(fs::read(folder.join("a")).unwrap(), b"12");
    }
}
