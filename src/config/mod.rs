//! The settings.
//!
//! **In:** a TOML file and the environment. **Out:** [`Settings`], or every [`Problem`] at once,
//! each with its line.
//!
//! **Never:** is read again behind anybody's back; reads the environment itself (it is handed in);
//! ends the program; opens anything but the one file.
//!
//! **Start at** [`Settings::read`]. A new key is a field here, a line in `read.rs`, and a line in
//! `deploy/`; it has a default, since old files must go on working.

mod address;
mod contradictions;
mod merge;
mod places;
mod problem;
mod read;
mod section;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::domain::{Claim, Setting};

pub use address::{Address, Endpoint, FhirServer, Listen};
pub use problem::Problem;

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The place whose charges these are.
    pub site: Site,
    /// Where things are kept.
    pub store: StoreSettings,
    /// Where the tables are.
    pub mappings: MappingSettings,
    /// Who sends to us.
    pub sources: Vec<Source>,
    /// Whom we send to.
    pub destinations: Vec<Destination>,
    /// The web pages, if there are any.
    pub console: Option<ConsoleSettings>,
    places: places::Places,
}

/// One place with its own calendar.
#[derive(Debug, Clone)]
pub struct Site {
    /// What people call it.
    pub name: String,
    /// Its calendar.
    pub time_zone: TimeZone,
    /// The name of that time zone.
    pub time_zone_name: String,
    /// How it bills.
    pub setting: Setting,
    /// The payer where a message names none.
    pub payer: String,
}

/// Where things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The folder of the embedded store.
    pub path: PathBuf,
}

/// Where the tables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSettings {
    /// Their folder.
    pub path: PathBuf,
}

/// A system that sends to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name here.
    pub name: String,
    /// How it speaks: a profile of `mappings/sources/`.
    pub profile: String,
    /// Where it is heard, or what is asked.
    pub listen: Listen,
    /// The numbering that its numbers belong to; empty for the site's one.
    pub system: String,
    path: String,
}

/// A system that is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name here, which its waiting lines keep.
    pub name: String,
    /// The claims it takes.
    pub claims: Vec<Claim>,
    /// How it wants to be spoken to: a profile of `mappings/destinations/`.
    pub profile: String,
    /// Where it is reached.
    pub send: Address,
    /// How many connections at once.
    pub connections: usize,
    /// How long to wait for an answer.
    pub answer_seconds: u64,
    path: String,
}

/// The web pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// Where they are served; always on this machine.
    pub listen: SocketAddr,
}

impl Settings {
    /// Reads a file and lays the environment over it: `COLLIMATOR__STORE__PATH`, and for lists
    /// `COLLIMATOR__SOURCE__0__LISTEN` or, by name, `COLLIMATOR__SOURCE__ARIA__LISTEN`.
    pub fn read(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<Problem>> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Settings::of(&file, &text, environment),
            Err(error) => {
                let text = format!("the settings cannot be read: {error}");
                Err(vec![Problem { file, line: 0, text }])
            }
        }
    }

    /// The same, from a text; `file` is what it is called in problems.
    pub fn of(
        file: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<Problem>> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut places = places::Places::of(file, text)?;
        let mut problems = Vec::new();
        let values = merge::merged(text, environment, &mut places, &mut problems)?;
        read::settings(&values, places, problems)
    }
}

#[cfg(test)]
mod tests;
