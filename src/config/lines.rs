//! On which line of the file each key stands. (The `config` crate keeps no positions, so the file
//! is read once more.)

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lines by key, such as `source[1].listen`.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(HashMap<String, usize>);

impl Lines {
    /// Reads the lines of a file; where its grammar is wrong, the line and what is wrong.
    pub(super) fn read(text: &str) -> Result<Lines, (usize, String)> {
        let read = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line_at(text, at), error.message().to_owned())
        })?;
        let mut lines = Lines::default();
        lines.table("", read.get_ref(), text);
        Ok(lines)
    }

    /// The line of a key: its own, else that of the table it would stand in; 0 if neither is in
    /// the file.
    pub(super) fn of(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
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
            self.0.insert(path.clone(), line_at(text, key.span().start));
            self.value(&path, value, text);
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, text: &str) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table, text),
            DeValue::Array(array) => {
                for (number, one) in array.iter().enumerate() {
                    let path = format!("{path}[{number}]");
                    self.0.insert(path.clone(), line_at(text, one.span().start));
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
