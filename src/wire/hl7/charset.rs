//! Which characters the bytes of a message stand for.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{BIG5, Encoding, GB18030, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::{iso2022, lines};

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

/// Reads a message's bytes by MSH-18: its first repetition, or escapes of ISO 2022 where a set is
/// named that is called by them. Where that is empty or unknown: UTF-8 if they are that, else
/// Windows-1252.
pub fn decode<'a>(message: &'a [u8], declared: &[u8]) -> Decoded<'a> {
    match named(declared) {
        _ if is_called_by_escapes(declared) => {
            let (text, damaged) = iso2022::decode(message);
            Decoded { text, used: ISO_2022_JP.name(), damaged }
        }
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

/// The text of a message in whose set a part of a letter can look like a delimiter: it must be read
/// before it is taken apart. `None` for all other sets.
pub(crate) fn unmask<'a>(message: &'a [u8], declared: &[u8]) -> Option<Decoded<'a>> {
    let masks = [BIG5, GB18030, SHIFT_JIS];
    let is_masked = is_called_by_escapes(declared)
        || named(declared).is_some_and(|encoding| masks.contains(&encoding));
    is_masked.then(|| decode(message, declared))
}

/// Whether a set is named that is called by escapes of ISO 2022, in whatever repetition: the first
/// is then ASCII or one of them.
fn is_called_by_escapes(declared: &[u8]) -> bool {
    let is_called = |name: &String| CALLED_BY_ESCAPES.contains(&name.as_str());
    let names: Vec<String> = declared.split(|byte| *byte == b'~').map(plain).collect();
    let may = |name: &String| matches!(name.as_str(), "" | "ASCII" | "ISOIR6") || is_called(name);
    names.first().is_some_and(may) && names.iter().any(is_called)
}

/// Whether a set is known, or none is named.
pub(crate) fn is_known(declared: &[u8]) -> bool {
    let plain = plain(declared);
    matches!(plain.as_str(), "" | "ASCII" | "ISOIR6")
        || named(declared).is_some()
        || is_called_by_escapes(declared)
}

fn with<'a>(encoding: &'static Encoding, message: &'a [u8]) -> Decoded<'a> {
    let (text, damaged) = encoding.decode_without_bom_handling(message);
    Decoded { text, used: encoding.name(), damaged }
}

/// The encoding that MSH-18 names. `ASCII` says nothing: senders write it and send anything.
fn named(declared: &[u8]) -> Option<&'static Encoding> {
    let plain = plain(declared);
    ALIASES.iter().find(|(name, _)| *name == plain).and_then(|(_, label)| {
        Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
    })
}

/// The first repetition of MSH-18, letters and digits alone, in capitals.
fn plain(declared: &[u8]) -> String {
    let first = lines::first(lines::first(declared, b'~'), b'^');
    first
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_uppercase()))
        .collect()
}

/// A text in the characters of a set of table 0211. Where that has no such letter its base letter
/// is written, and a question mark for what has none: the receiver reads no other letter by
/// mistake. An empty set is ASCII, as the standard has it.
pub fn encode(text: &str, declared: &str) -> Vec<u8> {
    let encoding = named(declared.as_bytes());
    if encoding == Some(UTF_8) || text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    // Of the parts of ISO 8859 the bytes from 80 to 9F are no letters, though some write them.
    let has_controls = declared.starts_with("8859");
    let mut written = Vec::with_capacity(text.len());
    for sign in text.chars() {
        match in_set(sign, encoding)
            .filter(|bytes| !(has_controls && bytes.iter().any(|byte| (0x80..0xa0).contains(byte))))
        {
            Some(bytes) => written.extend(bytes),
            None => written.extend(base_letter(sign).bytes()),
        }
    }
    written
}

fn in_set(sign: char, encoding: Option<&'static Encoding>) -> Option<Vec<u8>> {
    let mut buffer = [0; 4];
    let text: &str = sign.encode_utf8(&mut buffer);
    match encoding {
        Some(encoding) => {
            let (bytes, _, unmappable) = encoding.encode(text);
            (!unmappable).then(|| bytes.into_owned())
        }
        None => text.is_ascii().then(|| text.as_bytes().to_vec()),
    }
}

