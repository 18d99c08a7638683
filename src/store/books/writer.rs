//! The one thread of this process that writes the books: it takes what waits, gives each job a
//! savepoint of its own, commits once, and then answers everybody.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::store::Error;
use crate::store::checkpoint::Checkpoints;
use crate::store::queue::{Limits, Taken};
use crate::store::reply::Reply;
use crate::store::thread::{give_way, start_writer};

use super::chain::{self, Head};
use super::pauses::{self, Steering};
use super::work::{Applied, Decided, LineChange, Mark, Posting, Settlement, Settling, Work};
use super::{Shared, apply, outbox};

/// What one commit takes at most.
const COMMIT: Limits = Limits { count_max: 256, bytes_max: 16 << 20 };
/// After this long without a job, the write-ahead file is emptied.
const IDLE: Duration = Duration::from_secs(5);

/// What the writer can be asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Apply(Work, Reply<Applied>),
    Decide(Vec<LineChange>, Timestamp, Reply<Vec<Decided>>),
    Mark(Mark, Reply<bool>),
    MarkAll(Vec<Mark>, Reply<bool>),
    Settle(Settlement, Reply<Settling>),
    SettleAll(Vec<Settlement>, Reply<Vec<Settling>>),
    Post(Posting, Reply<bool>),
    Steer(Steering, Reply<bool>),
    LookForOthers(Reply<u64>),
}

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Writing<'c> {
    /// The connection, within the transaction.
    pub(super) db: &'c Connection,
    /// The end of the ledger.
    pub(super) head: Head,
    others: u64,
    broken: Option<Error>,
}

/// Answers, once it is known what came of the commit.
type Finish = Box<dyn FnOnce(Result<(), Error>)>;

/// What the writer remembers between transactions; void when another process has written.
#[derive(Debug, Default)]
struct Memory {
    head: Option<Head>,
    data_version: Option<i64>,
    others: u64,
}

/// Starts the thread; it ends when the queue is closed and empty.
pub(super) fn start(shared: Arc<Shared>, connection: Connection) -> Result<JoinHandle<()>, Error> {
    start_writer("books", move || {
        give_way();
        write(&shared, connection);
    })
}

fn write(shared: &Shared, mut connection: Connection) {
    let mut checkpoints = Checkpoints::new(shared.place.clone());
    let mut memory = Memory::default();
    let mut batch = Vec::new();
    let mut finish = Vec::new();
    loop {
        match shared.queue.take(&mut batch, COMMIT, IDLE) {
            Taken::Work => {
                let done = carry_out(&mut connection, &mut memory, &mut batch, &mut finish);
                batch.drain(..).for_each(|job| job.fail(&done));
                finish.drain(..).for_each(|finish| finish(done.clone()));
                shared.commits.send_modify(|commits| *commits += 1);
                checkpoints.after_commit(&connection);
            }
            Taken::Nothing => checkpoints.idle(&connection),
            Taken::Closed => return,
        }
    }
}

/// One transaction. Jobs that stay in `batch` were not begun.
fn carry_out(
    connection: &mut Connection,
    memory: &mut Memory,
    batch: &mut Vec<Job>,
    finish: &mut Vec<Finish>,
) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    memory.refresh(&transaction)?;
    let mut writing = Writing {
        db: &transaction,
        head: memory.head(&transaction)?,
        others: memory.others,
        broken: None,
    };
    for job in batch.drain(..) {
        finish.push(job.run(&mut writing));
    }
    let Writing { head, broken, .. } = writing;
    if let Some(error) = broken {
        return Err(error);
    }
    transaction.commit().map_err(Error::of_commit)?;
    memory.head = Some(head);
    Ok(())
}

impl Memory {
    fn refresh(&mut self, db: &Connection) -> Result<(), Error> {
        let version = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.data_version.is_some_and(|known| known != version) {
            self.head = None;
            self.others += 1;
        }
        self.data_version = Some(version);
        Ok(())
    }

