//! Escapes within a value: read once on the way in, written once on the way out.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use super::Delimiters;

/// What a raw value says. Escapes of delimiters and of bytes are read; highlighting, formatting
/// and whatever nobody knows stay as they stand, and so does a backslash alone.
pub(crate) fn decode<'a>(raw: &'a str, delimiters: &Delimiters) -> Cow<'a, str> {
    let Some(escape) = delimiters.escape.map(char::from) else {
        return Cow::Borrowed(raw);
    };
    let Some(first) = raw.find(escape) else {
        return Cow::Borrowed(raw);
    };
    let mut text = String::with_capacity(raw.len());
    text.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(at) = rest.find(escape) {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let body = after.split_once(escape).map(|(body, _)| body);
        let said = body.and_then(|body| meaning(body, delimiters));
        match (said, body) {
            (Some(said), Some(body)) => {
                text.push_str(&said);
                rest = &after[body.len() + 1..];
            }
            (None, Some(body)) if is_formatting(body) => {
                let whole = body.len() + 2;
                text.push_str(&rest[at..at + whole]);
                rest = &rest[at + whole..];
            }
            (None, _) | (_, None) => {
                text.push(escape);
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

fn meaning(body: &str, delimiters: &Delimiters) -> Option<String> {
    let sign = |byte: u8| Some(char::from(byte).to_string());
    match body {
        "F" => sign(delimiters.field),
        "S" => sign(delimiters.component),
        "R" => sign(delimiters.repetition),
        "T" => sign(delimiters.subcomponent.unwrap_or(b'&')),
        "E" => sign(delimiters.escape?),
        "P" => sign(delimiters.truncation.unwrap_or(b'#')),
        _ => bytes_of(body.strip_prefix('X')?).map(text_of),
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    digits.chunks(2).map(|pair| Some(value(pair[0])? * 16 + value(pair[1])?)).collect()
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(error.as_bytes());
        text.into_owned()
    })
}

/// Highlighting, changes of charset, local escapes and formatting commands.
fn is_formatting(body: &str) -> bool {
    let coded = |prefix: char, sizes: &[usize]| {
        body.strip_prefix(prefix).is_some_and(|rest| {
            sizes.contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    matches!(body, "H" | "N")
        || coded('C', &[4])
        || coded('M', &[4, 6])
        || body.strip_prefix('Z').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
        || body.strip_prefix('.').is_some_and(is_command)
}

fn is_command(command: &str) -> bool {
    const COMMANDS: [&str; 7] = ["br", "sp", "fi", "nf", "in", "ti", "sk"];
    let letters = command.get(..2).unwrap_or_default();
    let rest = command.get(2..).unwrap_or_default();
    let is_count = rest.trim_start_matches(['+', '-', ' ']).bytes().all(|b| b.is_ascii_digit());
    (COMMANDS.contains(&letters) || letters == "ce") && is_count
}

/// A value as it is written into a message: delimiters escaped, and control characters as hex,
/// so that nothing in a value ends a segment or a frame.
pub(crate) fn encode<'a>(text: &'a str, delimiters: &Delimiters) -> Cow<'a, str> {
    if !text.bytes().any(|byte| name_of(byte, delimiters).is_some() || byte < b' ') {
        return Cow::Borrowed(text);
    }
    let mut raw = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        match u8::try_from(sign).ok().filter(u8::is_ascii) {
            Some(byte) => write_byte(byte, delimiters, &mut raw),
            None => raw.push(sign),
        }
    }
    Cow::Owned(raw)
}

fn write_byte(byte: u8, delimiters: &Delimiters, raw: &mut String) {
    let name = match name_of(byte, delimiters) {
        Some(name) => name.to_owned(),
        None if byte < b' ' => format!("X{byte:02X}"),
        None => return raw.push(char::from(byte)),
    };
    match delimiters.escape.map(char::from) {
        Some(escape) => raw.extend([escape.to_string(), name, escape.to_string()]),
        None => raw.push(' '),
    }
}

fn name_of(byte: u8, delimiters: &Delimiters) -> Option<&'static str> {
    let it = Some(byte);
    match byte {
        _ if byte == delimiters.field => Some("F"),
        _ if byte == delimiters.component => Some("S"),
        _ if byte == delimiters.repetition => Some("R"),
        _ if it == delimiters.subcomponent => Some("T"),
        _ if it == delimiters.escape => Some("E"),
        _ if it == delimiters.truncation => Some("P"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_read_once_and_what_is_none_stays() {
        for (raw, text) in [
            (r"\F\\S\\T\\R\\E\\P\", r"|^&~\#"),
            (r"\X41\\X42\", "AB"),
            (r"Beam\X0D0A\on", "Beam\r\non"),
            (r"Sim \E\R\ kept", r"Sim \R\ kept"),
            (r"Plan \E\", r"Plan \"),
            (r"\", r"\"),
            (r"\\", r"\\"),
            (r"Visit 4\5 re.", r"Visit 4\5 re."),
            (r"C:\temp\new", r"C:\temp\new"),
            (r"C:\temp\F\x", r"C:\temp|x"),
            (r"\H\bold\N\ text", r"\H\bold\N\ text"),
            (r"a\.br\b\.sp2\c", r"a\.br\b\.sp2\c"),
            (r"\X4\", r"\X4\"),
            (r"\XE9\", "é"),
            (r"\XC3A9\", "é"),
            (r"éé\F\x", "éé|x"),
            (r"é\F\x", "é|x"),
            (r"\Z123\", r"\Z123\"),
            ("plain", "plain"),
        ] {
            assert_eq!(decode(raw, &Delimiters::default()), text, "{raw}");
        }
    }

    #[test]
    fn what_is_written_can_end_neither_a_segment_nor_a_frame() {
        let raw = encode("a\r\nb\u{1c}\u{b}|^~\\&", &Delimiters::default());
        assert_eq!(raw, r"a\X0D\\X0A\b\X1C\\X0B\\F\\S\\R\\E\\T\");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(text in any::<String>()) {
            let delimiters = Delimiters::default();
            let raw = encode(&text, &delimiters).into_owned();
            prop_assert!(!raw.bytes().any(|byte| byte < b' ' || delimiters.parts(byte)));
            let read = decode(&raw, &delimiters).into_owned();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn no_text_makes_the_reader_panic(raw in r"[\\XFSTREéA-F0-9.&]{0,40}") {
            decode(&raw, &Delimiters::default());
        }
    }
}
