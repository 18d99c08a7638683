//! One connection to a receiver: frames out, frames in, and a close that is noticed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio_util::codec::{Decoder, Encoder};

use crate::telemetry::Fault;
use crate::trust::{self, Fresh, NotOpen, Stream};
use crate::wire::mllp::Mllp;

/// An answer is no longer than this.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Whoever does not take our certificate says so within this time.
const TURNED_AWAY_WITHIN: Duration = Duration::from_millis(300);

/// What it counts as that there is no connection.
pub(super) fn fault(error: &NotOpen) -> Fault {
    match error {
        NotOpen::Name(_) => Fault::Name,
        NotOpen::Refused(_) => Fault::Refused,
        NotOpen::Unreached(_) => Fault::Unreached,
        NotOpen::Tls(_) => Fault::Tls,
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
        let stream = trust::dial(address, tls).await?;
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
