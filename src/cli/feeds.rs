//! `collimator feeds`: charges that two sources tell otherwise.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::civil::Date;

use crate::pipeline::{self, Differing};

use super::desk::Config;
use super::filter::Written;
use super::paper::{Column, Paper};
use super::waiting::Waiting;
use super::{Error, FOUND_WRONG};

/// List charges that two sources of the site tell otherwise, or only one of them tells
///
/// For a source that repeats what another sends, such as charge items over FHIR beside the HL7 v2
/// feed: write `charges = "compare"` for it, and nothing is billed by it. Exit status 1 if anything
/// differs.
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator feeds --config site.toml --from 2026-10-01")]
pub(super) struct Feeds {
    #[command(flatten)]
    config: Config,
    /// From this day of service on
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Up to this day of service
    #[arg(long, value_name = "DAY")]
    until: Option<Date>,
    #[command(flatten)]
    written: Written,
}

impl Feeds {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let (intake, setup) = (Arc::new(desk.intake()?), desk.setup()?);
        let waiting = Waiting::on("messages");
        let told = |count: u64| waiting.more(count);
        let found = pipeline::feeds(&intake, setup, &told)?;
        drop(waiting);
        let columns = ["day", "patient", "number", "source", "other", "what"].map(Column::Text);
        let mut paper = Paper::standard(self.written.form(), &columns)?;
        let within = |one: &&Differing| {
            self.from.is_none_or(|from| one.day >= from)
                && self.until.is_none_or(|until| one.day <= until)
        };
        for one in found.iter().filter(within) {
            paper.row(row(one))?;
        }
        let differ = paper.end()? > 0;
        if !differ {
            eprintln!("the sources agree");
        }
        Ok(if differ { ExitCode::from(FOUND_WRONG) } else { ExitCode::SUCCESS })
    }
}

fn row(one: &Differing) -> Vec<String> {
    vec![
        one.day.to_string(),
        one.patient.number.clone(),
        one.number.clone(),
        one.sources.0.clone(),
        one.sources.1.clone(),
        one.what.clone(),
    ]
}
