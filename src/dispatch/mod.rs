//! Sends clean lines to billing, until they are answered.
//!
//! **In:** lines that wait on the books. **Out:** messages on the wire, and what was said to each,
//! on the books.
//!
//! **Never:** decides again whether a line is right, sends what is not marked on disk as sent, or
//! sends a line in doubt a second time to a receiver that would bill it twice.
//!
//! **Start at** [`Dispatcher::start`]: one `endpoint` for each address, which hands lines to its
//! connections; `attempt` is the one place where bytes leave.

mod attempt;
mod dft;
mod endpoint;
mod link;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::domain::{Clock, LineState};
use crate::mappings::{DestinationProfile, InForce, Tables};
use crate::store::{Books, Error, Settled, Settlement};
use crate::telemetry::Metrics;

pub use dft::CONTROL_ID_PREFIX;

/// One destination, as its dispatcher needs it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name, as in the settings.
    pub name: String,
    /// Where its receiver listens, `host:port`.
    pub address: String,
    /// The name of its profile.
    pub profile_name: String,
    /// How its messages looked at the start.
    pub profile: Arc<DestinationProfile>,
    /// Connections at a time.
    pub connections: usize,
    /// How long an answer may take.
    pub answer_within: Duration,
}

/// What all senders share.
#[derive(Clone)]
pub struct Desk {
    /// The books.
    pub books: Arc<Books>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// The site's name, which signs what is sent.
    pub site: String,
    /// The site's time zone.
    pub time_zone: jiff::tz::TimeZone,
    /// The tables in force: how messages look may change while the daemon runs.
    pub tables: Arc<InForce>,
}

impl Desk {
    /// How messages to a destination look now.
    fn profile(&self, destination: &Destination) -> Profile {
        Profile { tables: self.tables.now(), name: destination.profile_name.clone() }
    }
}

/// A profile, and the tables that it is in.
struct Profile {
    tables: Arc<Tables>,
    name: String,
}

impl Profile {
    /// The profile; the one that the daemon started with if the tables have lost it.
    fn of<'a>(&'a self, destination: &'a Destination) -> &'a DestinationProfile {
        self.tables.destination(&self.name).unwrap_or(&destination.profile)
    }
}

/// All senders of a daemon.
pub struct Dispatcher {
    endpoints: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Dispatcher {
    /// Starts sending. Destinations at one address share its connections: a receiver that takes
    /// one connection at a time is never asked for two.
    pub fn start(destinations: Vec<Destination>, desk: Desk) -> Dispatcher {
        let (stop, stopped) = watch::channel(false);
        let mut by_address: BTreeMap<String, Vec<Destination>> = BTreeMap::new();
        for destination in destinations {
            by_address.entry(destination.address.clone()).or_default().push(destination);
        }
        let mut endpoints = JoinSet::new();
        for (address, destinations) in by_address {
            endpoints.spawn(endpoint::run(address, destinations, desk.clone(), stopped.clone()));
        }
        Dispatcher { endpoints, stop }
    }

    /// Takes no new line in hand from now on.
    pub fn take_no_more(&self) {
        self.stop.send_replace(true);
    }

    /// Takes no new line in hand, waits for the answers that are due, and ends.
    pub async fn stop(mut self) {
        self.take_no_more();
        while self.endpoints.join_next().await.is_some() {}
    }
}

/// Lines that were on their way when the daemon last stopped: nobody knows what became of them.
/// Where the receiver recognizes a repeat, they and all that were in doubt already go again.
///
/// # Errors
/// When the books cannot be read or written.
pub async fn call_in_doubt(destinations: &[Destination], desk: &Desk) -> Result<usize, Error> {
    let mut in_doubt = 0;
    for destination in destinations {
        for flying in desk.books.in_flight(&destination.name)? {
            let line = desk.books.line(flying.line)?;
            if line.is_some_and(|listed| listed.line.state == LineState::Sent) {
                in_doubt += 1;
                let settlement = Settlement {
                    line: flying.line,
                    control_id: flying.control_id,
                    answer: Settled::Unknown("the daemon stopped before an answer came".into()),
                    bytes: None,
                    at: desk.clock.now(),
                };
                desk.books.settle(settlement).await?;
            }
            if attempt::may_repeat(flying.line, destination, desk)? {
                attempt::back_to_queue(flying.line, desk).await?;
            }
        }
    }
    Ok(in_doubt)
}
