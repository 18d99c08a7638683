//! The whole daemon, as its own process: from the socket to the yes of billing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use collimator::domain::LineState;
use collimator::store::{Books, Intake};

use super::load::Load;

/// How long anything may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(300);

/// What was measured.
pub(crate) struct Measured {
    pub(crate) acknowledged_per_second: u128,
    pub(crate) latencies: Vec<Duration>,
    pub(crate) behind: i64,
    pub(crate) end_to_end_per_second: u128,
    pub(crate) accepted_lines: u64,
    pub(crate) peak_mib: u64,
}

impl Measured {
    /// The latency that so many of a thousand answers did not exceed.
    pub(crate) fn at(&self, permille: usize) -> Duration {
        let place = self.latencies.len().saturating_sub(1) * permille / 1_000;
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// A daemon of its own process with two receivers that say yes.
pub(crate) struct Whole {
    folder: tempfile::TempDir,
    process: Option<Child>,
    source: SocketAddr,
    billing: Billing,
}

impl Whole {
    /// Starts everything in a new folder.
    pub(crate) fn start() -> Whole {
        let folder = tempfile::tempdir().unwrap();
        let billing = Billing::start();
        let source = free();
        let mut whole = Whole { folder, process: None, source, billing };
        std::fs::write(whole.settings(), whole.text()).unwrap();
        whole.go();
        whole
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("site.toml")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn text(&self) -> String {
        let destination = |name: &str, claim: &str, address: SocketAddr| {
            format!(
                "[[destination]]\nname = \"{name}\"\nclaims = [\"{claim}\"]\n\
                 profile = \"dft-2.5.1\"\nsend = \"mllp://{address}\"\nconnections = 16\n"
            )
        };
        format!(
            "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\n\
             setting = \"hospital\"\n[store]\npath = \"{}\"\n[mappings]\npath = \"{}/mappings\"\n\
             [[source]]\nname = \"aria\"\nprofile = \"aria\"\nlisten = \"mllp://{}\"\n{}{}",
            self.store().display(),
            env!("CARGO_MANIFEST_DIR"),
            self.source,
            destination("hospital-billing", "facility", self.billing.facility),
            destination("physician-billing", "professional", self.billing.professional),
        )
    }

    /// Starts the process; gives how long it took until it answers a message.
    fn go(&mut self) {
        let process = Command::new(env!("CARGO_BIN_EXE_collimator"))
            .args(["run", "--config"])
            .arg(self.settings())
            .env("COLLIMATOR_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        until("the daemon listens", || TcpStream::connect(self.source).is_ok());
    }

    /// Kills the process and starts it again; how long until the next message is answered.
    pub(crate) fn restart(&mut self, message: &[u8]) -> Duration {
        self.kill();
        let began = Instant::now();
        self.go();
        let mut peer = Peer::connect(self.source);
        peer.tell(message);
        began.elapsed()
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends the courses of so many people over so many connections; then waits until every line
    /// has its answer.
    pub(crate) fn measure(
        &mut self,
        load: &Load,
        people: std::ops::Range<usize>,
        connections: usize,
    ) -> Measured {
        let courses: Vec<Vec<Vec<u8>>> = people.map(|person| load.course(person)).collect();
        let next = AtomicUsize::new(0);
        let accepted_before = self.billing.taken();
        let began = Instant::now();
        let mut latencies: Vec<Duration> = thread::scope(|threads| {
            let senders: Vec<_> = (0..connections)
                .map(|_| {
                    threads.spawn(|| {
                        let mut peer = Peer::connect(self.source);
                        let mut latencies = Vec::new();
                        loop {
                            let person = next.fetch_add(1, Ordering::Relaxed);
                            let Some(course) = courses.get(person) else {
                                return latencies;
                            };
                            for message in course {
                                let began = Instant::now();
                                peer.tell(message);
                                latencies.push(began.elapsed());
                            }
                        }
                    })
                })
                .collect();
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        let sent_in = began.elapsed();
        let behind = self.behind();
        self.settle();
        let whole = began.elapsed();
        let messages = latencies.len() as u128;
        latencies.sort_unstable();
        Measured {
            acknowledged_per_second: messages * 1_000 / sent_in.as_millis().max(1),
            latencies,
            behind,
            end_to_end_per_second: messages * 1_000 / whole.as_millis().max(1),
            accepted_lines: self.billing.taken() - accepted_before,
            peak_mib: self.peak_mib(),
        }
    }

    /// Messages stored and not yet carried through the rules.
    fn behind(&self) -> i64 {
        let (intake, books) = self.open();
        intake.last().0 - books.cursor().unwrap().0
    }

    fn open(&self) -> (Intake, Books) {
        (Intake::open(&self.store()).unwrap(), Books::open(&self.store()).unwrap())
    }

    fn settle(&self) {
        let (_, books) = self.open();
        until("every line has its answer", || {
            let stored = Intake::open(&self.store()).unwrap().last();
            let lines = books.balance().unwrap().lines;
            let open = [LineState::Queued, LineState::Sent];
            books.cursor().unwrap() == stored
                && open.iter().all(|state| lines.get(state).copied().unwrap_or_default() == 0)
        });
    }

    /// The most memory that the daemon ever had, by the system's own count.
    fn peak_mib(&self) -> u64 {
        let id = self.process.as_ref().unwrap().id();
        let status =
            std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        let kib: u64 = line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        kib / 1_024
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One sender.
struct Peer {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Peer {
    fn connect(address: SocketAddr) -> Peer {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, answer: vec![0; 8_192] }
    }

    fn tell(&mut self, message: &[u8]) {
        self.stream.write_all(message).unwrap();
        let mut length = 0;
        while !self.answer[..length].ends_with(b"\x1c\r") {
            let read = self.stream.read(&mut self.answer[length..]).unwrap();
            assert!(read > 0, "the daemon has gone");
            length += read;
        }
        let yes = self.answer[..length].windows(7).any(|window| window == b"\rMSA|AA");
        assert!(yes, "{}", String::from_utf8_lossy(&self.answer[..length]));
    }
}

/// Two receivers that say yes to everything, with as little work as can be.
struct Billing {
    facility: SocketAddr,
    professional: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Billing {
    fn start() -> Billing {
        let taken = Arc::<AtomicU64>::default();
        let facility = receiver(Arc::clone(&taken));
        let professional = receiver(Arc::clone(&taken));
        Billing { facility, professional, taken }
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

fn receiver(taken: Arc<AtomicU64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let taken = Arc::clone(&taken);
            thread::spawn(move || answer_all(stream, &taken));
        }
    });
    address
}

fn answer_all(mut stream: TcpStream, taken: &AtomicU64) {
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut length) = (vec![0; 65_536], 0);
    loop {
        match stream.read(&mut buffer[length..]) {
            Ok(0) | Err(_) => return,
            Ok(read) => length += read,
        }
        if !buffer[..length].ends_with(b"\x1c\r") {
            continue;
        }
        let text = String::from_utf8_lossy(&buffer[..length]);
        let id = text.split('|').nth(9).unwrap_or_default();
        let answer = format!("\x0bMSH|^~\\&|B||||1||ACK|X|P|2.5.1\rMSA|AA|{id}\r\x1c\r");
        taken.fetch_add(1, Ordering::Relaxed);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        length = 0;
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
