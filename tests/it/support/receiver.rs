//! A billing system that does to each message what a script says, and remembers everything.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use collimator::wire::hl7::Message;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::sender::framed;
use super::wait::until;

/// What is done to a message.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answered with this code.
    Say(&'static str),
    /// Answered with this code and this text, in MSA-3.
    No(&'static str, &'static str),
    /// Answered in a frame with exactly this; `{id}` stands for its control id.
    Exactly(&'static str),
    /// These bytes come back, in no frame.
    Bytes(&'static [u8]),
    /// Answered with yes two times.
    Twice,
    /// A yes to the nth message of all, from 1, and then one to this.
    AlsoOf(usize),
    /// A commit now; a late no with this text when the next message is here, before its answer.
    CommitThenNo(&'static str),
    /// No now, and once more when the next message is here, before its answer.
    NoTwice(&'static str),
    /// These bytes of answer (in frames), one after the other, and then the connection is closed.
    ThenClose(&'static [&'static str]),
    /// Nothing comes back, and the connection stays.
    Nothing,
    /// Closed before an answer.
    Close,
    /// Reset before an answer.
    Reset,
    /// Answered with yes once the test lets go.
    Hold,
}

/// Whom else the receiver takes while one is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Anyone.
    Welcome,
    /// They are left waiting.
    Wait,
    /// They are reset.
    Reset,
}

/// A message that came.
#[derive(Debug, Clone)]
pub struct Taken {
    pub bytes: Vec<u8>,
}

impl Taken {
    /// A field as text, read by the house's own reader.
    pub fn field(&self, segment: &str, number: u16) -> String {
        self.message().field(segment, number).code().into_owned()
    }

    pub fn message(&self) -> Message {
        Message::parse(&self.bytes).expect("what leaves can be read")
    }

    /// MSH-10.
    pub fn control_id(&self) -> String {
        self.field("MSH", 10)
    }

    /// FT1-2.
    pub fn transaction(&self) -> String {
        self.field("FT1", 2)
    }

    /// PID-18.
    pub fn account(&self) -> String {
        self.field("PID", 18)
    }

    /// Day of service, code and modifiers, `CG` or `CD`.
    pub fn charge(&self) -> String {
        let message = self.message();
        let of = |number: u16| message.field("FT1", number).code().into_owned();
        let modifiers = message.field("FT1", 26);
        let modifiers: Vec<_> = modifiers.repetitions().map(|one| one.code()).collect();
        format!("{} {} {} {}", of(4), of(25), modifiers.join(" "), of(6))
    }
}

/// The receiver.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    socket: Option<TcpSocket>,
    tasks: JoinSet<()>,
}

struct Shared {
    script: Mutex<VecDeque<Step>>,
    always: Mutex<Step>,
    taken: Mutex<Vec<Taken>>,
    connects: AtomicUsize,
    others: Others,
    tls: Option<Arc<ServerConfig>>,
    places: Semaphore,
    open: watch::Sender<bool>,
}

impl Receiver {
    /// Answers each message with yes.
    pub fn yes() -> Receiver {
        Receiver::scripted([])
    }

    /// Does these things, one to each message, and says yes to all that come after.
    pub fn scripted(script: impl IntoIterator<Item = Step>) -> Receiver {
        let mut receiver = Receiver::down(script, Others::Welcome);
        receiver.up();
        receiver
    }

    /// Takes one connection at a time.
    pub fn one_at_a_time(others: Others) -> Receiver {
        let mut receiver = Receiver::down([], others);
        receiver.up();
        receiver
    }

    /// Answers each message with yes, in TLS.
    pub fn in_tls(tls: Arc<ServerConfig>) -> Receiver {
        let mut receiver = Receiver::down([], Others::Welcome);
        Arc::get_mut(&mut receiver.shared).unwrap().tls = Some(tls);
        receiver.up();
        receiver
    }

    /// Has an address, and nobody listens there until [`Receiver::up`].
    pub fn down(script: impl IntoIterator<Item = Step>, others: Others) -> Receiver {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let places = if others == Others::Welcome { Semaphore::MAX_PERMITS } else { 1 };
        let shared = Shared {
            script: Mutex::new(script.into_iter().collect()),
            always: Mutex::new(Step::Say("AA")),
            taken: Mutex::default(),
            connects: AtomicUsize::new(0),
            others,
            tls: None,
            places: Semaphore::new(places),
            open: watch::Sender::new(false),
        };
        Receiver { address, shared: Arc::new(shared), socket: Some(socket), tasks: JoinSet::new() }
    }

    /// Begins to listen.
    pub fn up(&mut self) {
        let listener = self.socket.take().unwrap().listen(64).unwrap();
        self.tasks.spawn(accept(listener, Arc::clone(&self.shared)));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is done once the script is over.
    pub fn always(&self, step: Step) {
        *self.shared.always.lock().unwrap() = step;
    }

    /// Lets go of every answer that is held back, now and later.
    pub fn let_go(&self) {
        self.shared.open.send_replace(true);
    }

    /// Everything that came, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().unwrap().clone()
    }

    pub fn connects(&self) -> usize {
        self.shared.connects.load(Ordering::SeqCst)
    }

    /// Waits until so many messages have come.
    pub async fn has(&self, count: usize) -> Vec<Taken> {
        until("messages come to the receiver", || {
            let taken = self.taken();
            if taken.len() >= count { Ok(taken) } else { Err(format!("{} came", taken.len())) }
        })
        .await
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut peers = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connects.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        peers.spawn(async move {
            if shared.others == Others::Reset && shared.places.available_permits() == 0 {
                stream.set_zero_linger().unwrap();
                return;
            }
            let place = shared.places.acquire().await.unwrap();
            let peer = |stream| Peer { stream, buffer: Vec::new(), owed: Vec::new() };
            match shared.tls.clone() {
                None => drop(peer(Peering::Plain(stream)).serve(&shared).await),
                Some(tls) => {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        drop(peer(Peering::Tls(Box::new(stream))).serve(&shared).await);
                    }
                }
            }
            drop(place);
        });
    }
}

