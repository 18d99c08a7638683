//! Which fields of a source's messages are used, kept or ignored: what is not understood is counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::hl7;

use super::{Reading, read_parsed};

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Some message of it was read.
    Used,
    /// It is kept with its message, and nobody reads it.
    Kept,
    /// It came in messages alone that tell nothing for us, or were refused.
    Ignored,
}

/// A field that some message told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Segment.
    pub segment: String,
    /// Field.
    pub field: u16,
    /// What becomes of it.
    pub is: Use,
    /// Messages that told it.
    pub messages: u64,
    /// Segments that told it.
    pub times: u64,
    /// The triggers of these messages, in order.
    pub triggers: Vec<String>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Coverage {
    fields: BTreeMap<(String, u16), Count>,
    messages: u64,
    ignored: u64,
    refused: u64,
}

#[derive(Debug, Default)]
struct Count {
    messages: u64,
    times: u64,
    used: bool,
    kept: bool,
    triggers: BTreeSet<String>,
}

/// Fields of MSH that are read before the message is taken apart.
const SCANNED: [u16; 8] = [1, 2, 9, 10, 11, 12, 15, 16];

/// The field that says in which characters the message is.
const CHARACTERS: u16 = 18;

impl Use {
    /// As shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Use::Used => "used",
            Use::Kept => "kept",
            Use::Ignored => "ignored",
        }
    }
}

impl Coverage {
    /// Reads a message as it is read on its way in, and counts what was looked at.
    pub fn add(&mut self, raw: &[u8], reading: &Reading<'_>) {
        self.messages += 1;
        let message = hl7::Message::parse_as(raw, &reading.profile.character_set);
        let Ok(message) = message else {
            self.refused += 1;
            return;
        };
        let message = message.noting_looks();
        let scan = hl7::scan(raw);
        let told = match &scan.verdict {
            Ok(()) => read_parsed(&message, &scan, reading),
            Err(objection) => Err(super::finding::refusal(objection.clone())),
        };
        let is_taken = match &told {
            Ok(told) => {
                self.ignored += u64::from(told.ignored.is_some());
                told.ignored.is_none()
            }
            Err(_) => {
                self.refused += 1;
                false
            }
        };
        let mut seen = BTreeSet::new();
        for segment in message.segments() {
            let last = u16::try_from(segment.fields()).unwrap_or(u16::MAX);
            for field in (1..=last).filter(|field| segment.tells(*field)) {
                let count = self.fields.entry((segment.name().to_owned(), field)).or_default();
                count.times += 1;
                if seen.insert((segment.name().to_owned(), field)) {
                    count.messages += 1;
                }
                let scanned =
                    segment.name() == "MSH" && (SCANNED.contains(&field) || field == CHARACTERS);
                count.used |= is_taken && (scanned || segment.was_looked_at(field));
                count.kept |= is_taken;
                count.triggers.insert(scan.trigger());
            }
        }
    }

    /// Messages that were read, and of these those that tell nothing for us, and those refused.
    pub fn messages(&self) -> (u64, u64, u64) {
        (self.messages, self.ignored, self.refused)
    }

    /// Every field that was told, by segment and number.
    pub fn fields(&self) -> Vec<Covered> {
        let covered = |((segment, field), count): (&(String, u16), &Count)| Covered {
            segment: segment.clone(),
            field: *field,
            is: match (count.used, count.kept) {
                (true, _) => Use::Used,
                (false, true) => Use::Kept,
                (false, false) => Use::Ignored,
            },
            messages: count.messages,
            times: count.times,
            triggers: count.triggers.iter().cloned().collect(),
        };
        self.fields.iter().map(covered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageId;
    use crate::interpret::samples::ARIA;
    use crate::mappings::SourceProfile;
    use crate::wire::hl7::split;

    const K_02: &[u8] = include_bytes!("../../tests/cases/K-02.hl7");

    #[test]
    fn k_02_what_no_reader_uses_is_named_and_never_dropped_in_silence() {
        let reading = Reading {
            profile: &SourceProfile::parse(ARIA).unwrap(),
            system: "",
            time_zone: &jiff::tz::TimeZone::UTC,
            message: MessageId(1),
            received: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut coverage = Coverage::default();
        for message in split(K_02) {
            coverage.add(message, &reading);
        }
        assert_eq!(coverage.messages().2, 0, "none is refused");
        let fields = coverage.fields();
        let kept = |name: &str| fields.iter().any(|one| one.segment == name && one.is == Use::Kept);
        for name in ["OBR", "PR1", "NTE", "ROL", "ZXP", "GT1", "ZZZ"] {
            assert!(kept(name), "{name} is kept, and said to be");
        }
        let is = |name: &str, field| {
            fields.iter().find(|one| one.segment == name && one.field == field).map(|one| one.is)
        };
        for (name, field) in
            [("MSH", 10), ("PID", 3), ("PID", 18), ("FT1", 2), ("FT1", 7), ("ZRT", 1)]
        {
            assert_eq!(is(name, field), Some(Use::Used), "{name}-{field}");
        }
        assert_eq!(is("FT1", 5), Some(Use::Kept), "the posting date is never the day of service");
    }
}
