//! Opens the rooms in order, and closes them in order.
//!
//! **In:** the settings. **Out:** a running [`Daemon`], and its orderly end; the demo; messages
//! carried without a daemon.
//!
//! **Never:** contains logic: what is right is said elsewhere.
//!
//! **Start at** [`Daemon::start`].

mod affected;
mod compare;
mod daemon;
mod demo;
mod destinations;
mod error;
mod meanings;
mod plan;
mod rehearsal;
mod reload;
mod simulated;
mod stock;
mod stories;
mod ways;

pub use affected::{Affected, affected};
pub use compare::{Both, Comparison, Count, Difference, Replayed, Side, compare};
pub use daemon::{Daemon, serve};
pub use demo::{demo, show};
pub use destinations::{Tried, try_destination};
pub use error::Error;
pub use plan::{Endpoint, Plan, SourcePlan, SourceWay, check, plan};
pub use rehearsal::{Rehearsed, rehearse};
pub use simulated::{Billing, FhirSystem, OncologySystem};
pub use stock::Stock;
