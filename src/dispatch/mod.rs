//! Sends clean lines to billing, until they are answered.
//!
//! **In:** lines that wait on the books. **Out:** messages on the wire, and what was said to each,
//! on the books.
//!
//! **Never:** decides again whether a line is right, sends what is not marked on disk as sent, or
//! sends a line in doubt a second time to a receiver that would bill it twice.
//!
//! **Start at** [`Dispatcher::start`]: one `endpoint` for each address of MLLP, which hands lines to
//! its connections, one `fhir` for each FHIR server, and one of `files` for each folder; `attempt`, of
//! either kind, is the one place where bytes leave over a connection.

mod attempt;
mod dft;
mod draft;
mod endpoint;
mod fhir;
mod files;
mod further;
mod hand;
mod link;
mod pace;
mod passed;
mod rest;
mod test;
#[cfg(test)]
mod tests;
mod together;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::config::Place;
use crate::domain::{Clock, LineId, LineState};
use crate::mappings::destination::{FhirProfile, Hl7Profile};
use crate::mappings::{DestinationProfile, InForce, Tables};
use crate::store::{Books, Error, Intake, Settled, Settlement};
use crate::telemetry::{Metrics, Outcome};
use crate::trust::{Bearer, Fresh};

pub use test::{Heard, test};

/// What every control id and transaction id of ours begins with.
pub const CONTROL_ID_PREFIX: &str = "CL";

/// Why a credit is declined before anything leaves.
const NO_CREDITS: &str = "the receiver takes no credits: a person takes the charge back there";

/// One destination, as its dispatcher needs it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name, as in the settings.
    pub name: String,
    /// How its receiver is reached.
    pub way: Way,
    /// The name of its profile.
    pub profile_name: String,
    /// How its messages looked at the start.
    pub profile: Arc<DestinationProfile>,
    /// Connections at a time.
    pub connections: usize,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// How often a FHIR server is asked what became of the charges that it took; `None` for never.
    pub read_back: Option<Duration>,
}

/// How a receiver is reached.
#[derive(Debug, Clone)]
pub enum Way {
    /// Over MLLP.
    Mllp {
        /// Where it listens, `host:port`.
        address: String,
        /// TLS, if it is spoken.
        tls: Option<Arc<Fresh<ClientConfig>>>,
    },
    /// As a FHIR server.
    Fhir(Server),
    /// By files in a folder.
    Dir(Folder),
}

/// A folder into which files are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub place: Place,
    /// Lines of one file at most.
    pub lines_max: usize,
    /// How long the first line of a file waits for others.
    pub every: Duration,
    /// What ends the name of an empty file beside it that says that it is whole.
    pub trigger: Option<String>,
}

/// A FHIR server that takes charges.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its base, without a slash at the end.
    pub base: Url,
    /// Who speaks to it.
    pub client: Arc<Fresh<reqwest::Client>>,
    /// What opens it.
    pub bearer: Arc<Bearer>,
}

/// The control id of the nth attempt at a line (MSH-10): at most 20 characters.
fn control_id(line: LineId, attempt: usize) -> String {
    format!("{CONTROL_ID_PREFIX}{line}-{attempt}")
}

/// The line that a control id of ours speaks of.
fn line_of(control_id: &str) -> Option<LineId> {
    let (line, _) = control_id.strip_prefix(CONTROL_ID_PREFIX)?.split_once('-')?;
    line.parse().ok().map(LineId)
}

/// The line's own number, the same in every message about it (FT1-2, `ChargeItem.identifier`).
fn transaction_id(line: LineId) -> String {
    format!("{CONTROL_ID_PREFIX}{line}")
}

/// What an attempt counts as.
fn outcome(settled: &Settled) -> Outcome {
    match settled {
        Settled::Accepted => Outcome::Accepted,
        Settled::Declined(_) => Outcome::Declined,
        Settled::Unknown(_) | Settled::UnknownGoesAgain(_) => Outcome::Unknown,
        Settled::BackToQueue(_) => Outcome::Later,
    }
}

/// What all senders share.
#[derive(Clone)]
pub struct Desk {
    /// The books.
    pub books: Arc<Books>,
    /// The messages received: segments of some are passed on.
    pub intake: Arc<Intake>,
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
    /// The profile of each source, by its name.
    pub sources: Arc<BTreeMap<String, String>>,
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
    /// The profile of HL7 v2; the one that the daemon started with if the tables have lost it.
    fn hl7<'a>(&'a self, destination: &'a Destination) -> Option<&'a Hl7Profile> {
        let now = self.tables.destination(&self.name).and_then(DestinationProfile::hl7);
        now.or_else(|| destination.profile.hl7())
    }

    /// The profile of FHIR; the one that the daemon started with if the tables have lost it.
    fn fhir<'a>(&'a self, destination: &'a Destination) -> Option<&'a FhirProfile> {
        let now = self.tables.destination(&self.name).and_then(DestinationProfile::fhir);
        now.or_else(|| destination.profile.fhir())
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
        let mut by_address: BTreeMap<(String, bool), endpoint::Shared> = BTreeMap::new();
        let mut endpoints = JoinSet::new();
        for destination in destinations {
            match destination.way.clone() {
                Way::Mllp { address, tls } => {
                    let key = (address.clone(), tls.is_some());
                    let new = || endpoint::Shared { address, tls, destinations: Vec::new() };
                    by_address.entry(key).or_insert_with(new).destinations.push(destination);
                }
                Way::Fhir(server) => {
                    let (desk, stopped) = (desk.clone(), stopped.clone());
                    endpoints.spawn(fhir::run(destination, server, desk, stopped));
                }
                Way::Dir(folder) => {
                    let (desk, stopped) = (desk.clone(), stopped.clone());
                    endpoints.spawn(files::run(destination, folder, desk, stopped));
                }
            }
        }
        for shared in by_address.into_values() {
            endpoints.spawn(endpoint::run(shared, desk.clone(), stopped.clone()));
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
/// Where the receiver recognizes a repeat, they and all that were in doubt already go again. A
/// folder is not in doubt: what was put there can be seen.
///
/// # Errors
/// When the books cannot be read or written.
pub async fn call_in_doubt(destinations: &[Destination], desk: &Desk) -> Result<usize, Error> {
    let mut in_doubt = 0;
    for destination in destinations.iter().filter(|it| !matches!(it.way, Way::Dir(_))) {
        for flying in desk.books.in_flight(&destination.name)? {
            let line = desk.books.line(flying.line)?;
            let was_sent = line.is_some_and(|listed| listed.line.state == LineState::Sent);
            in_doubt += usize::from(was_sent);
            let answer = attempt::after_a_stop(flying.line, was_sent, (destination, desk))?;
            if was_sent || matches!(answer, Settled::UnknownGoesAgain(_)) {
                let (line, control_id) = (flying.line, flying.control_id);
                let at = desk.clock.now();
                let settlement = Settlement { line, control_id, answer, bytes: None, at };
                desk.books.settle(settlement).await?;
            }
        }
    }
    Ok(in_doubt)
}
