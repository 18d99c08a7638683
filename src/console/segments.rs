//! A message as people read it: segment by segment, each field with its place.

use encoding_rs::WINDOWS_1252;

/// A segment of a message, for show.
pub(super) struct SegmentRow {
    pub(super) name: String,
    pub(super) fields: Vec<(String, String)>,
}

/// The segments of an HL7 v2 message; none if it is something else. Nothing is decided by what is
/// shown here, so it cuts plainly and shows escapes as they stand.
pub(super) fn segments(raw: &[u8]) -> Vec<SegmentRow> {
    let text = text(raw);
    let text = text.trim_start_matches(['\u{feff}', '\u{b}', '\r', '\n', ' ']);
    let Some(separator) = text.strip_prefix("MSH").and_then(|rest| rest.chars().next()) else {
        return Vec::new();
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for line in text.split(['\r', '\n', '\u{1c}']).filter(|line| !line.trim().is_empty()) {
        let name = line.split(separator).next().unwrap_or_default();
        seen.push(name);
        let place = match seen.iter().filter(|one| **one == name).count() {
            1 => name.to_owned(),
            number => format!("{name}[{number}]"),
        };
        rows.push(SegmentRow { fields: fields(&place, name, line, separator), name: place });
    }
    rows
}

/// The fields that hold something. The separator is itself the first field of MSH.
fn fields(place: &str, name: &str, line: &str, separator: char) -> Vec<(String, String)> {
    let shift = usize::from(name == "MSH");
    let fields = line.split(separator).enumerate().skip(1);
    fields
        .filter(|(_, value)| !value.is_empty())
        .map(|(number, value)| (format!("{place}-{}", number + shift), value.to_owned()))
        .collect()
}

/// Bytes as text: UTF-8 if they are that, else Windows-1252; JSON indented.
pub(super) fn text(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) if text.starts_with('{') => indented(text),
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// JSON with a line for each value; whatever it holds, no sign of it but blanks is changed.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', 2 * depth.min(DEPTH_SHOWN_MAX)));
    };
    for sign in text.chars() {
        let is_blank = !quoted && sign.is_ascii_whitespace();
        if !quoted && matches!(sign, '}' | ']') {
            depth = depth.saturating_sub(1);
            line(&mut out, depth);
        }
        if !is_blank {
            out.push(sign);
        }
        match sign {
            '{' | '[' if !quoted => {
                depth += 1;
                line(&mut out, depth);
            }
            ',' if !quoted => line(&mut out, depth),
            ':' if !quoted => out.push(' '),
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && sign == '\\' && !escaped;
    }
    out
}

/// Deeper levels stand below each other.
const DEPTH_SHOWN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_at_its_place() {
        let raw = b"MSH|^~\\&|ARIA||\rFT1|1|T-1\r\nFT1|2||x^y\r\x1c";
        let shown: Vec<String> = segments(raw)
            .into_iter()
            .flat_map(|segment| segment.fields)
            .map(|(place, value)| format!("{place}={value}"))
            .collect();
        let is =
            ["MSH-2=^~\\&", "MSH-3=ARIA", "FT1-1=1", "FT1-2=T-1", "FT1[2]-1=2", "FT1[2]-3=x^y"];
        assert_eq!(shown, is);
        assert!(segments(b"{\"resourceType\":\"ChargeItem\"}").is_empty());
        assert!(segments(b"").is_empty());
        let json = br#"{"a":[1.50,{"b":"x, \"y\": {"}],"c":[]}"#;
        let shown = "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": \"x, \\\"y\\\": {\"\n    }\n  ],\n  \"c\": [\n    \n  ]\n}";
        assert_eq!(text(json), shown);
    }

    #[test]
    fn bytes_of_any_kind_become_text() {
        assert_eq!(text("Zoé".as_bytes()), "Zoé");
        assert_eq!(text(b"Zo\xe9"), "Zoé");
    }
}
