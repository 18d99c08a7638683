//! The one thread that writes the intake: it takes all that waits, commits it at once, and then
//! answers everybody.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::domain::MessageId;

use super::{NewMessage, NewResource, Shared, fragment, shelf};
use crate::store::Error;
use crate::store::checkpoint::Checkpoints;
use crate::store::queue::{Limits, Taken};
use crate::store::reply::Reply;
use crate::store::thread::start_writer;

/// What one commit takes at most.
const COMMIT: Limits = Limits { count_max: 512, bytes_max: 16 << 20 };
/// After this long without a message, the write-ahead file is emptied.
const IDLE: Duration = Duration::from_secs(5);

const INSERT: &str = "INSERT INTO message (source, received_at, control_id, answer, reason, raw)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// A message, and who waits for it.
#[derive(Debug)]
pub(super) struct Append {
    message: NewMessage,
    told: Vec<NewResource>,
    reply: Reply<MessageId>,
}

impl Append {
    pub(super) fn new(message: NewMessage, reply: Reply<MessageId>) -> Append {
        Append { message, told: Vec::new(), reply }
    }

    /// With what the message tells of resources.
    pub(super) fn telling(self, told: Vec<NewResource>) -> Append {
        Append { told, ..self }
    }
}

/// Starts the thread; it ends when the queue is closed and empty.
pub(super) fn start(shared: Arc<Shared>, connection: Connection) -> Result<JoinHandle<()>, Error> {
    start_writer("intake", move || write(&shared, connection))
}

fn write(shared: &Shared, mut connection: Connection) {
    let mut checkpoints = Checkpoints::new(shared.place.clone());
    let mut batch = Vec::with_capacity(COMMIT.count_max);
    loop {
        match shared.queue.take(&mut batch, COMMIT, IDLE) {
            Taken::Work => {
                shared.committing.store(batch.len(), Ordering::Relaxed);
                let kept = keep(&mut connection, &batch);
                answer(shared, batch.drain(..), kept);
                shared.committing.store(0, Ordering::Relaxed);
                checkpoints.after_commit(&connection);
            }
            Taken::Nothing => checkpoints.idle(&connection),
            Taken::Closed => return,
        }
    }
}

/// Keeps all or none of them; gives the number of the first.
fn keep(connection: &mut Connection, batch: &[Append]) -> Result<i64, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    let mut first = None;
    for Append { message, told, .. } in batch {
        let reason = message.reason.as_ref().map(serde_json::to_string).transpose()?;
        let id = insert.insert((
            &*message.source,
            message.received.as_millisecond(),
            &message.control_id,
            message.answer.as_str(),
            reason,
            &*message.raw,
        ))?;
        shelf::keep(&transaction, &message.source, id, told)?;
        fragment::keep(&transaction, message, id)?;
        first.get_or_insert(id);
    }
    drop(insert);
    transaction.commit().map_err(Error::of_commit)?;
    Ok(first.unwrap_or(0))
}

/// Numbers are given in order and without gaps, since rows are never deleted.
fn answer(shared: &Shared, batch: std::vec::Drain<'_, Append>, kept: Result<i64, Error>) {
    match kept {
        Ok(first) => {
            let last = first + (i64::try_from(batch.len()).unwrap_or(0) - 1).max(0);
            shared.last.fetch_max(last, Ordering::AcqRel);
            for (append, id) in batch.zip(first..) {
                append.reply.answer(Ok(MessageId(id)));
            }
            tell(shared, last);
        }
        Err(error) => batch.for_each(|append| append.reply.answer(Err(error.clone()))),
    }
}

fn tell(shared: &Shared, last: i64) {
    shared.news.lock().unwrap_or_else(PoisonError::into_inner).last = last;
    shared.news_came.notify_all();
}
