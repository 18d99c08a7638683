//! Lines of an account in one message: what leaves together, and what an answer says of each.

use std::collections::BTreeMap;

use collimator::domain::LineState::{Accepted, Declined, Queued, Unknown, Withdrawn};
use collimator::domain::{Claim, Clock, LineState};
use collimator::mappings::destination::{After, Partial, Policy, Repeat};
use collimator::store::{Expected, LineChange};
use collimator::wire::hl7;

use crate::support::daemon::{Target, TestClock, TestDaemon};
use crate::support::receiver::{Others, Receiver, Step, Taken};
use crate::support::told::{case, course_of, taken_back};
use crate::support::wait::until_so;

/// A policy that waits for nothing.
fn quick() -> Policy {
    Policy { retry_seconds: 0, breaker: 0, ..Policy::default() }
}

/// Five facility lines of one account, which wait until their receiver is there.
async fn five(
    script: Vec<Step>,
    change: impl Fn(Target) -> Target,
) -> (TestDaemon, Receiver, Receiver) {
    let mut facility = Receiver::down(script, Others::Welcome);
    let professional = Receiver::yes();
    let target = change(Target::facility(&facility).by_policy(quick()).by_visit());
    let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    facility.up();
    (daemon, facility, professional)
}

/// The numbers of the lines of a message (FT1-2), in its order.
fn numbers(taken: &Taken) -> Vec<String> {
    let message = taken.message();
    message.all("FT1").map(|segment| segment.field(2).code().into_owned()).collect()
}

/// How often each line went out in a message that was taken.
fn times<'a>(taken: impl Iterator<Item = &'a Taken>) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for number in taken.flat_map(numbers) {
        *times.entry(number).or_default() += 1;
    }
    times
}