/// A connection, in TLS or not.
enum Peering {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Peering {
    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Peering::Plain(stream) => stream.write_all(bytes).await,
            Peering::Tls(stream) => stream.write_all(bytes).await,
        }
    }

    async fn read_buf(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Peering::Plain(stream) => stream.read_buf(buffer).await,
            Peering::Tls(stream) => stream.read_buf(buffer).await,
        }
    }

    fn set_zero_linger(&mut self) -> io::Result<()> {
        match self {
            Peering::Plain(stream) => stream.set_zero_linger(),
            Peering::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}

struct Peer {
    stream: Peering,
    buffer: Vec<u8>,
    owed: Vec<Vec<u8>>,
}

impl Peer {
    async fn serve(mut self, shared: &Shared) -> io::Result<()> {
        while let Some(bytes) = self.frame().await? {
            let taken = Taken { bytes };
            let id = taken.control_id();
            let step = shared.script.lock().unwrap().pop_front();
            let step = step.unwrap_or_else(|| shared.always.lock().unwrap().clone());
            shared.taken.lock().unwrap().push(taken);
            for owed in std::mem::take(&mut self.owed) {
                self.stream.write_all(&owed).await?;
            }
            if !self.answer(step, &id, shared).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the connection goes on.
    async fn answer(&mut self, step: Step, id: &str, shared: &Shared) -> io::Result<bool> {
        match step {
            Step::Say(code) => self.stream.write_all(&answer(code, id, "")).await?,
            Step::No(code, text) => self.stream.write_all(&answer(code, id, text)).await?,
            Step::Exactly(text) => self.stream.write_all(&exactly(text, id)).await?,
            Step::Twice => {
                let yes = answer("AA", id, "");
                self.stream.write_all(&[yes.clone(), yes].concat()).await?;
            }
            Step::AlsoOf(nth) => {
                let other = shared.taken.lock().unwrap()[nth - 1].control_id();
                let both = [answer("AA", &other, ""), answer("AA", id, "")].concat();
                self.stream.write_all(&both).await?;
            }
            Step::Bytes(bytes) => self.stream.write_all(bytes).await?,
            Step::CommitThenNo(text) => {
                self.owed.push(answer("AE", id, text));
                self.stream.write_all(&answer("CA", id, "")).await?;
            }
            Step::NoTwice(text) => {
                self.owed.push(exactly(text, id));
                self.stream.write_all(&exactly(text, id)).await?;
            }
            Step::ThenClose(texts) => {
                let all: Vec<u8> = texts.iter().flat_map(|text| exactly(text, id)).collect();
                self.stream.write_all(&all).await?;
                return Ok(false);
            }
            Step::Nothing => {}
            Step::Close => return Ok(false),
            Step::Reset => {
                self.stream.set_zero_linger()?;
                return Ok(false);
            }
            Step::Hold => {
                let mut open = shared.open.subscribe();
                drop(open.wait_for(|open| *open).await);
                self.stream.write_all(&answer("AA", id, "")).await?;
            }
        }
        Ok(true)
    }

    async fn frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\x1c\r") {
                let rest = self.buffer.split_off(end + 2);
                let frame = std::mem::replace(&mut self.buffer, rest);
                return Ok(Some(frame[1..end].to_vec()));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

fn answer(code: &str, id: &str, text: &str) -> Vec<u8> {
    let head = "MSH|^~\\&|BILLING|X|COLLIMATOR|X|20261125||ACK^P03^ACK|B1|P|2.5.1";
    let error = match text {
        "" => String::new(),
        text => format!("ERR||PID^1^18|204^Unknown key identifier^HL70357|E||||{text}\r"),
    };
    framed(format!("{head}\rMSA|{code}|{id}|{text}\r{error}").as_bytes())
}

fn exactly(text: &str, id: &str) -> Vec<u8> {
    framed(text.replace("{id}", id).replace('!', "\r").as_bytes())
}
