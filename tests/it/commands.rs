//! The commands, asked of a store whose daemon runs.

use serde_json::Value;

use crate::support::program::{Program, program};
use crate::support::receiver::{Receiver, Step};
use crate::support::sender::Sender;
use crate::support::told::case;
use crate::support::wait::until_so;

fn said(done: &std::process::Output) -> String {
    String::from_utf8(done.stdout.clone()).unwrap()
}

fn rows(program: &Program, words: &[&str]) -> Vec<Value> {
    let done = program.ask(words);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_str(&said(&done)).unwrap()
}

async fn told(name: &str, facility: &Receiver, professional: &Receiver) -> Program {
    let mut program = Program::with(facility, professional);
    program.go().await;
    let mut sender = Sender::connect(program.source).await;
    for message in case(name) {
        sender.ask(&message).await;
    }
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_can_be_followed_from_its_bytes_to_its_answers() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let program = told("K-28", &facility, &professional).await;
    facility.has(5).await;
    professional.has(5).await;
    until_so("all is accepted", || {
        let lines = rows(&program, &["lines", "--state", "accepted", "--json"]);
        lines.len() == 10
    })
    .await;
    let lines = rows(&program, &["lines", "--json"]);
    let delivery = lines.iter().find(|line| line["code"] == "77402").unwrap();
    assert_eq!(delivery["sent"], "accepted");
    assert_eq!(delivery["destination"], "hospital-billing");
    let explained = program.ask(&["explain", delivery["line"].as_str().unwrap()]);
    let text = said(&explained);
    for part in [
        "TX-2D",
        "charges/treatment.csv",
        "Why no other code",
        "77412: motion is none, not gated",
        "answered accepted",
        "MSA-1",
        "FT1-2",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(rows(&program, &["messages", "--json"]).len(), 12);
    assert_eq!(rows(&program, &["courses", "--json"]).len(), 1);
    for command in ["balance", "verify"] {
        let done = program.ask(&[command]);
        assert_eq!(done.status.code(), Some(0), "{command}: {}", said(&done));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides_and_is_named_in_the_ledger() {
    let facility = Receiver::scripted([Step::No("AE", "Account is closed")]);
    let professional = Receiver::yes();
    let program = told("K-14", &facility, &professional).await;
    until_so("a line is declined", || {
        !rows(&program, &["lines", "--state", "declined", "--json"]).is_empty()
    })
    .await;
    let declined = rows(&program, &["lines", "--state", "declined", "--json"]);
    let held = rows(&program, &["lines", "--state", "held", "--json"]);
    let id = |row: &Value| row["line"].as_str().unwrap().to_owned();
    let released = program.ask(&["release", &id(&held[0]), "--reason", "the note is on paper"]);
    assert_eq!(released.status.code(), Some(0), "{}", String::from_utf8_lossy(&released.stderr));
    let resent = program.ask(&["resend", &id(&declined[0]), "--reason", "the account is open"]);
    assert_eq!(resent.status.code(), Some(0), "{}", String::from_utf8_lossy(&resent.stderr));
    let again = program.ask(&["release", &id(&held[0]), "--reason", "once more"]);
    assert_eq!(again.status.code(), Some(1), "what is released cannot be released");
    until_so("both are accepted", || {
        let accepted = rows(&program, &["lines", "--state", "accepted", "--json"]);
        let has = |row: &Value| accepted.iter().any(|line| line["line"] == row["line"]);
        has(&held[0]) && has(&declined[0])
    })
    .await;
    let explained = said(&program.ask(&["explain", &id(&held[0])]));
    assert!(explained.contains("the note is on paper"), "{explained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k44_no_cell_of_a_list_for_people_is_a_formula() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let program = told("K-44", &facility, &professional).await;
    facility.has(5).await;
    for list in ["lines", "messages"] {
        let csv = said(&program.ask(&[list, "--csv"]));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        for row in reader.records() {
            for cell in row.unwrap().iter() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{list}: {cell}");
            }
        }
    }
    assert_eq!(rows(&program, &["lines", "--json"])[0]["patient"], "+4414401");
    let tried = program_try("tests/cases/K-44.hl7");
    assert!(tried.contains("\n+4414401,"), "what is tried is unchanged: {tried}");
}

fn program_try(input: &str) -> String {
    let settings = "tests/stories/hospital.toml";
    let done = program().args(["try", "--config", settings, input]).output().unwrap();
    said(&done)
}

#[test]
fn a_refused_message_makes_try_end_with_1_and_says_where() {
    let settings = "tests/stories/hospital.toml";
    let tried = ["try", "--config", settings, "tests/cases/K-16.hl7"];
    let done = program().args(tried).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let found = String::from_utf8_lossy(&done.stderr);
    assert!(found.contains("MRG-1"), "{found}");
    assert_eq!(said(&done).lines().count(), 11);
}
