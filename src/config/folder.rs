//! Folders: files that lie in one are taken in, files that leave are put into one.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::keys::BATCH_LINES_MAX;
use super::source::span;
use super::tree::Tree;
use super::{Remote, Send, Source, Way, manner, peer, remote};

/// How an address begins that is a folder.
const SCHEME: &str = "dir:";

/// Where a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Here(PathBuf),
    /// On an SFTP server.
    There(Box<Remote>),
}

/// A source that drops files into a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The folder.
    pub place: Place,
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
/// The same on an SFTP server, which is somebody else's machine.
const LOOK_THERE_SECONDS: (u64, u64, &str) = (1, 86_400, "30s");
/// How long the first line of a file waits for others, in seconds.
const BATCH_SECONDS: (u64, u64, &str) = (0, 86_400, "60s");
/// Lines of one file, by default.
const BATCH_LINES: u64 = 500;

type Table<'a> = (Option<&'a Map<String, Value>>, &'a str);

/// Whether an address is a folder, here or on a server.
pub(super) fn is_place(text: &str) -> bool {
    text.starts_with(SCHEME) || text.starts_with(remote::SCHEME)
}

/// Reads `dir:/path` or `sftp://user@host/path`.
pub(super) fn place(text: &str) -> Result<Place, String> {
    if text.starts_with(remote::SCHEME) {
        return Remote::parse(text).map(|remote| Place::There(Box::new(remote)));
    }
    folder(text).map(Place::Here)
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix(SCHEME).unwrap_or_default();
    let is_host = path.starts_with("//") && !path.starts_with("///");
    if path.is_empty() || is_host {
        return Err(format!("`{text}` names no folder of this machine: write dir:/path"));
    }
    Ok(PathBuf::from(path))
}

/// Reads a source whose `listen` is a folder.
pub(super) fn dropped(tree: &mut Tree<'_>, (table, at): Table<'_>) -> Option<Dropped> {
    let mut place = super::read::read(tree, (table, at, "listen"), place);
    remote::keys(tree, (table, at), place.as_mut().and_then(Place::remote));
    let looks = match &place {
        Some(Place::There(_)) => LOOK_THERE_SECONDS,
        Some(Place::Here(_)) | None => LOOK_SECONDS,
    };
    let every = span(tree, (table, at, "every"), looks);
    for key in ["tls", "tokens_file"].into_iter().chain(manner::KEYS) {
        if table.is_some_and(|table| table.contains_key(key)) {
            tree.wrong(&format!("{at}.{key}"), "has no place beside a folder");
        }
    }
    Some(Dropped { place: place?, every: every? })
}

/// Reads when lines become a file.
pub(super) fn batches(
    tree: &mut Tree<'_>,
    (table, at): Table<'_>,
    send: Option<&Send>,
) -> Option<Batches> {
    if send.is_some_and(|send| !send.is_dir()) {
        for key in FILES_ONLY.iter().filter(|key| table.is_some_and(|it| it.contains_key(**key))) {
            let text = "is for a destination with send = \"dir:/path\" or \"sftp://…\"";
            tree.wrong(&format!("{at}.{key}"), text);
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
        Way::Dropped(dropped) => Some((format!("{at}.listen"), &dropped.place)),
        Way::Listened(_) | Way::Polled(_) => None,
    });
    let put = destinations.iter().enumerate().filter_map(|(n, one)| match &one.send {
        Send::Dir(place) => Some((format!("destination[{n}].send"), place)),
        Send::Mllp(_) | Send::Mllps(_) | Send::Fhir(_) => None,
    });
    let store = store.map(|store| Place::Here(store.to_owned()));
    let mut used: Vec<&Place> = store.iter().collect();
    for (key, place) in dropped.chain(put) {
        if used.iter().any(|other| place.meets(other)) {
            tree.wrong(&key, "lies in a folder that is used already, or holds one: choose another");
        }
        used.push(place);
    }
}

impl Place {
    fn remote(&mut self) -> Option<&mut Remote> {
        match self {
            Place::Here(_) => None,
            Place::There(remote) => Some(remote),
        }
    }

    /// Whether one of the two lies in the other.
    fn meets(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Here(one), Place::Here(other)) => {
                let (one, other) = (plain(one), plain(other));
                one.starts_with(&other) || other.starts_with(&one)
            }
            (Place::There(one), Place::There(other)) => one.meets(other),
            (Place::Here(_), Place::There(_)) | (Place::There(_), Place::Here(_)) => false,
        }
    }
}

/// Reads the keys of an SFTP server beside where a destination is.
pub(super) fn keyed(tree: &mut Tree<'_>, at: Table<'_>, send: Option<&mut Send>) {
    let place = match send {
        Some(Send::Dir(place)) => Some(place),
        Some(Send::Mllp(_) | Send::Mllps(_) | Send::Fhir(_)) | None => None,
    };
    remote::keys(tree, at, place.and_then(Place::remote));
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
