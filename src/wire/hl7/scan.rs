//! The quick look at a message before it is answered: who sends what, and whether it is taken.
//!
//! It runs over the bytes, builds nothing, and reads no more than its answer needs. Everything
//! that a sender could mend is found here, so that the sender is told and not only we know.

use std::borrow::Cow;
use std::fmt;

use super::content::{self, component};
use super::lines::{self, Lines};
use super::{Delimiters, Objection, charset, fragment, preflight};

/// What a quick look found.
#[derive(Clone)]
pub struct Scan<'a> {
    header: Option<Header<'a>>,
    event: Cow<'a, str>,
    /// Whether the message is taken, and if not, what stands against it first.
    pub verdict: Result<(), Objection>,
    /// What else stands against it that its sender can mend.
    pub more: Vec<Objection>,
}

/// What is taken of a source beyond what is taken of everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Messages of training (MSH-11 `T`).
    pub training: bool,
    /// Messages of debugging (MSH-11 `D`).
    pub debugging: bool,
    /// Messages without a control id (MSH-10).
    pub without_control_id: bool,
    /// Versions that nobody knows (MSH-12).
    pub any_version: bool,
    /// Messages of charges (DFT) without a charge.
    pub without_charges: bool,
    /// Parts of messages, whose others come on their own (MSH-14, DSC).
    pub fragments: bool,
}

/// When the sender of a message wants to be told (table 0155).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// `AL`.
    Always,
    /// `NE`.
    Never,
    /// `ER`: when it is not taken.
    OnError,
    /// `SU`: when it is taken.
    OnSuccess,
}

impl Terms {
    /// The terms of a message that was taken when it came, whatever they were then.
    pub const TAKEN: Terms = Terms {
        training: true,
        debugging: true,
        without_control_id: true,
        any_version: true,
        without_charges: true,
        fragments: false,
    };
}

impl Wish {
    /// Whether this is wanted of an answer that says yes, or no.
    pub fn wants(self, accepts: bool) -> bool {
        match self {
            Wish::Always => true,
            Wish::Never => false,
            Wish::OnError => !accepts,
            Wish::OnSuccess => accepts,
        }
    }
}

#[derive(Clone, Copy)]
struct Header<'a> {
    line: &'a [u8],
    delimiters: Delimiters,
}

/// Looks at a message, on the terms of everybody.
pub fn scan(raw: &[u8]) -> Scan<'_> {
    scan_on(raw, &Terms::default())
}

/// Looks at a message, on such terms.
pub fn scan_on<'a>(raw: &'a [u8], terms: &Terms) -> Scan<'a> {
    let (body, delimiters) = match preflight::begin(raw) {
        Ok(begun) => begun,
        Err(objection) => {
            let (event, verdict) = (Cow::Borrowed(""), Err(objection));
            return Scan { header: None, event, verdict, more: Vec::new() };
        }
    };
    let line = Lines::new(body, delimiters.field).next().unwrap_or_default();
    let header = Header { line, delimiters };
    let event = event(&header, body);
    let unmasked = charset::unmask(body, header.field(18));
    let text = unmasked.as_ref().map_or(body, |decoded| decoded.text.as_bytes());
    let whole = fragment::without_addenda(text, &delimiters);
    let of_header = header
        .is_for_us(&event, terms)
        .and_then(|()| preflight::check(body.len(), &whole, &delimiters))
        .and_then(|()| header.has_control_id(terms));
    let mut objections = match of_header {
        Err(objection) => vec![objection],
        Ok(()) if terms.fragments && header.is_part(body) => Vec::new(),
        Ok(()) => {
            let kind = (&*header.kind(), &*event);
            content::check(&whole, &delimiters, kind, terms.without_charges)
        }
    };
    let first = (!objections.is_empty()).then(|| objections.remove(0));
    let verdict = first.map_or(Ok(()), Err);
    Scan { header: Some(header), event, verdict, more: objections }
}

impl<'a> Scan<'a> {
    /// Whether it has a header that can be read.
    pub fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// Header and event alone: enough to acknowledge the message later.
    pub fn head(&self) -> Vec<u8> {
        let header = self.header.as_ref().map_or(&b""[..], |header| header.line);
        [header, b"\rEVN", &[self.delimiters().field], self.event.as_bytes()].concat()
    }

