//! Where each value of the settings stands: in a line of the file, or in the environment. The
//! `config` crate keeps no positions, so the file is read once more for them.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// The place of every key, by its path: `site.name`, `source[0].listen`.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    file: String,
    lines: HashMap<String, u64>,
    variables: HashMap<String, String>,
}

impl Places {
    /// Reads the file for its lines; every error of its grammar at once.
    pub(super) fn of(file: &str, text: &str) -> Result<Places, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let problem = |error: &toml::de::Error| Problem {
                file: file.to_owned(),
                line: error.span().map_or(0, |span| line_of(text, &span)),
                text: format!("is not TOML: {}", error.message()),
            };
            return Err(errors.iter().map(problem).collect());
        }
        let mut places = Places { file: file.to_owned(), ..Places::default() };
        places.table(text, "", table.get_ref());
        Ok(places)
    }

    fn table(&mut self, text: &str, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(path, key.get_ref());
            self.lines.insert(path.clone(), line_of(text, &key.span()));
            self.value(text, &path, value);
        }
    }

    fn value(&mut self, text: &str, path: &str, value: &Spanned<DeValue<'_>>) {
        if let Some(table) = value.get_ref().as_table() {
            self.table(text, path, table);
        }
        for (at, item) in value.get_ref().as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}[{at}]");
            self.lines.insert(path.clone(), line_of(text, &item.span()));
            self.value(text, &path, item);
        }
    }

    /// That a value came from the environment.
    pub(super) fn set_by_variable(&mut self, path: &str, variable: &str) {
        self.variables.insert(path.to_owned(), variable.to_owned());
    }

    /// Whether a value came from the environment, where all is text.
    pub(super) fn is_from_variable(&self, path: &str) -> bool {
        self.variables.contains_key(path)
    }

    /// A problem of the value at a path, or of the nearest that stands around it.
    pub(super) fn problem(&self, path: &str, text: impl Into<String>) -> Problem {
        let text = text.into();
        if let Some(variable) = self.variables.get(path) {
            return Problem { file: variable.clone(), line: 0, text };
        }
        let mut path = path;
        while !path.is_empty() {
            if let Some(line) = self.lines.get(path) {
                return Problem { file: self.file.clone(), line: *line, text };
            }
            path = path.rfind(['.', '[']).map_or("", |at| &path[..at]);
        }
        Problem { file: self.file.clone(), line: 0, text }
    }
}

/// The path of a key within a table.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn line_of(text: &str, span: &Range<usize>) -> u64 {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count() as u64
}
