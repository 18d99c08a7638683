//! What was received: the first thing a message meets, and all that its sender waits for.

mod cursor;
mod fragment;
mod shelf;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use crate::domain::{Answer, MessageId, Reason};

use super::Error;
use super::database::{Format, Place, folder_for_writing};
use super::queue::{Limits, Queue};
use super::readers::Readers;
use super::reply::Reply;

pub use fragment::{FragmentStanding, NewFragment};
pub use shelf::{NewResource, SourceShelf, Standing};

/// Messages that may wait for the disk, and their bytes.
const WAITING: Limits = Limits { count_max: 4_096, bytes_max: 64 << 20 };
/// A message weighs this much beside its bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 256;

const FORMAT: Format = Format {
    file: "intake.db",
    migrations: &[
        include_str!("../migrations/intake-1.sql"),
        include_str!("../migrations/intake-2.sql"),
        include_str!("../migrations/intake-3.sql"),
    ],
    page_bytes: 4_096,
    checkpoint_pages: 4_000,
};

/// A message to be kept.
#[derive(Clone)]
pub struct NewMessage {
    /// The source it came from, by name.
    pub source: Arc<str>,
    /// When.
    pub received: Timestamp,
    /// Its control id, as told.
    pub control_id: Vec<u8>,
    /// What its sender will be told.
    pub answer: Answer,
    /// Why, where that is not yes.
    pub reason: Option<Reason>,
    /// All of it.
    pub raw: Bytes,
    /// How it hangs together with others, if it is a part of a message.
    pub fragment: Option<NewFragment>,
}

/// A message that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its number.
    pub id: MessageId,
    /// The source it came from, by name.
    pub source: Arc<str>,
    /// When, to the millisecond.
    pub received: Timestamp,
    /// Its control id, as told.
    pub control_id: Vec<u8>,
    /// What its sender was told.
    pub answer: Answer,
    /// Why, where that was not yes.
    pub reason: Option<Reason>,
    /// All of it.
    pub raw: Vec<u8>,
}

/// The messages received.
#[derive(Debug)]
pub struct Intake {
    shared: Arc<Shared>,
    readers: Readers,
    writer: Option<JoinHandle<()>>,
}

/// What the writer thread and its callers have in common.
#[derive(Debug)]
struct Shared {
    queue: Queue<writer::Append>,
    place: Place,
    last: AtomicI64,
    committing: AtomicUsize,
    news: Mutex<News>,
    news_came: Condvar,
}

#[derive(Debug, Default)]
struct News {
    last: i64,
    wakes: u64,
}

impl Intake {
    /// Opens the intake in a folder; makes both if they are missing.
    pub fn open(folder: &Path) -> Result<Intake, Error> {
        folder_for_writing(folder)?;
        Intake::open_at(Place::File(folder.join(FORMAT.file)))
    }

    /// An intake that forgets everything when it is dropped.
    pub fn open_in_memory() -> Result<Intake, Error> {
        Intake::open_at(Place::memory())
    }

    fn open_at(place: Place) -> Result<Intake, Error> {
        let connection = place.open_for_writing(&FORMAT)?;
        Intake::start(place, connection)
    }

    /// An intake whose disk is full after so many pages.
    #[cfg(test)]
    pub(crate) fn open_with_room_for(folder: &Path, pages: u32) -> Result<Intake, Error> {
        let place = Place::File(folder.join(FORMAT.file));
        let connection = place.open_for_writing(&FORMAT)?;
        connection.pragma_update(None, "max_page_count", pages)?;
        Intake::start(place, connection)
    }

    fn start(place: Place, connection: Connection) -> Result<Intake, Error> {
        let last = connection
            .query_row("SELECT max(id) FROM message", [], |row| row.get::<_, Option<i64>>(0))?
            .unwrap_or(0);
        let shared = Arc::new(Shared {
            queue: Queue::new(WAITING),
            place: place.clone(),
            last: AtomicI64::new(last),
            committing: AtomicUsize::new(0),
            news: Mutex::new(News { last, wakes: 0 }),
            news_came: Condvar::new(),
        });
        let writer = writer::start(Arc::clone(&shared), connection)?;
        Ok(Intake { shared, readers: Readers::new(place), writer: Some(writer) })
    }

