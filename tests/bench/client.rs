//! Peers that send a message, wait for its answer, and send the next.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const WARM_UP: Duration = Duration::from_millis(500);
const MESSAGE_BYTES: usize = 1_024;

/// What many peers measured together.
pub(crate) struct Measured {
    pub(crate) per_second: u128,
    latencies: Vec<Duration>,
}

impl Measured {
    /// The latency that so many of a thousand answers did not exceed.
    pub(crate) fn at(&self, permille: usize) -> Duration {
        let place = self.latencies.len().saturating_sub(1) * permille / 1_000;
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// Lets so many peers send to a receiver for a while.
pub(crate) fn measure(address: SocketAddr, connections: usize, duration: Duration) -> Measured {
    let (measures, ends) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut latencies: Vec<Duration> = thread::scope(|threads| {
        let peers: Vec<_> = (0..connections)
            .map(|peer| {
                threads.spawn({
                    let (measures, ends) = (&measures, &ends);
                    move || converse(address, peer, measures, ends)
                })
            })
            .collect();
        thread::sleep(WARM_UP);
        measures.store(true, Ordering::Relaxed);
        thread::sleep(duration);
        ends.store(true, Ordering::Relaxed);
        peers.into_iter().flat_map(|peer| peer.join().unwrap()).collect()
    });
    latencies.sort_unstable();
    let per_second = latencies.len() as u128 * 1_000 / duration.as_millis();
    Measured { per_second, latencies }
}

fn converse(
    address: SocketAddr,
    peer: usize,
    measures: &AtomicBool,
    ends: &AtomicBool,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut answer) = (Vec::new(), vec![0; 4_096]);
    for number in 0.. {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let message = charge(peer, number);
        let began = Instant::now();
        stream.write_all(&message).unwrap();
        read_answer(&mut stream, &mut answer);
        if measures.load(Ordering::Relaxed) {
            latencies.push(began.elapsed());
        }
    }
    latencies
}

fn read_answer(stream: &mut TcpStream, answer: &mut [u8]) {
    let mut length = 0;
    while !answer[..length].ends_with(b"\x1c\r") {
        let read = stream.read(&mut answer[length..]).unwrap();
        assert!(read > 0, "the receiver has gone");
        length += read;
    }
    let yes = answer[..length].windows(7).any(|window| window == b"\rMSA|AA");
    assert!(yes, "the receiver said no: {}", String::from_utf8_lossy(&answer[..length]));
}

/// A framed charge of one kilobyte.
fn charge(peer: usize, number: u32) -> Vec<u8> {
    let mut message = format!(
        "\x0bMSH|^~\\&|ARIA|RAD|COL|EX|20261008101500||DFT^P03^DFT_P03|B{peer:03}{number:08}|P|2.5.1\r\
         EVN|P03|20261008101500\r\
         PID|1||{peer:07}^^^EXAMPLE^MR||INVENTED^PERSON||19600101|F|||||||||ACC{peer:05}\r\
         PV1|1|O|LINAC2^^^RADONC||||1999000650^KURIE^MARA^^^^MD\r\
         FT1|1|T{peer:03}{number:08}||20261008101500||CG|TX-VMAT|||1|||RADONC|||LINAC2|||C50.911^^I10\r\
         ZRT|C1|P1|{fraction}|28|1.2.3.{number}\rNTE|1||",
        fraction = number % 28 + 1
    );
    message.extend(std::iter::repeat_n('x', MESSAGE_BYTES.saturating_sub(message.len() + 2)));
    message.push_str("\r\x1c\r");
    message.into_bytes()
}
