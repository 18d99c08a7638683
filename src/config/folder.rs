//! Folders: files that lie in one are taken in, files that leave are put into one.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::keys::BATCH_LINES_MAX;
use super::source::span;
use super::tree::Tree;
use super::{Send, Source, Way, manner, peer};

/// How an address begins that is a folder.
pub(super) const SCHEME: &str = "dir:";

/// A source that drops files into a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The folder.
    pub folder: PathBuf,
    /// How long between two looks.
    pub every: Duration,
}

/// When lines become a file, and how its receiver hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    /// Lines of one file at most.
    pub lines_max: usize,
    /// How long the first line of a file waits for others.
    pub every: Duration,
    /// What ends the name of an empty file beside it that says that it is whole; none by default.
    pub trigger: Option<String>,
}

/// Keys that only a destination with a folder has.
pub(super) const FILES_ONLY: [&str; 3] = ["batch_lines", "batch_every", "trigger"];

/// The time between two looks at a drop folder, in seconds.
const LOOK_SECONDS: (u64, u64, &str) = (1, 86_400, "5s");
/// How long the first line of a file waits for others, in seconds.
const BATCH_SECONDS: (u64, u64, &str) = (0, 86_400, "60s");
/// Lines of one file, by default.
const BATCH_LINES: u64 = 500;

type Table<'a> = (Option<&'a Map<String, Value>>, &'a str);

/// Reads `dir:/path`.
pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix(SCHEME).unwrap_or_default();
    let is_host = path.starts_with("//") && !path.starts_with("///");
    if path.is_empty() || is_host {
        return Err(format!("`{text}` names no folder of this machine: write dir:/path"));
    }
    Ok(PathBuf::from(path))
}

/// Reads a source whose `listen` is a folder.
pub(super) fn dropped(tree: &mut Tree<'_>, (table, at): Table<'_>) -> Option<Dropped> {
    let folder = super::read::read(tree, (table, at, "listen"), folder);
    let every = span(tree, (table, at, "every"), LOOK_SECONDS);
    for key in ["tls", "tokens_file"].into_iter().chain(manner::KEYS) {
        if table.is_some_and(|table| table.contains_key(key)) {
            tree.wrong(&format!("{at}.{key}"), "has no place beside a folder");
        }
    }
    Some(Dropped { folder: folder?, every: every? })
}

/// Reads when lines become a file.
pub(super) fn batches(
    tree: &mut Tree<'_>,
    (table, at): Table<'_>,
    send: Option<&Send>,
) -> Option<Batches> {
    if send.is_some_and(|send| !send.is_dir()) {
        for key in FILES_ONLY.iter().filter(|key| table.is_some_and(|it| it.contains_key(**key))) {
            tree.wrong(&format!("{at}.{key}"), "is for a destination with send = \"dir:/path\"");
        }
    }
    let lines = ("batch_lines", BATCH_LINES, 1..=BATCH_LINES_MAX);
    let lines = tree.number_or(table, at, lines);
    let every = span(tree, (table, at, "batch_every"), BATCH_SECONDS);
    let trigger = peer::text(tree, (table, at), "trigger");
    if let Some(wrong) = trigger.as_deref().filter(|ending| !is_ending(ending)) {
        let text = format!("`{wrong}` ends no name: write \".ok\", for example");
        tree.wrong(&format!("{at}.trigger"), text);
    }
    Some(Batches { lines_max: usize::try_from(lines?).unwrap_or(1), every: every?, trigger })
}

fn is_ending(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.starts_with('.') && text.len() > 1 && text.bytes().all(plain)
}

/// No folder is used twice: what is put into one would be taken in from it.
pub(super) fn alone(
    tree: &mut Tree<'_>,
    sources: &[(String, Source)],
    destinations: &[super::Destination],
    store: Option<&Path>,
) {
    let dropped = sources.iter().filter_map(|(at, source)| match &source.way {
        Way::Dropped(dropped) => Some((format!("{at}.listen"), dropped.folder.as_path())),
        Way::Listened(_) | Way::Polled(_) => None,
    });
    let put = destinations.iter().enumerate().filter_map(|(n, one)| match &one.send {
        Send::Dir(folder) => Some((format!("destination[{n}].send"), folder.as_path())),
        Send::Mllp(_) | Send::Mllps(_) | Send::Fhir(_) => None,
    });
    let mut used: Vec<PathBuf> = store.map(plain).into_iter().collect();
    for (key, folder) in dropped.chain(put) {
        let folder = plain(folder);
        if used.iter().any(|other| folder.starts_with(other) || other.starts_with(&folder)) {
            tree.wrong(&key, "lies in a folder that is used already, or holds one: choose another");
        }
        used.push(folder);
    }
}

/// The path from the root, without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}
