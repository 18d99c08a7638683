//! What a message must tell to be taken in: looked for in the bytes, before it is answered.

use std::borrow::Cow;

use super::fragment::last_pointer;
use super::lines::{self, Lines};
use super::value::{Value, preferred_identifier};
use super::{Delimiters, Objection, time};

/// Events that give up one number of a patient for another.
pub const MERGE_EVENTS: [&str; 6] = ["A18", "A30", "A34", "A36", "A40", "A47"];

/// The most faults of one message that its sender is told.
pub const OBJECTIONS_MAX: usize = 20;

/// What stands against taking in what the message tells; the first decides.
pub(crate) fn check(
    body: &[u8],
    delimiters: &Delimiters,
    (kind, event): (&str, &str),
    without_charges: bool,
) -> Vec<Objection> {
    let look = Look { body, delimiters: *delimiters };
    if !last_pointer(body, delimiters).is_empty() {
        let text = "a fragment: send the message whole";
        return vec![Objection::reject(200, text).at("DSC", 1, 1)];
    }
    let one = |checked: Result<(), Objection>| checked.err().into_iter().collect();
    match kind {
        "DFT" => {
            let mut objections = look.undated_charges(without_charges);
            objections.extend(look.has_patient().err());
            objections.truncate(OBJECTIONS_MAX);
            objections
        }
        "MDM" => one(look.has_numbered_document().and_then(|()| look.has_patient())),
        "ADT" if MERGE_EVENTS.contains(&event) => {
            one(look.has_patient().and_then(|()| look.merges()))
        }
        "ADT" => one(look.has_patient()),
        _ => Vec::new(),
    }
}

struct Look<'a> {
    body: &'a [u8],
    delimiters: Delimiters,
}

impl<'a> Look<'a> {
    fn lines(&self) -> impl Iterator<Item = ([u8; 3], &'a [u8])> {
        let separator = self.delimiters.field;
        let named = move |line| lines::name(line, separator).map(|name| (name, line));
        Lines::new(self.body, separator).filter_map(named)
    }

    fn all(&self, wanted: &'static [u8; 3]) -> impl Iterator<Item = (u16, &'a [u8])> {
        (1..).zip(self.lines().filter(move |(name, _)| name == wanted).map(|(_, line)| line))
    }

    fn field(&self, line: &'a [u8], number: usize) -> &'a [u8] {
        lines::field(line, self.delimiters.field, number)
    }

    fn has_patient(&self) -> Result<(), Objection> {
        let list = self.all(b"PID").next().map(|(_, line)| self.field(line, 3));
        match list.and_then(|list| self.identifier(list)) {
            Some(_) => Ok(()),
            None => Err(Objection::error(101, "the patient has no number").at("PID", 1, 3)),
        }
    }

    fn undated_charges(&self, may_be_none: bool) -> Vec<Objection> {
        let mut objections = Vec::new();
        let mut any = false;
        for (occurrence, line) in self.all(b"FT1") {
            any = true;
            let date = self.field(line, 4);
            let is_day = |text: &str| time::read(text).and_then(|it| it.day()).is_some();
            if !is_told(date, &self.delimiters) {
                let text = "the date of service is missing";
                objections.push(Objection::error(101, text).at("FT1", occurrence, 4));
            } else if !is_day(&component(date, &self.delimiters, 0)) {
                let text = "the date of service is no date";
                objections.push(Objection::error(102, text).at("FT1", occurrence, 4));
            }
            if objections.len() == OBJECTIONS_MAX {
                break;
            }
        }
        if !any && !may_be_none {
            let text = "there is no FT1: nothing was done";
            objections.push(Objection::error(100, text).at("FT1", 1, 0));
        }
        objections
    }

    fn has_numbered_document(&self) -> Result<(), Objection> {
        let Some((_, line)) = self.all(b"TXA").next() else {
            return Err(Objection::error(100, "there is no TXA").at("TXA", 1, 0));
        };
        match component(self.field(line, 12), &self.delimiters, 0).is_empty() {
            true => Err(Objection::error(101, "the document has no number").at("TXA", 1, 12)),
            false => Ok(()),
        }
    }

    fn merges(&self) -> Result<(), Objection> {
        let (mut survivor, mut occurrence) = (None, 0);
        for (name, line) in self.lines() {
            match &name {
                b"PID" => survivor = self.identifier(self.field(line, 3)),
                b"MRG" => {
                    occurrence += 1;
                    let old = self.identifier(self.field(line, 1));
                    differs(survivor.as_ref(), old.as_ref(), occurrence)?;
                }
                _ => {}
            }
        }
        match occurrence {
            0 => differs(survivor.as_ref(), None, 1),
            _ => Ok(()),
        }
    }

    /// Number and authority of the identifier that counts.
    fn identifier(&self, list: &[u8]) -> Option<(String, String)> {
        let text = String::from_utf8_lossy(list);
        let one = preferred_identifier(Value::new(&text, &self.delimiters))?;
        Some((one.code().into_owned(), one.component(4).code().into_owned()))
    }
}

fn differs(
    survivor: Option<&(String, String)>,
    old: Option<&(String, String)>,
    occurrence: u16,
) -> Result<(), Objection> {
    let at = |objection: Objection| Err(objection.at("MRG", occurrence, 1));
    match old {
        None => at(Objection::error(101, "the number that is given up is missing")),
        Some(old) if survivor.is_some_and(|it| is_same(it, old)) => {
            at(Objection::error(205, "a number cannot be merged into itself"))
        }
        Some(_) => Ok(()),
    }
}

/// Whether two identifiers are one; one without its authority is of the other's.
fn is_same(one: &(String, String), old: &(String, String)) -> bool {
    one.0 == old.0 && (one.1 == old.1 || old.1.is_empty())
}

/// Whether a field tells anything but that it is known to be none.
pub(crate) fn is_told(field: &[u8], delimiters: &Delimiters) -> bool {
    let first = lines::first(field, delimiters.repetition);
    !component(first, delimiters, 0).is_empty()
}

/// A component of the first repetition, its first subcomponent, without blanks at the ends.
pub(crate) fn component<'a>(
    field: &'a [u8],
    delimiters: &Delimiters,
    number: usize,
) -> Cow<'a, str> {
    let whole =
        lines::nth(lines::first(field, delimiters.repetition), delimiters.component, number);
    let first = delimiters.subcomponent.map_or(whole, |it| lines::first(whole, it)).trim_ascii();
    if first == b"\"\"" { Cow::Borrowed("") } else { String::from_utf8_lossy(first) }
}

