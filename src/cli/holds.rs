//! `collimator holds`: what waits for a person, by the rule that holds it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;

use crate::domain::{LineState, Outcome};
use crate::mappings::Tables;
use crate::store::{Books, LineFilter, ListedLine};

use super::desk::Config;
use super::filter::{WhichLines, Written};
use super::paper::{Column, Form, Paper, texts};
use super::waiting::Waiting;
use super::{Error, rows, text};

/// List the rules that hold lines, the busiest first; or the lines themselves
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator holds --config site.toml --lines")]
pub(super) struct Holds {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    which: WhichLines,
    /// List every held line instead of counting by rule
    #[arg(long)]
    lines: bool,
    /// List the held lines whose account nobody has told
    #[arg(long)]
    without_account: bool,
    #[command(flatten)]
    written: Written,
}

const COLUMNS: [Column; 4] = [
    Column::Text("rule"),
    Column::Count("lines"),
    Column::Text("title"),
    Column::Text("cleared_by"),
];

impl Holds {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let books = desk.books()?;
        let found = if self.lines || self.without_account {
            self.list(&books)?
        } else {
            self.count(&books, &*desk.tables()?)?
        };
        if found == 0 {
            eprintln!("nothing is held");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn held(&self) -> LineFilter {
        LineFilter { states: vec![LineState::Held], ..self.which.filter() }
    }

    fn wants(&self, line: &ListedLine) -> bool {
        self.which.wants(line) && (!self.without_account || is_without_account(line))
    }

    /// Every held line, with what each rule says of it.
    fn list(&self, books: &Books) -> Result<usize, Error> {
        let mut columns: Vec<&str> = [&rows::COLUMNS[..], &rows::STORE_COLUMNS].concat();
        columns.push("because");
        let waiting = Waiting::on("held lines");
        let mut paper = Paper::standard(self.written.form(), &texts(&columns))?;
        let mut left = self.which.limit();
        for line in books.lines(self.held()) {
            let line = line?;
            if left == 0 {
                break;
            }
            if self.wants(&line) {
                let mut row = rows::whole_row(&line);
                row.push(because(&line));
                paper.row(row)?;
                waiting.one_more();
                left -= 1;
            }
        }
        paper.end()
    }

    /// How many lines each rule holds; those without an account stand apart.
    fn count(&self, books: &Books, tables: &Tables) -> Result<usize, Error> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut without_account = 0_u64;
        let waiting = Waiting::always_on("held lines");
        for line in books.lines(self.held()) {
            let line = line?;
            if !self.wants(&line) {
                continue;
            }
            waiting.one_more();
            without_account += u64::from(is_without_account(&line));
            for rule in holding(&line) {
                *counts.entry(rule.to_owned()).or_default() += 1;
            }
        }
        drop(waiting);
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        counts.truncate(self.which.limit());
        let form = self.written.form();
        let mut paper = Paper::standard(form, &COLUMNS)?;
        for (rule, count) in counts {
            let page = tables.hold_page(&rule).unwrap_or_default();
            let (title, by) = (text::title(page).to_owned(), text::cleared_by(page).to_owned());
            paper.row(vec![rule, count.to_string(), title, by])?;
        }
        let found = paper.end()?;
        if form == Form::Table && without_account > 0 {
            eprintln!(
                "{without_account} of these lines have no account; to list them: --without-account"
            );
        }
        Ok(found)
    }
}

fn is_without_account(line: &ListedLine) -> bool {
    line.line.line.account.as_ref().is_none_or(String::is_empty)
}

/// The rules that hold a line, each once.
fn holding(line: &ListedLine) -> Vec<&str> {
    let mut rules: Vec<&str> = Vec::new();
    let holds = line.line.findings.iter().filter(|finding| finding.outcome == Outcome::Hold);
    for finding in holds {
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }
    rules
}

fn because(line: &ListedLine) -> String {
    let holds = line.line.findings.iter().filter(|finding| finding.outcome > Outcome::Warn);
    let said: Vec<String> =
        holds.map(|finding| format!("{}: {}", finding.rule, finding.because)).collect();
    said.join("; ")
}
