//! What became of the messages: people, facts, lines, the outbox and the ledger.

mod apply;
mod attempts;
mod chain;
mod lines;
mod listing;
mod lists;
mod moves;
mod outbox;
#[cfg(test)]
mod outbox_tests;
mod pauses;
mod people;
mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod views;
mod which;
mod work;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::domain::{Identifier, LineId, MessageId, PersonId};

use super::Error;
use super::database::{Format, Place, folder_for_writing};
use super::queue::{Limits, Queue};
use super::readers::Readers;
use super::reply::Reply;

pub use listing::Listing;
pub use outbox::{Look, Queued};
pub use pauses::{Pause, Steer, Steering};
pub use views::{
    Attempt, Balance, BookedEntry, CourseSummary, LineFilter, LinePlace, ListedLine, Loaded,
    MessageFilter, Verified,
};
pub use work::{
    Applied, BookedMessage, Conflict, Decided, Expected, LineChange, LineRef, Mark, NewFact,
    NewLine, Part, PartOutcome, Posting, Settled, Settlement, Settling, Work,
};

use writer::Job;

/// Jobs that may wait for the writer, and the bytes of what they send.
const WAITING: Limits = Limits { count_max: 1_024, bytes_max: 64 << 20 };

const FORMAT: Format = Format {
    file: "books.db",
    migrations: &[
        include_str!("../migrations/books-1.sql"),
        include_str!("../migrations/books-2.sql"),
        include_str!("../migrations/books-3.sql"),
        include_str!("../migrations/books-4.sql"),
        include_str!("../migrations/books-5.sql"),
    ],
    page_bytes: 4_096,
    checkpoint_pages: 4_000,
};

/// The books.
#[derive(Debug)]
pub struct Books {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    writer: Option<JoinHandle<()>>,
}

/// What the writer thread and its callers have in common.
#[derive(Debug)]
struct Shared {
    queue: Queue<Job>,
    place: Place,
    commits: watch::Sender<u64>,
}

impl Books {
    /// Opens the books in a folder; makes both if they are missing.
    pub fn open(folder: &Path) -> Result<Books, Error> {
        folder_for_writing(folder)?;
        Books::open_at(Place::File(folder.join(FORMAT.file)))
    }

    /// Books that forget everything when they are dropped.
    pub fn open_in_memory() -> Result<Books, Error> {
        Books::open_at(Place::memory())
    }

    fn open_at(place: Place) -> Result<Books, Error> {
        let connection = place.open_for_writing(&FORMAT)?;
        Books::start(place, connection)
    }

    fn start(place: Place, connection: Connection) -> Result<Books, Error> {
        let shared = Arc::new(Shared {
            queue: Queue::new(WAITING),
            place: place.clone(),
            commits: watch::Sender::new(0),
        });
        let writer = writer::start(Arc::clone(&shared), connection)?;
        Ok(Books { shared, readers: Arc::new(Readers::new(place)), writer: Some(writer) })
    }

    /// The last message that is done with, with every one before it.
    pub fn cursor(&self) -> Result<MessageId, Error> {
        self.readers.read(rows::cursor)
    }

    /// Messages behind the cursor that are on the books all the same: parts that were written
    /// before a stop, while others met a conflict. The pipeline passes over them.
    pub fn booked_behind_cursor(&self) -> Result<Vec<MessageId>, Error> {
        self.readers.read(rows::booked_behind_cursor)
    }

    /// Writes what the pipeline made of a run of messages; it is on disk when this returns.
    pub fn apply(&self, work: Work) -> Result<Applied, Error> {
        self.ask(0, |reply| Job::Apply(work, reply))
    }

    /// Writes what a person decided, line by line; every change is made or refused for itself.
    pub fn decide(&self, changes: Vec<LineChange>, at: Timestamp) -> Result<Vec<Decided>, Error> {
        self.ask(0, |reply| Job::Decide(changes, at, reply))
    }

    /// How often another process has written the books since they were opened: whoever keeps
    /// something in memory drops it when this number moves.
    pub fn changes_by_others(&self) -> Result<u64, Error> {
        self.ask(0, Job::LookForOthers)
    }

