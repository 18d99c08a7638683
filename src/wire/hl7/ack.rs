//! Writes the acknowledgment of a message.

use super::scan::{Scan, minor_version};
use super::{Delimiters, MsaCode, Objection, escape};

/// Longer texts are cut: receivers keep no more.
pub const ERROR_TEXT_CHARS_MAX: usize = 254;

/// What the sender of a message is told.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledgment<'a> {
    /// The answer.
    pub code: MsaCode,
    /// Why, if the answer is not yes.
    pub objection: Option<&'a Objection>,
    /// What else is said, beside a yes.
    pub notes: &'a [Objection],
    /// When it is said (MSH-7).
    pub made: &'a str,
    /// Our own control id (MSH-10).
    pub control_id: &'a str,
    /// How it is written.
    pub style: Style,
}

/// How an acknowledgment is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// The sequence number that is expected next (MSA-4), where such numbers are followed.
    pub expected: Option<i64>,
    /// Whether MSH-9 is `ACK` alone, whatever the version.
    pub bare_type: bool,
    /// Whether it is an exchange of its own, to which nobody must answer (MSH-15, MSH-16).
    pub later: bool,
}

/// Part of some character sets, and of no frame.
const ESC: u8 = 0x1b;

/// Writes the acknowledgment, in the sender's delimiters, version and charset.
pub fn acknowledge(scan: &Scan<'_>, told: &Acknowledgment<'_>) -> Vec<u8> {
    let mut out = Out { bytes: Vec::with_capacity(256), delimiters: scan.delimiters() };
    header(scan, told, &mut out);
    out.raw(b"\rMSA");
    out.field(told.code.as_str().as_bytes());
    out.echoed(scan.control_id());
    match (told.objection, told.style.expected) {
        (Some(objection), _) => out.text(&objection.text),
        (None, Some(_)) => out.field(b""),
        (None, None) => {}
    }
    if let Some(expected) = told.style.expected {
        out.field(expected.to_string().as_bytes());
    }
    errors(scan, told, &mut out);
    out.raw(b"\r");
    out.bytes
}

/// One ERR for each objection; all of them in one ERR-1 where the version has nothing more.
fn errors(scan: &Scan<'_>, told: &Acknowledgment<'_>, out: &mut Out) {
    let (first, more) = match (told.objection, told.notes) {
        // What else stands against the message belongs to its own first objection, and to no other.
        (Some(first), _) if scan.verdict.as_ref().err() == Some(first) => {
            (first, scan.more.as_slice())
        }
        (Some(first), _) => (first, &[][..]),
        (None, [first, more @ ..]) => (first, more),
        (None, []) => return,
    };
    out.raw(b"\rERR");
    error(scan, first, out);
    for objection in more {
        if minor(scan) < 5 {
            let repetition = out.delimiters.repetition;
            out.raw(&[repetition]);
            location_and_code(objection, out);
        } else {
            out.raw(b"\rERR");
            error(scan, objection, out);
        }
    }
}

fn header(scan: &Scan<'_>, told: &Acknowledgment<'_>, out: &mut Out) {
    out.raw(b"MSH");
    let signs = out.delimiters.signs();
    out.field(signs.as_bytes());
    for number in [5, 6, 3, 4] {
        out.echoed(scan.header(number));
    }
    out.field(told.made.as_bytes());
    out.field(b"");
    out.field(b"ACK");
    if minor(scan) >= 4 && !scan.event().is_empty() && !told.style.bare_type {
        out.component(scan.event());
        out.component("ACK");
    }
    out.field(told.control_id.as_bytes());
    out.echoed(some_or(scan.header(11), b"P"));
    out.echoed(some_or(scan.header(12), b"2.5.1"));
    let wishes: &[u8] = if told.style.later { b"NE" } else { b"" };
    let charset = scan.header(18);
    if told.style.later || !charset.is_empty() {
        (13..15).for_each(|_| out.field(b""));
        (15..17).for_each(|_| out.field(wishes));
    }
    if !charset.is_empty() {
        out.field(b"");
        out.echoed(charset);
    }
}

