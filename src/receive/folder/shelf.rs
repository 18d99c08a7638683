//! Where files go once they are taken: `done/`, and `refused/` with the reason beside it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::look::Stamp;
use super::told::{Aside, Told};

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
pub(super) fn make(folder: &Path) -> io::Result<()> {
    fs::metadata(folder)?;
    for name in [DONE, REFUSED] {
        match DirBuilder::new().mode(0o750).create(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Sets aside what was refused, then moves the file: everything on disk in this order.
pub(super) fn put_away(
    folder: &Path,
    (name, stamp): (&OsStr, Stamp),
    told: &Told,
) -> io::Result<Resting> {
    let (done, refused) = (folder.join(DONE), folder.join(REFUSED));
    let is_refused = told.aside.iter().any(|aside| aside.number.is_none());
    let home = if is_refused { &refused } else { &done };
    let path = free(home, name)?;
    for aside in &told.aside {
        match aside.number {
            Some(number) => set_aside(&refused, &part(name, number), aside)?,
            None => write_anew(&refused, &with(&file_name(&path), ".why"), &line(&aside.why))?,
        }
    }
    if !told.miscounts.is_empty() {
        let note = with(&file_name(&path), ".note");
        write_anew(home, &note, &line(&told.miscounts.join("\n")))?;
    }
    fs::rename(folder.join(name), &path)?;
    for folder in [&refused, home, folder] {
        File::open(folder)?.sync_all()?;
    }
    Ok(Resting { name: name.to_owned(), path, stamp, since: Instant::now() })
}

/// Puts back what somebody still wrote into; gives what is to be watched further, and how many
/// files were put back.
pub(super) fn look_after(
    resting: Vec<Resting>,
    folder: &Path,
) -> io::Result<(Vec<Resting>, usize)> {
    let (mut further, mut woken) = (Vec::new(), 0);
    for rests in resting {
        // Somebody took it away: that is theirs to do.
        let Ok(now) = fs::symlink_metadata(&rests.path) else { continue };
        if Stamp::of(&now) != rests.stamp {
            fs::rename(&rests.path, free(folder, &rests.name)?)?;
            woken += 1;
        } else if rests.since.elapsed() < RESTS && further.len() < RESTING_MAX {
            further.push(rests);
        }
    }
    Ok((further, woken))
}

/// A message and its reason; nothing new if they lie there already.
fn set_aside(refused: &Path, name: &OsStr, aside: &Aside) -> io::Result<()> {
    let known = fs::read(refused.join(name)).is_ok_and(|known| known == *aside.bytes);
    let name = if known { name.to_owned() } else { file_name(&free(refused, name)?) };
    write_anew(refused, &with(&name, ".why"), &line(&aside.why))?;
    if known { Ok(()) } else { write_anew(refused, &name, &aside.bytes) }
}

/// Written under another name first, so that nobody sees half of it.
fn write_anew(folder: &Path, name: &OsStr, bytes: &[u8]) -> io::Result<()> {
    let aside = folder.join(UNFINISHED);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(aside, folder.join(name))
}

/// A path in a folder that nothing has: the name, or the name and a number.
fn free(folder: &Path, name: &OsStr) -> io::Result<PathBuf> {
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    let names = (2..NAMESAKES_MAX).map(|number| part_of(name, &format!("-{number}")));
    let mut paths = std::iter::once(name.to_owned()).chain(names).map(|it| folder.join(it));
    paths.find(is_free).ok_or(io::Error::from(io::ErrorKind::AlreadyExists))
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

fn with(name: &OsStr, ending: &str) -> OsString {
    let mut made = name.to_owned();
    made.push(ending);
    made
}

fn line(text: &str) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}

fn file_name(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        Stamp::of(&fs::metadata(folder.join(name)).unwrap())
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
        make(folder).unwrap();
        make(folder).unwrap();
        let put = |text: &str, aside: &[_]| {
            let stamp = dropped(folder, "a.hl7", text);
            put_away(folder, (OsStr::new("a.hl7"), stamp), &told(aside)).unwrap()
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
    fn a_file_that_still_grows_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        make(folder).unwrap();
        let stamp = dropped(folder, "a", "1");
        let rests = put_away(folder, (OsStr::new("a"), stamp), &told(&[])).unwrap();
        let (rests, woken) = look_after(vec![rests], folder).unwrap();
        assert_eq!((rests.len(), woken), (1, 0));
        fs::write(folder.join("done/a"), "12").unwrap();
        let (rests, woken) = look_after(rests, folder).unwrap();
        assert_eq!((rests.len(), woken), (0, 1));
        assert_eq!(fs::read(folder.join("a")).unwrap(), b"12");
    }
}
