//! What came of a message, told to its sender at an address of its own (A-2, A-9).

use collimator::app::SourcePlan;
use collimator::config::Manner;
use collimator::receive::CallBack;
use collimator::trust;

use crate::support::certificates::{self, client, server};
use crate::support::daemon::TestDaemon;
use crate::support::receiver::{Others, Receiver, Step, Taken};
use crate::support::told::charge;

/// A daemon that tells its source elsewhere what came of messages.
fn stopped(to: CallBack) -> TestDaemon {
    let mut daemon = TestDaemon::stopped(Vec::new());
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    daemon.set_source(SourcePlan::mllp("aria", any).answered_at(to));
    daemon
}

fn plain(receiver: &Receiver) -> CallBack {
    CallBack { address: receiver.address().to_string(), tls: None }
}

/// A charge whose sender wants an accept and an application acknowledgment.
fn wishing(id: &str) -> String {
    charge(id).replacen("|2.5.1\r", "|2.5.1|||AL|AL\r", 1)
}

/// MSA-1 and MSA-2 of what was told.
fn told(taken: &[Taken]) -> Vec<(String, String)> {
    taken.iter().map(|it| (it.field("MSA", 1), it.field("MSA", 2))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(code, id)| ((*code).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_02_what_came_of_a_message_is_told_where_its_sender_wants_to_hear_it() {
    let receiver = Receiver::yes();
    let mut daemon = stopped(plain(&receiver));
    daemon.go().await.unwrap();
    let mut sender = daemon.sender().await;
    assert_eq!(sender.ask(wishing("E1").as_bytes()).await.code, "CA");
    let wrong = wishing("E2").replace("||20261008|2026", "||soon|2026");
    assert_eq!(sender.ask(wrong.as_bytes()).await.code, "CA");
    let unknown = wishing("E3").replace("DFT^P03^DFT_P03", "XYZ^Z01");
    assert_eq!(sender.ask(unknown.as_bytes()).await.code, "CR", "what is said at once is all");
    assert_eq!(sender.ask(charge("E4").as_bytes()).await.code, "AA", "who wants no more gets none");
    assert_eq!(sender.ask(wishing("E5").as_bytes()).await.code, "CA");
    let taken = receiver.has(3).await;
    assert_eq!(told(&taken), pairs(&[("AA", "E1"), ("AE", "E2"), ("AA", "E5")]));
    assert_eq!((taken[0].field("MSH", 15), taken[0].field("MSH", 16)), ("NE".into(), "NE".into()));
    assert_ne!(taken[0].control_id(), "E1", "it is an exchange of its own");
    sender.end().await;
    assert_eq!(sender.answer().await, None, "over its own connection nothing more was said");
    assert_eq!(daemon.messages().len(), 5, "the answers to our answers are no messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_02_a_sender_that_cannot_be_reached_is_told_once_it_can_and_after_a_restart() {
    let mut receiver = Receiver::down([Step::Nothing, Step::Close], Others::Welcome);
    let mut daemon = stopped(plain(&receiver));
    daemon.go().await.unwrap();
    let mut sender = daemon.sender().await;
    for id in ["R1", "R2"] {
        assert_eq!(sender.ask(wishing(id).as_bytes()).await.code, "CA");
    }
    daemon.carried().await;
    daemon.restart().await;
    assert!(receiver.taken().is_empty());
    receiver.up();
    assert_eq!(told(&receiver.has(2).await), pairs(&[("AA", "R1"), ("AA", "R2")]));
    let mut sender = daemon.sender().await;
    assert_eq!(sender.ask(wishing("R3").as_bytes()).await.code, "CA");
    let taken = receiver.has(3).await;
    assert_eq!(told(&taken)[2..], pairs(&[("AA", "R3")]));
    daemon.restart().await;
    let mut sender = daemon.sender().await;
    assert_eq!(sender.ask(wishing("R4").as_bytes()).await.code, "CA");
    let last = receiver.has(4).await;
    assert_eq!(told(&last)[3..], pairs(&[("AA", "R4")]), "what was told is not told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_02_what_came_before_it_was_wanted_is_not_told() {
    let receiver = Receiver::yes();
    let mut daemon = stopped(plain(&receiver));
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    daemon.set_source(SourcePlan::mllp("aria", any).in_manner(Manner::default()));
    daemon.go().await.unwrap();
    assert_eq!(daemon.sender().await.ask(wishing("B1").as_bytes()).await.code, "CA");
    daemon.carried().await;
    daemon.set_source(SourcePlan::mllp("aria", any).answered_at(plain(&receiver)));
    daemon.restart().await;
    assert_eq!(daemon.sender().await.ask(wishing("B2").as_bytes()).await.code, "CA");
    assert_eq!(told(&receiver.has(1).await), pairs(&[("AA", "B2")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_02_it_is_told_in_tls_too_and_many_in_their_order() {
    let tls = trust::server(&server("ec-pkcs8", true), certificates::now()).unwrap().current();
    let receiver = Receiver::in_tls(tls);
    let calling = trust::calling(&client(Some("client")), certificates::now()).unwrap();
    let address = receiver.address().to_string().replace("127.0.0.1", "localhost");
    let mut daemon = stopped(CallBack { address, tls: Some(calling) });
    daemon.go().await.unwrap();
    let mut sender = daemon.sender().await;
    let ids: Vec<String> = (0..150).map(|n| format!("T{n}")).collect();
    for id in &ids {
        assert_eq!(sender.ask(wishing(id).as_bytes()).await.code, "CA");
    }
    let taken = receiver.has(ids.len()).await;
    let named: Vec<String> = told(&taken).into_iter().map(|(_, id)| id).collect();
    assert_eq!(named, ids);
    assert_eq!(receiver.connects(), 1);
}
