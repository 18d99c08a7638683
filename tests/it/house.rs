//! The rules of the house that the compiler does not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, and which others each may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &[]),
    ("fhir_types", &[]),
    ("mappings", &["domain"]),
    ("ledger", &["domain"]),
    ("care", &["domain", "mappings"]),
    ("charge", &["domain", "mappings"]),
    ("check", &["domain", "mappings"]),
    ("interpret", &["domain", "mappings", "wire"]),
    ("store", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &["domain", "config"]),
    ("trust", &["domain", "config"]),
    ("disk", &["config"]),
    (
        "pipeline",
        &[
            "domain",
            "wire",
            "mappings",
            "interpret",
            "care",
            "charge",
            "check",
            "ledger",
            "store",
            "telemetry",
        ],
    ),
    ("receive", &["domain", "wire", "store", "config", "telemetry", "trust", "disk"]),
    ("dispatch", &["domain", "wire", "store", "config", "telemetry", "trust", "disk", "mappings"]),
    (
        "console",
        &["domain", "mappings", "check", "ledger", "pipeline", "store", "config", "telemetry"],
    ),
    (
        "cli",
        &[
            "app",
            "domain",
            "wire",
            "mappings",
            "interpret",
            "care",
            "charge",
            "check",
            "ledger",
            "store",
            "config",
            "pipeline",
        ],
    ),
    (
        "app",
        &[
            "domain",
            "wire",
            "mappings",
            "interpret",
            "care",
            "charge",
            "check",
            "ledger",
            "store",
            "config",
            "telemetry",
            "trust",
            "disk",
            "pipeline",
            "receive",
            "dispatch",
            "console",
        ],
    ),
];

/// Files that are no room: they open doors, or serve tests.
const DOORS: &[&str] = &["lib", "main", "table"];

/// Rooms without `async`, files, sockets, clocks or chance; and the one file that opens files.
const PURE: &[&str] =
    &["domain", "wire", "fhir_types", "mappings", "ledger", "care", "charge", "check", "interpret"];
const OPENS_FILES: &str = "mappings/open.rs";
const IMPURE: &[&str] = &[
    "async fn",
    ".await",
    "std::fs",
    "std::net",
    "tokio::net",
    "tokio::fs",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "fastrand",
    "std::thread",
    "std::env",
];

/// The only rooms that open what belongs to a patient, each for its own purpose.
const OPENS_PATIENTS: &[(&str, &str)] = &[
    (".open_for_billing()", "dispatch"),
    (".open_for_person()", "console"),
    (".open_for_person()", "cli"),
];

/// Files below `src` that hold tests, or what tests are made of, and nothing else.
const TEST_FILES: &[&str] = &["tests.rs", "cases.rs", "samples.rs"];

/// The leaf is a package of its own: the types it is made of, its name, and who may name it.
const LEAF: (&str, &str, &[&str]) =
    ("fhir_sdk", "collimator_fhir_types", &["dispatch", "receive", "app"]);

const LINES_MAX: usize = 600;

#[test]
fn every_file_is_in_a_room_of_the_plan() {
    complain(sources().iter().filter_map(|file| {
        let room = room_of(file);
        let known = ROOMS.iter().any(|(name, _)| *name == room) || DOORS.contains(&room.as_str());
        (!known).then(|| format!("{}: `{room}` is not on the plan", file.display()))
    }));
}

