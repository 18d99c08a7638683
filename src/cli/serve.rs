//! `collimator run`: the daemon.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tokio::runtime::{Builder, Runtime};

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
        threads()?.block_on(app::run(&self.config))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a daemon runs on.
pub(super) fn threads() -> Result<Runtime, Error> {
    Builder::new_multi_thread().enable_all().build().map_err(Error::Threads)
}
