//! Reads the values of one table of the settings, and names everything that is wrong with them.

use std::path::PathBuf;

use config::{Map, Value, ValueKind};

use super::Problem;
use super::places::{Places, join};

/// One table, being read.
pub(super) struct Section<'a> {
    pub(super) path: String,
    values: Option<&'a Map<String, Value>>,
    places: &'a Places,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Section<'a> {
    /// The whole of the settings.
    pub(super) fn whole(
        values: &'a Map<String, Value>,
        places: &'a Places,
        problems: &'a mut Vec<Problem>,
    ) -> Section<'a> {
        Section { path: String::new(), values: Some(values), places, problems }
    }

    /// Complains of every key that is not among these.
    pub(super) fn only(&mut self, keys: &[&str]) {
        let values = self.values.into_iter().flat_map(Map::keys);
        let unknown: Vec<&String> = values.filter(|key| !keys.contains(&key.as_str())).collect();
        for key in unknown {
            let text = match nearest(key, keys) {
                Some(near) => format!("the key `{key}` is not known: did you mean `{near}`?"),
                None => {
                    format!("the key `{key}` is not known: the keys here are {}", keys.join(", "))
                }
            };
            self.wrong(key, text);
        }
    }

    /// Names a problem of a key.
    pub(super) fn wrong(&mut self, key: &str, text: impl Into<String>) {
        let path = join(&self.path, key);
        self.problems.push(self.places.problem(&path, text));
    }

    /// Adds problems that were found elsewhere.
    pub(super) fn add(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.and_then(|values| values.get(key))
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A table within; `None` if it is not there.
    pub(super) fn section(&mut self, key: &str) -> Option<Section<'_>> {
        let path = join(&self.path, key);
        match table_of(self.value(key)?) {
            Some(values) => Some(Section {
                path,
                values: Some(values),
                places: self.places,
                problems: self.problems,
            }),
            None => {
                self.wrong(key, format!("`{key}` must be a table: write [{path}]"));
                None
            }
        }
    }

    /// A table that must be there; without it, all its keys are missing.
    pub(super) fn required_section(&mut self, key: &str) -> Section<'_> {
        let path = join(&self.path, key);
        if !self.has(key) {
            self.wrong(key, format!("the table [{path}] is missing"));
        }
        let values = self.value(key).and_then(table_of);
        Section { path, values, places: self.places, problems: self.problems }
    }

    /// Every table of a list, read in turn.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(Section<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = list_of(value) else {
            self.wrong(key, format!("must stand in double brackets: write [[{key}]]"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{}[{at}]", join(&self.path, key));
            match table_of(item) {
                Some(values) => all.extend(read(Section {
                    path,
                    values: Some(values),
                    places: self.places,
                    problems: self.problems,
                })),
                None => self.wrong(key, format!("must hold tables: write [[{key}]]")),
            }
        }
        all
    }

    /// A text; `None` if it is absent or wrong.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = text_of(self.value(key)?);
        match &text {
            Some(text) if !text.trim().is_empty() => return Some(text.clone()),
            Some(_) => self.wrong(key, format!("`{key}` is blank: write its value or remove it")),
            None => self.wrong(key, format!("`{key}` must be a text in quotation marks")),
        }
        None
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &str, example: &str) -> Option<String> {
        if self.values.is_some() && !self.has(key) {
            self.wrong(key, format!("`{key}` is missing: write {key} = \"{example}\""));
        }
        self.text(key)
    }

    /// What `read` makes of a text.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        example: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.required(key, example)?;
        read(&text).map_err(|text| self.wrong(key, format!("`{key}` {text}"))).ok()
    }

    /// A path, with a default.
    pub(super) fn path(&mut self, key: &str, default: &str) -> Option<PathBuf> {
        if !self.has(key) {
            return Some(PathBuf::from(default));
        }
        self.text(key).map(PathBuf::from)
    }

    /// A whole number within bounds, with a default.
    pub(super) fn number(&mut self, key: &str, default: u64, bounds: (u64, u64)) -> Option<u64> {
        let Some(value) = self.value(key) else { return Some(default) };
        let from_variable = self.places.is_from_variable(&join(&self.path, key));
        let number = match text_of(value) {
            Some(text) if from_variable => text.trim().parse().ok(),
            Some(_) | None => number_of(value),
        };
        let number = number.filter(|number| (bounds.0..=bounds.1).contains(number));
        if number.is_none() {
            self.wrong(
                key,
                format!("`{key}` must be a whole number from {} to {}", bounds.0, bounds.1),
            );
        }
        number
    }

    /// A list of texts that must be there; in the environment, parted by commas.
    pub(super) fn texts(&mut self, key: &str, example: &str) -> Option<Vec<String>> {
        if self.values.is_some() && !self.has(key) {
            self.wrong(key, format!("`{key}` is missing: write {key} = [\"{example}\"]"));
        }
        let from_variable = self.places.is_from_variable(&join(&self.path, key));
        let value = self.value(key)?;
        let texts: Option<Vec<String>> = match text_of(value) {
            Some(text) if from_variable => {
                Some(text.split(',').map(|it| it.trim().to_owned()).collect())
            }
            Some(_) | None => list_of(value).and_then(|items| items.iter().map(text_of).collect()),
        };
        if texts.is_none() {
            self.wrong(
                key,
                format!("`{key}` must be a list of texts: write {key} = [\"{example}\"]"),
            );
        }
        texts
    }
}

fn table_of(value: &Value) -> Option<&Map<String, Value>> {
    if let ValueKind::Table(values) = &value.kind { Some(values) } else { None }
}

fn list_of(value: &Value) -> Option<&Vec<Value>> {
    if let ValueKind::Array(items) = &value.kind { Some(items) } else { None }
}

fn text_of(value: &Value) -> Option<String> {
    if let ValueKind::String(text) = &value.kind { Some(text.clone()) } else { None }
}

fn number_of(value: &Value) -> Option<u64> {
    if let ValueKind::I64(number) = &value.kind { u64::try_from(*number).ok() } else { None }
}

/// The word that looks most like this one, if any is near.
pub(super) fn nearest<'a>(text: &str, all: &[&'a str]) -> Option<&'a str> {
    let best = all.iter().copied().min_by_key(|word| distance(text, word))?;
    (distance(text, best) <= 1 + text.len() / 4).then_some(best)
}

/// How many letters must be added, removed or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut costs: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut diagonal = row;
        costs[0] = row + 1;
        for (column, against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *against);
            diagonal = costs[column + 1];
            costs[column + 1] = changed.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[other.len()]
}
