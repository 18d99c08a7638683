//! Corrections that a person must see: proposed, released or dismissed, and never half done.

use serde_json::Value;

use crate::support::program::Program;
use crate::support::receiver::{Receiver, Taken};
use crate::support::sender::Sender;
use crate::support::told::course_of;
use crate::support::wait::until_so;

fn rows(program: &Program, words: &[&str]) -> Vec<Value> {
    let done = program.ask(words);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn in_state(program: &Program, state: &str) -> Vec<Value> {
    rows(program, &["lines", "--state", state, "--json"])
}

/// The fraction of the plain course, told again on another account.
fn moved_account(account: &str, control_id: &str) -> Vec<u8> {
    let told = course_of(1).into_iter().map(|message| String::from_utf8(message).unwrap());
    let told = told.into_iter().find(|text| text.contains("|TX-2D^")).unwrap();
    let old = told.split('\r').find(|line| line.starts_with("PID")).unwrap();
    let mut fields: Vec<&str> = old.split('|').collect();
    fields[18] = account;
    let new = fields.join("|");
    told.replace(old, &new)
        .replace("|N10010|", &format!("|{control_id}|"))
        .replace("|20261008181000||DFT", "|20261009||DFT")
        .into_bytes()
}

struct Moved {
    program: Program,
    facility: Receiver,
    sender: Sender,
    held: Vec<Value>,
}

/// The course is accepted; then its fraction is told again on another account. Its delivery and
/// the management that rests on it are proposed to be corrected; here is what is held of the
/// delivery.
async fn moved() -> Moved {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with(&facility, &professional);
    program.go().await;
    let mut sender = Sender::connect(program.source).await;
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    until_so("all is accepted", || in_state(&program, "accepted").len() == 10).await;
    sender.ask(&moved_account("A9", "N10091")).await;
    until_so("the correction is proposed", || in_state(&program, "held").len() == 4).await;
    let mut held = in_state(&program, "held");
    held.retain(|line| line["claim"] == "facility");
    held.sort_by_key(|line| line["reasons"] != "CORR-02 CORR-01");
    Moved { program, facility, sender, held }
}

fn deliveries(taken: &[Taken]) -> Vec<String> {
    let deliveries = taken.iter().filter(|one| one.charge().contains("77402"));
    deliveries.map(|one| format!("{} {}", one.field("FT1", 6), one.account())).collect()
}

fn id(line: &Value) -> String {
    line["line"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_account_is_credited_and_billed_anew_once_a_person_says_so() {
    let Moved { program, facility, held, .. } = moved().await;
    assert_eq!(held[0]["reasons"], "CORR-02 CORR-01", "the reversal");
    assert_eq!(held[1]["reasons"], "CORR-01", "what replaces it");
    assert_eq!(facility.taken().len(), 5, "nothing has left for it");
    let released = program.ask(&["release", &id(&held[0]), "--reason", "registered late"]);
    assert_eq!(released.status.code(), Some(0), "{}", String::from_utf8_lossy(&released.stderr));
    let taken = facility.has(7).await;
    let sent = deliveries(&taken);
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert_eq!(sent[0].replace("CG", "CD"), sent[1], "the credit goes where the charge went");
    assert_eq!(sent[2], "CG A9");
    until_so("all has its yes", || in_state(&program, "accepted").len() == 12).await;
    for command in ["balance", "verify"] {
        assert_eq!(program.ask(&[command]).status.code(), Some(0), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_correction_leaves_the_line_and_does_not_come_again() {
    let Moved { program, facility, held, mut sender } = moved().await;
    let left = program.ask(&["withdraw", &id(&held[0]), "--reason", "the old account is right"]);
    assert_eq!(left.status.code(), Some(0), "{}", String::from_utf8_lossy(&left.stderr));
    assert_eq!(in_state(&program, "held").len(), 2, "those of the management");
    // The same news again, and any other, proposes nothing.
    sender.ask(&moved_account("A9", "N10092")).await;
    for message in course_of(1) {
        sender.ask(&message).await;
    }
    let carried = || rows(&program, &["messages", "--json"]).len() == 26;
    until_so("all is carried", carried).await;
    assert_eq!(in_state(&program, "held").len(), 2);
    assert_eq!(in_state(&program, "accepted").len(), 10);
    assert_eq!(facility.taken().len(), 5, "nothing left for it");
    assert_eq!(program.ask(&["balance"]).status.code(), Some(0));
}