#[cfg(test)]
mod tests {
    use crate::wire::hl7::scan;

    fn headed(rest: &str) -> String {
        format!("MSH|^~\\&|A|B|C|D|20261008||DFT^P03|7|P|2.5.1!{rest}")
    }

    fn verdict(text: &str) -> String {
        match scan(text.replace('!', "\r").as_bytes()).verdict {
            Ok(()) => "AA".to_owned(),
            Err(it) => {
                let place = it.location.map(|it| format!(" {it}")).unwrap_or_default();
                format!("{} {}{place}", it.answer.as_str(), it.code)
            }
        }
    }

    #[test]
    fn what_a_sender_can_mend_is_told_with_its_place() {
        for (rest, expected) in [
            ("PID|||5!FT1||1||20261008", "AA"),
            ("PID|||5!FT1||1|| 20261008 ", "AA"),
            ("PID|||5!FT1||1||202610081015&M^202610081030&M", "AA"),
            ("PID|||\"\"^^^X^NI~5!FT1||1||20261008", "AA"),
            ("PID|||5", "AE 100 FT1^1"),
            ("PID|||5!FT1||1||20261008!FT1||2", "AE 101 FT1^2^4"),
            ("PID|||5!FT1||1||\"\"", "AE 101 FT1^1^4"),
            ("PID|||5!FT1||1||202613", "AE 102 FT1^1^4"),
            ("PID|||5!FT1||1||2026", "AE 102 FT1^1^4"),
            ("PID|||5!FT1||1||20261332", "AE 102 FT1^1^4"),
            ("PID|||!FT1||1||20261008", "AE 101 PID^1^3"),
            ("PID|||\"\"!FT1||1||20261008", "AE 101 PID^1^3"),
            ("FT1||1||20261008", "AE 101 PID^1^3"),
            ("PID|||5!FT1||1||20261008||CG|A!FT1||1||20261008||CG|B", "AA"),
        ] {
            assert_eq!(verdict(&headed(rest)), expected, "{rest}");
        }
    }

    #[test]
    fn a_merge_names_two_numbers() {
        let merge = |event: &str, rest: &str| {
            verdict(&format!("MSH|^~\\&|A|B|C|D|20261008||ADT^{event}|7|P|2.5.1!{rest}"))
        };
        assert_eq!(merge("A40", "PID|||5^^^X^MR!MRG|6^^^X^MR"), "AA");
        assert_eq!(merge("A40", "PID|||5^^^X^MR!MRG|5 ^^^X^MR"), "AE 205 MRG^1^1");
        assert_eq!(merge("A40", "PID|||5^^^X^MR!MRG|5^^^Y^MR"), "AA");
        assert_eq!(merge("A40", "PID|||5^^^X^MR!MRG|5"), "AE 205 MRG^1^1");
        assert_eq!(merge("A18", "PID|||5!MRG|"), "AE 101 MRG^1^1");
        assert_eq!(merge("A47", "PID|||5"), "AE 101 MRG^1^1");
        assert_eq!(merge("A40", "PID|||5!MRG|6!PID|||7!MRG|7"), "AE 205 MRG^2^1");
        assert_eq!(merge("A08", "PID|||5"), "AA");
    }
}
