//! One address: its connections, and the lines that go over them, each account in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::mappings::destination::Layout;
use crate::store::{Error, Queued};
use crate::telemetry::Outcome;
use crate::trust::Fresh;

use super::attempt::{self, Ending};
use super::hand::{Hand, LOOK_EVERY};
use super::link::{self, Link};
use super::pace::Pace;
use super::rest::Rest;
use super::{Desk, Destination};

/// A connection that has nothing to do lets go.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The longest wait after a failure.
const BACK_OFF_MAX: Duration = Duration::from_secs(20);

/// An address, and the destinations that are there.
pub(super) struct Shared {
    /// `host:port`.
    pub(super) address: String,
    /// TLS, if it is spoken.
    pub(super) tls: Option<Arc<Fresh<ClientConfig>>>,
    pub(super) destinations: Vec<Destination>,
}

/// Serves an address until told to stop.
pub(super) async fn run(shared: Shared, desk: Desk, stopped: watch::Receiver<bool>) {
    let Shared { address, tls, destinations } = shared;
    let connections = destinations.iter().map(|it| it.connections).max().unwrap_or(1).max(1);
    let hand = Hand::new(&destinations, connections);
    let endpoint = Arc::new(Endpoint { address, tls, destinations, desk, hand: Mutex::new(hand) });
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(Worker::new(Arc::clone(&endpoint), stopped.clone()).run());
    }
    while workers.join_next().await.is_some() {}
}

struct Endpoint {
    address: String,
    tls: Option<Arc<Fresh<ClientConfig>>>,
    destinations: Vec<Destination>,
    desk: Desk,
    hand: Mutex<Hand>,
}

impl Endpoint {
    /// Hears what came unasked.
    async fn late(&self, frame: &Bytes) -> Result<(), Error> {
        attempt::late(frame, &self.destinations, &self.desk).await
    }

    /// Whether lines leave together: then others of the lane than the one in hand may have left.
    fn gathers(&self, place: usize) -> bool {
        let destination = &self.destinations[place];
        let profiles = self.desk.profile(destination);
        profiles.hl7(destination).is_some_and(|profile| profile.layout == Layout::Visit)
    }

    /// What an ending says of how the destination stands to us.
    fn note(&self, rest: &mut Rest, (place, queued): (usize, &Queued), ending: Ending) {
        let destination = &self.destinations[place];
        let profiles = self.desk.profile(destination);
        let Some(policy) = profiles.hl7(destination).map(|profile| &profile.policy) else { return };
        let now = Instant::now();
        let failed = match ending {
            Ending::NotSent => return,
            // The next look sees it as it is by then.
            Ending::Stale => return rest.lane(&queued.lane, now + LOOK_EVERY),
            Ending::Answered => {
                rest.well();
                false
            }
            Ending::Later(wait) => {
                rest.lane(&queued.lane, now + wait);
                rest.failed(now, policy)
            }
            Ending::InDoubt => rest.failed(now, policy),
        };
        rest.left(now, policy);
        self.desk.metrics.left_alone(&destination.name, rest.is_broken());
        if failed {
            tracing::warn!(
                destination = destination.name,
                failures = policy.breaker,
                seconds = policy.breaker_seconds,
                "a receiver failed several times in a row; it is left alone for a while"
            );
        }
    }
}

/// One connection of an endpoint.
struct Worker {
    endpoint: Arc<Endpoint>,
    stopped: watch::Receiver<bool>,
    commits: watch::Receiver<u64>,
    link: Option<Link>,
    pace: Pace,
    used: Instant,
}

impl Worker {
    fn new(endpoint: Arc<Endpoint>, stopped: watch::Receiver<bool>) -> Worker {
        let commits = endpoint.desk.books.commits();
        let pace = Pace::new(BACK_OFF_MAX);
        Worker { endpoint, stopped, commits, link: None, pace, used: Instant::now() }
    }

    async fn run(mut self) {
        while !*self.stopped.borrow() {
            match self.round().await {
                Ok(()) => {}
                Err(error) => {
                    tracing::error!(%error, "the books fail a sender; trying again");
                    self.back_off().await;
                }
            }
        }
    }

