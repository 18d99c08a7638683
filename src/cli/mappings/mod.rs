//! `collimator mappings …`: what charge analysts do with the tables.

mod import;
mod pages;
mod test;
mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Error;
use super::desk::Config;
use crate::mappings::Problem;

/// Work on the tables: import the quarterly ones of CMS, run the examples, write pages
#[derive(Debug, Args)]
#[command(
    after_help = "Example: collimator mappings import ptp --config site.toml ccihos-v324r0-f1.zip"
)]
pub(super) struct Mappings {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Import),
    Test(test::Test),
    Pages(pages::Pages),
}

impl Mappings {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        match &self.command {
            Command::Import(command) => command.run(),
            Command::Test(command) => command.run(),
            Command::Pages(command) => command.run(),
        }
    }
}

/// Where the tables are: a folder, or the one that settings name.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The settings file, whose tables are meant
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: Option<PathBuf>,
    /// The folder of the tables, in place of the one that the settings name
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
}

impl Which {
    /// The folder.
    fn folder(&self) -> Result<PathBuf, Error> {
        match (&self.tables, self.config()) {
            (Some(folder), _) => Ok(folder.clone()),
            (None, Some(config)) => Ok(config.settings()?.mappings),
            (None, None) => Ok(PathBuf::from("mappings")),
        }
    }

    fn config(&self) -> Option<Config> {
        self.config.clone().map(Config::of)
    }
}

/// The tables are wrong.
fn wrong(problems: Vec<Problem>) -> Error {
    Error::Wrong { problems: problems.iter().map(ToString::to_string).collect() }
}
