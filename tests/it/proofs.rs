//! The table of HL7 v2 in `README.md`: each fact and each failure case has its row, and each test that a
//! row names is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every id that the reference numbers.
fn ids() -> Vec<String> {
    let series = [("T-", 11), ("A-", 10), ("C-", 18), ("IN-", 10), ("OUT-", 10), ("case ", 45)];
    let numbered = series
        .into_iter()
        .flat_map(|(name, last)| (1..=last).map(move |number| format!("{name}{number}")));
    numbered.chain(["ERR", "table 0357", "versions", "HTTP"].map(str::to_owned)).collect()
}

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The rows of the table, by id.
fn rows() -> BTreeMap<String, String> {
    let page = fs::read_to_string(tests_folder().join("README.md")).unwrap();
    let (_, table) = page.split_once("<!-- facts -->").unwrap();
    let (table, _) = table.split_once("<!-- end of facts -->").unwrap();
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let (id, told) = line.trim_matches('|').split_once('|').unwrap();
        let known = rows.insert(id.trim().to_owned(), told.trim().to_owned());
        assert!(known.is_none(), "{id} has two rows");
    }
    rows
}

/// The files and folders that a row names in backticks, each with the text behind it.
fn places(told: &str) -> Vec<(PathBuf, &str)> {
    let mut places = Vec::new();
    let mut rest = told;
    while let Some((_, behind)) = rest.split_once('`') {
        let Some((name, behind)) = behind.split_once('`') else { break };
        rest = behind;
        let below = ["it/", "stories/", "peers/", "fuzz", "corpus"];
        let path = if name.starts_with("src/") {
            Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
        } else if below.iter().any(|folder| name.starts_with(folder)) {
            tests_folder().join(name)
        } else {
            continue;
        };
        let words = behind.split('`').next().unwrap_or_default();
        places.push((path, words));
    }
    places
}

/// The names of tests in a text.
fn tests_named(words: &str) -> impl Iterator<Item = &str> {
    let words = words.split("*Not*").next().unwrap_or_default();
    let parted = words.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
    parted.filter(|word| word.matches('_').count() >= 2)
}

#[test]
fn every_fact_has_one_row_and_every_row_a_test_that_is_there_or_a_reason() {
    let rows = rows();
    let mut wrong: Vec<String> = Vec::new();
    for id in ids() {
        let Some(told) = rows.get(&id) else {
            wrong.push(format!("{id} has no row"));
            continue;
        };
        let places = places(told);
        if places.is_empty() && !told.contains("*Not*") {
            wrong.push(format!("{id} names neither a test nor a reason"));
        }
        for (path, words) in places {
            let Ok(metadata) = fs::metadata(&path) else {
                wrong.push(format!("{id}: {} is not there", path.display()));
                continue;
            };
            if metadata.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for name in tests_named(words) {
                if !text.contains(&format!("fn {name}(")) {
                    wrong.push(format!("{id}: {} has no {name}", path.display()));
                }
            }
            let is_rust = path.extension().is_some_and(|it| it == "rs");
            if is_rust && !text.contains("#[test]") && !text.contains("#[tokio::test") {
                wrong.push(format!("{id}: {} has no test", path.display()));
            }
        }
    }
    for id in rows.keys().filter(|id| !ids().contains(id)) {
        let is_context = ["ADT", "SIU", "MDM", "BAR", "ORM, OMG, OML", "ORU", "a source learned"];
        if !is_context.contains(&id.as_str()) && id != "coverage" && id != "properties" {
            wrong.push(format!("{id} is no fact that the reference numbers"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
