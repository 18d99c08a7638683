//! One connection: frames in, answers out, in their order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::codec::{Decoder, Encoder};
use tokio_util::sync::CancellationToken;

use crate::wire::mllp::{self, Mllp};

use super::options::{ANSWER_SECONDS_MAX, LINGER_SECONDS_MAX, STOP_SECONDS_MAX};
use super::owed::{self, OWED_MAX, Owed};
use super::seat::Seat;
use super::{Counted, Limits, Reception, TOGETHER_BYTES_MAX, TOGETHER_MESSAGES_MAX};

/// Room that is made for each look at the socket.
const READ_BYTES: usize = 8 << 10;
/// How often it is looked up whether it is known what came of a message: at first, and at most.
const LOOK_UP_AFTER: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(500)];

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
    /// What is to be told of messages that are stored, in their order.
    owed: VecDeque<Owed>,
    /// When it is next looked up what came of them, and how long after that once more.
    look_up: Option<(Instant, Duration)>,
    /// Whether the connection ends once its last answer is said.
    closes: bool,
    seat: Arc<Seat>,
    /// When the peer was last heard.
    heard: Instant,
}

/// Whether a frame is no message but a word of MLLP on one of ours.
fn is_commit_block(frame: &Bytes) -> bool {
    frame.as_ref() == mllp::COMMITTED || frame.as_ref() == mllp::NOT_COMMITTED
}

/// What waiting for bytes led to.
enum Heard {
    /// Bytes, or word that the listener stops: look again.
    More,
    End,
    Silence,
    Stop,
    /// Another needs the place.
    GivesWay,
    /// Nothing follows an end that lacks its last byte.
    QuietEnd,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Connection<'a, S> {
    pub(super) fn new(
        stream: S,
        reception: &'a Reception,
        (limits, seat): (Limits, Arc<Seat>),
    ) -> Self {
        Connection {
            stream,
            reception,
            limits,
            codec: Mllp::framed(limits.message_bytes_max, limits.framing),
            buffer: BytesMut::new(),
            deadline: None,
            stop_by: None,
            owed: VecDeque::new(),
            look_up: None,
            closes: false,
            seat,
            heard: Instant::now(),
        }
    }

    /// Serves the peer until it goes, is too slow or too loud, or the listener stops.
    pub(super) async fn serve(mut self, stop: &CancellationToken) -> io::Result<()> {
        let served = self.converse(stop).await;
        self.reception.counts().add(Counted::AnswerLost, self.owed.len() as u64);
        served
    }

