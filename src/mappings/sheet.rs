//! Reads one CSV table into cells, and names what a spreadsheet has done to it.

use super::Problem;

/// What a table must look like: its columns, in any order.
pub(super) struct Shape {
    /// These must be there.
    pub(super) columns: &'static [&'static str],
    /// Whether further columns may stand beside them.
    pub(super) more: bool,
}

/// A table as it stands in its file.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The file's name within the folder.
    pub(super) file: String,
    /// The headings, in the order of the file.
    pub(super) headings: Vec<String>,
    /// The rows with their lines.
    pub(super) rows: Vec<(u64, Vec<String>)>,
}

/// The only column that may be blank.
const MAY_BE_BLANK: &str = "until";

impl Sheet {
    /// Reads a file. Rows with damage are named and left out.
    pub(super) fn read(
        file: &str,
        bytes: &[u8],
        shape: &Shape,
        problems: &mut Vec<Problem>,
    ) -> Sheet {
        let mut sheet = Sheet { file: file.to_owned(), ..Sheet::default() };
        let text = match decoded(bytes) {
            Ok(text) => text,
            Err((line, text)) => {
                problems.push(Problem::new(file, line, text));
                return sheet;
            }
        };
        let mut records = records(text).into_iter();
        match records.next() {
            Some(Ok((_, headings))) => sheet.headings = headings,
            Some(Err((line, text))) => problems.push(Problem::new(file, line, text)),
            None => problems.push(Problem::new(file, 0, "is empty: write a heading row first")),
        }
        let found: Vec<String> = wrong_headings(&sheet.headings, shape);
        let sound = found.is_empty();
        problems.extend(found.into_iter().map(|text| Problem::new(file, 1, text)));
        if sound {
            records.for_each(|record| sheet.add(record, problems));
        }
        sheet
    }

    fn add(&mut self, record: Record, problems: &mut Vec<Problem>) {
        let (line, cells) = match record {
            Ok(record) => record,
            Err((line, text)) => return problems.push(Problem::new(&self.file, line, text)),
        };
        if cells.len() != self.headings.len() {
            let text = format!(
                "has {} cells and the heading row has {}: a text with a comma in it must stand in quotation marks",
                cells.len(),
                self.headings.len()
            );
            return problems.push(Problem::new(&self.file, line, text));
        }
        let damage: Vec<Problem> = self
            .headings
            .iter()
            .zip(&cells)
            .filter_map(|(heading, cell)| Some((heading, damage(heading, cell)?)))
            .map(|(heading, text)| Problem::new(&self.file, line, format!("`{heading}` {text}")))
            .collect();
        if damage.is_empty() {
            self.rows.push((line, cells));
        }
        problems.extend(damage);
    }
}

type Record = Result<(u64, Vec<String>), (u64, String)>;

fn decoded(bytes: &[u8]) -> Result<&str, (u64, String)> {
    let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    if wide || bytes.iter().take(4).any(|byte| *byte == 0) {
        return Err((0, "is UTF-16 text: save it as `CSV UTF-8`".to_owned()));
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        (line, "has a letter that is not UTF-8: save the file as `CSV UTF-8`".to_owned())
    })?;
    let first = text.lines().next().unwrap_or_default();
    let parted_by =
        [';', '\t'].into_iter().find(|sign| first.contains(*sign) && !first.contains(','));
    match parted_by {
        Some(';') => Err((1, "parts its cells by `;`: save it as CSV with commas".to_owned())),
        Some(_) => Err((1, "parts its cells by tabs: save it as CSV with commas".to_owned())),
        None => Ok(text),
    }
}

fn records(text: &str) -> Vec<Record> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records()
        .map(|record| match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                Ok((line, record.iter().map(str::to_owned).collect()))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                Err((line, format!("is no row of a CSV file: {error}")))
            }
        })
        .collect()
}

fn wrong_headings(headings: &[String], shape: &Shape) -> Vec<String> {
    let known = |heading: &str| shape.columns.contains(&heading);
    let mut wrong = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        let lower = heading.trim().to_lowercase();
        if headings[..at].contains(heading) {
            wrong.push(format!("the heading `{heading}` stands twice: remove one of the columns"));
        } else if *heading != lower && known(&lower) {
            wrong.push(format!("the heading `{heading}` must be written `{lower}`"));
        } else if heading.is_empty() {
            wrong.push("a heading is blank: name the column or remove it".to_owned());
        } else if !known(heading) && !shape.more {
            let columns = shape.columns.join(",");
            wrong.push(format!("the heading `{heading}` is not known: the columns are {columns}"));
        }
    }
    let missing = shape
        .columns
        .iter()
        .filter(|column| !headings.iter().any(|it| it.trim().to_lowercase() == **column));
    wrong.extend(missing.map(|column| format!("the column `{column}` is missing")));
    wrong
}

