//! What a person tells and decides: closing, adding, overriding; and what the courses show.

use serde_json::Value;

use collimator::wire::hl7;

use crate::support::clinic::{fractions, messages, planned};
use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::sender::Sender;
use crate::support::wait::until_so;

/// A daemon that has been told a course in shorthand, with receivers that say yes.
struct Told {
    program: Program,
    facility: Receiver,
    professional: Receiver,
}

impl Told {
    async fn new(shorthand: &str) -> Told {
        let (facility, professional) = (Receiver::yes(), Receiver::yes());
        let mut program = Program::with(&facility, &professional);
        program.go().await;
        let mut sender = Sender::connect(program.source).await;
        let text = messages(shorthand);
        let all = hl7::split(text.as_bytes());
        for message in &all {
            let message: Vec<u8> =
                message.iter().map(|b| if *b == b'\n' { b'\r' } else { *b }).collect();
            sender.ask(&message).await;
        }
        let told = Told { program, facility, professional };
        told.carried(all.len()).await;
        told
    }

    fn rows(&self, words: &[&str]) -> Vec<Value> {
        let done = self.program.ask(&[words, &["--json"]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// So many messages are carried, and nothing is on its way.
    async fn carried(&self, count: usize) {
        until_so("all is carried and answered", || {
            let done = self.rows(&["messages"]).len() == count;
            let waits = self.rows(&["lines", "--state", "waiting"]).len()
                + self.rows(&["lines", "--state", "sent"]).len();
            done && waits == 0
        })
        .await;
    }

    fn of_code(&self, code: &str) -> Vec<String> {
        let mut lines: Vec<String> = self
            .rows(&["lines"])
            .iter()
            .filter(|line| line["code"] == code)
            .map(|line| {
                let word = |key: &str| line[key].as_str().unwrap().to_owned();
                format!("{} {} {}", word("dos"), word("state"), word("reasons"))
                    .trim_end()
                    .to_owned()
            })
            .collect();
        lines.sort();
        lines
    }

    fn line(&self, code: &str, state: &str) -> String {
        let lines = self.rows(&["lines", "--state", state]);
        let line = lines.iter().find(|line| line["code"] == code).expect(code);
        line["line"].as_str().unwrap().to_owned()
    }

    fn does(&self, words: &[&str]) -> String {
        let done = self.program.ask(words);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(0), "{words:?}: {told}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn refuses(&self, words: &[&str], says: &str) {
        let done = self.program.ask(words);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{words:?}: {told}");
        assert!(told.contains(says), "{words:?}: {told}");
    }

    fn sound(&self) {
        for command in ["balance", "verify"] {
            assert_eq!(self.program.ask(&[command]).status.code(), Some(0), "{command}");
        }
    }
}

const WHY: [&str; 2] = ["--reason", "the chart says so"];

#[tokio::test(flavor = "multi_thread")]
async fn a_person_closes_a_course_and_opens_it_again() {
    let course = planned(&fractions(8, 10)) + "10-07 doc OTV\n10-13 doc OTV\n";
    let told = Told::new(&course).await;
    assert_eq!(told.of_code("77427"), ["2026-10-09 ready"]);
    let before = told.rows(&["messages"]).len();
    let whose = ["--mrn", "7001", "--course", "C1"];
    told.refuses(
        &[&["close", "--day", "2026-10-13"], &whose[..], &WHY].concat(),
        "after 2026-10-13",
    );
    told.refuses(
        &[&["close", "--mrn", "7001", "--course", "C9"], &WHY[..]].concat(),
        "no such course",
    );
    told.does(&[&["close"], &whose[..], &WHY].concat());
    told.carried(before + 1).await;
    assert_eq!(told.of_code("77427"), ["2026-10-09 ready", "2026-10-14 ready"]);
    let course = &told.rows(&["courses"])[0];
    assert_eq!((&course["closed"], &course["closed_by"]), (&"2026-10-14".into(), &"person".into()));
    assert_eq!((&course["delivered"], &course["accepted"]), (&8.into(), &8.into()));
    assert_eq!(course["management_earned"], 2);

    told.does(&[&["reopen"], &whose[..], &WHY].concat());
    told.carried(before + 2).await;
    // What was left over is earned no more: its line has left, and is credited.
    assert_eq!(
        told.of_code("77427"),
        ["2026-10-09 ready", "2026-10-14 credited", "2026-10-14 credited"]
    );
    let course = &told.rows(&["courses"])[0];
    assert_eq!((&course["closed"], &course["management_next"]), (&"".into(), &10.into()));
    told.refuses(&[&["reopen"], &whose[..], &WHY].concat(), "not closed");
    told.sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_adds_work_that_no_source_told() {
    let told = Told::new(&planned(&fractions(2, 2))).await;
    let before = told.rows(&["messages"]).len();
    let add = |what: &[&str]| -> Vec<String> {
        let whose = ["add", "--mrn", "7001", "--course", "C1", "--day", "2026-10-02"];
        let rest = ["--diagnoses", "C61", "--orderer", "1999000114"];
        [&whose[..], what, &rest, &WHY].concat().iter().map(|word| (*word).to_owned()).collect()
    };
    let words = |all: &[String]| all.iter().map(String::as_str).collect::<Vec<_>>().join("\u{1}");
    let ask = |all: Vec<String>| words(&all);
    let unknown = ask(add(&["--activity", "NO-SUCH-THING"]));
    told.refuses(&unknown.split('\u{1}').collect::<Vec<_>>(), "no dictionary");
    let device = ask(add(&["--activity", "DEVICE-SIMPLE", "--units", "2"]));
    told.does(&device.split('\u{1}').collect::<Vec<_>>());
    told.carried(before + 1).await;
    // It is judged like any other: it came later than the site allows.
    assert_eq!(told.of_code("77332"), ["2026-10-02 held LATE-01", "2026-10-02 held LATE-01"]);
    let line = told.line("77332", "held");
    told.does(&[&["release", line.as_str()], &WHY[..]].concat());
    told.carried(before + 1).await;
    let explained = told.does(&["explain", &line]);
    assert!(explained.contains("the chart says so"), "{explained}");
    told.sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_overrides_only_rules_that_allow_it() {
    let course = "
        10-01 doc SIMNOTE
        10-01 SIM-COMPLEX
        10-02 PLAN-IMRT P1
        10-02 MLC-IMRT P1
        10-02 PLAN-NOTE-S
        10-02 doc PLANNOTE
    ";
    let told = Told::new(course).await;
    assert_eq!(
        told.of_code("77290"),
        ["2026-10-01 rejected IMRT-01", "2026-10-01 rejected IMRT-01"]
    );
    let served = told.line("77290", "rejected");
    let same_day = told.line("77261", "rejected");
    told.refuses(&[&["release", served.as_str()], &WHY[..]].concat(), "cannot be released");
    let refused = [&["release", "--override", same_day.as_str()], &WHY[..]].concat();
    told.refuses(&refused, "nobody may override IMRT-03");
    told.does(&[&["release", "--override", served.as_str()], &WHY[..]].concat());
    told.carried(6).await;
    let states: Vec<String> =
        told.of_code("77290").iter().map(|it| it.replace(" IMRT-01", "")).collect();
    assert_eq!(states, ["2026-10-01 ready", "2026-10-01 rejected"]);
    assert!(told.facility.taken().len() + told.professional.taken().len() > 0);
    let explained = told.does(&["explain", &served]);
    assert!(explained.contains("the chart says so"), "{explained}");
    told.sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_and_not_here_is_listed_and_the_course_says_what_is_off() {
    let course = planned(&fractions(6, 8)).replace("fx=3/8", "fx=4/8")
        + "10-05 IGRT-CBCT P1\n10-06 TX-2D P9 at=1700 session=late fx=8/8\n";
    let told = Told::new(&course).await;
    let due: Vec<String> = told
        .rows(&["expected"])
        .iter()
        .map(|row| format!("{} {}", row["reason"].as_str().unwrap(), row["what"].as_str().unwrap()))
        .collect();
    for expected in [
        "ORD-03 the physician's review",
        "FREQ-06 the physician's exam",
        "SEQ-02 the finished plan",
        "SEQ-04 fractions 3 7 were never told",
        "FREQ-08 physics check 1 is due",
    ] {
        assert!(due.iter().any(|row| row.starts_with(expected)), "{expected}: {due:#?}");
    }
    let course = &told.rows(&["courses"])[0];
    assert_eq!((&course["missing"], &course["doubled"]), (&"3 7".into(), &"4".into()));
    assert_eq!((&course["delivered"], &course["charged"]), (&7.into(), &6.into()));
    let off = course["billed_once"].as_str().unwrap();
    for part in ["1 delivered and not billed", "missing: 3 7", "given twice: 4"] {
        assert!(off.contains(part), "{off}");
    }
    let whole = Told::new(&(planned(&fractions(2, 2)) + "10-06 doc EOT\n")).await;
    assert_eq!(whole.rows(&["courses"])[0]["billed_once"], "ok");
    assert_eq!(whole.rows(&["expected"]).len(), 0);
}
