//! `collimator demo`: everything on this machine, with nothing to prepare.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::Error;
use super::serve::threads;

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
        let mut say = |line: String| {
            if writeln!(std::io::stdout(), "{line}").is_err() {
                eprintln!("{line}");
            }
        };
        threads()?.block_on(app::demo(self.once, &mut say))?;
        Ok(ExitCode::SUCCESS)
    }
}
