//! Asks a FHIR server for what is new, round by round.
//!
//! A round walks through each type: from where the last walk came to, less an overlap, page by page
//! to the end. A page is handed over, and so stored, before the next one is asked for; where the
//! next walk begins is moved only once this one has come to its end. What is handed over already is
//! not handed over again; after a restart it may be once, and is then known by its version.

mod ask;
mod page;
mod short;
mod walk;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::config::Poll;
use crate::domain::Clock;
use crate::store::{Error as StoreError, Intake};
use crate::trust::{Bearer, Fresh};

use super::{Counted, Reception, TakesFhir};
use ask::Ask;
use page::Digest;
use short::Short;
use walk::Walk;

/// The first rest after a round that did not come to its end; it doubles, up to the usual one.
const REST_SECONDS: u64 = 30;
/// No server keeps us away for longer by a word of its own.
const RETRY_AFTER_SECONDS_MAX: u64 = 3_600;
/// A walk that lost its way begins anew so often within a round.
const ATTEMPTS_MAX: usize = 4;
/// Resources of a page.
const COUNT: u64 = 200;
/// Resources of a type that are remembered as handed over.
const HANDED_MAX: usize = 500_000;

/// A server to ask, and what opens it.
#[derive(Clone)]
pub struct Asked {
    /// What the settings say.
    pub poll: Poll,
    /// Speaks TLS as the settings say, and follows no redirect.
    pub client: Arc<Fresh<reqwest::Client>>,
    /// The token.
    pub bearer: Arc<Bearer>,
}

/// Asks a source for what is new.
pub struct Poller {
    asked: Asked,
    reception: Arc<Reception>,
    takes: Arc<dyn TakesFhir>,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    handed: HashMap<String, HashMap<Digest, Option<Timestamp>>>,
}

impl Poller {
    /// Asks for a source; what comes is handed to `takes`, and counted by `reception`.
    pub fn new(
        asked: Asked,
        (reception, takes): (Arc<Reception>, Arc<dyn TakesFhir>),
        (intake, clock): (Arc<Intake>, Arc<dyn Clock>),
    ) -> Poller {
        Poller { asked, reception, takes, intake, clock, handed: HashMap::new() }
    }

    /// A round at once, and then one every so often, until it is stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut in_vain = 0;
        loop {
            let Some(rest) = stop.run_until_cancelled(self.round()).await else { return };
            in_vain = if rest.is_ok() { 0 } else { in_vain + 1 };
            let rest = self.rest(in_vain, rest.err().flatten());
            if stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
                return;
            }
        }
    }

    /// How long to wait: after a failure less than usual, but as long as the server wants.
    fn rest(&self, in_vain: u32, wanted: Option<u64>) -> Duration {
        let every = self.asked.poll.every;
        let rest = match in_vain.checked_sub(1) {
            None => every,
            Some(times) => Duration::from_secs(REST_SECONDS << times.min(12)).min(every),
        };
        rest.max(Duration::from_secs(wanted.unwrap_or(0).min(RETRY_AFTER_SECONDS_MAX)))
    }

    /// One round. When it does not come to its end: how many seconds the server wants to be left
    /// alone, if it said so.
    pub async fn round(&mut self) -> Result<(), Option<u64>> {
        let mut fetched = HashSet::new();
        let mut outcome = Ok(());
        for kind in self.asked.poll.resources.clone() {
            let Err(short) = self.of_kind(&kind, &mut fetched).await else { continue };
            tracing::warn!(
                source.name = self.reception.source(),
                resource = kind,
                error = &short as &dyn std::error::Error,
                "A source was not asked to its end; the next round begins where this one began."
            );
            let ends = short.ends_round();
            outcome = Err(short.retry_after());
            if ends {
                break;
            }
        }
        let counted = if outcome.is_ok() { Counted::RoundDone } else { Counted::RoundIncomplete };
        self.reception.counts().one(counted);
        outcome
    }

    async fn of_kind(&mut self, kind: &str, fetched: &mut HashSet<String>) -> Result<(), Short> {
        let name = walk::cursor_name(&self.asked.poll, kind);
        let began = self.clock.now();
        let at = self.cursor(&name).await?;
        let mut handed = self.handed.remove(kind).unwrap_or_default();
        let ask = Ask { asked: &self.asked, reception: &self.reception, takes: &*self.takes };
        let mut walked = Err(Short::Expired);
        let mut count = COUNT;
        for _ in 0..ATTEMPTS_MAX {
            let mut walk = Walk::new(&ask, kind, (at, count), &mut handed, fetched);
            walked = walk.walk().await;
            match &walked {
                Err(Short::Expired) => {}
                Err(Short::TooLong) if count > 1 => count = (count / 8).max(1),
                Ok(_) | Err(_) => break,
            }
        }
        if let Ok(walked) = &walked {
            handed.retain(|digest, _| walked.seen.contains(digest));
        }
        if handed.len() > HANDED_MAX {
            handed.clear();
        }
        if let Ok(walked) = &walked
            && let Some(newest) = walked.newest(began).filter(|newest| Some(*newest) > at)
        {
            let overlap = self.asked.poll.overlap;
            handed.retain(|_, said| said.is_none_or(|said| said + overlap >= newest));
            self.move_cursor(&name, newest).await?;
        }
        self.handed.insert(kind.to_owned(), handed);
        walked.map(drop)
    }

    async fn cursor(&self, name: &str) -> Result<Option<Timestamp>, Short> {
        let told = self.in_store(name, |intake, source, name| intake.cursor(source, name)).await?;
        Ok(told.parse().ok())
    }

    async fn move_cursor(&self, name: &str, to: Timestamp) -> Result<(), Short> {
        let moves = move |intake: &Intake, source: &str, name: &str| {
            intake.move_cursor(source, name, &to.to_string())
        };
        self.in_store(name, moves).await
    }

    /// The store is asked where waiting keeps nobody else.
    async fn in_store<T: Send + 'static>(
        &self,
        name: &str,
        ask: impl FnOnce(&Intake, &str, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Short> {
        let (intake, name) = (Arc::clone(&self.intake), name.to_owned());
        let source = self.reception.source().to_owned();
        let asked = tokio::task::spawn_blocking(move || ask(&intake, &source, &name)).await;
        asked.unwrap_or(Err(StoreError::Closed)).map_err(Short::Store)
    }
}
