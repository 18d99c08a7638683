//! The characters that part a message: read from MSH-1 and MSH-2 before anything else.

use super::Objection;

/// The delimiters of one message. What MSH-2 leaves out is not used in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delimiters {
    /// Between fields (MSH-1).
    pub field: u8,
    /// Between components.
    pub component: u8,
    /// Between repetitions.
    pub repetition: u8,
    /// Around escapes.
    pub escape: Option<u8>,
    /// Between subcomponents.
    pub subcomponent: Option<u8>,
    /// Marks a value that was cut (v2.7 and later).
    pub truncation: Option<u8>,
}

impl Default for Delimiters {
    /// `|^~\&`, as everybody writes.
    fn default() -> Delimiters {
        Delimiters {
            field: b'|',
            component: b'^',
            repetition: b'~',
            escape: Some(b'\\'),
            subcomponent: Some(b'&'),
            truncation: None,
        }
    }
}

impl Delimiters {
    /// Reads them from a message that begins with `MSH`.
    pub fn read(message: &[u8]) -> Result<Delimiters, Objection> {
        let refuse = |text: &str, field| Err(Objection::reject(102, text).at("MSH", 1, field));
        let Some(&field) = message.get(3) else {
            return refuse("MSH is all there is: no field separator", 1);
        };
        if !is_delimiter(field) {
            return refuse("the field separator must be a sign of ASCII", 1);
        }
        let rest = &message[4..];
        let ends = |byte: &u8| *byte == field || matches!(byte, b'\r' | b'\n');
        let signs = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        if !signs.iter().all(|sign| is_delimiter(*sign)) {
            return refuse("the encoding characters must be signs of ASCII", 2);
        }
        if has_twice(signs) {
            return refuse("the encoding characters must differ from each other", 2);
        }
        match Delimiters::from_signs(field, signs) {
            Some(delimiters) => Ok(delimiters),
            None => refuse("two to five encoding characters are needed, in their usual order", 2),
        }
    }

    fn from_signs(field: u8, signs: &[u8]) -> Option<Delimiters> {
        let bare = |component, repetition| Delimiters {
            field,
            component,
            repetition,
            escape: None,
            subcomponent: None,
            truncation: None,
        };
        match *signs {
            [c, r] => Some(bare(c, r)),
            [c, r, b'\\'] => Some(Delimiters { escape: Some(b'\\'), ..bare(c, r) }),
            [c, r, b'&'] => Some(Delimiters { subcomponent: Some(b'&'), ..bare(c, r) }),
            [c, r, e, s] => {
                Some(Delimiters { escape: Some(e), subcomponent: Some(s), ..bare(c, r) })
            }
            [c, r, e, s, t] => Some(Delimiters {
                escape: Some(e),
                subcomponent: Some(s),
                truncation: Some(t),
                ..bare(c, r)
            }),
            _ => None,
        }
    }

    /// MSH-2 as it is written.
    pub fn signs(&self) -> String {
        let optional = [self.escape, self.subcomponent, self.truncation];
        [self.component, self.repetition]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .map(char::from)
            .collect()
    }

    /// Whether a byte parts anything.
    pub fn parts(&self, byte: u8) -> bool {
        byte == self.field
            || byte == self.component
            || byte == self.repetition
            || Some(byte) == self.subcomponent
    }
}

fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

fn has_twice(signs: &[u8]) -> bool {
    signs.iter().enumerate().any(|(place, sign)| signs[..place].contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_read_or_refused_and_never_guessed() {
        let cases: &[(&str, Option<&str>)] = &[
            (r"MSH|^~\&|A", Some(r"^~\&")),
            (r"MSH|^~\&#|A", Some(r"^~\&#")),
            (r"MSH|^~&|A", Some("^~&")),
            (r"MSH|^~\|A", Some(r"^~\")),
            (r"MSH|^~|A", Some("^~")),
            (r"MSH|^&~\|A", Some(r"^&~\")),
            (r"MSH^~|\&^A", Some(r"~|\&")),
            (r"MSH|%$!?|A", Some("%$!?")),
            (r"MSH|^~\&", Some(r"^~\&")),
            (r"MSH|&&&&|A", None),
            (r"MSH|^~?|A", None),
            (r"MSH|^|A", None),
            (r"MSH||A", None),
            (r"MSH|^~\&#!|A", None),
            ("MSH|abcd|A", None),
            ("MSH|^\u{2dc}\\&|A", None),
            (r"MSHx^~\&xA", None),
            ("MSH\r^~\\&\r", None),
            ("MSH", None),
        ];
        for (text, signs) in cases {
            let read = Delimiters::read(text.as_bytes());
            assert_eq!(read.ok().map(|it| it.signs()).as_deref(), *signs, "{text}");
        }
    }
}
