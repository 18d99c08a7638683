//! `collimator messages`: what came in, and what became of it.

use std::process::ExitCode;

use clap::Args;

use crate::domain::MessageState;
use crate::store::BookedMessage;

use super::Error;
use super::desk::Config;
use super::filter::{WhichMessages, Written};
use super::paper::{Column, Paper};
use super::waiting::Waiting;

/// List the messages that were read, newest first
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator messages --config site.toml --state refused")]
pub(super) struct Messages {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    which: WhichMessages,
    #[command(flatten)]
    written: Written,
}

const COLUMNS: [Column; 11] = [
    Column::Text("message"),
    Column::Text("received"),
    Column::Text("day"),
    Column::Text("source"),
    Column::Text("trigger"),
    Column::Text("control_id"),
    Column::Text("patient"),
    Column::Text("account"),
    Column::Count("bytes"),
    Column::Text("state"),
    Column::Text("why"),
];

impl Messages {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let books = self.config.desk()?.books()?;
        let waiting = Waiting::on("messages");
        let mut paper = Paper::standard(self.written.form(), &COLUMNS)?;
        for message in books.messages(self.which.filter()) {
            paper.row(row(&message?))?;
            waiting.one_more();
        }
        if paper.end()? == 0 {
            eprintln!("no message fits");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(message: &BookedMessage) -> Vec<String> {
    vec![
        message.id.to_string(),
        message.received.to_string(),
        message.day.to_string(),
        message.source.clone(),
        message.trigger.clone(),
        message.control_id.clone(),
        message.identifier.as_ref().map(|it| it.number.clone()).unwrap_or_default(),
        message.account.clone().unwrap_or_default(),
        message.size_bytes.to_string(),
        message.state.name().to_owned(),
        why(message),
    ]
}

/// Why it came to its state, in words.
pub(super) fn why(message: &BookedMessage) -> String {
    match &message.state {
        MessageState::Refused(reason) => match &reason.place {
            Some(place) => format!("{place}: {}", reason.text),
            None => reason.text.clone(),
        },
        MessageState::Ignored(why) | MessageState::Stuck(why) => why.clone(),
        MessageState::Done | MessageState::Waiting => message.notes.join("; "),
    }
}
