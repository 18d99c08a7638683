//! Puts the condition of a question together.

use jiff::civil::Date;
use rusqlite::types::Value;

/// A condition that grows.
#[derive(Default)]
pub(super) struct Which {
    clauses: Vec<String>,
    /// What stands for the question marks, in their order.
    pub(super) values: Vec<Value>,
}

impl Which {
    /// One more thing that must be so.
    pub(super) fn add(&mut self, clause: &str) {
        self.clauses.push(clause.to_owned());
    }

    /// The same, with what stands for its question marks.
    pub(super) fn add_with<V: Into<Value>>(
        &mut self,
        clause: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        self.add(clause);
        self.values.extend(values.into_iter().map(Into::into));
    }

    /// The same, with one question mark for each value.
    pub(super) fn add_one_of<'a>(
        &mut self,
        clause: &str,
        values: impl Iterator<Item = &'a str>,
        end: &str,
    ) {
        let values: Vec<String> = values.map(str::to_owned).collect();
        let marks = vec!["?"; values.len()].join(", ");
        self.add_with(&format!("{clause} ({marks}){end}"), values);
    }

    /// Days within two bounds, either of which may be open.
    pub(super) fn add_days(&mut self, column: &str, from: Option<Date>, until: Option<Date>) {
        if let Some(day) = from {
            self.add_with(&format!("{column} >= ?"), [day.to_string()]);
        }
        if let Some(day) = until {
            self.add_with(&format!("{column} <= ?"), [day.to_string()]);
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.clauses.is_empty() {
            return Ok(());
        }
        write!(f, "WHERE {}", self.clauses.join(" AND "))
    }
}
