//! Reads the cells of one row as what they should be, and says what to write instead.

use std::str::FromStr;

use jiff::civil::Date;

use crate::domain::{ProcedureCode, Revenue, Setting, TableRow};

use super::Problem;
use super::period::Period;
use super::sheet::Sheet;

/// One row of a table, being read.
pub(super) struct Cells<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
    headings: &'a [String],
    cells: &'a [String],
    problems: &'a mut Vec<Problem>,
}

impl Sheet {
    /// Reads every row; one that cannot be read has named its problems and is left out.
    pub(super) fn each<T>(
        &self,
        problems: &mut Vec<Problem>,
        mut read: impl FnMut(&mut Cells<'_>) -> Option<T>,
    ) -> Vec<T> {
        let rows = self.rows.iter().filter_map(|(line, cells)| {
            read(&mut Cells {
                file: &self.file,
                line: *line,
                headings: &self.headings,
                cells,
                problems,
            })
        });
        rows.collect()
    }
}

impl<'a> Cells<'a> {
    /// The cell below a heading.
    pub(super) fn text(&self, heading: &str) -> &'a str {
        let at = self.headings.iter().position(|it| it == heading);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    /// Every heading and its cell.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.headings.iter().map(String::as_str).zip(self.cells.iter().map(String::as_str))
    }

    /// Where the row stands.
    pub(super) fn row(&self) -> TableRow {
        TableRow(format!("{}:{}", self.file, self.line))
    }

    /// Names a problem of this row.
    pub(super) fn wrong(&mut self, text: impl Into<String>) {
        self.problems.push(Problem::new(self.file, self.line, text));
    }

    /// The cell as what `read` makes of it.
    pub(super) fn read<T>(
        &mut self,
        heading: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match read(self.text(heading)) {
            Ok(value) => Some(value),
            Err(text) => {
                self.wrong(format!("`{heading}` {text}"));
                None
            }
        }
    }

    /// The cell as one of our words.
    pub(super) fn word<T: FromStr>(&mut self, heading: &str, all: &[&str]) -> Option<T> {
        self.read(heading, |text| text.parse().map_err(|_| not_one_of(text, all)))
    }

    /// A procedure code.
    pub(super) fn code(&mut self, heading: &str) -> Option<ProcedureCode> {
        self.read(heading, code)
    }

    /// `hospital`, `freestanding`, or both as `any`.
    pub(super) fn setting(&mut self) -> Option<Option<Setting>> {
        self.read("setting", |text| match text {
            "any" => Ok(None),
            _ => text
                .parse()
                .map(Some)
                .map_err(|()| not_one_of(text, &["any", "freestanding", "hospital"])),
        })
    }

    /// `from` and `until`.
    pub(super) fn period(&mut self) -> Option<Period> {
        let from = self.read("from", date);
        let until = match self.text("until") {
            "" => Some(None),
            _ => self.read("until", date).map(Some),
        };
        let period = Period { from: from?, until: until? };
        if period.last() < period.from {
            self.wrong(format!("ends {} before it begins {}", period.last(), period.from));
            return None;
        }
        Some(period)
    }
}

/// An ISO date and nothing else.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let iso = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if iso {
        return text.parse().map_err(|_| format!("is `{text}`, a day that no calendar has"));
    }
    let number = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let why = match (number, text.contains(['/', '.', '-'])) {
        (true, _) => "a spreadsheet's number of a day",
        (false, true) => "a day turned around by a spreadsheet, or cut",
        (false, false) => "no day",
    };
    Err(format!("is `{text}`, {why}: write it as year-month-day, like 2026-01-31"))
}

/// A procedure code, with what spreadsheets make of codes.
pub(super) fn code(text: &str) -> Result<ProcedureCode, String> {
    text.parse().map_err(|_| {
        let upper = text.to_uppercase();
        if upper.contains("E+") {
            format!("is `{text}`: a spreadsheet took a code for a number; write its five characters and keep the column as text")
        } else if format!("0{upper}").parse::<ProcedureCode>().is_ok() {
            format!("is `{text}`: a spreadsheet has eaten a leading zero; write `0{upper}`")
        } else if upper.parse::<ProcedureCode>().is_ok() {
            format!("is `{text}`: write it in capitals, `{upper}`")
        } else {
            format!("is `{text}`: write a procedure code of five characters")
        }
    })
}

/// A revenue code of four digits, or `-`.
pub(super) fn revenue(text: &str) -> Result<Option<Revenue>, String> {
    if text == "-" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|()| {
        let zero = format!("0{text}");
        match zero.parse::<Revenue>() {
            Ok(_) => format!("is `{text}`: a spreadsheet has eaten a leading zero; write `{zero}`"),
            Err(()) => format!("is `{text}`: write a revenue code of four digits, or `-`"),
        }
    })
}

/// A whole number.
pub(super) fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("is `{text}`: write a whole number"))
}

/// That a word is not known, and the nearest that is.
pub(super) fn not_one_of(text: &str, all: &[&str]) -> String {
    match nearest(text, all) {
        Some(nearest) => format!("is `{text}`, which is not known: did you mean `{nearest}`?"),
        None => format!("is `{text}`, which is not known: write one of {}", all.join(", ")),
    }
}

/// The word that looks most like this one, if any is near.
pub(super) fn nearest<'a>(text: &str, all: &[&'a str]) -> Option<&'a str> {
    let near = |word: &&str| distance(text, word);
    let best = all.iter().copied().min_by_key(near)?;
    (distance(text, best) <= 1 + text.len() / 3).then_some(best)
}

/// How many letters must be added, removed or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut costs: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut diagonal = row;
        costs[0] = row + 1;
        for (column, against) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *against);
            diagonal = costs[column + 1];
            costs[column + 1] = changed.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn what_a_spreadsheet_does_to_days_is_named() {
        for row in rows(
            "
            | text       | says                       |
            | 2026-01-31 |                            |
            | 2026-02-30 | no calendar has            |
            | 1/31/2026  | turned around              |
            | 31.01.2026 | turned around              |
            | 2026-1-31  | turned around, or cut      |
            | 46053      | a spreadsheet's number     |
            | soon       | no day                     |
            | 20260131   | no day                     |
            ",
        ) {
            let says = date(&row["text"]).err().unwrap_or_default();
            let expected = row["says"].split(',').next().unwrap_or_default();
            assert!(says.contains(expected), "{row}: {says}");
            assert_eq!(says.is_empty(), expected.is_empty(), "{row}: {says}");
        }
    }

    #[test]
    fn what_a_spreadsheet_does_to_codes_is_named() {
        for row in rows(
            "
            | text   | says                 |
            | 99999  |                      |
            | 9999A  |                      |
            | 999A   | eaten a leading zero |
            | 9E+04  | took a code for      |
            | 1E+05  | took a code for      |
            | a9999  | in capitals          |
            | 999999 | of five characters   |
            ",
        ) {
            let says = code(&row["text"]).err().unwrap_or_default();
            assert!(says.contains(&row["says"]), "{row}: {says}");
            assert_eq!(says.is_empty(), row["says"].is_empty(), "{row}: {says}");
        }
    }

    #[test]
    fn a_revenue_code_keeps_its_zero() {
        assert!(revenue("333").unwrap_err().contains("write `0333`"));
        assert_eq!(revenue("-"), Ok(None));
        assert_eq!(revenue("0333").unwrap().unwrap().as_str(), "0333");
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        let all = ["treatment", "simulation", "plan"];
        assert_eq!(nearest("treatmnet", &all), Some("treatment"));
        assert_eq!(nearest("xyz", &all), None);
    }
}
