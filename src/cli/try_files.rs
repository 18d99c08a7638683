//! `collimator try`: files in, charge lines out; no store, no port.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use serde_json::{Map, Value};

use crate::app;

use super::{Error, FOUND_WRONG, rows, visible};

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
        let plan = app::plan(&self.config)?;
        let rehearsed = app::rehearse(plan.setup, &self.inputs)?;
        for finding in &rehearsed.findings {
            eprintln!("{}", visible::visible(finding));
        }
        let rows: Vec<[String; 12]> = rehearsed.lines.iter().map(rows::row).collect();
        if self.json {
            as_json(&rows)?
        } else {
            as_csv(&rows)?
        }
        let wrong = if rehearsed.refused { FOUND_WRONG } else { 0 };
        Ok(ExitCode::from(wrong))
    }
}

/// The rows as the contract fixes them: no cell is changed for a spreadsheet.
fn as_csv(rows: &[[String; 12]]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(io::stdout().lock());
    writer.write_record(rows::COLUMNS).map_err(io::Error::from)?;
    for row in rows {
        writer.write_record(row).map_err(io::Error::from)?;
    }
    writer.flush()
}

fn as_json(rows: &[[String; 12]]) -> io::Result<()> {
    let object = |row: &[String; 12]| {
        let pairs = rows::COLUMNS.iter().zip(row);
        let pairs = pairs.map(|(name, cell)| ((*name).to_owned(), Value::String(cell.clone())));
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    let all: Vec<Value> = rows.iter().map(object).collect();
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &all).map_err(io::Error::from)?;
    writeln!(out)
}