fn text_of_the(daemon: &TestDaemon, state: LineState) -> String {
    daemon.attempts_at_the(state).pop().unwrap().text.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn out_1_the_lines_of_an_account_leave_in_one_message_each_with_its_number() {
    let (daemon, facility, _professional) = five(vec![], |target| target).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 1);
    let message = taken[0].message();
    let sets: Vec<_> = message.all("FT1").map(|it| it.field(1).code().into_owned()).collect();
    assert_eq!(sets, ["1", "2", "3", "4", "5"]);
    assert_eq!(times(taken.iter()).len(), 5);
    let of_one = message.all("ZFT").count();
    assert_eq!(of_one, 5, "what belongs to a line stands behind it");
    let lines = daemon.lines_in(Accepted).into_iter().map(|listed| listed.line);
    let facility_lines: Vec<_> =
        lines.filter(|line| line.destination.as_deref() == Some("hospital-billing")).collect();
    for line in &facility_lines {
        let attempts = daemon.books().attempts_of(line.id).unwrap();
        assert_eq!(attempts[0].bytes, taken[0].bytes, "each line shows the whole message");
        assert_eq!(attempts[0].together.len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_not_put_together() {
    let mut facility = Receiver::down([], Others::Welcome);
    let professional = Receiver::yes();
    let target = Target::facility(&facility).by_visit().over(3);
    let daemon = TestDaemon::start(vec![target, Target::professional(&professional)]).await;
    daemon.tell(&(1..=3).flat_map(course_of).collect::<Vec<_>>()).await;
    daemon.stands(&[(Accepted, 15), (Queued, 15)]).await;
    facility.up();
    daemon.stands(&[(Accepted, 30)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 3);
    assert_eq!(times(taken.iter()).len(), 15);
    for one in &taken {
        assert_eq!(numbers(one).len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_37_one_line_is_refused_and_the_others_go_through_once() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}!ERR||FT1^3^7|103|E||||unknown charge number";
    let (daemon, facility, _professional) = five(vec![Step::Exactly(no)], |target| target).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    assert_eq!(text_of_the(&daemon, Declined), "AE unknown charge number");
    let taken = facility.taken();
    let refused = numbers(&taken[0])[2].clone();
    let accepted = times(taken[1..].iter());
    assert_eq!(accepted.len(), 4);
    assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
    assert!(!accepted.contains_key(&refused));
    let ids: std::collections::BTreeSet<_> = taken.iter().map(Taken::control_id).collect();
    assert_eq!(ids.len(), taken.len(), "a new message has a new number");
}

#[tokio::test(flavor = "multi_thread")]
async fn case_37_where_no_line_is_named_each_goes_alone_until_the_wrong_one_is_found() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}|no";
    let this = "MSH|^~\\&|B!MSA|AE|{id}|this one";
    let script = vec![Step::Exactly(no), Step::Say("AA"), Step::Exactly(this)];
    let (daemon, facility, _professional) = five(script, |target| target).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    assert_eq!(text_of_the(&daemon, Declined), "AE this one");
    let sizes: Vec<usize> = facility.taken().iter().map(|it| numbers(it).len()).collect();
    assert_eq!(sizes, [5, 1, 1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_to_what_all_lines_share_declines_all_and_sends_none_again() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}|refused!ERR||PID^1^3|204|E||||unknown patient";
    let (daemon, facility, _professional) = five(vec![Step::Exactly(no)], |target| target).await;
    daemon.stands(&[(Accepted, 5), (Declined, 5)]).await;
    assert_eq!(facility.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_keeps_what_it_does_not_name_gets_nothing_again() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}!ERR||FT1^2^7~FT1^5^7|103|E||||unknown";
    let partial = Policy { partial: Partial::Taken, ..quick() };
    let (daemon, facility, _professional) =
        five(vec![Step::Exactly(no)], |target| target.by_policy(partial.clone())).await;
    daemon.stands(&[(Accepted, 8), (Declined, 2)]).await;
    assert_eq!(facility.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_receiver_is_asked_again_and_each_line_arrives_once() {
    let reject = Policy { reject: After::Retry, ..quick() };
    let (daemon, facility, _professional) =
        five(vec![Step::Say("AR")], |target| target.by_policy(reject.clone())).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let accepted = times(facility.taken()[1..].iter());
    assert!(accepted.len() == 5 && accepted.values().all(|times| *times == 1), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_doubt_together_goes_again_together_as_the_same_bytes() {
    let (mut daemon, facility, _professional) = five(vec![Step::Close], |target| {
        let breaker = Policy { breaker: 1, breaker_seconds: 3_600, ..quick() };
        target.recognizing(Repeat::ControlId).by_policy(breaker)
    })
    .await;
    daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
    daemon.restart().await;
    daemon.stands(&[(Accepted, 10)]).await;
    let taken = facility.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].bytes, taken[1].bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_doubt_together_waits_for_a_person_where_no_repeat_is_recognized() {
    let (mut daemon, facility, _professional) = five(vec![Step::Close], |target| target).await;
    daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
    daemon.restart().await;
    daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
    assert_eq!(facility.taken().len(), 1);
}

/// While it is in doubt whether a charge arrived, the work is taken back: what goes again is the
/// charge, and behind its yes the credit. Before, the line was withdrawn as if it had never left.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_while_it_is_in_doubt_is_credited() {
    let mut facility = Receiver::down([Step::Close], Others::Welcome);
    let professional = Receiver::yes();
    let waits = Policy { breaker: 1, breaker_seconds: 3_600, ..quick() };
    let target = Target::facility(&facility).recognizing(Repeat::ControlId).by_policy(waits);
    let targets = vec![target.by_visit(), Target::professional(&professional)];
    let mut daemon = TestDaemon::start(targets).await;
    daemon.tell(&course_of(1)).await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    facility.up();
    daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
    daemon.tell(&[taken_back(1)]).await;
    daemon.carried().await;
    let books = daemon.books().lines(Default::default()).map(|line| line.unwrap().line);
    let of_facility =
        |line: &collimator::domain::BookedLine| line.line.claim == Some(Claim::Facility);
    let gone = books.filter(of_facility).filter(|line| line.state == Withdrawn).count();
    assert_eq!(gone, 0, "nobody knows whether it arrived, so it is not simply gone");
    daemon.restart().await;
    daemon.settled().await;
    let taken = facility.taken();
    assert_eq!(taken[0].bytes, taken[1].bytes);
    let charged = numbers(&taken[0]);
    let credits: Vec<String> = taken[2..]
        .iter()
        .flat_map(|one| {
            let message = one.message();
            let all: Vec<_> = message.all("FT1").map(|it| (it.field(6), it.field(31))).collect();
            let credits = all.iter().filter(|(kind, _)| kind.code() == "CD");
            credits.map(|(_, of)| of.code().into_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert!(!credits.is_empty() && credits.iter().all(|of| charged.contains(of)), "{credits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_follows_a_commit_sends_nothing_again_by_itself() {
    let (daemon, facility, _professional) =
        five(vec![Step::CommitThenNo("cannot be posted")], |target| target).await;
    daemon.stands(&[(Accepted, 10)]).await;
    daemon.tell(&course_of(2)).await;
    until_so("the late no is heard", || daemon.lines_in(Declined).len() == 5).await;
    daemon.settled().await;
    let taken = facility.taken();
    let first = numbers(&taken[0]);
    let again = taken[1..].iter().flat_map(numbers).filter(|it| first.contains(it)).count();
    assert_eq!(again, 0, "what counted as taken goes again only by a person's word");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hold_a_message_for_each_account() {
    let folder = tempfile::tempdir().unwrap();
    let professional = Receiver::yes();
    let files = Target::folder("facility", Claim::Facility, folder.path(), 50).by_visit();
    let mut daemon = TestDaemon::stopped(vec![files, Target::professional(&professional)]);
    daemon.go().await.unwrap();
    daemon.tell(&(1..=2).flat_map(course_of).collect::<Vec<_>>()).await;
    daemon.stands(&[(Accepted, 20)]).await;
    let mut lines = BTreeMap::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let messages = hl7::split(&bytes);
        let count = text.split('\r').find(|line| line.starts_with("BTS|")).unwrap();
        assert_eq!(count.split('|').nth(1).unwrap(), messages.len().to_string());
        for message in messages {
            for number in numbers(&Taken { bytes: message.to_vec() }) {
                *lines.entry(number).or_insert(0) += 1;
            }
        }
    }
    assert!(lines.len() == 10 && lines.values().all(|times| *times == 1), "{lines:?}");
}

/// The receiver keeps four of five and is asked again about the fifth alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_kept_does_not_go_again_with_what_is_tried_later() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}!ERR||FT1^2^7|103|E||||unknown";
    for error in [After::Retry, After::Pause] {
        let partial = Policy { partial: Partial::Taken, error, ..quick() };
        let (daemon, facility, _professional) =
            five(vec![Step::Exactly(no)], |target| target.by_policy(partial.clone())).await;
        match error {
            After::Pause => daemon.stands(&[(Accepted, 9), (Queued, 1)]).await,
            After::Retry | After::Person => daemon.stands(&[(Accepted, 10)]).await,
        }
        let refused = numbers(&facility.taken()[0])[1].clone();
        let again = times(facility.taken()[1..].iter());
        assert!(again.keys().all(|number| *number == refused), "{again:?}");
    }
}

/// What its receiver no longer recognizes does not go again, over whatever way.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_doubt_stays_so_where_its_repeat_is_recognized_no_longer() {
    for into_files in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut facility = Receiver::down([Step::Close], Others::Welcome);
        let professional = Receiver::yes();
        let policy = Policy { breaker: 1, breaker_seconds: 3_600, ..quick() };
        let over_mllp = |repeat| {
            let target = Target::facility(&facility).by_visit().by_policy(policy.clone());
            target.recognizing(repeat)
        };
        let targets = |facility| vec![facility, Target::professional(&professional)];
        let mut daemon = TestDaemon::start(targets(over_mllp(Repeat::ControlId))).await;
        let later = match into_files {
            true => {
                Target::folder("hospital-billing", Claim::Facility, folder.path(), 1).by_visit()
            }
            false => over_mllp(Repeat::No),
        };
        let later = targets(later);
        daemon.tell(&course_of(1)).await;
        daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        facility.up();
        daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
        daemon.stop().await;
        daemon.set_targets(later);
        daemon.go().await.unwrap();
        daemon.tell(&course_of(2)).await;
        daemon.stands(&[(Accepted, 15), (Unknown, 5)]).await;
        let first = numbers(&facility.taken()[0]);
        let sent: Vec<String> = facility.taken().iter().skip(1).flat_map(numbers).collect();
        assert!(sent.iter().all(|number| !first.contains(number)), "{sent:?}");
    }
}

/// A person vouches for the first of five lines in doubt; the same bytes go again, and the receiver
/// names its second FT1: that is the second of all five.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_lines_by_their_place_in_the_message_whoever_still_waits() {
    let no = "MSH|^~\\&|B!MSA|AE|{id}!ERR||FT1^2^7|103|E||||unknown";
    let script = vec![Step::Close, Step::Exactly(no)];
    let (mut daemon, facility, _professional) = five(script, |target| {
        let partial = Partial::Taken;
        let policy = Policy { breaker: 1, breaker_seconds: 3_600, partial, ..quick() };
        target.recognizing(Repeat::ControlId).by_policy(policy)
    })
    .await;
    daemon.stands(&[(Accepted, 5), (Unknown, 5)]).await;
    let first = daemon.lines_in(Unknown).into_iter().map(|listed| listed.line);
    let first = first.min_by_key(|line| line.id).unwrap();
    let vouched = LineChange {
        line: first.id,
        expects: Expected::of(&first),
        to: Accepted,
        findings: first.findings.clone(),
        decision: first.decision.clone(),
        content: None,
        entries: vec![],
    };
    daemon.books().decide(vec![vouched], TestClock::default().now()).unwrap();
    daemon.restart().await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    let taken = facility.taken();
    assert_eq!(taken[0].bytes, taken[1].bytes);
    let declined = daemon.lines_in(Declined)[0].line.id;
    assert_eq!(format!("CL{declined}"), numbers(&taken[0])[1]);
}

/// A no that is said twice is no word on the message that followed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_is_repeated_does_not_count_for_the_next_message() {
    let (daemon, facility, _professional) =
        five(vec![Step::NoTwice("MSH|^~\\&|B!MSA|AE|{id}|no")], |target| target).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let accepted = times(facility.taken()[1..].iter());
    assert!(accepted.len() == 5 && accepted.values().all(|times| *times == 1), "{accepted:?}");
}
