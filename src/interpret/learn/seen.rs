//! What was seen at one place of a source's messages.

use std::collections::BTreeMap;

use crate::domain::ProcedureCode;
use crate::wire::hl7::time;

/// Different values that are remembered of one place.
const VALUES_MAX: usize = 2_000;

/// The values of one place.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// How often it was told.
    pub(super) told: u64,
    values: BTreeMap<String, u64>,
    is_cut: bool,
}

impl Seen {
    pub(super) fn add(&mut self, value: &str) {
        self.told += 1;
        if let Some(count) = self.values.get_mut(value) {
            *count += 1;
        } else if self.values.len() < VALUES_MAX {
            self.values.insert(value.to_owned(), 1);
        } else {
            self.is_cut = true;
        }
    }

    /// How many different values.
    pub(super) fn different(&self) -> usize {
        self.values.len()
    }

    /// Values with their counts, the most frequent first.
    pub(super) fn values(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> =
            self.values.iter().map(|(value, count)| (value.as_str(), *count)).collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        all
    }

    /// How often a value of this shape was told.
    pub(super) fn count(&self, is: impl Fn(&str) -> bool) -> u64 {
        self.values.iter().filter(|(value, _)| is(value)).map(|(_, count)| count).sum()
    }

    /// `212 of 212, 34 different`.
    pub(super) fn of(&self, all: u64) -> String {
        let more = if self.is_cut { "more than " } else { "" };
        format!("{} of {all}, {more}{} different", self.told, self.different())
    }
}

/// Whether a text is a procedure code, with or without modifiers behind it.
pub(super) fn is_code(text: &str) -> bool {
    super::super::code::coded(text).is_some_and(|it| has_digits(&it.code))
}

/// Names of activities are sometimes five letters long; a code has digits.
fn has_digits(code: &ProcedureCode) -> bool {
    code.as_str().bytes().filter(u8::is_ascii_digit).count() >= 4
}

pub(super) fn is_time(text: &str) -> bool {
    text.len() >= 8 && time::read(text).is_some()
}

pub(super) fn is_small_number(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|number| (1..=60).contains(&number))
}

/// A UID of DICOM.
pub(super) fn is_uid(text: &str) -> bool {
    text.contains('.')
        && text.len() > 4
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.matches('.').count() >= 2
}

pub(super) fn is_degree(text: &str) -> bool {
    ["MD", "DO", "NP", "PA", "PAC", "RT", "RTT", "DMP", "PHD", "RN", "CMD", "CNP"]
        .contains(&text.replace(['.', '-', ' ', '(', ')'], "").to_ascii_uppercase().as_str())
}
