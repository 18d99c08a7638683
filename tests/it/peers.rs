//! Billing systems that answer oddly, late, twice, or not at all: where each line stands then.

use collimator::domain::LineState::{Accepted, Declined, Queued, Unknown};
use collimator::mappings::destination::Repeat;

use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::{Receiver, Step, Taken};
use crate::support::told::{account_of, case, course_of};

/// A daemon whose facility lines go to this receiver, and professional ones to one that says yes.
async fn daemon(facility: &Receiver, professional: &Receiver) -> TestDaemon {
    let facility = Target::facility(facility).answering_within(400);
    TestDaemon::start(vec![facility, Target::professional(professional)]).await
}

fn ids(taken: &[Taken]) -> Vec<String> {
    taken.iter().map(Taken::transaction).collect()
}

fn assert_each_once(taken: &[Taken]) {
    let mut unique = ids(taken);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), taken.len(), "{:?}", ids(taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_yes_is_a_yes() {
    let spelled = [
        Step::Say("AA"),
        Step::Say("CA"),
        Step::Exactly("MSH|^~\\&|B|||||||X|P|2.5.1!MSA| aa | {id} |"),
        Step::Exactly("MSH|^~\\&|B!MSA|ca|{id}"),
        Step::Exactly("MSH|^~\\&!ERR||||!MSA|AA|{id}!ZZZ|1"),
    ];
    let (facility, professional) = (Receiver::scripted(spelled), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert_each_once(&facility.taken());
    assert_eq!(facility.taken().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_declines_with_the_receivers_words_and_the_account_goes_on() {
    let noes = [
        Step::No("AE", "Account is closed"),
        Step::No("AR", "Not now"),
        Step::No("CE", "No such account"),
        Step::No("CR", "Not ours"),
    ];
    let (facility, professional) = (Receiver::scripted(noes), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 6), (Declined, 4)]).await;
    let mut said: Vec<String> = daemon
        .lines_in(Declined)
        .iter()
        .flat_map(|listed| daemon.books().attempts_of(listed.line.id).unwrap())
        .map(|attempt| attempt.text.unwrap())
        .collect();
    said.sort();
    let expected = ["AE Account is closed", "AR Not now", "CE No such account", "CR Not ours"];
    assert_eq!(said, expected);
    assert_each_once(&facility.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_a_line_is_in_doubt_and_only_its_account_waits() {
    for silence in [
        Step::Nothing,
        Step::Close,
        Step::Reset,
        Step::Bytes(b"\x00\xff garbage \x1c\r"),
        Step::Bytes(b"HTTP/1.1 503 Service Unavailable\r\n\r\n<html>\x0b503</html>\x1c\r"),
        Step::Bytes(b"\x0bMSH|^~\\&|BILLING\rMSA|AA|CL"),
        Step::Bytes(b"MSH|^~\\&|BILLING\rMSA|AA|CL1-1\r"),
        Step::Exactly("MSH|^~\\&|BILLING!MSA|AA|{id}9"),
        Step::Exactly("MSH|^~\\&|BILLING!MSA|AA|"),
        Step::Exactly("MSH|^~\\&|BILLING!MSA|AA"),
        Step::Exactly("MSH|^~\\&|BILLING!MSA|YES|{id}"),
        Step::Exactly("MSH|^~\\&|BILLING!PID|1"),
        Step::ThenClose(&["<html>Bad gateway</html>"]),
    ] {
        let (facility, professional) = (Receiver::scripted([silence]), Receiver::yes());
        let mut daemon = daemon(&facility, &professional).await;
        daemon.tell(&course_of(1)).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        daemon.tell(&course_of(2)).await;
        daemon.stands(&[(Accepted, 15), (Unknown, 1), (Queued, 4)]).await;
        assert!(daemon.attempts_at_the(Unknown)[0].text.is_some());
        daemon.restart().await;
        daemon.tell(&course_of(3)).await;
        daemon.stands(&[(Accepted, 25), (Unknown, 1), (Queued, 4)]).await;
        assert_each_once(&facility.taken());
        assert_eq!(facility.taken().len(), 11);
        assert_eq!(facility.taken()[0].account(), account_of(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_yes_ends_the_doubt() {
    let script = [Step::Nothing, Step::AlsoOf(1)];
    let (facility, professional) = (Receiver::scripted(script), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&course_of(1)).await;
    daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
    daemon.tell(&course_of(2)).await;
    daemon.stands(&[(Accepted, 20)]).await;
    assert_each_once(&facility.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_yes_counts_for_nothing() {
    let script = [Step::Twice, Step::Twice, Step::No("AE", "No"), Step::Twice];
    let (facility, professional) = (Receiver::scripted(script), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    let declined = daemon.lines_in(Declined);
    assert_eq!(format!("CL{}", declined[0].line.id), ids(&facility.taken())[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn k28_a_commit_that_turns_into_a_no_declines_its_own_line() {
    let script = [Step::CommitThenNo("Account is closed")];
    let (facility, professional) = (Receiver::scripted(script), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    let attempts = daemon.attempts_at_the(Declined);
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].control_id, facility.taken()[0].control_id());
    assert_eq!(attempts[0].text.as_deref(), Some("AE Account is closed"));
    assert_each_once(&facility.taken());
    assert_eq!(facility.taken().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_comes_with_the_end_of_the_connection_is_heard() {
    let yes_and_no = Step::ThenClose(&[
        "MSH|^~\\&|BILLING!MSA|CA|{id}",
        "MSH|^~\\&|BILLING!MSA|AE|{id}|Account is closed",
    ]);
    let (facility, professional) = (Receiver::scripted([yes_and_no]), Receiver::yes());
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    assert_each_once(&facility.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_closes_after_each_answer_gets_every_line() {
    let facility = Receiver::yes();
    facility.always(Step::ThenClose(&["MSH|^~\\&|BILLING!MSA|AA|{id}"]));
    let professional = Receiver::yes();
    let daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(facility.connects(), 5);
}

async fn recognizing(facility: &Receiver, professional: &Receiver) -> TestDaemon {
    let facility = Target::facility(facility).answering_within(200);
    let facility = facility.recognizing(Repeat::ControlId);
    TestDaemon::start(vec![facility, Target::professional(professional)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_repeat_is_recognized_the_same_bytes_go_again() {
    let script = [Step::Close, Step::Nothing, Step::Reset];
    let (facility, professional) = (Receiver::scripted(script), Receiver::yes());
    let daemon = recognizing(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 8);
    assert!(taken[..4].iter().all(|one| one.bytes == taken[0].bytes));
    assert_each_once(&taken[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_go_five_times_at_most() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    facility.always(Step::Close);
    let mut daemon = recognizing(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    facility.has(5).await;
    daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
    daemon.restart().await;
    facility.always(Step::Say("AA"));
    daemon.tell(&course_of(2)).await;
    daemon.stands(&[(Accepted, 15), (Unknown, 1), (Queued, 4)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 10);
    assert!(taken[..5].iter().all(|one| one.bytes == taken[0].bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_left_in_doubt_goes_again_once_its_receiver_recognizes_repeats() {
    let (facility, professional) = (Receiver::scripted([Step::Close]), Receiver::yes());
    let mut daemon = daemon(&facility, &professional).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
    daemon.stop().await;
    let recognizes = Target::facility(&facility).recognizing(Repeat::ControlId);
    daemon.set_targets(vec![recognizes, Target::professional(&professional)]);
    daemon.go().await.unwrap();
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 6);
    assert_eq!(taken[0].bytes, taken[1].bytes);
}
