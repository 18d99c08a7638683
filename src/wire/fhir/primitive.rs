//! The grammar of FHIR's primitive types.

use super::time;

/// A text is at most so long.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// A primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

use Primitive::{
    Base64Binary, Boolean, Canonical, Code, Date, DateTime, Decimal, Id, Instant, Integer,
    Markdown, Oid, PositiveInt, String as Text, Time, UnsignedInt, Uri, Url, Uuid, Xhtml,
};

/// Each type, its name, and what a value of it is.
const ALL: &[(Primitive, &str, &str)] = &[
    (Base64Binary, "base64Binary", "bytes in base64"),
    (Boolean, "boolean", "true or false"),
    (Canonical, "canonical", "an address without blanks"),
    (Code, "code", "a code without blanks at its ends"),
    (Date, "date", "a day, month or year that exists"),
    (DateTime, "dateTime", "a day that exists, with its seconds and offset if it has a time"),
    (Decimal, "decimal", "a number"),
    (Id, "id", "an id: 1 to 64 letters, digits, dots and hyphens"),
    (Instant, "instant", "a day that exists with its time, seconds and offset"),
    (Integer, "integer", "a whole number"),
    (Markdown, "markdown", "a text that is not empty"),
    (Oid, "oid", "an OID"),
    (PositiveInt, "positiveInt", "a whole number from 1"),
    (Text, "string", "a text that is not empty"),
    (Time, "time", "a time of day with its seconds"),
    (UnsignedInt, "unsignedInt", "a whole number from 0"),
    (Uri, "uri", "an address without blanks"),
    (Url, "url", "an address without blanks"),
    (Uuid, "uuid", "a UUID"),
    (Xhtml, "xhtml", "a div of XHTML"),
];

impl Primitive {
    /// The type of a name.
    pub(super) fn named(name: &str) -> Option<Primitive> {
        ALL.iter().find(|(_, known, _)| *known == name).map(|(primitive, ..)| *primitive)
    }

    /// The names of all types.
    pub(super) fn all() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(_, name, _)| *name)
    }

    /// What a value of the type is, in words.
    pub(super) fn words(self) -> &'static str {
        ALL.iter().find(|(known, ..)| *known == self).map_or("", |(_, _, words)| words)
    }

    /// Whether a text is a value of the type; for the types that JSON writes as text.
    pub(super) fn takes_text(self, text: &str) -> bool {
        match self {
            Base64Binary => is_base64(text),
            Canonical | Uri | Url => is_word(text),
            Code => text.split([' ', '\t', '\n', '\r']).all(is_word),
            Date => time::is_date(text),
            DateTime => time::is_date_time(text),
            Id => is_id(text),
            Instant => time::is_instant(text),
            Markdown | Text => is_text(text),
            Oid => is_oid(text),
            Time => time::is_time(text),
            Uuid => is_uuid(text),
            Xhtml => is_div(text),
            Boolean | Decimal | Integer | PositiveInt | UnsignedInt => false,
        }
    }

    /// Whether a number, as written, is a value of the type.
    pub(super) fn takes_number(self, digits: &str) -> bool {
        let whole = || digits.parse::<i32>().ok();
        match self {
            Decimal => true,
            Integer => whole().is_some(),
            PositiveInt => whole().is_some_and(|number| number > 0),
            UnsignedInt => whole().is_some_and(|number| number >= 0),
            Base64Binary | Boolean | Canonical | Code | Date | DateTime | Id | Instant
            | Markdown | Oid | Text | Time | Uri | Url | Uuid | Xhtml => false,
        }
    }

    /// Whether JSON writes the type as a number.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Decimal | Integer | PositiveInt | UnsignedInt)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace) && is_text(text)
}

/// Not empty, and without the characters that no XML can carry.
fn is_text(text: &str) -> bool {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    !text.is_empty() && !text.bytes().any(is_control)
}

/// Whether a text is a resource's id.
pub(super) fn is_id(text: &str) -> bool {
    let is_its = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(is_its)
}

fn is_oid(text: &str) -> bool {
    let is_arc = |arc: &str| {
        let is_number = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
        is_number && (arc == "0" || !arc.starts_with('0'))
    };
    text.strip_prefix("urn:oid:")
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(root, arcs)| matches!(root, "0" | "1" | "2") && arcs.split('.').all(is_arc))
}

fn is_uuid(text: &str) -> bool {
    let is_hexadecimal = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let lengths = [8, 4, 4, 4, 12];
    text.strip_prefix("urn:uuid:").is_some_and(|rest| {
        rest.split('-').map(str::len).eq(lengths) && rest.split('-').all(is_hexadecimal)
    })
}

/// Fours of digits, between which there may be blanks; padding only at the end.
fn is_base64(text: &str) -> bool {
    let mut digits = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'=' => padding += 1,
            byte if padding == 0 && is_base64_digit(byte) => digits += 1,
            _ => return false,
        }
    }
    digits > 0 && padding <= 2 && (digits + padding).is_multiple_of(4)
}

fn is_base64_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_div(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("<div") && (text.ends_with("</div>") || text.ends_with("/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_grammar() {
        let long = "a".repeat(65);
        for (primitive, good, bad) in [
            (Base64Binary, &["AAAA", "AA ==\nAAA="][..1], &["", "AAA", "A=AA", "AAA\u{e9}"][..]),
            (Code, &["a", "a b"], &["", " a", "a ", "a  b", "\ta"]),
            (Id, &["a", "A-1.b"], &["", "a_b", "a b", "é", long.as_str()]),
            (Uri, &["urn:x", "http://a/ü"], &["", "a b", "a\n"]),
            (Oid, &["urn:oid:1.2.0"], &["1.2", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02"]),
            (
                Uuid,
                &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
                &["c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-EC9A-4326-A141-556F"],
            ),
            (Text, &[" ", "a\nb"], &["", "a\u{0}", "\u{b}"]),
            (Xhtml, &["<div xmlns=\"x\">a</div>"], &["", "<p/>", "a"]),
        ] {
            for text in good {
                assert!(primitive.takes_text(text), "{primitive:?} {text:?}");
            }
            for text in bad {
                assert!(!primitive.takes_text(text), "{primitive:?} {text:?}");
            }
        }
    }

    #[test]
    fn whole_numbers_are_written_as_such() {
        for (primitive, good, bad) in [
            (Integer, &["0", "-1", "2147483647"][..], &["1.0", "1e0", "2147483648"][..]),
            (UnsignedInt, &["0", "1"], &["-1", "1.5"]),
            (PositiveInt, &["1"], &["0", "-1"]),
            (Decimal, &["180.10", "1e400", "12345678901234567.89"], &[]),
        ] {
            for digits in good {
                assert!(primitive.takes_number(digits), "{primitive:?} {digits}");
            }
            for digits in bad {
                assert!(!primitive.takes_number(digits), "{primitive:?} {digits}");
            }
        }
    }
}
