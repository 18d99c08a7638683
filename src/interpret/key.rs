//! The number of a line whose source gave it none.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Begins every number that we made: no source writes it.
const MADE_HERE: &str = "~";

const NUMBER_BYTES: usize = 16;

/// Numbers lines that have none.
///
/// The number is a hash of what the source says of the line: whose it is, the account, when and
/// what was done, the code, its modifiers, by whom, batch and filler order; and of how many
/// equal lines of the same message came before it. So the same message sent again makes the same
/// numbers, and two equal lines of one message stay two. The clock has no part in it.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    seen: BTreeMap<String, u32>,
}

impl Numbers {
    /// The number of a line of which this is said.
    pub(super) fn number(&mut self, said: &[&str]) -> String {
        let line = said.join("\u{1f}");
        let ordinal = self.seen.entry(line.clone()).or_insert(0);
        *ordinal += 1;
        let hash = Sha256::digest(format!("{line}\u{1f}{ordinal}"));
        let digits: String =
            hash.iter().take(NUMBER_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("{MADE_HERE}{digits}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_of_one_message_stay_two_and_a_resent_message_says_the_same() {
        let mut first = Numbers::default();
        let mut again = Numbers::default();
        let (a, b) = (first.number(&["x", "y"]), first.number(&["x", "y"]));
        assert_ne!(a, b);
        assert_ne!(a, first.number(&["xy", ""]));
        assert_eq!([a, b], [again.number(&["x", "y"]), again.number(&["x", "y"])]);
    }
}
