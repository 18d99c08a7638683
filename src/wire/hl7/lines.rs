//! The segments of a message as runs of bytes: one rule for where they end, for every reader.

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// The segments of a message that are not blank, as bytes.
///
/// CR ends a segment, and so do LF and CR LF. Only where a message uses CR, an LF that is not
/// followed by what looks like a segment is data: such feeds have lines within a value.
#[derive(Clone)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    separator: u8,
    uses_cr: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(message: &'a [u8], separator: u8) -> Lines<'a> {
        Lines { rest: message, separator, uses_cr: memchr::memchr(CR, message).is_some() }
    }

    fn end(&self) -> usize {
        let mut from = 0;
        while let Some(ahead) = memchr::memchr2(CR, LF, &self.rest[from..]) {
            let at = from + ahead;
            if self.ends_at(at) {
                return at;
            }
            from = at + 1;
        }
        self.rest.len()
    }

    fn ends_at(&self, at: usize) -> bool {
        let next = &self.rest[at + 1..];
        at == 0
            || self.rest[at] == CR
            || !self.uses_cr
            || next.first().is_none_or(|byte| matches!(*byte, CR | LF))
            || looks_like_segment(next, self.separator)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = self.end();
            let line = &self.rest[..end];
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !is_blank(line) {
                return Some(line);
            }
        }
        None
    }
}

fn looks_like_segment(bytes: &[u8], separator: u8) -> bool {
    matches!(bytes, [a, b, c, after, ..]
        if a.is_ascii_alphabetic()
            && b.is_ascii_alphanumeric()
            && c.is_ascii_alphanumeric()
            && *after == separator)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| *byte <= b' ')
}

/// The name of a segment if it has one: three letters or digits, the first a letter, in either
/// case, and then the separator or nothing.
pub(crate) fn name(line: &[u8], separator: u8) -> Option<[u8; 3]> {
    let (name, after) = line.split_first_chunk::<3>()?;
    let sound = name[0].is_ascii_alphabetic()
        && name[1..].iter().all(u8::is_ascii_alphanumeric)
        && after.first().is_none_or(|byte| *byte == separator);
    sound.then(|| name.map(|byte| byte.to_ascii_uppercase()))
}

/// A field by its number from 1, as in HL7: MSH-1 is the separator itself.
pub(crate) fn field(line: &[u8], separator: u8, number: usize) -> &[u8] {
    let is_header = line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"MSH"));
    match (is_header, number) {
        (true, 1) => line.get(3..4).unwrap_or_default(),
        (true, _) => nth(line, separator, number.saturating_sub(1)),
        (false, _) => nth(line, separator, number),
    }
}

/// The part before the separator.
pub(crate) fn first(part: &[u8], separator: u8) -> &[u8] {
    nth(part, separator, 0)
}

/// A part by its number from 0.
pub(crate) fn nth(bytes: &[u8], separator: u8, number: usize) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..number {
        match memchr::memchr(separator, rest) {
            Some(at) => rest = &rest[at + 1..],
            None => return &[],
        }
    }
    &rest[..memchr::memchr(separator, rest).unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        Lines::new(text.as_bytes(), b'|').map(|l| String::from_utf8_lossy(l).into()).collect()
    }

    #[test]
    fn a_segment_ends_with_cr_lf_or_both() {
        let expected = ["MSH|a", "PID|b", "ZZZ"];
        for text in [
            "MSH|a\rPID|b\rZZZ",
            "MSH|a\nPID|b\nZZZ\n",
            "MSH|a\r\nPID|b\r\nZZZ\r\n",
            "MSH|a\r\r\rPID|b\r \rZZZ\r",
            "\r\nMSH|a\n\nPID|b\n\nZZZ",
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_feed_within_a_value_is_data_where_cr_ends_segments() {
        assert_eq!(lines("MSH|a\rNTE|one\ntwo\rPID|b"), ["MSH|a", "NTE|one\ntwo", "PID|b"]);
        assert_eq!(lines("MSH|a\rNTE|one\nPID|b"), ["MSH|a", "NTE|one", "PID|b"]);
        assert_eq!(lines("MSH|a\rNTE|one\npid|b"), ["MSH|a", "NTE|one", "pid|b"]);
    }

    #[test]
    fn fields_are_counted_as_hl7_counts_them() {
        let (msh, pid) = (&br"MSH|^~\&|ARIA|X"[..], &b"PID|1||77"[..]);
        assert_eq!(field(msh, b'|', 1), b"|");
        assert_eq!(field(msh, b'|', 2), br"^~\&");
        assert_eq!(field(msh, b'|', 3), b"ARIA");
        assert_eq!(field(msh, b'|', 9), b"");
        assert_eq!(field(pid, b'|', 3), b"77");
        assert_eq!(field(pid, b'|', 4), b"");
    }
}