/// The letters of ASCII that come nearest to a letter.
fn base_letter(sign: char) -> &'static str {
    BASE_LETTERS.iter().find(|(letters, _)| letters.contains(sign)).map_or("?", |(_, base)| *base)
}

const BASE_LETTERS: &[(&str, &str)] = &[
    ("ÀÁÂÃÄÅĀĂĄǍ", "A"),
    ("àáâãäåāăąǎ", "a"),
    ("ÇĆĈĊČ", "C"),
    ("çćĉċč", "c"),
    ("ĎĐÐ", "D"),
    ("ďđð", "d"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("èéêëēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ìíîïĩīĭįı", "i"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ķ", "K"),
    ("ķ", "k"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ÑŃŅŇ", "N"),
    ("ñńņň", "n"),
    ("ÒÓÔÕÖØŌŎŐ", "O"),
    ("òóôõöøōŏő", "o"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠȘ", "S"),
    ("śŝşšș", "s"),
    ("ŢŤŦȚ", "T"),
    ("ţťŧț", "t"),
    ("ÙÚÛÜŨŪŬŮŰŲ", "U"),
    ("ùúûüũūŭůűų", "u"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ÝŶŸ", "Y"),
    ("ýÿŷ", "y"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
    ("Æ", "AE"),
    ("æ", "ae"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("Þ", "Th"),
    ("þ", "th"),
    ("‘’ʼ", "'"),
    ("“”", "\""),
    ("–—‐‑", "-"),
    ("\u{a0}", " "),
];

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
    ("SHIFTJIS", "shift_jis"),
    ("SJIS", "shift_jis"),
];

/// Sets that escapes of ISO 2022 call, spelled as the others.
const CALLED_BY_ESCAPES: [&str; 10] = [
    "ISOIR13",
    "ISOIR14",
    "ISOIR87",
    "ISOIR159",
    "JAS2020",
    "JISX0201",
    "JISX0202",
    "JISX0208",
    "JISX0212",
    "ISO2022JP",
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
            (b"\x1b$B;3ED\x1b(B", "ISO IR87", "山田"),
            (b"\x1b$B;3ED\x1b(B", "~ISO IR87", "山田"),
            (b"\x1b$B;3ED\x1b(B", "ISO IR6~ISO IR87~ISO IR159", "山田"),
            (b"\x1b$B;3ED\x1b(B", "JIS X 0202", "山田"),
            (b"\xb3", "ISO IR14", "ｳ"),
            ("山田".as_bytes(), "UNICODE UTF-8~ISO IR87", "山田"),
            (b"\x8eR\x93c", "Shift_JIS", "山田"),
        ];
        for (bytes, declared, text) in cases {
            assert_eq!(decode(bytes, declared.as_bytes()).text, *text, "{declared}");
        }
    }

    #[test]
    fn a_letter_that_the_set_lacks_is_written_by_its_base() {
        let cases: &[(&str, &str, &[u8])] = &[
            ("Zoé Müller", "UNICODE UTF-8", "Zoé Müller".as_bytes()),
            ("Zoé Müller", "8859/1", b"Zo\xe9 M\xfcller"),
            ("Zoé Müller", "ASCII", b"Zoe Muller"),
            ("Zoé Müller", "", b"Zoe Muller"),
            ("Łukasz Šimek €", "8859/1", b"Lukasz Simek ?"),
            ("Łukasz", "8859/2", b"\xa3ukasz"),
            ("O’Brien", "8859/1", b"O'Brien"),
            ("Иван", "8859/5", b"\xb8\xd2\xd0\xdd"),
            ("Иван", "8859/1", b"????"),
        ];
        for (text, set, bytes) in cases {
            assert_eq!(&encode(text, set), bytes, "{text} in {set}");
        }
    }

    #[test]
    fn bytes_that_stand_for_nothing_are_marked_and_stop_nobody() {
        let decoded = decode(b"Gr\xfcn", b"UTF-8");
        assert_eq!(decoded.text, "Gr\u{fffd}n");
        assert!(decoded.damaged);
    }
}
