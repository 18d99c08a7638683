//! Quarterly tables in the shapes in which CMS publishes them; codes and dates are made up.

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Write};

use super::*;

fn codes() -> HashSet<ProcedureCode> {
    ["10001", "10002", "10003", "10004"].iter().map(|code| code.parse().unwrap()).collect()
}

fn brought(name: &str, text: &[u8]) -> Brought {
    Brought { name: name.to_owned(), bytes: text.to_vec() }
}

fn run(what: Quarterly, files: &[Brought], told: Told) -> Result<Vec<Imported>, String> {
    run_over(what, files, told, &BTreeMap::new())
}

fn run_over(
    what: Quarterly,
    files: &[Brought],
    told: Told,
    tables: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Imported>, String> {
    import(what, files, told, &Before { codes: &codes(), tables })
}

/// Six lines before the data, in Windows-1252, ended by CR LF.
const PAIRS: &[u8] = b"CPT only copyright 2026 \xA9 AMA\r\n\
    Practitioner PTP Edits\r\n\
    Column 1\tColumn 2\t*=in\tEffective\tDeletion\tModifier\tPTP Edit Rationale\r\n\
    \t\texistence\tDate\tDate\t0=not allowed\t\r\n\
    \t\tprior to\t\t*=no data\t1=allowed\t\r\n\
    \t\t1996\t\t\t9=not applicable\t\r\n\
    10001\t10002\t\t20020101\t*\t0\tMisuse of column two code with column one code\r\n\
    10003\t10004\t\t20150101\t20200630\t0\tMutually exclusive procedures\r\n\
    10003\t10004\t\t20200701\t\t1\tCMS \x93policy\x94\r\n\
    10001\t10003\t*\t20150101\t20150101\t9\tMisuse\r\n\
    99997\t10001\t\t20150101\t*\t1\tStandards\r\n";

#[test]
fn pairs_are_read_as_they_are_published() {
    let done = run(Quarterly::Pairs, &[brought("ccipra-v323r0-f1.txt", PAIRS)], Told::default());
    let [table] = <[Imported; 1]>::try_from(done.unwrap()).unwrap();
    assert_eq!(table.file, "imports/ptp-practitioner.csv");
    assert_eq!((table.read, table.kept), (5, 3));
    let skipped: Vec<u64> = table.skipped.values().copied().collect();
    assert_eq!(skipped, [1, 1], "{:?}", table.skipped);
    let lines: Vec<&str> = table.content.lines().collect();
    assert_eq!(
        lines,
        [
            "column_1,column_2,indicator,claims,from,until,why",
            "10001,10002,0,practitioner,2002-01-01,,\"CMS NCCI PTP, practitioner: Misuse of column two code with column one code\"",
            "10003,10004,0,practitioner,2015-01-01,2020-06-30,\"CMS NCCI PTP, practitioner: Mutually exclusive procedures\"",
            "10003,10004,1,practitioner,2020-07-01,,\"CMS NCCI PTP, practitioner: CMS \"\"policy\"\"\"",
        ]
    );
    assert_eq!((table.changes.added, table.changes.removed), (2, 0));
}

#[test]
fn whose_pairs_they_are_is_told_by_name_title_or_person() {
    let bare = b"10001\t10002\t\t20020101\t*\t0\tMisuse\n";
    let titled = [b"Hospital Outpatient PTP Edits\n".as_slice(), bare].concat();
    let told = Told { family: Some(Family::Facility), effective: None };
    for (name, text, told, file) in [
        ("ccihos-v323r0-f1.txt", bare.to_vec(), Told::default(), Some("facility")),
        ("ccipra-v323r0-f2.txt", bare.to_vec(), Told::default(), Some("practitioner")),
        ("edits.txt", titled, Told::default(), Some("facility")),
        ("edits.txt", bare.to_vec(), told, Some("facility")),
        ("edits.txt", bare.to_vec(), Told::default(), None),
    ] {
        let done = run(Quarterly::Pairs, &[brought(name, &text)], told);
        match file {
            Some(file) => {
                assert_eq!(done.unwrap()[0].file, format!("imports/ptp-{file}.csv"), "{name}");
            }
            None => assert!(done.unwrap_err().contains("--claims"), "{name}"),
        }
    }
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The least that makes a spreadsheet: strings in line, numbers as numbers.
fn spreadsheet(rows: &[&[&str]]) -> Vec<u8> {
    let mut sheet = String::new();
    for (line, cells) in rows.iter().enumerate() {
        sheet.push_str(&format!("<row r=\"{}\">", line + 1));
        for (column, cell) in cells.iter().enumerate() {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), line + 1);
            if cell.len() == 8 && cell.parse::<u32>().is_ok() {
                sheet.push_str(&format!("<c r=\"{place}\"><v>{cell}</v></c>"));
            } else if !cell.is_empty() {
                sheet.push_str(&format!(
                    "<c r=\"{place}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"
                ));
            }
        }
        sheet.push_str("</row>");
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets>\
         <sheet name=\"Edits\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let links = format!(
        "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" \
         Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{sheet}</sheetData></worksheet>");
    let root = format!(
        "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" \
         Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    zip_of(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[test]
fn text_spreadsheet_and_zip_say_the_same() {
    let rows: [&[&str]; 4] = [
        &["Outpatient Hospital PTP Edits"],
        &["Column 1", "Column 2", "", "Effective Date", "Deletion Date", "Modifier", "Rationale"],
        &["10001", "10002", "", "20020101", "*", "0", "Misuse"],
        &["10003", "10004", "*", "20150101", "20200630", "1", "Exclusive"],
    ];
    let text: Vec<u8> = rows.iter().flat_map(|row| (row.join("\t") + "\n").into_bytes()).collect();
    let comma: Vec<u8> = rows.iter().flat_map(|row| (row.join(",") + "\n").into_bytes()).collect();
    let book = spreadsheet(&rows);
    let content = |name: &str, bytes: &[u8]| {
        let done = run(Quarterly::Pairs, &[brought(name, bytes)], Told::default());
        done.unwrap_or_else(|wrong| panic!("{name}: {wrong}"))[0].content.clone()
    };
    let expected = content("a.txt", &text);
    assert_eq!(expected.lines().count(), 3);
    assert_eq!(content("a.csv", &comma), expected);
    assert_eq!(content("a.xlsx", &book), expected);
    assert_eq!(content("a.zip", &zip_of(&[("b.txt", &text)])), expected);
    assert_eq!(content("a.zip", &zip_of(&[("b.txt", &text), ("b.xlsx", &book)])), expected);
    assert_eq!(content("a.zip", &zip_of(&[("b.xlsx", &book)])), expected);
}

#[test]
fn what_is_no_quarterly_table_is_refused_in_words() {
    let cases: [(&str, &[u8], &str); 6] = [
        ("a.pdf", b"%PDF", "is not read"),
        ("a.zip", b"PK", "no zip file"),
        ("a.xlsx", b"x", "no spreadsheet"),
        ("ccipra.txt", b"nothing\n", "no row of a table of pairs"),
        ("a.zip", &zip_of(&[("readme.md", b"x")]), "holds no"),
        (
            "ccipra.txt",
            b"10001\t10002\t\t20020101\t*\t0\tx\n10001\t10002\t\t20200101\t*\t1\tx\n",
            "not two releases",
        ),
    ];
    for (name, bytes, says) in cases {
        let wrong = run(Quarterly::Pairs, &[brought(name, bytes)], Told::default()).unwrap_err();
        assert!(wrong.contains(says), "{name}: {wrong}");
    }
}

fn quarter(rows: &str) -> Vec<u8> {
    format!(
        "\"Copyright\"\n\"HCPCS/\nCPT Code\",Outpatient Hospital Services MUE Values,\
         MUE Adjudication Indicator,MUE Rationale\n{rows}"
    )
    .into_bytes()
}

fn limits(name: &str, rows: &str, before: &str) -> Result<Imported, String> {
    let file = "imports/mue-facility.csv".to_owned();
    let tables = BTreeMap::from([(file, before.as_bytes().to_vec())]);
    let files = [brought(name, &quarter(rows))];
    run_over(Quarterly::Limits, &files, Told::default(), &tables).map(|mut all| all.remove(0))
}

#[test]
fn a_limit_carries_on_until_it_changes_and_ends_when_its_code_is_gone() {
    let first = "10001,10,3 Date of Service Edit: Clinical,Clinical: Data\n\
                 10002,1,2 Date of Service Edit: Policy,Nature\n\
                 10003,2,3,Nature\n\
                 99997,2,1 Line Edit,Nature\n";
    let july = limits("MUE_Hospital_Eff_07-01-2026.csv", first, "").unwrap();
    assert_eq!((july.read, july.kept), (4, 3));
    let second = "10001,10,3,Clinical: Data\n10002,2,2,Nature\n10004,1,1 Line Edit,Nature\n";
    let october = limits("MUE_Hospital_Eff_10-01-2026.csv", second, &july.content).unwrap();
    let rows: Vec<String> = october
        .content
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(6).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rows,
        [
            "10001 facility 10 3 2026-07-01 ",
            "10002 facility 1 2 2026-07-01 2026-09-30",
            "10002 facility 2 2 2026-10-01 ",
            "10003 facility 2 3 2026-07-01 2026-09-30",
            "10004 facility 1 1 2026-10-01 ",
        ]
    );
    let changes = &october.changes;
    assert_eq!((changes.added, changes.changed, changes.removed), (1, 2, 0), "{changes:?}");
    let again = limits("MUE_Hospital_Eff_10-01-2026.csv", second, &october.content).unwrap();
    assert_eq!(again.changes, Changes::default(), "the same again changes nothing");
    let older = limits("MUE_Hospital_Eff_07-01-2026.csv", first, &october.content);
    assert!(older.unwrap_err().contains("in their order"));
}

#[test]
fn the_quarter_is_told_by_name_or_title() {
    for (text, day) in [
        ("MCR_MUE_OutpatientHospitalServices_Eff_10-01-2026.csv", Some("2026-10-01")),
        ("mue-hospital-2026-07-01", Some("2026-07-01")),
        ("Outpatient MUE effective October 1, 2026", Some("2026-10-01")),
        ("MUE 2026 Q4", Some("2026-10-01")),
        ("mue_2026q1_hospital", Some("2026-01-01")),
        ("Q2 2026", Some("2026-04-01")),
        ("20260401 hospital", Some("2026-04-01")),
        ("April 2026", Some("2026-04-01")),
        ("10-02-2026", None),
        ("limits", None),
    ] {
        let told = quarter::told_by(text).map(|day| day.to_string());
        assert_eq!(told.as_deref(), day, "{text}");
    }
    let files = [brought("hospital.csv", &quarter("10001,1,2,x\n"))];
    let untold = run(Quarterly::Limits, &files, Told::default()).unwrap_err();
    assert!(untold.contains("--effective"), "{untold}");
    let supplier = b"Code,DME Supplier Services MUE Values,x,y\n10001,1,2,x\n";
    let files = [brought("MUE_2026Q4.csv", supplier)];
    assert!(run(Quarterly::Limits, &files, Told::default()).unwrap_err().contains("supplier"));
}
