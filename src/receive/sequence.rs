//! Sequence numbers (MSH-13) of a source that counts its messages: a gap is told before anything
//! behind it is taken.

use crate::wire::hl7::{Objection, Scan};

/// What is said where no number is expected yet.
const NONE_EXPECTED: i64 = -1;

/// Which number comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    /// The number that is expected; none before the first one, or after the source began anew.
    pub(super) expected: Option<i64>,
}

/// What a message's number comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It has none, or one that says nothing new.
    Stays,
    /// It is the next one, or begins anew: this is where the count stands once it is stored.
    Moves(Sequence),
    /// One before it is missing.
    Gap(Objection),
}

impl Sequence {
    /// As it was kept.
    pub(super) fn read(text: &str) -> Sequence {
        Sequence { expected: text.parse().ok().filter(|number| *number > 0) }
    }

    /// As it is kept.
    pub(super) fn written(self) -> String {
        self.expected.map_or(String::new(), |number| number.to_string())
    }

    /// What is told in MSA-4.
    pub(super) fn told(self) -> i64 {
        self.expected.unwrap_or(NONE_EXPECTED)
    }

    /// What a message with such a number comes to.
    pub(super) fn step(self, number: Option<i64>) -> Step {
        let begins = Sequence { expected: None };
        match (number, self.expected) {
            (Some(NONE_EXPECTED), _) => Step::Moves(begins),
            (Some(number), Some(expected)) if number > expected => {
                let text = format!("number {number} came where {expected} is expected");
                Step::Gap(Objection::reject(207, text).at("MSH", 1, 13))
            }
            (Some(number), Some(expected)) if number < expected => Step::Stays,
            (Some(number), _) if number > 0 => {
                Step::Moves(Sequence { expected: number.checked_add(1) })
            }
            (Some(_) | None, _) => Step::Stays,
        }
    }
}

/// Whether a message only opens a link or asks where the count stands: it has a number that counts
/// nothing, and no type.
pub(super) fn is_link(scan: &Scan<'_>) -> bool {
    matches!(scan.sequence(), Some(0 | NONE_EXPECTED)) && scan.kind().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn a_gap_is_told_and_a_repeat_moves_nothing() {
        for row in rows(
            "
            | expected | number | comes to |
            | -        | 7      | 8        |
            | 8        | 8      | 9        |
            | 8        | 7      | stays    |
            | 8        | 9      | gap      |
            | 8        | 0      | stays    |
            | 8        | -1     | -        |
            | 8        |        | stays    |
            | -        | 0      | stays    |
            | -        | -5     | stays    |
            ",
        ) {
            let sequence = Sequence::read(&row["expected"]);
            let came = match sequence.step(row["number"].parse().ok()) {
                Step::Stays => "stays".to_owned(),
                Step::Gap(_) => "gap".to_owned(),
                Step::Moves(to) if to.expected.is_none() => "-".to_owned(),
                Step::Moves(to) => to.written(),
            };
            assert_eq!(came, row["comes to"], "{row}");
        }
        assert_eq!((Sequence::read("").told(), Sequence::read("8").told()), (-1, 8));
    }
}
