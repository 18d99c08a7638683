//! Messages carried the same way as by the daemon, with no store on disk, no network, no port.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{Answer, Claim, Clock, LineState, MessageId, MessageState, Outcome, Reason};
use crate::pipeline::{Pipeline, Setup};
use crate::receive;
use crate::store::{self, Books, LineFilter, ListedLine, StoredMessage};
use crate::telemetry::SystemClock;
use crate::wire::hl7;

use super::Error;

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
        for file in files(input)? {
            rehearsal.file(&file)?;
        }
    }
    rehearsal.end()
}

struct Rehearsal {
    books: Arc<Books>,
    pipeline: Pipeline,
    source: Arc<str>,
    next: i64,
    findings: Vec<String>,
    refused: bool,
}

impl Rehearsal {
    fn new(setup: Setup) -> Result<Rehearsal, Error> {
        let books = Arc::new(Books::open_in_memory().map_err(in_memory)?);
        let source = setup.sources.first().map_or("", |source| source.name.as_str()).into();
        let pipeline = Pipeline::new(Arc::clone(&books), setup, Arc::new(SystemClock));
        Ok(Rehearsal { books, pipeline, source, next: 1, findings: Vec::new(), refused: false })
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let read = std::fs::read(path);
        let bytes = read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if path.extension().is_some_and(|ending| ending == "json") {
            self.refused = true;
            self.findings.push(format!("{}: FHIR is not read by this version", path.display()));
            return Ok(());
        }
        for raw in hl7::split(&bytes) {
            let message = self.stored(raw);
            self.note_refusal(&message);
            self.pipeline.carry(std::slice::from_ref(&message)).map_err(in_memory)?;
            self.note_outcome(message.id)?;
        }
        Ok(())
    }

    fn stored(&mut self, raw: &[u8]) -> StoredMessage {
        let id = MessageId(self.next);
        self.next += 1;
        stored(raw, id, &self.source)
    }

    fn note_refusal(&mut self, message: &StoredMessage) {
        if message.answer == Answer::Accept {
            return;
        }
        if let Some(reason) = &message.reason {
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

/// The messages of files as a store would have kept them, in the order given.
pub(super) fn stored_of(
    inputs: &[PathBuf],
    source: &str,
    each: &mut dyn FnMut(StoredMessage),
) -> Result<(), Error> {
    let source: Arc<str> = source.into();
    let mut next = 1;
    for input in inputs {
        for path in files(input)? {
            let read = std::fs::read(&path);
            let bytes = read.map_err(|source| Error::Read { path: path.clone(), source })?;
            for raw in hl7::split(&bytes) {
                each(stored(raw, MessageId(next), &source));
                next += 1;
            }
        }
    }
    Ok(())
}

fn stored(raw: &[u8], id: MessageId, source: &Arc<str>) -> StoredMessage {
    let scan = hl7::scan(raw);
    let (answer, reason) = receive::verdict(&scan);
    StoredMessage {
        id,
        source: Arc::clone(source),
        received: SystemClock.now(),
        control_id: scan.control_id().to_vec(),
        answer,
        reason,
        raw: raw.to_vec(),
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

fn in_memory(source: store::Error) -> Error {
    Error::Store { folder: PathBuf::from("(memory)"), source }
}

/// The files of an input: itself, or what is in the folder, in the order of names.
fn files(input: &Path) -> Result<Vec<PathBuf>, Error> {
    let unread = |source| Error::Read { path: input.to_owned(), source };
    if !input.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(input).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
