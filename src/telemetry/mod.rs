//! What the daemon says of itself: log lines and metrics.
//!
//! **In:** events. **Out:** lines on standard error, numbers at `/metrics`.
//!
//! **Never:** sees a patient. Names, numbers and raw messages are [`Phi`](crate::domain::Phi) or
//! stay where they are; here are ids, counts and durations.
//!
//! **Start at** [`start`] and [`Metrics`].

mod clock;
mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

pub use clock::SystemClock;
pub use metrics::{CERTIFICATE_DAYS_MIN, Fault, Metrics, Outcome, Reload};

/// The variable that chooses what is logged, such as `info` or `collimator::dispatch=debug`.
pub const LOG_VARIABLE: &str = "COLLIMATOR_LOG";

/// Starts logging: for people on a terminal, JSON otherwise; always on standard error. A second
/// call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    let started = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}
