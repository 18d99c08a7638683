//! The place of a connection, which it may have to give to a new one.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The place of one connection.
#[derive(Debug, Default)]
pub(super) struct Seat {
    idle_since: Mutex<Option<Instant>>,
    asked: Notify,
}

/// The places of a listener.
#[derive(Debug, Default)]
pub(super) struct Seats(Vec<Weak<Seat>>);

impl Seat {
    /// From now on nothing has begun to come, and nothing is owed, since then.
    pub(super) fn rests(&self, since: Instant) {
        self.set(Some(since));
    }

    /// From now on there is work.
    pub(super) fn works(&self) {
        self.set(None);
    }

    /// Waits until the place is wanted by another. Who works is not asked.
    pub(super) async fn is_asked_for(&self) {
        self.asked.notified().await;
    }

    fn set(&self, since: Option<Instant>) {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn idle_since(&self) -> Option<Instant> {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    /// The place of a new connection.
    pub(super) fn take(&mut self) -> Arc<Seat> {
        let seat = Arc::new(Seat::default());
        self.0.retain(|seat| seat.strong_count() > 0);
        self.0.push(Arc::downgrade(&seat));
        seat
    }

    /// Asks the connection that has rested for the longest time, and so long at least, to give its
    /// place away. Whether there is one.
    pub(super) fn ask_for_one(&self, now: Instant, after: Duration) -> bool {
        let resting = self.0.iter().filter_map(Weak::upgrade);
        let resting = resting.filter_map(|seat| seat.idle_since().map(|since| (since, seat)));
        let longest = resting.min_by_key(|(since, _)| *since);
        let Some((_, seat)) = longest.filter(|(since, _)| now.duration_since(*since) >= after)
        else {
            return false;
        };
        seat.works();
        seat.asked.notify_waiters();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_rests_for_the_longest_time_is_asked_once() {
        let mut seats = Seats::default();
        let (one, other, works) = (seats.take(), seats.take(), seats.take());
        let (minute, now) = (Duration::from_secs(60), Instant::now());
        other.rests(now);
        one.rests(now + minute);
        works.works();
        assert!(!seats.ask_for_one(now + minute, minute * 2));
        let mut waits = Box::pin(other.is_asked_for());
        assert!(is_pending(&mut waits).await);
        assert!(seats.ask_for_one(now + minute, minute));
        waits.await;
        assert!(!seats.ask_for_one(now + minute, minute), "the next one rests for a shorter time");
        assert!(seats.ask_for_one(now + minute * 2, minute));
        assert!(!seats.ask_for_one(now + minute * 2, minute), "who works is not asked");
        drop((one, other));
        works.rests(now);
        assert!(seats.ask_for_one(now, Duration::ZERO));
    }

    async fn is_pending(waits: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        tokio::time::timeout(Duration::ZERO, waits).await.is_err()
    }
}
