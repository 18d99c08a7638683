//! Accounts that are merged, numbered anew, or moved to another person: what was told on them goes
//! along, what has left stays as it left, and a credit goes where its charge went.

use std::collections::BTreeMap;

use collimator::domain::{LineState, Setting};
use collimator::store::{LineFilter, Look, Mark, Settled, Settlement};

use crate::support::carry::Desk;
use crate::support::told::{course_of, taken_back};

/// The plain course of one fraction: ten lines of patient 5000001 on the account A5000001.
const PATIENT: &str = "5000001";
const ACCOUNT: &str = "A5000001";

/// A desk, and how many messages about accounts it was told.
struct Story {
    desk: Desk,
    at_once: usize,
    told: u32,
}

impl Story {
    fn new(at_once: usize) -> Story {
        Story { desk: Desk::new(Setting::Hospital), at_once, told: 0 }
    }

    fn tell(&mut self, messages: &[Vec<u8>]) {
        let all = messages.iter().flat_map(|one| [one.as_slice(), b"\r"].concat());
        self.desk.file("aria", &all.collect::<Vec<u8>>(), self.at_once);
        assert!(self.desk.refused.is_empty(), "{:?}", self.desk.refused);
    }

    /// One step of a story:
    /// `told` the course, `head` and `tail` its parts · `bare` the course without accounts but
    /// for the registration · `credit` its fraction taken back, `credit@2` by another's number ·
    /// `A44:1>2` its account moves from the first person to the second · `A35:A>B` two accounts
    /// of the first become one (`A35@2:A>B` of the second) · `A40:1>2` the people become one ·
    /// `leave` what may leave leaves and is accepted · `restart`. A digit behind `/` is the hour
    /// of the message; without one it is later than the one before. `again@2` the course told of another.
    fn step(&mut self, step: &str) {
        let course = course_of(1);
        match step {
            "told" => self.tell(&course),
            "head" => self.tell(&course[..6]),
            "tail" => self.tell(&course[6..]),
            "bare" => {
                let bare = |one: &Vec<u8>| replaced(one, &format!("|{ACCOUNT}\r"), "|\r");
                let (first, others) = course.split_first().unwrap();
                self.tell(std::slice::from_ref(first));
                self.tell(&others.iter().map(bare).collect::<Vec<_>>());
            }
            "credit" => self.tell(&[taken_back(1)]),
            "credit@2" => self.tell(&[replaced(&taken_back(1), "|5000001^", "|2^")]),
            "again@2" => {
                let other = |one: &Vec<u8>| replaced(one, "|5000001^", "|2^");
                self.tell(&course.iter().map(other).collect::<Vec<_>>());
            }
            "leave" => leave(&self.desk),
            "restart" => self.desk.restart(),
            _ => self.account(step),
        }
    }

    fn account(&mut self, step: &str) {
        self.told += 1;
        let (step, hour) = match step.split_once('/') {
            Some((step, hour)) => (step, hour.parse().unwrap()),
            None => (step, self.told),
        };
        let (event, what) = step.split_once(':').unwrap();
        let (event, whose) = event.split_once('@').unwrap_or((event, "1"));
        let (from, to) = what.split_once('>').unwrap();
        let person = |it: &str| if it == "1" { PATIENT.to_owned() } else { it.to_owned() };
        let number = |it: &str| if it == "A" { ACCOUNT.to_owned() } else { it.to_owned() };
        let (pid, account, mrg) = match event {
            "A44" => {
                (person(to), String::new(), format!("{}^^^EXAMPLE^MR||{ACCOUNT}", person(from)))
            }
            "A40" => (person(to), String::new(), format!("{}^^^EXAMPLE^MR", person(from))),
            _ => (person(whose), number(to), format!("||{}", number(from))),
        };
        let made = format!("202610{:02}{hour:02}0000", 10);
        let id = self.told;
        let message = format!(
            "MSH|^~\\&|ADT|H|COLLIMATOR|EXAMPLE|{made}||ADT^{event}|MOVE{id}|P|2.5.1\rEVN|{event}\r\
             PID|1||{pid}^^^EXAMPLE^MR|||||||||||||||{account}\rMRG|{mrg}\r"
        );
        self.tell(&[message.into_bytes()]);
    }

