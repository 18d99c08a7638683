//! One connection to a receiver: frames out, frames in, and a close that is noticed.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Encoder};

use crate::wire::mllp::Mllp;

/// An answer is no longer than this.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// An open connection.
pub(super) struct Link {
    stream: TcpStream,
    frames: Mllp,
    buffer: BytesMut,
}

impl Link {
    /// Connects. Nothing has been sent when this fails.
    pub(super) async fn open(address: &str) -> io::Result<Link> {
        let connecting = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address));
        let stream = connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        Ok(Link { stream, frames: Mllp::new(ANSWER_BYTES_MAX), buffer: BytesMut::new() })
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, message: Bytes) -> io::Result<()> {
        let mut framed = BytesMut::with_capacity(message.len() + 3);
        self.frames.encode(message, &mut framed).map_err(io::Error::other)?;
        self.stream.write_all(&framed).await
    }

    /// The next frame; `None` when the connection is closed, or says what is no frame. Nothing is
    /// lost if the waiting is given up.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.frames.decode(&mut self.buffer) {
                Ok(Some(frame)) => return Some(frame),
                Ok(None) => {}
                Err(_) => return None,
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
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
        loop {
            match self.stream.try_read(&mut piece) {
                Ok(0) => return true,
                Ok(read) => self.buffer.extend_from_slice(&piece[..read]),
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                return true;
            }
        }
    }
}
