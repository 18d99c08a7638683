//! Senders that cut, flood, damage and leave: what is acknowledged is stored, and nothing else is.

use collimator::domain::LineState::Accepted;
use collimator::domain::{MessageId, MessageState};

use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::Receiver;
use crate::support::sender::{Answer, Sender, framed};
use crate::support::told::{case, charge, control_id};
use crate::support::wait::until_so;

async fn daemon() -> (TestDaemon, Receiver, Receiver) {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    (TestDaemon::start(targets).await, facility, professional)
}

fn codes(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(|answer| answer.code.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_that_comes_byte_by_byte_is_a_course() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut sender = daemon.sender().await;
    for message in case("K-28") {
        for byte in framed(&message) {
            sender.write(&[byte]).await;
        }
        assert_eq!(sender.answer().await.unwrap().code, "AA");
    }
    daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_frames_in_one_write_are_answered_in_order() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut sender = daemon.sender().await;
    let ids: Vec<String> = (0..100).map(|nth| format!("H{nth}")).collect();
    let frames: Vec<u8> = ids.iter().flat_map(|id| framed(charge(id).as_bytes())).collect();
    sender.write(&frames).await;
    let answers = sender.answers(100).await;
    let told: Vec<&String> = answers.iter().map(|answer| &answer.control_id).collect();
    assert_eq!(told, ids.iter().collect::<Vec<_>>());
    assert!(codes(&answers).iter().all(|code| *code == "AA"));
    daemon.carried().await;
    assert_eq!(daemon.messages().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_between_frames_is_passed_over() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut sender = daemon.sender().await;
    for (nth, garbage) in
        [&b"\0\0\0\0"[..], b"\n", b"\r\n\r\n", b"HELLO MSH|^~\\&|", b"\x1c\r\x1c\r", b"\xff\xfe"]
            .iter()
            .enumerate()
    {
        sender.write(garbage).await;
        assert_eq!(sender.ask(charge(&format!("G{nth}")).as_bytes()).await.code, "AA");
    }
    sender.end().await;
    assert_eq!(sender.answer().await, None);
    daemon.carried().await;
    assert_eq!(daemon.messages().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_peer_that_dies_within_a_frame_nothing_is_stored() {
    let (daemon, _facility, _professional) = daemon().await;
    let whole = framed(charge("D1").as_bytes());
    for cut in [1, 4, whole.len() / 2, whole.len() - 2, whole.len() - 1] {
        let mut sender = daemon.sender().await;
        sender.write(&whole[..cut]).await;
        sender.end().await;
        assert_eq!(sender.answer().await, None, "cut after {cut} bytes");
        let mut sender = daemon.sender().await;
        sender.write(&whole[..cut]).await;
        sender.reset();
    }
    assert_eq!(daemon.intake().last(), MessageId(0));
    assert_eq!(daemon.send(&[charge("D2").into_bytes()]).await[0].code, "AA");
    daemon.carried().await;
    assert_eq!(daemon.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_long_is_told_so_and_the_daemon_lives() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut sender = daemon.sender().await;
    let long = [charge("L1").into_bytes(), vec![b'x'; collimator::receive::MESSAGE_BYTES_MAX]];
    sender.write_if_heard(&framed(&long.concat())).await;
    if let Some(answer) = sender.answer().await {
        assert_eq!((answer.code.as_str(), answer.control_id.as_str()), ("AR", "L1"));
    }
    assert_eq!(sender.answer().await, None);
    assert_eq!(daemon.intake().last(), MessageId(0));
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
}

/// What is wrong with a message; how it is answered, with the place and the code in ERR.
const WRONG: [(&str, &str, &str, &str, &str); 9] = [
    ("|W1|", "||", "AE", "MSH^1^10", "101"),
    ("|DFT^P03^DFT_P03|", "|XYZ^Z01|", "AR", "MSH^1^9", "200"),
    ("|DFT^P03^DFT_P03|", "|DFT^P99|", "AR", "MSH^1^9", "201"),
    ("|P|2.5.1", "|T|2.5.1", "AR", "MSH^1^11", "202"),
    ("|P|2.5.1", "|P|9.9", "AR", "MSH^1^12", "203"),
    ("FT1|", "ZT1|", "AE", "FT1^1", "100"),
    ("||20261008|20261008120000|CG", "||2026-10-08|20261008120000|CG", "AE", "FT1^1^4", "102"),
    ("||20261008|20261008120000|CG", "|||20261008120000|CG", "AE", "FT1^1^4", "101"),
    ("PID|1||4499001^^^EXAMPLE^MR|", "PID|1|||", "AE", "PID^1^3", "101"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_answered_with_its_place_and_stored_as_refused() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut found = Vec::new();
    for (right, wrong, ..) in WRONG {
        let message = charge("W1").replace(right, wrong);
        assert_ne!(message, charge("W1"), "{right}");
        let answer = &daemon.send(&[message.into_bytes()]).await[0];
        let (place, code) = answer.error();
        found.push((right, wrong, answer.code.clone(), place, code));
    }
    let expected = WRONG.map(|(right, wrong, answer, place, code)| {
        (right, wrong, answer.to_owned(), place.to_owned(), code.to_owned())
    });
    assert_eq!(found, expected);
    daemon.carried().await;
    let messages = daemon.messages();
    assert_eq!(messages.len(), WRONG.len());
    for (message, (.., code)) in messages.iter().zip(WRONG) {
        let MessageState::Refused(reason) = &message.state else { panic!("{:?}", message.state) };
        assert_eq!(reason.code.to_string(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgment_is_not_answered() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut sender = daemon.sender().await;
    let stray = "MSH|^~\\&|A|B|C|D|20261008||ACK^P03^ACK|S1|P|2.5.1\rMSA|AA|X1\r";
    sender.write(&framed(stray.as_bytes())).await;
    assert_eq!(sender.ask(charge("S2").as_bytes()).await.control_id, "S2");
    sender.end().await;
    assert_eq!(sender.answer().await, None);
    daemon.carried().await;
    assert_eq!(daemon.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_copies_over_five_connections_are_one_charge() {
    let (daemon, facility, _professional) = daemon().await;
    let course = case("K-28");
    let is_fraction = |message: &Vec<u8>| String::from_utf8_lossy(message).contains("|TX-2D^");
    let (fraction, others): (Vec<_>, Vec<_>) = course.into_iter().partition(is_fraction);
    assert_eq!(fraction.len(), 1);
    let copies = framed(&fraction[0]).repeat(200);
    let mut senders = Vec::new();
    for _ in 0..5 {
        senders.push(daemon.sender().await);
    }
    let mut flood = tokio::task::JoinSet::new();
    for mut sender in senders {
        let copies = copies.clone();
        flood.spawn(async move {
            sender.write(&copies).await;
            sender.answers(200).await
        });
    }
    let answers: Vec<Answer> = flood.join_all().await.into_iter().flatten().collect();
    assert_eq!(answers.len(), 1_000);
    let id = String::from_utf8(control_id(&fraction[0])).unwrap();
    assert!(answers.iter().all(|one| one.code == "AA" && one.control_id == id));
    daemon.tell(&others).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let charged = facility.taken();
    assert_eq!(charged.iter().filter(|one| one.charge() == "20261008 77402  CG").count(), 1);
    assert_eq!(daemon.messages().len(), 1_011);
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_the_control_id_comes_back_byte_for_byte() {
    let (daemon, _facility, _professional) = daemon().await;
    let messages = case("K-08");
    let answers = daemon.send(&messages).await;
    assert!(answers.iter().any(|answer| answer.control_id.ends_with(' ')));
    for (answer, message) in answers.iter().zip(&messages) {
        assert_eq!(answer.code, "AA");
        assert_eq!(answer.control_id.as_bytes(), control_id(message));
    }
    daemon.stands(&[(Accepted, 10)]).await;
    for (nth, message) in messages.iter().enumerate() {
        let stored = daemon.intake().get(MessageId(nth as i64 + 1)).unwrap().unwrap();
        assert_eq!(stored.raw, *message, "the message stays as it came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k16_who_is_merged_into_himself_is_refused_at_his_number() {
    let (daemon, facility, professional) = daemon().await;
    let answers = daemon.send(&case("K-16")).await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.code != "AA").collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code, "AE");
    assert_eq!(refused[0].control_id, "K16M0004");
    assert_eq!(refused[0].error(), ("MRG^1^1".to_owned(), "205".to_owned()));
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!((facility.taken().len(), professional.taken().len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn k12_a_day_of_one_control_id_is_told_twice_and_billed_once() {
    let (daemon, facility, professional) = daemon().await;
    let day = case("K-12");
    for _ in 0..2 {
        daemon.tell(&day).await;
        daemon.stands(&[(Accepted, 10)]).await;
    }
    assert_eq!((facility.taken().len(), professional.taken().len()), (5, 5));
    assert_eq!(daemon.messages().len(), 2 * day.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_only_come_and_go_leave_nothing_behind() {
    let (daemon, _facility, _professional) = daemon().await;
    let before = open_files();
    for _ in 0..300 {
        let mut sender = daemon.sender().await;
        sender.end().await;
        assert_eq!(sender.answer().await, None);
    }
    until_so("files are closed again", || open_files() <= before + 20).await;
    assert_eq!(daemon.send(&[charge("C1").into_bytes()]).await[0].code, "AA");
}

/// Files of this process; other tests open and close some meanwhile.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_never_listens_keeps_nobody_from_being_heard() {
    let (daemon, _facility, _professional) = daemon().await;
    let mut deaf = daemon.sender().await;
    for nth in 0..300 {
        deaf.write(&framed(charge(&format!("N{nth}")).as_bytes())).await;
    }
    let mut half: Sender = daemon.sender().await;
    half.write(b"\x0bMSH|^~\\&|").await;
    daemon.tell(&case("K-28")).await;
    assert_eq!(deaf.answers(300).await.len(), 300);
}
