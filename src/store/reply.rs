//! Who waits for a writer.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::Error;

/// Who waits for an answer.
#[derive(Debug)]
pub(super) enum Reply<T> {
    /// A task.
    Async(oneshot::Sender<Result<T, Error>>),
    /// A thread.
    Blocking(mpsc::SyncSender<Result<T, Error>>),
}

impl<T> Reply<T> {
    /// Answers. Whoever waited may have gone; what was written stays written.
    pub(super) fn answer(self, outcome: Result<T, Error>) {
        match self {
            Reply::Async(waiting) => drop(waiting.send(outcome)),
            Reply::Blocking(waiting) => drop(waiting.send(outcome)),
        }
    }
}
