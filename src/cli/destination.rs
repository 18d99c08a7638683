//! `collimator destination …`: what a person does with a whole destination.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::app;
use crate::domain::Who;
use crate::store::{Pause, Steer, Steering};

use super::desk::{Config, now};
use super::filter::Written;
use super::paper::{Column, Paper};
use super::visible::visible;
use super::{Error, FOUND_WRONG, decide};

/// Pause, drain, resume or test a destination; say which are paused
#[derive(Debug, Args)]
#[command(
    after_help = "Example: collimator destination pause --config site.toml hospital-billing \
    --reason 'their upgrade until noon'"
)]
pub(super) struct Destination {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let nothing new leave; answers that are due are still heard
    Pause(Steered),
    /// Let what waits now leave, and nothing that comes after
    Drain(Steered),
    /// Let everything leave again
    Resume(Steered),
    /// List the destinations that are paused
    List(List),
    /// Send what can never be billed (MSH-11 is T, no FT1), and say what came back
    Test(Test),
}

/// Which destination, and why.
#[derive(Debug, Args)]
struct Steered {
    #[command(flatten)]
    config: Config,
    /// The destination's name in the settings
    #[arg(value_name = "NAME")]
    name: String,
    /// Why; it is written into the ledger
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    written: Written,
}

#[derive(Debug, Args)]
struct Test {
    /// The settings file
    #[arg(long, value_name = "FILE", env = "COLLIMATOR_CONFIG")]
    config: PathBuf,
    /// The destination's name in the settings
    #[arg(value_name = "NAME")]
    name: String,
}

const COLUMNS: [Column; 6] = [
    Column::Text("destination"),
    Column::Text("is"),
    Column::Count("left"),
    Column::Text("since"),
    Column::Text("who"),
    Column::Text("reason"),
];

impl Destination {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        match &self.command {
            Command::Pause(steered) => steered.run(Steer::Pause),
            Command::Drain(steered) => steered.run(Steer::Drain),
            Command::Resume(steered) => steered.run(Steer::Resume),
            Command::List(list) => list.run(),
            Command::Test(test) => test.run(),
        }
    }
}

impl Steered {
    fn run(&self, steer: Steer) -> Result<ExitCode, Error> {
        let known = self.config.settings()?.routes;
        if !known.iter().any(|route| route.destination == self.name) {
            return unknown(&self.name, known.iter().map(|route| route.destination.as_str()));
        }
        let books = self.config.desk()?.books()?;
        let who = Who::Person {
            name: decide::name(&|variable| std::env::var(variable).ok()),
            reason: self.reason.clone(),
        };
        let destination = self.name.clone();
        let done = books.steer_blocking(Steering { destination, steer, who, at: now() })?;
        let name = visible(&self.name);
        match (steer, done) {
            (_, false) => eprintln!("{name} is so already"),
            (Steer::Pause, true) => eprintln!("{name} is paused: nothing new leaves"),
            (Steer::Drain, true) => eprintln!("{name} drains: what waits now still leaves"),
            (Steer::Resume, true) => eprintln!("{name} is resumed"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(&self) -> Result<ExitCode, Error> {
        let books = self.config.desk()?.books()?;
        let mut paper = Paper::standard(self.written.form(), &COLUMNS)?;
        for pause in books.pauses()? {
            paper.row(row(&pause))?;
        }
        if paper.end()? == 0 {
            eprintln!("no destination is paused");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Test {
    fn run(&self) -> Result<ExitCode, Error> {
        let Some(tried) = app::try_destination(&self.config, &self.name)? else {
            return unknown(&self.name, std::iter::empty());
        };
        let (name, says) = (visible(&self.name), visible(&tried.says));
        writeln!(std::io::stdout().lock(), "{name} {says}")?;
        Ok(if tried.answers { ExitCode::SUCCESS } else { ExitCode::from(FOUND_WRONG) })
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Result<ExitCode, Error> {
    let known: Vec<&str> = known.collect();
    let known = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
    eprintln!("the settings have no destination {}{}", visible(name), visible(&known));
    Ok(ExitCode::from(FOUND_WRONG))
}

fn row(pause: &Pause) -> Vec<String> {
    let (who, reason) = match &pause.who {
        Who::Daemon => ("daemon", "by its policy"),
        Who::Person { name, reason } => (name.as_str(), reason.as_str()),
    };
    vec![
        pause.destination.clone(),
        is(pause).to_owned(),
        pause.left.map_or(String::new(), |left| left.to_string()),
        pause.since.to_string(),
        who.to_owned(),
        reason.to_owned(),
    ]
}

/// What a destination does, in a word.
pub(super) fn is(pause: &Pause) -> &'static str {
    match pause.left {
        None => "paused",
        Some(0) => "drained",
        Some(_) => "draining",
    }
}
