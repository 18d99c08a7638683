//! A message taken apart: segments in order, and whatever stands at a place in them.
//!
//! `hl7-parser` does the cutting. It drops what it does not understand without a word, mistakes
//! the truncation character, panics on some texts and eats memory on others (each has a test
//! below), so it sees only text that was checked and written out plainly first, and afterwards
//! must account for every byte of it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lines::{self, Lines};
use super::value::Value;
use super::{Delimiters, Objection, Position, charset, fragment, preflight};

/// A message.
#[derive(Clone)]
pub struct Message {
    text: String,
    delimiters: Delimiters,
    segments: Vec<Vec<Range<usize>>>,
    charset: &'static str,
    damaged: bool,
    looks: Option<Looks>,
}

/// Which fields somebody has looked at: a bit for each, segment by segment; the last one stands
/// for all fields behind it.
type Looks = Arc<[AtomicU64]>;

/// A segment of a message.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    message: &'m Message,
    index: usize,
}

impl Message {
    /// Takes a message apart.
    pub fn parse(raw: &[u8]) -> Result<Message, Objection> {
        Message::parse_as(raw, "")
    }

    /// The same, in a character set of table 0211 whatever MSH-18 says; empty for what that says.
    pub fn parse_as(raw: &[u8], character_set: &str) -> Result<Message, Objection> {
        let (body, delimiters) = preflight::begin(raw)?;
        let header = Lines::new(body, delimiters.field).next().unwrap_or_default();
        let declared = match character_set {
            "" => lines::field(header, delimiters.field, 18),
            known => known.as_bytes(),
        };
        let unmasked = charset::unmask(body, declared);
        let parted = unmasked.as_ref().map_or(body, |decoded| decoded.text.as_bytes());
        let whole = fragment::without_addenda(parted, &delimiters);
        preflight::check(body.len(), &whole, &delimiters)?;
        let (text, charset, damaged) = match &unmasked {
            Some(decoded) => (String::from_utf8_lossy(&whole), decoded.used, decoded.damaged),
            None => {
                let decoded = charset::decode(&whole, declared);
                (decoded.text, decoded.used, decoded.damaged)
            }
        };
        let text = plain(&text, &delimiters);
        let segments = cut(&text)?;
        Ok(Message { text, delimiters, segments, charset, damaged, looks: None })
    }

    /// The same message, which from now on notes the fields that are looked at.
    pub fn noting_looks(self) -> Message {
        let looks = self.segments.iter().map(|_| AtomicU64::new(0)).collect();
        Message { looks: Some(looks), ..self }
    }

    fn look(&self, segment: usize, field: u16) {
        if let Some(looks) = self.looks.as_ref().and_then(|looks| looks.get(segment)) {
            looks.fetch_or(1 << field.min(63), Ordering::Relaxed);
        }
    }

    /// Its delimiters.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// The name of the encoding that it was read in.
    pub fn charset(&self) -> &'static str {
        self.charset
    }

    /// Whether some of its bytes stand for nothing in that encoding.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// All segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        (0..self.segments.len()).map(|index| Segment { message: self, index })
    }

    /// All segments of a name, in order.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = Segment<'m>> {
        self.segments().filter(move |segment| segment.name() == name)
    }

    /// The first segment of a name.
    pub fn segment(&self, name: &str) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.name() == name)
    }

    /// A field of the first segment of a name; empty if there is none.
    pub fn field(&self, name: &str, number: u16) -> Value<'_> {
        self.segment(name).map_or(self.nothing(), |segment| segment.field(number))
    }

    /// What stands at a position.
    pub fn at(&self, position: &Position) -> Value<'_> {
        let place = usize::from(position.occurrence.saturating_sub(1));
        let segment = self.segments().filter(|it| it.name() == position.segment).nth(place);
        segment.map_or(self.nothing(), |segment| segment.at(position))
    }

    /// The segments from each one of this name up to the next: every group of a message whose
    /// groups begin with it. What stands before the first is in none.
    pub fn groups<'m>(&'m self, name: &str) -> Vec<Vec<Segment<'m>>> {
        let mut groups: Vec<Vec<Segment<'m>>> = Vec::new();
        for segment in self.segments() {
            if segment.name() == name {
                groups.push(vec![segment]);
            } else if let Some(group) = groups.last_mut() {
                group.push(segment);
            }
        }
        groups
    }

    /// A value that tells nothing.
    pub fn nothing(&self) -> Value<'_> {
        Value::new("", &self.delimiters)
    }
}

