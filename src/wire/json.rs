//! JSON as it was written: every key once, every number with its digits, and a place for each
//! fault.

use std::borrow::Cow;
use std::collections::HashSet;

use json_event_parser::{JsonEvent, LowLevelJsonParser};

/// Objects and lists within each other, at most.
pub const DEPTH_MAX: usize = 64;

/// As many keys of an object are looked through one by one.
const KEYS_FEW: usize = 32;

/// As much of a key is told.
const KEY_CHARS_TOLD: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written: `180.10` stays `180.10`.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object; its keys in their order.
    Object(Vec<(String, Node)>),
}

/// Why a text is no JSON that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {words}")]
pub struct Fault {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// What is wrong.
    pub words: String,
}

/// An object or a list that is not yet whole.
enum Open {
    List(Vec<Node>),
    Object(Vec<(String, Node)>, Option<String>, HashSet<String>),
}

/// What stands in a text, one after the other.
struct Events<'a> {
    bytes: &'a [u8],
    /// So far it has been read.
    end: usize,
    parser: LowLevelJsonParser,
}

/// Reads a text.
///
/// # Errors
/// The first fault: grammar, a key twice in one object, too deep, bytes that are no UTF-8.
pub fn read(bytes: &[u8]) -> Result<Node, Fault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut events = Events { bytes, end: 0, parser: LowLevelJsonParser::new() };
    let mut open: Vec<Open> = Vec::new();
    let mut whole: Option<Node> = None;
    loop {
        let closed = match events.next()? {
            JsonEvent::StartArray if open.len() < DEPTH_MAX => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            JsonEvent::StartObject if open.len() < DEPTH_MAX => {
                open.push(Open::Object(Vec::new(), None, HashSet::new()));
                continue;
            }
            JsonEvent::StartArray | JsonEvent::StartObject => {
                return Err(events.fault(format!("deeper than {DEPTH_MAX} levels")));
            }
            JsonEvent::ObjectKey(key) => {
                name(&mut open, key).map_err(|words| events.fault(words))?;
                continue;
            }
            JsonEvent::EndArray | JsonEvent::EndObject => match open.pop() {
                Some(Open::List(items)) => Node::List(items),
                Some(Open::Object(entries, ..)) => Node::Object(entries),
                None => continue,
            },
            JsonEvent::String(text) => Node::Text(text.into_owned()),
            JsonEvent::Number(text) => Node::Number(text.into_owned()),
            JsonEvent::Boolean(is) => Node::Bool(is),
            JsonEvent::Null => Node::Null,
            JsonEvent::Eof => {
                return whole.ok_or_else(|| events.fault("there is nothing in it".to_owned()));
            }
        };
        match open.last_mut() {
            Some(Open::List(items)) => items.push(closed),
            Some(Open::Object(entries, key, _)) => {
                entries.extend(key.take().map(|key| (key, closed)));
            }
            None => whole = Some(closed),
        }
    }
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<JsonEvent<'a>, Fault> {
        loop {
            let rest = self.bytes.get(self.end..).unwrap_or_default();
            let next = self.parser.parse_next(rest, true);
            self.end += next.consumed_bytes;
            if let Some(event) = next.event {
                return event.map_err(|error| {
                    let start = usize::try_from(error.location().start.offset);
                    self.fault_at(start.unwrap_or(self.end), error.message().to_owned())
                });
            }
        }
    }

    /// A fault at the end of what was read last.
    fn fault(&self, words: String) -> Fault {
        self.fault_at(self.end.saturating_sub(1), words)
    }

    fn fault_at(&self, start: usize, words: String) -> Fault {
        let before = self.bytes.get(..start).unwrap_or(self.bytes);
        let begins = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let told = String::from_utf8_lossy(before.get(begins..).unwrap_or_default());
        let from_one = |count: usize| u64::try_from(count + 1).unwrap_or(u64::MAX);
        Fault { line: from_one(line), column: from_one(told.chars().count()), words }
    }
}

/// Keeps a key until its value is read.
fn name(open: &mut [Open], told: Cow<'_, str>) -> Result<(), String> {
    if let Some(Open::Object(entries, key, many)) = open.last_mut() {
        // A long look is dear only where the keys are many, as they are in no honest resource.
        let is_known = if entries.len() < KEYS_FEW {
            entries.iter().any(|(known, _)| *known == *told)
        } else {
            if many.is_empty() {
                many.extend(entries.iter().map(|(known, _)| known.clone()));
            }
            !many.insert(told.clone().into_owned())
        };
        if is_known {
            let told: String = told.chars().take(KEY_CHARS_TOLD).map(plain).collect();
            return Err(format!("the key `{told}` stands twice in one object"));
        }
        *key = Some(told.into_owned());
    }
    Ok(())
}

/// A letter that can be shown anywhere.
fn plain(letter: char) -> char {
    if letter.is_ascii_graphic() { letter } else { '?' }
}

