//! `collimator check`: every problem of settings and tables at once.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::{Error, desk};

/// Read settings and tables and report every problem; opens no port
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator check --config site.toml")]
pub(super) struct Check {
    /// The settings file
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: PathBuf,
}

impl Check {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let found = app::check(&self.config)?;
        writeln!(std::io::stdout(), "{found}")?;
        let plan = app::plan(&self.config)?;
        let today = desk::now().to_zoned(plan.setup.time_zone.clone()).date();
        for due in plan.setup.tables.reviews_due(today) {
            eprintln!("warning: {due}");
        }
        Ok(ExitCode::SUCCESS)
    }
}