impl<'m> Segment<'m> {
    /// Its name, in capitals.
    pub fn name(&self) -> &'m str {
        self.name_of(self.index)
    }

    /// Which one of its name it is, from 1.
    pub fn occurrence(&self) -> u16 {
        let same = (0..=self.index).filter(|index| self.name_of(*index) == self.name()).count();
        u16::try_from(same).unwrap_or(u16::MAX)
    }

    /// Where it stands among all segments of its message, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// A field by its number, from 1; empty if there is none.
    pub fn field(&self, number: u16) -> Value<'m> {
        self.message.look(self.index, number);
        let range = self.ranges().get(usize::from(number)).cloned().filter(|_| number > 0);
        Value::new(&self.message.text[range.unwrap_or_default()], &self.message.delimiters)
    }

    /// Whether somebody has looked at a field, where that is noted.
    pub fn was_looked_at(&self, number: u16) -> bool {
        let looks = self.message.looks.as_ref().and_then(|looks| looks.get(self.index));
        looks.is_some_and(|looks| looks.load(Ordering::Relaxed) & (1 << number.min(63)) != 0)
    }

    /// Whether a field tells something; this look is not noted.
    pub fn tells(&self, number: u16) -> bool {
        let range = self.ranges().get(usize::from(number)).cloned().filter(|_| number > 0);
        let raw = &self.message.text[range.unwrap_or_default()];
        Value::new(raw, &self.message.delimiters).is_valued()
    }

    /// How many fields it has.
    pub fn fields(&self) -> usize {
        self.ranges().len().saturating_sub(1)
    }

    /// What stands at a position in it; the position's segment is not asked.
    pub fn at(&self, position: &Position) -> Value<'m> {
        let field = self.field(position.field);
        let repetition = match position.repetition {
            0 => field,
            number => field.repetition(number),
        };
        match (position.component, position.subcomponent) {
            (0, _) => repetition,
            (component, 0) => repetition.component(component),
            (component, subcomponent) => repetition.component(component).subcomponent(subcomponent),
        }
    }

    fn ranges(&self) -> &'m [Range<usize>] {
        self.message.segments.get(self.index).map_or(&[], Vec::as_slice)
    }

    fn name_of(&self, index: usize) -> &'m str {
        let name = self.message.segments.get(index).and_then(|fields| fields.first());
        name.and_then(|range| self.message.text.get(range.clone())).unwrap_or_default()
    }
}

/// What a message says is never written into a log by accident.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} segments)", self.segments.len())
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({})", self.name())
    }
}

