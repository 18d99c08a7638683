//! Messages that are told in several parts (C-13): what is stored, answered, and billed.

use collimator::app::SourcePlan;
use collimator::config::Manner;
use collimator::domain::{MessageId, MessageState};
use std::time::Duration;

use crate::support::daemon::TestDaemon;
use crate::support::told::charge;

/// The parts of a charge, cut within its FT1: pointers that begin with this.
fn parts(id: &str, pointer: &str, wishes: &str) -> [Vec<u8>; 3] {
    let message = charge(id);
    let (head, rest) = message.split_once("PV1|").unwrap();
    let (header, patient) = head.split_once('\r').unwrap();
    let (before, after) = rest.split_once("CG|TX").unwrap();
    let numbered = |number: usize, from: &str| {
        header.replace(&format!("|{id}|"), &format!("|{id}-{number}|")) + "||" + from + wishes
    };
    [
        format!("{}\r{patient}DSC|{pointer}1|F\r", numbered(1, "")),
        format!(
            "{}\rPV1|{before}CG|T\rADD|\rDSC|{pointer}2|F\r",
            numbered(2, &format!("{pointer}1"))
        ),
        format!("{}\rADD|X{after}", numbered(3, &format!("{pointer}2"))),
    ]
    .map(String::into_bytes)
}

async fn joining() -> TestDaemon {
    let mut daemon = TestDaemon::stopped(Vec::new());
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let manner = Manner { joins_within: Some(Duration::from_secs(600)), ..Manner::default() };
    daemon.set_source(SourcePlan::mllp("aria", any).in_manner(manner));
    daemon.go().await.unwrap();
    daemon
}

fn states(daemon: &TestDaemon) -> Vec<&'static str> {
    daemon.messages().iter().map(|it| it.state.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn c_13_parts_over_two_connections_and_a_restart_are_one_charge() {
    let of_one = {
        let plain = TestDaemon::start(Vec::new()).await;
        plain.tell(&[charge("W1").into_bytes()]).await;
        plain.carried().await;
        plain.lines().len()
    };
    let mut daemon = joining().await;
    let [first, second, third] = parts("W1", "P", "");
    daemon.tell(std::slice::from_ref(&first)).await;
    daemon.tell(std::slice::from_ref(&third)).await;
    daemon.restart().await;
    daemon.tell(&[first.clone(), second.clone()]).await;
    daemon.carried().await;
    assert_eq!(states(&daemon), ["ignored", "ignored", "ignored", "done"]);
    assert!(of_one > 0 && daemon.lines().len() == of_one, "{:?}", daemon.lines());
    let whole = &daemon.messages()[3];
    assert!(whole.notes.contains(&"put together from the fragments 1 4 2".to_owned()), "{whole:?}");
    assert_eq!(daemon.intake().get(MessageId(4)).unwrap().unwrap().raw, second);
    daemon.tell(&[third, second, first]).await;
    daemon.carried().await;
    assert_eq!(daemon.lines().len(), of_one, "the same parts once more change nothing");
    assert!(daemon.messages()[4..].iter().all(|it| it.state.name() == "ignored"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c_13_two_messages_may_come_in_parts_at_once_and_a_pointer_nobody_announced_waits() {
    let daemon = joining().await;
    let ([a1, a2, a3], [b1, b2, b3]) = (parts("A1", "P", ""), parts("B1", "Q", ""));
    let [_, lost, _] = parts("C1", "R", "");
    daemon.tell(&[a1, b1, lost, b2, a2, b3, a3]).await;
    daemon.carried().await;
    let expected = ["ignored", "ignored", "ignored", "ignored", "ignored", "done", "done"];
    assert_eq!(states(&daemon), expected);
    let notes: Vec<String> =
        daemon.messages()[5..].iter().flat_map(|it| it.notes.clone()).collect();
    for told in ["put together from the fragments 2 4 6", "put together from the fragments 1 5 7"] {
        assert!(notes.iter().any(|note| note == told), "{notes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_13_each_part_is_accepted_and_the_application_answer_names_the_first() {
    let daemon = joining().await;
    let mut sender = daemon.sender().await;
    let parts = parts("E1", "P", "|AL|AL");
    for (part, id) in parts.iter().zip(["E1-1", "E1-2", "E1-3"]) {
        let answer = sender.ask(part).await;
        assert_eq!((answer.code.as_str(), answer.control_id.as_str()), ("CA", id));
    }
    let later = sender.answer().await.unwrap();
    assert_eq!((later.code.as_str(), later.control_id.as_str()), ("AA", "E1-1"));
    assert_eq!(sender.ask(&parts[2]).await.code, "CA");
    let again = sender.answer().await.unwrap();
    assert_eq!((again.code.as_str(), again.control_id.as_str()), ("AA", "E1-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c_13_what_is_wrong_in_the_whole_is_told_of_the_whole() {
    let daemon = joining().await;
    let mut sender = daemon.sender().await;
    let [first, second, third] = parts("B1", "P", "|AL|AL");
    let second = String::from_utf8(second).unwrap().replace("||20261008|2026", "||soon|2026");
    for part in [first, second.into_bytes()] {
        assert_eq!(sender.ask(&part).await.code, "CA");
    }
    assert_eq!(sender.ask(&third).await.code, "CA");
    let later = sender.answer().await.unwrap();
    assert_eq!((later.code.as_str(), later.error()), ("AE", ("FT1^1^4".into(), "102".into())));
    let [first, second, third] = parts("B2", "P", "|AL|AL");
    let other = String::from_utf8(third).unwrap().replace("^~\\&", "^~\\@");
    for part in [first, second, other.into_bytes()] {
        assert_eq!(sender.ask(&part).await.code, "CA");
    }
    assert_eq!(sender.answer().await.unwrap().code, "AE");
    daemon.carried().await;
    let refused = daemon.messages().into_iter().filter(|it| it.state.name() == "refused");
    let reasons: Vec<String> = refused
        .filter_map(|it| match it.state {
            MessageState::Refused(reason) => Some(reason.text),
            MessageState::Waiting
            | MessageState::Done
            | MessageState::Ignored(_)
            | MessageState::Stuck(_) => None,
        })
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[1].contains("other delimiters"), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c_13_a_source_that_does_not_join_refuses_each_part() {
    let daemon = TestDaemon::start(Vec::new()).await;
    for answer in daemon.send(&parts("R1", "P", "")).await {
        assert_eq!((answer.code.as_str(), answer.error().1.as_str()), ("AR", "200"));
    }
    daemon.carried().await;
    assert_eq!(states(&daemon), ["refused"; 3]);
}
