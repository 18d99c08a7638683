//! Messages carried through the same path as the daemon's, with a store in memory.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use collimator::cli::rows;
use collimator::domain::{Answer, Claim, MessageId, Reason, Setting, Site};
use collimator::mappings::Tables;
use collimator::pipeline::{Pipeline, Route, Setup, SourceSetup};
use collimator::store::{Books, LineFilter, StoredMessage};
use collimator::telemetry::SystemClock;
use collimator::wire::hl7;

/// The tables inside the program, read once.
pub fn tables() -> Arc<Tables> {
    static TABLES: OnceLock<Arc<Tables>> = OnceLock::new();
    Arc::clone(TABLES.get_or_init(|| Arc::new(Tables::embedded().unwrap())))
}

/// A copy of the tables, to be changed.
pub fn copy_tables(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tables(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The reference site in a setting.
pub fn setup(setting: Setting) -> Setup {
    let routes = match setting {
        Setting::Hospital => vec![
            Route { destination: "hospital-billing".into(), claims: vec![Claim::Facility] },
            Route { destination: "physician-billing".into(), claims: vec![Claim::Professional] },
        ],
        Setting::Freestanding => {
            vec![Route { destination: "center-billing".into(), claims: vec![Claim::Global] }]
        }
    };
    let source =
        |name: &str| SourceSetup { name: name.into(), profile: name.into(), system: String::new() };
    Setup {
        tables: tables(),
        site: Site::plain(setting, "medicare"),
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        sources: vec![source("aria"), source("mosaiq")],
        routes,
    }
}

/// Carries messages, run by run, and gives the rows of all lines.
pub struct Desk {
    pub books: Arc<Books>,
    pipeline: Pipeline,
    next: i64,
    pub refused: Vec<Reason>,
}

impl Desk {
    pub fn new(setting: Setting) -> Desk {
        Desk::of(setup(setting))
    }

    pub fn of(setup: Setup) -> Desk {
        let books = Arc::new(Books::open_in_memory().unwrap());
        let pipeline = Pipeline::new(Arc::clone(&books), setup, Arc::new(SystemClock));
        Desk { books, pipeline, next: 1, refused: Vec::new() }
    }

    /// A file of messages, `at_once` of them to a run.
    pub fn file(&mut self, source: &str, bytes: &[u8], at_once: usize) {
        let messages: Vec<StoredMessage> =
            hl7::split(bytes).into_iter().map(|raw| self.stored(source, raw)).collect();
        for run in messages.chunks(at_once) {
            self.pipeline.carry(run).unwrap();
        }
    }

    fn stored(&mut self, source: &str, raw: &[u8]) -> StoredMessage {
        let scan = hl7::scan(raw);
        let (answer, reason) = match &scan.verdict {
            Ok(()) => (Answer::Accept, None),
            Err(objection) => {
                let reason =
                    Reason { place: None, code: objection.code, text: objection.text.clone() };
                (Answer::parse(objection.answer.as_str()).unwrap(), Some(reason))
            }
        };
        self.refused.extend(reason.clone());
        let id = MessageId(self.next);
        self.next += 1;
        StoredMessage {
            id,
            source: source.into(),
            received: "2026-11-25T12:00:00Z".parse().unwrap(),
            control_id: scan.control_id().to_vec(),
            answer,
            reason,
            raw: raw.to_vec(),
        }
    }

    pub fn folder(&mut self, source: &str, folder: &Path, at_once: usize) {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            self.file(source, &std::fs::read(file).unwrap(), at_once);
        }
    }

    /// The rows of the contract, credited ones left out.
    pub fn rows(&self) -> Vec<[String; 12]> {
        let listed = self.books.lines(LineFilter::default()).map(|line| line.unwrap());
        let rows: Vec<[String; 12]> = listed.map(|line| rows::row(&line)).collect();
        rows.into_iter().filter(|row| row[9] != "credited").collect()
    }
}
