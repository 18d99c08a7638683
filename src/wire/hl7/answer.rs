//! Reads the acknowledgment that a receiver sends back.

use std::borrow::Cow;
use std::fmt;

use super::lines::{self, Lines};
use super::value::Value;
use super::{Delimiters, MsaCode, charset, preflight};

/// What a receiver says to a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// MSA-1.
    pub code: MsaCode,
    /// MSA-2: the message it speaks of, without blanks at the ends.
    pub control_id: String,
    /// What it says in words: MSA-3, then every ERR. Empty if it says nothing.
    pub text: String,
    /// The first code of table 0357.
    pub error_code: Option<u16>,
    /// What it objects to, place by place.
    pub objections: Vec<Objected>,
}

/// What a receiver objects to at one place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Objected {
    /// The segment; empty if it names none.
    pub segment: String,
    /// Which of its name, from 1; 0 if it does not say.
    pub occurrence: usize,
    /// Whether it only warns or informs (ERR-4).
    pub is_warning: bool,
    /// In its words.
    pub text: String,
}

/// Why what came is no answer. Its text is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAnswer {
    /// It is no HL7.
    #[error("what came back is no HL7 message")]
    NoMessage,
    /// It has no MSA.
    #[error("the message that came back has no MSA")]
    NoMsa,
    /// MSA-1 is none of the six codes.
    #[error("the answer's MSA-1 is none of AA, AE, AR, CA, CE, CR")]
    UnknownCode,
}

/// Reads an answer. Receivers write all sorts of things around MSA; only what is needed is read.
pub fn read(raw: &[u8]) -> Result<Received, NotAnAnswer> {
    let (body, delimiters) = preflight::begin(raw).map_err(|_| NotAnAnswer::NoMessage)?;
    let body = &body[..body.len().min(preflight::MESSAGE_BYTES_MAX)];
    let header = Lines::new(body, delimiters.field).next().unwrap_or_default();
    let decoded = charset::decode(body, lines::field(header, delimiters.field, 18));
    let answer = Answer { text: decoded.text, delimiters };
    let msa = answer.all(b"MSA").next().ok_or(NotAnAnswer::NoMsa)?;
    let code = MsaCode::parse(&answer.field(msa, 1).code()).ok_or(NotAnAnswer::UnknownCode)?;
    let errors: Vec<&str> = answer.all(b"ERR").collect();
    let mut texts = vec![answer.field(msa, 3).text().trim().to_owned()];
    texts.extend(errors.iter().map(|line| answer.error_text(line)));
    Ok(Received {
        code,
        control_id: answer.field(msa, 2).text().trim().to_owned(),
        text: joined(texts),
        error_code: errors.iter().find_map(|line| answer.error_code(line)),
        objections: errors.iter().flat_map(|line| answer.objections(line)).collect(),
    })
}

/// A receiver's words may name the patient.
impl fmt::Debug for Objected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objected({}[{}])", self.segment, self.occurrence)
    }
}

/// A receiver's words may name the patient.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({}, {:?})", self.code.as_str(), self.error_code)
    }
}

struct Answer<'a> {
    text: Cow<'a, str>,
    delimiters: Delimiters,
}

impl Answer<'_> {
    fn all(&self, wanted: &'static [u8; 3]) -> impl Iterator<Item = &str> {
        let separator = self.delimiters.field;
        Lines::new(self.text.as_bytes(), separator)
            .filter(move |line| lines::name(line, separator) == Some(*wanted))
            .filter_map(|line| std::str::from_utf8(line).ok())
    }

    fn field<'m>(&'m self, line: &'m str, number: usize) -> Value<'m> {
        let raw = lines::field(line.as_bytes(), self.delimiters.field, number);
        Value::new(std::str::from_utf8(raw).unwrap_or_default(), &self.delimiters)
    }

    /// ERR-8, else ERR-7, else the text beside the code.
    fn error_text(&self, line: &str) -> String {
        let old = self.field(line, 1).component(4).subcomponent(2);
        [self.field(line, 8), self.field(line, 7), self.field(line, 3).component(2), old]
            .iter()
            .map(|value| value.text().trim().to_owned())
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// The places of an ERR: those of ERR-2, or as up to 2.4, of ERR-1.
    fn objections(&self, line: &str) -> Vec<Objected> {
        let new = self.field(line, 2);
        let places = if new.is_valued() { new } else { self.field(line, 1) };
        let severity = self.field(line, 4).code().to_ascii_uppercase();
        let text = self.error_text(line);
        let objected = |place: Value<'_>| {
            let beside = place.component(4).subcomponent(2).text().trim().to_owned();
            let is_old = !new.is_valued() && !beside.is_empty();
            Objected {
                segment: place.component(1).code().to_ascii_uppercase(),
                occurrence: place.component(2).code().parse().unwrap_or(0),
                is_warning: matches!(severity.as_str(), "W" | "I"),
                text: if is_old { beside } else { text.clone() },
            }
        };
        places.repetitions().map(objected).collect()
    }

    fn error_code(&self, line: &str) -> Option<u16> {
        let new = self.field(line, 3).code().parse().ok();
        new.or_else(|| self.field(line, 1).component(4).code().parse().ok())
    }
}

