//! What a destination is left alone for: a rest of one lane, of all, or between two messages.

use std::time::Duration;

use tokio::time::Instant;

use crate::mappings::destination::Policy;

/// How one destination stands to us.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Lanes that wait after a no that is to be tried again.
    lanes: Vec<(String, Instant)>,
    /// Nothing leaves before this.
    until: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    /// Whether so many came that only one line at a time may try.
    is_broken: bool,
}

impl Rest {
    /// Whether a line may leave now, while so many are on their way.
    pub(super) fn is_open(&self, now: Instant, on_their_way: usize) -> bool {
        self.until.is_none_or(|until| until <= now) && !(self.is_broken && on_their_way > 0)
    }

    /// Whether it failed so often in a row that it is left alone, or one line at a time tries.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Lanes that wait.
    pub(super) fn lanes(&mut self, now: Instant) -> Vec<String> {
        self.lanes.retain(|(_, until)| *until > now);
        self.lanes.iter().map(|(lane, _)| lane.clone()).collect()
    }

    /// When something that waits now may leave.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.lanes.iter().map(|(_, until)| *until).chain(self.until).min()
    }

    /// A message has left: the next waits for the interval.
    pub(super) fn left(&mut self, now: Instant, policy: &Policy) {
        if policy.interval_ms > 0 {
            self.wait(now + Duration::from_millis(policy.interval_ms));
        }
    }

    /// The receiver answered as it should, yes or no.
    pub(super) fn well(&mut self) {
        (self.failures, self.is_broken) = (0, false);
    }

    /// One more failure; whether the destination is left alone from now on.
    pub(super) fn failed(&mut self, now: Instant, policy: &Policy) -> bool {
        self.failures = self.failures.saturating_add(1);
        if policy.breaker == 0 || self.failures < policy.breaker {
            return false;
        }
        self.wait(now + Duration::from_secs(policy.breaker_seconds));
        !std::mem::replace(&mut self.is_broken, true)
    }

    /// A lane waits.
    pub(super) fn lane(&mut self, lane: &str, until: Instant) {
        self.lanes.push((lane.to_owned(), until));
    }

    fn wait(&mut self, until: Instant) {
        self.until = Some(self.until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn out_7_after_failures_in_a_row_one_line_tries_at_a_time() {
        let policy = Policy { breaker: 3, breaker_seconds: 10, ..Policy::default() };
        let (mut rest, now) = (Rest::default(), Instant::now());
        assert!(!rest.failed(now, &policy) && !rest.failed(now, &policy));
        assert!(rest.is_open(now, 4));
        assert!(rest.failed(now, &policy), "the third breaks it");
        assert!(!rest.is_open(now, 0));
        let later = now + Duration::from_secs(10);
        assert!(rest.is_open(later, 0) && !rest.is_open(later, 1));
        assert!(!rest.failed(later, &policy), "it is broken already");
        assert!(!rest.is_open(later, 0), "and rests again");
        rest.well();
        assert!(rest.is_open(later + Duration::from_secs(10), 4));
    }

    #[tokio::test]
    async fn out_7_messages_keep_their_interval_and_lanes_their_rest() {
        let policy = Policy { interval_ms: 200, ..Policy::default() };
        let (mut rest, now) = (Rest::default(), Instant::now());
        rest.left(now, &policy);
        assert!(!rest.is_open(now, 0));
        assert!(rest.is_open(now + Duration::from_millis(200), 0));
        rest.lane("A", now + Duration::from_secs(5));
        assert_eq!(rest.lanes(now), ["A"]);
        assert!(rest.lanes(now + Duration::from_secs(5)).is_empty());
    }
}
