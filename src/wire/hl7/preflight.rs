//! What must hold of a message before anyone takes it apart.

use super::lines::{self, Lines};
use super::{Delimiters, Objection};

/// A message longer than this is not taken.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A message that is parted more often than this is not taken apart: the parser needs some 700
/// bytes of memory for each part.
pub const SEPARATORS_MAX: usize = 20_000;

/// Where the message begins, and what parts it.
pub(crate) fn begin(raw: &[u8]) -> Result<(&[u8], Delimiters), Objection> {
    let body = without_lead(raw);
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(Objection::reject(102, "UTF-16 cannot be sent in frames; send UTF-8"));
    }
    if !body.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"MSH")) {
        return Err(Objection::reject(100, "the message does not begin with MSH").at("MSH", 1, 0));
    }
    Ok((body, Delimiters::read(body)?))
}

/// Byte order mark, blanks and bytes of a frame.
pub(crate) fn without_lead(raw: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(*byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0);
    let mut rest = raw;
    loop {
        let before = rest.len();
        rest = &rest[rest.iter().take_while(|byte| blank(byte)).count()..];
        rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
        if rest.len() == before {
            return rest;
        }
    }
}

/// Whether the message can be taken apart without losing any of it: so many bytes, which have this
/// text, or are it.
pub(crate) fn check(bytes: usize, body: &[u8], delimiters: &Delimiters) -> Result<(), Objection> {
    if bytes > MESSAGE_BYTES_MAX {
        return Err(Objection::reject(104, format!("longer than {MESSAGE_BYTES_MAX} bytes")));
    }
    if body.iter().filter(|byte| delimiters.parts(**byte)).count() > SEPARATORS_MAX {
        return Err(Objection::reject(104, format!("more than {SEPARATORS_MAX} separators")));
    }
    for (line, number) in Lines::new(body, delimiters.field).zip(1u16..) {
        let Some(name) = lines::name(line, delimiters.field) else {
            let text = format!("segment {number} has no name of three letters or digits");
            return Err(Objection::error(100, text).at("?", number, 0));
        };
        if number > 1 && name == *b"MSH" {
            return Err(Objection::reject(100, "two messages in one").at("MSH", 2, 0));
        }
    }
    Ok(())
}
