//! Messages that are told in several (2.10.2): a fragment names the one behind it in DSC-1, which
//! names itself so in MSH-14; and segments that are told in several, each further part an ADD.

use std::borrow::Cow;
use std::fmt;

use super::content::is_told;
use super::lines::{self, Lines};
use super::{Delimiters, MESSAGE_BYTES_MAX, Objection, preflight};

/// How a part of a message hangs together with the others.
#[derive(Clone, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Who sends it: MSH-3 and MSH-4 as they stand, for pointers are its sender's own.
    pub sender: &'a [u8],
    /// What it goes on from (MSH-14); empty in the first one.
    pub comes_from: &'a [u8],
    /// Under what its message goes on (DSC-1); empty in the last one.
    pub goes_on: &'a [u8],
    /// Bytes of its header, with all that stands before it: what differs when it is sent again.
    pub head_bytes: usize,
}

impl<'a> Fragment<'a> {
    /// What makes a message a fragment; `None` for one that is whole.
    pub fn of(raw: &'a [u8]) -> Option<Fragment<'a>> {
        let (body, delimiters) = preflight::begin(raw).ok()?;
        let header = Lines::new(body, delimiters.field).next()?;
        let field = |number| lines::field(header, delimiters.field, number);
        let comes_from = told(field(14), &delimiters);
        let goes_on = last_pointer(body, &delimiters);
        if comes_from.is_empty() && goes_on.is_empty() {
            return None;
        }
        let separator = delimiters.field;
        let before = lines::nth(header, separator, 0).len() + 1 + delimiters.signs().len() + 1;
        let sender = field(3).len() + 1 + field(4).len();
        let sender = header.get(before..(before + sender).min(header.len())).unwrap_or_default();
        let head_bytes = raw.len() - body.len() + header.len();
        Some(Fragment { sender, comes_from, goes_on, head_bytes })
    }
}

/// Pointers are a sender's own.
impl fmt::Debug for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.comes_from.len(), self.goes_on.len());
        write!(f, "Fragment({from} bytes to {to} bytes)")
    }
}

/// The message that fragments are, in their order: header of the first, no DSC, and an ADD that
/// begins a fragment goes on with the segment that ended the one before it.
///
/// # Errors
/// When they are not written alike, or are too much together.
pub fn join(fragments: &[&[u8]]) -> Result<Vec<u8>, Objection> {
    let mut whole = Vec::with_capacity(fragments.iter().map(|raw| raw.len()).sum());
    let mut alike: Option<(Delimiters, &[u8])> = None;
    for raw in fragments {
        let (body, delimiters) = preflight::begin(raw)?;
        let mut all = Lines::new(body, delimiters.field);
        let header = all.next().unwrap_or_default();
        let charset = lines::field(header, delimiters.field, 18);
        match &alike {
            None => {
                alike = Some((delimiters, charset));
                whole.extend_from_slice(header);
            }
            Some(first) if *first != (delimiters, charset) => {
                let text =
                    "a fragment has other delimiters or another character set than the first";
                return Err(Objection::reject(200, text).at("MSH", 1, 2));
            }
            Some(_) => {}
        }
        for line in all.filter(|line| lines::name(line, delimiters.field) != Some(*b"DSC")) {
            put(&mut whole, line, delimiters.field);
        }
        if whole.len() > MESSAGE_BYTES_MAX {
            let text = format!("its fragments are longer than {MESSAGE_BYTES_MAX} bytes together");
            return Err(Objection::reject(104, text));
        }
    }
    whole.push(b'\r');
    Ok(whole)
}

/// A segment behind what is there already; an ADD goes on with what is there.
fn put(whole: &mut Vec<u8>, line: &[u8], separator: u8) {
    if lines::name(line, separator) == Some(*b"ADD") {
        whole.extend_from_slice(line.get(4..).unwrap_or_default());
    } else {
        whole.push(b'\r');
        whole.extend_from_slice(line);
    }
}

/// The message with every segment in one: what an ADD says goes on where the segment before it
/// ended.
pub(crate) fn without_addenda<'a>(body: &'a [u8], delimiters: &Delimiters) -> Cow<'a, [u8]> {
    let separator = delimiters.field;
    let is_there = |name: &[u8; 3]| {
        let sign = [name.as_slice(), &[separator]].concat();
        memchr::memmem::find_iter(body, &sign)
            .any(|at| at > 0 && matches!(body[at - 1], b'\r' | b'\n'))
    };
    if !is_there(b"ADD") && !is_there(b"add") {
        return Cow::Borrowed(body);
    }
    let mut whole = Vec::with_capacity(body.len());
    let mut all = Lines::new(body, separator);
    whole.extend_from_slice(all.next().unwrap_or_default());
    all.for_each(|line| put(&mut whole, line, separator));
    whole.push(b'\r');
    Cow::Owned(whole)
}

/// What a message goes on under: its last segment is a DSC that says so.
pub(crate) fn last_pointer<'a>(body: &'a [u8], delimiters: &Delimiters) -> &'a [u8] {
    let separator = delimiters.field;
    let line_end = |byte: &u8| matches!(*byte, b'\r' | b'\n');
    let end = body.iter().rposition(|byte| *byte > b' ').map_or(0, |at| at + 1);
    let begin = body[..end].iter().rposition(line_end).map_or(0, |at| at + 1);
    let last = &body[begin..end];
    match lines::name(last, separator) == Some(*b"DSC") {
        true => told(lines::field(last, separator, 1), delimiters),
        false => &[],
    }
}

