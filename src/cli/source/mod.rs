//! `collimator source …`: a source is met, and looked through.

mod coverage;
mod learn;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Error;

/// Meet a source: draft a profile of its messages; say which of their fields are used
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator source learn --out site.toml messages.hl7")]
pub(super) struct Source {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Learn(learn::Learn),
    Coverage(coverage::CoverageOf),
}

impl Source {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        match &self.command {
            Command::Learn(command) => command.run(),
            Command::Coverage(command) => command.run(),
        }
    }
}

/// The files of a list, in which folders stand for their files in the order of names.
fn files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            files.push(input.clone());
            continue;
        }
        let entries = std::fs::read_dir(input).map_err(|source| unread(input, source))?;
        let mut inside: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(|source| unread(input, source))?;
        inside.retain(|path| path.is_file());
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

fn content(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| unread(path, source))
}

fn unread(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: path.to_owned(), source }
}