/// What a spreadsheet, or a hand, has done to a cell of any column.
fn damage(heading: &str, cell: &str) -> Option<String> {
    if cell.is_empty() {
        let blank = "is blank: write what is meant (`any`, `none` or `-` where nothing is)";
        return (heading != MAY_BE_BLANK).then(|| blank.to_owned());
    }
    if cell.contains(['\n', '\r']) {
        return Some(
            "runs over several lines: a quotation mark is opened and not closed".to_owned(),
        );
    }
    if cell.contains('\u{FFFD}') {
        return Some("has a letter that was lost in saving: write it anew".to_owned());
    }
    if let Some(sign) = cell.chars().find(|sign| is_invisible(*sign)) {
        return Some(format!(
            "has an invisible sign (U+{:04X}) in `{}`: write it anew",
            u32::from(sign),
            cell.escape_debug()
        ));
    }
    if cell.contains(['\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{201E}']) {
        return Some(format!("has curly quotation marks in `{cell}`: write straight ones"));
    }
    (cell.trim() != cell).then(|| format!("has blanks at an end of `{cell}`: remove them"))
}

fn is_invisible(sign: char) -> bool {
    let spaces = '\u{2000}'..='\u{200F}';
    sign.is_control()
        || spaces.contains(&sign)
        || ['\u{00A0}', '\u{202F}', '\u{2060}', '\u{FEFF}', '\u{00AD}'].contains(&sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { columns: &["code", "from", "until", "why"], more: false };

    fn problems(bytes: &[u8]) -> String {
        let mut problems = Vec::new();
        Sheet::read("t.csv", bytes, &SHAPE, &mut problems);
        problems.iter().map(|problem| problem.to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_damage_is_named_with_its_line() {
        let cases: &[(&[u8], &str)] = &[
            (b"code,from,until,why\na,b,,c\n", ""),
            (b"\xEF\xBB\xBFcode,from,until,why\na,b,,c\n", ""),
            (b"\xFF\xFEc\0o\0", "t.csv: is UTF-16"),
            (b"c\0o\0d\0e\0", "t.csv: is UTF-16"),
            (b"", "t.csv: is empty"),
            (b"code;from;until;why\na;b;;c\n", "t.csv:1: parts its cells by `;`"),
            (b"code\tfrom\tuntil\twhy\n", "t.csv:1: parts its cells by tabs"),
            (
                b"code,from,until,why\na,b,,c\nd,e,,f\xE9\n",
                "t.csv:3: has a letter that is not UTF-8",
            ),
            (b"code,from,from,until,why\n", "t.csv:1: the heading `from` stands twice"),
            (b"Code,from,until,why\n", "t.csv:1: the heading `Code` must be written `code`"),
            (b"code,from,until\n", "t.csv:1: the column `why` is missing"),
            (b"code,from,until,why,who\n", "t.csv:1: the heading `who` is not known"),
            (b"code,from,until,why\na,b,,c,d\n", "t.csv:2: has 5 cells"),
            (b"code,from,until,why\na,,,c\n", "t.csv:2: `from` is blank"),
            (b"code,from,until,why\na,b,,c\na ,b,,c\n", "t.csv:3: `code` has blanks at an end"),
            (
                "code,from,until,why\na\u{A0},b,,c\n".as_bytes(),
                "t.csv:2: `code` has an invisible sign (U+00A0)",
            ),
            (
                "code,from,until,why\na,b,,\u{201C}c\u{201D}\n".as_bytes(),
                "t.csv:2: `why` has curly quotation marks",
            ),
            (b"code,from,until,why\na,b,,\"c\nd,e,,f\n", "t.csv:2: `why` runs over several lines"),
        ];
        for (bytes, expected) in cases {
            let found = problems(bytes);
            assert!(found.starts_with(expected), "{found:?} should begin {expected:?}");
            assert!(!expected.is_empty() || found.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn all_problems_of_a_row_are_told_at_once() {
        assert_eq!(problems(b"code,from,until,why\n a,,,\n").lines().count(), 3);
    }
}
