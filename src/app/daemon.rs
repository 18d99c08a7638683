//! The daemon: opened from the store outward, closed from the listeners inward.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Manner;
use crate::console;
use crate::dispatch::{self, Destination, Dispatcher, Way};
use crate::domain::Clock;
use crate::mappings::InForce;
use crate::pipeline::{self, Pipeline, Setup, SourceSetup};
use crate::receive::{
    Asked, Door, FhirDesk, Gatherer, Limits, Listener, NotSpoken, Poller, Reception, TakesFhir,
    Teller,
};
use crate::store::{self, Books, Intake, StoreLock};
use crate::telemetry::{self, Metrics, SystemClock};
use crate::trust;
use crate::wire::fhir::Unknown;

use super::meanings::Meanings;
use super::plan::{Endpoint, SourcePlan, SourceWay};
use super::reload::{Identities, Reloading};
use super::{Error, Plan, plan};

/// How often numbers that nobody reports are looked up.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the files of certificates are looked at.
const LOOK_AT_CERTIFICATES_EVERY: Duration = Duration::from_secs(5);
/// Of so many looks, one warns of a certificate that ends soon: once a day.
const WARN_EVERY: u32 = 24 * 60 * 60 / 5;

/// A running daemon.
pub struct Daemon {
    /// What is received.
    pub intake: Arc<Intake>,
    /// The books.
    pub books: Arc<Books>,
    /// Where each source is listened for, by name.
    pub sources: Vec<(String, SocketAddr)>,
    /// Where the console is.
    pub console: Option<SocketAddr>,
    reloading: Reloading,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
    listeners: JoinSet<()>,
    pages: JoinSet<()>,
    pipeline: pipeline::Running,
    dispatcher: Dispatcher,
    _lock: StoreLock,
}

/// Runs a daemon until it is told to stop (SIGTERM, SIGINT); blocks until then.
///
/// # Errors
/// When it does not start.
pub fn serve(path: &Path) -> Result<(), Error> {
    telemetry::start();
    runtime()?.block_on(run(path))
}

/// The profile of each source, by its name.
fn profiles(plan: &Plan) -> BTreeMap<String, String> {
    let sources = plan.setup.sources.iter();
    sources.map(|source| (source.name.clone(), source.profile.clone())).collect()
}

/// Threads and timers for everything that waits.
pub(super) fn runtime() -> Result<Runtime, Error> {
    Runtime::new().map_err(|source| Error::Machine { what: "threads", source })
}