    /// Every line that stands: `patient/account state xN`, reversals with a minus.
    fn shown(&self) -> String {
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for listed in self.desk.books.lines(LineFilter::default()) {
            let listed = listed.unwrap();
            let line = &listed.line;
            if line.state == LineState::Withdrawn {
                continue;
            }
            let patient = listed.patient.number.replace(PATIENT, "1");
            let account = line.line.account.as_deref().unwrap_or("-").replace(ACCOUNT, "A");
            let sign = if line.reverses.is_some() { "-" } else { "" };
            let key = format!("{sign}{patient}/{account} {}", line.state.as_str());
            *counted.entry(key).or_default() += 1;
        }
        let all: Vec<String> =
            counted.into_iter().map(|(key, count)| format!("{key} x{count}")).collect();
        all.join(", ")
    }
}

fn replaced(message: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(old), "{old}");
    text.replace(old, new).into_bytes()
}

/// Whatever may leave leaves, and gets its yes.
fn leave(desk: &Desk) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for destination in ["hospital-billing", "physician-billing"] {
            loop {
                let look = Look { limit: 1, ..Look::default() };
                let next = desk.books.next_to_send(destination, look).await.unwrap();
                let Some(next) = next.into_iter().next() else { break };
                let (line, at) = (next.line.id, "2026-11-25T13:00:00Z".parse().unwrap());
                let control_id = format!("L{line}");
                let mark = Mark {
                    line,
                    destination: destination.into(),
                    control_id: control_id.clone(),
                    bytes: "MSH|".into(),
                    content: Box::new(next.line.line.clone()),
                    at,
                };
                assert!(desk.books.mark_sent(mark).await.unwrap());
                let answer = Settled::Accepted;
                let settlement = Settlement { line, control_id, answer, bytes: None, at };
                desk.books.settle(settlement).await.unwrap();
            }
        }
    });
}

fn outcome(steps: &str, at_once: usize) -> String {
    let mut story = Story::new(at_once);
    steps.split_whitespace().for_each(|step| story.step(step));
    let verified = story.desk.books.verify().unwrap();
    assert!(verified.broken_at.is_none() && verified.tally_is_right, "{steps}");
    story.shown()
}

#[test]
fn case_42_what_is_told_on_an_account_goes_where_the_account_goes() {
    let moved = "2/A queued x10";
    let moved_out = "2/A accepted x10";
    let due_elsewhere = "-1/A held x10, 1/A accepted x10, 1/B held x10";
    for (steps, expected) in [
        // Moved to another person: the lines go along, whatever came first.
        ("told A44:1>2", moved),
        ("A44:1>2 told", moved),
        ("head A44:1>2 tail", moved),
        ("head A44:1>2 restart tail", moved),
        ("told leave A44:1>2", moved_out),
        ("told leave A44:1>2 restart told", moved_out),
        ("A44:1>2 told leave", moved_out),
        ("head leave A44:1>2 tail leave", moved_out),
        // Said twice, moved twice, moved in a circle, moved back.
        ("told A44:1>2 A44:1>2", moved),
        ("told leave A44:1>2 A44:2>3", "3/A accepted x10"),
        ("A44:1>2/1 A44:2>3/2 told", "3/A queued x10"),
        ("A44:2>3/2 told A44:1>2/1", "3/A queued x10"),
        ("told leave A44:1>2 A44:2>1", "1/A accepted x10"),
        ("told leave A44:1>2 restart A44:2>1 told", "1/A accepted x10"),
        ("A44:2>1/2 told A44:1>2/1", "1/A queued x10"),
        ("told leave A44:1>2 A44:2>3 A44:3>1", "1/A accepted x10"),
        // Accounts that become one: what has not left goes on with it; what has is proposed to be
        // put right.
        ("told A35:A>B", "1/B queued x10"),
        ("A35:A>B told", "1/B queued x10"),
        ("told A41:A>B leave", "1/B accepted x10"),
        ("told A49:A>B A35:B>C", "1/C queued x10"),
        ("A35:B>C/1 told A35:A>B/2", "1/C queued x10"),
        ("told A35:A>B A35:B>A", "1/A queued x10"),
        ("A35:B>A/2 A35:A>B/1 told", "1/A queued x10"),
        ("told leave A35:A>B", due_elsewhere),
        ("told leave restart A35:A>B restart told", due_elsewhere),
        ("told leave A35:A>B A35:B>A", "1/A accepted x10"),
        // Both: of two words about one account the later counts.
        ("told A35:A>B/1 A44:1>2/2", "2/A queued x10"),
        ("A44:1>2/2 told A35:A>B/1", "2/A queued x10"),
        ("told A44:1>2/1 A35@2:A>B/2", "2/B queued x10"),
        ("A35@2:A>B/2 told A44:1>2/1", "2/B queued x10"),
        // The people become one, before or after.
        ("told leave A44:1>2 A40:2>1", "1/A accepted x10"),
        ("told leave A40:1>2 A44:2>3", "3/A accepted x10"),
        ("told A44:1>2 A40:2>3", "3/A queued x10"),
    ] {
        for at_once in [1, 100] {
            assert_eq!(outcome(steps, at_once), expected, "{steps} {at_once}");
        }
    }
}