    /// A field of MSH as it stands, from 3; empty if there is none.
    pub fn header(&self, number: usize) -> &'a [u8] {
        self.header.as_ref().map_or(&[], |header| header.field(number))
    }

    /// The message's delimiters, or the usual ones where it has none that are usable.
    pub fn delimiters(&self) -> Delimiters {
        self.header.map_or_else(Delimiters::default, |header| header.delimiters)
    }

    /// MSH-10, byte for byte.
    pub fn control_id(&self) -> &'a [u8] {
        self.header(10)
    }

    /// What kind of message it is, such as `DFT`.
    pub fn kind(&self) -> Cow<'a, str> {
        self.header.as_ref().map_or(Cow::Borrowed(""), Header::kind)
    }

    /// What made it be sent, such as `P03`.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Whether it is a part of a message that goes on from another one.
    pub(crate) fn is_part(&self) -> bool {
        self.header.is_some_and(|header| header.goes_on_from_another())
    }

    /// Kind and event, such as `DFT^P03`.
    pub fn trigger(&self) -> String {
        match (self.kind(), self.event()) {
            (kind, "") => kind.into_owned(),
            (kind, event) => format!("{kind}^{event}"),
        }
    }

    /// The version of the standard that it names, its first component.
    pub fn version(&self) -> Cow<'a, str> {
        self.header.as_ref().map_or(Cow::Borrowed(""), |header| header.code(12))
    }

    /// Everything that stands against it.
    pub fn objections(&self) -> impl Iterator<Item = &Objection> {
        self.verdict.as_ref().err().into_iter().chain(&self.more)
    }

    /// When its sender wants an accept acknowledgment (MSH-15), if that is told.
    pub fn wishes_commit(&self) -> Option<Wish> {
        self.wish(15)
    }

    /// When its sender wants an application acknowledgment (MSH-16), if that is told.
    pub fn wishes_application(&self) -> Option<Wish> {
        self.wish(16)
    }

    fn wish(&self, number: usize) -> Option<Wish> {
        match &*capitals(self.header.as_ref()?.code(number)) {
            "AL" => Some(Wish::Always),
            "NE" => Some(Wish::Never),
            "ER" => Some(Wish::OnError),
            "SU" => Some(Wish::OnSuccess),
            _ => None,
        }
    }

    /// Its sequence number (MSH-13), if one is told that is a number.
    pub fn sequence(&self) -> Option<i64> {
        self.header.as_ref()?.code(13).parse().ok()
    }
}

/// What a message says is never written into a log by accident.
impl fmt::Debug for Scan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({}, {:?})", self.trigger(), self.verdict)
    }
}

impl<'a> Header<'a> {
    fn field(&self, number: usize) -> &'a [u8] {
        lines::field(self.line, self.delimiters.field, number)
    }

    /// The first component of a field, without blanks at the ends.
    fn code(&self, number: usize) -> Cow<'a, str> {
        component(self.field(number), &self.delimiters, 0)
    }

    fn kind(&self) -> Cow<'a, str> {
        capitals(self.code(9))
    }

    /// Whether type, processing and version are ours (in this order, as the standard has it).
    fn is_for_us(&self, event: &str, terms: &Terms) -> Result<(), Objection> {
        let kind = self.kind();
        let reject =
            |code, text: String, field| Err(Objection::reject(code, text).at("MSH", 1, field));
        let Some((_, takes)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            return reject(200, "this type of message is not taken".to_owned(), 9);
        };
        if !takes(event) {
            return reject(201, format!("{kind} is not taken for this event"), 9);
        }
        let processing = self.code(11);
        let is_taken = match processing.bytes().next().map(|it| it.to_ascii_uppercase()) {
            None | Some(b'P') => true,
            Some(b'T') => terms.training,
            Some(b'D') => terms.debugging,
            Some(_) => false,
        };
        if !is_taken {
            return reject(202, "only production messages are taken".to_owned(), 11);
        }
        let version = self.code(12);
        if !version.is_empty() && minor_version(&version).is_none() && !terms.any_version {
            return reject(203, "only versions 2.1 to 2.9 are taken".to_owned(), 12);
        }
        match self.goes_on_from_another() && !terms.fragments {
            true => reject(200, "a fragment: send the message whole".to_owned(), 14),
            false => Ok(()),
        }
    }

    fn goes_on_from_another(&self) -> bool {
        content::is_told(self.field(14), &self.delimiters)
    }

    /// Whether the message is a part of one: what it tells can be judged only with the others.
    fn is_part(&self, body: &[u8]) -> bool {
        self.goes_on_from_another() || !fragment::last_pointer(body, &self.delimiters).is_empty()
    }

    fn has_control_id(&self, terms: &Terms) -> Result<(), Objection> {
        match terms.without_control_id || content::is_told(self.field(10), &self.delimiters) {
            true => Ok(()),
            false => Err(Objection::error(101, "the control id is missing").at("MSH", 1, 10)),
        }
    }
}