    async fn round(&mut self) -> Result<(), Error> {
        let endpoint = Arc::clone(&self.endpoint);
        let commits = *self.commits.borrow_and_update();
        let taken = endpoint.hand.lock().await.take(&endpoint.desk, commits).await?;
        let Some((place, queued)) = taken else {
            return self.idle().await;
        };
        let ending = self.send(&endpoint, place, &queued).await;
        let mut hand = endpoint.hand.lock().await;
        if let Ok(ending) = &ending {
            endpoint.note(hand.rest(place), (place, &queued), *ending);
        }
        if !matches!(ending, Ok(Ending::Answered)) || endpoint.gathers(place) {
            hand.forget(place, &queued.lane);
        }
        hand.release(place, &queued.lane);
        ending.map(drop)
    }

    /// Sends a line. Without a connection nothing is marked and nothing in doubt: the line waits
    /// on the books and is looked at anew once there is one.
    async fn send(
        &mut self,
        endpoint: &Endpoint,
        place: usize,
        queued: &Queued,
    ) -> Result<Ending, Error> {
        let destination = &endpoint.destinations[place];
        self.hear().await?;
        let Some(link) = &mut self.link else {
            self.connect(destination).await;
            return Ok(Ending::NotSent);
        };
        self.used = Instant::now();
        let ending = attempt::run(link, queued, destination, &endpoint.desk).await?;
        match ending {
            Ending::Answered | Ending::Later(_) => self.pace.well(),
            Ending::NotSent | Ending::Stale => {}
            Ending::InDoubt => {
                self.link = None;
                self.back_off().await;
            }
        }
        Ok(ending)
    }

    /// Hears what came since the last answer, and lets go of a connection that the other side has
    /// closed: its last words may be a no.
    async fn hear(&mut self) -> Result<(), Error> {
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        let closed = link.is_closed();
        let words: Vec<Bytes> = std::iter::from_fn(|| link.waiting()).collect();
        for frame in words {
            self.endpoint.late(&frame).await?;
        }
        if closed {
            self.link = None;
        }
        Ok(())
    }

    async fn connect(&mut self, destination: &Destination) {
        match Link::open(&self.endpoint.address, self.endpoint.tls.as_ref()).await {
            Ok(link) => {
                self.link = Some(link);
                self.used = Instant::now();
            }
            Err(error) => {
                if self.pace.is_well() {
                    tracing::warn!(
                        destination = destination.name,
                        address = self.endpoint.address,
                        %error,
                        "the receiver cannot be reached; lines wait"
                    );
                }
                let metrics = &self.endpoint.desk.metrics;
                metrics.fault(&destination.name, link::fault(&error));
                metrics.sent(&destination.name, Outcome::Later);
                self.back_off().await;
            }
        }
    }

    /// Waits for something to do; hears what comes unasked; lets go of an idle connection.
    async fn idle(&mut self) -> Result<(), Error> {
        let wakes = self.endpoint.hand.lock().await.wakes();
        let look = Instant::now() + LOOK_EVERY;
        let look = wakes.map_or(look, |wakes| wakes.min(look));
        if self.used.elapsed() > IDLE_MAX {
            self.link = None;
        }
        let frame = match &mut self.link {
            Some(link) => tokio::select! {
                frame = link.next() => match frame {
                    Ok(frame) => Some(frame),
                    Err(_) => {
                        self.link = None;
                        None
                    }
                },
                _ = self.commits.changed() => None,
                _ = self.stopped.changed() => None,
                () = sleep_until(look) => None,
            },
            None => tokio::select! {
                _ = self.commits.changed() => None,
                _ = self.stopped.changed() => None,
                () = sleep_until(look) => None,
            },
        };
        match frame {
            Some(frame) => self.endpoint.late(&frame).await,
            None => Ok(()),
        }
    }

    /// Waits longer after each failure, up to a limit; a stop ends the waiting.
    async fn back_off(&mut self) {
        let wait = self.pace.failed();
        tokio::select! {
            () = sleep(wait) => {}
            _ = self.stopped.changed() => {}
        }
    }
}
