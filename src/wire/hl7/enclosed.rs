//! Batches in one frame: FHS and BHS around messages, and the batch of acknowledgments that answers
//! them.

use super::lines::{self, Lines};
use super::preflight::without_lead;
use super::{Delimiters, miscounts, split};

/// A batch with more messages is taken for no batch.
pub(super) const BATCH_MESSAGES_MAX: usize = 10_000;

/// Messages with an envelope around them.
#[derive(Clone)]
pub struct Batch<'a> {
    header: &'a [u8],
    delimiters: Delimiters,
    is_file: bool,
    miscounts: Vec<String>,
    is_repeated: bool,
    /// The messages, in order.
    pub messages: Vec<&'a [u8]>,
}

impl<'a> Batch<'a> {
    /// Opens an envelope. `None` for what does not begin with one.
    pub fn open(raw: &'a [u8]) -> Option<Batch<'a>> {
        let body = without_lead(raw);
        let name = body.get(..3)?.to_ascii_uppercase();
        let is_file = name == b"FHS";
        if !is_file && name != b"BHS" {
            return None;
        }
        let delimiters = Delimiters::read(body).ok()?;
        let header = Lines::new(body, delimiters.field).next()?;
        let messages = split(body);
        (messages.len() <= BATCH_MESSAGES_MAX).then_some(Batch {
            header,
            delimiters,
            is_file,
            miscounts: miscounts(body),
            is_repeated: is_repeated(body, delimiters.field),
            messages,
        })
    }

    /// Whether it tells of itself what is not so.
    pub fn is_miscounted(&self) -> bool {
        !self.miscounts.is_empty()
    }

    /// Whether it says that it repeats another one (BHS-12, FHS-12).
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// The batch of these acknowledgments, made at a time, under a control id of ours.
    pub fn answer(&self, answers: &[Vec<u8>], made: &str, control_id: &str) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_file {
            self.envelope(b"FHS", (made, control_id), &mut out);
        }
        self.envelope(b"BHS", (made, control_id), &mut out);
        answers.iter().for_each(|answer| out.extend_from_slice(answer));
        let separator = char::from(self.delimiters.field);
        let mut trailer = format!("BTS{separator}{}", answers.len());
        if self.is_miscounted() {
            trailer.push_str(&format!("{separator}{}", self.miscounts.join("; ")));
        }
        trailer.push('\r');
        if self.is_file {
            trailer.push_str(&format!("FTS{separator}1\r"));
        }
        out.extend_from_slice(trailer.as_bytes());
        out
    }

    /// A header that repeats the other's, with sender and receiver changed over.
    fn envelope(&self, name: &[u8], (made, control_id): (&str, &str), out: &mut Vec<u8>) {
        let signs = self.delimiters.signs();
        let ours = [made.as_bytes(), b"", b"", b"", control_id.as_bytes()];
        let theirs = [5, 6, 3, 4].map(|number| self.field(number));
        let reference = self.field(11);
        let fields = [signs.as_bytes()].into_iter().chain(theirs).chain(ours).chain([reference]);
        out.extend_from_slice(name);
        for field in fields {
            out.push(self.delimiters.field);
            out.extend(field.iter().filter(|byte| **byte >= b' '));
        }
        out.push(b'\r');
    }

    /// A field by its number, as in MSH: the first is the separator itself.
    fn field(&self, number: usize) -> &'a [u8] {
        lines::nth(self.header, self.delimiters.field, number.saturating_sub(1))
    }
}

/// Whether a header of a batch, or of a file of them, names one that it repeats.
fn is_repeated(body: &[u8], separator: u8) -> bool {
    let mut headers = Lines::new(body, separator)
        .filter(|line| matches!(lines::name(line, separator).as_ref(), Some(b"BHS" | b"FHS")));
    let told = |byte: &u8| *byte > b' ' && *byte != b'"';
    headers.any(|header| lines::nth(header, separator, 11).iter().any(told))
}

/// What a message says is never written into a log by accident.
impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Batch({} messages)", self.messages.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn an_envelope_is_opened_and_counted() {
        for row in rows(
            "
            | batch                                    | messages | miscounted |
            | BHS;^~;!MSH;1!MSH;2!BTS;2!               | 2        | false      |
            | FHS;^~;!BHS;^~;!MSH;1!BTS;1!FTS;1!       | 1        | false      |
            | FHS;^~;!MSH;1!MSH;2!                     | 2        | true       |
            | BHS;^~;!MSH;1!BTS;3!                     | 1        | true       |
            | BHS;^~;!MSH;1!BTS;1!BHS;^~;!MSH;2!BTS;1! | 2        | false      |
            | BHS;^~;!BTS;0!                           | 0        | false      |
            | BHS;^~;!MSH;1!BTS!                       | 1        | false      |
            | MSH;^~;!MSH;1!                           | -        | -          |
            | BHS                                      | -        | -          |
            ",
        ) {
            let text = row["batch"].replace('!', "\r").replace(';', "|");
            let batch = Batch::open(text.as_bytes());
            let messages = batch.as_ref().map_or("-".into(), |it| it.messages.len().to_string());
            let miscounted = batch.map_or("-".into(), |it| it.is_miscounted().to_string());
            assert_eq!((&messages, &miscounted), (&row["messages"], &row["miscounted"]), "{row}");
        }
    }

    #[test]
    fn c_15_a_batch_may_say_that_it_repeats_another() {
        for (reference, is) in [("", false), ("|", false), ("\"\"", false), ("B1", true)] {
            let text = format!("BHS|^~\\&|A|B|C|D|2026||||77|{reference}\rMSH|1\rBTS|1\r");
            assert_eq!(Batch::open(text.as_bytes()).unwrap().is_repeated(), is, "{reference}");
        }
    }

    #[test]
    fn a_batch_is_answered_by_a_batch() {
        let text = "BHS|^~\\&|A|B|C|D|2026||||77\rMSH|1\rMSH|2\rBTS|3\r";
        let batch = Batch::open(text.as_bytes()).unwrap();
        let answer = batch.answer(&[b"MSH|x\r".to_vec(), b"MSH|y\r".to_vec()], "2027", "N1");
        let expected = "BHS|^~\\&|C|D|A|B|2027||||N1|77\rMSH|x\rMSH|y\r\
                        BTS|2|BTS-1 says 3 messages, 2 are there\r";
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
        let file = Batch::open(b"FHS|^~\\&|A\rMSH|1\rFTS|1\r").unwrap();
        let answer = String::from_utf8(file.answer(&[], "", "")).unwrap();
        assert_eq!(answer, "FHS|^~\\&|||A|||||||\rBHS|^~\\&|||A|||||||\rBTS|0\rFTS|1\r");
    }
}