    fn head(&self, db: &Connection) -> Result<Head, Error> {
        self.head.map_or_else(|| chain::head(db), Ok)
    }
}

impl Job {
    fn run(self, writing: &mut Writing<'_>) -> Finish {
        match self {
            Job::Apply(work, reply) => finish_all(writing, reply, |w| apply::apply(w, &work)),
            Job::Decide(changes, at, reply) => {
                finish(writing, reply, |w| apply::decide(w, &changes, at))
            }
            Job::Mark(mark, reply) => finish_all(writing, reply, |w| outbox::mark(w, &mark)),
            Job::MarkAll(marks, reply) => {
                finish_all(writing, reply, |w| outbox::mark_all(w, &marks))
            }
            Job::SettleAll(all, reply) => finish_all(writing, reply, |w| {
                all.iter().map(|settlement| outbox::settle(w, settlement)).collect()
            }),
            Job::Settle(settlement, reply) => {
                finish_all(writing, reply, |w| outbox::settle(w, &settlement))
            }
            Job::Post(posting, reply) => {
                finish_all(writing, reply, |w| outbox::posted(w, &posting))
            }
            Job::Steer(steering, reply) => {
                finish_all(writing, reply, |w| pauses::steer(w, &steering))
            }
            Job::LookForOthers(reply) => finish_all(writing, reply, |w| Ok(w.others)),
        }
    }

    /// Tells that the transaction never began.
    fn fail(self, done: &Result<(), Error>) {
        let error = done.clone().err().unwrap_or(Error::Closed);
        match self {
            Job::Apply(_, reply) => reply.answer(Err(error)),
            Job::Decide(_, _, reply) => reply.answer(Err(error)),
            Job::Mark(_, reply) => reply.answer(Err(error)),
            Job::MarkAll(_, reply) => reply.answer(Err(error)),
            Job::Settle(_, reply) => reply.answer(Err(error)),
            Job::SettleAll(_, reply) => reply.answer(Err(error)),
            Job::Post(_, reply) => reply.answer(Err(error)),
            Job::Steer(_, reply) => reply.answer(Err(error)),
            Job::LookForOthers(reply) => reply.answer(Err(error)),
        }
    }
}

fn finish<T: 'static>(
    writing: &mut Writing<'_>,
    reply: Reply<T>,
    run: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>,
) -> Finish {
    let outcome = writing.whole_or_not_at_all(run);
    Box::new(move |committed| reply.answer(committed.and(outcome)))
}

/// The same without a frame of its own: what looks before it writes fails only if the disk does,
/// and then nothing of the whole transaction is kept.
fn finish_all<T: 'static>(
    writing: &mut Writing<'_>,
    reply: Reply<T>,
    run: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>,
) -> Finish {
    let outcome = match &writing.broken {
        Some(error) => Err(error.clone()),
        None => run(writing),
    };
    if let Err(error) = &outcome {
        writing.broken.get_or_insert_with(|| error.clone());
    }
    Box::new(move |committed| reply.answer(committed.and(outcome)))
}

impl Writing<'_> {
    /// Runs something that is undone whole if it fails. What was done before it stays.
    pub(super) fn whole_or_not_at_all<T, E: From<Error>>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(error) = &self.broken {
            return Err(E::from(error.clone()));
        }
        let head = self.head;
        self.say("SAVEPOINT attempt")?;
        let outcome = run(self);
        if outcome.is_err() {
            self.head = head;
            self.say("ROLLBACK TO attempt")?;
        }
        self.say("RELEASE attempt")?;
        outcome
    }

    /// The frame of a transaction. A database that has given up the transaction by itself, as it
    /// does when the disk is full, refuses it; then nothing of the batch is kept.
    fn say(&mut self, statement: &str) -> Result<(), Error> {
        let said = self.db.prepare_cached(statement).and_then(|mut it| it.execute([]));
        said.map(drop).map_err(|error| {
            let error = Error::from(error);
            self.broken = Some(error.clone());
            error
        })
    }
}
