//! `collimator source learn`: a profile drafted from a few messages.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::visible::visible;
use crate::cli::{Error, FOUND_WRONG};
use crate::interpret::Survey;
use crate::mappings::Tables;
use crate::wire::hl7::split;

use super::{content, files};

/// Draft a source profile from a few of its HL7 v2 messages: where things seem to be, with counts
#[derive(Debug, Args)]
#[command(
    after_help = "Example: collimator source learn --name site --out mappings/sources/site.toml \
    --dictionary mappings/sources/site.csv messages.hl7"
)]
pub(super) struct Learn {
    /// Files of messages, or folders of them
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// What the source is to be called
    #[arg(long, value_name = "NAME", default_value = "site")]
    name: String,
    /// Write the profile here and not on standard output; a file that is there stays
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a dictionary of the names that no dictionary knows; a file that is there stays
    #[arg(long, value_name = "FILE")]
    dictionary: Option<PathBuf>,
    /// The folder of the tables whose dictionaries are asked; by default those of the program
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
}

impl Learn {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let tables = match &self.tables {
            Some(folder) => Tables::open(folder),
            None => Tables::embedded(),
        };
        let tables = tables.map_err(|wrong| Error::Wrong {
            problems: wrong.iter().map(ToString::to_string).collect(),
        })?;
        let mut survey = Survey::default();
        for file in files(&self.inputs)? {
            split(&content(&file)?).into_iter().for_each(|message| survey.add(message));
        }
        let (read, unreadable) = survey.messages();
        if unreadable > 0 {
            eprintln!("{unreadable} messages cannot be read as HL7 v2");
        }
        if read == 0 {
            eprintln!("there is no message to learn from");
            return Ok(ExitCode::from(FOUND_WRONG));
        }
        let name: String =
            self.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        let drafted = survey.draft(&name, &tables);
        match &self.out {
            Some(path) => write_new(path, &drafted.profile)?,
            None => write!(std::io::stdout().lock(), "{}", drafted.profile)?,
        }
        if let Some(path) = &self.dictionary {
            write_new(path, &drafted.dictionary)?;
        }
        eprintln!("{read} messages; no dictionary knows {} of their names", drafted.unknown);
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes a file that is not there yet: a person's work is never overwritten.
fn write_new(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = std::fs::File::create_new(path).map_err(|source| super::unread(path, source))?;
    file.write_all(text.as_bytes())?;
    eprintln!("written: {}", visible(&path.display().to_string()));
    Ok(())
}