fn told<'a>(field: &'a [u8], delimiters: &Delimiters) -> &'a [u8] {
    if is_told(field, delimiters) { field.trim_ascii() } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use crate::wire::hl7::Message;
    use proptest::prelude::*;

    const WHOLE: &str = "MSH|^~\\&|A|B|C|D|2026||DFT^P03|1|P|2.5.1\rPID|1||441\r\
                         FT1|1|T1||20261008||CG|TX-3D\rNTE|1||a long text\r";

    fn fragment(id: usize, from: &str, body: &str, to: &str) -> String {
        let dsc = if to.is_empty() { String::new() } else { format!("DSC|{to}|F\r") };
        format!("MSH|^~\\&|A|B|C|D|2026||DFT^P03|{id}|P|2.5.1||{from}\r{body}{dsc}")
    }

    #[test]
    fn c_13_a_fragment_says_what_it_goes_on_from_and_under() {
        for row in rows(
            "
            | MSH-14 | last segment | from | to |
            |        | DSC;F1;F     | -    | F1 |
            | F1     | DSC;F2       | F1   | F2 |
            | F1     | ZZZ;1        | F1   | -  |
            | F1     | DSC;         | F1   | -  |
            |        | DSC;         | none | none |
            |        | ZZZ;1        | none | none |
            | \"\"   | DSC;\"\"     | none | none |
            ",
        ) {
            let last = row["last segment"].replace(';', "|");
            let text = fragment(1, &row["MSH-14"], &format!("PID|1||441\r{last}\r"), "");
            let found = Fragment::of(text.as_bytes());
            let shown = |bytes: &[u8]| match bytes {
                [] => "-".to_owned(),
                _ => String::from_utf8_lossy(bytes).into_owned(),
            };
            let is = found.as_ref().map_or(("none".into(), "none".into()), |it| {
                (shown(it.comes_from), shown(it.goes_on))
            });
            assert_eq!(is, (row["from"].clone(), row["to"].clone()), "{row}");
            if let Some(found) = found {
                assert_eq!(found.sender, b"A|B");
                assert!(text[found.head_bytes..].starts_with("\rPID"), "{row}");
            }
        }
    }

    #[test]
    fn c_13_fragments_are_put_together_and_a_segment_goes_on_in_add() {
        let first = fragment(1, "", "PID|1||441\rFT1|1|T1||2026\rADD|\r", "F1");
        let second = fragment(2, "F1", "ADD|1008||CG|TX-\rADD|3D\rNTE|1||a lo\rADD\r", "F2");
        let third = fragment(3, "F2", "ADD|ng text\r", "");
        let parts = [first.as_bytes(), second.as_bytes(), third.as_bytes()];
        let joined = String::from_utf8(join(&parts).unwrap()).unwrap();
        assert_eq!(joined, WHOLE.replace("|2.5.1\r", "|2.5.1||\r"));
        let other = third.replace("^~\\&", "^~\\@");
        assert_eq!(join(&[first.as_bytes(), other.as_bytes()]).unwrap_err().code, 200);
        let long = fragment(2, "F1", &format!("NTE|{}\r", "x".repeat(MESSAGE_BYTES_MAX)), "");
        assert_eq!(join(&[first.as_bytes(), long.as_bytes()]).unwrap_err().code, 104);
    }

    #[test]
    fn c_13_a_segment_goes_on_in_add_within_a_message_too() {
        let text =
            WHOLE.replace("||20261008", "||2026\rADD|1008").replace("|a long", "\radd||a long");
        let message = Message::parse(text.as_bytes()).unwrap();
        let plain = Message::parse(WHOLE.as_bytes()).unwrap();
        let shown = |message: &Message| {
            let all = message.segments().map(|it| (it.name().to_owned(), it.fields()));
            (all.collect::<Vec<_>>(), message.field("FT1", 4).text().into_owned())
        };
        assert_eq!(shown(&message), shown(&plain));
        assert_eq!(message.field("NTE", 3).text(), "a long text");
        assert_eq!(crate::wire::hl7::scan(text.as_bytes()).verdict, Ok(()));
        let cut_name = WHOLE.replace("NTE|1", "NTE\rADD|X1");
        let scanned = crate::wire::hl7::scan(cut_name.as_bytes()).verdict;
        assert_eq!(scanned.unwrap_err().code, 100, "a name that goes on is none");
        assert_eq!(Message::parse(cut_name.as_bytes()).unwrap_err().code, 100);
    }

    proptest! {
        #[test]
        fn however_a_message_is_cut_it_is_put_together_again(cuts in prop::collection::vec(0usize..120, 0..6)) {
            let (header, body) = WHOLE.split_once('\r').unwrap();
            let mut places: Vec<usize> = cuts.into_iter().map(|at| at % body.len()).collect();
            places.sort_unstable();
            places.dedup();
            let ends = places.iter().copied().chain([body.len()]);
            let (mut parts, mut begin) = (Vec::new(), 0);
            for (number, end) in ends.enumerate() {
                let from = if number == 0 { String::new() } else { format!("P{number}") };
                let to = if end == body.len() { String::new() } else { format!("P{}", number + 1) };
                let piece = &body[begin..end];
                let goes_on = begin > 0 && !body[..begin].ends_with('\r');
                let lead = if goes_on { "ADD|" } else { "" };
                let tail = if piece.ends_with('\r') || piece.is_empty() { "" } else { "\r" };
                parts.push(fragment(number, &from, &format!("{lead}{piece}{tail}"), &to));
                begin = end;
            }
            let raws: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            let joined = join(&raws).unwrap();
            let rest = joined.split(|byte| *byte == b'\r').skip(1).collect::<Vec<_>>().join(&b'\r');
            prop_assert_eq!(String::from_utf8(rest).unwrap(), body);
            prop_assert!(joined.starts_with(header.split("|1|P").next().unwrap().as_bytes()));
        }
    }
}
