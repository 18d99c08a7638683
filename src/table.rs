//! Reads the tables that tests are written in: rows between bars, the first one the headings.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;

/// One row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    cells: BTreeMap<String, String>,
    order: Vec<String>,
}

/// The rows of a table.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(cells);
    let order = lines.next().unwrap_or_default();
    lines
        .map(|line| {
            assert_eq!(line.len(), order.len(), "a row of another length: {line:?}");
            Row { cells: order.iter().cloned().zip(line).collect(), order: order.clone() }
        })
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.unwrap_or_default().split('|').map(|cell| cell.trim().to_owned()).collect()
}

impl Index<&str> for Row {
    type Output = String;

    fn index(&self, heading: &str) -> &String {
        &self.cells[heading]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for heading in &self.order {
            write!(f, "{heading}={} ", self.cells[heading])?;
        }
        Ok(())
    }
}
