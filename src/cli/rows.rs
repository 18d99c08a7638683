//! Lines as rows of a list: the columns of the contract.

use crate::domain::sheet;
use crate::store::ListedLine;

/// The columns that every list of lines begins with.
pub const COLUMNS: [&str; 12] = sheet::LINE_COLUMNS;

/// The columns that follow where a store is asked.
pub const STORE_COLUMNS: [&str; 3] = sheet::STORE_COLUMNS;

/// A line as a row of [`COLUMNS`].
pub fn row(listed: &ListedLine) -> [String; 12] {
    sheet::line_row(&listed.patient.number, &listed.line)
}

/// A line as a row of [`STORE_COLUMNS`].
pub fn store_row(listed: &ListedLine) -> [String; 3] {
    sheet::store_row(&listed.line)
}

/// A line as a row of [`COLUMNS`] and [`STORE_COLUMNS`].
pub fn whole_row(listed: &ListedLine) -> Vec<String> {
    row(listed).into_iter().chain(store_row(listed)).collect()
}
