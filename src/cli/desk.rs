//! What a command works with: the settings, the store they name, the tables they name.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::mappings::Tables;
use crate::pipeline::Setup;
use crate::store::{Books, Intake};

use super::Error;
use super::settings::{self, Settings};

/// Where the settings are.
#[derive(Debug, Args)]
pub(super) struct Config {
    /// The settings file
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: PathBuf,
}

/// The settings, read, with a store that is there.
pub(super) struct Desk {
    settings: Settings,
}

/// The file of the books: a folder without it is no store, and asking must not make one.
const BOOKS: &str = "books.db";

impl Config {
    /// This file.
    pub(super) fn of(config: PathBuf) -> Config {
        Config { config }
    }

    /// Reads the settings, whether or not there is a store.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        settings::read(&self.config)
    }

    /// Reads the settings and looks whether there is a store.
    pub(super) fn desk(&self) -> Result<Desk, Error> {
        let settings = settings::read(&self.config)?;
        if settings.store.join(BOOKS).is_file() {
            Ok(Desk { settings })
        } else {
            Err(Error::NoStore { path: settings.store })
        }
    }
}

impl Desk {
    /// The books, whether or not a daemon writes them.
    pub(super) fn books(&self) -> Result<Books, Error> {
        Ok(Books::open(&self.settings.store)?)
    }

    /// The messages received.
    pub(super) fn intake(&self) -> Result<Intake, Error> {
        Ok(Intake::open(&self.settings.store)?)
    }

    /// The tables of the settings.
    pub(super) fn tables(&self) -> Result<Arc<Tables>, Error> {
        let folder = &self.settings.mappings;
        let problems = |problems: Vec<crate::mappings::Problem>| Error::Wrong {
            problems: problems.iter().map(ToString::to_string).collect(),
        };
        Ok(Arc::new(Tables::open(folder).map_err(problems)?))
    }

    /// What the pipeline judges by.
    pub(super) fn setup(&self) -> Result<Setup, Error> {
        Ok(self.settings.setup(self.tables()?))
    }

    /// The same with other tables.
    pub(super) fn setup_by(&self, tables: Arc<Tables>) -> Setup {
        self.settings.setup(tables)
    }
}

/// The time at which a person decides something. The daemon's clock is not at hand here.
#[expect(clippy::disallowed_methods, reason = "a command has no clock given to it")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
