//! Sees that no two rows claim the same case on the same day.

use rustc_hash::FxHashMap as HashMap;
use std::hash::Hash;

use super::cell::Cells;
use super::period::Period;

/// The cases that rows have claimed so far, each with its days and its line.
pub(super) struct Once<K> {
    claimed: HashMap<K, Vec<(Period, String)>>,
}

impl<K> Default for Once<K> {
    fn default() -> Once<K> {
        Once { claimed: HashMap::default() }
    }
}

impl<K: Hash + Eq> Once<K> {
    /// Claims cases for a row, and names the first row that has one of them already.
    pub(super) fn add(
        &mut self,
        cases: impl IntoIterator<Item = K>,
        period: Period,
        cells: &mut Cells<'_>,
    ) {
        let mut before = None;
        for case in cases {
            let rows = self.claimed.entry(case).or_default();
            let taken =
                rows.iter().find_map(|(other, row)| Some((period.common(other)?, row.clone())));
            before = before.or(taken);
            rows.push((period, cells.row().0));
        }
        if let Some((common, row)) = before {
            cells.wrong(format!(
                "says again what {row} says {common}: end one of the two rows, or remove it"
            ));
        }
    }
}