/// The number behind the dot of a version: 5 of `2.5.1`.
pub(crate) fn minor_version(version: &str) -> Option<u8> {
    let rest = version.strip_prefix("2.")?;
    let (minor, more) = rest.split_at_checked(1)?;
    let dotted = more.is_empty()
        || more.strip_prefix('.').is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    minor.parse().ok().filter(|minor| *minor > 0 && dotted)
}

/// Which event made the message be sent: MSH-9, else EVN-1, else the one that the type implies.
fn event<'a>(header: &Header<'a>, body: &'a [u8]) -> Cow<'a, str> {
    let told = component(header.field(9), &header.delimiters, 1);
    if !told.is_empty() {
        return capitals(told);
    }
    let separator = header.delimiters.field;
    let mut all = Lines::new(body, separator);
    let line = all.find(|line| lines::name(line, separator) == Some(*b"EVN"));
    match line.map(|line| component(lines::field(line, separator, 1), &header.delimiters, 0)) {
        Some(told) if !told.is_empty() => capitals(told),
        Some(_) | None if header.kind() == "DFT" => Cow::Borrowed("P03"),
        Some(_) | None => Cow::Borrowed(""),
    }
}

/// The types of message that are taken, and for which events. An acknowledgment is no message
/// to be taken: it belongs to the connection that asked for it.
const KINDS: &[(&str, Takes)] = &[
    ("ADT", |event| is_numbered(event, b'A')),
    ("DFT", |event| matches!(event, "P03" | "P11")),
    ("MDM", |event| is_numbered(event, b'T') && ("T01"..="T11").contains(&event)),
    ("SIU", |event| is_numbered(event, b'S')),
    ("ORM", |event| event == "O01"),
    ("OMG", |event| is_numbered(event, b'O')),
    ("OML", |event| is_numbered(event, b'O')),
    ("OMI", |event| is_numbered(event, b'O')),
    ("ORU", |event| is_numbered(event, b'R')),
    ("BAR", |event| is_numbered(event, b'P')),
    ("MFN", |event| is_numbered(event, b'M')),
];

type Takes = fn(&str) -> bool;

fn is_numbered(event: &str, letter: u8) -> bool {
    matches!(*event.as_bytes(), [first, tens, ones]
        if first == letter && tens.is_ascii_digit() && ones.is_ascii_digit())
}

