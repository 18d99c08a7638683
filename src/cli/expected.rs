//! `collimator expected`: what is due and not here yet.

use std::process::ExitCode;

use clap::Args;

use crate::domain::PersonId;
use crate::pipeline::{self, Missing};

use super::Error;
use super::desk::{self, Config};
use super::filter::{WhichLines, Written};
use super::paper::{Column, Paper};
use super::waiting::Waiting;

/// List what is due and not here yet, and the lines that wait for it
///
/// A treated fraction without its plan, a guided one without its review, a block without its visit,
/// a simulation or a planning without its note, a course that is complete or silent and not closed, a
/// closed one that lacks fractions, a physics check, an account, an answer.
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator expected --config site.toml --from 2026-10-01")]
pub(super) struct Expected {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    which: WhichLines,
    /// A course without a fraction for more than so many days is silent
    #[arg(long, value_name = "DAYS", default_value_t = 60)]
    silent_days: i32,
    #[command(flatten)]
    written: Written,
}

impl Expected {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let (books, setup) = (desk.books()?, desk.setup()?);
        let today = desk::now().to_zoned(setup.time_zone.clone()).date();
        let waiting = Waiting::on("courses");
        let columns = ["since", "patient", "course", "reason", "what", "lines"].map(Column::Text);
        let mut paper = Paper::standard(self.written.form(), &columns)?;
        let mut known: Option<PersonId> = None;
        let (mut told, most) = (0, self.which.limit());
        for summary in books.courses(self.which.filter()) {
            let summary = summary?;
            if known.replace(summary.person) == Some(summary.person) {
                continue;
            }
            let loaded = books.load(summary.person)?;
            let judged = pipeline::judged(&loaded.facts, &setup);
            let missing = pipeline::expected(&judged, &loaded.lines, (today, self.silent_days));
            for one in missing.into_iter().take(most.saturating_sub(told)) {
                paper.row(row(&summary.patient.number, one))?;
                told += 1;
            }
            waiting.one_more();
        }
        if paper.end()? == 0 {
            eprintln!("nothing is due that is not here");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(patient: &str, missing: Missing) -> Vec<String> {
    let lines: Vec<String> = missing.lines.iter().map(ToString::to_string).collect();
    vec![
        missing.since.to_string(),
        patient.to_owned(),
        missing.course.0,
        missing.reason,
        missing.what,
        lines.join(" "),
    ]
}
