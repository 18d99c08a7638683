//! `collimator try`: files in, charge lines out; no store, no port.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app;

use super::paper::{Form, Paper, texts};
use super::visible::visible;
use super::{Error, FOUND_WRONG, rows};

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
        let rehearsed = app::rehearse(app::plan(&self.config)?.setup, &self.inputs)?;
        let form = if self.json { Form::Json } else { Form::Plain };
        let mut paper = Paper::standard(form, &texts(&rows::COLUMNS))?;
        for line in &rehearsed.lines {
            paper.row(rows::row(line).to_vec())?;
        }
        paper.end()?;
        for finding in &rehearsed.findings {
            eprintln!("{}", visible(finding));
        }
        Ok(if rehearsed.refused { ExitCode::from(FOUND_WRONG) } else { ExitCode::SUCCESS })
    }
}
