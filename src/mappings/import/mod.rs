//! Reads the quarterly tables of CMS, as they are published, into tables of our form.
//!
//! What is kept: codes, numbers, days, and CMS's own words for the reason. An imported table stands
//! in `imports/` beside the hand-kept one, and outweighs it wherever it speaks of a pair or a code.

mod changes;
mod grid;
mod limits;
mod pairs;
mod quarter;

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use crate::domain::ProcedureCode;

pub use changes::Changes;

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quarterly {
    /// Pairs (NCCI PTP edits).
    Pairs,
    /// Unit limits (MUE).
    Limits,
}

/// Whose tables they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Outpatient hospital: the facility's claim.
    Facility,
    /// Practitioner: professional and global claims.
    Practitioner,
}

/// A file as it was brought.
pub struct Brought {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a person says of the files, where they do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// Whose tables they are.
    pub family: Option<Family>,
    /// The first day of the quarter, for limits.
    pub effective: Option<Date>,
}

/// A table of our form, made from what was brought.
#[derive(Debug)]
pub struct Imported {
    /// Its name within the folder of tables.
    pub file: String,
    /// Its content.
    pub content: String,
    /// Rows of data that were read.
    pub read: u64,
    /// Rows of the table now.
    pub kept: u64,
    /// Rows that were left out, by why.
    pub skipped: BTreeMap<&'static str, u64>,
    /// What is otherwise than in the table before.
    pub changes: Changes,
}

/// What an import begins from.
pub struct Before<'a> {
    /// Codes that our tables know; others never meet in a check.
    pub codes: &'a HashSet<ProcedureCode>,
    /// The imported tables that are there, by name within the folder.
    pub tables: &'a BTreeMap<String, Vec<u8>>,
}

/// Reads files into tables: one for each family that they speak of.
///
/// # Errors
/// What is wrong, in words that say what to do.
pub fn import(
    what: Quarterly,
    brought: &[Brought],
    told: Told,
    before: &Before<'_>,
) -> Result<Vec<Imported>, String> {
    match what {
        Quarterly::Pairs => pairs::import(brought, told, before),
        Quarterly::Limits => limits::import(brought, told, before),
    }
}

impl Family {
    /// As written in the column `claims`.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Facility => "facility",
            Family::Practitioner => "practitioner",
        }
    }

    /// Whose table a name or a title speaks of.
    fn told_by(text: &str) -> Option<Family> {
        let text = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let practitioner = has(&["ccipra", "practitioner"]);
        let facility = has(&["ccihos", "ccioph", "hospital", "outpatient", "facility"]);
        match (practitioner, facility) {
            (true, false) => Some(Family::Practitioner),
            (false, true) => Some(Family::Facility),
            (true, true) | (false, false) => None,
        }
    }
}

/// A reason in CMS's words, fit for a cell of ours.
fn reason(told: &str) -> String {
    let plain: String = told
        .chars()
        .map(|sign| match sign {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201C}' | '\u{201D}' | '\u{201E}' => '"',
            sign if sign.is_control() || sign == '\u{A0}' => ' ',
            sign => sign,
        })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of a table as CSV.
fn csv(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    drop(writer.write_record(headings));
    for row in rows {
        drop(writer.write_record(&row));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests;