#[test]
fn a_room_names_only_the_rooms_it_may() {
    complain(sources().iter().flat_map(|file| {
        let room = room_of(file);
        let others = ROOMS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, may)| *may);
        let is_door = DOORS.contains(&room.as_str());
        let text = fs::read_to_string(file).unwrap();
        let named: Vec<String> =
            production(&text).iter().flat_map(|line| rooms_named(line)).collect();
        named
            .into_iter()
            .filter(|other| !is_door && *other != room && !others.contains(&other.as_str()))
            .map(|other| format!("{}: names `{other}`", file.display()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn the_leaf_is_named_by_few_and_shows_nothing_of_what_it_is_made_of() {
    let (made_of, leaf, may) = LEAF;
    complain(sources().iter().filter_map(|file| {
        let room = room_of(file);
        let text = production(&fs::read_to_string(file).unwrap()).join("\n");
        let wrong = if room == "fhir_types" {
            text.contains("pub use fhir_sdk") || text.contains("collimator::")
        } else {
            text.contains(made_of) || (text.contains(leaf) && !may.contains(&room.as_str()))
        };
        wrong.then(|| format!("{}: names what it may not", file.display()))
    }));
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    complain(sources().iter().filter(|file| PURE.contains(&room_of(file).as_str())).flat_map(
        |file| {
            let text = fs::read_to_string(file).unwrap();
            let opens_files = file.ends_with(OPENS_FILES);
            production(&text)
                .iter()
                .flat_map(|line| IMPURE.iter().filter(|word| line.contains(**word)))
                .filter(|word| !(opens_files && **word == "std::fs"))
                .map(|word| format!("{}: `{word}` in a pure room", file.display()))
                .collect::<Vec<_>>()
        },
    ));
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    let all = sources().into_iter().chain(files_below("tests/it", "rs"));
    complain(all.filter_map(|file| {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines", file.display()))
    }));
}

#[test]
fn every_file_opens_with_a_sentence() {
    complain(sources().iter().filter_map(|file| {
        let text = fs::read_to_string(file).unwrap();
        let opened = text.starts_with("//! ") || text.starts_with("#![doc");
        (!opened).then(|| format!("{}: says nothing of itself", file.display()))
    }));
}

#[test]
fn no_procedure_code_lives_in_the_program() {
    complain(sources().iter().flat_map(|file| {
        // Nor in its tests and remarks: a code of another year would be right there for ever.
        let text = fs::read_to_string(file).unwrap();
        text.lines()
            .flat_map(words)
            .filter(|word| is_code(word))
            .map(|word| format!("{}: the code {word}", file.display()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn a_patient_is_opened_only_where_it_may_be() {
    complain(sources().iter().flat_map(|file| {
        let room = room_of(file);
        let text = production(&fs::read_to_string(file).unwrap()).join("\n");
        let defines = file.ends_with("domain/phi.rs");
        OPENS_PATIENTS
            .iter()
            .map(|(call, _)| *call)
            .filter(|call| !defines && text.contains(call))
            .filter(|call| !OPENS_PATIENTS.contains(&(*call, room.as_str())))
            .map(|call| format!("{}: calls {call}", file.display()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn every_reason_has_its_page() {
    let tables = crate::support::carry::tables();
    let ours: BTreeSet<&str> = reasons()
        .into_iter()
        .chain(["PERS-01", "CORR-01", "CORR-02", "SEND-01", "SEND-02"])
        .collect();
    let pages: BTreeSet<&str> = tables.hold_ids().collect();
    assert_eq!(ours, pages, "reasons without a page, or pages without a reason");
}

/// The ids of all rules and of all laws.
fn reasons() -> Vec<&'static str> {
    let rules = collimator::check::RULES.iter().map(|rule| rule.id);
    rules.chain(collimator::check::LAWS.iter().map(|law| law.id)).collect()
}

/// The rules' document has so many ids of each section.
const DOCUMENT: [(&str, usize); 19] = [
    ("DATE", 10),
    ("DEL", 11),
    ("FREQ", 23),
    ("IMRT", 6),
    ("PTP", 5),
    ("SRS", 7),
    ("BRA", 7),
    ("SRT", 4),
    ("EM", 6),
    ("COMP", 9),
    ("MOD", 3),
    ("DOS", 7),
    ("ORD", 5),
    ("DX", 6),
    ("SEQ", 7),
    ("LATE", 3),
    ("DUP", 2),
    ("UNIT", 5),
    ("ACCT", 1),
];

#[test]
fn every_rule_of_the_document_is_a_rule_or_a_law() {
    let ours = reasons();
    let missing = DOCUMENT
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |n| format!("{section}-{n:02}")))
        .filter(|id| !ours.contains(&id.as_str()));
    complain(missing.map(|id| format!("{id} is neither a rule nor a law")));
}

#[test]
fn no_rule_id_stands_twice() {
    let mut seen = BTreeSet::new();
    for rule in collimator::check::RULES {
        assert!(seen.insert(rule.id), "{} stands twice", rule.id);
        assert!(rule.says.ends_with('.') && !rule.source.is_empty(), "{}", rule.id);
    }
    for law in collimator::check::LAWS {
        assert!(seen.insert(law.id), "{} stands twice", law.id);
        assert!(law.says.ends_with('.') && !law.kept_by.is_empty(), "{}", law.id);
    }
}

#[test]
fn every_story_is_complete() {
    let folder = root().join("tests/stories");
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    complain(folders.filter(|path| path.is_dir()).flat_map(|story| {
        ["story.md", "in", "hospital.csv"]
            .into_iter()
            .filter(|part| !story.join(part).exists())
            .map(|part| format!("{}: no {part}", story.display()))
            .collect::<Vec<_>>()
    }));
}

fn complain(wrong: impl Iterator<Item = String>) {
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    files_below("src", "rs")
}

fn files_below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == ending) {
                files.push(path);
            }
        }
    }
    files.retain(|file| !TEST_FILES.iter().any(|name| file.ends_with(name)));
    files.sort();
    files
}

/// The first name below `src/`.
fn room_of(file: &Path) -> String {
    let first = file.strip_prefix(root().join("src")).unwrap().iter().next().unwrap();
    first.to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// The lines above a file's tests, which may name what they like, without their comments.
fn production(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines().map(|line| line.split("//").next().unwrap_or(line)).collect()
}

/// What follows each `crate::`. For `crate::{…}` that is nothing, which is no room: name one room
/// a line.
fn rooms_named(line: &str) -> Vec<String> {
    line.split("crate::")
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .filter(|room| room != "table")
        .collect()
}

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 5).collect()
}

/// Whether a word is a code of radiation oncology; `99999` is the placeholder.
fn is_code(word: &str) -> bool {
    static KNOWN: std::sync::OnceLock<BTreeSet<String>> = std::sync::OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let table = fs::read_to_string(root().join("mappings/codes.csv")).unwrap();
        table.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect()
    });
    known.contains(word)
}
