//! What the settings come to, once settings and tables are found sound together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;

use crate::config::{Charges, Dropped, Manner, Settings, UnknownElements, Way};
use crate::dispatch::{self, Destination};
use crate::domain::Clock;
use crate::mappings::Tables;
use crate::pipeline::{Route, Setup, SourceSetup};

use crate::receive::{Asked, CallBack};
use crate::telemetry::SystemClock;
use crate::trust::{Fresh, Renewed, Tokens};

use super::{Error, reload, ways};

/// Everything that a daemon needs to start.
pub struct Plan {
    /// The site's name.
    pub site_name: String,
    /// The folder of the store.
    pub store: PathBuf,
    /// The folder of the tables; `None` for those inside the program.
    pub mappings: Option<PathBuf>,
    /// What the pipeline must know.
    pub setup: Setup,
    /// Where to listen.
    pub sources: Vec<SourcePlan>,
    /// Where to send.
    pub destinations: Vec<Destination>,
    /// Where the console listens.
    pub console: Option<SocketAddr>,
}

/// One source.
#[derive(Clone)]
pub struct SourcePlan {
    /// Its name.
    pub name: String,
    /// How what it says comes here.
    pub way: SourceWay,
}

/// How what a source says comes here.
#[derive(Clone)]
pub enum SourceWay {
    /// It connects to us.
    Listened(Endpoint),
    /// We ask it.
    Polled(Box<Asked>),
    /// It drops files into a folder.
    Dropped(Dropped),
}

/// Where to listen, for whom.
#[derive(Clone)]
pub struct Endpoint {
    /// The address.
    pub address: SocketAddr,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<Fresh<ServerConfig>>>,
    /// Whether requests come, and not frames.
    pub is_http: bool,
    /// Of these a request must bring one, if there are any.
    pub tokens: Option<Arc<Tokens>>,
    /// How the source speaks.
    pub manner: Box<Manner>,
    /// Where it is told what came of its messages, if not over its own connection.
    pub answers_to: Option<CallBack>,
}

impl SourcePlan {
    /// A source that sends MLLP to an address.
    pub fn mllp(name: &str, address: SocketAddr) -> SourcePlan {
        SourcePlan {
            name: name.to_owned(),
            way: SourceWay::Listened(Endpoint {
                address,
                tls: None,
                is_http: false,
                tokens: None,
                manner: Box::default(),
                answers_to: None,
            }),
        }
    }

    /// The same, spoken in another manner.
    pub fn in_manner(mut self, manner: Manner) -> SourcePlan {
        if let SourceWay::Listened(endpoint) = &mut self.way {
            *endpoint.manner = manner;
        }
        self
    }

    /// The same, told at an address what came of its messages.
    pub fn answered_at(mut self, to: CallBack) -> SourcePlan {
        if let SourceWay::Listened(endpoint) = &mut self.way {
            endpoint.answers_to = Some(to);
        }
        self
    }

    /// A source that drops files into a folder.
    pub fn dropped(name: &str, dropped: Dropped) -> SourcePlan {
        let way = SourceWay::Dropped(dropped);
        SourcePlan { name: name.to_owned(), way }
    }

    /// A source that sends requests over HTTP to an address.
    pub fn http(name: &str, address: SocketAddr) -> SourcePlan {
        let mut plan = SourcePlan::mllp(name, address);
        if let SourceWay::Listened(endpoint) = &mut plan.way {
            endpoint.is_http = true;
        }
        plan
    }
}

impl Plan {
    /// Everything whose certificates may be renewed, each by the name that the settings have.
    pub(super) fn renewed(&self) -> Vec<(String, Arc<dyn Renewed>)> {
        let of_sources = self.sources.iter().filter_map(|source| match &source.way {
            SourceWay::Listened(Endpoint { tls: Some(tls), .. }) => {
                Some((source.name.clone(), Arc::clone(tls) as Arc<dyn Renewed>))
            }
            SourceWay::Polled(asked) => {
                Some((source.name.clone(), Arc::clone(&asked.client) as Arc<dyn Renewed>))
            }
            SourceWay::Listened(_) | SourceWay::Dropped(_) => None,
        });
        let of_destinations = self.destinations.iter().filter_map(|one| match &one.way {
            dispatch::Way::Mllp { tls: Some(tls), .. } => {
                Some((one.name.clone(), Arc::clone(tls) as Arc<dyn Renewed>))
            }
            dispatch::Way::Fhir(server) => {
                Some((one.name.clone(), Arc::clone(&server.client) as Arc<dyn Renewed>))
            }
            dispatch::Way::Mllp { tls: None, .. } | dispatch::Way::Dir(_) => None,
        });
        let of_callbacks = self.sources.iter().filter_map(|source| match &source.way {
            SourceWay::Listened(Endpoint { answers_to: Some(to), .. }) => {
                let tls = to.tls.clone()? as Arc<dyn Renewed>;
                Some((format!("{} (answers)", source.name), tls))
            }
            SourceWay::Listened(_) | SourceWay::Polled(_) | SourceWay::Dropped(_) => None,
        });
        of_sources.chain(of_destinations).chain(of_callbacks).collect()
    }

    /// How many days each certificate of ours is still valid, in a sentence; nothing without one.
    fn days_left(&self, now: Timestamp) -> String {
        let told = self.renewed().into_iter().filter_map(|(name, tls)| {
            let days = reload::days_left(tls.valid_until()?, now);
            Some(format!("; the certificate of {name} is valid for {days} days"))
        });
        told.collect()
    }
}

