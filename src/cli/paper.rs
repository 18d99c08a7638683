//! What a list is written on: a table for people, CSV, or JSON; piece by piece, so that no list is
//! ever held whole.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde_json::Value;

use crate::domain::sheet::guarded;

use super::Error;
use super::visible::{visible, width};

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Aligned, for people.
    Table,
    /// CSV, safe to open in a spreadsheet.
    Csv,
    /// CSV, every cell as it is: for programs.
    Plain,
    /// One JSON array of objects.
    Json,
}

/// A column of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Text.
    Text(&'static str),
    /// A count: to the right in a table, a number in JSON.
    Count(&'static str),
}

/// Rows that are aligned together: the width of a column never shrinks from one piece to the next.
const PIECE_ROWS: usize = 200;

/// A list under way.
pub(super) struct Paper<W: Write> {
    out: W,
    form: Form,
    shown_at_once: bool,
    columns: Vec<Column>,
    widths: Vec<usize>,
    piece: Vec<Vec<String>>,
    rows: usize,
}

impl Paper<BufWriter<Stdout>> {
    /// On standard output.
    pub(super) fn standard(form: Form, columns: &[Column]) -> Result<Self, Error> {
        let out = io::stdout();
        let terminal = out.is_terminal();
        Paper::new(BufWriter::new(out), form, terminal, columns)
    }
}

impl<W: Write> Paper<W> {
    /// Begins a list. What goes to a terminal obeys nobody.
    pub(super) fn new(
        out: W,
        form: Form,
        terminal: bool,
        columns: &[Column],
    ) -> Result<Paper<W>, Error> {
        let mut paper = Paper {
            out,
            form,
            shown_at_once: terminal,
            columns: columns.to_vec(),
            widths: columns.iter().map(|column| width(column.name())).collect(),
            piece: Vec::new(),
            rows: 0,
        };
        if matches!(form, Form::Csv | Form::Plain) {
            let headings: Vec<String> =
                columns.iter().map(|column| column.name().to_owned()).collect();
            paper.csv(&headings)?;
        }
        Ok(paper)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<String>) -> Result<(), Error> {
        match self.form {
            Form::Table => {
                self.piece.push(cells.iter().map(|cell| visible(cell).into_owned()).collect());
                if self.piece.len() >= PIECE_ROWS {
                    self.table()?;
                }
            }
            Form::Csv | Form::Plain => self.csv(&cells)?,
            Form::Json => self.json(&cells)?,
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the list; gives the number of its rows.
    pub(super) fn end(mut self) -> Result<usize, Error> {
        match self.form {
            Form::Table => self.table()?,
            Form::Csv | Form::Plain => {}
            Form::Json if self.rows == 0 => writeln!(self.out, "[]")?,
            Form::Json => writeln!(self.out, "\n]")?,
        }
        self.out.flush()?;
        Ok(self.rows)
    }

    fn table(&mut self) -> Result<(), Error> {
        let first = self.rows < PIECE_ROWS || self.rows == self.piece.len();
        let piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return Ok(());
        }
        for row in &piece {
            for (widest, cell) in self.widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        if first {
            let headings: Vec<String> =
                self.columns.iter().map(|column| column.name().replace('_', " ")).collect();
            self.aligned(&headings)?;
        }
        for row in &piece {
            self.aligned(row)?;
        }
        self.out.flush()?;
        Ok(())
    }

    fn aligned(&mut self, cells: &[String]) -> Result<(), Error> {
        let mut line = String::new();
        for ((cell, column), widest) in cells.iter().zip(&self.columns).zip(&self.widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let blanks = " ".repeat(widest.saturating_sub(width(cell)));
            match column {
                Column::Text(_) => line.extend([cell.as_str(), &blanks]),
                Column::Count(_) => line.extend([blanks.as_str(), cell]),
            }
        }
        writeln!(self.out, "{}", line.trim_end())?;
        Ok(())
    }

    fn csv(&mut self, cells: &[String]) -> Result<(), Error> {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        let cells = cells.iter().map(|cell| match self.form {
            Form::Csv => guarded(cell),
            Form::Plain | Form::Table | Form::Json => Cow::Borrowed(cell.as_str()),
        });
        if self.shown_at_once {
            writer.write_record(cells.map(|cell| visible(&cell).into_owned()).collect::<Vec<_>>())
        } else {
            writer.write_record(cells.map(|cell| cell.into_owned()).collect::<Vec<_>>())
        }
        .map_err(io::Error::from)?;
        let line = writer.into_inner().map_err(|error| error.into_error())?;
        self.out.write_all(&line)?;
        Ok(())
    }

    fn json(&mut self, cells: &[String]) -> Result<(), Error> {
        let mut text = String::from(if self.rows == 0 { "[\n{" } else { ",\n{" });
        for (place, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let name = Value::from(column.name());
            text.push_str(&format!("{comma}{name}: {}", self.value(*column, cell)));
        }
        text.push('}');
        self.out.write_all(text.as_bytes())?;
        Ok(())
    }

    fn value(&self, column: Column, cell: &str) -> Value {
        let number = match column {
            Column::Text(_) => None,
            Column::Count(_) if cell.is_empty() => return Value::Null,
            Column::Count(_) => cell.parse::<u64>().ok(),
        };
        match number {
            Some(number) => number.into(),
            None if self.shown_at_once => visible(cell).into(),
            None => cell.into(),
        }
    }
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Text(name) | Column::Count(name) => name,
        }
    }
}

/// Columns of text.
pub(super) fn texts(names: &[&'static str]) -> Vec<Column> {
    names.iter().map(|name| Column::Text(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, terminal: bool) -> String {
        let mut out = Vec::new();
        let columns = [Column::Text("name"), Column::Count("lines")];
        let mut paper = Paper::new(&mut out, form, terminal, &columns).unwrap();
        for (name, lines) in [("=2+5", "3"), ("Zo\u{1b}[2Jé", "12")] {
            paper.row(vec![name.into(), lines.into()]).unwrap();
        }
        assert_eq!(paper.end().unwrap(), 2);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_written_in_three_forms() {
        assert_eq!(written(Form::Table, true), "name     lines\n=2+5         3\nZo␛[2Jé     12\n");
        assert_eq!(written(Form::Csv, false), "name,lines\n'=2+5,3\nZo\u{1b}[2Jé,12\n");
        assert_eq!(written(Form::Csv, true), "name,lines\n'=2+5,3\nZo␛[2Jé,12\n");
        let json: Value = serde_json::from_str(&written(Form::Json, false)).unwrap();
        assert_eq!(json[0]["name"], "=2+5");
        assert_eq!(json[1]["name"], "Zo\u{1b}[2Jé");
        assert_eq!(json[1]["lines"], 12);
    }

    #[test]
    fn a_list_without_rows_is_still_a_list() {
        for (form, is) in [(Form::Table, ""), (Form::Csv, "name\n"), (Form::Json, "[]\n")] {
            let mut out = Vec::new();
            let paper = Paper::new(&mut out, form, false, &[Column::Text("name")]).unwrap();
            paper.end().unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), is, "{form:?}");
        }
    }

    #[test]
    fn a_long_table_keeps_its_columns() {
        let mut out = Vec::new();
        let mut paper = Paper::new(&mut out, Form::Table, false, &texts(&["a", "b"])).unwrap();
        for number in 0..450 {
            paper.row(vec![number.to_string(), "x".into()]).unwrap();
        }
        paper.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with('a')).count(), 1);
        assert!(text.lines().all(|line| line.len() == 6 || line.len() == 5), "{text}");
        assert_eq!(text.lines().count(), 451);
    }
}