    /// Keeps a message; it is on disk when this returns. Many that come at once share one commit.
    pub async fn append(&self, message: NewMessage) -> Result<MessageId, Error> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let weight = weight(&message);
        let append = writer::Append::new(message, Reply::Async(reply));
        self.shared.queue.push(append, weight).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Keeps a message together with what it tells of the resources of its source; both are on
    /// disk when this returns, or neither.
    pub async fn append_telling(
        &self,
        message: NewMessage,
        told: Vec<NewResource>,
    ) -> Result<MessageId, Error> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let weight =
            weight(&message) + told.iter().map(|one| one.resource.body.len()).sum::<usize>();
        let append = writer::Append::new(message, Reply::Async(reply)).telling(told);
        self.shared.queue.push(append, weight).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// The same, for callers that are no part of an async runtime.
    pub fn append_telling_blocking(
        &self,
        message: NewMessage,
        told: Vec<NewResource>,
    ) -> Result<MessageId, Error> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let weight =
            weight(&message) + told.iter().map(|one| one.resource.body.len()).sum::<usize>();
        let append = writer::Append::new(message, Reply::Blocking(reply)).telling(told);
        self.shared.queue.push_blocking(append, weight).map_err(|_| Error::Closed)?;
        answer.recv().unwrap_or(Err(Error::Closed))
    }

    /// Keeps several messages of one sender, in their order; each has its own outcome.
    pub async fn append_all(&self, messages: Vec<NewMessage>) -> Vec<Result<MessageId, Error>> {
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            let (reply, answer) = tokio::sync::oneshot::channel();
            let weight = weight(&message);
            let append = writer::Append::new(message, Reply::Async(reply));
            let pushed = self.shared.queue.push(append, weight).await;
            answers.push(pushed.map(|()| answer));
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for answer in answers {
            outcomes.push(match answer {
                Ok(answer) => answer.await.unwrap_or(Err(Error::Closed)),
                Err(_) => Err(Error::Closed),
            });
        }
        outcomes
    }

    /// Keeps a message, for callers that are no part of an async runtime.
    pub fn append_blocking(&self, message: NewMessage) -> Result<MessageId, Error> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let weight = weight(&message);
        let append = writer::Append::new(message, Reply::Blocking(reply));
        self.shared.queue.push_blocking(append, weight).map_err(|_| Error::Closed)?;
        answer.recv().unwrap_or(Err(Error::Closed))
    }

    /// The messages behind `after`, oldest first: at most `count_max` of them, and no more than
    /// `bytes_max` bytes unless the first alone has more.
    pub fn read_after(
        &self,
        after: MessageId,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredMessage>, Error> {
        let read =
            self.readers.read(|connection| read_after(connection, after, count_max, bytes_max))?;
        // Another process may have kept something too: what a person tells.
        if let Some(last) = read.last() {
            self.shared.last.fetch_max(last.id.0, Ordering::AcqRel);
        }
        Ok(read)
    }

    /// The messages of one source behind the first number, up to the second, as [`Intake::read_after`]
    /// gives them.
    pub fn read_of(
        &self,
        source: &str,
        (after, until): (MessageId, MessageId),
        (count_max, bytes_max): (usize, usize),
    ) -> Result<Vec<StoredMessage>, Error> {
        self.readers.read(|connection| {
            let mut select = connection.prepare_cached(SELECT_OF)?;
            let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
            take(select.query((after.0, until.0, source, count_max))?, bytes_max)
        })
    }

    /// One message.
    pub fn get(&self, id: MessageId) -> Result<Option<StoredMessage>, Error> {
        self.readers.read(|connection| {
            let mut select = connection.prepare_cached(SELECT_ONE)?;
            let row = select.query_row([id.0], |row| Ok(stored(row))).optional()?;
            row.transpose()
        })
    }

    /// The newest message on disk; number 0 if there is none.
    pub fn last(&self) -> MessageId {
        MessageId(self.shared.last.load(Ordering::Acquire))
    }

    /// How many messages wait for the disk at this moment.
    pub fn senders_waiting(&self) -> usize {
        self.shared.queue.len() + self.shared.committing.load(Ordering::Relaxed)
    }

    /// Blocks until there is a message behind `after`, somebody calls [`Intake::wake`], or
    /// `patience` is over; gives the newest message.
    pub fn wait_for_news(&self, after: MessageId, patience: Duration) -> MessageId {
        let news = self.shared.news.lock().unwrap_or_else(PoisonError::into_inner);
        let wakes = news.wakes;
        let nothing = |news: &mut News| news.last <= after.0 && news.wakes == wakes;
        let (news, _) = self
            .shared
            .news_came
            .wait_timeout_while(news, patience, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        MessageId(news.last)
    }

    /// Wakes who waits in [`Intake::wait_for_news`], so that it can see that it is to stop.
    pub fn wake(&self) {
        self.shared.news.lock().unwrap_or_else(PoisonError::into_inner).wakes += 1;
        self.shared.news_came.notify_all();
    }

    /// Bytes of the write-ahead file.
    pub fn wal_bytes(&self) -> u64 {
        self.shared.place.wal_bytes()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn weight(message: &NewMessage) -> usize {
    message.raw.len() + message.control_id.len() + MESSAGE_OVERHEAD_BYTES
}

const SELECT_ONE: &str =
    "SELECT id, source, received_at, control_id, answer, reason, raw FROM message WHERE id = ?1";
const SELECT_AFTER: &str =
    "SELECT id, source, received_at, control_id, answer, reason, raw FROM message
     WHERE id > ?1 ORDER BY id LIMIT ?2";
const SELECT_OF: &str =
    "SELECT id, source, received_at, control_id, answer, reason, raw FROM message
     WHERE id > ?1 AND id <= ?2 AND source = ?3 ORDER BY id LIMIT ?4";

fn read_after(
    connection: &Connection,
    after: MessageId,
    count_max: usize,
    bytes_max: usize,
) -> Result<Vec<StoredMessage>, Error> {
    let mut select = connection.prepare_cached(SELECT_AFTER)?;
    take(select.query((after.0, i64::try_from(count_max).unwrap_or(i64::MAX)))?, bytes_max)
}

/// Messages as long as they have no more bytes together, unless the first alone has more.
fn take(mut rows: Rows<'_>, bytes_max: usize) -> Result<Vec<StoredMessage>, Error> {
    let (mut messages, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref("raw")?.as_blob().map_or(0, <[u8]>::len);
        if bytes > bytes_max && !messages.is_empty() {
            break;
        }
        messages.push(stored(row)?);
    }
    Ok(messages)
}

fn stored(row: &Row<'_>) -> Result<StoredMessage, Error> {
    let answer: String = row.get(4)?;
    let reason: Option<String> = row.get(5)?;
    Ok(StoredMessage {
        id: MessageId(row.get(0)?),
        source: Arc::from(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?),
        received: Timestamp::from_millisecond(row.get(2)?)
            .map_err(|_| Error::unreadable("a time of receipt"))?,
        control_id: row.get(3)?,
        answer: Answer::parse(&answer).ok_or(Error::unreadable("an answer"))?,
        reason: reason.map(|text| serde_json::from_str(&text)).transpose()?,
        raw: row.get(6)?,
    })
}

/// The bytes of a message are a patient's.
impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewMessage({}, {} bytes)", self.source, self.raw.len())
    }
}

/// The bytes of a message are a patient's.
impl std::fmt::Debug for StoredMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredMessage({}, {}, {} bytes)", self.id, self.source, self.raw.len())
    }
}
