//! What goes out, over how many connections, in which order, and what a change of settings or a
//! stop does to it.

use std::collections::BTreeMap;

use collimator::app::Error;
use collimator::config::Tls;
use collimator::dispatch::Way;
use collimator::domain::Claim;
use collimator::domain::LineState::{Accepted, Queued, Sent, Unknown};
use collimator::trust;
use tokio::net::TcpStream;

use crate::support::certificates;
use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::{Others, Receiver, Step, Taken};
use crate::support::told::{account_of, case, course_of};
use crate::support::wait::until_so;

fn number(taken: &Taken) -> u64 {
    taken.transaction().trim_start_matches("CL").parse().unwrap()
}

/// The lines of each account came in the order in which they were drafted, each once.
fn assert_in_order(taken: &[Taken]) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for one in taken {
        let before = last.insert(one.account(), number(one));
        assert!(before < Some(number(one)), "{before:?} before {}", number(one));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_receiver_is_down_lines_wait_and_then_leave_once_in_order() {
    let mut facility = Receiver::down([], Others::Welcome);
    let mut professional = Receiver::down([], Others::Welcome);
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&[course_of(1), course_of(2), course_of(3)].concat()).await;
    daemon.stands(&[(Queued, 30)]).await;
    facility.up();
    professional.up();
    daemon.stands(&[(Accepted, 30)]).await;
    for receiver in [&facility, &professional] {
        assert_eq!(receiver.taken().len(), 15);
        assert_eq!(receiver.connects(), 1);
        assert_in_order(&receiver.taken());
    }
}

/// Many more lines than are looked at together wait, over a restart; then each leaves once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn case_18_what_waited_long_leaves_by_itself_to_the_last_line() {
    const PEOPLE: usize = 250;
    let mut facility = Receiver::down([], Others::Welcome);
    let professional = Receiver::yes();
    let target = Target::facility(&facility).over(4);
    let mut daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    let half = PEOPLE / 2;
    daemon.tell(&(1..=half).flat_map(course_of).collect::<Vec<_>>()).await;
    daemon.carried().await;
    daemon.restart().await;
    daemon.tell(&(half + 1..=PEOPLE).flat_map(course_of).collect::<Vec<_>>()).await;
    let lines = 5 * PEOPLE as u64;
    daemon.stands(&[(Accepted, lines), (Queued, lines)]).await;
    facility.up();
    daemon.stands(&[(Accepted, 2 * lines)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len() as u64, lines);
    assert_in_order(&taken);
}

/// Each way in which a receiver fails is told by its name, in words and in the numbers.
#[tokio::test(flavor = "multi_thread")]
async fn case_14_a_reset_is_no_timeout_and_a_refusal_neither() {
    let fault = |name: &str| format!("destination=\"hospital-billing\",fault=\"{name}\"}} ");
    for (step, name, words) in [
        (Step::Nothing, "Timeout", "no answer within 0 seconds"),
        (Step::Close, "Closed", "the connection was closed before an answer came"),
        (Step::Reset, "Reset", "the connection was reset before an answer came"),
        (Step::Bytes(b"\x0bhello\x1c\r"), "Garbage", "what came back is no HL7 message"),
    ] {
        let (facility, professional) = (Receiver::scripted([step]), Receiver::yes());
        let target = Target::facility(&facility).answering_within(200);
        let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
        daemon.tell(&course_of(1)).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        let text = daemon.attempts_at_the(Unknown).pop().unwrap().text.unwrap();
        assert_eq!(text, words);
        let numbers = daemon.numbers();
        assert!(numbers.contains(&fault(name)), "{name}: {numbers}");
    }
    let down = Receiver::down([], Others::Welcome);
    let target = Target::facility(&down);
    let nowhere = Target { way: mllp("nobody..invalid:2575"), ..target.clone() };
    let served = trust::server(&certificates::server("ec-pkcs8", false), certificates::now());
    let untrusted = Receiver::in_tls(served.unwrap().current());
    let in_tls = Target::facility(&untrusted).in_tls(&Tls::default());
    for (target, name) in [(target, "Refused"), (nowhere, "Name"), (in_tls, "Tls")] {
        let professional = Receiver::yes();
        let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
        daemon.tell(&course_of(1)).await;
        daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        until_so(name, || daemon.numbers().contains(&fault(name))).await;
    }
}

