//! `collimator lines`: the charge lines, in the order of the contract.

use std::process::ExitCode;

use clap::Args;

use super::Error;
use super::desk::Config;
use super::filter::{WhichLines, Written};
use super::paper::{Paper, texts};
use super::rows;
use super::waiting::Waiting;

/// List charge lines by patient, course, day, claim and code
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator lines --config site.toml --state held --csv")]
pub(super) struct Lines {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    which: WhichLines,
    #[command(flatten)]
    written: Written,
}

impl Lines {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let books = self.config.desk()?.books()?;
        let columns: Vec<&str> = [&rows::COLUMNS[..], &rows::STORE_COLUMNS].concat();
        let waiting = Waiting::on("lines");
        let mut paper = Paper::standard(self.written.form(), &texts(&columns))?;
        let mut left = self.which.limit();
        for line in books.lines(self.which.filter()) {
            let line = line?;
            if left == 0 {
                break;
            }
            if self.which.wants(&line) {
                paper.row(rows::whole_row(&line))?;
                waiting.one_more();
                left -= 1;
            }
        }
        if paper.end()? == 0 {
            eprintln!("no line fits");
        }
        Ok(ExitCode::SUCCESS)
    }
}
