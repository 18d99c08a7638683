//! Messages carried through the same path as the daemon's, with a store in memory.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use collimator::app::Stock;
use collimator::cli::rows;
use collimator::domain::{Answer, Claim, Reason, Setting, Site};
use collimator::mappings::Tables;
use collimator::pipeline::{Pipeline, Route, Setup, SourceSetup};
use collimator::store::{Books, LineFilter, StoredMessage};
use collimator::telemetry::SystemClock;

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
            route("hospital-billing", vec![Claim::Facility]),
            route("physician-billing", vec![Claim::Professional]),
        ],
        Setting::Freestanding => {
            vec![route("center-billing", vec![Claim::Global])]
        }
    };
    let source = |name: &str| SourceSetup {
        name: name.into(),
        profile: name.into(),
        system: String::new(),
        bills: true,
        takes_unknown: false,
    };
    Setup {
        tables: tables(),
        site: Site::plain(setting, "medicare"),
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        sources: vec![source("aria"), source("mosaiq"), source("fhir")],
        routes,
    }
}

fn route(destination: &str, claims: Vec<Claim>) -> Route {
    Route { destination: destination.into(), claims, profile: "dft-2.5.1".into() }
}

fn pipeline(books: &Arc<Books>, setup: &Setup, stock: &Stock) -> Pipeline {
    Pipeline::new(Arc::clone(books), setup.clone(), Arc::new(SystemClock))
        .reading(Arc::clone(&stock.intake))
}

/// Carries messages, run by run, and gives the rows of all lines.
pub struct Desk {
    pub books: Arc<Books>,
    pub stock: Stock,
    pipeline: Pipeline,
    pub refused: Vec<Reason>,
    setup: Setup,
}

impl Desk {
    pub fn new(setting: Setting) -> Desk {
        Desk::of(setup(setting))
    }

    pub fn of(setup: Setup) -> Desk {
        let books = Arc::new(Books::open_in_memory().unwrap());
        let stock = Stock::new(&setup).unwrap();
        let setup = stock.with_implied(setup);
        let pipeline = pipeline(&books, &setup, &stock);
        Desk { books, stock, pipeline, refused: Vec::new(), setup }
    }

    /// Nothing is remembered but what is on the books.
    pub fn restart(&mut self) {
        self.pipeline = pipeline(&self.books, &self.setup, &self.stock);
    }

    /// A file of messages, `at_once` of them to a run.
    pub fn file(&mut self, source: &str, bytes: &[u8], at_once: usize) {
        self.stock.put_hl7(source, bytes).unwrap();
        self.carry(at_once);
    }

    /// Carries what has come.
    pub fn carry(&mut self, at_once: usize) {
        let messages: Vec<StoredMessage> =
            std::iter::from_fn(|| self.stock.next_message().unwrap()).collect();
        let refused = messages.iter().filter(|message| message.answer != Answer::Accept);
        self.refused.extend(refused.filter_map(|message| message.reason.clone()));
        for run in messages.chunks(at_once) {
            self.pipeline.carry(run).unwrap();
        }
    }

    pub fn folder(&mut self, source: &str, folder: &Path, at_once: usize) {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            if file.extension().is_some_and(|ending| ending == "json") {
                let problems = self.stock.put(&file).unwrap();
                assert!(problems.is_empty(), "{problems:?}");
                self.carry(at_once);
            } else {
                self.file(source, &std::fs::read(file).unwrap(), at_once);
            }
        }
    }

    /// The rows of the contract, credited ones left out.
    pub fn rows(&self) -> Vec<[String; 12]> {
        let listed = self.books.lines(LineFilter::default()).map(|line| line.unwrap());
        let rows: Vec<[String; 12]> = listed.map(|line| rows::row(&line)).collect();
        rows.into_iter().filter(|row| row[9] != "credited").collect()
    }
}
