//! A daemon in the test's own process, on a folder of its own. Dropping it asserts the balance.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use collimator::app::{Daemon, Error, Plan, SourcePlan};
use collimator::config::{Grant, Place, Tls};
use collimator::dispatch::{Destination, Folder, Server, Way};
use collimator::domain::{Claim, Clock, LineState, MessageState, Setting};
use collimator::mappings::DestinationProfile;
use collimator::mappings::destination::{Layout, Policy, Repeat};
use collimator::pipeline::Route;
use collimator::store::{
    Attempt, BookedMessage, Books, Intake, LineFilter, ListedLine, MessageFilter,
};
use collimator::trust::{self, Bearer};

use super::carry;
use super::charges::ChargeServer;
use super::receiver::Receiver;
use super::sender::{Answer, Sender};
use super::wait::until;

/// A clock that stands just behind every course told in the tests, and never still.
#[derive(Debug, Default)]
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> jiff::Timestamp {
        let first: jiff::Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        first + Duration::from_millis(self.0.fetch_add(1, Ordering::Relaxed).unsigned_abs())
    }
}

/// Where lines of some claims go.
#[derive(Clone)]
pub struct Target {
    pub name: String,
    pub claims: Vec<Claim>,
    pub way: Way,
    pub profile: &'static str,
    pub repeat: Repeat,
    pub credits: bool,
    pub connections: usize,
    pub answer_within: Duration,
    pub read_back: Option<Duration>,
    pub policy: Policy,
    pub layout: Layout,
}

impl Target {
    pub fn new(name: &str, claim: Claim, receiver: &Receiver) -> Target {
        Target {
            name: name.into(),
            claims: vec![claim],
            way: Way::Mllp { address: receiver.address().to_string(), tls: None },
            profile: "dft-2.5.1",
            repeat: Repeat::No,
            credits: true,
            connections: 1,
            answer_within: Duration::from_secs(30),
            read_back: None,
            policy: Policy::default(),
            layout: Layout::One,
        }
    }

    /// Lines of a claim into a folder, so many to a file at most.
    pub fn folder(name: &str, claim: Claim, path: &Path, lines_max: usize) -> Target {
        Target::at(name, claim, Place::Here(path.to_owned()), lines_max)
    }

    /// The same, wherever the folder is.
    pub fn at(name: &str, claim: Claim, place: Place, lines_max: usize) -> Target {
        let every = Duration::from_millis(if lines_max > 1 { 200 } else { 0 });
        let folder = Folder { place, lines_max, every, trigger: None };
        Target {
            name: name.into(),
            claims: vec![claim],
            way: Way::Dir(folder),
            profile: "dft-2.5.1",
            repeat: Repeat::No,
            credits: true,
            connections: 1,
            answer_within: Duration::from_secs(30),
            read_back: None,
            policy: Policy::default(),
            layout: Layout::One,
        }
    }

    /// Facility lines to a FHIR server, by a profile.
    pub fn fhir(profile: &'static str, server: &ChargeServer) -> Target {
        let (within, now) = (Duration::from_secs(30), TestClock::default().now());
        let client = trust::asking(&Tls::default(), within, now).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
        let bearer = Bearer::new(&Grant::Nothing, client.clone(), clock).unwrap();
        let base = server.base().parse().unwrap();
        let server = Server { base, client, bearer: Arc::new(bearer) };
        Target {
            name: "hospital-billing".into(),
            claims: vec![Claim::Facility],
            way: Way::Fhir(server),
            profile,
            repeat: Repeat::No,
            credits: true,
            connections: 1,
            answer_within: Duration::from_secs(30),
            read_back: None,
            policy: Policy::default(),
            layout: Layout::One,
        }
    }

    /// Reached in TLS, by this name of this machine.
    pub fn in_tls(self, tls: &Tls) -> Target {
        let Way::Mllp { address, .. } = self.way else { panic!("it is no MLLP") };
        let address = address.replace("127.0.0.1", "localhost");
        let tls = Some(trust::calling(tls, super::certificates::now()).unwrap());
        Target { way: Way::Mllp { address, tls }, ..self }
    }

    /// What opens a FHIR server.
    pub fn opened_by(mut self, grant: &Grant) -> Target {
        if let Way::Fhir(server) = &mut self.way {
            let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
            let bearer = Bearer::new(grant, server.client.clone(), clock).unwrap();
            server.bearer = Arc::new(bearer);
        }
        self
    }

    /// Asked so often what became of its charges.
    pub fn read_back(self, millis: u64) -> Target {
        Target { read_back: Some(Duration::from_millis(millis)), ..self }
    }

