//! Batches: what encloses the messages of a file, written with true counts and counted after.

use super::lines::{field, first};
use super::split::{is_envelope, is_header, lead};
use super::{Delimiters, Writer};

/// What a batch says of itself.
#[derive(Debug, Clone, Copy)]
pub struct BatchHeader<'a> {
    /// The program that sends (FHS-3, BHS-3).
    pub sending_application: &'a str,
    /// The site (FHS-4, BHS-4).
    pub sending_facility: &'a str,
    /// The program that takes it (FHS-5, BHS-5).
    pub receiving_application: &'a str,
    /// Whose it is (FHS-6, BHS-6).
    pub receiving_facility: &'a str,
    /// When it was made (FHS-7, BHS-7).
    pub made: &'a str,
    /// The file's name (FHS-9).
    pub name: &'a str,
    /// The number of the batch (FHS-11, BHS-11).
    pub control_id: &'a str,
}

/// What stands before so many messages of one batch in one file, and behind them: FHS and BHS, BTS
/// and FTS.
pub fn batch(header: &BatchHeader<'_>, delimiters: Delimiters, messages: usize) -> [String; 2] {
    let head =
        [envelope("FHS", header, delimiters, header.name), envelope("BHS", header, delimiters, "")];
    let field = char::from(delimiters.field);
    [head.concat(), format!("BTS{field}{messages}\rFTS{field}1\r")]
}

/// FHS and BHS are built as MSH is, up to field 8.
fn envelope(segment: &str, header: &BatchHeader<'_>, delimiters: Delimiters, name: &str) -> String {
    let mut writer = Writer::new(delimiters);
    writer
        .header()
        .text(3, header.sending_application)
        .text(4, header.sending_facility)
        .text(5, header.receiving_application)
        .text(6, header.receiving_facility)
        .text(7, header.made)
        .text(9, name)
        .text(11, header.control_id);
    let mut text = writer.finish();
    text.replace_range(..segment.len(), segment);
    text
}

/// What a file says of its own counts that is not so: each in words, nothing of its content.
pub fn miscounts(file: &[u8]) -> Vec<String> {
    let mut counting = Counting::default();
    for line in file.split(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &line[lead(line)..];
        if is_header(line) {
            counting.messages += 1;
        } else if is_envelope(line) {
            counting.envelope(line);
        }
    }
    counting.end()
}

#[derive(Default)]
struct Counting {
    messages: u64,
    batches: u64,
    in_batch: bool,
    in_file: bool,
    wrong: Vec<String>,
}

impl Counting {
    fn envelope(&mut self, line: &[u8]) {
        let told = told(line);
        match line[..3].to_ascii_uppercase().as_slice() {
            b"FHS" => {
                self.unended();
                (self.in_file, self.batches, self.messages) = (true, 0, 0);
            }
            b"BHS" => {
                self.unended_batch();
                (self.in_batch, self.messages) = (true, 0);
                self.batches += 1;
            }
            b"BTS" => {
                self.batches += u64::from(!self.in_batch);
                self.compare("BTS-1", (told, "messages"), self.messages);
                (self.in_batch, self.messages) = (false, 0);
            }
            _ => {
                self.unended_batch();
                // Messages that stand in no batch are one, or none, as their sender likes.
                let alone = self.batches == 0 && matches!(told, Told::Number(0 | 1));
                if !alone {
                    self.compare("FTS-1", (told, "batches"), self.batches);
                }
                (self.in_file, self.batches, self.messages) = (false, 0, 0);
            }
        }
    }

    fn compare(&mut self, place: &str, (told, of): (Told, &str), there: u64) {
        match told {
            Told::Nothing => {}
            Told::Number(told) if told == there => {}
            Told::Number(told) => {
                self.wrong.push(format!("{place} says {told} {of}, {there} are there"));
            }
            Told::Strange => self.wrong.push(format!("{place} is no number of {of}")),
        }
    }

    fn unended_batch(&mut self) {
        if std::mem::take(&mut self.in_batch) {
            self.wrong.push("a batch does not end with BTS: it may have been cut".to_owned());
        }
    }

    fn unended(&mut self) {
        self.unended_batch();
        if std::mem::take(&mut self.in_file) {
            self.wrong.push("the file does not end with FTS: it may have been cut".to_owned());
        }
    }

    fn end(mut self) -> Vec<String> {
        self.unended();
        self.wrong
    }
}

#[derive(Clone, Copy)]
enum Told {
    Nothing,
    Number(u64),
    Strange,
}

