//! One address: its connections, and the lines that go over them, each account in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::store::{Error, Queued};
use crate::telemetry::Outcome;

use super::attempt::{self, Ending};
use super::link::Link;
use super::{Desk, Destination};

/// How often the books are looked at without a hint: another process may have written them.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A connection that has nothing to do lets go.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Waiting after a failure, at first and at most; the half of it is left to chance.
const BACK_OFF_FIRST: Duration = Duration::from_millis(250);
const BACK_OFF_MAX: Duration = Duration::from_secs(20);

/// Lines taken in hand for each connection at one look.
const LINES_A_LOOK: usize = 2;

/// Lines in hand are looked at anew after this long.
const IN_HAND_MAX: Duration = Duration::from_millis(50);

/// Serves an address until told to stop.
pub(super) async fn run(
    address: String,
    destinations: Vec<Destination>,
    desk: Desk,
    stopped: watch::Receiver<bool>,
) {
    let connections = destinations.iter().map(|it| it.connections).max().unwrap_or(1).max(1);
    let hand = Hand {
        destinations: destinations.iter().map(|it| it.name.clone()).collect(),
        busy: Vec::new(),
        ready: VecDeque::new(),
        seen: None,
        looked: Instant::now(),
        next: 0,
        limit: connections * LINES_A_LOOK,
    };
    let endpoint = Arc::new(Endpoint { address, destinations, desk, hand: Mutex::new(hand) });
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(Worker::new(Arc::clone(&endpoint), stopped.clone()).run());
    }
    while workers.join_next().await.is_some() {}
}

struct Endpoint {
    address: String,
    destinations: Vec<Destination>,
    desk: Desk,
    hand: Mutex<Hand>,
}

/// What is in hand: lines that may leave, and the lanes that are on their way.
struct Hand {
    destinations: Vec<String>,
    busy: Vec<(usize, String)>,
    ready: VecDeque<(usize, Queued)>,
    seen: Option<u64>,
    looked: Instant,
    next: usize,
    limit: usize,
}

impl Hand {
    /// The next line whose lane is free, and where it goes.
    async fn take(&mut self, desk: &Desk, commits: u64) -> Result<Option<(usize, Queued)>, Error> {
        if self.looked.elapsed() > IN_HAND_MAX {
            self.ready.clear();
        }
        if let Some(found) = self.pick() {
            return Ok(Some(found));
        }
        let nothing_new = self.seen == Some(commits) && self.looked.elapsed() < LOOK_EVERY;
        if nothing_new {
            return Ok(None);
        }
        self.ready.clear();
        (self.seen, self.looked) = (Some(commits), Instant::now());
        for turn in 0..self.destinations.len() {
            let place = (self.next + turn) % self.destinations.len();
            let busy = self.busy.iter().filter(|(at, _)| *at == place);
            let busy = busy.map(|(_, lane)| lane.clone()).collect();
            let found =
                desk.books.next_to_send(&self.destinations[place], busy, self.limit).await?;
            self.ready.extend(found.into_iter().map(|queued| (place, queued)));
        }
        self.next = (self.next + 1) % self.destinations.len();
        Ok(self.pick())
    }

    fn pick(&mut self) -> Option<(usize, Queued)> {
        let free = |(place, queued): &(usize, Queued)| {
            !self.busy.iter().any(|(at, lane)| at == place && *lane == queued.lane)
        };
        let found = self.ready.iter().position(free)?;
        let (place, queued) = self.ready.remove(found)?;
        self.busy.push((place, queued.lane.clone()));
        Some((place, queued))
    }

    /// Nothing in hand of a lane leaves before the books are looked at anew: a line that was
    /// taken and did not leave is still its first.
    fn forget(&mut self, place: usize, lane: &str) {
        self.ready.retain(|(at, queued)| *at != place || queued.lane != lane);
    }

    fn release(&mut self, place: usize, lane: &str) {
        self.busy.retain(|(at, busy)| *at != place || busy != lane);
        self.seen = None;
    }
}

/// One connection of an endpoint.
struct Worker {
    endpoint: Arc<Endpoint>,
    stopped: watch::Receiver<bool>,
    commits: watch::Receiver<u64>,
    link: Option<Link>,
    failures: u32,
    used: Instant,
}

impl Worker {
    fn new(endpoint: Arc<Endpoint>, stopped: watch::Receiver<bool>) -> Worker {
        let commits = endpoint.desk.books.commits();
        Worker { endpoint, stopped, commits, link: None, failures: 0, used: Instant::now() }
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
        if !matches!(ending, Ok(Ending::Answered)) {
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
            Ending::Answered => self.failures = 0,
            Ending::NotSent => {}
            Ending::InDoubt { again } => {
                self.link = None;
                self.back_off().await;
                if again {
                    attempt::back_to_queue(queued.line.id, &endpoint.desk).await?;
                }
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
        while let Some(frame) = link.waiting() {
            attempt::late(&frame, &self.endpoint.desk).await?;
        }
        if closed {
            self.link = None;
        }
        Ok(())
    }

    async fn connect(&mut self, destination: &Destination) {
        match Link::open(&self.endpoint.address).await {
            Ok(link) => {
                self.link = Some(link);
                self.used = Instant::now();
            }
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(
                        destination = destination.name,
                        address = self.endpoint.address,
                        %error,
                        "the receiver cannot be reached; lines wait"
                    );
                }
                self.endpoint.desk.metrics.sent(&destination.name, Outcome::Later);
                self.back_off().await;
            }
        }
    }

    /// Waits for something to do; hears what comes unasked; lets go of an idle connection.
    async fn idle(&mut self) -> Result<(), Error> {
        if self.used.elapsed() > IDLE_MAX {
            self.link = None;
        }
        let frame = match &mut self.link {
            Some(link) => tokio::select! {
                frame = link.next() => match frame {
                    Some(frame) => Some(frame),
                    None => {
                        self.link = None;
                        None
                    }
                },
                _ = self.commits.changed() => None,
                _ = self.stopped.changed() => None,
                () = sleep(LOOK_EVERY) => None,
            },
            None => tokio::select! {
                _ = self.commits.changed() => None,
                _ = self.stopped.changed() => None,
                () = sleep(LOOK_EVERY) => None,
            },
        };
        match frame {
            Some(frame) => attempt::late(&frame, &self.endpoint.desk).await,
            None => Ok(()),
        }
    }

    /// Waits longer after each failure, up to a limit; a stop ends the waiting.
    async fn back_off(&mut self) {
        let whole = BACK_OFF_FIRST.saturating_mul(1 << self.failures.min(10)).min(BACK_OFF_MAX);
        self.failures += 1;
        let half = whole / 2;
        let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
        let wait = half + Duration::from_millis(fastrand::u64(0..=millis));
        tokio::select! {
            () = sleep(wait) => {}
            _ = self.stopped.changed() => {}
        }
    }
}
