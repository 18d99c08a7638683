//! Tables that change while the daemon runs: whole or not at all, and nothing that has left moves
//! without a person.

use serde_json::Value;

use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::sender::Sender;
use crate::support::told::course_of;
use crate::support::wait::until_so;

const TREATMENT: &str = "charges/treatment.csv";
const FIRST_LEVEL: &str = "treatment,photon,2d,1,none,any,any,any,any,any,any,any,any,77402";
const SECOND_LEVEL: &str = "treatment,photon,2d,1,none,any,any,any,any,any,any,any,any,77407";

fn lines(program: &Program, state: &str) -> Vec<Value> {
    let done = program.ask(&["lines", "--state", state, "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn codes(lines: &[Value]) -> Vec<String> {
    let mut codes: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {}", line["code"].as_str().unwrap(), line["reasons"]))
        .collect();
    codes.sort();
    codes
}

/// A course of one fraction, the visit of which is held for want of a table's word.
async fn told(program: &mut Program) -> Sender {
    program.go().await;
    let mut sender = Sender::connect(program.source).await;
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    sender
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_left_follows_new_tables_and_what_has_is_only_proposed() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with_own_tables(&facility, &professional);
    // The physicist's check is not in the dictionary yet: it is held.
    program.change_table("sources/aria.csv", "PHYS-WEEKLY,", "PHYS-OTHER,");
    told(&mut program).await;
    until_so("nine lines are accepted", || lines(&program, "accepted").len() == 9).await;
    assert_eq!(codes(&lines(&program, "held")), [" \"NAME-01\""]);
    program.change_table("sources/aria.csv", "PHYS-OTHER,", "PHYS-WEEKLY,");
    program.hang_up();
    until_so("the held line leaves", || lines(&program, "accepted").len() == 10).await;
    assert!(lines(&program, "held").is_empty());

    program.change_table(TREATMENT, FIRST_LEVEL, SECOND_LEVEL);
    program.hang_up();
    until_so("a correction is proposed", || lines(&program, "held").len() == 2).await;
    assert_eq!(codes(&lines(&program, "held")), ["77402 \"CORR-01\"", "77407 \"CORR-01\""]);
    assert_eq!(lines(&program, "accepted").len(), 10);
    assert_eq!(facility.taken().len() + professional.taken().len(), 10, "nothing left for it");

    // The table was wrong: with the right one nothing is proposed any more.
    program.change_table(TREATMENT, SECOND_LEVEL, FIRST_LEVEL);
    program.hang_up();
    until_so("the proposal is gone", || lines(&program, "held").is_empty()).await;
    assert_eq!(lines(&program, "accepted").len(), 10);
    for command in ["balance", "verify"] {
        assert_eq!(program.ask(&[command]).status.code(), Some(0), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_changed_while_the_daemon_was_down_are_followed_at_the_start() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with_own_tables(&facility, &professional);
    told(&mut program).await;
    until_so("all is accepted", || lines(&program, "accepted").len() == 10).await;
    program.kill();
    program.change_table(TREATMENT, FIRST_LEVEL, SECOND_LEVEL);
    program.go().await;
    until_so("a correction is proposed", || lines(&program, "held").len() == 2).await;
    // News of the patient that comes meanwhile makes no correction of it by itself.
    let mut sender = Sender::connect(program.source).await;
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    until_so("all is carried", || {
        let done = program.ask(&["messages", "--json"]);
        let all: Vec<Value> = serde_json::from_slice(&done.stdout).unwrap();
        all.len() == 24
    })
    .await;
    assert_eq!(lines(&program, "held").len(), 2);
    assert_eq!(facility.taken().len() + professional.taken().len(), 10);
    assert_eq!(program.ask(&["verify"]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tables_change_nothing_and_the_daemon_goes_on() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with_own_tables(&facility, &professional);
    let mut sender = {
        program.go().await;
        Sender::connect(program.source).await
    };
    program.change_table(TREATMENT, FIRST_LEVEL, "treatment,photon,2d,1,none,any,any");
    program.hang_up();
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    until_so("all is accepted", || lines(&program, "accepted").len() == 10).await;
    let delivery = lines(&program, "accepted");
    assert!(delivery.iter().any(|line| line["code"] == "77402"));
    assert_eq!(program.ask(&["check"]).status.code(), Some(78));
}
