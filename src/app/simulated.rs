//! Simulated neighbors for the demo: an oncology system that sends, billing systems that answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::codec::{Decoder, Encoder};

use crate::config::Tls;
use crate::domain::Clock;
use crate::telemetry::SystemClock;
use crate::trust;
use crate::wire::hl7::{self, Acknowledgment, Message, MsaCode, Style, answer};
use crate::wire::mllp::Mllp;

/// Frames of the neighbors are no longer than this.
const FRAME_BYTES_MAX: usize = 16 << 20;

/// An oncology system: sends messages one after the other and waits for each answer.
pub struct OncologySystem {
    peer: Peer,
}

/// A billing system: takes every charge and says yes.
pub struct Billing {
    address: SocketAddr,
    charges: Arc<AtomicU64>,
    credits: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

struct Peer {
    stream: TcpStream,
    frames: Mllp,
    buffer: BytesMut,
}

impl OncologySystem {
    /// Connects to a listener.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: SocketAddr) -> io::Result<OncologySystem> {
        Ok(OncologySystem { peer: Peer::new(TcpStream::connect(address).await?)? })
    }

    /// Sends a message and waits for its answer: whether it was taken.
    ///
    /// # Errors
    /// When the connection ends before an answer.
    pub async fn send(&mut self, message: &[u8]) -> io::Result<bool> {
        self.peer.write(Bytes::copy_from_slice(message)).await?;
        let frame = self.peer.read().await?;
        let frame = frame.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(answer::read(&frame).is_ok_and(|heard| heard.code.accepts()))
    }
}

/// An answer over HTTP comes within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A system that tells what was done over FHIR.
#[derive(Clone)]
pub struct FhirSystem {
    client: reqwest::Client,
    base: String,
}

impl FhirSystem {
    /// One that speaks to a listener of this machine.
    ///
    /// # Errors
    /// When the machine lets nobody speak HTTP.
    pub fn new(address: SocketAddr) -> io::Result<FhirSystem> {
        let tls = trust::client(&Tls::default(), SystemClock.now());
        let tls = tls.map_err(|_| io::Error::other("no certificates can be read"))?;
        let client = trust::web_client(tls, ANSWER_WITHIN).map_err(io::Error::other)?;
        Ok(FhirSystem { client, base: format!("http://{address}/fhir") })
    }

    /// Posts a Bundle and waits for its answer: whether it was taken.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, bundle: &[u8]) -> io::Result<bool> {
        let request = self.client.post(&self.base).header("content-type", "application/fhir+json");
        let answer = request.body(bundle.to_vec()).send().await;
        let answer = answer.map_err(|error| io::Error::other(error.without_url()))?;
        Ok(answer.status().is_success())
    }
}

impl Billing {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When the machine gives no port.
    pub async fn start() -> io::Result<Billing> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (charges, credits) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let mut tasks = JoinSet::new();
        let counts = (Arc::clone(&charges), Arc::clone(&credits));
        tasks.spawn(async move {
            let mut peers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                peers.spawn(answer_all(stream, counts.clone()));
            }
        });
        Ok(Billing { address, charges, credits, _tasks: tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Charges taken so far.
    pub fn charges(&self) -> u64 {
        self.charges.load(Ordering::Relaxed)
    }

    /// Credits taken so far.
    pub fn credits(&self) -> u64 {
        self.credits.load(Ordering::Relaxed)
    }
}

async fn answer_all(stream: TcpStream, (charges, credits): (Arc<AtomicU64>, Arc<AtomicU64>)) {
    let Ok(mut peer) = Peer::new(stream) else {
        return;
    };
    while let Ok(Some(frame)) = peer.read().await {
        let (charged, credited) = count(&frame);
        charges.fetch_add(charged, Ordering::Relaxed);
        credits.fetch_add(credited, Ordering::Relaxed);
        let scan = hl7::scan(&frame);
        let told = Acknowledgment {
            code: MsaCode::Accept,
            objection: None,
            notes: &[],
            made: "",
            control_id: "SIMULATED",
            style: Style::default(),
        };
        if peer.write(Bytes::from(hl7::acknowledge(&scan, &told))).await.is_err() {
            return;
        }
    }
}

fn count(frame: &[u8]) -> (u64, u64) {
    let Ok(message) = Message::parse(frame) else {
        return (0, 0);
    };
    let kinds: Vec<String> =
        message.all("FT1").map(|line| line.field(6).code().into_owned()).collect();
    let of = |kind: &str| kinds.iter().filter(|one| *one == kind).count() as u64;
    (of("CG"), of("CD"))
}

impl Peer {
    fn new(stream: TcpStream) -> io::Result<Peer> {
        stream.set_nodelay(true)?;
        Ok(Peer { stream, frames: Mllp::new(FRAME_BYTES_MAX), buffer: BytesMut::new() })
    }

    async fn write(&mut self, message: Bytes) -> io::Result<()> {
        let mut framed = BytesMut::new();
        self.frames.encode(message, &mut framed).map_err(io::Error::other)?;
        self.stream.write_all(&framed).await
    }

    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(frame) = self.frames.decode(&mut self.buffer).map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}
