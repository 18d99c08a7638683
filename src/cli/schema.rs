//! `collimator schema`: the settings as a JSON Schema.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::config;

use super::Error;

/// Print a JSON Schema of the settings file, for editors and checks
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator schema > collimator.schema.json")]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        writeln!(std::io::stdout().lock(), "{:#}", config::keys::schema())?;
        Ok(ExitCode::SUCCESS)
    }
}
