//! What charge analysts lean on: examples, pages, the schema, reviews.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::carry::copy_tables;
use crate::support::program::{free, program};

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().join("tables");
    copy_tables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings"), &tables);
    let name = tables.display().to_string();
    (folder, name)
}

fn rows(path: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

#[test]
fn every_activity_of_the_dictionary_has_its_examples_in_both_years_and_settings() {
    let told: BTreeSet<(String, String, String)> = rows("mappings/examples/aria.csv")
        .iter()
        .map(|row| (row[1].to_owned(), row[2][..4].to_owned(), row[3].to_owned()))
        .collect();
    let activities = rows("mappings/sources/aria.csv");
    assert_eq!(activities.len(), 116);
    for activity in &activities {
        for year in ["2025", "2026"] {
            for setting in ["hospital", "freestanding"] {
                let example = (activity[0].to_owned(), year.to_owned(), setting.to_owned());
                assert!(told.contains(&example), "{example:?} has no example");
            }
        }
    }
}

#[test]
fn the_examples_come_out_and_say_so_where_they_do_not() {
    let (folder, tables) = folder();
    let test =
        |tables: &str| program().args(["mappings", "test", "--tables", tables]).output().unwrap();
    let done = test(&tables);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
    let path = folder.path().join("tables/charges/treatment.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let row = "treatment,photon,2d,1,none,any,any,any,any,any,any,any,any,";
    std::fs::write(&path, text.replace(&format!("{row}77402"), &format!("{row}77407"))).unwrap();
    let done = test(&tables);
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let expected = "TX-2D on 2026-06-02 in a hospital setting earns 77407 (charges/treatment.csv:2), \
                    and the example says 77402";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_page_for_each_table_says_every_column() {
    let (folder, tables) = folder();
    let into = folder.path().join("pages");
    let done = program()
        .args(["mappings", "pages", "--tables", &tables, "--into"])
        .arg(&into)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let mut seen = 0;
    for entry in std::fs::read_dir(&into).unwrap() {
        let page = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(page.starts_with("# `"), "{page}");
        let columns = page.lines().skip_while(|line| !line.starts_with("| column |")).skip(2);
        for column in columns.take_while(|line| line.starts_with("| `")) {
            assert!(!column.ends_with("|  |"), "{column} says nothing");
        }
        seen += 1;
    }
    let mut tables = 0;
    let mut folders = vec![folder.path().join("tables")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "csv") {
                tables += 1;
            }
        }
    }
    assert_eq!(seen, tables, "a page for each table");
}

#[test]
fn check_says_which_rows_of_a_payer_were_to_be_looked_at_again() {
    let (folder, tables) = folder();
    let path = folder.path().join("tables/payers/medicare.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let old = "reimbursement,no Medicare text found,2027-01-31";
    assert!(text.contains(old));
    std::fs::write(&path, text.replace(old, "ana,no Medicare text found,2020-01-31")).unwrap();
    let settings = std::fs::read_to_string("tests/stories/hospital.toml").unwrap();
    let settings = settings.replace("path = \"mappings\"", &format!("path = \"{tables}\""));
    assert!(settings.contains(&tables));
    let file = folder.path().join("site.toml");
    std::fs::write(&file, settings).unwrap();
    let done = program().args(["check", "--config"]).arg(&file).output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        said.contains("`physics_tail` was to be looked at again by 2020-01-31: ask ana"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_schema_is_printed() {
    let done = program().arg("schema").output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(schema["properties"]["site"]["properties"]["setting"]["enum"][0], "hospital");
}

#[test]
fn examples_of_messages_say_what_is_read_otherwise() {
    let (folder, tables) = folder();
    let path = folder.path().join("tables/sources/aria.examples/one-day.expected");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("EXA-2,FOLLOWUP", "EXA-2,CONSULT")).unwrap();
    let done = program().args(["mappings", "test", "--tables", &tables]).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("aria.examples/one-day.hl7: row 3 is read as"), "{said}");
}

#[test]
fn a_source_is_learned_and_looked_through_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, dictionary) = (folder.path().join("new.toml"), folder.path().join("new.csv"));
    let learn = || {
        program()
            .args(["source", "learn", "--name", "new", "tests/cases/K-02.hl7", "--out"])
            .arg(&profile)
            .arg("--dictionary")
            .arg(&dictionary)
            .output()
            .unwrap()
    };
    let done = learn();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(&profile).unwrap();
    collimator::mappings::SourceProfile::parse(&text).unwrap();
    assert!(text.contains("ZRT.1") && !text.contains("4410201"), "{text}");
    assert!(std::fs::read_to_string(&dictionary).unwrap().starts_with("activity,"));
    assert_eq!(learn().status.code(), Some(75), "what is there is never overwritten");

    let config = "tests/stories/hospital.toml";
    let done = program()
        .args(["source", "coverage", "--config", config, "--csv", "tests/cases/K-02.hl7"])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    for segment in ["OBR", "PR1", "NTE", "ROL", "ZXP", "GT1", "ZZZ"] {
        assert!(said.contains(&format!("{segment},1,kept")), "{segment}: {said}");
    }
    assert!(said.contains("FT1,7,used"), "{said}");
}

#[test]
fn a_destination_that_is_away_says_so_when_it_is_tested() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("site.toml");
    let text = std::fs::read_to_string("tests/stories/hospital.toml").unwrap();
    let nobody = format!("mllp://{}", free());
    std::fs::write(&config, text.replace("mllp://127.0.0.1:6661", &nobody)).unwrap();
    let test = |name: &str| {
        let config = config.display().to_string();
        program().args(["destination", "test", "--config", &config, name]).output().unwrap()
    };
    let done = test("nobody");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no destination nobody"));
    let done = test("hospital-billing");
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.starts_with("hospital-billing cannot be reached"), "{said}");
}
