//! `collimator rules`: every rule that a line must pass.

use std::process::ExitCode;

use clap::Args;

use crate::check::RULES;

use super::Error;
use super::filter::Written;
use super::paper::{Form, Paper, texts};

/// List every rule: what must be true of a line, and who says so
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator rules")]
pub(super) struct Rules {
    #[command(flatten)]
    written: Written,
}

impl Rules {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let form = self.written.form();
        let columns: &[&str] = match form {
            Form::Table => &["rule", "says"],
            Form::Csv | Form::Plain | Form::Json => &["rule", "says", "source"],
        };
        let mut paper = Paper::standard(form, &texts(columns))?;
        for rule in RULES {
            let mut row = vec![rule.id.to_owned(), rule.says.to_owned(), rule.source.to_owned()];
            row.truncate(columns.len());
            paper.row(row)?;
        }
        paper.end()?;
        Ok(ExitCode::SUCCESS)
    }
}
