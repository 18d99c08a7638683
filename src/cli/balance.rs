//! `collimator balance`: nothing vanished.

use std::process::ExitCode;

use clap::Args;

use crate::domain::{LineState, MessageState};
use crate::store::Balance;

use super::desk::Config;
use super::filter::Written;
use super::paper::{Column, Form, Paper};
use super::visible::visible;
use super::{Error, FOUND_WRONG, destination};

/// Count every message and every line, and say whether the sums come out
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator balance --config site.toml")]
pub(super) struct BalanceOf {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    written: Written,
}

const COLUMNS: [Column; 3] = [Column::Text("of"), Column::Text("state"), Column::Count("count")];

/// The ends of a message, in the order of the sum.
const ENDS: [&str; 4] = ["done", "ignored", "refused", "stuck"];

/// The states of a line, in the order of the sum.
const STATES: [LineState; 9] = [
    LineState::Held,
    LineState::Suppressed,
    LineState::Rejected,
    LineState::Withdrawn,
    LineState::Queued,
    LineState::Sent,
    LineState::Unknown,
    LineState::Accepted,
    LineState::Declined,
];

impl BalanceOf {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let books = desk.books()?;
        let balance = books.balance()?;
        let stored = u64::try_from(desk.intake()?.last().0).unwrap_or(0);
        let sums = Sums::new(&balance, stored);
        match self.written.form() {
            Form::Table => sums.print()?,
            form @ (Form::Csv | Form::Plain | Form::Json) => sums.list(form)?,
        }
        for pause in books.pauses()? {
            let (name, is) = (visible(&pause.destination).into_owned(), destination::is(&pause));
            eprintln!("{name} is {is}: `collimator destination list` says by whom and why");
        }
        if sums.come_out() {
            eprintln!("the balance comes out");
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("the balance does not come out: the sums above differ");
        Ok(ExitCode::from(FOUND_WRONG))
    }
}

/// Both sums.
struct Sums {
    stored: u64,
    messages: Vec<(&'static str, u64)>,
    waiting: Option<u64>,
    drafted: u64,
    lines: Vec<(&'static str, u64)>,
}

impl Sums {
    fn new(balance: &Balance, stored: u64) -> Sums {
        let count = |name: &str| balance.messages.get(name).copied().unwrap_or(0);
        let messages = ENDS.map(|name| (name, count(name))).to_vec();
        let booked: u64 = balance.messages.values().sum();
        let lines = STATES
            .map(|state| (state.as_str(), balance.lines.get(&state).copied().unwrap_or(0)))
            .to_vec();
        Sums {
            stored,
            messages,
            waiting: stored.checked_sub(booked),
            drafted: balance.drafted,
            lines,
        }
    }

    /// Every stored message is in one place, none is booked that is not stored, and every line
    /// ever drafted is in one state.
    fn come_out(&self) -> bool {
        let ended: u64 = self.messages.iter().map(|(_, count)| count).sum();
        let drafted: u64 = self.lines.iter().map(|(_, count)| count).sum();
        self.waiting.is_some_and(|waiting| ended + waiting == self.stored)
            && drafted == self.drafted
    }

    fn print(&self) -> Result<(), Error> {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        let term = |(name, count): &(&str, u64)| format!("{count} {name}");
        let mut ends: Vec<String> = self.messages.iter().map(term).collect();
        ends.push(format!("{} {}", self.waiting.unwrap_or(0), MessageState::Waiting.name()));
        let states: Vec<String> = self.lines.iter().map(term).collect();
        writeln!(out, "messages  {} stored = {}", self.stored, ends.join(" + "))?;
        writeln!(out, "lines     {} drafted = {}", self.drafted, states.join(" + "))?;
        Ok(())
    }

    fn list(&self, form: Form) -> Result<(), Error> {
        let mut paper = Paper::standard(form, &COLUMNS)?;
        let mut row = |of: &str, state: &str, count: u64| {
            paper.row(vec![of.to_owned(), state.to_owned(), count.to_string()])
        };
        row("messages", "stored", self.stored)?;
        for (name, count) in &self.messages {
            row("messages", name, *count)?;
        }
        row("messages", MessageState::Waiting.name(), self.waiting.unwrap_or(0))?;
        row("lines", "drafted", self.drafted)?;
        for (name, count) in &self.lines {
            row("lines", name, *count)?;
        }
        paper.end()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn the_balance_comes_out_unless_something_is_missing_or_too_much() {
        for row in rows(
            "
            | stored | done | refused | other | waiting | drafted | held | comes out |
            |      0 |    0 |       0 |     0 |       0 |       0 |    0 | yes       |
            |     10 |    7 |       1 |     0 |       2 |       3 |    3 | yes       |
            |      8 |    7 |       1 |     0 |       0 |       0 |    0 | yes       |
            |      7 |    7 |       1 |     0 |       - |       0 |    0 | no        |
            |     10 |    7 |       1 |     1 |       1 |       0 |    0 | no        |
            |     10 |    7 |       1 |     0 |       2 |       4 |    3 | no        |
            ",
        ) {
            let number = |name: &str| row[name].parse::<u64>().unwrap();
            let mut balance = Balance::default();
            for name in ["done", "refused", "other"] {
                balance.messages.insert(name.to_owned(), number(name));
            }
            balance.drafted = number("drafted");
            balance.lines.insert(LineState::Held, number("held"));
            let sums = Sums::new(&balance, number("stored"));
            let waiting = sums.waiting.map_or("-".to_owned(), |waiting| waiting.to_string());
            assert_eq!(waiting, row["waiting"], "{row}");
            assert_eq!(sums.come_out(), row["comes out"] == "yes", "{row}");
        }
    }
}