/// The message as the parser understands it: every segment named in capitals, with a separator
/// behind its name, ended by one CR; four encoding characters, whatever MSH-2 holds.
fn plain(text: &str, delimiters: &Delimiters) -> String {
    let separator = char::from(delimiters.field);
    let mut plain = String::with_capacity(text.len() + 16);
    let bytes = text.as_bytes();
    for (number, line) in Lines::new(bytes, delimiters.field).enumerate() {
        let line = String::from_utf8_lossy(line);
        let (name, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
        if number == 0 {
            plain.extend(["MSH", &separator.to_string(), &four_signs(delimiters)]);
            plain.push_str(rest.get(1 + delimiters.signs().len()..).unwrap_or_default());
        } else {
            plain.push('\r');
            plain.push_str(&name.to_ascii_uppercase());
            plain.push_str(rest);
            if rest.is_empty() {
                plain.push(separator);
            }
        }
    }
    plain
}

/// Signs that the message does not use stand in for those that MSH-2 leaves out; what they would
/// cut is cut again from the whole field.
fn four_signs(delimiters: &Delimiters) -> String {
    let escape = delimiters.escape.unwrap_or(0x1e);
    let subcomponent = delimiters.subcomponent.unwrap_or(0x1f);
    [delimiters.component, delimiters.repetition, escape, subcomponent]
        .map(char::from)
        .iter()
        .collect()
}

/// The place of each segment's name, and behind it that of each field.
fn cut(text: &str) -> Result<Vec<Vec<Range<usize>>>, Objection> {
    let unreadable =
        |at: usize| Objection::reject(100, format!("the message cannot be read beyond byte {at}"));
    let parsed = hl7_parser::Message::parse(text).map_err(|_| unreadable(0))?;
    let read = parsed.raw_value().len();
    if read != text.len() {
        return Err(unreadable(read));
    }
    let places = |segment: &hl7_parser::message::Segment<'_>| {
        let start = segment.range.start;
        let name = start..start + 3;
        std::iter::once(name).chain(segment.fields.iter().map(|it| it.range.clone())).collect()
    };
    Ok(parsed.segments.iter().map(places).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hl7::{MESSAGE_BYTES_MAX, SEPARATORS_MAX};
    use proptest::prelude::*;

    const SAMPLE: &str = "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261008||DFT^P03|K1|P|2.5.1\r\
        PID|1||441^^^EXAMPLE^MR||Müller^Zoé\r\
        FT1|1|T1||20261008&D|20261008|CG|TX-3D^Beam&x^L~second|||1\r\
        ZRT|C1|P1\r\
        FT1|2|T2||20261008|20261008|CG|PHYS\r";

    fn parse(text: &str) -> Message {
        Message::parse(text.as_bytes()).unwrap()
    }

    fn refused(text: &str) -> Objection {
        Message::parse(text.as_bytes()).unwrap_err()
    }

    fn names(message: &Message) -> Vec<&str> {
        message.segments().map(|segment| segment.name()).collect()
    }

    fn raw(message: &Message, position: &str) -> String {
        message.at(&position.parse().unwrap()).raw().to_owned()
    }

    #[test]
    fn whatever_stands_at_a_place_is_found_there() {
        let message = parse(SAMPLE);
        for (position, is) in [
            ("MSH.1", "|"),
            ("MSH.2", r"^~\&"),
            ("MSH.3", "ARIA"),
            ("MSH.9.2", "P03"),
            ("MSH.12", "2.5.1"),
            ("MSH.40", ""),
            ("PID.3.1", "441"),
            ("PID.3.5", "MR"),
            ("PID.5.2", "Zoé"),
            ("FT1.4.1.1", "20261008"),
            ("FT1.7.2.2", "x"),
            ("FT1.7[2].1", "second"),
            ("FT1[2].2", "T2"),
            ("FT1[3].2", ""),
            ("ZRT.1", "C1"),
            ("ZZZ.1", ""),
        ] {
            assert_eq!(raw(&message, position), is, "{position}");
        }
    }

    #[test]
    fn a_group_is_what_stands_between_two_of_a_name() {
        let message = parse(SAMPLE);
        let groups = message.groups("FT1");
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.iter().map(Segment::name).collect()).collect();
        assert_eq!(names, [vec!["FT1", "ZRT"], vec!["FT1"]]);
        assert_eq!(groups[1][0].occurrence(), 2);
        assert_eq!(groups[1][0].index(), 4);
    }

    #[test]
    fn finding_01_nothing_is_dropped_without_a_word() {
        let kept = parse("MSH|^~\\&|A\r\rPID|1\r\r\nFT1|2\rZZZ\rZYX|end\r");
        assert_eq!(names(&kept), ["MSH", "PID", "FT1", "ZZZ", "ZYX"]);
        for lost in ["MSH|^~\\&|A\r PID|1\r", "MSH|^~\\&|A\rPI|1\r", "MSH|^~\\&|A\rPIDX|1\r"] {
            let objection = refused(lost);
            assert_eq!(
                (objection.code, objection.location.unwrap().occurrence),
                (100, 2),
                "{lost:?}"
            );
        }
        assert!(hl7_parser::Message::parse("MSH|^~\\&|A\r\rPID|1").unwrap().raw_value().len() < 20);
    }

    #[test]
    fn finding_02_letters_beyond_ascii_before_an_escape_are_no_danger() {
        let message = parse("MSH|^~\\&|éé\\F\\x|é\\F\\x");
        assert_eq!(message.field("MSH", 3).text(), "éé|x");
        assert_eq!(message.field("MSH", 4).text(), "é|x");
    }

    #[test]
    fn finding_03_escapes_that_are_none_of_ours_keep_their_text() {
        let message = parse(r"MSH|^~\&|\X41\|\H\bold\N\|C:\temp\new|lone \ x|\Zab\|\.sp2\");
        let texts: Vec<String> = (3..9).map(|n| message.field("MSH", n).text().into()).collect();
        assert_eq!(texts, ["A", r"\H\bold\N\", r"C:\temp\new", r"lone \ x", r"\Zab\", r"\.sp2\"]);
    }

    #[test]
    fn finding_04_the_truncation_character_shifts_nothing() {
        let message = parse(r"MSH|^~\&#|ARIA|RADONC");
        assert_eq!(
            (raw(&message, "MSH.3"), raw(&message, "MSH.4")),
            ("ARIA".into(), "RADONC".into())
        );
        assert_eq!(message.delimiters().truncation, Some(b'#'));
    }

    #[test]
    fn finding_05_short_and_odd_delimiters_are_understood_or_refused() {
        let short = parse("MSH|^~&|ARIA|a^b&c\\F\\\rPID|1||77");
        assert_eq!(raw(&short, "MSH.3"), "ARIA");
        assert_eq!(raw(&short, "MSH.4.2.2"), "c\\F\\");
        assert_eq!(short.field("MSH", 4).component(2).subcomponent(2).text(), "c\\F\\");
        assert_eq!(raw(&parse("MSH|^~|ARIA|a^b&c"), "MSH.4.2"), "b&c");
        assert_eq!(raw(&parse(r"MSH^~|\&^ARIA^a~b"), "MSH.4.2"), "b");
        for odd in ["MSH|abcd|A", "MSH|^^^^|A", "MSH\r^~\\&\rA"] {
            assert_eq!(refused(odd).code, 102, "{odd:?}");
        }
    }

    #[test]
    fn finding_06_two_messages_are_not_one() {
        assert_eq!(refused("MSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\r").text, "two messages in one");
    }

    #[test]
    fn finding_07_any_line_end_ends_a_segment() {
        for end in ["\r", "\n", "\r\n"] {
            let text = ["MSH|^~\\&|A", "PID|1", "FT1|2", ""].join(end);
            assert_eq!(names(&parse(&text)), ["MSH", "PID", "FT1"], "{end:?}");
        }
        let within = parse("MSH|^~\\&|A\rNTE|one\ntwo\rPID|1");
        assert_eq!(raw(&within, "NTE.1"), "one\ntwo");
    }

    #[test]
    fn finding_08_what_stands_before_the_message_is_passed_over() {
        for lead in ["\u{feff}", "\r\n", "\u{b}", " \t", "\u{b}\u{feff}\n"] {
            assert_eq!(names(&parse(&format!("{lead}MSH|^~\\&|A\rPID|1"))), ["MSH", "PID"]);
        }
        assert_eq!(refused("FHS|^~\\&|A\rMSH|^~\\&|A\r").code, 100);
    }

    #[test]
    fn finding_09_names_are_read_in_either_case() {
        let message = parse("msh|^~\\&|A\rpid|1||77\r");
        assert_eq!(names(&message), ["MSH", "PID"]);
        assert_eq!(raw(&message, "PID.3"), "77");
    }

    #[test]
    fn finding_12_a_field_is_told_as_it_stands() {
        let message = parse("MSH|^~\\&|a^b~c");
        assert_eq!(message.field("MSH", 3).text(), "a^b~c");
    }

    #[test]
    fn finding_14_a_message_of_separators_alone_is_refused_before_it_is_parsed() {
        let separators = format!("MSH|^~\\&|{}", "|".repeat(SEPARATORS_MAX));
        assert_eq!(refused(&separators).code, 104);
        let long = format!("MSH|^~\\&|{}", "x".repeat(MESSAGE_BYTES_MAX));
        assert_eq!(refused(&long).code, 104);
    }

    #[test]
    fn finding_15_the_charset_of_the_message_is_used() {
        let header = |charset: &str| format!("MSH|^~\\&|A|||||||||||||||{charset}\rPID|");
        let latin = [header("8859/1").as_bytes(), b"Gr\xfcn\xa6"].concat();
        assert_eq!(raw(&Message::parse(&latin).unwrap(), "PID.1"), "Grün¦");
        let big5 = [header("BIG-5").as_bytes(), b"\xa5\x5c\xae\x7c"].concat();
        let message = Message::parse(&big5).unwrap();
        assert_eq!((raw(&message, "PID.1").as_str(), message.charset()), ("功徑", "Big5"));
        assert_eq!(Message::parse(b"\xff\xfeM\0S\0H\0").unwrap_err().code, 102);
    }

    #[test]
    fn c_09_what_looks_like_a_delimiter_within_a_letter_is_none() {
        let told = |charset: &str, name: &[u8]| {
            let header =
                format!("MSH|^~\\&|A|B|C|D|2026||DFT^P03|1|P|2.5||||||{charset}\rPID|||5||");
            let rest = b"^x|1\rFT1||1||20261008\r".as_slice();
            let bytes = [header.as_bytes(), name, rest].concat();
            assert_eq!(crate::wire::hl7::scan(&bytes).verdict, Ok(()), "{charset}");
            let message = Message::parse(&bytes).unwrap();
            assert!(!message.is_damaged());
            (message.field("PID", 5).component(1).text().into_owned(), raw(&message, "PID.6"))
        };
        for (charset, name, text) in [
            ("~ISO IR87", b"\x1b$B;|%^\x1b(B".as_slice(), "慈マ"),
            ("ISO IR159", b"\x1b$(D0|0\\\x1b(B", "侁伙"),
            ("BIG-5", b"\xae\x7c\xa5\x5c", "徑功"),
            ("Shift_JIS", b"\x83\x7c\x95\x5c", "ポ表"),
            ("GB 18030-2000", b"\x81\x7c", "亅"),
        ] {
            assert_eq!(told(charset, name), (text.to_owned(), "1".to_owned()), "{charset}");
        }
    }

    #[test]
    fn a_null_is_not_nothing() {
        let message = parse("MSH|^~\\&|\"\"||A");
        let tells: Vec<String> =
            (3..6).map(|n| format!("{:?}", message.field("MSH", n).presence())).collect();
        assert_eq!(tells, ["Null", "Absent", "Valued"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            for bytes in [raw.clone(), [b"MSH|^~\\&|".as_slice(), &raw].concat()] {
                if let Ok(message) = Message::parse(&bytes) {
                    prop_assert_eq!(message.segments().next().map(|it| it.name()), Some("MSH"));
                }
            }
        }

        #[test]
        fn a_damaged_message_is_refused_or_told_whole(at in 0usize..230, with in any::<u8>(), cut in 0usize..4) {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            let at = at.min(bytes.len() - 1);
            match cut {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, with),
                _ => bytes[at] = with,
            }
            if let Ok(message) = Message::parse(&bytes) {
                let kept: usize = message.segments().map(|it| it.fields()).sum();
                let separator = message.delimiters().field;
                let told = bytes.iter().filter(|byte| **byte == separator).count();
                prop_assert!(kept >= told, "{kept} of {told}");
            }
        }
    }
}
