//! The settings.
//!
//! **In:** one TOML file, and the environment over it. **Out:** [`Settings`], or every [`Problem`]
//! at once, each with its line.
//!
//! **Never:** is read again behind anybody's back, guesses what a misspelled key meant, or holds a
//! secret that stands in the file itself.
//!
//! **Start at** [`Settings::read`]. A new key is a field here, a line in `read.rs`, a line in
//! `deploy/`'s example settings.

mod address;
mod destination;
mod environment;
mod folder;
pub mod keys;
mod lines;
mod manner;
mod peer;
mod problem;
mod read;
mod remote;
mod site;
mod source;
mod tree;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::Claim;

pub use address::{Listen, Send};
pub use folder::{Batches, Dropped, Place};
pub use manner::{Acknowledge, Manner};
pub use peer::{Asked, Grant, Proof, Tls};
pub use problem::Problem;
pub use remote::Remote;
pub use source::{Charges, ChargesBy, Listened, Poll, UnknownElements, Way};

/// Everything that the settings say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The site that bills.
    pub site: Site,
    /// Where everything is kept.
    pub store: Folder,
    /// Where the tables are.
    pub mappings: Folder,
    /// The systems that send.
    pub sources: Vec<Source>,
    /// The systems that take charges, in the order of the file.
    pub destinations: Vec<Destination>,
    /// The console; none if the table is left out.
    pub console: Option<Console>,
    lines: lines::Lines,
}

/// The site that bills.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name; it signs what is sent.
    pub name: String,
    /// Its calendar.
    pub time_zone: TimeZone,
    /// What rules and tables must know of it.
    pub billing: crate::domain::Site,
}

/// A folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its path; relative ones count from the working folder.
    pub path: PathBuf,
}

/// A system that sends.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, unique.
    pub name: String,
    /// Its profile, a file in `mappings/sources/`.
    pub profile: String,
    /// How what it says comes here.
    pub way: Way,
    /// The numbering of its transactions and documents: one for the whole site (empty) unless
    /// two systems count apart.
    pub system: String,
    /// What becomes of elements that FHIR R4 does not have.
    pub unknown_elements: UnknownElements,
    /// What becomes of its charges.
    pub charges: Charges,
}

/// A system that takes charges.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name, unique: lines wait for it by name, whatever its address is.
    pub name: String,
    /// Its profile, a file in `mappings/destinations/`.
    pub profile: String,
    /// The claims it takes.
    pub claims: Vec<Claim>,
    /// Where it is.
    pub send: Send,
    /// Connections at a time (1 to 64; default 1): accounts are spread over them.
    pub connections: usize,
    /// Seconds that an answer may take (1 to 600; default 30).
    pub answer_seconds: u64,
    /// Who signs its certificate, and ours if it wants one.
    pub tls: Tls,
    /// What opens it to us.
    pub grant: Grant,
    /// When lines become a file, if it is a folder.
    pub batches: Batches,
    /// How often it is asked what became of the charges that it took; `None` for never.
    pub read_back: Option<Duration>,
}

/// The console.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// Where it listens; loopback only.
    pub listen: SocketAddr,
}

impl Settings {
    /// A problem of a key, such as `source[0].tls.key`, with the line where it stands.
    pub fn problem(&self, key: &str, text: &str) -> Problem {
        self.lines.problem(key, text)
    }

    /// What is wrong with the profiles that the settings name, by the names that the tables have.
    pub fn check_profiles(&self, sources: &[&str], destinations: &[&str]) -> Vec<Problem> {
        let of_sources =
            self.sources.iter().enumerate().map(|(n, source)| {
                (format!("source[{n}].profile"), source.profile.as_str(), sources)
            });
        let of_destinations = self.destinations.iter().enumerate().map(|(n, destination)| {
            (format!("destination[{n}].profile"), destination.profile.as_str(), destinations)
        });
        of_sources
            .chain(of_destinations)
            .filter(|(_, name, known)| !known.contains(name))
            .map(|(key, name, known)| {
                let known = known.join(", ");
                let text = format!("the tables have no profile `{name}`; write one of {known}");
                self.lines.problem(&key, &text)
            })
            .collect()
    }
}
