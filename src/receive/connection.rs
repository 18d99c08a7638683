//! One connection: frames in, answers out, in their order.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{Decoder, Encoder};
use tokio_util::sync::CancellationToken;

use crate::wire::mllp::{self, Mllp};

use super::options::{ANSWER_SECONDS_MAX, LINGER_SECONDS_MAX, STOP_SECONDS_MAX};
use super::{Counted, Limits, Reception, TOGETHER_BYTES_MAX, TOGETHER_MESSAGES_MAX};

/// Room that is made for each look at the socket.
const READ_BYTES: usize = 8 << 10;

/// One connection.
pub(super) struct Connection<'a, S> {
    stream: S,
    reception: &'a Reception,
    limits: Limits,
    codec: Mllp,
    buffer: BytesMut,
    /// When the message that has begun to come must be there.
    deadline: Option<Instant>,
    /// When a listener that stops waits no longer.
    stop_by: Option<Instant>,
}

/// What waiting for bytes led to.
enum Heard {
    /// Bytes, or word that the listener stops: look again.
    More,
    End,
    Silence,
    Stop,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Connection<'a, S> {
    pub(super) fn new(stream: S, reception: &'a Reception, limits: Limits) -> Self {
        Connection {
            stream,
            reception,
            limits,
            codec: Mllp::new(limits.message_bytes_max),
            buffer: BytesMut::new(),
            deadline: None,
            stop_by: None,
        }
    }

    /// Serves the peer until it goes, is too slow or too loud, or the listener stops.
    pub(super) async fn serve(mut self, stop: &CancellationToken) -> io::Result<()> {
        loop {
            let frames = match self.frames() {
                Ok(frames) => frames,
                Err(mllp::Error::TooLong { bytes_max, head }) => {
                    return self.cut_off(&head.0, bytes_max).await;
                }
                Err(mllp::Error::Unframeable) => return Ok(()),
                Err(mllp::Error::Stream(error)) => return Err(error),
            };
            if !frames.is_empty() {
                self.deadline = None;
                self.answer(&frames).await?;
                continue;
            }
            match self.listen(stop).await? {
                Heard::More => {}
                heard @ (Heard::End | Heard::Silence | Heard::Stop) => {
                    self.end(&heard);
                    self.close().await;
                    return Ok(());
                }
            }
        }
    }

    /// Frames that are here whole, within what is stored together.
    fn frames(&mut self) -> Result<Vec<Bytes>, mllp::Error> {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while frames.len() < TOGETHER_MESSAGES_MAX && bytes < TOGETHER_BYTES_MAX {
            match self.codec.decode(&mut self.buffer) {
                Ok(Some(frame)) => {
                    bytes += frame.len();
                    frames.push(frame);
                }
                Ok(None) => break,
                // What came before the fault is answered first; the fault comes again.
                Err(_) if !frames.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        self.reception.counts().add(Counted::SkippedByte, self.codec.take_skipped());
        Ok(frames)
    }

    async fn answer(&mut self, frames: &[Bytes]) -> io::Result<()> {
        let mut out = BytesMut::new();
        for answer in self.reception.take(frames).await.into_iter().flatten() {
            self.codec.encode(&answer[..], &mut out).map_err(io::Error::other)?;
        }
        self.say(&out).await
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let said = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(Duration::from_secs(ANSWER_SECONDS_MAX), said).await?
    }

    /// Ends the connection in due form. A peer that is gone already does not mind.
    async fn close(&mut self) {
        let _closed =
            timeout(Duration::from_secs(LINGER_SECONDS_MAX), self.stream.shutdown()).await;
    }

    /// Waits for bytes: between messages as long as the peer may be silent, within one until its
    /// deadline. A listener that stops waits for messages that have begun to come, and only so
    /// long.
    async fn listen(&mut self, stop: &CancellationToken) -> io::Result<Heard> {
        let begun = !self.buffer.is_empty();
        let stops = stop.is_cancelled();
        if stops && !begun {
            return Ok(Heard::Stop);
        }
        let until = self.until(begun, stops);
        if Instant::now() >= until {
            return Ok(Heard::Silence);
        }
        self.buffer.reserve(READ_BYTES);
        tokio::select! {
            read = timeout_at(until, self.stream.read_buf(&mut self.buffer)) => match read {
                Ok(Ok(0)) => Ok(Heard::End),
                Ok(Ok(_)) => Ok(Heard::More),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(Heard::Silence),
            },
            () = stop.cancelled(), if !stops => Ok(Heard::More),
        }
    }

    fn until(&mut self, begun: bool, stops: bool) -> Instant {
        let now = Instant::now();
        let within = if begun {
            *self.deadline.get_or_insert(now + self.limits.frame)
        } else {
            now + self.limits.idle
        };
        if !stops {
            return within;
        }
        within.min(*self.stop_by.get_or_insert(now + Duration::from_secs(STOP_SECONDS_MAX)))
    }

    /// A frame that never came whole is counted, and nothing of it is kept.
    fn end(&self, heard: &Heard) {
        if !self.buffer.is_empty() {
            self.reception.counts().one(Counted::CutFrame);
        } else if matches!(heard, Heard::Silence) {
            self.reception.counts().one(Counted::Idle);
        }
    }

    /// Says why, where that can be said, and goes. What the peer still sends is thrown away for a
    /// moment: to close over unread bytes would take the answer from it.
    async fn cut_off(&mut self, head: &[u8], bytes_max: usize) -> io::Result<()> {
        let answer = self.reception.refuse_head(head, bytes_max);
        self.buffer = BytesMut::new();
        if let Some(answer) = answer {
            let mut out = BytesMut::new();
            self.codec.encode(&answer[..], &mut out).map_err(io::Error::other)?;
            self.say(&out).await?;
        }
        self.stream.shutdown().await?;
        let mut unread = vec![0; READ_BYTES];
        let drain =
            async { while self.stream.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {} };
        let _in_time = timeout(Duration::from_secs(LINGER_SECONDS_MAX), drain).await;
        Ok(())
    }
}
