//! Opens the files of the tables: from a folder, or those that are inside the program. The only
//! file of this room that touches a disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use super::{Problem, Tables};

/// What a table's file may end in; anything else in the folder is nobody's business.
const ENDINGS: [&str; 3] = ["csv", "md", "toml"];

/// Folders within the folder, at most this deep: a link that leads back into itself must end.
const DEPTH_MAX: usize = 3;

#[derive(RustEmbed)]
#[folder = "mappings/"]
struct Embedded;

/// The files of a set of tables: name within the folder, with `/`, and content.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    /// What stands before every name when a person is told of it.
    pub(super) root: String,
    /// Content by name.
    pub(super) by_name: BTreeMap<String, Vec<u8>>,
}

impl Files {
    /// Those inside the program.
    pub(super) fn embedded() -> Files {
        let by_name = Embedded::iter()
            .filter(|name| is_ours(Path::new(name.as_ref())))
            .filter_map(|name| Some((name.to_string(), Embedded::get(&name)?.data.into_owned())))
            .collect();
        Files { root: "mappings".to_owned(), by_name }
    }

    /// Those of a folder. Every file that cannot be read is a problem of its own.
    pub(super) fn of_folder(folder: &Path) -> Result<Files, Vec<Problem>> {
        let root = folder.display().to_string().trim_end_matches('/').to_owned();
        let mut reading =
            Reading { files: Files { root, ..Files::default() }, problems: Vec::new() };
        reading.folder(folder, "", DEPTH_MAX);
        if reading.problems.is_empty() { Ok(reading.files) } else { Err(reading.problems) }
    }
}

/// A folder of tables that is to be changed.
pub struct Folder {
    path: PathBuf,
    files: Files,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// Every file that cannot be read.
    pub fn open(path: &Path) -> Result<Folder, Vec<Problem>> {
        Ok(Folder { path: path.to_owned(), files: Files::of_folder(path)? })
    }

    /// The tables as they are here, changed or not.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn tables(&self) -> Result<Tables, Vec<Problem>> {
        Tables::of(self.files.clone())
    }

    /// Files whose names begin so, by name.
    pub fn beginning(&self, with: &str) -> BTreeMap<String, Vec<u8>> {
        let files = self.files.by_name.iter().filter(|(name, _)| name.starts_with(with));
        files.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    }

    /// Puts a file in, here and not yet on disk.
    pub fn put(&mut self, name: &str, content: &str) {
        self.files.by_name.insert(name.to_owned(), content.as_bytes().to_vec());
    }

    /// Writes a file: whole, or as it was before.
    ///
    /// # Errors
    /// What the system said.
    pub fn write(&self, name: &str) -> io::Result<()> {
        let target = self.path.join(name);
        let folder = target.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder)?;
        let half = target.with_extension("half");
        let content = self.files.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        fs::write(&half, content)?;
        fs::File::open(&half)?.sync_all()?;
        fs::rename(&half, &target)
    }
}

struct Reading {
    files: Files,
    problems: Vec<Problem>,
}

impl Reading {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(prefix, &error),
        };
        for entry in entries {
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if path.is_dir() {
                if depth > 0 && !is_hidden(&path) {
                    self.folder(&path, &format!("{name}/"), depth - 1);
                }
            } else if is_ours(&path) {
                self.file(&path, name);
            }
        }
    }

    fn file(&mut self, path: &Path, name: String) {
        match fs::read(path) {
            Ok(content) => {
                self.files.by_name.insert(name, content);
            }
            Err(error) => self.unreadable(&name, &error),
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        let file = format!("{}/{name}", self.files.root);
        let file = file.trim_end_matches('/').to_owned();
        self.problems.push(Problem::new(file, 0, format!("cannot be read: {error}")));
    }
}

fn is_ours(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.contains(&ending) && !is_hidden(path)
}

/// Hidden files, and those that a spreadsheet leaves beside an open one.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with(['.', '~', '#'])
}
