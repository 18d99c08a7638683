//! `collimator run`: the daemon.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::Error;

/// Run the daemon: store, listeners, senders, console
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator run --config site.toml")]
pub(super) struct Serve {
    /// The settings file
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        app::serve(&self.config)?;
        Ok(ExitCode::SUCCESS)
    }
}
