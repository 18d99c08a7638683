//! What is noted of a message that is taken all the same, for senders that want to be told.

use super::content::{OBJECTIONS_MAX, component};
use super::fragment::without_addenda;
use super::lines::{self, Lines};
use super::objection::Severity;
use super::scan::{Scan, minor_version};
use super::{Delimiters, Objection, charset, preflight, time};

/// What is noted of a message, in the order of its segments, and no more than a sender is told.
pub fn noted(raw: &[u8], scan: &Scan<'_>) -> Vec<Objection> {
    let Ok((body, delimiters)) = preflight::begin(raw) else {
        return Vec::new();
    };
    let mut notes = of_header(scan, &delimiters);
    let declared = scan.header(18);
    if !charset::is_known(declared) {
        notes.push(warning(103, "a character set that is not known").at("MSH", 1, 18));
    } else if charset::decode(body, declared).damaged {
        let text = "some bytes stand for nothing in the character set";
        notes.push(warning(102, text).at("MSH", 1, 18));
    }
    let unmasked = charset::unmask(body, declared);
    let text = unmasked.as_ref().map_or(body, |decoded| decoded.text.as_bytes());
    notes.extend(of_body(&without_addenda(text, &delimiters), &delimiters, scan));
    notes.truncate(OBJECTIONS_MAX);
    notes
}

fn of_header(scan: &Scan<'_>, delimiters: &Delimiters) -> Vec<Objection> {
    let told = |number| component(scan.header(number), delimiters, 0);
    let mut notes = Vec::new();
    let made = told(7);
    if !made.is_empty() && time::read(&made).is_none() {
        notes.push(warning(102, "the time of the message is no time").at("MSH", 1, 7));
    }
    if told(10).is_empty() {
        notes.push(warning(101, "the control id is missing").at("MSH", 1, 10));
    }
    let processing = told(11);
    if processing.starts_with(['T', 't', 'D', 'd']) {
        let text = "it is taken as if it were of production";
        notes.push(Objection::noted(202, Severity::Information, text).at("MSH", 1, 11));
    }
    let version = scan.version();
    if !version.is_empty() && minor_version(&version).is_none() {
        notes.push(warning(203, "only versions 2.1 to 2.9 are known").at("MSH", 1, 12));
    }
    notes
}

fn of_body(body: &[u8], delimiters: &Delimiters, scan: &Scan<'_>) -> Vec<Objection> {
    let mut notes = Vec::new();
    let mut charges = 0_u16;
    for line in Lines::new(body, delimiters.field) {
        let told = |number| component(lines::field(line, delimiters.field, number), delimiters, 0);
        match lines::name(line, delimiters.field).as_ref() {
            Some(b"EVN") => {
                let event = told(1).to_ascii_uppercase();
                if !event.is_empty() && event != scan.event() {
                    let text = format!("EVN-1 says {event}, MSH-9 says {}", scan.event());
                    notes.push(warning(201, text).at("EVN", 1, 1));
                }
            }
            Some(b"FT1") => {
                charges = charges.saturating_add(1);
                let posted = told(5);
                if !posted.is_empty() && time::read(&posted).is_none() {
                    let text = "the day of posting is no time";
                    notes.push(warning(102, text).at("FT1", charges, 5));
                }
            }
            Some(_) | None => {}
        }
        if notes.len() >= OBJECTIONS_MAX {
            return notes;
        }
    }
    if charges == 0 && scan.kind() == "DFT" && !scan.is_part() {
        let text = "there is no FT1: there is nothing to do";
        notes.push(Objection::noted(100, Severity::Information, text).at("FT1", 1, 0));
    }
    notes
}

fn warning(code: u16, text: impl Into<String>) -> Objection {
    Objection::noted(code, Severity::Warning, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use crate::wire::hl7::{Terms, scan_on};

    #[test]
    fn a_10_what_is_noted_of_a_message_that_is_taken_is_told_with_its_place() {
        for row in rows(
            "
            | 7        | 9        | 10 | 11 | 12    | 18          | body                  | noted |
            | 20261008 | DFT^P03  | 1  | P  | 2.5.1 | UNICODE UTF-8 | EVN;P03!FT1;;1;;20261008;20261008 | |
            |          | DFT^P03  | 1  | P  | 2.5.1 |             | FT1;;1;;20261008      |       |
            | soon     | DFT^P03  | 1  | P  | 2.5.1 |             | FT1;;1;;20261008      | W 102 MSH^1^7 |
            | 20261008 | DFT^P03  |    | P  | 2.5.1 |             | FT1;;1;;20261008      | W 101 MSH^1^10 |
            | 20261008 | DFT^P03  | 1  | T  | 2.5+  |             | FT1;;1;;20261008      | I 202 MSH^1^11, W 203 MSH^1^12 |
            | 20261008 | DFT^P03  | 1  | P  | 2.5.1 | KLINGON     | FT1;;1;;20261008      | W 103 MSH^1^18 |
            | 20261008 | DFT^P03  | 1  | P  | 2.5.1 | ASCII       | EVN;p11!FT1;;1;;20261008 | W 201 EVN^1^1 |
            | 20261008 | DFT^P03  | 1  | P  | 2.5.1 |             | FT1;;1;;20261008!FT1;;2;;20261008;x | W 102 FT1^2^5 |
            | 20261008 | DFT^P03  | 1  | P  | 2.5.1 |             | PV1;1                 | I 100 FT1^1 |
            | 20261008 | ADT^A08  | 1  | P  | 2.5.1 |             | EVN;;x                |       |
            ",
        ) {
            let of = |key: &str| row[key].clone();
            let text = format!(
                "MSH|^~\\&|A|B|C|D|{}||{}|{}|{}|{}||||||{}\rPID|||5\r{}\r",
                of("7"), of("9"), of("10"), of("11"), of("12"), of("18"),
                of("body").replace(';', "|").replace('!', "\r"),
            );
            let found = scan_on(text.as_bytes(), &Terms::TAKEN);
            assert_eq!(found.verdict, Ok(()), "{row}");
            let noted: Vec<String> = noted(text.as_bytes(), &found)
                .iter()
                .map(|it| {
                    let place = it.location.as_ref().unwrap();
                    format!("{} {} {place}", it.severity.as_str(), it.code)
                })
                .collect();
            assert_eq!(noted.join(", "), row["noted"], "{row}");
        }
    }

    #[test]
    fn a_10_bytes_that_stand_for_nothing_are_noted() {
        let text =
            [b"MSH|^~\\&|A|B|C|D|2026||ADT^A08|1|P|2.5.1||||||UNICODE UTF-8\rPID|||5||M\xfcller"
                .as_slice()]
            .concat();
        let found = scan_on(&text, &Terms::TAKEN);
        assert_eq!(noted(&text, &found)[0].code, 102);
        let many = format!(
            "MSH|^~\\&|A|B|C|D|2026||DFT^P03|1|P|2.5\rPID|||5\r{}",
            "FT1||1||20261008|x\r".repeat(50)
        );
        let found = scan_on(many.as_bytes(), &Terms::TAKEN);
        assert_eq!(noted(many.as_bytes(), &found).len(), OBJECTIONS_MAX);
    }
}
