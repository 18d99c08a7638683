//! How many times a code is billed on one line.

use serde::{Deserialize, Serialize};

/// How many times a code is billed on one line: at least once, at most 999 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quantity(u16);

impl Quantity {
    /// Billed once, as almost every line is.
    pub const ONE: Quantity = Quantity(1);

    /// `None` when `times` is outside what a claim form can carry.
    pub fn new(times: u16) -> Option<Quantity> {
        (1..=999).contains(&times).then_some(Quantity(times))
    }

    /// The number itself.
    pub fn get(self) -> u16 {
        self.0
    }

    /// Reads a decimal number that is whole: `1`, `01`, `+1`, `1.0`, `1.`; nothing else. An empty
    /// text means once. A comma is no decimal sign: guessing would bill once or ten times.
    pub fn parse(text: &str) -> Option<Quantity> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Quantity::ONE);
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
        let is_whole = rest.bytes().all(|byte| byte == b'0');
        if is_number && is_whole { Quantity::new(whole.parse().ok()?) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn a_quantity_is_a_whole_number_however_it_is_spelled() {
        for row in rows(
            "
            | text  | is  |
            | 1     | 1   |
            | 01    | 1   |
            | +1    | 1   |
            | 1.0   | 1   |
            | 1.    | 1   |
            |       | 1   |
            | 12    | 12  |
            | 999   | 999 |
            | 1000  | -   |
            | 0     | -   |
            | -1    | -   |
            | 1,0   | -   |
            | 1.5   | -   |
            | .     | -   |
            | one   | -   |
            | 99999 | -   |
            ",
        ) {
            let read = Quantity::parse(&row["text"]).map_or("-".into(), |q| q.get().to_string());
            assert_eq!(read, row["is"], "{row}");
        }
    }
}