/// The first field of BTS or FTS.
fn told(line: &[u8]) -> Told {
    let Some(separator) = line.get(3) else { return Told::Nothing };
    let count = first(field(line, *separator, 1), b'^').trim_ascii();
    if count.is_empty() {
        return Told::Nothing;
    }
    let number = std::str::from_utf8(count).ok().and_then(|count| count.parse().ok());
    number.map_or(Told::Strange, Told::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use crate::wire::hl7::split;

    #[test]
    fn c_15_counts_that_are_not_so_are_said() {
        for row in rows(
            "
            | file                              | messages | said                       |
            | M;M                               | 2        |                            |
            | F;B;M;M;BTS#2;FTS#1               | 2        |                            |
            | F;B;M;M;BTS#3;FTS#1               | 2        | BTS-1 says 3 messages, 2   |
            | F;B;M;M;BTS;FTS                   | 2        |                            |
            | F;B;M;M;BTS#02;FTS#1              | 2        |                            |
            | F;B;M;M;BTS#two;FTS#1             | 2        | BTS-1 is no number         |
            | F;B;M;BTS#1;B;M;M;BTS#2;FTS#2     | 3        |                            |
            | F;B;M;BTS#1;B;M;M;BTS#2;FTS#1     | 3        | FTS-1 says 1 batches, 2    |
            | F;B;M;BTS#1;B;M;BTS#2;FTS#2       | 2        | BTS-1 says 2 messages, 1   |
            | B;M;BTS#1                         | 1        |                            |
            | B;M;BTS#1;B;M;BTS#1               | 2        |                            |
            | B;M                               | 1        | a batch does not end       |
            | B;M;B;M;BTS#1                     | 2        | a batch does not end       |
            | M;BTS#1                           | 1        |                            |
            | M;M;BTS#1;FTS#1                   | 2        | BTS-1 says 1 messages, 2   |
            | F;M;FTS#1                         | 1        |                            |
            | F;M;FTS#0                         | 1        |                            |
            | F;M;FTS#7                         | 1        | FTS-1 says 7 batches, 0    |
            | F;B;M;BTS#1                       | 1        | the file does not end      |
            | F;FTS#0                           | 0        |                            |
            | F;B;BTS#0;FTS#1                   | 0        |                            |
            | F;B;M;BTS#1;FTS#1;F;B;BTS#1;FTS#1 | 1        | BTS-1 says 1 messages, 0   |
            ",
        ) {
            let plain = row["file"].replace('#', "|").replace(';', "\n");
            let lines = plain.lines().map(|line| match line {
                "M" => r"MSH|^~\&|A",
                "F" => r"FHS|^~\&|A",
                "B" => r"BHS|^~\&|A",
                line => line,
            });
            for end in ["\r", "\n", "\r\n"] {
                let file = lines.clone().collect::<Vec<_>>().join(end);
                let said = miscounts(file.as_bytes());
                assert_eq!(split(file.as_bytes()).len().to_string(), row["messages"], "{row}");
                let expected = usize::from(!row["said"].is_empty());
                assert_eq!(said.len(), expected, "{row}: {said:?}");
                assert!(said.iter().all(|said| said.contains(&row["said"])), "{row}: {said:?}");
            }
        }
    }

    #[test]
    fn the_delimiters_of_a_batch_are_its_own() {
        let file = b"FHS*^~\\&*A\rBHS*^~\\&*A\rMSH|^~\\&|A\rBTS*2*x\rFTS*1\r";
        assert_eq!(miscounts(file), ["BTS-1 says 2 messages, 1 are there"]);
    }

    #[test]
    fn out_9_a_batch_that_is_written_counts_itself() {
        let header = BatchHeader {
            sending_application: "COLLIMATOR",
            sending_facility: "A|B",
            receiving_application: "BILLING",
            receiving_facility: "files",
            made: "20261125120000",
            name: "x.hl7",
            control_id: "CL1-1",
        };
        let [head, tail] = batch(&header, Delimiters::default(), 2);
        let file = format!("{head}MSH|^~\\&|1\rMSH|^~\\&|2\r{tail}");
        let told = "FHS|^~\\&|COLLIMATOR|A\\F\\B|BILLING|files|20261125120000||x.hl7||CL1-1\r\
                    BHS|^~\\&|COLLIMATOR|A\\F\\B|BILLING|files|20261125120000||||CL1-1\r\
                    MSH|^~\\&|1\rMSH|^~\\&|2\rBTS|2\rFTS|1\r";
        assert_eq!(file, told);
        assert!(miscounts(file.as_bytes()).is_empty());
        assert_eq!(split(file.as_bytes()).len(), 2);
        let other = Delimiters { field: b'*', ..Delimiters::default() };
        let [head, tail] = batch(&header, other, 0);
        assert!(head.starts_with("FHS*^~\\&*COLLIMATOR*A|B*"), "{head}");
        assert_eq!(tail, "BTS*0\rFTS*1\r");
    }
}
