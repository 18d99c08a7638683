//! Killed at any instant, under load: nothing that was acknowledged is lost, nothing is billed
//! twice.
//!
//! `COLLIMATOR_KILLS=200 cargo test --test it killed` kills more often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collimator::domain::{BookedLine, LineState, MessageId};
use collimator::store::{Books, Intake, LineFilter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::charges::ChargeServer;
use crate::support::daemon::assert_balance;
use crate::support::fhir::web;
use crate::support::program::Program;
use crate::support::receiver::{Receiver, Taken};
use crate::support::sender::framed;
use crate::support::told;
use crate::support::wait::until;

/// Courses told over each connection, and connections.
const COURSES: usize = 25;
const SENDERS: usize = 4;
const FHIR_COURSES: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_nothing_is_lost_and_nothing_is_billed_twice() {
    let kills = Kills::of(8);
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with(&facility, &professional);
    program.go().await;
    let acknowledged = Arc::default();
    let ends = Arc::new(AtomicBool::new(false));
    let senders = senders(&program, &acknowledged, &ends);
    kills.while_they_send(&mut program, senders, &ends).await;
    assert_nothing_is_lost(&program, &acknowledged.lock().unwrap());
    for taken in [facility.taken(), professional.taken()] {
        assert_nothing_is_billed_twice(&taken);
    }
    let in_doubt = lines_in(&program, LineState::Unknown);
    assert!(in_doubt.len() <= 2 * kills.count, "{} lines in doubt", in_doubt.len());
    assert_balance(&program.store());
}

/// The same where an account's lines leave in one message, and a message that is in doubt goes again:
/// each line stands in messages of one number alone, and nothing stays in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_with_an_accounts_lines_in_one_message() {
    let kills = Kills::of(8);
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with_visits(&facility, &professional);
    program.go().await;
    let acknowledged = Arc::default();
    let ends = Arc::new(AtomicBool::new(false));
    let senders = senders(&program, &acknowledged, &ends);
    kills.while_they_send(&mut program, senders, &ends).await;
    program.go().await;
    until("nothing waits and nothing is in doubt", || {
        let open = [LineState::Queued, LineState::Sent, LineState::Unknown];
        let open: usize = open.into_iter().map(|state| lines_in(&program, state).len()).sum();
        if open == 0 { Ok(()) } else { Err(format!("{open} lines")) }
    })
    .await;
    program.kill();
    assert_nothing_is_lost(&program, &acknowledged.lock().unwrap());
    let mut together = 0;
    for taken in [facility.taken(), professional.taken()] {
        let mut messages: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut lines: BTreeMap<String, String> = BTreeMap::new();
        for one in &taken {
            let first = messages.entry(one.control_id()).or_insert_with(|| one.bytes.clone());
            assert_eq!(*first, one.bytes, "what comes again is the same");
            let message = one.message();
            together += message.all("FT1").count().saturating_sub(1);
            for line in message.all("FT1").map(|it| it.field(2).code().into_owned()) {
                let known = lines.entry(line).or_insert_with(|| one.control_id());
                assert_eq!(*known, one.control_id(), "a line is in one message");
            }
        }
        assert!(!lines.is_empty());
    }
    assert!(together > 0, "no two lines left together");
    assert_balance(&program.store());
}

/// Sends courses over several connections, and notes what was acknowledged.
fn senders(
    program: &Program,
    acknowledged: &Arc<Mutex<BTreeSet<Vec<u8>>>>,
    ends: &Arc<AtomicBool>,
) -> Vec<tokio::task::JoinHandle<usize>> {
    (0..SENDERS)
        .map(|sender| {
            let (source, acknowledged, ends) =
                (program.source, Arc::clone(acknowledged), Arc::clone(ends));
            tokio::spawn(async move {
                let mut told = 0;
                for course in 0.. {
                    if course >= COURSES && ends.load(Ordering::Relaxed) {
                        return told;
                    }
                    for message in told::course_of(sender * 100_000 + course) {
                        tell(source, &message).await;
                        acknowledged.lock().unwrap().insert(told::control_id(&message));
                        told += 1;
                    }
                }
                told
            })
        })
        .collect()
}

/// The same with FHIR on both sides: what was answered with yes is kept, and no charge stands twice
/// in the receivers' books.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_with_fhir_on_both_sides() {
    let kills = Kills::of(6);
    let facility = ChargeServer::start(true, []).await;
    let professional = ChargeServer::start(false, []).await;
    let mut program = Program::over_fhir(&facility, &professional);
    program.go().await;
    let taken = Arc::new(Mutex::new(BTreeSet::new()));
    let ends = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (base, taken) = (format!("http://{}/fhir", program.source), Arc::clone(&taken));
            let ends = Arc::clone(&ends);
            tokio::spawn(async move {
                for course in 0.. {
                    if course >= FHIR_COURSES && ends.load(Ordering::Relaxed) {
                        return;
                    }
                    for (place, body) in told::fhir_course_of(sender * 1_000 + course) {
                        put(&format!("{base}/{place}"), &body).await;
                        let id = place.split_once('/').unwrap().1;
                        taken.lock().unwrap().insert(id.as_bytes().to_vec());
                    }
                }
            })
        })
        .collect();
    kills.while_they_send(&mut program, senders, &ends).await;
    assert_nothing_is_lost(&program, &taken.lock().unwrap());
    let mut billed = 0;
    for server in [facility, professional] {
        let mut charges: BTreeMap<String, usize> = BTreeMap::new();
        for charge in server.charges() {
            let [account, code, day] =
                ["account", "code", "occurrenceDateTime"].map(|key| &charge[key]);
            *charges.entry(format!("{account} {code} {day}")).or_default() += 1;
        }
        let twice: Vec<_> = charges.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        billed += charges.len();
    }
    assert!(billed >= 10 * SENDERS * FHIR_COURSES, "{billed} charges are billed");
    assert_eq!(lines_in(&program, LineState::Unknown).len(), 0, "all could be asked about");
    assert_balance(&program.store());
}

