//! The tables `[[source]]`: who is listened for, and who is asked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use url::Url;

use super::folder::{self, Dropped};
use super::read::{read, texts, unique};
use super::tree::Tree;
use super::{
    Acknowledge, Grant, Listen, Manner, Send, Source, Tls, address, keys, manner, peer, remote,
};
use crate::domain::BY_HAND;

/// How what a source says comes here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It connects to us.
    Listened(Listened),
    /// We ask it.
    Polled(Box<Poll>),
    /// It drops files into a folder.
    Dropped(Dropped),
}

/// A source that connects to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listened {
    /// Where.
    pub listen: Listen,
    /// Our certificate, and who may connect.
    pub tls: Tls,
    /// The tokens of which a request must bring one.
    pub tokens_file: Option<PathBuf>,
    /// How it speaks.
    pub manner: Box<Manner>,
    /// Where it is told what came of its messages, if not over its own connection.
    pub answers_to: Option<Box<Send>>,
}

/// A FHIR server that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// Its base, without a slash at the end.
    pub base: Url,
    /// How long between two rounds.
    pub every: Duration,
    /// The types that are asked for, in this order.
    pub resources: Vec<String>,
    /// How far each round reaches back behind the last one.
    pub overlap: Duration,
    /// The search parameter that says what is new among charges.
    pub charges_by: ChargesBy,
    /// What changed before is not asked for.
    pub since: Option<Timestamp>,
    /// Who signs its certificate, and ours if it wants one.
    pub tls: Tls,
    /// What opens it to us.
    pub grant: Grant,
}

/// What says that a charge is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargesBy {
    /// `_lastUpdated`, as everything else.
    LastUpdated,
    /// `completedOn`, ARIA's own.
    CompletedOn,
}

/// What becomes of the charges that a source tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charges {
    /// They are billed.
    #[default]
    Bill,
    /// They are only held against those of other sources.
    Compare,
}

/// What becomes of elements that FHIR R4 does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownElements {
    /// The resource is refused.
    #[default]
    Refuse,
    /// The resource is taken, and what it earns is held.
    Take,
}

/// Keys of a source that is asked, and has no meaning for one that is listened for.
const POLLING: [&str; 13] = [
    "every",
    "resources",
    "overlap",
    "charges_by",
    "since",
    "token_url",
    "client_id",
    "client_secret_file",
    "private_key",
    "key_id",
    "token_file",
    "scope",
    "poll",
];

const RESOURCES: [&str; 5] =
    ["ChargeItem", "Procedure", "Appointment", "Task", "DocumentReference"];

/// The shortest and the longest time between two rounds, and its default, in seconds.
const EVERY_SECONDS: (u64, u64, &str) = (5, 86_400, "60s");
/// How far a round may reach back.
const OVERLAP_SECONDS: (u64, u64, &str) = (0, 604_800, "5m");

/// Reads every source, each with its key.
pub(super) fn sources(tree: &mut Tree<'_>, value: Option<&Value>) -> Vec<(String, Source)> {
    let mut names = HashSet::new();
    let mut sources = Vec::new();
    for (at, one) in tree.list(value, "source") {
        let table = tree.table(Some(one), &at, &keys::of_table("source"));
        let name = unique(tree, table, &at, &mut names);
        if name.as_deref() == Some(BY_HAND) {
            tree.wrong(&format!("{at}.name"), "is the name of what people tell: choose another");
        }
        let profile = tree.text(table, &at, "profile");
        let system = tree.text_or(table, &at, ("system", ""));
        let unknown_elements = unknown_elements(tree, table, &at);
        let charges = charges(tree, table, &at);
        let way = way(tree, table, &at);
        if let (Some(name), Some(profile), Some(system), Some(way)) = (name, profile, system, way) {
            sources.push((at, Source { name, profile, way, system, unknown_elements, charges }));
        }
    }
    sources
}

type Table<'a> = Option<&'a Map<String, Value>>;

