//! One connection to a receiver: frames out, frames in, and a close that is noticed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::codec::{Decoder, Encoder};

use crate::telemetry::Fault;
use crate::trust::Fresh;
use crate::wire::mllp::Mllp;

/// An answer is no longer than this.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Whoever does not take our certificate says so within this time.
const TURNED_AWAY_WITHIN: Duration = Duration::from_millis(300);

/// Bytes both ways, in TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpen {
    #[error("its name is not known: {0}")]
    Name(io::Error),
    #[error("it refuses the connection: {0}")]
    Refused(io::Error),
    #[error("it is not reached: {0}")]
    Unreached(io::Error),
    #[error("TLS does not come about: {0}")]
    Tls(io::Error),
}

impl NotOpen {
    /// What it counts as.
    pub(super) fn fault(&self) -> Fault {
        match self {
            NotOpen::Name(_) => Fault::Name,
            NotOpen::Refused(_) => Fault::Refused,
            NotOpen::Unreached(_) => Fault::Unreached,
            NotOpen::Tls(_) => Fault::Tls,
        }
    }
}

/// An open connection.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    frames: Mllp,
    buffer: BytesMut,
}

impl Link {
    /// Connects, and in TLS proves who is there. Nothing has been sent when this fails.
    pub(super) async fn open(
        address: &str,
        tls: Option<&Arc<Fresh<ClientConfig>>>,
    ) -> Result<Link, NotOpen> {
        let late = |_| NotOpen::Unreached(io::Error::from(io::ErrorKind::TimedOut));
        let stream = tokio::time::timeout(CONNECT_WITHIN, stream(address, tls));
        let stream = stream.await.map_err(late)??;
        let mut link =
            Link { stream, frames: Mllp::new(ANSWER_BYTES_MAX), buffer: BytesMut::new() };
        if tls.is_some() {
            link.is_taken().await.map_err(NotOpen::Tls)?;
        }
        Ok(link)
    }

    /// Hears whether the other side turns us away: in TLS 1.3 it looks at our certificate only when
    /// the connection stands for us already.
    async fn is_taken(&mut self) -> io::Result<()> {
        match tokio::time::timeout(TURNED_AWAY_WITHIN, self.stream.read_buf(&mut self.buffer)).await
        {
            Ok(Ok(0)) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, message: Bytes) -> io::Result<()> {
        let mut framed = BytesMut::with_capacity(message.len() + 3);
        self.frames.encode(message, &mut framed).map_err(io::Error::other)?;
        self.stream.write_all(&framed).await?;
        self.stream.flush().await
    }

    /// The next frame; if there is none, whether the connection was closed, was reset, or says what
    /// is no frame. Nothing is lost if the waiting is given up.
    pub(super) async fn next(&mut self) -> Result<Bytes, Fault> {
        loop {
            match self.frames.decode(&mut self.buffer) {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(_) => return Err(Fault::Garbage),
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Err(Fault::Closed),
                Err(_) => return Err(Fault::Reset),
                Ok(_) => {}
            }
        }
    }

    /// A frame that is here already.
    pub(super) fn waiting(&mut self) -> Option<Bytes> {
        self.frames.decode(&mut self.buffer).ok().flatten()
    }

    /// Whether the other side is gone, or says too much, as far as can be told without waiting.
    /// What it said before is kept.
    pub(super) fn is_closed(&mut self) -> bool {
        let mut piece = [0_u8; 1024];
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut read = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.stream).poll_read(&mut context, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => return true,
                Poll::Ready(Ok(())) => self.buffer.extend_from_slice(read.filled()),
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => return false,
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                return true;
            }
        }
    }
}

async fn stream(
    address: &str,
    tls: Option<&Arc<Fresh<ClientConfig>>>,
) -> Result<Box<dyn Stream>, NotOpen> {
    let plain = connected(address).await?;
    plain.set_nodelay(true).map_err(NotOpen::Unreached)?;
    let Some(tls) = tls else {
        return Ok(Box::new(plain));
    };
    let (host, _) = address.rsplit_once(':').unwrap_or((address, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let fails = |error| NotOpen::Tls(io::Error::other(error));
    let name = ServerName::try_from(host).map_err(fails)?;
    let stream = TlsConnector::from(tls.current()).connect(name, plain).await;
    Ok(Box::new(stream.map_err(NotOpen::Tls)?))
}

/// A connection to the first of the addresses of a name that takes one.
async fn connected(address: &str) -> Result<TcpStream, NotOpen> {
    let nowhere = || io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut fault = NotOpen::Name(nowhere());
    for one in tokio::net::lookup_host(address).await.map_err(NotOpen::Name)? {
        match TcpStream::connect(one).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fault = NotOpen::Refused(error);
            }
            Err(error) => fault = NotOpen::Unreached(error),
        }
    }
    Err(fault)
}
