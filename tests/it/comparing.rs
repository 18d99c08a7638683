//! `collimator compare`: two sets of tables side by side, the same each time, nothing changed.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::carry::copy_tables;
use crate::support::program::{Program, program};
use crate::support::receiver::Receiver;
use crate::support::sender::Sender;
use crate::support::told::course_of;
use crate::support::wait::until_so;

const LEVEL: &str = "treatment,photon,2d,1,none,any,any,any,any,any,any,any,any,";

/// A folder of tables in which plain photons earn another level from October 2026 on.
fn changed(folder: &Path) -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let tables = folder.join("changed");
    copy_tables(&ours, &tables);
    let path = tables.join("charges/treatment.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let old = format!("{LEVEL}77402,-,2026-01-01,,");
    assert!(text.contains(&old));
    let new = format!("{LEVEL}77402,-,2026-01-01,2026-09-30,a test\n{LEVEL}77407,-,2026-10-01,,");
    std::fs::write(path, text.replace(&old, &new)).unwrap();
    tables
}

fn compare(new: &Path, more: &[&str]) -> Output {
    let settings = "tests/stories/hospital.toml";
    let mut command = program();
    command
        .args(["compare", "--config", settings, "--old", "mappings", "--json", "--new"])
        .arg(new);
    command.args(more).output().unwrap()
}

fn read(done: &Output) -> Value {
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn what_other_tables_bill_is_shown_by_code_reason_and_course() {
    let folder = tempfile::tempdir().unwrap();
    let new = changed(folder.path());
    // One course of October, one of September.
    let files =
        ["tests/stories/unknown-name-and-missing-note/in", "tests/stories/bone-single-fraction/in"];
    let told = read(&compare(&new, &files));
    let by_code: Vec<String> = told["by_code"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {}", row["code"], row["old_lines"], row["new_lines"]))
        .collect();
    let fractions = told["differences"].as_u64().unwrap();
    assert!(fractions > 0);
    let expected = [format!("\"77402\" {fractions} 0"), format!("\"77407\" 0 {fractions}")];
    assert_eq!(by_code, expected);
    assert_eq!(told["by_course"].as_array().unwrap().len(), 1);
    let sample = &told["samples"][0];
    assert!(sample["old"][0]["line"].as_str().unwrap().contains("77402"));
    assert!(sample["new"][0]["line"].as_str().unwrap().contains("77407"));
    assert_eq!(read(&compare(&new, &files))["digest"], told["digest"], "two runs agree");
    let same = read(&compare(Path::new("mappings"), &files));
    assert_eq!(same["differences"], 0);
    assert_ne!(same["digest"], told["digest"]);
    let before = [files.as_slice(), &["--until", "2026-09-30"]].concat();
    assert_eq!(read(&compare(&new, &before))["differences"], 0);
}

#[test]
fn wrong_tables_are_named_and_nothing_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let new = changed(folder.path());
    std::fs::write(new.join("limits.csv"), "code;units\n").unwrap();
    let done = compare(&new, &["tests/stories/bone-single-fraction/in"]);
    assert_eq!(done.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&done.stderr).contains("limits.csv:1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_replayed_while_its_daemon_runs_and_stays_as_it_is() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with(&facility, &professional);
    program.go().await;
    let mut sender = Sender::connect(program.source).await;
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    let accepted = || {
        let done = program.ask(&["lines", "--state", "accepted", "--json"]);
        let all: Vec<Value> = serde_json::from_slice(&done.stdout).unwrap();
        all.len() == 10
    };
    until_so("all is accepted", accepted).await;
    let before = program.ask(&["verify"]).stdout;
    let folder = tempfile::tempdir().unwrap();
    let new = changed(folder.path());
    let done = program.ask(&[
        "compare",
        "--old",
        &format!("{}/mappings", env!("CARGO_MANIFEST_DIR")),
        "--new",
        new.to_str().unwrap(),
        "--json",
    ]);
    let told = read(&done);
    assert_eq!((&told["messages"], &told["differences"]), (&12.into(), &1.into()));
    assert_eq!(program.ask(&["verify"]).stdout, before, "the ledger is as it was");
}