/// How often a daemon is killed, and when.
struct Kills {
    count: usize,
    chance: fastrand::Rng,
}

impl Kills {
    /// So many, or as many as `COLLIMATOR_KILLS` says, by the chance of `COLLIMATOR_SEED`.
    fn of(count: usize) -> Kills {
        let told = |name: &str| std::env::var(name).ok();
        let count = told("COLLIMATOR_KILLS").and_then(|it| it.parse().ok()).unwrap_or(count);
        let seed = told("COLLIMATOR_SEED").and_then(|it| it.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        eprintln!("seed {seed}");
        Kills { count, chance: fastrand::Rng::with_seed(seed) }
    }

    /// Kills and starts it while senders send; then lets them end, and it carry and send the rest.
    async fn while_they_send<T: 'static>(
        &self,
        program: &mut Program,
        senders: Vec<tokio::task::JoinHandle<T>>,
        ends: &AtomicBool,
    ) {
        let mut chance = self.chance.clone();
        for _ in 0..self.count {
            tokio::time::sleep(Duration::from_millis(chance.u64(20..600))).await;
            program.kill();
            program.go().await;
        }
        ends.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.await.unwrap();
        }
        settled(program).await;
        program.kill();
    }
}

/// Puts a resource until it is taken.
async fn put(url: &str, body: &str) {
    let client = web();
    for _ in 0..10_000 {
        let request = client.put(url).header("content-type", "application/fhir+json");
        let answer = request.body(body.to_owned()).timeout(Duration::from_secs(10)).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => return,
            // What is turned down is turned down for good.
            Ok(answer) if answer.status().as_u16() < 500 => {
                panic!("{url}: {} {}", answer.status(), answer.text().await.unwrap());
            }
            Ok(_) | Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("a resource was never taken");
}

/// Sends a message until it is acknowledged, over as many connections as that takes.
async fn tell(source: std::net::SocketAddr, message: &[u8]) {
    for _ in 0..10_000 {
        let asked = timeout(Duration::from_secs(10), ask(source, message)).await;
        if matches!(asked, Ok(Some(()))) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("a message was never acknowledged");
}

async fn ask(source: std::net::SocketAddr, message: &[u8]) -> Option<()> {
    let mut stream = TcpStream::connect(source).await.ok()?;
    stream.write_all(&framed(message)).await.ok()?;
    let mut heard = Vec::new();
    while !heard.ends_with(b"\x1c\r") {
        if stream.read_buf(&mut heard).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8_lossy(&heard).contains("MSA|AA|").then_some(())
}

/// Everything is carried, and every line that may leave has its answer. What waits behind a line
/// in doubt waits for a person.
async fn settled(program: &Program) {
    until("everything is carried and answered", || {
        let (intake, books) =
            (Intake::open(&program.store()).unwrap(), Books::open(&program.store()).unwrap());
        let (stored, carried) = (intake.last(), books.cursor().unwrap());
        if stored != carried {
            return Err(format!("{} of {}", carried.0, stored.0));
        }
        let filter = |states: Vec<LineState>| LineFilter { states, ..LineFilter::default() };
        let lines = books.lines(filter(vec![LineState::Sent, LineState::Queued]));
        let open: Vec<_> = lines.map(|line| line.unwrap().line).collect();
        let doubt: Vec<_> =
            books.lines(filter(vec![LineState::Unknown])).map(|line| line.unwrap().line).collect();
        let waits = open.iter().find(|line| {
            line.state == LineState::Sent
                || !doubt.iter().any(|unknown| {
                    unknown.destination == line.destination
                        && unknown.line.account == line.line.account
                })
        });
        let told = |line: &BookedLine| format!("line {} is {}", line.id, line.state.as_str());
        let waiting = open.len();
        waits.map_or(Ok(()), |line| Err(format!("{} of {waiting} that wait", told(line))))
    })
    .await;
}

fn assert_nothing_is_lost(program: &Program, acknowledged: &BTreeSet<Vec<u8>>) {
    let intake = Intake::open(&program.store()).unwrap();
    let mut stored = BTreeSet::new();
    let mut after = MessageId(0);
    loop {
        let run = intake.read_after(after, 1_000, 64 << 20).unwrap();
        let Some(last) = run.last() else { break };
        after = last.id;
        stored.extend(run.into_iter().map(|message| message.control_id));
    }
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged messages", lost.len(), acknowledged.len());
}

/// One charge for each account, code, modifiers and day; and each line once under its number.
fn assert_nothing_is_billed_twice(taken: &[Taken]) {
    let mut charges: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for one in taken {
        *charges.entry((one.account(), one.charge())).or_default() += 1;
        *numbers.entry(one.transaction()).or_default() += 1;
    }
    assert!(!charges.is_empty(), "nothing left at all");
    let twice: Vec<_> = charges.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(numbers.values().all(|count| *count == 1));
}

fn lines_in(program: &Program, state: LineState) -> Vec<collimator::store::ListedLine> {
    let books = Books::open(&program.store()).unwrap();
    let filter = LineFilter { states: vec![state], ..LineFilter::default() };
    books.lines(filter).map(|line| line.unwrap()).collect()
}
