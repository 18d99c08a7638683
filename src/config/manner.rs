//! How a source that connects speaks: its frames, its acknowledgments, and what is taken of it.

use std::time::Duration;

use serde_json::{Map, Value};

use super::keys::LIMITS;
use super::read::texts;
use super::tree::Tree;

/// How a source that connects speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// How it wants to be told that a message came.
    pub acknowledge: Acknowledge,
    /// Whether MSH-9 of what it is told is `ACK` alone.
    pub bare_type: bool,
    /// Whether each block is answered with a block that says that it is stored (MLLP release 2).
    pub commit_blocks: bool,
    /// The bytes that begin a frame.
    pub frame_start: Vec<u8>,
    /// The bytes that end it.
    pub frame_end: Vec<u8>,
    /// Whether a beginning within a frame begins it anew.
    pub frame_restarts: bool,
    /// Whether what is no HL7 ends the connection without an answer.
    pub closes_on_garbage: bool,
    /// What MSH-11 may be beside `P`.
    pub training: bool,
    /// The same, for `D`.
    pub debugging: bool,
    /// Whether MSH-10 may be missing.
    pub without_control_id: bool,
    /// Whether any version is taken.
    pub any_version: bool,
    /// Whether sequence numbers (MSH-13) are followed.
    pub sequence: bool,
    /// How long a part of a message waits for the others; `None` if parts are refused.
    pub joins_within: Option<Duration>,
    /// Whether an answer that says yes tells what was noted.
    pub tells_warnings: bool,
    /// Whether a DFT without FT1 is taken.
    pub without_charges: bool,
    /// Bytes of one message.
    pub message_bytes_max: u64,
    /// Connections at a time.
    pub connections_max: u64,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long a message that has begun may take to come.
    pub frame_within: Duration,
    /// How long a connection is silent before it may have to give way to a new one; `None` if none
    /// has to.
    pub gives_way_after: Option<Duration>,
    /// After how long a silence an end that lacks its last byte is one; `None` if never.
    pub frame_end_quiet: Option<Duration>,
}

/// How a sender is told what became of its message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// At once and once, with AA, AE or AR.
    Original,
    /// First that it is stored (CA, CE, CR), later what came of it, each if the sender wants it.
    Enhanced,
    /// Enhanced for a message that wants an application acknowledgment (MSH-16), else original.
    #[default]
    Automatic,
}

impl Default for Manner {
    fn default() -> Manner {
        let [bytes, connections, idle, frame, ..] = LIMITS.map(|limit| limit.default);
        Manner {
            acknowledge: Acknowledge::Automatic,
            bare_type: false,
            commit_blocks: false,
            frame_start: vec![0x0b],
            frame_end: vec![0x1c, 0x0d],
            frame_restarts: false,
            closes_on_garbage: false,
            training: false,
            debugging: false,
            without_control_id: false,
            any_version: false,
            sequence: false,
            joins_within: None,
            tells_warnings: false,
            without_charges: false,
            message_bytes_max: bytes,
            connections_max: connections,
            idle: Duration::from_secs(idle),
            frame_within: Duration::from_secs(frame),
            gives_way_after: None,
            frame_end_quiet: None,
        }
    }
}

/// Keys of a manner, which a source that is asked does not have.
pub(super) const KEYS: [&str; 23] = [
    "acknowledge",
    "acknowledgment_type",
    "mllp_release",
    "frame_start",
    "frame_end",
    "frame_restart",
    "garbage",
    "processing",
    "control_id",
    "versions",
    "sequence",
    "continuation",
    "continuation_seconds_max",
    "when_full",
    "close_idle_seconds_min",
    "frame_end_quiet_ms",
    "warnings",
    "without_charges",
    "application_answers_to",
    "message_bytes_max",
    "connections_max",
    "idle_seconds_max",
    "frame_seconds_max",
];

type Table<'a> = Option<&'a Map<String, Value>>;