    /// One that takes no credits.
    pub fn without_credits(self) -> Target {
        Target { credits: false, ..self }
    }

    pub fn facility(receiver: &Receiver) -> Target {
        Target::new("hospital-billing", Claim::Facility, receiver)
    }

    pub fn professional(receiver: &Receiver) -> Target {
        Target::new("physician-billing", Claim::Professional, receiver)
    }

    /// What follows from its answers.
    pub fn by_policy(self, policy: Policy) -> Target {
        Target { policy, ..self }
    }

    /// Lines of an account in one message.
    pub fn by_visit(self) -> Target {
        Target { layout: Layout::Visit, ..self }
    }

    pub fn answering_within(self, millis: u64) -> Target {
        Target { answer_within: Duration::from_millis(millis), ..self }
    }

    pub fn recognizing(self, repeat: Repeat) -> Target {
        Target { repeat, ..self }
    }

    pub fn over(self, connections: usize) -> Target {
        Target { connections, ..self }
    }
}

/// What a daemon is given: sources on free ports, and these targets.
pub fn plan(folder: &Path, targets: &[Target]) -> Plan {
    let tables = carry::tables();
    let destination = |target: &Target| {
        let mut profile = tables.destination(target.profile).unwrap().clone();
        match &mut profile {
            DestinationProfile::Hl7(profile) => {
                profile.recognizes_repeat = target.repeat;
                profile.credits = target.credits;
                profile.policy = target.policy.clone();
                profile.layout = target.layout;
            }
            DestinationProfile::Fhir(profile) => profile.credits &= target.credits,
        }
        Destination {
            name: target.name.clone(),
            way: target.way.clone(),
            profile_name: String::new(),
            profile: Arc::new(profile),
            connections: target.connections,
            answer_within: target.answer_within,
            read_back: target.read_back,
        }
    };
    let route = |target: &Target| Route {
        destination: target.name.clone(),
        claims: target.claims.clone(),
        profile: target.profile.to_owned(),
    };
    let mut setup = carry::setup(Setting::Hospital);
    setup.routes = targets.iter().map(route).collect();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let source = |name: &str| SourcePlan::mllp(name, any);
    let over_http = |name: &str| SourcePlan::http(name, any);
    Plan {
        mappings: None,
        site_name: "Example Cancer Center".into(),
        store: folder.to_owned(),
        sources: vec![source("aria"), source("mosaiq"), over_http("fhir")],
        console: None,
        destinations: targets.iter().map(destination).collect(),
        setup,
    }
}

/// A daemon with its folder.
pub struct TestDaemon {
    folder: tempfile::TempDir,
    targets: Vec<Target>,
    source: Option<SourcePlan>,
    clock: Arc<TestClock>,
    running: Option<Daemon>,
}

impl TestDaemon {
    pub async fn start(targets: Vec<Target>) -> TestDaemon {
        let mut daemon = TestDaemon::stopped(targets);
        daemon.go().await.unwrap();
        daemon
    }

    /// A daemon that is not started yet.
    pub fn stopped(targets: Vec<Target>) -> TestDaemon {
        let folder = tempfile::tempdir().unwrap();
        TestDaemon { folder, targets, source: None, clock: Arc::default(), running: None }
    }