fn capitals(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(text: &str) -> String {
        match scan(text.replace('!', "\r").as_bytes()).verdict {
            Ok(()) => "AA".to_owned(),
            Err(it) => {
                let place = it.location.map(|it| format!(" {it}")).unwrap_or_default();
                format!("{} {}{place}", it.answer.as_str(), it.code)
            }
        }
    }

    fn headed(rest: &str) -> String {
        format!("MSH|^~\\&|A|B|C|D|20261008||DFT^P03|7|P|2.5.1!{rest}")
    }

    #[test]
    fn the_header_decides_whether_a_message_is_for_us() {
        let body = "!EVN|A01!PID|||5!FT1||1||20261008!TXA||||||||||||9";
        for (kind, control, processing, version, expected) in [
            ("DFT^P03", "7", "P", "2.5.1", "AA"),
            ("DFT^P11^DFT_P11", "7", "P^T", "2.7", "AA"),
            ("dft^p03", "7", " p ", "2.3.1^AUS", "AA"),
            ("ADT^A08", "7", "", "", "AA"),
            ("ADT", "7", "P", "2.1", "AA"),
            ("MDM^T11", "7", "P", "2.9.1", "AA"),
            ("SIU^S12", "7", "P", "2.5", "AA"),
            ("ORU^R01", "7", "P", "2.5", "AA"),
            ("DFT^P99", "7", "P", "2.5", "AR 201 MSH^1^9"),
            ("MDM^T12", "7", "P", "2.5", "AR 201 MSH^1^9"),
            ("ADT^X01", "7", "P", "2.5", "AR 201 MSH^1^9"),
            ("QRY^A19", "7", "P", "2.5", "AR 200 MSH^1^9"),
            ("", "7", "P", "2.5", "AR 200 MSH^1^9"),
            ("ACK", "7", "P", "2.5", "AR 200 MSH^1^9"),
            ("DFT^P03", "7", "T", "2.5", "AR 202 MSH^1^11"),
            ("DFT^P03", "7", "T^", "2.5", "AR 202 MSH^1^11"),
            ("DFT^P03", "7", "D", "2.5", "AR 202 MSH^1^11"),
            ("DFT^P03", "7", "P", "3.0", "AR 203 MSH^1^12"),
            ("DFT^P03", "7", "P", "2.5+", "AR 203 MSH^1^12"),
            ("DFT^P03", "7", "P", "2.0", "AR 203 MSH^1^12"),
            ("DFT^P03", "", "P", "2.5", "AE 101 MSH^1^10"),
            ("DFT^P03", "  ", "P", "2.5", "AE 101 MSH^1^10"),
            ("DFT^P03", "", "T", "2.5", "AR 202 MSH^1^11"),
        ] {
            let text = format!(
                "MSH|^~\\&|A|B|C|D|20261008||{kind}|{control}|{processing}|{version}{body}"
            );
            assert_eq!(verdict(&text), expected, "{kind} {control} {processing} {version}");
        }
    }

    #[test]
    fn the_shape_of_a_message_decides_whether_it_can_be_taken_apart() {
        for (text, expected) in [
            ("hello".to_owned(), "AR 100 MSH^1"),
            (String::new(), "AR 100 MSH^1"),
            ("MSH".to_owned(), "AR 102 MSH^1^1"),
            ("MSH|&&&&|".to_owned(), "AR 102 MSH^1^2"),
            (headed("PID|||5!MSH|^~\\&|"), "AR 100 MSH^2"),
            (headed("PI|||5!FT1||||20261008"), "AE 100 ?^2"),
            (headed("PID|||5!FT1A|"), "AE 100 ?^3"),
            (headed("pid|||5!!ft1||||20261008!ZZZ"), "AA"),
        ] {
            assert_eq!(verdict(&text), expected, "{text}");
        }
    }

    #[test]
    fn k_08_the_control_id_is_told_byte_for_byte() {
        let found = scan(b"MSH|^~\\&|A|B|C|D|20261008||DFT^P03|K080001  |P|2.5.1\r");
        assert_eq!(found.control_id(), b"K080001  ");
        assert_eq!(found.trigger(), "DFT^P03");
        assert_eq!(found.version(), "2.5.1");
    }

    #[test]
    fn what_a_sender_wants_to_be_told_is_read() {
        let wishes = |ends: &str| {
            let text = format!("MSH|^~\\&|A|B|C|D|||DFT^P03|7|P|2.5|||{ends}");
            let found = scan(text.as_bytes());
            format!("{:?} {:?}", found.wishes_commit(), found.wishes_application())
        };
        assert_eq!(wishes("AL|NE"), "Some(Always) Some(Never)");
        assert_eq!(wishes("er | SU"), "Some(OnError) Some(OnSuccess)");
        assert_eq!(wishes("|XX"), "None None");
    }

    #[test]
    fn terms_widen_what_is_taken_and_nothing_else() {
        let body = "PID|||5!FT1||1||20261008".replace('!', "\r");
        let terms = Terms::default();
        for (header, on, refused) in [
            ("7|T|2.5", Terms { training: true, ..terms }, 202),
            ("7|T^|2.5", Terms { training: true, ..terms }, 202),
            ("7|D|2.5", Terms { debugging: true, ..terms }, 202),
            ("|P|2.5", Terms { without_control_id: true, ..terms }, 101),
            ("7|P|2.5+", Terms { any_version: true, ..terms }, 203),
            ("7|P|3.0", Terms { any_version: true, ..terms }, 203),
            ("7|P|2.5||F1", Terms { fragments: true, ..terms }, 200),
        ] {
            let text = format!("MSH|^~\\&|A|B|C|D|20261008||DFT^P03|{header}\r{body}");
            assert_eq!(scan(text.as_bytes()).verdict.unwrap_err().code, refused, "{header}");
            assert_eq!(scan_on(text.as_bytes(), &on).verdict, Ok(()), "{header}");
            let taken = scan_on(text.as_bytes(), &Terms::TAKEN).verdict;
            assert_eq!(taken.is_ok(), !on.fragments, "{header}");
        }
    }

    #[test]
    fn a_message_that_goes_on_elsewhere_is_not_taken_for_a_whole_one() {
        let text = headed("PID|||5!FT1||1||20261008!");
        assert_eq!(verdict(&format!("{text}DSC|F1|F")), "AR 200 DSC^1^1");
        assert_eq!(verdict(&format!("{text}DSC|")), "AA");
        assert_eq!(verdict(&format!("{text}DSC|F1|F!ZZZ")), "AA");
        assert_eq!(verdict(&text.replace("|P|2.5.1", "|P|2.5.1||F1")), "AR 200 MSH^1^14");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            scan(&raw);
            scan(&[headed("PID|||5!").replace('!', "\r").as_bytes(), &raw].concat());
        }
    }
}
