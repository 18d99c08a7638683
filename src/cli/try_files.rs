//! `collimator try`: files in, charge lines out; no store, no port.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Error;

/// Carry files of messages through the rules and print the charge lines
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator try --config site.toml messages.hl7")]
pub(super) struct Try {
    /// The settings file
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: PathBuf,
    /// Files, or folders read in name order
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Write JSON instead of CSV
    #[arg(long)]
    json: bool,
}

impl Try {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let _ = (&self.config, &self.inputs, self.json);
        Err(Error::NotYet("try"))
    }
}
