//! What each source calls things: `sources/<name>.csv`.

use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{Attributes, Kind, Meaning};

use super::Problem;
use super::cell::{self, Cells};
use super::once::Once;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// One row of a dictionary.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) name: String,
    pub(super) meaning: Arc<Meaning>,
    pub(super) period: Period,
    pub(super) file: String,
    pub(super) line: u64,
}

/// The names of one source.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    by_name: HashMap<String, Vec<Word>>,
}

const SHAPE: Shape = Shape {
    columns: &["activity", "label", "kind", "attributes", "from", "until", "why"],
    more: false,
};

impl Dictionary {
    pub(super) fn read(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Dictionary {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let mut once = Once::default();
        let mut dictionary = Dictionary::default();
        for word in sheet.each(problems, |cells| word(cells, &mut once)) {
            dictionary.by_name.entry(word.name.clone()).or_default().push(word);
        }
        dictionary
    }

    pub(super) fn meaning(&self, name: &str, day: Date) -> Option<&Arc<Meaning>> {
        let words = self.by_name.get(name)?;
        words.iter().find(|word| word.period.contains(day)).map(|word| &word.meaning)
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        self.by_name.values().flatten()
    }
}

fn word(cells: &mut Cells<'_>, once: &mut Once<String>) -> Option<Word> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let kind = cells.word("kind", &kinds);
    let attributes = cells.read("attributes", attributes);
    let period = cells.period();
    let name = cells.text("activity").to_owned();
    let period = period?;
    once.add([name.clone()], period, cells);
    let meaning = Arc::new(Meaning { kind: kind?, attributes: attributes? });
    Some(Word { name, meaning, period, file: cells.file.to_owned(), line: cells.line })
}

/// Every key that an attribute may have; `mappings/README.md` says what each means.
pub(super) const KEYS: &[&str] = &[
    "agent",
    "applicator",
    "beam",
    "channels",
    "complexity",
    "count",
    "depth",
    "form",
    "fractions",
    "guidance",
    "imaging",
    "inverse",
    "isocenters",
    "isotope",
    "kilovolts",
    "lesion",
    "level",
    "machine",
    "motion",
    "needs",
    "parent",
    "patient",
    "pattern",
    "per",
    "place",
    "placement",
    "probes",
    "purpose",
    "rate",
    "reason",
    "route",
    "site",
    "source",
    "sources",
    "step",
    "technique",
];

fn attributes(text: &str) -> Result<Attributes, String> {
    if text == "-" {
        return Ok(Attributes::default());
    }
    let pairs: Vec<(String, String)> =
        text.split(';').map(attribute).collect::<Result<_, String>>()?;
    Attributes::new(pairs).ok_or_else(|| format!("is `{text}`: a key stands twice"))
}

fn attribute(pair: &str) -> Result<(String, String), String> {
    match pair.split_once('=') {
        Some((key, value)) if KEYS.contains(&key) && !value.is_empty() && value.trim() == value => {
            Ok((key.to_owned(), value.to_owned()))
        }
        Some((key, _)) if !KEYS.contains(&key) => {
            Err(format!("has the key {}", cell::not_one_of(key, KEYS).trim_start_matches("is ")))
        }
        Some(_) | None => Err(format!("has `{pair}`: write key=value, parted by `;`")),
    }
}
