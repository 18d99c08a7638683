//! The demo: everything on this machine, with nothing to prepare.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::task::JoinSet;

use crate::dispatch::{Destination, Way};
use crate::domain::{Claim, LineState, Setting, Site};
use crate::mappings::Tables;
use crate::pipeline::{Route, Setup, SourceSetup};
use crate::store::{self, Balance, CourseSummary, LineFilter};
use crate::telemetry::{self, SystemClock};

use super::daemon::runtime;
use super::simulated::{Billing, FhirSystem, OncologySystem};
use super::stories::{self, Story, Told};
use super::{Daemon, Error, Plan, SourcePlan};

/// The sending must be over by then.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is looked whether all is answered.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The source that speaks FHIR.
const FHIR: &str = "fhir";

/// Where the console is, if nobody else is there.
const CONSOLE: &str = "127.0.0.1:8080";

/// Runs the demo to its end; see [`demo`].
///
/// # Errors
/// When something does not start, or the balance does not come out.
pub fn show(once: bool, say: &mut dyn FnMut(String)) -> Result<(), Error> {
    telemetry::start();
    runtime()?.block_on(demo(once, say))
}

/// Runs the demo; `say` gets each line for standard output. With `once` it ends when all is sent
/// and answered, else it stays until it is told to stop.
///
/// # Errors
/// When something does not start, or the balance does not come out.
pub async fn demo(once: bool, say: &mut dyn FnMut(String)) -> Result<(), Error> {
    let machine = |what| move |source| Error::Machine { what, source };
    let folder = tempfile::tempdir().map_err(machine("a temporary folder"))?;
    let facility = Billing::start().await.map_err(machine("a port"))?;
    let physicians = Billing::start().await.map_err(machine("a port"))?;
    let billing = [("hospital-billing", &facility), ("physician-billing", &physicians)];
    let daemon = start(folder.path(), &billing).await?;
    if let Some(address) = daemon.console {
        say(format!("console: http://{address}"));
    }
    let sent = send(&daemon, stories::all()).await?;
    answered(&daemon).await?;
    for line in told(&daemon, sent, &billing)? {
        say(line);
    }
    if !once {
        say("the demo goes on; stop it with Ctrl-C".into());
        let interrupted = tokio::signal::ctrl_c().await;
        interrupted.map_err(machine("a signal"))?;
    }
    daemon.stop().await;
    Ok(())
}

async fn start(store: &Path, billing: &[(&str, &Billing); 2]) -> Result<Daemon, Error> {
    let taken = std::net::TcpListener::bind(CONSOLE).is_err();
    let console = if taken { "127.0.0.1:0" } else { CONSOLE };
    match Daemon::start(plan(store, billing, console)?, Arc::new(SystemClock)).await {
        Err(Error::Console { .. }) => {
            Daemon::start(plan(store, billing, "127.0.0.1:0")?, Arc::new(SystemClock)).await
        }
        started => started,
    }
}

fn plan(store: &Path, billing: &[(&str, &Billing); 2], console: &str) -> Result<Plan, Error> {
    let tables = Tables::embedded()
        .map_err(|wrong| Error::Settings(wrong.iter().map(ToString::to_string).collect()))?;
    let profile = tables.destination("dft-2.5.1").cloned();
    let profile = profile.ok_or(Error::Demo("the tables name no profile dft-2.5.1".into()))?;
    let profile = Arc::new(profile);
    let claims = [Claim::Facility, Claim::Professional];
    let names = ["aria", "mosaiq", FHIR];
    let free: SocketAddr = ([127, 0, 0, 1], 0).into();
    Ok(Plan {
        mappings: None,
        site_name: "Example Cancer Center".into(),
        store: store.to_owned(),
        sources: vec![
            SourcePlan::mllp("aria", free),
            SourcePlan::mllp("mosaiq", free),
            SourcePlan::http(FHIR, free),
        ],
        console: console.parse().ok(),
        destinations: billing
            .iter()
            .map(|(name, billing)| Destination {
                name: (*name).into(),
                way: Way::Mllp { address: billing.address().to_string(), tls: None },
                profile_name: "dft-2.5.1".into(),
                profile: Arc::clone(&profile),
                connections: 4,
                answer_within: Duration::from_secs(30),
                read_back: None,
            })
            .collect(),
        setup: Setup {
            tables: Arc::new(tables),
            site: Site::plain(Setting::Hospital, "medicare"),
            time_zone: jiff::tz::TimeZone::get("America/New_York")
                .map_err(|error| Error::Demo(error.to_string()))?,
            sources: names
                .map(|name| SourceSetup {
                    name: name.into(),
                    profile: name.into(),
                    system: String::new(),
                    bills: true,
                    takes_unknown: false,
                })
                .to_vec(),
            routes: billing
                .iter()
                .zip(claims)
                .map(|((name, _), claim)| Route {
                    destination: (*name).into(),
                    claims: vec![claim],
                    profile: String::new(),
                })
                .collect(),
        },
    })
}

