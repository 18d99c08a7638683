//! A message as people read it: segment by segment, each field with its place.

use encoding_rs::WINDOWS_1252;

use crate::domain::sheet::indented;

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
    }

    #[test]
    fn bytes_of_any_kind_become_text() {
        assert_eq!(text("Zoé".as_bytes()), "Zoé");
        assert_eq!(text(b"Zo\xe9"), "Zoé");
    }
}
