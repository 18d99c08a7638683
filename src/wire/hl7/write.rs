//! Writes messages: values escaped once, segments ended by CR, nothing taken back.

use std::fmt;

use super::{Delimiters, escape};

/// A message being written.
#[derive(Clone)]
pub struct Writer {
    text: String,
    delimiters: Delimiters,
}

/// A segment being written. Fields come in the order of their numbers; what is left out is empty.
#[derive(Debug)]
pub struct SegmentWriter<'w> {
    writer: &'w mut Writer,
    last: u16,
}

impl Writer {
    /// A message that begins with these delimiters: MSH up to MSH-2.
    pub fn new(delimiters: Delimiters) -> Writer {
        let text = format!("MSH{}{}", char::from(delimiters.field), delimiters.signs());
        Writer { text, delimiters }
    }

    /// The rest of MSH, from MSH-3. Call it first.
    pub fn header(&mut self) -> SegmentWriter<'_> {
        SegmentWriter { writer: self, last: 2 }
    }

    /// The next segment.
    pub fn segment(&mut self, name: &str) -> SegmentWriter<'_> {
        self.text.push('\r');
        self.text.push_str(name);
        SegmentWriter { writer: self, last: 0 }
    }

    /// The message, its last segment ended too.
    pub fn finish(mut self) -> String {
        self.text.push('\r');
        self.text
    }
}

impl SegmentWriter<'_> {
    /// A field of one value.
    pub fn text(&mut self, number: u16, value: &str) -> &mut Self {
        self.parts(number, &[value])
    }

    /// A field of components.
    pub fn parts(&mut self, number: u16, components: &[&str]) -> &mut Self {
        self.list(number, &[components])
    }

    /// A field of repetitions of components.
    pub fn list<C: AsRef<[S]>, S: AsRef<str>>(
        &mut self,
        number: u16,
        repetitions: &[C],
    ) -> &mut Self {
        debug_assert!(number > self.last, "fields are written in the order of their numbers");
        let delimiters = self.writer.delimiters;
        let written: Vec<String> =
            repetitions.iter().map(|it| composite(it.as_ref(), &delimiters)).collect();
        if written.iter().all(String::is_empty) || number <= self.last {
            return self;
        }
        for _ in self.last..number {
            self.writer.text.push(char::from(delimiters.field));
        }
        let separator = char::from(delimiters.repetition).to_string();
        self.writer.text.push_str(&written.join(&separator));
        self.last = number;
        self
    }
}

/// What a message says is never written into a log by accident.
impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} bytes)", self.text.len())
    }
}

/// Components, without the empty ones at the end.
fn composite<S: AsRef<str>>(components: &[S], delimiters: &Delimiters) -> String {
    let told = components.iter().rposition(|it| !it.as_ref().is_empty()).map_or(0, |it| it + 1);
    let written: Vec<_> =
        components[..told].iter().map(|it| escape::encode(it.as_ref(), delimiters)).collect();
    written.join(&char::from(delimiters.component).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hl7::Message;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_out_is_empty_and_shifts_nothing() {
        let mut writer = Writer::new(Delimiters::default());
        writer
            .header()
            .text(3, "COLLIMATOR")
            .text(4, "")
            .text(5, "BILLING")
            .parts(9, &["DFT", "P03"]);
        let mut line = writer.segment("FT1");
        line.text(1, "1").parts(7, &["99999", "", "C4", ""]);
        line.list(19, &[["C61", "", "I10"], ["Z51.0", "", "I10"]]);
        writer.segment("ZZZ");
        assert_eq!(
            writer.finish(),
            "MSH|^~\\&|COLLIMATOR||BILLING||||DFT^P03\rFT1|1||||||99999^^C4||||||||||||C61^^I10~Z51.0^^I10\rZZZ\r"
        );
    }

    #[test]
    fn finding_13_what_was_read_is_escaped_once() {
        let mut writer = Writer::new(Delimiters::default());
        writer.segment("PID").parts(5, &["\\", "A&B"]);
        let written = writer.finish();
        assert_eq!(written, "MSH|^~\\&\rPID|||||\\E\\^A\\T\\B\r");
        let message = Message::parse(written.as_bytes()).unwrap();
        assert_eq!(message.field("PID", 5).component(1).text(), "\\");
        assert_eq!(message.field("PID", 5).component(2).text(), "A&B");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(
            values in prop::collection::vec(prop::collection::vec(any::<String>(), 1..4), 1..4)
        ) {
            let mut writer = Writer::new(Delimiters::default());
            writer.segment("ZZZ").list(4, &values);
            let message = Message::parse(writer.finish().as_bytes()).unwrap();
            let field = message.field("ZZZ", 4);
            for (number, repetition) in (1u16..).zip(&values) {
                for (place, value) in (1u16..).zip(repetition) {
                    let read = field.repetition(number).component(place).text().into_owned();
                    prop_assert_eq!(&read, value);
                }
            }
        }
    }
}
