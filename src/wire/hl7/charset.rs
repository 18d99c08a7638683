//! Which characters the bytes of a message stand for.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::lines;

/// A message's text, and how it was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text. Bytes that stand for nothing became U+FFFD.
    pub text: Cow<'a, str>,
    /// Name of the encoding that was used.
    pub used: &'static str,
    /// Whether some bytes stand for nothing in it.
    pub damaged: bool,
}

/// Reads a message's bytes by MSH-18, its first repetition. Where that is empty or unknown:
/// UTF-8 if they are that, else Windows-1252.
pub fn decode<'a>(message: &'a [u8], declared: &[u8]) -> Decoded<'a> {
    match named(declared) {
        Some(encoding) => with(encoding, message),
        None if std::str::from_utf8(message).is_ok() => with(UTF_8, message),
        None => with(WINDOWS_1252, message),
    }
}

/// What a message says is never written into a log by accident.
impl fmt::Debug for Decoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoded({} bytes, {})", self.text.len(), self.used)
    }
}

fn with<'a>(encoding: &'static Encoding, message: &'a [u8]) -> Decoded<'a> {
    let (text, damaged) = encoding.decode_without_bom_handling(message);
    Decoded { text, used: encoding.name(), damaged }
}

/// The encoding that MSH-18 names. `ASCII` says nothing: senders write it and send anything.
fn named(declared: &[u8]) -> Option<&'static Encoding> {
    let first = lines::first(lines::first(declared, b'~'), b'^');
    let plain: String = first
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_uppercase()))
        .collect();
    ALIASES.iter().find(|(name, _)| *name == plain).and_then(|(_, label)| {
        Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
    })
}

/// Table 0211 and how it is spelled in the field, letters and digits only.
const ALIASES: &[(&str, &str)] = &[
    ("UNICODEUTF8", "utf-8"),
    ("UTF8", "utf-8"),
    ("UNICODE", "utf-8"),
    ("88591", "iso-8859-1"),
    ("ISO88591", "iso-8859-1"),
    ("LATIN1", "iso-8859-1"),
    ("8859", "iso-8859-1"),
    ("88592", "iso-8859-2"),
    ("ISO88592", "iso-8859-2"),
    ("88593", "iso-8859-3"),
    ("88594", "iso-8859-4"),
    ("88595", "iso-8859-5"),
    ("88596", "iso-8859-6"),
    ("88597", "iso-8859-7"),
    ("88598", "iso-8859-8"),
    ("88599", "windows-1254"),
    ("885915", "iso-8859-15"),
    ("ISO885915", "iso-8859-15"),
    ("WINDOWS1252", "windows-1252"),
    ("CP1252", "windows-1252"),
    ("BIG5", "big5"),
    ("GB180302000", "gb18030"),
    ("KSX1001", "euc-kr"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_charset_decides_however_it_is_spelled() {
        let cases: &[(&[u8], &str, &str)] = &[
            (b"Gr\xc3\xbcn", "", "Grün"),
            (b"Gr\xfcn", "", "Grün"),
            (b"Gr\xc3\xbcn", "UNICODE UTF-8", "Grün"),
            (b"Gr\xc3\xbcn", " utf-8 ", "Grün"),
            (b"Gr\xc3\xbcn", "UTF-8~UNICODE", "Grün"),
            (b"Gr\xc3\xbcn", "UTF-8^ISO-8859-1", "Grün"),
            (b"Gr\xfcn", "8859/1", "Grün"),
            (b"Gr\xfcn", "8859", "Grün"),
            (b"Gr\xfcn", "ASCII", "Grün"),
            (b"Gr\xc3\xbcn", "ASCII", "Grün"),
            (b"Gr\xc3\xbcn", "8859/1", "GrÃ¼n"),
            (b"\xb1", "8859/2", "ą"),
            (b"Gr\xc3\xbcn", "Klingon", "Grün"),
        ];
        for (bytes, declared, text) in cases {
            assert_eq!(decode(bytes, declared.as_bytes()).text, *text, "{declared}");
        }
    }

    #[test]
    fn bytes_that_stand_for_nothing_are_marked_and_stop_nobody() {
        let decoded = decode(b"Gr\xfcn", b"UTF-8");
        assert_eq!(decoded.text, "Gr\u{fffd}n");
        assert!(decoded.damaged);
    }
}
