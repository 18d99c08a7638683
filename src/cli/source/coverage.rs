//! `collimator source coverage`: which fields of a source's messages are used, kept or ignored.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;

use crate::cli::desk::{Config, now};
use crate::cli::filter::Written;
use crate::cli::paper::{Column, Paper};
use crate::cli::{Error, FOUND_WRONG};
use crate::domain::MessageId;
use crate::interpret::{Coverage, Reading};
use crate::mappings::Tables;
use crate::pipeline::SourceSetup;
use crate::wire::hl7::split;

use super::{content, files};

/// Say which fields of a source's HL7 v2 messages are used, kept or ignored: of those in the store,
/// or of files
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator source coverage --config site.toml --source aria")]
pub(super) struct CoverageOf {
    #[command(flatten)]
    config: Config,
    /// Of this source alone; files are read as its messages
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    #[command(flatten)]
    written: Written,
    /// Files of messages, in place of those in the store
    #[arg(value_name = "FILE")]
    inputs: Vec<PathBuf>,
}

const COLUMNS: [Column; 7] = [
    Column::Text("source"),
    Column::Text("segment"),
    Column::Count("field"),
    Column::Text("is"),
    Column::Count("messages"),
    Column::Count("times"),
    Column::Text("triggers"),
];

/// What is read of the store at once.
const MESSAGES_A_LOOK: usize = 500;
const BYTES_A_LOOK: usize = 16 << 20;

impl CoverageOf {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let settings = self.config.settings()?;
        let tables = Tables::open(&settings.mappings).map_err(|wrong| Error::Wrong {
            problems: wrong.iter().map(ToString::to_string).collect(),
        })?;
        let wanted = |source: &&SourceSetup| {
            let named = self.source.as_ref().is_none_or(|name| source.name == *name);
            named && tables.profile(&source.profile).is_some()
        };
        let sources: Vec<&SourceSetup> = settings.sources.iter().filter(wanted).collect();
        if sources.is_empty() {
            eprintln!("the settings have no such source that speaks HL7 v2");
            return Ok(ExitCode::from(FOUND_WRONG));
        }
        let by = By { tables: &tables, time_zone: &settings.time_zone };
        let covered = match self.inputs.is_empty() {
            true => self.of_store(&sources, &by)?,
            false => self.of_files(sources[0], &by)?,
        };
        self.print(&covered)
    }

    fn of_files(
        &self,
        source: &SourceSetup,
        by: &By<'_>,
    ) -> Result<BTreeMap<String, Coverage>, Error> {
        let mut coverage = Coverage::default();
        for file in files(&self.inputs)? {
            for message in split(&content(&file)?) {
                by.add(&mut coverage, source, message);
            }
        }
        Ok(BTreeMap::from([(source.name.clone(), coverage)]))
    }

    fn of_store(
        &self,
        sources: &[&SourceSetup],
        by: &By<'_>,
    ) -> Result<BTreeMap<String, Coverage>, Error> {
        let intake = self.config.desk()?.intake()?;
        let mut covered: BTreeMap<String, Coverage> = BTreeMap::new();
        let mut after = MessageId(0);
        loop {
            let read = intake.read_after(after, MESSAGES_A_LOOK, BYTES_A_LOOK)?;
            let Some(last) = read.last() else { return Ok(covered) };
            after = last.id;
            for stored in &read {
                let source = sources.iter().find(|source| *source.name == *stored.source);
                let is_fhir = stored.raw.trim_ascii_start().starts_with(b"{");
                if let Some(source) = source.filter(|_| !is_fhir) {
                    let coverage = covered.entry(source.name.clone()).or_default();
                    by.add(coverage, source, &stored.raw);
                }
            }
        }
    }

    fn print(&self, covered: &BTreeMap<String, Coverage>) -> Result<ExitCode, Error> {
        let mut paper = Paper::standard(self.written.form(), &COLUMNS)?;
        for (source, coverage) in covered {
            for field in coverage.fields() {
                paper.row(vec![
                    source.clone(),
                    field.segment,
                    field.field.to_string(),
                    field.is.as_str().to_owned(),
                    field.messages.to_string(),
                    field.times.to_string(),
                    field.triggers.join(" "),
                ])?;
            }
        }
        paper.end()?;
        for (source, coverage) in covered {
            let (read, ignored, refused) = coverage.messages();
            eprintln!(
                "{source}: {read} messages, of which {ignored} tell nothing for us and {refused} are refused"
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What messages are read by.
struct By<'a> {
    tables: &'a Tables,
    time_zone: &'a TimeZone,
}

impl By<'_> {
    fn add(&self, coverage: &mut Coverage, source: &SourceSetup, raw: &[u8]) {
        let Some(profile) = self.tables.profile(&source.profile) else { return };
        let reading = Reading {
            profile,
            system: &source.system,
            time_zone: self.time_zone,
            message: MessageId(0),
            received: now(),
        };
        coverage.add(raw, &reading);
    }
}