#[test]
fn the_order_of_arrival_decides_nothing() {
    let steps = ["head", "tail", "A44:1>2/1", "A35@2:A>B/2", "A40:2>3/3"];
    for mut place in 0..120 {
        let mut rest = steps.to_vec();
        let mut order = Vec::new();
        for left in (1..=rest.len()).rev() {
            order.push(rest.remove(place % left));
            place /= left;
        }
        let order = order.join(" restart ");
        assert_eq!(outcome(&order, 1), "3/B queued x10", "{order}");
    }
}

#[test]
fn case_39_and_42_a_credit_goes_to_the_account_that_received_the_charge() {
    for (steps, expected) in [
        // The delivery, the management that rests on it and the simulation that now waits again are
        // taken back where they went.
        ("told leave credit leave", "-1/A accepted x3, 1/A accepted x10, 1/A held x1"),
        ("told leave A44:1>2 credit leave", "-2/A accepted x3, 2/A accepted x10, 2/A held x1"),
        ("told leave A44:1>2 credit@2 leave", "-2/A accepted x3, 2/A accepted x10, 2/A held x1"),
        ("told leave credit@2 A44:1>2 leave", "-2/A accepted x3, 2/A accepted x10, 2/A held x1"),
        ("credit@2 A44:1>2 told leave", "2/A accepted x7, 2/A held x1"),
        ("credit A44:1>2 told leave", "2/A accepted x7, 2/A held x1"),
        ("told A35:A>B credit leave", "1/B accepted x7, 1/B held x1"),
        ("told A35:A>B leave credit leave", "-1/B accepted x3, 1/B accepted x10, 1/B held x1"),
        (
            "told leave A35:A>B credit leave",
            "-1/A accepted x2, -1/A held x8, 1/A accepted x10, 1/B held x8",
        ),
    ] {
        for at_once in [1, 100] {
            assert_eq!(outcome(steps, at_once), expected, "{steps} {at_once}");
        }
    }
}

#[test]
fn what_names_no_account_stays_where_it_was_told() {
    // The account of the registration is the other's now: nobody knows another one.
    let held = outcome("bare A44:1>2", 1);
    assert_eq!(held, "1/V5000001 queued x10", "the visit stands in, as reading 27 says");
    assert_eq!(outcome("bare leave A44:1>2", 1), "1/A accepted x10");
    assert_eq!(outcome("bare A35:A>B", 1), "1/B queued x10");
}

#[test]
fn a_charge_told_of_both_people_is_billed_once() {
    assert_eq!(outcome("told again@2 A44:1>2", 1), "2/A queued x10");
    assert_eq!(outcome("told leave again@2 A44:1>2 leave", 1), "2/A accepted x10");
    let twice = outcome("told again@2 leave A44:1>2 leave", 1);
    assert_eq!(twice, "-2/A accepted x10, 2/A accepted x20");
}
