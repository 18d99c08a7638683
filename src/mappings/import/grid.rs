//! Rows of cells out of text, CSV and spreadsheets, zipped or not; row by row, since the tables of
//! pairs have two million.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};

use super::Brought;

/// Files in one archive, and bytes of one of them, at most: what is more is no table of CMS.
const ENTRIES_MAX: usize = 64;
const ENTRY_BYTES_MAX: u64 = 1 << 30;

/// What takes a row: the name of its file, and its cells.
pub(super) type Each<'a> = dyn FnMut(&str, &[String]) -> Result<(), String> + 'a;

/// Gives every row of a file to `each`.
pub(super) fn rows(brought: &Brought, each: &mut Each<'_>) -> Result<(), String> {
    let name = brought.name.as_str();
    match ending(name).as_str() {
        "zip" => zipped(brought, each),
        "xlsx" => spreadsheet(name, &brought.bytes, each),
        "csv" => separated(name, &brought.bytes, b',', each),
        "txt" | "tsv" => separated(name, &brought.bytes, b'\t', each),
        other => Err(format!(
            "{name}: `.{other}` is not read: bring the .txt, .csv or .xlsx of CMS, or the .zip of them"
        )),
    }
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase())
}

fn zipped(brought: &Brought, each: &mut Each<'_>) -> Result<(), String> {
    let broken =
        |error: zip::result::ZipError| format!("{}: is no zip file: {error}", brought.name);
    let mut archive = zip::ZipArchive::new(Cursor::new(&brought.bytes)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(format!("{}: holds more than {ENTRIES_MAX} files", brought.name));
    }
    // A spreadsheet beside its text says the same again: the text is read.
    let names: Vec<String> =
        archive.file_names().filter_map(|name| name.ok().map(|name| name.into_owned())).collect();
    let has_text = names.iter().any(|name| matches!(ending(name).as_str(), "txt" | "tsv" | "csv"));
    let is_table = |name: &String| match ending(name).as_str() {
        "txt" | "tsv" | "csv" => !name.to_lowercase().contains("readme"),
        "xlsx" => !has_text,
        _ => false,
    };
    let mut tables: Vec<&String> = names.iter().filter(|name| is_table(name)).collect();
    tables.sort();
    if tables.is_empty() {
        return Err(format!("{}: holds no .txt, .csv or .xlsx", brought.name));
    }
    for name in tables {
        let entry = archive.by_name(name).map_err(broken)?;
        let mut bytes = Vec::new();
        let read = entry.take(ENTRY_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("{}: {name} cannot be read: {error}", brought.name))?;
        if bytes.len() as u64 > ENTRY_BYTES_MAX {
            return Err(format!("{}: {name} is larger than any table of CMS", brought.name));
        }
        rows(&Brought { name: name.clone(), bytes }, each)?;
    }
    Ok(())
}

fn separated(name: &str, bytes: &[u8], sign: u8, each: &mut Each<'_>) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(sign)
        .quoting(sign == b',')
        .from_reader(bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes));
    let mut record = csv::ByteRecord::new();
    let mut cells: Vec<String> = Vec::new();
    loop {
        let more = reader.read_byte_record(&mut record);
        match more.map_err(|error| format!("{name}: is no table: {error}"))? {
            true => {
                cells.clear();
                cells.extend(record.iter().map(decoded));
                each(name, &cells)?;
            }
            false => return Ok(()),
        }
    }
}

/// A cell: UTF-8 if it is, else Windows-1252, as CMS writes.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.trim().to_owned(),
    }
}

fn spreadsheet(name: &str, bytes: &[u8], each: &mut Each<'_>) -> Result<(), String> {
    let broken = |error: calamine::XlsxError| format!("{name}: is no spreadsheet: {error}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    for sheet in book.sheet_names() {
        let mut cells = book.worksheet_cells_reader(&sheet).map_err(broken)?;
        let (mut at, mut row): (Option<u32>, Vec<String>) = (None, Vec::new());
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (line, column) = cell.get_position();
            if at != Some(line) {
                if at.is_some() {
                    each(name, &row)?;
                }
                row.clear();
                at = Some(line);
            }
            let column = usize::try_from(column).unwrap_or(usize::MAX).min(COLUMNS_MAX);
            while row.len() < column {
                row.push(String::new());
            }
            row.push(said(cell.get_value()));
        }
        if at.is_some() {
            each(name, &row)?;
        }
    }
    Ok(())
}

/// Columns of a row that are looked at.
const COLUMNS_MAX: usize = 16;

fn said(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.trim().to_owned()
        }
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(_) | DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