    /// Starts it, as it was stopped.
    pub async fn go(&mut self) -> Result<(), Error> {
        let mut plan = plan(&self.store(), &self.targets);
        if let Some(source) = self.source.clone() {
            plan.sources[0] = source;
        }
        let clock: Arc<dyn Clock> = self.clock.clone();
        self.running = Some(Daemon::start(plan, clock).await?);
        Ok(())
    }

    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.go().await.unwrap();
    }

    /// Other settings from the next start on.
    pub fn set_targets(&mut self, targets: Vec<Target>) {
        self.targets = targets;
    }

    /// Another first source from the next start on.
    pub fn set_source(&mut self, source: SourcePlan) {
        self.source = Some(source);
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn books(&self) -> &Books {
        &self.running().books
    }

    pub fn intake(&self) -> &Intake {
        &self.running().intake
    }

    /// All numbers, as at `/metrics`.
    pub fn numbers(&self) -> String {
        self.running().numbers()
    }

    /// Where a source is listened for.
    pub fn source(&self, name: &str) -> SocketAddr {
        self.running().sources.iter().find(|(known, _)| known == name).unwrap().1
    }

    pub async fn sender(&self) -> Sender {
        Sender::connect(self.source("aria")).await
    }

    /// Sends messages one after the other, over one connection; what was said to each.
    pub async fn send(&self, messages: &[Vec<u8>]) -> Vec<Answer> {
        let mut sender = self.sender().await;
        let mut answers = Vec::new();
        for message in messages {
            answers.push(sender.ask(message).await);
        }
        answers
    }

    /// Sends messages that must all be taken.
    pub async fn tell(&self, messages: &[Vec<u8>]) {
        for answer in self.send(messages).await {
            assert_eq!(answer.code, "AA", "{answer:?}");
        }
    }

    /// Waits until all that is stored is carried.
    pub async fn carried(&self) {
        until("everything stored is carried", || {
            let (cursor, last) = (self.books().cursor().unwrap(), self.intake().last());
            if cursor == last { Ok(()) } else { Err(format!("{cursor} of {last}")) }
        })
        .await;
    }

    /// Waits until all that is stored is carried, and nothing is queued or on its way.
    pub async fn settled(&self) {
        self.carried().await;
        until("nothing is queued or on its way", || {
            let lines = self.books().balance().unwrap().lines;
            let waits = has(&lines, LineState::Queued) || has(&lines, LineState::Sent);
            if waits { Err(format!("{lines:?}")) } else { Ok(()) }
        })
        .await;
    }

    /// Waits until the lines that are not withdrawn stand like this.
    pub async fn stands(&self, expected: &[(LineState, u64)]) {
        self.carried().await;
        let expected: BTreeMap<LineState, u64> = expected.iter().copied().collect();
        until("the lines stand as they must", || {
            let mut lines = self.books().balance().unwrap().lines;
            lines.retain(|state, count| *count > 0 && *state != LineState::Withdrawn);
            if lines == expected { Ok(()) } else { Err(format!("{lines:?}")) }
        })
        .await;
    }

    /// Every line that is not withdrawn.
    pub fn lines(&self) -> Vec<ListedLine> {
        let lines = self.books().lines(LineFilter::default()).map(|line| line.unwrap());
        lines.filter(|listed| listed.line.state != LineState::Withdrawn).collect()
    }

    /// The lines in a state.
    pub fn lines_in(&self, state: LineState) -> Vec<ListedLine> {
        self.lines().into_iter().filter(|listed| listed.line.state == state).collect()
    }

    /// Every sending of the only line in a state.
    pub fn attempts_at_the(&self, state: LineState) -> Vec<Attempt> {
        let lines = self.lines_in(state);
        assert_eq!(lines.len(), 1, "{lines:?}");
        self.books().attempts_of(lines[0].line.id).unwrap()
    }

    /// What became of each message, the oldest first.
    pub fn messages(&self) -> Vec<BookedMessage> {
        let listed = self.books().messages(MessageFilter::default()).map(|it| it.unwrap());
        let mut messages: Vec<BookedMessage> = listed.collect();
        messages.reverse();
        messages
    }

    fn running(&self) -> &Daemon {
        self.running.as_ref().unwrap()
    }
}

fn has(lines: &BTreeMap<LineState, u64>, state: LineState) -> bool {
    lines.get(&state).is_some_and(|count| *count > 0)
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.stop());
        });
        assert_balance(&self.store());
    }
}

/// The sums come out, and the ledger's chain is whole.
pub fn assert_balance(store: &Path) {
    let (books, intake) = (Books::open(store).unwrap(), Intake::open(store).unwrap());
    let balance = books.balance().unwrap();
    let stored = intake.last().0.unsigned_abs();
    let ended: u64 = balance.messages.values().sum();
    let cursor = books.cursor().unwrap().0.unsigned_abs();
    let out_of_turn = books.booked_behind_cursor().unwrap().len() as u64;
    assert_eq!(ended, cursor + out_of_turn, "each message before the cursor ended once");
    assert!(cursor <= stored, "{cursor} of {stored}");
    assert_messages_end_once(&books);
    let drafted: u64 = balance.lines.values().sum();
    let listed = books.lines(LineFilter::default()).filter(|line| line.is_ok()).count();
    assert_eq!(drafted, listed as u64, "{:?}", balance.lines);
    assert_eq!(drafted, balance.drafted, "{:?}", balance.lines);
    let verified = books.verify().unwrap();
    assert_eq!(verified.broken_at, None);
    assert!(verified.tally_is_right, "{balance:?}");
}

fn assert_messages_end_once(books: &Books) {
    for message in books.messages(MessageFilter::default()) {
        let message = message.unwrap();
        assert_ne!(message.state, MessageState::Waiting);
        assert!(!matches!(message.state, MessageState::Stuck(_)), "{:?}", message.state);
    }
}
