//! How senders want to be told: enhanced acknowledgments of a whole daemon, over one connection.

use collimator::app::SourcePlan;
use collimator::config::{Acknowledge, Manner};
use collimator::domain::{MessageId, MessageState};

use crate::support::daemon::TestDaemon;
use crate::support::sender::{Answer, Sender};
use crate::support::told::charge;
use crate::support::wait::until_so;

async fn daemon(manner: Manner) -> TestDaemon {
    let mut daemon = TestDaemon::stopped(Vec::new());
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    daemon.set_source(SourcePlan::mllp("aria", any).in_manner(manner));
    daemon.go().await.unwrap();
    daemon
}

/// A charge whose sender wants to be told so.
fn wishing(id: &str, commit: &str, application: &str) -> String {
    let message = charge(id);
    let (header, rest) = message.split_once('\r').unwrap();
    let mut fields: Vec<&str> = header.split('|').collect();
    fields.resize(14, "");
    format!("{}|{commit}|{application}\r{rest}", fields.join("|"))
}

fn told(answer: &Answer) -> (String, String) {
    (answer.code.clone(), answer.control_id.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_02_what_came_of_a_message_is_told_after_it_was_carried() {
    let daemon = daemon(Manner::default()).await;
    let mut sender = daemon.sender().await;
    let commit = sender.ask(wishing("E1", "AL", "AL").as_bytes()).await;
    assert_eq!(told(&commit), ("CA".into(), "E1".into()));
    let later = sender.answer().await.unwrap();
    assert_eq!(told(&later), ("AA".into(), "E1".into()));
    let header: Vec<&str> = later.text.split('\r').next().unwrap().split('|').collect();
    assert_eq!((header[14], header[15]), ("NE", "NE"), "nobody is to answer it");
    assert!(!header[9].is_empty() && header[9] != "E1", "it is an exchange of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_10_what_was_noted_is_said_beside_a_yes_where_a_source_wants_it() {
    let noted = |id: &str| charge(id).replacen("PID|1", "EVN|P11\rPID|1", 1);
    let wishing = |id: &str| wishing(id, "AL", "AL").replacen("PID|1", "EVN|P11\rPID|1", 1);
    let severities = |answer: &Answer| -> Vec<String> {
        let all = answer.text.split('\r').filter(|segment| segment.starts_with("ERR"));
        all.filter_map(|err| err.split('|').nth(4)).map(str::to_owned).collect()
    };
    let telling = daemon(Manner { tells_warnings: true, ..Manner::default() }).await;
    let mut sender = telling.sender().await;
    let answer = sender.ask(noted("N1").as_bytes()).await;
    assert_eq!((answer.code.as_str(), answer.error()), ("AA", ("EVN^1^1".into(), "201".into())));
    assert_eq!(severities(&answer), ["W"]);
    let commit = sender.ask(wishing("N2").as_bytes()).await;
    assert_eq!((commit.code.as_str(), severities(&commit)), ("CA", Vec::new()));
    let later = sender.answer().await.unwrap();
    assert_eq!((later.code.as_str(), severities(&later)), ("AA", vec!["W".to_owned()]));
    assert!(severities(&sender.ask(charge("N3").as_bytes()).await).is_empty());
    let usual = daemon(Manner::default()).await;
    let answer = usual.sender().await.ask(noted("N1").as_bytes()).await;
    assert_eq!((answer.code.as_str(), severities(&answer)), ("AA", Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_03_charges_without_a_charge_are_nothing_to_do_where_a_source_sends_such() {
    let none = |id: &str| charge(id).split_once("FT1|").unwrap().0.to_owned();
    let taking = daemon(Manner { without_charges: true, ..Manner::default() }).await;
    assert_eq!(taking.sender().await.ask(none("I1").as_bytes()).await.code, "AA");
    taking.carried().await;
    let state = taking.messages().remove(0).state;
    assert!(
        matches!(&state, MessageState::Ignored(why) if why.contains("nothing to do")),
        "{state:?}"
    );
    let usual = daemon(Manner::default()).await;
    let answer = usual.sender().await.ask(none("I2").as_bytes()).await;
    assert_eq!((answer.code.as_str(), answer.error()), ("AE", ("FT1^1".into(), "100".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_03_each_wish_is_kept() {
    let daemon = daemon(Manner::default()).await;
    let mut sender = daemon.sender().await;
    let bad = |id: &str, application: &str| {
        let message = wishing(id, "AL", application);
        let wrong = message.replace("||20261008|20261008120000|CG", "||soon|20261008120000|CG");
        assert_ne!(message, wrong);
        wrong
    };
    assert_eq!(sender.ask(bad("W1", "AL").as_bytes()).await.code, "CA");
    let later = sender.answer().await.unwrap();
    assert_eq!((later.code.as_str(), later.error()), ("AE", ("FT1^1^4".into(), "102".into())));
    assert_eq!(sender.ask(bad("W2", "SU").as_bytes()).await.code, "CE");
    assert_eq!(sender.ask(bad("W3", "NE").as_bytes()).await.code, "AE");
    assert_eq!(sender.ask(wishing("W4", "AL", "ER").as_bytes()).await.code, "CA");
    assert_eq!(told(&sender.ask(wishing("W5", "NE", "AL").as_bytes()).await).0, "AA");
    let unknown = wishing("W6", "AL", "AL").replace("DFT^P03^DFT_P03", "XYZ^Z01");
    assert_eq!(sender.ask(unknown.as_bytes()).await.code, "CR");
    let silent = wishing("W7", "NE", "NE");
    sender.write(&crate::support::sender::framed(silent.as_bytes())).await;
    assert_eq!(told(&sender.ask(charge("W8").as_bytes()).await), ("AA".into(), "W8".into()));
    daemon.carried().await;
    assert_eq!(daemon.messages().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_went_before_it_was_told_is_told_when_it_sends_again() {
    let daemon = daemon(Manner::default()).await;
    let mut sender = daemon.sender().await;
    sender.write(&crate::support::sender::framed(wishing("G1", "AL", "AL").as_bytes())).await;
    sender.reset();
    until_so("the message is stored", || daemon.intake().last() == MessageId(1)).await;
    let mut again: Sender = daemon.sender().await;
    assert_eq!(again.ask(wishing("G1", "AL", "AL").as_bytes()).await.code, "CA");
    assert_eq!(again.answer().await.unwrap().code, "AA");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_are_owed_are_all_told_in_their_order() {
    let daemon = daemon(Manner::default()).await;
    let mut sender = daemon.sender().await;
    let ids: Vec<String> = (0..600).map(|nth| format!("M{nth}")).collect();
    let frames = ids.iter().map(|id| wishing(id, "NE", "AL"));
    let stream: Vec<u8> =
        frames.flat_map(|it| crate::support::sender::framed(it.as_bytes())).collect();
    sender.write(&stream).await;
    let answers = sender.answers(600).await;
    let named: Vec<&String> = answers.iter().map(|answer| &answer.control_id).collect();
    assert_eq!(named, ids.iter().collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.code == "AA"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_be_answered_in_one_mode_whatever_it_wishes() {
    let original = Manner { acknowledge: Acknowledge::Original, ..Manner::default() };
    let enhanced = Manner { acknowledge: Acknowledge::Enhanced, ..Manner::default() };
    for (manner, code) in [(original, "AA"), (enhanced, "CA")] {
        let daemon = daemon(manner).await;
        let mut sender = daemon.sender().await;
        assert_eq!(sender.ask(charge("O1").as_bytes()).await.code, code);
        assert_eq!(sender.ask(wishing("O2", "AL", "NE").as_bytes()).await.code, code);
    }
}