fn way(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<Way> {
    let has = |key: &str| table.is_some_and(|table| table.contains_key(key));
    match (has("listen"), has("poll")) {
        (true, true) => {
            tree.wrong(&format!("{at}.poll"), "stands beside `listen`: a source has one of them");
            None
        }
        (false, true) => poll(tree, table, at).map(|poll| Way::Polled(Box::new(poll))),
        (true, false) => {
            let listen = table.and_then(|table| table.get("listen")).and_then(Value::as_str);
            let is_dir = listen.is_some_and(folder::is_place);
            let others = POLLING.iter().filter(|key| !(is_dir && **key == "every"));
            for key in others.filter(|key| has(key)) {
                tree.wrong(&format!("{at}.{key}"), "is for a source with `poll`");
            }
            if is_dir {
                return folder::dropped(tree, (table, at)).map(Way::Dropped);
            }
            remote::keys(tree, (table, at), None);
            listened(tree, table, at).map(Way::Listened)
        }
        (false, false) => {
            let text = "is missing: write an address to listen on, or `poll` to ask";
            tree.wrong(&format!("{at}.listen"), text);
            None
        }
    }
}

fn listened(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<Listened> {
    let listen = read(tree, (table, at, "listen"), Listen::parse)?;
    let answers_to = answers_to(tree, table, at);
    let calls_in_tls = answers_to.as_ref().is_some_and(|to| matches!(**to, Send::Mllps(_)));
    let may = ["certificate", "key", "client_authority", "authority"];
    let tls = peer::tls(tree, (table, at), &may[..if calls_in_tls { 4 } else { 3 }]);
    let tokens_file = peer::file(tree, (table, at), "tokens_file");
    let key = format!("{at}.listen");
    let beyond = !listen.socket().ip().is_loopback();
    if listen.is_secure() && tls.certificate.is_none() {
        tree.wrong(&key, "speaks TLS: write tls = { certificate = \"…\", key = \"…\" }");
    }
    if !listen.is_secure() && !calls_in_tls && tls != Tls::default() {
        let way = if listen.is_http() { "https" } else { "mllps" };
        tree.wrong(&format!("{at}.tls"), format!("is for {way}://: write listen with it"));
    }
    for key in ["when_full", "frame_end_quiet_ms"] {
        if listen.is_http() && table.is_some_and(|table| table.contains_key(key)) {
            tree.wrong(&format!("{at}.{key}"), "is for mllp:// and mllps://");
        }
    }
    if tokens_file.is_some() && !listen.is_http() {
        tree.wrong(&format!("{at}.tokens_file"), "is for http:// and https://");
    }
    if listen.is_http() && beyond {
        if !listen.is_secure() {
            tree.wrong(&key, "can be reached from other machines: write https://");
        } else if tls.client_authority.is_none() && tokens_file.is_none() {
            let text = "can be reached from other machines: say who may, by `client_authority` in \
                        `tls` or by `tokens_file`";
            tree.wrong(&key, text);
        }
    }
    let manner = Box::new(manner::manner(tree, table, at));
    if answers_to.is_some() && manner.acknowledge == Acknowledge::Original {
        let text = "has no place with acknowledge = \"original\", which says all at once";
        tree.wrong(&format!("{at}.application_answers_to"), text);
    }
    Some(Listened { listen, tls, tokens_file, manner, answers_to })
}

/// Where a sender is told what came of its messages: only over MLLP.
fn answers_to(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<Box<Send>> {
    let key = "application_answers_to";
    if !table?.contains_key(key) {
        return None;
    }
    match read(tree, (table, at, key), Send::parse)? {
        Send::Fhir(_) | Send::Dir(_) => {
            tree.wrong(&format!("{at}.{key}"), "is reached over MLLP: write mllp://host:port");
            None
        }
        mllp @ (Send::Mllp(_) | Send::Mllps(_)) => Some(Box::new(mllp)),
    }
}

fn poll(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<Poll> {
    let listening = manner::KEYS.into_iter().chain(["tokens_file"]);
    for key in listening.filter(|key| table.is_some_and(|table| table.contains_key(*key))) {
        tree.wrong(&format!("{at}.{key}"), "is for a source with `listen`");
    }
    remote::keys(tree, (table, at), None);
    let base = read(tree, (table, at, "poll"), address::base);
    let every = span(tree, (table, at, "every"), EVERY_SECONDS);
    let overlap = span(tree, (table, at, "overlap"), OVERLAP_SECONDS);
    let resources = resources(tree, table, at);
    let charges_by = charges_by(tree, table, at);
    let since = peer::text(tree, (table, at), "since").map(|text| {
        let day = text.parse::<Date>().ok();
        let at_utc = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        if at_utc.is_none() {
            tree.wrong(&format!("{at}.since"), format!("`{text}` is no day: write 2026-01-31"));
        }
        at_utc.map(|zoned| zoned.timestamp())
    });
    let tls = peer::tls(tree, (table, at), &["certificate", "key", "authority"]);
    let grant = peer::grant(tree, (table, at))?;
    Some(Poll {
        base: base?,
        every: every?,
        resources: resources?,
        overlap: overlap?,
        charges_by: charges_by?,
        since: since.flatten(),
        tls,
        grant,
    })
}

/// A span of time, such as `60s`, `5m`, `1h`.
pub(super) fn span(
    tree: &mut Tree<'_>,
    (table, at, key): (Table<'_>, &str, &str),
    (least, most, default): (u64, u64, &str),
) -> Option<Duration> {
    let text = tree.text_or(table, at, (key, default))?;
    let seconds = seconds(&text).filter(|seconds| (least..=most).contains(seconds));
    if seconds.is_none() {
        let text =
            format!("`{text}` is no time from {least} to {most} seconds: write 60s, 5m or 1h");
        tree.wrong(&format!("{at}.{key}"), text);
    }
    seconds.map(Duration::from_secs)
}

fn seconds(text: &str) -> Option<u64> {
    let end = text.find(|sign: char| !sign.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let times = match unit.trim_start() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(times)
}

fn resources(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<Vec<String>> {
    let key = format!("{at}.resources");
    let Some(told) = table.and_then(|table| table.get("resources")) else {
        return Some(RESOURCES.map(str::to_owned).to_vec());
    };
    let named = texts(told, tree.lines.is_set_by_variable(&key)).unwrap_or_default();
    let is_type = |name: &String| {
        name.starts_with(|sign: char| sign.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let alone = named.iter().collect::<HashSet<_>>().len() == named.len();
    if named.is_empty() || !named.iter().all(is_type) || !alone {
        tree.wrong(&key, "is no list of types: write [\"ChargeItem\", \"Procedure\"], each once");
        return None;
    }
    Some(named)
}

fn charges_by(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Option<ChargesBy> {
    match tree.text_or(table, at, ("charges_by", "_lastUpdated"))?.as_str() {
        "_lastUpdated" => Some(ChargesBy::LastUpdated),
        "completedOn" => Some(ChargesBy::CompletedOn),
        other => {
            let text = format!("is `{other}`: write \"_lastUpdated\" or \"completedOn\"");
            tree.wrong(&format!("{at}.charges_by"), text);
            None
        }
    }
}

fn charges(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> Charges {
    let text = tree.text_or(table, at, ("charges", "bill"));
    match text.as_deref() {
        Some("compare") => Charges::Compare,
        Some("bill") | None => Charges::Bill,
        Some(other) => {
            let text = format!("is `{other}`: write \"bill\" or \"compare\"");
            tree.wrong(&format!("{at}.charges"), text);
            Charges::Bill
        }
    }
}

fn unknown_elements(tree: &mut Tree<'_>, table: Table<'_>, at: &str) -> UnknownElements {
    let text = tree.text_or(table, at, ("unknown_elements", "refuse"));
    match text.as_deref() {
        Some("take") => UnknownElements::Take,
        Some("refuse") | None => UnknownElements::Refuse,
        Some(other) => {
            let text = format!("is `{other}`: write \"refuse\" or \"take\"");
            tree.wrong(&format!("{at}.unknown_elements"), text);
            UnknownElements::Refuse
        }
    }
}
