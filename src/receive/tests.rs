//! A listener and its peers, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

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
    let intake = Arc::new(Intake::open_in_memory().unwrap());
    let reception = Reception::new("aria".into(), Arc::clone(&intake), Arc::new(Fixed));
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