/// Sends every story over a connection of its own; how many messages were taken.
async fn send(daemon: &Daemon, stories: Vec<Story>) -> Result<u64, Error> {
    let total = stories.iter().map(|story| story.messages.len() as u64).sum();
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let ports: BTreeMap<String, SocketAddr> = daemon.sources.iter().cloned().collect();
    let fhir = ports.get(FHIR).ok_or(Error::Demo("there is no source over FHIR".into()))?;
    let fhir = FhirSystem::new(*fhir);
    let fhir = fhir.map_err(|source| Error::Machine { what: "a client of HTTP", source })?;
    let mut senders = JoinSet::new();
    for story in stories {
        let port = |name: &str| {
            let no_source = || Error::Demo(format!("{}: no source {name}", story.name));
            ports.get(name).copied().ok_or_else(no_source)
        };
        let systems = (port(&story.source)?, fhir.clone());
        let bar = bar.clone();
        senders.spawn(async move { tell(&story, systems, &bar).await });
    }
    let mut taken = 0;
    while let Some(sender) = senders.join_next().await {
        taken += sender.unwrap_or_else(|_| Err(Error::Demo("a sender failed".into())))?;
    }
    bar.finish_and_clear();
    Ok(taken)
}

async fn tell(
    story: &Story,
    (hl7, fhir): (SocketAddr, FhirSystem),
    bar: &ProgressBar,
) -> Result<u64, Error> {
    let broken = |error| Error::Demo(format!("{}: the daemon did not answer: {error}", story.name));
    let mut system = OncologySystem::connect(hl7).await.map_err(broken)?;
    let mut taken = 0;
    for told in &story.messages {
        let sent = match told {
            Told::Hl7(message) => system.send(message).await,
            Told::Fhir(bundle) => fhir.post(bundle).await,
        };
        taken += u64::from(sent.map_err(broken)?);
        bar.inc(1);
    }
    Ok(taken)
}

/// Waits until every message is carried and every line that may leave has its answer.
async fn answered(daemon: &Daemon) -> Result<(), Error> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let balance = balance(daemon)?;
        let carried = daemon.books.cursor().map_err(in_store)? == daemon.intake.last();
        let waiting = [LineState::Queued, LineState::Sent];
        let waiting = waiting.iter().filter_map(|state| balance.lines.get(state)).sum::<u64>();
        if carried && waiting == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(Error::Demo(format!("not everything was answered within {} seconds", PATIENCE.as_secs())))
}

/// A line for each course, then the balance.
fn told(daemon: &Daemon, sent: u64, billing: &[(&str, &Billing); 2]) -> Result<Vec<String>, Error> {
    let courses = daemon.books.courses(LineFilter::default());
    let mut said: Vec<String> = courses
        .map(|course| course.map(|it| of_course(&it)))
        .collect::<Result<_, _>>()
        .map_err(in_store)?;
    let balance = balance(daemon)?;
    let stored = u64::try_from(daemon.intake.last().0).unwrap_or_default();
    let ended: u64 = balance.messages.values().sum();
    let drafted: u64 = balance.lines.values().sum();
    let accepted = balance.lines.get(&LineState::Accepted).copied().unwrap_or_default();
    let received: u64 = billing.iter().map(|(_, one)| one.charges() + one.credits()).sum();
    said.push(format!("messages: {sent} sent and taken, {stored} stored, {ended} ended"));
    let states: Vec<String> =
        balance.lines.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    said.push(format!("lines: {drafted} drafted = {}", states.join(" + ")));
    for (name, one) in billing {
        said.push(format!("{name}: {} charges and {} credits taken", one.charges(), one.credits()));
    }
    if stored != ended || sent > stored || accepted != received {
        return Err(Error::Demo(format!("the balance does not come out:\n{}", said.join("\n"))));
    }
    said.push("the balance comes out".into());
    Ok(said)
}

fn of_course(course: &CourseSummary) -> String {
    let states: Vec<String> =
        course.lines.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    format!(
        "{} {}: {} to {}, lines: {}",
        course.patient.number,
        course.course.0,
        course.first_day,
        course.last_day,
        states.join(", ")
    )
}

fn balance(daemon: &Daemon) -> Result<Balance, Error> {
    daemon.books.balance().map_err(in_store)
}

fn in_store(error: store::Error) -> Error {
    Error::Demo(format!("the store fails: {error}"))
}
