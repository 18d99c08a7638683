//! Walks the settings as one tree, and complains of everything at once.

use serde_json::{Map, Value};

use super::Problem;
use super::lines::Lines;

/// The tree, and what is wrong with it so far.
pub(super) struct Tree<'a> {
    pub(super) lines: &'a Lines,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Tree<'a> {
    /// Complains of a key.
    pub(super) fn wrong(&mut self, key: &str, text: impl AsRef<str>) {
        self.problems.push(self.lines.problem(key, text.as_ref()));
    }

    /// A table, if it is there; complains of every key that it does not have.
    pub(super) fn table<'v>(
        &mut self,
        value: Option<&'v Value>,
        at: &str,
        keys: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let value = value?;
        let Some(table) = value.as_object() else {
            self.wrong(at, "is no table");
            return None;
        };
        for key in table.keys().filter(|key| !keys.contains(&key.as_str())) {
            let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            let like = nearest(key, keys);
            let like = like.map_or(String::new(), |like| format!("; did you mean `{like}`?"));
            self.wrong(&path, format!("is no key of the settings{like}"));
        }
        Some(table)
    }

    /// A text that must be there.
    pub(super) fn text(
        &mut self,
        table: Option<&Map<String, Value>>,
        at: &str,
        key: &str,
    ) -> Option<String> {
        let path = format!("{at}.{key}");
        match table?.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => {
                self.wrong(&path, "is no text: write it between quotes");
                None
            }
            None => {
                self.wrong(&path, "is missing");
                None
            }
        }
    }

    /// A text that may be left out.
    pub(super) fn text_or(
        &mut self,
        table: Option<&Map<String, Value>>,
        at: &str,
        (key, default): (&str, &str),
    ) -> Option<String> {
        match table.map(|table| table.get(key)) {
            Some(None) | None => Some(default.to_owned()),
            Some(Some(_)) => self.text(table, at, key),
        }
    }

    /// A whole number that may be left out.
    pub(super) fn number_or(
        &mut self,
        table: Option<&Map<String, Value>>,
        at: &str,
        (key, default, range): (&str, u64, std::ops::RangeInclusive<u64>),
    ) -> Option<u64> {
        let Some(value) = table.and_then(|table| table.get(key)) else {
            return Some(default);
        };
        let read = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        match read.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (from, to) = (range.start(), range.end());
                let text = format!("is no whole number from {from} to {to}");
                self.wrong(&format!("{at}.{key}"), text);
                None
            }
        }
    }

    /// The tables of a list, each with its key.
    pub(super) fn list<'v>(
        &mut self,
        value: Option<&'v Value>,
        at: &str,
    ) -> Vec<(String, &'v Value)> {
        match value {
            None => Vec::new(),
            Some(Value::Array(all)) => {
                all.iter().enumerate().map(|(n, one)| (format!("{at}[{n}]"), one)).collect()
            }
            Some(_) => {
                self.wrong(at, format!("is no list: write [[{at}]] with two brackets"));
                Vec::new()
            }
        }
    }
}

/// The word that a misspelled one is most like, if any is.
fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let near = words.iter().map(|other| (distance(word, other), *other)).min()?;
    (near.0 <= 2.max(word.len() / 3)).then_some(near.1)
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