fn error(scan: &Scan<'_>, objection: &Objection, out: &mut Out) {
    let minor = minor(scan);
    match minor {
        0..=6 => old_location(objection, out),
        _ => out.field(b""),
    }
    if minor < 5 {
        return;
    }
    out.field(b"");
    location(objection, out);
    out.field(objection.code.to_string().as_bytes());
    out.component(meaning(objection.code));
    out.component("HL70357");
    out.field(objection.severity.as_str().as_bytes());
    (5..8).for_each(|_| out.field(b""));
    out.text(&objection.text);
}

/// ERR-1: place, and behind it the code.
fn old_location(objection: &Objection, out: &mut Out) {
    out.field(b"");
    location_and_code(objection, out);
}

fn location_and_code(objection: &Objection, out: &mut Out) {
    location(objection, out);
    let written = objection.location.as_ref().map_or(0, |it| if it.field > 0 { 3 } else { 2 });
    (written.max(1)..3).for_each(|_| out.component(""));
    out.component(&objection.code.to_string());
    if let Some(subcomponent) = out.delimiters.subcomponent {
        out.raw(&[subcomponent]);
        out.escaped(meaning(objection.code));
    }
}

fn location(objection: &Objection, out: &mut Out) {
    if let Some(place) = &objection.location {
        out.escaped(&place.segment);
        out.component(&place.occurrence.to_string());
        if place.field > 0 {
            out.component(&place.field.to_string());
        }
    }
}

/// Table 0357.
fn meaning(code: u16) -> &'static str {
    match code {
        0 => "Message accepted",
        100 => "Segment sequence error",
        101 => "Required field missing",
        102 => "Data type error",
        103 => "Table value not found",
        104 => "Value too long",
        200 => "Unsupported message type",
        201 => "Unsupported event code",
        202 => "Unsupported processing id",
        203 => "Unsupported version id",
        204 => "Unknown key identifier",
        205 => "Duplicate key identifier",
        206 => "Application record locked",
        _ => "Application error",
    }
}

/// The version that the answer is written in; one that nobody knows is answered as 2.5.1.
fn minor(scan: &Scan<'_>) -> u8 {
    minor_version(&scan.version()).unwrap_or(5)
}

fn some_or<'a>(told: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if told.trim_ascii().is_empty() { other } else { told }
}

struct Out {
    bytes: Vec<u8>,
    delimiters: Delimiters,
}

impl Out {
    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A field that stands already as it must.
    fn field(&mut self, bytes: &[u8]) {
        self.bytes.push(self.delimiters.field);
        self.raw(bytes);
    }

    /// A field of the sender's, as it stands; only what may end a frame is taken out of it.
    fn echoed(&mut self, bytes: &[u8]) {
        let stands = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | ESC);
        self.bytes.push(self.delimiters.field);
        self.bytes.extend(bytes.iter().map(|byte| if stands(*byte) { *byte } else { b'?' }));
    }

    fn component(&mut self, text: &str) {
        self.bytes.push(self.delimiters.component);
        self.escaped(text);
    }

    fn text(&mut self, text: &str) {
        self.field(b"");
        let cut: String = text.chars().take(ERROR_TEXT_CHARS_MAX).map(plain).collect();
        self.escaped(&cut);
    }

    fn escaped(&mut self, text: &str) {
        let delimiters = self.delimiters;
        self.raw(escape::encode(text, &delimiters).as_bytes());
    }
}

