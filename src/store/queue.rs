//! A bounded queue to a writer thread: bounded by count and by weight.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Work for a writer thread, first come, first served.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    limits: Limits,
    length: AtomicUsize,
    filled: Condvar,
    room: Condvar,
    room_async: Notify,
}

/// How much may wait, and how much of it is taken at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Jobs that may wait.
    pub(super) count_max: usize,
    /// Their weight, in bytes. One job that is heavier alone is let in when nothing else waits.
    pub(super) bytes_max: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
}

/// What came of waiting for work.
#[derive(Debug)]
pub(super) enum Taken {
    /// There is some.
    Work,
    /// Nothing came for a while.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

/// The queue takes nothing any more.
#[derive(Debug)]
pub(super) struct QueueClosed;

impl<T> Queue<T> {
    pub(super) fn new(limits: Limits) -> Queue<T> {
        Queue {
            state: Mutex::new(State { waiting: VecDeque::new(), bytes: 0, closed: false }),
            limits,
            length: AtomicUsize::new(0),
            filled: Condvar::new(),
            room: Condvar::new(),
            room_async: Notify::new(),
        }
    }

    /// Puts a job in, and waits for room.
    pub(super) async fn push(&self, job: T, bytes: usize) -> Result<(), QueueClosed> {
        let mut waits = self.try_push(job, bytes)?;
        while let Some(job) = waits {
            let room = self.room_async.notified();
            tokio::pin!(room);
            // Listens before it looks again, so that no word of room is missed between the two.
            room.as_mut().enable();
            waits = self.try_push(job, bytes)?;
            if waits.is_some() {
                room.await;
            }
        }
        Ok(())
    }

    /// Puts a job in, and blocks for room.
    pub(super) fn push_blocking(&self, job: T, bytes: usize) -> Result<(), QueueClosed> {
        let full = |state: &mut State<T>| !state.closed && !self.has_room(state, bytes);
        let state = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        self.put(state, job, bytes)
    }

    /// Takes what waits, within a limit, at least one job unless nothing comes for `patience`.
    pub(super) fn take(&self, into: &mut Vec<T>, most: Limits, patience: Duration) -> Taken {
        let empty = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let (mut state, _) = self
            .filled
            .wait_timeout_while(self.lock(), patience, empty)
            .unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return if state.closed { Taken::Closed } else { Taken::Nothing };
        }
        let mut bytes = 0;
        while let Some(weight) = state.waiting.front().map(|(_, weight)| *weight) {
            let over = into.len() >= most.count_max || bytes + weight > most.bytes_max;
            if over && !into.is_empty() {
                break;
            }
            bytes += weight;
            state.bytes -= weight;
            into.extend(state.waiting.pop_front().map(|(job, _)| job));
        }
        self.length.store(state.waiting.len(), Ordering::Relaxed);
        drop(state);
        self.room.notify_all();
        self.room_async.notify_waiters();
        Taken::Work
    }

    /// Jobs that wait.
    pub(super) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Lets nothing more in; what waits is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.room.notify_all();
        self.room_async.notify_waiters();
    }

    fn try_push(&self, job: T, bytes: usize) -> Result<Option<T>, QueueClosed> {
        let state = self.lock();
        if !state.closed && !self.has_room(&state, bytes) {
            return Ok(Some(job));
        }
        self.put(state, job, bytes).map(|()| None)
    }

    fn put(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        job: T,
        bytes: usize,
    ) -> Result<(), QueueClosed> {
        if state.closed {
            return Err(QueueClosed);
        }
        state.bytes += bytes;
        state.waiting.push_back((job, bytes));
        self.length.store(state.waiting.len(), Ordering::Relaxed);
        let first = state.waiting.len() == 1;
        drop(state);
        if first {
            self.filled.notify_one();
        }
        Ok(())
    }

    fn has_room(&self, state: &State<T>, bytes: usize) -> bool {
        let fits = state.bytes + bytes <= self.limits.bytes_max;
        state.waiting.is_empty() || (state.waiting.len() < self.limits.count_max && fits)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { count_max: 3, bytes_max: 100 };

    #[test]
    fn a_queue_gives_what_waits_within_its_limits() {
        let queue = Queue::new(LIMITS);
        for (job, bytes) in [('a', 40), ('b', 40), ('c', 20)] {
            queue.push_blocking(job, bytes).unwrap();
        }
        assert!(queue.try_push('d', 1).unwrap().is_some(), "three are the most");
        let mut taken = Vec::new();
        let most = Limits { count_max: 8, bytes_max: 50 };
        assert!(matches!(queue.take(&mut taken, most, Duration::ZERO), Taken::Work));
        assert_eq!(taken, ['a'], "the second would be too heavy");
        assert!(queue.try_push('d', 50).unwrap().is_some(), "a hundred bytes are the most");
        assert!(queue.try_push('d', 40).unwrap().is_none());
    }

    #[test]
    fn a_job_heavier_than_the_limit_passes_alone() {
        let queue = Queue::new(LIMITS);
        queue.push_blocking('a', 1_000).unwrap();
        let mut taken = Vec::new();
        queue.take(&mut taken, LIMITS, Duration::ZERO);
        assert_eq!(taken, ['a']);
    }

    #[test]
    fn a_closed_queue_gives_what_waits_and_then_ends() {
        let queue = Queue::new(LIMITS);
        queue.push_blocking('a', 1).unwrap();
        queue.close();
        assert!(queue.push_blocking('b', 1).is_err());
        let mut taken = Vec::new();
        assert!(matches!(queue.take(&mut taken, LIMITS, Duration::ZERO), Taken::Work));
        assert!(matches!(queue.take(&mut taken, LIMITS, Duration::ZERO), Taken::Closed));
    }
}