/// Reads the manner of a source.
pub(super) fn manner(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Manner {
    let usual = Manner::default();
    let mut is =
        |key: &str, [usual, other]: [&str; 2]| word(tree, (table, at), key, [usual, other]);
    let bare_type = is("acknowledgment_type", ["by-version", "bare"]);
    let commit_blocks = is("mllp_release", ["1", "2"]);
    let frame_restarts = is("frame_restart", ["data", "anew"]);
    let closes_on_garbage = is("garbage", ["answer", "close"]);
    let without_control_id = is("control_id", ["required", "optional"]);
    let any_version = is("versions", ["known", "any"]);
    let sequence = is("sequence", ["ignore", "follow"]);
    let joins = is("continuation", ["refuse", "join"]);
    let gives_way = is("when_full", ["refuse", "close-idle"]);
    let tells_warnings = is("warnings", ["keep", "tell"]);
    let without_charges = is("without_charges", ["error", "ignore"]);
    let (training, debugging) = processing(tree, table, at);
    let frame_end = mark(tree, (table, at), "frame_end");
    let limits = LIMITS.map(|limit| {
        let range = limit.least..=limit.most;
        tree.number_or(table, at, (limit.key, limit.default, range)).unwrap_or(limit.default)
    });
    let [message_bytes_max, connections_max, idle, frame, joins_within, silent, quiet] = limits;
    let of = [
        (joins, "continuation_seconds_max", "continuation = \"join\""),
        (gives_way, "close_idle_seconds_min", "when_full = \"close-idle\""),
    ];
    for (_, key, with) in of.iter().filter(|(is, key, _)| !is && has(table, key)) {
        tree.wrong(&format!("{at}.{key}"), format!("has no place without {with}"));
    }
    if quiet > 0 && frame_end.as_ref().is_some_and(|end| end.len() < 2) {
        let text = "has no place where one byte ends a frame (`frame_end`)";
        tree.wrong(&format!("{at}.frame_end_quiet_ms"), text);
    }
    Manner {
        acknowledge: acknowledge(tree, table, at),
        bare_type,
        commit_blocks,
        frame_start: mark(tree, (table, at), "frame_start").unwrap_or(usual.frame_start),
        frame_end: frame_end.unwrap_or(usual.frame_end),
        frame_restarts,
        closes_on_garbage,
        training,
        debugging,
        without_control_id,
        any_version,
        sequence,
        joins_within: joins.then(|| Duration::from_secs(joins_within)),
        tells_warnings,
        without_charges,
        message_bytes_max,
        connections_max,
        idle: Duration::from_secs(idle),
        frame_within: Duration::from_secs(frame),
        gives_way_after: gives_way.then(|| Duration::from_secs(silent)),
        frame_end_quiet: (quiet > 0).then(|| Duration::from_millis(quiet)),
    }
}

fn has(table: Table<'_>, key: &str) -> bool {
    table.is_some_and(|table| table.contains_key(key))
}

fn acknowledge(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Acknowledge {
    let text = tree.text_or(table, at, ("acknowledge", "automatic"));
    match text.as_deref() {
        Some("original") => Acknowledge::Original,
        Some("enhanced") => Acknowledge::Enhanced,
        Some("automatic") | None => Acknowledge::Automatic,
        Some(other) => {
            let text = format!("is `{other}`: write \"original\", \"enhanced\" or \"automatic\"");
            tree.wrong(&format!("{at}.acknowledge"), text);
            Acknowledge::Automatic
        }
    }
}

/// Whether the second of two words is written; the first is what is meant where none is.
fn word(
    tree: &mut Tree<'_>,
    (table, at): (Table<'_>, &str),
    key: &str,
    [usual, other]: [&str; 2],
) -> bool {
    match tree.text_or(table, at, (key, usual)) {
        Some(told) if told == other => true,
        Some(told) if told != usual => {
            let text = format!("is `{told}`: write \"{usual}\" or \"{other}\"");
            tree.wrong(&format!("{at}.{key}"), text);
            false
        }
        Some(_) | None => false,
    }
}

/// Whether messages of training and of debugging are taken.
fn processing(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> (bool, bool) {
    let key = format!("{at}.processing");
    let Some(told) = table.and_then(|table| table.get("processing")) else {
        return (false, false);
    };
    let words = texts(told, tree.lines.is_set_by_variable(&key)).unwrap_or_default();
    let known = words.iter().all(|word| matches!(word.as_str(), "P" | "T" | "D"));
    let has = |word: &str| words.iter().any(|it| it == word);
    if !known || !has("P") {
        let text = "is no list of P, T and D with P among them: write [\"P\"] or [\"P\", \"T\"]";
        tree.wrong(&key, text);
    }
    (has("T"), has("D"))
}

/// One to four bytes in hexadecimal digits, of which the first is a control character that no
/// message holds.
fn mark(tree: &mut Tree<'_>, (table, at): (Table<'_>, &str), key: &str) -> Option<Vec<u8>> {
    if !table?.contains_key(key) {
        return None;
    }
    let text = tree.text(table, at, key)?;
    let bytes = bytes(&text).filter(|bytes| {
        (1..=4).contains(&bytes.len())
            && bytes.first().is_some_and(|first| *first < b' ' && !b"\t\n\r".contains(first))
    });
    if bytes.is_none() {
        let text = format!(
            "is `{text}`: write one to four bytes in hexadecimal, such as \"1c0d\"; the first is a control character and no line end"
        );
        tree.wrong(&format!("{at}.{key}"), text);
    }
    bytes
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|sign| !sign.is_whitespace())
        .map(|sign| sign.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let is_whole = digits.len().is_multiple_of(2);
    is_whole.then(|| digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}
