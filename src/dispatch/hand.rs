//! What is in hand: lines that may leave, each account in its order.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::mappings::destination::Repeat;
use crate::store::{Error, Look, Queued};

use super::rest::Rest;
use super::{Desk, Destination, Way, attempt};

/// How often the books are looked at without a hint: another process may have written them.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Lines taken in hand for each connection at one look.
const LINES_A_LOOK: usize = 2;

/// Lines in hand are looked at anew after this long.
const IN_HAND_MAX: Duration = Duration::from_millis(50);

/// What is in hand: lines that may leave, and the lanes that are on their way.
pub(super) struct Hand {
    destinations: Vec<Destination>,
    rests: Vec<Rest>,
    busy: Vec<(usize, String)>,
    ready: VecDeque<(usize, Queued)>,
    seen: Option<u64>,
    looked: Instant,
    next: usize,
    limit: usize,
}

impl Hand {
    /// Nothing in hand yet, for these destinations, over so many connections.
    pub(super) fn new(destinations: &[Destination], connections: usize) -> Hand {
        Hand {
            destinations: destinations.to_vec(),
            rests: destinations.iter().map(|_| Rest::default()).collect(),
            busy: Vec::new(),
            ready: VecDeque::new(),
            seen: None,
            looked: Instant::now(),
            next: 0,
            limit: connections * LINES_A_LOOK,
        }
    }

    /// The next line whose lane is free, and where it goes.
    pub(super) async fn take(
        &mut self,
        desk: &Desk,
        commits: u64,
    ) -> Result<Option<(usize, Queued)>, Error> {
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
            if !self.rests[place].is_open(self.looked, self.on_their_way(place)) {
                continue;
            }
            let mut busy = self.rests[place].lanes(self.looked);
            let on_their_way = self.busy.iter().filter(|(at, _)| *at == place);
            busy.extend(on_their_way.map(|(_, lane)| lane.clone()));
            let since = self.gathers_since(place, desk);
            let again = self.repeats(place, desk);
            let look = Look { busy, lane: None, limit: self.limit, since, again };
            let found = desk.books.next_to_send(&self.destinations[place].name, look).await?;
            self.ready.extend(found.into_iter().map(|queued| (place, queued)));
        }
        self.next = (self.next + 1) % self.destinations.len();
        Ok(self.pick())
    }

    /// How a destination stands to us.
    pub(super) fn rest(&mut self, place: usize) -> &mut Rest {
        &mut self.rests[place]
    }

    /// When something that rests may leave.
    pub(super) fn wakes(&self) -> Option<Instant> {
        let now = Instant::now();
        self.rests.iter().filter_map(Rest::wakes).filter(|at| *at > now).min()
    }

    /// Whether what is in doubt goes again as the same bytes: to a receiver of HL7 v2 over MLLP, as
    /// long as it recognizes a repeat.
    fn repeats(&self, place: usize, desk: &Desk) -> bool {
        let destination = &self.destinations[place];
        matches!(destination.way, Way::Mllp { .. })
            && attempt::ways(destination, desk).0 != Repeat::No
    }

    /// Since when the first line of a message must have waited, where lines are gathered.
    fn gathers_since(&self, place: usize, desk: &Desk) -> Option<Timestamp> {
        let destination = &self.destinations[place];
        let profiles = desk.profile(destination);
        let seconds = profiles.hl7(destination)?.gather_seconds;
        let wait = SignedDuration::from_secs(i64::from(seconds));
        (seconds > 0).then(|| desk.clock.now().saturating_sub(wait).ok()).flatten()
    }

    fn on_their_way(&self, place: usize) -> usize {
        self.busy.iter().filter(|(at, _)| *at == place).count()
    }

    fn pick(&mut self) -> Option<(usize, Queued)> {
        let now = Instant::now();
        let free = |(place, queued): &(usize, Queued)| {
            self.rests[*place].is_open(now, self.on_their_way(*place))
                && !self.busy.iter().any(|(at, lane)| at == place && *lane == queued.lane)
        };
        let found = self.ready.iter().position(free)?;
        let (place, queued) = self.ready.remove(found)?;
        self.busy.push((place, queued.lane.clone()));
        Some((place, queued))
    }

    /// Nothing in hand of a lane leaves before the books are looked at anew: a line that was
    /// taken and did not leave is still its first.
    pub(super) fn forget(&mut self, place: usize, lane: &str) {
        self.ready.retain(|(at, queued)| *at != place || queued.lane != lane);
    }

    /// A line is no longer on its way.
    pub(super) fn release(&mut self, place: usize, lane: &str) {
        self.busy.retain(|(at, busy)| *at != place || busy != lane);
        self.seen = None;
    }
}