async fn run(path: &Path) -> Result<(), Error> {
    // Heard from the first moment on: nobody's signal may end the daemon before it listens for it.
    let signals = Signals::listen()?;
    let daemon = Daemon::start(plan(path)?, Arc::new(SystemClock)).await?;
    for (name, address) in &daemon.sources {
        tracing::info!(source.name = name, %address, "listening for a source");
    }
    if let Some(address) = daemon.console {
        tracing::info!(%address, "the console is at http://{address}");
    }
    tell_service_manager(&[sd_notify::NotifyState::Ready]);
    signals.wait_for_stop(&daemon.reloading).await;
    tell_service_manager(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("stopping: answers that are due are awaited");
    daemon.stop().await;
    Ok(())
}

impl Daemon {
    /// All numbers, as at `/metrics`.
    pub fn numbers(&self) -> String {
        self.reloading.metrics.render()
    }

    /// Opens the store, then the listeners, then everything between them. If anything is missing,
    /// nothing is left open.
    ///
    /// # Errors
    /// What is missing, with its path or address.
    pub async fn start(plan: Plan, clock: Arc<dyn Clock>) -> Result<Daemon, Error> {
        let in_store = |source| Error::Store { folder: plan.store.clone(), source };
        let lock = StoreLock::take(&plan.store).map_err(in_store)?;
        let intake = Arc::new(Intake::open(&plan.store).map_err(in_store)?);
        let books = Arc::new(Books::open(&plan.store).map_err(in_store)?);
        nobody_waits_for_the_lost(&plan, &books)?;
        let metrics = Arc::new(Metrics::new());
        let in_force = Arc::new(InForce::new(Arc::clone(&plan.setup.tables)));
        let bound = bind(&plan, (&intake, &books, &in_force), &clock).await?;
        let pages = bind_console(&plan).await?;
        let desk = dispatch::Desk {
            tables: Arc::clone(&in_force),
            books: Arc::clone(&books),
            intake: Arc::clone(&intake),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
            site: plan.site_name.clone(),
            time_zone: plan.setup.time_zone.clone(),
            sources: Arc::new(profiles(&plan)),
        };
        let in_doubt =
            dispatch::call_in_doubt(&plan.destinations, &desk).await.map_err(in_store)?;
        if in_doubt > 0 {
            tracing::warn!(
                lines = in_doubt,
                "lines were on their way when the daemon last stopped"
            );
        }
        let carrier = Pipeline::new(Arc::clone(&books), plan.setup.clone(), Arc::clone(&clock))
            .following(Arc::clone(&in_force))
            .reading(Arc::clone(&intake));
        let reloading = reloading(&plan, (&in_force, &metrics), &clock);
        let pipeline = pipeline::start(carrier, Arc::clone(&intake), Arc::clone(&metrics))
            .map_err(|source| Error::Machine { what: "a thread", source })?;
        let dispatcher = Dispatcher::start(plan.destinations.clone(), desk);
        let mut daemon = Daemon {
            sources: bound.iter().filter_map(Bound::address).collect(),
            console: pages.as_ref().and_then(|listener| listener.local_addr().ok()),
            ready: Arc::new(AtomicBool::new(true)),
            stop: CancellationToken::new(),
            listeners: JoinSet::new(),
            pages: JoinSet::new(),
            reloading,
            intake,
            books,
            pipeline,
            dispatcher,
            _lock: lock,
        };
        daemon.open(plan, bound, pages, metrics);
        Ok(daemon)
    }

    fn open(
        &mut self,
        plan: Plan,
        bound: Vec<Bound>,
        pages: Option<TcpListener>,
        metrics: Arc<Metrics>,
    ) {
        let mut receptions = Vec::new();
        for Bound { reception, by, teller } in bound {
            let stop = self.stop.clone();
            if let Some(teller) = teller {
                self.listeners.spawn(teller.run(stop.clone()));
            }
            match by {
                By::Listener(listener) => self.listeners.spawn(listener.run(stop)),
                By::Poller(poller) => self.listeners.spawn(poller.run(stop)),
                By::Gatherer(gatherer) => self.listeners.spawn(gatherer.run(stop)),
            };
            receptions.push(reception);
        }
        let (books, seen) = (Arc::clone(&self.books), Arc::clone(&metrics));
        let (intake, stop) = (Arc::clone(&self.intake), self.stop.clone());
        self.pages.spawn(look_up(receptions, books, intake, seen, stop));
        let identities = self.reloading.identities.clone();
        self.pages.spawn(watch(identities, Arc::clone(&metrics), self.stop.clone()));
        if let Some(listener) = pages {
            let desk = console::Desk {
                books: Arc::clone(&self.books),
                intake: Arc::clone(&self.intake),
                setup: plan.setup,
                tables: Arc::clone(&self.reloading.in_force),
                metrics,
                site_name: plan.site_name,
                ready: Arc::clone(&self.ready),
                public_keys: public_keys(&plan.sources, &plan.destinations),
            };
            let stop = self.stop.clone();
            self.pages.spawn(async move {
                if let Err(error) = console::serve(listener, desk, stop.cancelled_owned()).await {
                    tracing::error!(%error, "the console ended");
                }
            });
        }
    }

    /// Reads the tables anew; wrong ones change nothing. The digest of those now in force.
    ///
    /// # Errors
    /// Every problem of the tables.
    pub fn reload(&self) -> Result<String, Vec<String>> {
        let read = self.reloading.reload();
        self.intake.wake();
        read
    }

    /// Takes nothing more in, finishes what is in hand, waits for answers that are due, closes.
    pub async fn stop(mut self) {
        self.ready.store(false, Ordering::Relaxed);
        self.stop.cancel();
        self.dispatcher.take_no_more();
        while self.listeners.join_next().await.is_some() {}
        let (pipeline, intake) = (self.pipeline, Arc::clone(&self.intake));
        let ended = tokio::task::spawn_blocking(move || {
            intake.wake();
            pipeline.stop();
        });
        drop(ended.await);
        self.dispatcher.stop().await;
        while self.pages.join_next().await.is_some() {}
    }
}

/// A source, and what stands ready for it.
struct Bound {
    teller: Option<Teller>,
    reception: Arc<Reception>,
    by: By,
}

enum By {
    Listener(Box<Listener>),
    Poller(Box<Poller>),
    Gatherer(Box<Gatherer>),
}

impl Bound {
    /// Where it is listened for, by name.
    fn address(&self) -> Option<(String, SocketAddr)> {
        match &self.by {
            By::Listener(listener) => {
                Some((self.reception.source().to_owned(), listener.address()))
            }
            By::Poller(_) | By::Gatherer(_) => None,
        }
    }
}

async fn bind(
    plan: &Plan,
    (intake, books, in_force): (&Arc<Intake>, &Arc<Books>, &Arc<InForce>),
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Bound>, Error> {
    let mut bound = Vec::new();
    for source in &plan.sources {
        let name: Arc<str> = source.name.as_str().into();
        let reception = Reception::new(name, Arc::clone(intake), Arc::clone(clock));
        let reception = match &source.way {
            SourceWay::Listened(endpoint) => {
                let reception = reception.in_manner(Manner::clone(&endpoint.manner));
                match &endpoint.answers_to {
                    Some(_) => reception.telling_elsewhere(),
                    None => reception,
                }
            }
            SourceWay::Polled(_) | SourceWay::Dropped(_) => reception,
        };
        let reception = Arc::new(reception.telling(Arc::clone(books)));
        let fhir = takes_fhir(plan, source, in_force, &reception);
        match &source.way {
            SourceWay::Listened(endpoint) => {
                let by = By::Listener(Box::new(listener(endpoint, fhir, &reception).await?));
                let teller = teller(endpoint, &reception, plan)?;
                bound.push(Bound { reception, by, teller });
            }
            SourceWay::Polled(asked) => {
                let asked = Asked::clone(asked);
                let fhir = fhir.unwrap_or_else(|| Arc::new(NotSpoken));
                let taken = (Arc::clone(&reception), fhir);
                let kept = (Arc::clone(intake), Arc::clone(clock));
                let by = By::Poller(Box::new(Poller::new(asked, taken, kept)));
                bound.push(Bound { reception, by, teller: None });
            }
            SourceWay::Dropped(dropped) => {
                let gatherer = Gatherer::new(dropped.clone(), Arc::clone(&reception), fhir);
                let by = By::Gatherer(Box::new(gatherer));
                bound.push(Bound { reception, by, teller: None });
            }
        }
    }
    Ok(bound)
}

/// Who tells a source elsewhere what came of its messages, where that is wanted.
fn teller(
    endpoint: &Endpoint,
    reception: &Arc<Reception>,
    plan: &Plan,
) -> Result<Option<Teller>, Error> {
    let Some(to) = endpoint.answers_to.clone() else {
        return Ok(None);
    };
    let framing = Limits::of(&endpoint.manner).framing;
    Teller::new(Arc::clone(reception), to, framing)
        .map_err(|source| Error::Store { folder: plan.store.clone(), source })
}

async fn listener(
    endpoint: &Endpoint,
    fhir: Option<Arc<dyn TakesFhir>>,
    reception: &Arc<Reception>,
) -> Result<Listener, Error> {
    let address = endpoint.address;
    let limits = Limits::of(&endpoint.manner);
    let mut listener = Listener::bind(address, Arc::clone(reception), limits).await?;
    if let Some(tls) = &endpoint.tls {
        listener = listener.over_tls(Arc::clone(tls));
    }
    if endpoint.is_http {
        let hears_hl7 = fhir.is_none();
        let fhir = fhir.unwrap_or_else(|| Arc::new(NotSpoken));
        let door = Door { fhir, hears_hl7, tokens: endpoint.tokens.clone() };
        listener = listener.for_web(door);
    }
    Ok(listener)
}

/// Who takes what a source says over FHIR; nobody, where its profile is one of HL7 v2.
fn takes_fhir(
    plan: &Plan,
    source: &SourcePlan,
    in_force: &Arc<InForce>,
    reception: &Arc<Reception>,
) -> Option<Arc<dyn TakesFhir>> {
    let setup = plan.setup.sources.iter().find(|setup| setup.name == source.name);
    let is_fhir = |profile: &str| plan.setup.tables.fhir_profile(profile).is_some();
    let setup = setup.filter(|setup| is_fhir(&setup.profile))?;
    let site = (&plan.setup, setup);
    Some(Arc::new(fhir_desk(Arc::clone(reception), site, in_force)))
}

/// A desk that takes what a source says over FHIR.
pub(super) fn fhir_desk(
    reception: Arc<Reception>,
    (site, source): (&Setup, &SourceSetup),
    in_force: &Arc<InForce>,
) -> FhirDesk {
    let unknown = if source.takes_unknown { Unknown::Taken } else { Unknown::Refused };
    let meanings = Meanings {
        tables: Arc::clone(in_force),
        profile: source.profile.clone(),
        system: source.system.clone(),
        time_zone: site.time_zone.clone(),
    };
    FhirDesk::new(reception, Arc::new(meanings), unknown)
}

async fn bind_console(plan: &Plan) -> Result<Option<TcpListener>, Error> {
    let Some(address) = plan.console else {
        return Ok(None);
    };
    let bound = TcpListener::bind(address).await;
    bound.map(Some).map_err(|source| Error::Console { address, source })
}

/// A destination that is gone from the settings while lines wait for it stops the start: they
/// would have nowhere to go, and nobody would be told.
fn nobody_waits_for_the_lost(plan: &Plan, books: &Books) -> Result<(), Error> {
    let in_store = |source: store::Error| Error::Store { folder: plan.store.clone(), source };
    let waiting = books.waiting_by_destination().map_err(in_store)?;
    let lost: Vec<String> = waiting
        .into_iter()
        .filter(|(name, _)| !plan.setup.routes.iter().any(|route| route.destination == *name))
        .map(|(name, lines)| format!("`{name}` ({lines} lines)"))
        .collect();
    if lost.is_empty() { Ok(()) } else { Err(Error::LostDestinations(lost)) }
}

/// The public halves of the keys by which we show token services that it is us.
fn public_keys(sources: &[SourcePlan], destinations: &[Destination]) -> String {
    let of_sources = sources.iter().filter_map(|source| match &source.way {
        SourceWay::Polled(asked) => asked.bearer.signing().cloned(),
        SourceWay::Listened(_) | SourceWay::Dropped(_) => None,
    });
    let of_destinations = destinations.iter().filter_map(|destination| match &destination.way {
        Way::Fhir(server) => server.bearer.signing().cloned(),
        Way::Mllp { .. } | Way::Dir(_) => None,
    });
    let keys: Vec<_> = of_sources.chain(of_destinations).collect();
    trust::jwks(&keys)
}

/// Reads certificates anew when their files are written, and counts the days that they have left.
async fn watch(identities: Identities, metrics: Arc<Metrics>, stop: CancellationToken) {
    let mut looked = 0_u32;
    while !identities.all.is_empty() {
        let (watched, metrics) = (identities.clone(), Arc::clone(&metrics));
        let warns = looked.is_multiple_of(WARN_EVERY);
        looked = looked.wrapping_add(1);
        let read = tokio::task::spawn_blocking(move || {
            watched.renew(true);
            watched.count_days(&metrics, warns);
        });
        drop(read.await);
        tokio::select! {
            () = tokio::time::sleep(LOOK_AT_CERTIFICATES_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Looks up the numbers that nobody reports.
async fn look_up(
    receptions: Vec<Arc<Reception>>,
    books: Arc<Books>,
    intake: Arc<Intake>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    loop {
        for reception in &receptions {
            for (what, count) in reception.counts().all() {
                metrics.received(reception.source(), what, count);
            }
        }
        metrics.wal_bytes(books.wal_bytes() + intake.wal_bytes());
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn reloading(
    plan: &Plan,
    (in_force, metrics): (&Arc<InForce>, &Arc<Metrics>),
    clock: &Arc<dyn Clock>,
) -> Reloading {
    Reloading {
        identities: Identities { all: plan.renewed(), clock: Arc::clone(clock) },
        folder: plan.mappings.clone(),
        in_force: Arc::clone(in_force),
        sources: plan.setup.sources.iter().map(|source| source.profile.clone()).collect(),
        destinations: plan.destinations.iter().map(|one| one.profile_name.clone()).collect(),
        metrics: Arc::clone(metrics),
    }
}

/// What the daemon is told by signals.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Signals, Error> {
        let unheard = |source| Error::Machine { what: "a signal", source };
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).map_err(unheard)?,
            interrupt: signal(SignalKind::interrupt()).map_err(unheard)?,
            hangup: signal(SignalKind::hangup()).map_err(unheard)?,
        })
    }

    /// Waits until the daemon is told to stop; reads the tables anew whenever it is told to.
    async fn wait_for_stop(mut self, reloading: &Reloading) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    let reloading = reloading.clone();
                    drop(tokio::task::spawn_blocking(move || reloading.reload()).await);
                }
            }
        }
    }
}

fn tell_service_manager(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "there is no service manager to tell");
    }
}
