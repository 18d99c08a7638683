//! The clock of the machine, the only place where it is asked.

use jiff::Timestamp;

use crate::domain::Clock;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine is asked")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
