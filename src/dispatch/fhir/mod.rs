//! A destination that is a FHIR server: its workers, who send, one who asks about what is in doubt,
//! and one who asks what became of the rest.

mod answer;
mod attempt;
mod doubt;
mod posted;
mod resource;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::mappings::destination::FhirProfile;
use crate::store::{Error, Queued};
use crate::telemetry::Outcome;
use crate::wire::json::Node;

use super::hand::{Hand, LOOK_EVERY};
use super::pace::Pace;
use super::{Desk, Destination, Server};
use attempt::{Ending, Way};
use talk::below;

/// The longest wait after a failure, unless the server asks for more.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// Serves a destination until told to stop.
pub(super) async fn run(
    destination: Destination,
    server: Server,
    desk: Desk,
    stopped: watch::Receiver<bool>,
) {
    let connections = destination.connections.max(1);
    let hand = Hand::new(std::slice::from_ref(&destination), connections);
    let standing = Standing { pause: None, pace: Pace::new(BACK_OFF_MAX), known: None };
    let endpoint = Arc::new(Endpoint {
        destination,
        server,
        desk,
        hand: Mutex::new(hand),
        standing: Mutex::new(standing),
        doubt: Notify::new(),
    });
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(send_all(Arc::clone(&endpoint), stopped.clone()));
    }
    tasks.spawn(ask_all(Arc::clone(&endpoint), stopped.clone()));
    tasks.spawn(read_back(Arc::clone(&endpoint), stopped));
    while tasks.join_next().await.is_some() {}
}

struct Endpoint {
    destination: Destination,
    server: Server,
    desk: Desk,
    hand: Mutex<Hand>,
    standing: Mutex<Standing>,
    /// Something is in doubt.
    doubt: Notify,
}

/// How a server stands to us.
struct Standing {
    /// Nothing is sent before this.
    pause: Option<Instant>,
    pace: Pace,
    /// What it can do; unknown until it was asked, and again after a failure.
    known: Option<Known>,
}

/// What a server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// A PUT to an id that it does not know creates.
    update_create: bool,
}

/// Sends what waits, one line after the other.
async fn send_all(endpoint: Arc<Endpoint>, mut stopped: watch::Receiver<bool>) {
    let mut commits = endpoint.desk.books.commits();
    while !*stopped.borrow() {
        let pause = endpoint.standing.lock().await.pause;
        if let Some(pause) = pause.filter(|pause| *pause > Instant::now()) {
            tokio::select! {
                () = sleep_until(pause) => {}
                _ = stopped.changed() => {}
            }
            continue;
        }
        let seen = *commits.borrow_and_update();
        match endpoint.round(seen).await {
            Ok(true) => {}
            Ok(false) => tokio::select! {
                _ = commits.changed() => {}
                _ = stopped.changed() => {}
                () = sleep(LOOK_EVERY) => {}
            },
            Err(error) => {
                tracing::error!(%error, "the books fail a sender; trying again");
                endpoint.rest("the books fail", None).await;
            }
        }
    }
}

