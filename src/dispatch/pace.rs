//! How long to wait after a failure: longer after each, up to a limit.

use std::time::Duration;

/// Waiting after the first failure; the half of any wait is left to chance.
const FIRST: Duration = Duration::from_millis(250);

/// Failures in a row.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    failures: u32,
    longest: Duration,
}

impl Pace {
    /// No failure yet; no wait is longer than this.
    pub(super) fn new(longest: Duration) -> Pace {
        Pace { failures: 0, longest }
    }

    /// Whether the last time went well.
    pub(super) fn is_well(&self) -> bool {
        self.failures == 0
    }

    /// All is well again.
    pub(super) fn well(&mut self) {
        self.failures = 0;
    }

    /// One more failure; how long to wait.
    pub(super) fn failed(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures += 1;
        let half = whole / 2;
        let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
        half + Duration::from_millis(fastrand::u64(0..=millis))
    }
}
