//! A listener and its peers, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Acknowledge, Manner};
use crate::domain::{Answer, Clock, MessageId};
use crate::store::Intake;

use super::{Counted, Limits, Listener, Reception};

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> jiff::Timestamp {
        "2026-10-08T12:00:00Z".parse().unwrap()
    }
}

/// A listener that runs.
struct Site {
    address: std::net::SocketAddr,
    intake: Arc<Intake>,
    reception: Arc<Reception>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

async fn site(limits: Limits) -> Site {
    site_of(limits, Manner::default()).await
}

/// One that speaks in such a manner.
async fn mannered(manner: Manner) -> Site {
    site_of(Limits::of(&manner), manner).await
}

async fn site_of(limits: Limits, manner: Manner) -> Site {
    let intake = Arc::new(Intake::open_in_memory().unwrap());
    let reception = Reception::new("aria".into(), Arc::clone(&intake), Arc::new(Fixed));
    let reception = reception.in_manner(manner);
    let reception = Arc::new(reception);
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(any, Arc::clone(&reception), limits).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let running = tokio::spawn(listener.run(stop.clone()));
    Site { address, intake, reception, stop, running }
}

impl Site {
    async fn peer(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn count(&self, what: Counted) -> u64 {
        self.reception.counts().of(what)
    }
}

fn dft(control_id: &str) -> String {
    format!(
        "MSH|^~\\&|ARIA|RAD|COL|EX|20261008||DFT^P03^DFT_P03|{control_id}|P|2.5.1\r\
         PID|||5^^^EX^MR\rFT1||1||20261008||CG|TX\r"
    )
}

fn framed(text: &str) -> Vec<u8> {
    [b"\x0b", text.as_bytes(), b"\x1c\r"].concat()
}

/// Answers as `code control-id`, until so many have come or the peer closes.
async fn answers(peer: &mut TcpStream, count: usize) -> Vec<String> {
    let mut bytes = Vec::new();
    while bytes.iter().filter(|byte| **byte == 0x1c).count() < count {
        if peer.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let msa = text.split('\r').filter_map(|segment| segment.strip_prefix("MSA|"));
    msa.map(|msa| msa.split('|').take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn what_is_acknowledged_is_stored_however_it_was_cut() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    for byte in framed(&dft("K1")) {
        peer.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(answers(&mut peer, 1).await, ["AA K1"]);
    let stored = site.intake.get(MessageId(1)).unwrap().unwrap();
    assert_eq!(stored.raw, dft("K1").into_bytes());
    assert_eq!((stored.control_id, stored.answer), (b"K1".to_vec(), Answer::Accept));
}

#[tokio::test]
async fn pipelined_messages_are_answered_in_their_order() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    let ids: Vec<String> = (0..300).map(|nth| format!("K{nth}")).collect();
    let stream: Vec<u8> = ids.iter().flat_map(|id| framed(&dft(id))).collect();
    peer.write_all(&stream).await.unwrap();
    let expected: Vec<String> = ids.iter().map(|id| format!("AA {id}")).collect();
    assert_eq!(answers(&mut peer, 300).await, expected);
    assert_eq!(site.intake.last(), MessageId(300));
}

#[tokio::test]
async fn a_refused_message_is_stored_with_its_reason() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    let stream = [framed("hello"), framed(&dft("K2").replace("|20261008||CG", "|x||CG"))].concat();
    peer.write_all(&stream).await.unwrap();
    assert_eq!(answers(&mut peer, 2).await, ["AR ", "AE K2"]);
    let stored = site.intake.get(MessageId(2)).unwrap().unwrap();
    assert_eq!(stored.answer, Answer::Error);
    let reason = stored.reason.unwrap();
    assert_eq!((reason.code, reason.place.unwrap().to_string()), (102, "FT1-4".to_owned()));
    assert_eq!(site.count(Counted::Refused), 2);
}

#[tokio::test]
async fn an_acknowledgment_is_neither_stored_nor_answered() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    let stray = "MSH|^~\\&|A|B|C|D|20261008||ACK|K1|P|2.5.1\rMSA|AA|K0\r";
    let stream = [framed(stray), framed(&dft("K2"))].concat();
    peer.write_all(&stream).await.unwrap();
    assert_eq!(answers(&mut peer, 1).await, ["AA K2"]);
    assert_eq!(site.intake.last(), MessageId(1));
    assert_eq!(site.count(Counted::StrayAcknowledgment), 1);
}

#[tokio::test]
async fn a_peer_that_dies_in_a_frame_leaves_nothing() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    peer.write_all(&framed(&dft("K1"))[..40]).await.unwrap();
    peer.shutdown().await.unwrap();
    assert!(answers(&mut peer, 1).await.is_empty());
    assert_eq!((site.intake.last(), site.count(Counted::CutFrame)), (MessageId(0), 1));
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_refused_and_ends_the_connection() {
    let limits = Limits { message_bytes_max: 500, ..Limits::default() };
    let site = site(limits).await;
    for (text, expected) in [(dft("K1"), vec!["AR K1"]), ("x".to_owned(), vec![])] {
        let mut peer = site.peer().await;
        let long = framed(&(text + &"x".repeat(200_000)));
        peer.write_all(&long).await.unwrap();
        assert_eq!(answers(&mut peer, 2).await, expected, "one answer, then the end");
    }
    assert_eq!((site.intake.last(), site.count(Counted::TooLong)), (MessageId(0), 2));
}

#[tokio::test]
async fn a_peer_that_trickles_or_is_silent_is_let_go() {
    let short = Duration::from_millis(50);
    let site = site(Limits { frame: short, idle: short, ..Limits::default() }).await;
    let (mut trickles, mut silent) = (site.peer().await, site.peer().await);
    trickles.write_all(b"\x0bMSH").await.unwrap();
    assert!(answers(&mut trickles, 1).await.is_empty());
    assert!(answers(&mut silent, 1).await.is_empty());
    assert_eq!((site.count(Counted::CutFrame), site.count(Counted::Idle)), (1, 1));
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    let site = site(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = site.peer().await;
    first.write_all(&framed(&dft("K1"))).await.unwrap();
    assert_eq!(answers(&mut first, 1).await, ["AA K1"]);
    let mut second = site.peer().await;
    assert!(answers(&mut second, 1).await.is_empty());
    assert_eq!(site.count(Counted::ConnectionTurnedAway), 1);
}

#[tokio::test]
async fn case_16_a_new_connection_takes_the_place_of_the_one_that_rests_the_longest() {
    let short = Some(Duration::from_millis(100));
    let site = site(Limits { connections_max: 2, gives_way_after: short, ..Limits::default() });
    let site = site.await;
    let (mut first, mut begun) = (site.peer().await, site.peer().await);
    first.write_all(&framed(&dft("K1"))).await.unwrap();
    assert_eq!(answers(&mut first, 1).await, ["AA K1"]);
    begun.write_all(&[&framed(&dft("K2"))[..], b"\x0bMSH"].concat()).await.unwrap();
    assert_eq!(answers(&mut begun, 1).await, ["AA K2"], "and the next one has begun");
    let mut early = site.peer().await;
    assert!(answers(&mut early, 1).await.is_empty(), "nobody has rested long enough");
    tokio::time::timeout(Duration::from_millis(150), first.read_u8()).await.unwrap_err();
    let mut new = site.peer().await;
    new.write_all(&framed(&dft("K3"))).await.unwrap();
    assert_eq!(answers(&mut new, 1).await, ["AA K3"]);
    assert!(answers(&mut first, 1).await.is_empty(), "it was closed");
    begun.write_all(&framed(&dft("K4"))[4..]).await.unwrap();
    assert_eq!(answers(&mut begun, 1).await, ["AA K4"], "who has begun keeps its place");
    assert_eq!((site.count(Counted::GaveWay), site.count(Counted::ConnectionTurnedAway)), (1, 1));
    assert_eq!(site.count(Counted::Connection), 3);
}

#[tokio::test]
async fn t_03_an_end_without_its_last_byte_is_one_after_a_quiet_time() {
    let quiet = Some(Duration::from_millis(50));
    let site = mannered(Manner { frame_end_quiet: quiet, ..Manner::default() }).await;
    let mut peer = site.peer().await;
    let cut = |id: &str| [b"\x0b", dft(id).as_bytes(), b"\x1c"].concat();
    peer.write_all(&cut("K1")).await.unwrap();
    assert_eq!(answers(&mut peer, 1).await, ["AA K1"]);
    peer.write_all(&[b"\r", &cut("K2")[..], b"\r"].concat()).await.unwrap();
    assert_eq!(answers(&mut peer, 1).await, ["AA K2"]);
    peer.write_all(&cut("K3")).await.unwrap();
    peer.shutdown().await.unwrap();
    assert_eq!(answers(&mut peer, 1).await, ["AA K3"], "and then the end");
    assert_eq!(site.intake.get(MessageId(1)).unwrap().unwrap().raw, dft("K1").into_bytes());
    assert_eq!((site.count(Counted::QuietEnd), site.count(Counted::SkippedByte)), (2, 1));
    let strict = mannered(Manner::default()).await;
    let mut peer = strict.peer().await;
    peer.write_all(&cut("K1")).await.unwrap();
    peer.shutdown().await.unwrap();
    assert!(answers(&mut peer, 1).await.is_empty(), "by default it is no end");
}

#[tokio::test]
async fn a_listener_that_stops_answers_what_has_begun_to_come() {
    let site = site(Limits::default()).await;
    let (mut idle, mut begun) = (site.peer().await, site.peer().await);
    for peer in [&mut idle, &mut begun] {
        peer.write_all(&framed(&dft("K0"))).await.unwrap();
        assert_eq!(answers(peer, 1).await, ["AA K0"]);
    }
    let (head, tail) = (&framed(&dft("K1"))[..40], &framed(&dft("K1"))[40..]);
    begun.write_all(&[&framed(&dft("K0"))[..], head].concat()).await.unwrap();
    assert_eq!(answers(&mut begun, 1).await, ["AA K0"], "the next one has begun");
    site.stop.cancel();
    assert!(answers(&mut idle, 1).await.is_empty());
    begun.write_all(tail).await.unwrap();
    assert_eq!(answers(&mut begun, 2).await, ["AA K1"], "and then the end");
    site.running.await.unwrap();
    assert!(TcpStream::connect(site.address).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_stored_is_told_to_its_sender() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Arc::new(Intake::open_with_room_for(folder.path(), 20).unwrap());
    let reception = Reception::new("aria".into(), intake, Arc::new(Fixed));
    let big = dft("K1") + &"ZZZ|x\r".repeat(50_000);
    let messages = [big.into(), dft("K2").into()];
    let mut told = Vec::new();
    for message in messages {
        let answer = reception.take(&[message]).await.remove(0).unwrap();
        told.push(String::from_utf8(answer).unwrap());
    }
    assert!(told[0].contains("MSA|AR|K1|") && told[0].contains("|207^"), "{}", told[0]);
    assert!(told[1].contains("MSA|AA|K2\r"), "{}", told[1]);
    assert_eq!(reception.counts().of(Counted::NotStored), 1);
}

/// Everything that a peer says until it is silent or gone, control characters as `<`, `>`, `!`,
/// segments other than MSA, BHS and BTS left out.
async fn said(peer: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let quiet = Duration::from_millis(200);
    while let Ok(Ok(1..)) = tokio::time::timeout(quiet, peer.read_buf(&mut bytes)).await {}
    let text = String::from_utf8(bytes).unwrap();
    let told = ["MSA", "BHS", "BTS", "FHS", "FTS"];
    let mut out = String::new();
    for segment in text.split_inclusive(['\r', '\u{b}']) {
        let bare = segment.trim_end_matches(['\r', '\u{b}']);
        if told.iter().any(|name| bare.starts_with(name)) {
            out.push_str(bare);
            out.push(' ');
        } else if segment.starts_with(|sign: char| sign < ' ') {
            out.push_str(segment);
        }
    }
    out.replace('\u{b}', "<")
        .replace('\u{1c}', ">")
        .replace('\r', "!")
        .replace('\u{6}', "+")
        .replace('\u{15}', "-")
}

#[tokio::test]
async fn t_06_a_block_is_said_to_be_stored_before_it_is_acknowledged() {
    let site = mannered(Manner { commit_blocks: true, ..Manner::default() }).await;
    let mut peer = site.peer().await;
    let silent = dft("K2").replace("|P|2.5.1", "|P|2.5.1|||NE|NE");
    let stream = [framed(&dft("K1")), framed("\u{6}"), framed(&silent), framed("hello")].concat();
    peer.write_all(&stream).await.unwrap();
    assert_eq!(
        said(&mut peer).await,
        "<+>!<MSA|AA|K1 >!<+>!<+>!<MSA|AR||the message does not begin with MSH >!"
    );
    assert_eq!(site.intake.last(), MessageId(3));
    assert_eq!(site.count(Counted::StrayAcknowledgment), 1);
}

#[tokio::test]
async fn t_11_other_bytes_begin_and_end_a_frame_and_its_answer() {
    let manner = Manner {
        frame_start: vec![2],
        frame_end: vec![3],
        frame_restarts: true,
        ..Manner::default()
    };
    let site = mannered(manner).await;
    let mut peer = site.peer().await;
    let framed = [b"\x02MSH|lost\x02", dft("K1").as_bytes(), b"\x03"].concat();
    peer.write_all(&framed).await.unwrap();
    let mut bytes = Vec::new();
    while !bytes.contains(&3) {
        assert!(peer.read_buf(&mut bytes).await.unwrap() > 0);
    }
    assert!(bytes.starts_with(b"\x02MSH|") && bytes.ends_with(b"MSA|AA|K1\r\x03"));
    assert_eq!(site.count(Counted::RestartedFrame), 1);
}

#[tokio::test]
async fn a_08_what_is_no_hl7_may_end_the_connection() {
    let site = mannered(Manner { closes_on_garbage: true, ..Manner::default() }).await;
    let mut peer = site.peer().await;
    peer.write_all(&[framed(&dft("K1")), framed("hello"), framed(&dft("K2"))].concat())
        .await
        .unwrap();
    assert_eq!(answers(&mut peer, 3).await, ["AA K1"]);
}

#[tokio::test]
async fn a_batch_is_answered_by_a_batch_and_one_bad_message_stops_nobody() {
    let site = site(Limits::default()).await;
    let mut peer = site.peer().await;
    let bad = dft("K2").replace("|20261008||CG", "|x||CG");
    let batch = format!("BHS|^~\\&|A|B|C|D|2026||||B1\r{}{bad}{}BTS|4\r", dft("K1"), dft("K3"));
    let silent = dft("K4").replace("|P|2.5.1", "|P|2.5.1|||NE|NE");
    let stream = [
        batch,
        format!("FHS|^~\\&\rBHS|^~\\&||||||||||B1\r{silent}BTS|1\rFTS|1\r"),
        "BHS|^~\\&\rBTS|0\r".into(),
    ];
    let stream: Vec<u8> = stream.iter().flat_map(|one| framed(one)).collect();
    peer.write_all(&stream).await.unwrap();
    let told = said(&mut peer).await;
    let expected = "BHS|^~\\&|C|D|A|B|20261008120000+0000||||N20261008120000|B1 MSA|AA|K1 \
        MSA|AE|K2|the date of service is no date MSA|AA|K3 BTS|3|BTS-1 says 4 messages, 3 are there \
        >!<BHS|^~\\&|||||20261008120000+0000||||N20261008120000| BTS|0 >!";
    assert_eq!(told.trim_start_matches('<'), expected);
    assert_eq!(site.intake.last(), MessageId(4));
    assert_eq!((site.count(Counted::Miscount), site.count(Counted::BatchAgain)), (1, 1));
}

#[tokio::test]
async fn c_14_a_source_that_counts_is_told_which_message_is_missing() {
    let site = mannered(Manner { sequence: true, ..Manner::default() }).await;
    let mut peer = site.peer().await;
    let counted = |id: &str, number: &str| dft(id).replace("|2.5.1", &format!("|2.5.1|{number}"));
    let link = "MSH|^~\\&|A|B|C|D|2026||^|L1|P|2.5.1|0\r";
    for (message, told) in [
        (link.to_owned(), "MSA|AA|L1||-1"),
        (counted("K1", "5"), "MSA|AA|K1||6"),
        (counted("K1", "5"), "MSA|AA|K1||6"),
        (counted("K3", "7"), "MSA|AR|K3|number 7 came where 6 is expected|6"),
        (counted("K2", "6"), "MSA|AA|K2||7"),
        (link.to_owned(), "MSA|AA|L1||7"),
        (counted("K4", "-1"), "MSA|AA|K4||-1"),
        (counted("K5", "1"), "MSA|AA|K5||2"),
        (counted("K6", ""), "MSA|AA|K6||2"),
    ] {
        peer.write_all(&framed(&message)).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\x1c\r") {
            assert!(peer.read_buf(&mut bytes).await.unwrap() > 0);
        }
        let answer = String::from_utf8(bytes).unwrap();
        assert_eq!(answer.split('\r').find(|it| it.starts_with("MSA")), Some(told));
    }
    assert_eq!(site.intake.cursor("aria", "MSH-13").unwrap(), "2");
    assert_eq!(site.count(Counted::Gap), 1);
}

#[tokio::test]
async fn a_source_is_taken_on_its_own_terms() {
    let terms = Manner {
        training: true,
        without_control_id: true,
        any_version: true,
        bare_type: true,
        acknowledge: Acknowledge::Enhanced,
        ..Manner::default()
    };
    let message = dft("").replace("|P|2.5.1", "|T|2.5+");
    let told = |manner| async {
        let site = mannered(manner).await;
        site.reception.take(&[message.clone().into()]).await.remove(0)
    };
    let told_all = String::from_utf8(told(terms).await.unwrap()).unwrap();
    assert!(told_all.contains("||ACK|A1|T|2.5+\rMSA|CA|\r"), "{told_all}");
    let usual = String::from_utf8(told(Manner::default()).await.unwrap()).unwrap();
    assert!(usual.contains("MSA|AR|") && usual.contains("|202^"), "{usual}");
}