/// Our texts must be readable in whatever charset the sender uses.
fn plain(sign: char) -> char {
    if sign.is_ascii() { sign } else { '?' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hl7::scan;

    fn acknowledged(message: &str) -> String {
        let found = scan(message.as_bytes());
        let objection = found.verdict.clone().err();
        let code = objection.as_ref().map_or(MsaCode::Accept, |it| it.answer);
        let told = Acknowledgment {
            code,
            objection: objection.as_ref(),
            notes: &[],
            made: "20261008120000",
            control_id: "C1",
            style: Style::default(),
        };
        String::from_utf8(acknowledge(&found, &told)).unwrap().replace('\r', "!")
    }

    #[test]
    fn yes_is_said_with_the_senders_own_words() {
        let ok = "!PID|||5!FT1||1||20261008".replace('!', "\r");
        for (header, answer) in [
            (
                r"MSH|^~\&|ARIA|RAD|COL|EX|20261008||DFT^P03^DFT_P03|K1  |P|2.5.1|||AL|NE",
                r"MSH|^~\&|COL|EX|ARIA|RAD|20261008120000||ACK^P03^ACK|C1|P|2.5.1!MSA|AA|K1  !",
            ),
            (
                r"MSH|^~\&|||COL|EX|20261008||DFT^P03|K1|P|2.3.1",
                r"MSH|^~\&|COL|EX|||20261008120000||ACK|C1|P|2.3.1!MSA|AA|K1!",
            ),
            (
                r"MSH|^~\&#|A|B|C|D|20261008||DFT^P03|K1|P^T|2.7||||||8859/1",
                r"MSH|^~\&#|C|D|A|B|20261008120000||ACK^P03^ACK|C1|P^T|2.7||||||8859/1!MSA|AA|K1!",
            ),
        ] {
            assert_eq!(acknowledged(&format!("{header}{ok}")), answer);
        }
    }

    #[test]
    fn no_is_said_as_the_version_wants_it() {
        let no = |version: &str| {
            let text = format!("MSH|^~\\&|A|B|C|D|||DFT^P03|K1|P|{version}\rPID|||5\rFT1||1||x");
            let answer = acknowledged(&text);
            answer.split_once("!MSA").unwrap().1.to_owned()
        };
        let msa = "|AE|K1|the date of service is no date!ERR";
        assert_eq!(no("2.4"), format!("{msa}|FT1^1^4^102&Data type error!"));
        assert_eq!(
            no("2.5.1"),
            format!(
                "{msa}|FT1^1^4^102&Data type error|FT1^1^4|102^Data type error^HL70357|E||||the date of service is no date!"
            )
        );
        assert_eq!(
            no("2.7"),
            format!(
                "{msa}||FT1^1^4|102^Data type error^HL70357|E||||the date of service is no date!"
            )
        );
    }

    #[test]
    fn a_10_what_is_noted_is_said_beside_a_yes_as_the_version_wants_it() {
        use crate::wire::hl7::{Severity, noted};
        let said = |version: &str| {
            let text = format!(
                "MSH|^~\\&|A|B|C|D|||DFT^P03|K1|P|{version}||||||X\rEVN|P11\rPID|||5\rFT1||1||20261008"
            );
            let found = scan(text.as_bytes());
            let notes = noted(text.as_bytes(), &found);
            assert!(notes.iter().all(|it| it.severity == Severity::Warning));
            let told = Acknowledgment {
                code: MsaCode::Accept,
                objection: None,
                notes: &notes,
                made: "",
                control_id: "",
                style: Style::default(),
            };
            let answer = String::from_utf8(acknowledge(&found, &told)).unwrap().replace('\r', "!");
            answer.split_once("!MSA").unwrap().1.to_owned()
        };
        assert_eq!(
            said("2.4"),
            "|AA|K1!ERR|MSH^1^18^103&Table value not found~EVN^1^1^201&Unsupported event code!"
        );
        let err = "|MSH^1^18|103^Table value not found^HL70357|W||||a character set that is not known!ERR||EVN^1^1|201^Unsupported event code^HL70357|W||||EVN-1 says P11, MSH-9 says P03!";
        assert_eq!(said("2.7"), format!("|AA|K1!ERR|{err}"));
    }

    #[test]
    fn a_message_without_a_usable_header_gets_an_answer_too() {
        let answer = acknowledged("hello");
        assert!(
            answer.starts_with(r"MSH|^~\&|||||20261008120000||ACK|C1|P|2.5.1!MSA|AR||"),
            "{answer}"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_cannot_break_the_answer() {
        let found = scan(b"MSH|^~\\&|A");
        let objection = Objection::error(207, format!("a|b\r\u{e9}{}", "x".repeat(400)));
        let told = Acknowledgment {
            code: MsaCode::Error,
            objection: Some(&objection),
            notes: &[],
            made: "",
            control_id: "",
            style: Style::default(),
        };
        let answer = String::from_utf8(acknowledge(&found, &told)).unwrap();
        assert!(answer.contains(r"a\F\b\X0D\?xxx"), "{answer}");
        assert_eq!(answer.matches('\r').count(), 3);
        assert!(answer.len() < 700);
    }
}