impl Node {
    /// The value of a key; nothing for anything but an object.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value behind several keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// The text of a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// The items of a list; nothing for anything else.
    pub fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_) => &[],
        }
    }

    /// The items of the list behind a key.
    pub fn list(&self, key: &str) -> &[Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// The entries of an object; nothing for anything else.
    pub fn entries(&self) -> &[(String, Node)] {
        match self {
            Node::Object(entries) => entries,
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => &[],
        }
    }

    /// The digits of a number, as written.
    pub fn number(&self) -> Option<&str> {
        match self {
            Node::Number(text) => Some(text),
            Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => None,
        }
    }

    /// A whole number, however it is written: `1`, `1.0`, `10e-1`.
    pub fn whole(&self) -> Option<i64> {
        let text = self.number()?;
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{part}");
        let told = digits.trim_end_matches('0');
        if told.trim_start_matches(['-', '0']).is_empty() {
            return Some(0);
        }
        let ending = digits.len() - told.len();
        let zeros = i64::try_from(ending).ok()?.checked_add(exponent.parse().ok()?)?;
        let zeros = usize::try_from(zeros - i64::try_from(part.len()).ok()?).ok()?;
        (zeros < 20).then(|| format!("{told}{}", "0".repeat(zeros)).parse().ok()).flatten()
    }

    /// Puts a value behind a key, in the place of what stood there.
    pub fn set(&mut self, key: &str, value: Node) {
        if let Node::Object(entries) = self {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, known)) => *known = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
    }

    /// Takes a key and its value out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let Node::Object(entries) = self else { return None };
        let place = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(place).1)
    }

    /// As short as it can be written; numbers as they were.
    pub fn write(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) {
        match self {
            Node::Null => text.push_str("null"),
            Node::Bool(is) => text.push_str(if *is { "true" } else { "false" }),
            Node::Number(number) => text.push_str(number),
            Node::Text(value) => quoted(value, text),
            Node::List(items) => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    item.write_to(text);
                }
                text.push(']');
            }
            Node::Object(entries) => {
                text.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    quoted(key, text);
                    text.push(':');
                    value.write_to(text);
                }
                text.push('}');
            }
        }
    }
}

fn quoted(value: &str, text: &mut String) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                text.push_str("\\u00");
                text.extend([u32::from(c) >> 4, u32::from(c) & 15].map(hexadecimal));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// A digit below sixteen.
fn hexadecimal(digit: u32) -> char {
    char::from_digit(digit, 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_stay_as_they_were() {
        for text in ["180.10", "12345678901234567.89", "-0", "1e400", "0.000"] {
            assert_eq!(read(text.as_bytes()).unwrap().write(), text);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_reason() {
        let deep = "[".repeat(10_000);
        for (text, says) in [
            ("", ""),
            ("{\"a\":1", ""),
            ("{\"a\":1}x", ""),
            ("{\"a\":1}{}", ""),
            ("{\"a\":1,\"a\":2}", "`a` stands twice"),
            ("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", "`b` stands twice"),
            (deep.as_str(), "deeper than 64"),
            ("{'a':1}", ""),
            ("{\"a\":01}", ""),
            ("{\"a\":NaN}", ""),
            ("\"\u{1}\"", ""),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert!(fault.to_string().contains(says), "{text:.20}: {fault}");
        }
        assert!(read(b"\"\xff\"").is_err());
        assert!(read(b"\xEF\xBB\xBF{}").is_ok());
    }

    #[test]
    fn a_fault_has_its_place() {
        for (text, line, column) in [
            ("{\n  \"a\": 1,\n  \"a\": 2}", 3, 5),
            ("{\n  \"a\": x}", 2, 8),
            ("\"é\" é", 1, 5),
            (&"[".repeat(70), 1, 65),
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert_eq!((fault.line, fault.column), (line, column), "{text}: {fault}");
        }
        let twice = format!("{{\"{0}\":1,\"{0}\":1}}", "k\u{7f}".repeat(10_000));
        assert!(read(twice.as_bytes()).unwrap_err().words.len() < 200);
        assert!(read(b"{\"a\":1,\"\\u0061\":1}").is_err());
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (text, number) in [
            ("1", Some(1)),
            ("1.0", Some(1)),
            ("1e0", Some(1)),
            ("10E-1", Some(1)),
            ("0.5e1", Some(5)),
            ("-1.50e+2", Some(-150)),
            ("-0", Some(0)),
            ("0.000", Some(0)),
            ("0e9", Some(0)),
            ("100", Some(100)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.5", None),
            ("1e-1", None),
            ("1e400", None),
            ("1e9223372036854775807", None),
            ("1e-9223372036854775808", None),
            ("1.23e99999999999999999999", None),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap().whole(), number, "{text}");
        }
        assert_eq!(Node::Text("1".to_owned()).whole(), None);
    }

    #[test]
    fn keys_are_put_and_taken() {
        let mut node = read(b"{\"a\":1,\"b\":2}").unwrap();
        node.set("b", Node::Null);
        node.set("c", Node::Bool(true));
        assert_eq!(node.remove("a"), Some(Node::Number("1".to_owned())));
        assert_eq!(node.remove("a"), None);
        assert_eq!(node.write(), "{\"b\":null,\"c\":true}");
    }

    fn any_node() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            Just(Node::Null),
            any::<bool>().prop_map(Node::Bool),
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,12})?(e[+-]?[0-9]{1,3})?".prop_map(Node::Number),
            any::<String>().prop_map(Node::Text),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Node::List),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|entries| Node::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(node in any_node()) {
            prop_assert_eq!(read(node.write().as_bytes()), Ok(node));
        }

        #[test]
        fn no_escapes_make_it_stumble(text in "(\"?[\\\\ud8Dc0-9a-f\"]{0,12}[\\[\\]{}:,\" .eE+\\-\n]?){0,12}") {
            drop(read(text.as_bytes()));
        }

        #[test]
        fn no_bytes_make_it_stumble(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes));
        }
    }
}
