//! `collimator demo`: everything on this machine, with nothing to prepare.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::Error;

/// Show everything on this machine, with invented patients and nothing to prepare
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator demo --once")]
pub(super) struct Demo {
    /// End when all is sent and answered; fail unless the balance comes out
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let mut out = std::io::stdout();
        let mut failed = None;
        app::show(self.once, &mut |line| {
            if let Err(error) = writeln!(out, "{line}") {
                failed.get_or_insert(error);
            }
        })?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(ExitCode::SUCCESS),
        }
    }
}
