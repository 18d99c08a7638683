//! Application acknowledgments over a connection of our own: what came of a message, told to its
//! sender at an address that the settings name.
//!
//! What is owed is read from what is stored, in its order, and how far it was told is kept with it:
//! so a restart loses nothing. Nobody answers such an acknowledgment (its MSH-16 is NE), so what was
//! written into a connection that then broke counts as told; what was not is told again, under the
//! same control id.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::rustls::ClientConfig;
use tokio_util::codec::Encoder;
use tokio_util::sync::CancellationToken;

use crate::domain::MessageId;
use crate::store::{Books, Error as StoreError};
use crate::trust::{self, Fresh, Stream};
use crate::wire::mllp::{Framing, Mllp};

use super::options::{ANSWER_SECONDS_MAX, LINGER_SECONDS_MAX};
use super::owed::Known;
use super::{Counted, Reception};

/// Under what name it is kept how far a source was told.
const TOLD: &str = "application acknowledgments";
/// Messages that are looked at together, and their bytes.
const TOGETHER_MESSAGES_MAX: usize = 64;
const TOGETHER_BYTES_MAX: usize = 4 << 20;
/// Messages of which there is nothing to tell before it is kept that they were looked at.
const PASSED_MAX: i64 = 1_000;
/// How long there is nothing to tell before it is looked again: at first, and at most.
const LOOK_AFTER: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];
/// How long after a fault it is tried again: at first, and at most.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(60)];
/// A connection over which nothing is told for so long is closed.
const IDLE: Duration = Duration::from_secs(30);

/// Where a sender is told what came of its messages.
#[derive(Clone)]
pub struct CallBack {
    /// `host:port`.
    pub address: String,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<Fresh<ClientConfig>>>,
}

/// Tells the sender of one source what came of its messages.
pub struct Teller {
    reception: Arc<Reception>,
    books: Arc<Books>,
    to: CallBack,
    framing: Framing,
    /// The last message that is done with, and how far it is kept.
    at: MessageId,
    kept: MessageId,
    link: Option<Link>,
}

/// An open connection.
struct Link {
    stream: Box<dyn Stream>,
    used: Instant,
}

/// What is to be told, up to a message.
struct Due {
    answers: Vec<Vec<u8>>,
    until: MessageId,
}

/// Why nothing is told for now.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    #[error("the connection failed")]
    Link(#[from] io::Error),
}