/// Reads settings and tables; every problem of both at once.
///
/// # Errors
/// [`Error::Settings`] with a line for each problem.
pub fn plan(path: &Path) -> Result<Plan, Error> {
    let settings = Settings::read(path, std::env::vars());
    let folder = match &settings {
        Ok(settings) => settings.mappings.path.clone(),
        Err(_) => PathBuf::from("mappings"),
    };
    let tables = Tables::open(&folder);
    let mut problems: Vec<String> = Vec::new();
    if let Err(wrong) = &settings {
        problems.extend(wrong.iter().map(ToString::to_string));
    }
    if let (Err(wrong), Ok(_)) = (&tables, &settings) {
        problems.extend(wrong.iter().map(ToString::to_string));
    }
    match (settings, tables) {
        (Ok(settings), Ok(tables)) => {
            let known =
                settings.check_profiles(&tables.profile_names(), &tables.destination_names());
            problems.extend(known.iter().map(ToString::to_string));
            let sources = ways::sources(&settings, Arc::new(SystemClock));
            problems.extend(sources.iter().flat_map(|read| read.as_ref().err()).flatten().cloned());
            let ways = ways::destinations(&settings, Arc::new(SystemClock));
            problems.extend(ways.iter().flat_map(|read| read.as_ref().err()).flatten().cloned());
            problems.extend(unfit(&settings, &tables));
            problems.extend(unheard(&settings, &tables));
            if problems.is_empty() {
                let sources = sources.into_iter().filter_map(Result::ok).collect();
                let ways = ways.into_iter().filter_map(Result::ok).collect();
                return Ok(of(settings, tables, (sources, ways)));
            }
            Err(Error::Settings(problems))
        }
        (Err(_), _) | (_, Err(_)) => Err(Error::Settings(problems)),
    }
}

/// Reads settings and tables and says how much is there, for a person who wants to know.
///
/// # Errors
/// [`Error::Settings`] with a line for each problem.
pub fn check(path: &Path) -> Result<String, Error> {
    let plan = plan(path)?;
    Ok(format!(
        "{}: {} sources, {} destinations; tables {}{}",
        plan.site_name,
        plan.sources.len(),
        plan.destinations.len(),
        &plan.setup.tables.digest()[..12],
        plan.days_left(SystemClock.now()),
    ))
}

/// Destinations whose profile is of another kind than the way by which they are reached.
fn unfit(settings: &Settings, tables: &Tables) -> Vec<String> {
    let each = settings.destinations.iter().enumerate();
    each.filter_map(|(n, destination)| {
        let profile = tables.destination(&destination.profile)?;
        let text = match (destination.send.is_fhir(), profile.fhir().is_some()) {
            (true, false) => "is a profile of HL7 v2: for fhir+https:// write one of FHIR",
            (false, true) => "is a profile of FHIR: for mllp:// write one of HL7 v2",
            (true, true) | (false, false) => return None,
        };
        Some(settings.problem(&format!("destination[{n}].profile"), text).to_string())
    })
    .collect()
}

/// Sources whose profile is of another kind than the way by which they are heard.
fn unheard(settings: &Settings, tables: &Tables) -> Vec<String> {
    let each = settings.sources.iter().enumerate();
    each.filter_map(|(n, source)| {
        let speaks_fhir = tables.fhir_profile(&source.profile).is_some();
        let text = match &source.way {
            Way::Listened(listened) if speaks_fhir && !listened.listen.is_http() => {
                "is a profile of FHIR: listen on http:// or https://"
            }
            Way::Polled(_) if !speaks_fhir && tables.has_profile(&source.profile) => {
                "is a profile of HL7 v2: who is asked speaks FHIR"
            }
            Way::Listened(_) | Way::Polled(_) | Way::Dropped(_) => return None,
        };
        Some(settings.problem(&format!("source[{n}].profile"), text).to_string())
    })
    .collect()
}

fn of(
    settings: Settings,
    tables: Tables,
    (sources, ways): (Vec<SourcePlan>, Vec<dispatch::Way>),
) -> Plan {
    let destinations = settings.destinations.iter().zip(ways).filter_map(|(destination, way)| {
        Some(Destination {
            name: destination.name.clone(),
            way,
            profile_name: destination.profile.clone(),
            profile: Arc::new(tables.destination(&destination.profile)?.clone()),
            connections: destination.connections,
            answer_within: Duration::from_secs(destination.answer_seconds),
            read_back: destination.read_back,
        })
    });
    let destinations = destinations.collect();
    let routes = settings.destinations.iter().map(|destination| Route {
        destination: destination.name.clone(),
        claims: destination.claims.clone(),
        profile: destination.profile.clone(),
    });
    let named = settings.sources.iter().map(|source| SourceSetup {
        name: source.name.clone(),
        profile: source.profile.clone(),
        system: source.system.clone(),
        bills: source.charges == Charges::Bill,
        takes_unknown: source.unknown_elements == UnknownElements::Take,
    });
    Plan {
        site_name: settings.site.name.clone(),
        store: settings.store.path.clone(),
        mappings: Some(settings.mappings.path.clone()),
        sources,
        console: settings.console.as_ref().map(|console| console.listen),
        setup: Setup {
            tables: Arc::new(tables),
            site: settings.site.billing.clone(),
            time_zone: settings.site.time_zone.clone(),
            sources: named.collect(),
            routes: routes.collect(),
        },
        destinations,
    }
}