/// Each text once, in order.
fn joined(texts: Vec<String>) -> String {
    let mut said: Vec<String> = Vec::new();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_read_however_oddly_they_are_written() {
        for (answer, expected) in [
            (r"MSH|^~\&|B|||||||X|P|2.5.1!MSA|AA|K1", "AA K1 - "),
            (r"MSH|^~\&|B!MSA| ca | K1 |", "CA K1 - "),
            ("MSH|^~\\&|B|\nMSA|aa|K1\n", "AA K1 - "),
            (r"MSH|^~\&|B!MSA|AE|K1|Account is closed", "AE K1 - Account is closed"),
            (
                r"MSH|^~\&|B!MSA|AE|K1|no!ERR||FT1^1^4|101^Required^HL70357|E||||FT1-4 \T\ more",
                "AE K1 101 no; FT1-4 & more",
            ),
            (r"MSH|^~\&|B!ERR|FT1^1^4^102&bad date!MSA|AR|K1", "AR K1 102 bad date"),
            (r"MSH|^~\&|B!MSA|CR|K1|twice!ERR||||||||twice", "CR K1 - twice"),
            (r"MSH|^~\&|B!junk here!MSA|AA|", "AA  - "),
            (r"MSH|^~\&|B!MSA|YES|K1", "the answer's MSA-1 is none of AA, AE, AR, CA, CE, CR"),
            (r"MSH|^~\&|B!PID|1", "the message that came back has no MSA"),
            ("<html>503</html>", "what came back is no HL7 message"),
            ("", "what came back is no HL7 message"),
        ] {
            let got = match read(answer.replace('!', "\r").as_bytes()) {
                Ok(it) => {
                    let code = it.error_code.map_or("-".into(), |code| code.to_string());
                    format!("{} {} {code} {}", it.code.as_str(), it.control_id, it.text)
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(got, expected, "{answer}");
        }
    }

    #[test]
    fn places_are_heard_as_each_version_names_them() {
        for (errors, expected) in [
            ("ERR||FT1^3^7|103|E||||unknown code", "FT1[3] unknown code"),
            ("ERR||FT1^3^7~FT1^5^13|103|E||||no", "FT1[3] no; FT1[5] no"),
            ("ERR|FT1^2^7^103&bad code~FT1^4^4^102&bad day", "FT1[2] bad code; FT1[4] bad day"),
            ("ERR||ft1^1|101|W||||late!ERR||PID^1^3|204|E||||who", "FT1[1]? late; PID[1] who"),
            ("ERR||FT1|101|E||||which", "FT1[0] which"),
            ("ERR|||207|E||||down", ""),
            ("NTE|1", ""),
        ] {
            let answer = format!("MSH|^~\\&|B!MSA|AE|K1!{errors}").replace('!', "\r");
            let heard = read(answer.as_bytes()).unwrap();
            let told = heard.objections.iter().map(|it| {
                let warns = if it.is_warning { "?" } else { "" };
                format!("{}[{}]{warns} {}", it.segment, it.occurrence, it.text)
            });
            assert_eq!(told.collect::<Vec<_>>().join("; "), expected, "{errors}");
        }
    }

    #[test]
    fn a_commit_is_told_from_a_word_on_the_content() {
        let code = |text: &str| read(format!("MSH|^~\\&|\rMSA|{text}|1").as_bytes()).unwrap().code;
        assert!(code("CA").is_commit() && code("CA").accepts());
        assert!(!code("AA").is_commit() && code("AA").accepts());
        assert!(!code("CE").accepts() && !code("AR").accepts());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&[b"MSH|^~\\&|\rMSA|AA|1\rERR|".as_slice(), &raw].concat()).is_ok());
        }
    }
}