fn mllp(address: &str) -> Way {
    Way::Mllp { address: address.to_owned(), tls: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receiver_that_is_down_is_in_nobody_elses_way() {
    let down = Receiver::down([], Others::Welcome);
    let professional = Receiver::yes();
    let targets = vec![Target::facility(&down), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Queued, 5), (Accepted, 5)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k30_two_destinations_share_the_one_connection_of_their_receiver() {
    for others in [Others::Wait, Others::Reset] {
        let receiver = Receiver::one_at_a_time(others);
        let targets = vec![Target::facility(&receiver), Target::professional(&receiver)];
        let daemon = TestDaemon::start(targets).await;
        daemon.tell(&case("K-30")).await;
        daemon.stands(&[(Accepted, 10)]).await;
        assert_eq!(receiver.taken().len(), 10);
        assert_eq!(receiver.connects(), 1);
        for claims in ["hospital-billing", "physician-billing"] {
            let of = |one: &Taken| one.field("MSH", 6) == claims;
            let taken: Vec<Taken> = receiver.taken().into_iter().filter(of).collect();
            assert_eq!(taken.len(), 5);
            assert_in_order(&taken);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_connections_carry_many_accounts_each_in_order() {
    let (mut facility, professional) = (Receiver::down([], Others::Welcome), Receiver::yes());
    let targets = vec![Target::facility(&facility).over(4), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    let courses: Vec<Vec<u8>> = (1..=8).flat_map(course_of).collect();
    daemon.tell(&courses).await;
    daemon.stands(&[(Queued, 40), (Accepted, 40)]).await;
    facility.up();
    daemon.stands(&[(Accepted, 80)]).await;
    assert_in_order(&facility.taken());
    assert!((2..=4).contains(&facility.connects()), "{} connects", facility.connects());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_leaves_first_over_every_new_connection() {
    let mut facility = Receiver::down([], Others::Welcome);
    facility.always(Step::ThenClose(&["MSH|^~\\&|BILLING!MSA|AA|{id}"]));
    let professional = Receiver::yes();
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&[course_of(1), course_of(2)].concat()).await;
    daemon.stands(&[(Queued, 10), (Accepted, 10)]).await;
    facility.up();
    daemon.stands(&[(Accepted, 20)]).await;
    assert_in_order(&facility.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_answer_that_is_due() {
    let (facility, professional) = (Receiver::scripted([Step::Hold]), Receiver::yes());
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let mut daemon = TestDaemon::start(targets).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Sent, 1), (Queued, 4)]).await;
    let source = daemon.source("aria");
    let answered = async {
        while TcpStream::connect(source).await.is_ok() {}
        facility.let_go();
    };
    tokio::join!(daemon.stop(), answered);
    assert_eq!(facility.taken().len(), 1, "a stop takes no new line in hand");
    daemon.go().await.unwrap();
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(facility.taken().len(), 5);
    assert_in_order(&facility.taken());
}

/// K-31: ten lines wait for receivers that are down, and the daemon is stopped.
async fn ten_lines_wait() -> (TestDaemon, Receiver) {
    let hospital = Receiver::down([], Others::Welcome);
    let physicians = Receiver::down([], Others::Welcome);
    let targets = vec![Target::facility(&hospital), Target::professional(&physicians)];
    let mut daemon = TestDaemon::start(targets).await;
    daemon.tell(&case("K-31")).await;
    daemon.stands(&[(Queued, 10)]).await;
    daemon.stop().await;
    (daemon, physicians)
}

#[tokio::test(flavor = "multi_thread")]
async fn k31_b_lines_follow_their_destination_by_name_to_its_address_of_now() {
    let (mut daemon, mut physicians) = ten_lines_wait().await;
    let moved = Receiver::yes();
    physicians.up();
    daemon.set_targets(vec![Target::professional(&physicians), Target::facility(&moved)]);
    daemon.go().await.unwrap();
    daemon.stands(&[(Accepted, 10)]).await;
    assert!(moved.taken().iter().all(|one| one.field("MSH", 6) == "hospital-billing"));
    assert!(physicians.taken().iter().all(|one| one.field("MSH", 6) == "physician-billing"));
    assert_eq!((moved.taken().len(), physicians.taken().len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn k31_c_a_name_that_is_gone_while_lines_wait_for_it_stops_the_start() {
    let (mut daemon, mut physicians) = ten_lines_wait().await;
    let main = Receiver::yes();
    physicians.up();
    let renamed = Target::new("main-billing", Claim::Facility, &main);
    daemon.set_targets(vec![renamed, Target::professional(&physicians)]);
    let error = daemon.go().await.unwrap_err();
    assert_eq!(error.exit_status(), 78);
    let Error::LostDestinations(lost) = error else { panic!("{error}") };
    assert_eq!(lost, ["`hospital-billing` (5 lines)"]);
    assert!(main.taken().is_empty() && physicians.taken().is_empty());
    daemon.set_targets(vec![Target::facility(&main), Target::professional(&physicians)]);
    daemon.go().await.unwrap();
    daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k31_d_a_destination_that_is_new_gets_no_old_line() {
    let (mut daemon, mut physicians) = ten_lines_wait().await;
    let (moved, archive) = (Receiver::yes(), Receiver::yes());
    physicians.up();
    daemon.set_targets(vec![
        Target::professional(&physicians),
        Target::facility(&moved),
        Target::new("archive", Claim::Facility, &archive),
    ]);
    daemon.go().await.unwrap();
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!((moved.taken().len(), archive.taken().len()), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_destination_that_takes_a_claim_gets_its_lines() {
    let (hospital, archive, physicians) = (Receiver::yes(), Receiver::yes(), Receiver::yes());
    let daemon = TestDaemon::start(vec![
        Target::professional(&physicians),
        Target::facility(&hospital),
        Target::new("archive", Claim::Facility, &archive),
    ])
    .await;
    daemon.tell(&course_of(1)).await;
    daemon.stands(&[(Accepted, 15)]).await;
    assert_eq!((hospital.taken().len(), archive.taken().len()), (5, 5));
    assert!(archive.taken().iter().all(|one| one.account() == account_of(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_slow_holds_up_nobody_who_sends() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    facility.always(Step::Hold);
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&[course_of(1), course_of(2)].concat()).await;
    daemon.stands(&[(Accepted, 10), (Sent, 1), (Queued, 9)]).await;
    facility.let_go();
    until_so("everything is taken", || facility.taken().len() == 10).await;
    daemon.stands(&[(Accepted, 20)]).await;
}