    async fn converse(&mut self, stop: &CancellationToken) -> io::Result<()> {
        loop {
            self.tell_what_is_known().await?;
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
                if self.closes {
                    self.close().await;
                    return Ok(());
                }
                continue;
            }
            match self.listen(stop).await? {
                Heard::More => {}
                Heard::QuietEnd => self.end_quietly().await?,
                heard @ (Heard::End | Heard::Silence | Heard::Stop | Heard::GivesWay) => {
                    if matches!(heard, Heard::End) && self.limits.frame_end_quiet.is_some() {
                        self.end_quietly().await?;
                    }
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
        if self.owed.len() >= OWED_MAX {
            return Ok(frames);
        }
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
        self.reception.counts().add(Counted::RestartedFrame, self.codec.take_restarted());
        Ok(frames)
    }

    /// Takes a frame whose end lacks its last byte, if there is one.
    async fn end_quietly(&mut self) -> io::Result<()> {
        let Some(frame) = self.codec.end_here(&mut self.buffer) else {
            return Ok(());
        };
        self.deadline = None;
        self.reception.counts().one(Counted::QuietEnd);
        self.answer(&[frame]).await
    }

    /// When an end that lacks its last byte is one.
    fn quiet_until(&self) -> Option<Instant> {
        let quiet = self.limits.frame_end_quiet?;
        self.codec.lacks_its_last_byte(&self.buffer).then(|| self.heard + quiet)
    }

    async fn answer(&mut self, frames: &[Bytes]) -> io::Result<()> {
        let mut out = BytesMut::new();
        let is_word = |frame: &&Bytes| self.limits.commit_blocks && is_commit_block(frame);
        let words = frames.iter().filter(is_word).count();
        self.reception.counts().add(Counted::StrayAcknowledgment, words as u64);
        let frames: Vec<Bytes> = frames.iter().filter(|it| !is_word(it)).cloned().collect();
        for block in self.reception.take_frames(&frames).await {
            if self.limits.commit_blocks && !block.closes {
                let word = if block.stored { mllp::COMMITTED } else { mllp::NOT_COMMITTED };
                self.codec.encode(word, &mut out).map_err(io::Error::other)?;
            }
            if let Some(answer) = block.answer {
                self.codec.encode(&answer[..], &mut out).map_err(io::Error::other)?;
            }
            self.owed.extend(block.owed);
            self.closes |= block.closes;
            if self.closes {
                break;
            }
        }
        if !self.owed.is_empty() {
            self.look_up = Some((Instant::now() + LOOK_UP_AFTER[0], LOOK_UP_AFTER[0]));
        }
        self.say(&out).await
    }

    /// Says what came of messages of which that is known by now, if it is time to look it up.
    async fn tell_what_is_known(&mut self) -> io::Result<()> {
        let Some((at, after)) = self.look_up else {
            return Ok(());
        };
        let Some(books) = self.reception.books().filter(|_| Instant::now() >= at) else {
            return Ok(());
        };
        let (books, made) = (Arc::clone(books), self.reception.made());
        let intake = Arc::clone(self.reception.intake());
        let mut owed = std::mem::take(&mut self.owed);
        let looked_up = tokio::task::spawn_blocking(move || {
            let known = owed::known((&books, &intake), &mut owed, &made);
            (known, owed)
        });
        let (known, owed) = looked_up.await.map_err(io::Error::other)?;
        self.owed = owed;
        let known = known.map_err(io::Error::other)?;
        let [first, most] = LOOK_UP_AFTER;
        let after = if known.is_empty() { most.min(after * 2) } else { first };
        self.look_up = (!self.owed.is_empty()).then(|| (Instant::now() + after, after));
        let mut out = BytesMut::new();
        for answer in known {
            self.codec.encode(&answer[..], &mut out).map_err(io::Error::other)?;
        }
        self.say(&out).await
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
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
        let waiting = self.buffer.len();
        let begun = waiting > 0;
        let stops = stop.is_cancelled();
        if stops && !begun {
            return Ok(Heard::Stop);
        }
        let until = self.until(begun, stops);
        let quiet = self.quiet_until();
        if quiet.is_some_and(|quiet| Instant::now() >= quiet) {
            return Ok(Heard::QuietEnd);
        }
        if Instant::now() >= until {
            return Ok(Heard::Silence);
        }
        self.buffer.reserve(READ_BYTES);
        let look_up = self.look_up.map_or(until, |(at, _)| at);
        let is_full = self.owed.len() >= OWED_MAX;
        let rests = !begun && self.owed.is_empty();
        if rests {
            self.seat.rests(self.heard);
        }
        let seat = Arc::clone(&self.seat);
        let heard = tokio::select! {
            () = seat.is_asked_for(), if rests => Ok(Heard::GivesWay),
            () = sleep_until(quiet.unwrap_or(until)), if quiet.is_some() => Ok(Heard::More),
            () = sleep_until(look_up), if self.look_up.is_some() => Ok(Heard::More),
            read = timeout_at(until, self.stream.read_buf(&mut self.buffer)), if !is_full => match read {
                Ok(Ok(0)) => Ok(Heard::End),
                Ok(Ok(_)) => Ok(Heard::More),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(Heard::Silence),
            },
            () = stop.cancelled(), if !stops => Ok(Heard::More),
        };
        self.seat.works();
        if self.buffer.len() > waiting {
            self.heard = Instant::now();
        }
        heard
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
        } else if matches!(heard, Heard::GivesWay) {
            self.reception.counts().one(Counted::GaveWay);
            tracing::info!(
                source.name = self.reception.source(),
                "A silent connection was closed: a new one needed its place."
            );
        }
    }

    /// Says why, where that can be said, and goes. What the peer still sends is thrown away for a
    /// moment: to close over unread bytes would take the answer from it.
    async fn cut_off(&mut self, head: &[u8], bytes_max: usize) -> io::Result<()> {
        let answer = self.reception.refuse_head(head, bytes_max);
        self.buffer = BytesMut::new();
        let mut out = BytesMut::new();
        if self.limits.commit_blocks {
            self.codec.encode(mllp::NOT_COMMITTED, &mut out).map_err(io::Error::other)?;
        }
        if let Some(answer) = answer {
            self.codec.encode(&answer[..], &mut out).map_err(io::Error::other)?;
        }
        self.say(&out).await?;
        self.stream.shutdown().await?;
        let mut unread = vec![0; READ_BYTES];
        let drain =
            async { while self.stream.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {} };
        let _in_time = timeout(Duration::from_secs(LINGER_SECONDS_MAX), drain).await;
        Ok(())
    }
}
