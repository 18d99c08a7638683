//! Files as a daemon would have received them, in a store that is gone afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{Clock, MessageId};
use crate::mappings::InForce;
use crate::pipeline::{Setup, SourceSetup};
use crate::receive::{self, FhirAnswer, FhirDesk, FhirRequest, Reception};
use crate::store::{Intake, NewMessage, StoredMessage};
use crate::telemetry::SystemClock;
use crate::wire::hl7;
use crate::wire::json::{self, Node};

use super::Error;
use super::daemon::fhir_desk;
use super::rehearsal::in_memory;

/// The source, and its profile, that FHIR files belong to if the settings name none.
const IMPLIED: &str = "fhir";

/// What has been received.
pub struct Stock {
    /// The store.
    pub intake: Arc<Intake>,
    hl7: Arc<str>,
    fhir: SourceSetup,
    desk: FhirDesk,
    read: MessageId,
}

impl Stock {
    /// An empty store.
    ///
    /// # Errors
    /// When the store in memory fails.
    pub fn new(setup: &Setup) -> Result<Stock, Error> {
        let intake = Arc::new(Intake::open_in_memory().map_err(in_memory)?);
        let speaks_fhir =
            |source: &&SourceSetup| setup.tables.fhir_profile(&source.profile).is_some();
        let hl7 = setup.sources.iter().find(|source| !speaks_fhir(source));
        let hl7 = hl7.map_or("", |source| source.name.as_str()).into();
        let fhir = setup.sources.iter().find(speaks_fhir).cloned();
        let fhir = fhir.unwrap_or_else(|| SourceSetup {
            name: IMPLIED.to_owned(),
            profile: IMPLIED.to_owned(),
            system: String::new(),
            bills: true,
            takes_unknown: false,
        });
        let name: Arc<str> = fhir.name.as_str().into();
        let reception = Reception::new(name, Arc::clone(&intake), Arc::new(SystemClock));
        let in_force = Arc::new(InForce::new(Arc::clone(&setup.tables)));
        let desk = fhir_desk(Arc::new(reception), (setup, &fhir), &in_force);
        Ok(Stock { intake, hl7, fhir, desk, read: MessageId(0) })
    }

    /// The setup, with the source that FHIR files belong to.
    pub fn with_implied(&self, mut setup: Setup) -> Setup {
        if !setup.sources.iter().any(|source| source.name == self.fhir.name) {
            setup.sources.push(self.fhir.clone());
        }
        setup
    }

    /// Receives a file. What a sender over FHIR would have been told of it, where that is no yes.
    ///
    /// # Errors
    /// When the file cannot be read, or the store in memory fails.
    pub fn put(&self, path: &Path) -> Result<Vec<String>, Error> {
        let read = std::fs::read(path);
        let bytes = read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if path.extension().is_some_and(|ending| ending == "json") {
            let answer = self.ask(&receive::as_sent(&bytes));
            return Ok(said(&answer, path));
        }
        self.put_hl7(&self.hl7, &bytes)?;
        Ok(Vec::new())
    }

    /// What the batches of a file say of themselves that is not so.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn miscounts(path: &Path) -> Result<Vec<String>, Error> {
        let read = std::fs::read(path);
        let bytes = read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Ok(hl7::miscounts(&bytes).iter().map(|said| format!("{name} {said}")).collect())
    }

    /// Receives a request over FHIR.
    pub fn ask(&self, request: &FhirRequest) -> FhirAnswer {
        self.desk.take_blocking(request)
    }

    /// Who takes what comes over FHIR.
    pub fn desk(&self) -> &FhirDesk {
        &self.desk
    }

    /// Receives messages of HL7 v2 from a source.
    ///
    /// # Errors
    /// When the store in memory fails.
    pub fn put_hl7(&self, source: &str, bytes: &[u8]) -> Result<(), Error> {
        let source: Arc<str> = source.into();
        for raw in hl7::split(bytes) {
            let scan = hl7::scan(raw);
            let (answer, reason) = receive::verdict(&scan);
            let message = NewMessage {
                source: Arc::clone(&source),
                received: SystemClock.now(),
                control_id: scan.control_id().to_vec(),
                answer,
                reason,
                raw: raw.to_vec().into(),
                fragment: None,
            };
            self.intake.append_blocking(message).map_err(in_memory)?;
        }
        Ok(())
    }

    /// The next message that was received.
    ///
    /// # Errors
    /// When the store in memory fails.
    pub fn next_message(&mut self) -> Result<Option<StoredMessage>, Error> {
        let next = self.intake.read_after(self.read, 1, usize::MAX).map_err(in_memory)?.pop();
        self.read = next.as_ref().map_or(self.read, |message| message.id);
        Ok(next)
    }
}

/// Every problem of an answer, with its place.
fn said(answer: &FhirAnswer, path: &Path) -> Vec<String> {
    let body = answer.body.as_deref().unwrap_or("null");
    let Ok(body) = json::read(body.as_bytes()) else {
        return Vec::new();
    };
    let outcomes = body.list("entry").iter().filter_map(|it| it.at(&["response", "outcome"]));
    let issues = outcomes.chain([&body]).flat_map(|outcome| outcome.list("issue"));
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    issues
        .filter(|issue| matches!(issue.text_of("severity"), Some("error" | "fatal")))
        .map(|issue| {
            let place = issue.list("expression").first().and_then(Node::text).unwrap_or("-");
            let words = issue.text_of("diagnostics").unwrap_or_default();
            format!("{name} {place}: refused: {words}")
        })
        .collect()
}

/// The files of an input: itself, or what is in the folder, in the order of names.
pub(super) fn files(input: &Path) -> Result<Vec<PathBuf>, Error> {
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
