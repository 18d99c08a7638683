//! Messages carried the same way as by the daemon, with no store on disk, no network, no port.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{Answer, Claim, LineState, MessageId, MessageState, Outcome, Reason};
use crate::pipeline::{Pipeline, Setup};
use crate::store::{self, Books, LineFilter, ListedLine, StoredMessage};
use crate::telemetry::SystemClock;

use super::Error;
use super::stock::{self, Stock};

/// What came of a rehearsal.
pub struct Rehearsed {
    /// Every line, in the order of the contract.
    pub lines: Vec<ListedLine>,
    /// What was found, each with its message and place.
    pub findings: Vec<String>,
    /// Whether a message was refused.
    pub refused: bool,
}

/// Carries the messages of files, in the order given; a folder is read in the order of its names.
///
/// # Errors
/// When a file cannot be read, or the store in memory fails.
pub fn rehearse(setup: Setup, inputs: &[PathBuf]) -> Result<Rehearsed, Error> {
    let mut rehearsal = Rehearsal::new(setup)?;
    for input in inputs {
        for file in stock::files(input)? {
            rehearsal.file(&file)?;
        }
    }
    rehearsal.end()
}

struct Rehearsal {
    books: Arc<Books>,
    pipeline: Pipeline,
    stock: Stock,
    findings: Vec<String>,
    refused: bool,
}

impl Rehearsal {
    fn new(setup: Setup) -> Result<Rehearsal, Error> {
        let books = Arc::new(Books::open_in_memory().map_err(in_memory)?);
        let stock = Stock::new(&setup)?;
        let setup = stock.with_implied(setup);
        let pipeline = Pipeline::new(Arc::clone(&books), setup, Arc::new(SystemClock))
            .reading(Arc::clone(&stock.intake));
        Ok(Rehearsal { books, pipeline, stock, findings: Vec::new(), refused: false })
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let problems = self.stock.put(path)?;
        if path.extension().is_none_or(|ending| ending != "json") {
            self.findings.extend(Stock::miscounts(path)?);
        }
        if !problems.is_empty() {
            self.refused = true;
            self.findings.extend(problems);
        }
        while let Some(message) = self.stock.next_message()? {
            self.note_refusal(&message);
            self.pipeline.carry(std::slice::from_ref(&message)).map_err(in_memory)?;
            self.note_outcome(message.id)?;
        }
        Ok(())
    }

    fn note_refusal(&mut self, message: &StoredMessage) {
        if message.answer == Answer::Accept {
            return;
        }
        let is_told = message.raw.starts_with(b"{");
        if let Some(reason) = message.reason.as_ref().filter(|_| !is_told) {
            self.refuse(&String::from_utf8_lossy(&message.control_id), reason);
        }
    }

    fn refuse(&mut self, control_id: &str, reason: &Reason) {
        self.refused = true;
        let place = reason.place.as_ref().map_or("MSH".to_owned(), ToString::to_string);
        self.findings.push(format!("{} {place}: refused: {}", control_id.trim(), reason.text));
    }

    fn note_outcome(&mut self, id: MessageId) -> Result<(), Error> {
        let Some(booked) = self.books.message(id).map_err(in_memory)? else {
            return Ok(());
        };
        match &booked.state {
            MessageState::Refused(reason) if !self.refused_already(&booked.control_id) => {
                self.refuse(&booked.control_id, reason);
            }
            MessageState::Stuck(why) => {
                self.refused = true;
                self.findings.push(format!("{} MSH: stuck: {why}", booked.control_id));
            }
            MessageState::Ignored(why) => {
                self.findings.push(format!("{} MSH-9: {why}", booked.control_id));
            }
            MessageState::Refused(_) | MessageState::Done | MessageState::Waiting => {}
        }
        let notes = booked.notes.iter().map(|note| format!("{} {note}", booked.control_id));
        self.findings.extend(notes);
        Ok(())
    }

    fn refused_already(&self, control_id: &str) -> bool {
        let start = format!("{control_id} ");
        self.findings
            .last()
            .is_some_and(|last| last.starts_with(&start) && last.contains("refused"))
    }

    fn end(mut self) -> Result<Rehearsed, Error> {
        let listed = self.books.lines(LineFilter::default());
        let lines: Vec<ListedLine> = listed.collect::<Result<_, _>>().map_err(in_memory)?;
        for listed in &lines {
            let line = &listed.line;
            if line.state == LineState::Withdrawn {
                continue;
            }
            let code = line.line.code.map_or("no code".to_owned(), |code| code.to_string());
            let claim = line.line.claim.map_or("no claim", Claim::as_str);
            for finding in &line.findings {
                self.findings.push(format!(
                    "{} {code} on {} ({claim}): {} {}: {}",
                    line.line.control_id,
                    line.line.day(),
                    finding.rule,
                    said(finding.outcome),
                    finding.because
                ));
            }
        }
        Ok(Rehearsed { lines, findings: self.findings, refused: self.refused })
    }
}

fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Warn => "warns",
        Outcome::Hold => "holds",
        Outcome::Suppress => "suppresses",
        Outcome::Reject => "rejects",
    }
}

pub(super) fn in_memory(source: store::Error) -> Error {
    Error::Store { folder: PathBuf::from("(memory)"), source }
}