/// Asks about what is in doubt: at once, and then ever more seldom.
async fn ask_all(endpoint: Arc<Endpoint>, mut stopped: watch::Receiver<bool>) {
    let mut pace = Pace::new(BACK_OFF_MAX);
    while !*stopped.borrow() {
        let profiles = endpoint.desk.profile(&endpoint.destination);
        let Some(profile) = profiles.fhir(&endpoint.destination) else { return };
        let asked = tokio::select! {
            asked = doubt::ask_all(endpoint.way(profile, false)) => asked,
            _ = stopped.changed() => return,
        };
        let wait = match asked {
            Ok(true) => {
                pace.well();
                BACK_OFF_MAX
            }
            Ok(false) => pace.failed(),
            Err(error) => {
                tracing::error!(%error, "the books fail one who asks; trying again");
                pace.failed()
            }
        };
        tokio::select! {
            () = endpoint.doubt.notified() => {}
            () = sleep(wait) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Asks from time to time what became of the charges that the server took.
async fn read_back(endpoint: Arc<Endpoint>, mut stopped: watch::Receiver<bool>) {
    let Some(every) = endpoint.destination.read_back else { return };
    while !*stopped.borrow() {
        tokio::select! {
            () = sleep(every) => {}
            _ = stopped.changed() => return,
        }
        let profiles = endpoint.desk.profile(&endpoint.destination);
        let Some(profile) = profiles.fhir(&endpoint.destination) else { continue };
        tokio::select! {
            asked = posted::read_back(endpoint.way(profile, false)) => match asked {
                Ok(true) => {}
                Ok(false) => tracing::info!("a server does not tell what became of its charges"),
                Err(error) => tracing::error!(%error, "the books fail one who asks"),
            },
            _ = stopped.changed() => return,
        }
    }
}

/// Asks a server to describe itself; the status of its answer.
pub(super) async fn describes(server: &Server, within: Duration) -> Result<u16, String> {
    let heard = server.ask(&below(&server.base, "metadata"), within).await;
    heard.map(|heard| heard.status).map_err(|error| error.to_string())
}

impl Endpoint {
    fn way<'a>(&'a self, profile: &'a FhirProfile, update_create: bool) -> Way<'a> {
        let (destination, desk) = (&self.destination, &self.desk);
        Way { server: &self.server, profile, destination, desk, update_create }
    }

    /// Sends the next line; whether there was one.
    async fn round(&self, commits: u64) -> Result<bool, Error> {
        let taken = self.hand.lock().await.take(&self.desk, commits).await?;
        let Some((place, queued)) = taken else {
            return Ok(false);
        };
        let ending = self.send(&queued).await;
        let mut hand = self.hand.lock().await;
        if !matches!(ending, Ok(Ending::Answered)) {
            hand.forget(place, &queued.lane);
        }
        hand.release(place, &queued.lane);
        drop(hand);
        match ending? {
            Ending::Answered => {
                let mut standing = self.standing.lock().await;
                (standing.pause, _) = (None, standing.pace.well());
            }
            Ending::NotSent => {}
            Ending::InDoubt => {
                self.rest("nobody knows what it does with a line", None).await;
                self.doubt.notify_one();
            }
            Ending::Later(why, wait) => self.rest(&why, wait).await,
        }
        Ok(true)
    }

    async fn send(&self, queued: &Queued) -> Result<Ending, Error> {
        let known = match self.known().await {
            Ok(known) => known,
            Err((why, wait)) => {
                self.desk.metrics.sent(&self.destination.name, Outcome::Later);
                return Ok(Ending::Later(why, wait));
            }
        };
        let profiles = self.desk.profile(&self.destination);
        let Some(profile) = profiles.fhir(&self.destination) else {
            return Ok(Ending::Later("the profile is none of FHIR".into(), None));
        };
        attempt::run(queued, self.way(profile, known.update_create)).await
    }

    /// What the server can do, by its own word. A server that does not tell can do little; one that
    /// does not answer is left alone, before anything is marked as sent.
    async fn known(&self) -> Result<Known, (String, Option<Duration>)> {
        let mut standing = self.standing.lock().await;
        if let Some(known) = standing.known {
            return Ok(known);
        }
        let url = below(&self.server.base, "metadata");
        let heard = match self.server.ask(&url, self.destination.answer_within).await {
            Ok(heard) => heard,
            Err(error) => return Err((error.to_string(), None)),
        };
        if let 408 | 425 | 429 | 502..=504 = heard.status {
            let wait = answer::left_alone(&heard, self.desk.clock.now());
            return Err((format!("asked what it can do, it says {}", heard.status), wait));
        }
        let told = heard.resource().filter(|_| heard.status == 200);
        let known = Known { update_create: told.is_some_and(|told| update_creates(&told)) };
        standing.known = Some(known);
        Ok(known)
    }

    /// Leaves the server alone for a while.
    async fn rest(&self, why: &str, asked: Option<Duration>) {
        let mut standing = self.standing.lock().await;
        if standing.pace.is_well() {
            let destination = self.destination.name.as_str();
            let server = self.server.base.origin().ascii_serialization();
            tracing::warn!(
                destination,
                server,
                why,
                "the receiver is left alone for a while; lines wait"
            );
        }
        let wait = standing.pace.failed();
        standing.pause = Some(Instant::now() + asked.map_or(wait, |asked| asked.max(wait)));
        standing.known = None;
    }
}

/// Whether a CapabilityStatement says that a PUT to a new id creates a charge.
fn update_creates(told: &Node) -> bool {
    let resources = told.list("rest").iter().flat_map(|rest| rest.list("resource"));
    let mut charges = resources.filter(|it| it.text_of("type") == Some("ChargeItem"));
    charges.any(|it| it.get("updateCreate") == Some(&Node::Bool(true)))
}
