//! Which rows of a list are wanted, and how they are written.

use clap::builder::PossibleValuesParser;
use clap::{Args, builder::TypedValueParser};
use jiff::civil::Date;

use crate::domain::LineState;
use crate::domain::sheet::Shown;
use crate::store::{LineFilter, ListedLine, MessageFilter};

use super::paper::Form;

/// How a list is written.
#[derive(Debug, Args)]
pub(super) struct Written {
    /// Write one JSON array of objects
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Write CSV; a cell that a spreadsheet would run has a ' before it
    #[arg(long)]
    csv: bool,
}

/// What every list can be narrowed by.
#[derive(Debug, Args)]
struct Common {
    /// From this day on, in the site's calendar
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Date>,
    /// Until this day, it included
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Date>,
    /// Of the patient with this number, old or new
    #[arg(long, value_name = "NUMBER")]
    mrn: Option<String>,
    /// On this billing account
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
    /// From the message with this control id (MSH-10)
    #[arg(long, value_name = "ID")]
    control_id: Option<String>,
    /// At most so many; without it, all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Which lines are wanted.
#[derive(Debug, Args)]
pub(super) struct WhichLines {
    #[command(flatten)]
    common: Common,
    /// In this state, or so far on their way; can be given several times
    #[arg(long = "state", value_name = "STATE", value_parser = shown())]
    states: Vec<Shown>,
    /// For this destination of the settings
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
}

/// Which messages are wanted.
#[derive(Debug, Args)]
pub(super) struct WhichMessages {
    #[command(flatten)]
    common: Common,
    /// In this state; can be given several times
    #[arg(long = "state", value_name = "STATE")]
    #[arg(value_parser = ["done", "ignored", "refused", "stuck"])]
    states: Vec<String>,
}

impl Written {
    pub(super) fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (false, true) => Form::Csv,
            (false, false) => Form::Table,
        }
    }
}

impl WhichLines {
    /// What to ask of the store. It may give more than is wanted, see [`WhichLines::wants`], so
    /// the limit is ours to keep.
    pub(super) fn filter(&self) -> LineFilter {
        let common = &self.common;
        LineFilter {
            from: common.from,
            until: common.until,
            mrn: common.mrn.clone(),
            account: common.account.clone(),
            states: self.asked(),
            destination: self.destination.clone(),
            control_id: common.control_id.clone(),
            message: None,
            limit: None,
        }
    }

    /// Whether a line that the store gave is wanted.
    pub(super) fn wants(&self, listed: &ListedLine) -> bool {
        self.states.is_empty() || self.states.iter().any(|word| word.fits(&listed.line))
    }

    /// How many at most.
    pub(super) fn limit(&self) -> usize {
        self.common.limit.unwrap_or(usize::MAX)
    }

    fn asked(&self) -> Vec<LineState> {
        let asked = Shown::among_any(&self.states);
        if asked.len() == LineState::ALL.len() { Vec::new() } else { asked }
    }
}

impl WhichMessages {
    /// What to ask of the store.
    pub(super) fn filter(&self) -> MessageFilter {
        let common = &self.common;
        MessageFilter {
            from: common.from,
            until: common.until,
            mrn: common.mrn.clone(),
            account: common.account.clone(),
            states: self.states.clone(),
            control_id: common.control_id.clone(),
            limit: common.limit,
        }
    }
}

fn shown() -> impl TypedValueParser<Value = Shown> {
    PossibleValuesParser::new(Shown::ALL.map(Shown::as_str))
        .try_map(|word| word.parse::<Shown>().map_err(|()| "no such state"))
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day is written like 2026-03-31".to_owned())
}