impl Teller {
    /// Tells at this address what came of what this source sends from now on, or since it was last
    /// told there. Nothing without books.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(
        reception: Arc<Reception>,
        to: CallBack,
        framing: Framing,
    ) -> Result<Option<Teller>, StoreError> {
        let Some(books) = reception.books().cloned() else {
            return Ok(None);
        };
        let (intake, source) = (reception.intake(), reception.source());
        let kept = intake.cursor(source, TOLD)?.parse().ok().map(MessageId);
        let at = match kept {
            Some(at) => at,
            None => {
                let last = intake.last();
                intake.move_cursor(source, TOLD, &last.to_string())?;
                last
            }
        };
        Ok(Some(Teller { reception, books, to, framing, at, kept: at, link: None }))
    }

    /// Tells what there is to tell until it is stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let (mut look, mut again) = (LOOK_AFTER[0], AGAIN_AFTER[0]);
        loop {
            // What is under way when it is stopped may come to its end, so that it is not told twice.
            let stopped = async {
                stop.cancelled().await;
                sleep(Duration::from_secs(LINGER_SECONDS_MAX)).await;
            };
            let round = tokio::select! {
                round = self.round() => round,
                () = stopped => return,
            };
            let rest = match round {
                Ok(true) => {
                    (look, again) = (LOOK_AFTER[0], AGAIN_AFTER[0]);
                    Duration::ZERO
                }
                Ok(false) => {
                    look = LOOK_AFTER[1].min(look * 2);
                    look
                }
                Err(fault) => {
                    self.complain(&fault, again);
                    let rest = again;
                    again = AGAIN_AFTER[1].min(again * 2);
                    rest
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(rest) => {}
            }
        }
    }

    fn complain(&mut self, fault: &Fault, again: Duration) {
        self.link = None;
        self.reception.counts().one(Counted::AnswerLater);
        tracing::warn!(
            source.name = self.reception.source(),
            error = fault as &dyn std::error::Error,
            again_after_ms = u64::try_from(again.as_millis()).unwrap_or(u64::MAX),
            "What came of messages could not be told; it is tried again."
        );
    }

    /// Tells some; whether there was anything to look at.
    async fn round(&mut self) -> Result<bool, Fault> {
        let Some(due) = self.due().await? else {
            if self.link.as_ref().is_some_and(|link| link.used.elapsed() >= IDLE) {
                self.close().await;
            }
            return Ok(false);
        };
        let is_told = !due.answers.is_empty();
        if is_told {
            self.say(&due.answers).await?;
        }
        self.at = due.until;
        if is_told || self.at.0 - self.kept.0 >= PASSED_MAX {
            self.keep().await?;
        }
        Ok(true)
    }

    /// Keeps how far the source was told.
    async fn keep(&mut self) -> Result<(), Fault> {
        let (reception, told) = (Arc::clone(&self.reception), self.at.to_string());
        let moved = tokio::task::spawn_blocking(move || {
            reception.intake().move_cursor(reception.source(), TOLD, &told)
        });
        moved.await.map_err(io::Error::other)??;
        self.kept = self.at;
        Ok(())
    }

    /// What is known by now of the next messages of the source.
    async fn due(&mut self) -> Result<Option<Due>, Fault> {
        let (reception, books) = (Arc::clone(&self.reception), Arc::clone(&self.books));
        let at = self.at;
        let looked = tokio::task::spawn_blocking(move || due(&reception, &books, at));
        Ok(looked.await.map_err(io::Error::other)??)
    }

    async fn say(&mut self, answers: &[Vec<u8>]) -> Result<(), Fault> {
        if self.link.as_mut().is_some_and(|link| link.is_gone()) {
            self.link = None;
        }
        let link = match &mut self.link {
            Some(link) => link,
            None => self.link.insert(Link::open(&self.to).await?),
        };
        let mut frames = Mllp::framed(usize::MAX, self.framing);
        let mut out = BytesMut::new();
        for answer in answers {
            frames.encode(&answer[..], &mut out).map_err(io::Error::other)?;
        }
        let said = async {
            link.stream.write_all(&out).await?;
            link.stream.flush().await
        };
        let within = Duration::from_secs(ANSWER_SECONDS_MAX);
        timeout(within, said).await.map_err(io::Error::from)??;
        link.used = Instant::now();
        let count = u64::try_from(answers.len()).unwrap_or(u64::MAX);
        self.reception.counts().add(Counted::AnswerTold, count);
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(mut link) = self.link.take() {
            drop(timeout(Duration::from_secs(LINGER_SECONDS_MAX), link.stream.shutdown()).await);
        }
    }
}

/// Messages of which it is known what came of them, from one on, and what their sender is told;
/// nothing where there are none.
fn due(
    reception: &Reception,
    books: &Arc<Books>,
    at: MessageId,
) -> Result<Option<Due>, StoreError> {
    let (carried, intake) = (books.cursor()?, reception.intake());
    if carried <= at {
        return Ok(None);
    }
    let within = (TOGETHER_MESSAGES_MAX, TOGETHER_BYTES_MAX);
    let stored = intake.read_of(reception.source(), (at, carried), within)?;
    let until = stored.last().map_or(carried, |last| last.id);
    let mut due = Due { answers: Vec::new(), until };
    let made = reception.made();
    for owed in stored.iter().filter_map(|one| reception.owed_for(one)) {
        match owed.known((books, intake), &made)? {
            Known::Said(answer) => due.answers.push(answer),
            Known::Nothing | Known::NotYet => {}
        }
    }
    Ok(Some(due))
}

impl Link {
    async fn open(to: &CallBack) -> io::Result<Link> {
        let stream = trust::dial(&to.address, to.tls.as_ref()).await.map_err(io::Error::other)?;
        Ok(Link { stream, used: Instant::now() })
    }

    /// Whether the other side is gone, as far as can be told without waiting. What it says is an
    /// answer to an answer, and means nothing.
    fn is_gone(&mut self) -> bool {
        let mut piece = [0_u8; 1024];
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut read = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.stream).poll_read(&mut context, &mut read) {
                Poll::Ready(Ok(())) if read.filled().is_empty() => return true,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => return false,
            }
        }
    }
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Teller({}, {})", self.reception.source(), self.to.address)
    }
}
