//! On which line of the file each key stands. (The `config` crate keeps no positions, so the file
//! is read once more.)

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// Where each key stands, such as `source[1].listen`: on a line, or in a variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    file: String,
    by_key: HashMap<String, usize>,
    variables: HashMap<String, String>,
}

impl Lines {
    /// Reads the lines of a file; where its grammar is wrong, the line and what is wrong.
    pub(super) fn read(file: &str, text: &str) -> Result<Lines, (usize, String)> {
        let read = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line_at(text, at), error.message().to_owned())
        })?;
        let mut lines = Lines { file: file.to_owned(), ..Lines::default() };
        lines.table("", read.get_ref(), text);
        Ok(lines)
    }

    /// That the environment says a key.
    pub(super) fn set_by(&mut self, key: String, variable: String) {
        self.variables.insert(key, variable);
    }

    /// Whether the environment says a key: there, everything is text.
    pub(super) fn is_set_by_variable(&self, key: &str) -> bool {
        self.variables.contains_key(key)
    }

    /// A problem of a key, where a person finds it: in the variable that says it, else in the file.
    pub(super) fn problem(&self, key: &str, text: &str) -> Problem {
        let text = format!("{key}: {text}");
        match self.variables.get(key) {
            Some(variable) => Problem::new(variable, 0, text),
            None => Problem::new(&self.file, self.of(key), text),
        }
    }

    /// The line of a key: its own, else that of the table it would stand in; 0 if neither is in
    /// the file.
    fn of(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(line) = self.by_key.get(key) {
                return *line;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return 0,
            }
        }
    }

    fn table(&mut self, at: &str, table: &DeTable<'_>, text: &str) {
        for (key, value) in table {
            let path = if at.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{at}.{}", key.get_ref())
            };
            self.by_key.insert(path.clone(), line_at(text, key.span().start));
            self.value(&path, value, text);
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, text: &str) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table, text),
            DeValue::Array(array) => {
                for (number, one) in array.iter().enumerate() {
                    let path = format!("{path}[{number}]");
                    self.by_key.insert(path.clone(), line_at(text, one.span().start));
                    self.value(&path, one, text);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}