    /// Notes that the bytes of a line are about to leave; on disk when this returns. `false` if
    /// the line is no longer queued for this destination, or its lane is no longer free: then
    /// nothing may leave.
    pub async fn mark_sent(&self, mark: Mark) -> Result<bool, Error> {
        let bytes = mark.bytes.len();
        self.ask_async(bytes, |reply| Job::Mark(mark, reply)).await
    }

    /// Notes that the bytes of several lines are about to leave together: all of them, or none if
    /// one is not to leave. Lines of one lane may be among them; those of one control id, which stand
    /// next to each other, are one message and have the same bytes.
    pub async fn mark_all_sent(&self, marks: Vec<Mark>) -> Result<bool, Error> {
        let bytes = marks.iter().map(|mark| mark.bytes.len()).sum();
        self.ask_async(bytes, |reply| Job::MarkAll(marks, reply)).await
    }

    /// Notes what became of several attempts, all in one commit.
    pub async fn settle_all(&self, settlements: Vec<Settlement>) -> Result<Vec<Settling>, Error> {
        self.ask_async(0, |reply| Job::SettleAll(settlements, reply)).await
    }

    /// Notes what became of an attempt; on disk when this returns.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settling, Error> {
        let bytes = settlement.bytes.as_ref().map_or(0, bytes::Bytes::len);
        self.ask_async(bytes, |reply| Job::Settle(settlement, reply)).await
    }

    /// Notes where a line stands in the receiver's own books; whether that is news.
    pub async fn note_posted(&self, posting: Posting) -> Result<bool, Error> {
        self.ask_async(0, |reply| Job::Post(posting, reply)).await
    }

    /// Pauses, drains or resumes a destination, whoever has the books open; `false` if it is so
    /// already.
    pub async fn steer(&self, steering: Steering) -> Result<bool, Error> {
        self.ask_async(0, |reply| Job::Steer(steering, reply)).await
    }

    /// The same, for callers that are no part of an async runtime.
    pub fn steer_blocking(&self, steering: Steering) -> Result<bool, Error> {
        self.ask(0, |reply| Job::Steer(steering, reply))
    }

    /// Every destination for which nothing new leaves, by name.
    pub fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.readers.read(pauses::all)
    }

    /// Lines that may leave for a destination now, oldest first; of one lane in the order of
    /// their numbers. A lane with a line that is sent or unknown there gives none, but for one in doubt
    /// that goes again as the same bytes; nor does one of [`Look::busy`] (see [`Queued::lane`]); and a
    /// line that waits for another's final yes is passed over.
    pub async fn next_to_send(&self, destination: &str, look: Look) -> Result<Vec<Queued>, Error> {
        let (readers, destination) = (Arc::clone(&self.readers), destination.to_owned());
        let look = move || {
            readers.read(|connection| outbox::next_to_send(connection, &destination, &look))
        };
        tokio::task::spawn_blocking(look).await.unwrap_or(Err(Error::Closed))
    }

    /// How many lines wait for each destination, or are on their way there: a name that is gone
    /// from the settings leaves them nowhere to go.
    pub fn waiting_by_destination(&self) -> Result<Vec<(String, u64)>, Error> {
        self.readers.read(outbox::waiting_by_destination)
    }

    /// Lines that are sent or unknown at a destination, with the last attempt at each: what a
    /// dispatcher finds when it starts.
    pub fn in_flight(&self, destination: &str) -> Result<Vec<Attempt>, Error> {
        self.readers.read(|connection| attempts::in_flight(connection, destination))
    }

    /// A number that moves with every commit of this process: a hint that there may be something
    /// to send or to show. What another process writes is not told here.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// Whose number it is.
    pub fn person_of(&self, identifier: &Identifier) -> Result<Option<PersonId>, Error> {
        self.readers.read(|connection| people::person_of(connection, identifier))
    }

    /// A person's numbers; the first is the one that goes on.
    pub fn identifiers_of(&self, person: PersonId) -> Result<Vec<Identifier>, Error> {
        self.readers.read(|connection| people::identifiers_of(connection, person))
    }

    /// Everything that a judgment of a person rests on.
    pub fn load(&self, person: PersonId) -> Result<Loaded, Error> {
        self.readers.read(|connection| rows::load(connection, person))
    }

    /// People behind `after` who have lines and were judged by other tables, or by none that was
    /// written down.
    pub fn judged_otherwise(
        &self,
        digest: &str,
        after: PersonId,
        limit: usize,
    ) -> Result<Vec<PersonId>, Error> {
        self.readers.read(|connection| people::judged_otherwise(connection, digest, (after, limit)))
    }

    /// One line.
    pub fn line(&self, line: LineId) -> Result<Option<ListedLine>, Error> {
        self.readers.read(|connection| lists::line(connection, line))
    }

    /// Lines in the order of the contract: by patient, course, day, claim and code. The list can
    /// be read as slowly as one likes.
    pub fn lines(&self, filter: LineFilter) -> Listing<'_, ListedLine> {
        lists::lines(&self.readers, filter)
    }

    /// A piece of that list, for readers that come back for the next: it holds whole patients, and
    /// the limit of the filter does not count.
    pub fn lines_page(
        &self,
        filter: &LineFilter,
        behind: Option<LinePlace>,
    ) -> Result<(Vec<ListedLine>, Option<LinePlace>), Error> {
        self.readers.read(|connection| lists::lines_page(connection, filter, behind))
    }

    /// Lines that an activity with this number of the source earned.
    pub fn lines_earned_by(&self, number: &str) -> Result<Vec<ListedLine>, Error> {
        lists::lines_earned_by(&self.readers, number)
    }

    /// Messages whose outcome is on the books, newest first. The list can be read as slowly as
    /// one likes.
    pub fn messages(&self, filter: MessageFilter) -> Listing<'_, BookedMessage> {
        lists::messages(&self.readers, filter)
    }

    /// A piece of that list: messages before a number.
    pub fn messages_page(
        &self,
        filter: &MessageFilter,
        before: MessageId,
    ) -> Result<Vec<BookedMessage>, Error> {
        self.readers.read(|connection| lists::messages_page(connection, filter, before))
    }

    /// What became of one message; `None` if that is not yet known.
    pub fn message(&self, id: MessageId) -> Result<Option<BookedMessage>, Error> {
        self.readers.read(|connection| rows::message(connection, id))
    }

    /// Courses by patient, in the order of the lines.
    pub fn courses(&self, filter: LineFilter) -> Listing<'_, CourseSummary> {
        lists::courses(&self.readers, filter)
    }

    /// Every sending of a line, the first one first.
    pub fn attempts_of(&self, line: LineId) -> Result<Vec<Attempt>, Error> {
        self.readers.read(|connection| attempts::attempts_of(connection, line))
    }

    /// What the ledger says of a line, oldest first.
    pub fn entries_of_line(&self, line: LineId) -> Result<Vec<BookedEntry>, Error> {
        self.readers.read(|connection| chain::entries_of_line(connection, line))
    }

    /// What the ledger says of a message, oldest first.
    pub fn entries_of_message(&self, message: MessageId) -> Result<Vec<BookedEntry>, Error> {
        self.readers.read(|connection| chain::entries_of_message(connection, message))
    }

    /// The ledger behind a place, oldest first, at most `limit` entries.
    pub fn entries_after(&self, seq: i64, limit: usize) -> Result<Vec<BookedEntry>, Error> {
        self.readers.read(|connection| chain::entries_after(connection, seq, limit))
    }

    /// How many there are in each state.
    pub fn balance(&self) -> Result<Balance, Error> {
        self.readers.read(rows::balance)
    }

    /// How many held lines each rule holds, the most first.
    pub fn holds_by_rule(&self) -> Result<Vec<(String, u64)>, Error> {
        self.readers.read(rows::holds_by_rule)
    }

    /// Walks the whole ledger and counts everything anew.
    pub fn verify(&self) -> Result<Verified, Error> {
        chain::verify(&self.readers)
    }

    /// Bytes of the write-ahead file.
    pub fn wal_bytes(&self) -> u64 {
        self.shared.place.wal_bytes()
    }

    fn ask<T>(&self, bytes: usize, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Error> {
        let (reply, answer) = sync_channel(1);
        let job = job(Reply::Blocking(reply));
        self.shared.queue.push_blocking(job, bytes).map_err(|_| Error::Closed)?;
        answer.recv().unwrap_or(Err(Error::Closed))
    }

    async fn ask_async<T>(
        &self,
        bytes: usize,
        job: impl FnOnce(Reply<T>) -> Job,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = job(Reply::Async(reply));
        self.shared.queue.push(job, bytes).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}
