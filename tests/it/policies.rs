//! What follows from each answer of a receiver, and what a person does with a whole destination.

use std::time::Duration;

use collimator::domain::LineState::{Accepted, Declined, Queued, Unknown};
use collimator::domain::{Clock, Who};
use collimator::mappings::destination::{After, Mismatch, Policy, Repeat};
use collimator::store::{Steer, Steering};

use crate::support::daemon::{Target, TestClock, TestDaemon};
use crate::support::receiver::{Others, Receiver, Step};
use crate::support::told::{case, course_of};
use crate::support::wait::until_so;

/// A policy that waits for nothing.
fn quick() -> Policy {
    Policy { retry_seconds: 0, breaker: 0, ..Policy::default() }
}

/// K-28: five facility lines by this policy to a receiver of this script.
async fn told(facility: &Receiver, policy: Policy) -> TestDaemon {
    let professional = Receiver::yes();
    let targets =
        vec![Target::facility(facility).by_policy(policy), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&case("K-28")).await;
    until_so("the professional lines are taken", || professional.taken().len() == 5).await;
    daemon
}

async fn steer(daemon: &TestDaemon, steer: Steer) {
    let who = Who::Person { name: "ann".into(), reason: "their upgrade".into() };
    let at = TestClock::default().now();
    let steering = Steering { destination: "hospital-billing".into(), steer, who, at };
    assert!(daemon.books().steer(steering).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn out_7_a_receiver_that_is_busy_is_asked_again_by_a_new_message_about_the_same_line() {
    let facility = Receiver::scripted([Step::Say("AR"), Step::Say("AR")]);
    let daemon = told(&facility, Policy { reject: After::Retry, ..quick() }).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 7);
    let first: Vec<_> = taken.iter().take(3).map(|one| one.transaction()).collect();
    assert!(first.iter().all(|it| *it == first[0]), "order is kept: {first:?}");
    assert_ne!(taken[0].control_id(), taken[1].control_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn out_7_after_its_tries_a_line_goes_to_a_person() {
    let facility = Receiver::scripted(vec![Step::Say("AR"); 3]);
    let policy = Policy { reject: After::Retry, tries: 3, ..quick() };
    let daemon = told(&facility, policy).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    assert_eq!(facility.taken().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn out_7_an_error_can_pause_the_destination_until_a_person_resumes_it() {
    let facility = Receiver::scripted([Step::No("AE", "FT1-13 unknown")]);
    let daemon = told(&facility, Policy { error: After::Pause, ..quick() }).await;
    until_so("it is paused", || daemon.books().pauses().unwrap().len() == 1).await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    assert_eq!(facility.taken().len(), 1);
    assert_eq!(daemon.books().pauses().unwrap()[0].who, Who::Daemon);
    steer(&daemon, Steer::Resume).await;
    daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_7_an_answer_that_echoes_nothing_counts_only_where_the_policy_says_so() {
    const OWN: Step = Step::Exactly("MSH|^~\\&|BILLING!MSA|AA|77");
    let facility = Receiver::yes();
    facility.always(OWN);
    let lenient = Policy { mismatch: Mismatch::Accept, ..quick() };
    told(&facility, lenient).await.stands(&[(Accepted, 10)]).await;

    let (strict, professional) = (Receiver::yes(), Receiver::yes());
    strict.always(OWN);
    let target = Target::facility(&strict).by_policy(quick()).answering_within(100);
    let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Queued, 4), (Unknown, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_7_a_receiver_that_fails_in_a_row_is_left_alone() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    facility.always(Step::Nothing);
    let policy = Policy { breaker: 2, breaker_seconds: 3_600, ..quick() };
    let target = Target::facility(&facility).by_policy(policy).answering_within(50);
    let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&(1..=4).flat_map(course_of).collect::<Vec<_>>()).await;
    daemon.stands(&[(Accepted, 20), (Queued, 18), (Unknown, 2)]).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(facility.taken().len(), 2, "accounts that wait are not thrown after those lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_is_repeated_does_not_count_for_the_next_try() {
    let facility = Receiver::scripted([Step::NoTwice("MSH|^~\\&|B!MSA|AE|{id}|no")]);
    let daemon = told(&facility, Policy { error: After::Retry, ..quick() }).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(facility.taken().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_to_look_at_does_not_go_again_by_a_restart() {
    let facility = Receiver::scripted([Step::Close]);
    let professional = Receiver::yes();
    let policy = Policy { closed: Some(After::Person), ..quick() };
    let target = Target::facility(&facility).recognizing(Repeat::ControlId).by_policy(policy);
    let mut daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Queued, 4), (Unknown, 1)]).await;
    daemon.restart().await;
    daemon.tell(&course_of(2)).await;
    daemon.stands(&[(Accepted, 15), (Queued, 4), (Unknown, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_5_what_had_no_answer_goes_again_as_the_same_bytes() {
    let facility = Receiver::scripted([Step::Close]);
    let professional = Receiver::yes();
    let target = Target::facility(&facility).recognizing(Repeat::ControlId);
    let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken[0].bytes, taken[1].bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_keep_their_interval() {
    let facility = Receiver::yes();
    let begun = std::time::Instant::now();
    let daemon = told(&facility, Policy { interval_ms: 150, ..quick() }).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert!(begun.elapsed() >= Duration::from_millis(4 * 150));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_paused_drains_and_resumes_as_a_person_says() {
    let mut facility = Receiver::down([], Others::Welcome);
    let professional = Receiver::yes();
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let mut daemon = TestDaemon::start(targets).await;
    steer(&daemon, Steer::Pause).await;
    facility.up();
    daemon.tell(&course_of(1)).await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    daemon.restart().await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    assert!(facility.taken().is_empty(), "a pause outlives a restart");
    steer(&daemon, Steer::Drain).await;
    daemon.stands(&[(Accepted, 10)]).await;
    daemon.tell(&course_of(2)).await;
    daemon.stands(&[(Accepted, 15), (Queued, 5)]).await;
    assert_eq!(daemon.books().pauses().unwrap()[0].left, Some(0));
    steer(&daemon, Steer::Resume).await;
    daemon.stands(&[(Accepted, 20)]).await;
}
