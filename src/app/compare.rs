//! The same messages through two sets of tables, side by side. Nothing is changed: both sets write
//! into books of their own that are gone afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::domain::sheet::{Shown, reasons};
use crate::domain::{Claim, Identifier, LineState, Modifier};
use crate::pipeline::{Pipeline, Setup};
use crate::store::{Books, Intake, LineFilter, ListedLine, StoredMessage};
use crate::telemetry::SystemClock;

use super::Error;
use super::stock::{Stock, files};

/// Messages carried at once.
const RUN_MESSAGES_MAX: usize = 256;
const RUN_BYTES_MAX: usize = 16 << 20;

/// Differences that are shown whole.
const SAMPLES_MAX: usize = 20;

/// What to replay.
pub enum Replayed<'a> {
    /// What a store has received.
    Store(&'a Arc<Intake>),
    /// Files, or folders in name order.
    Files(&'a [PathBuf]),
}

/// Lines and units, as counted of one code, reason or course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Lines.
    pub lines: u64,
    /// Units of lines that would be sent.
    pub units: u64,
}

/// What two sets of tables say of one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both {
    /// The old tables.
    pub old: Count,
    /// The new tables.
    pub new: Count,
}

/// One line as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side {
    /// Patient, course, day, claim, code with modifiers, units.
    pub says: String,
    /// Its state.
    pub state: &'static str,
    /// The rules against it.
    pub reasons: String,
    /// The row that chose its code.
    pub row: String,
}

impl Side {
    /// What counts as a difference: not which row says it.
    fn told(&self) -> (&str, &str, &str) {
        (&self.says, self.state, &self.reasons)
    }
}

/// Work that the two sets bill otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// By the old tables; empty if by them nothing is billed.
    pub old: Vec<Side>,
    /// By the new tables.
    pub new: Vec<Side>,
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The digests of the tables.
    pub tables: (String, String),
    /// Messages replayed.
    pub messages: u64,
    /// All lines.
    pub lines: Both,
    /// Works that differ.
    pub differences: u64,
    /// Differing lines by code and claim.
    pub by_code: BTreeMap<(String, String), Both>,
    /// Differing lines by reason; an empty reason is `ready`.
    pub by_reason: BTreeMap<String, Both>,
    /// Differing lines by patient and course.
    pub by_course: BTreeMap<(String, String), Both>,
    /// The first differences, whole.
    pub samples: Vec<Difference>,
    /// SHA-256 over every difference in order: two runs that agree have the same.
    pub digest: String,
}

/// Replays messages through two sets of tables. `told` is called after each run of messages.
///
/// # Errors
/// When a file cannot be read, or the temporary books fail.
pub fn compare(
    (old, new): (Setup, Setup),
    replayed: &Replayed<'_>,
    (from, until): (Option<Date>, Option<Date>),
    told: &dyn Fn(u64),
) -> Result<Comparison, Error> {
    let mut comparison = Comparison {
        tables: (old.tables.digest().to_owned(), new.tables.digest().to_owned()),
        ..Comparison::default()
    };
    let (stock, intake) = match replayed {
        Replayed::Store(intake) => (None, Arc::clone(intake)),
        Replayed::Files(inputs) => {
            let stock = stocked(&old, inputs)?;
            let intake = Arc::clone(&stock.intake);
            (Some(stock), intake)
        }
    };
    let implied = |setup: Setup| match &stock {
        Some(stock) => stock.with_implied(setup),
        None => setup,
    };
    let mut sides = [Replay::new(implied(old), &intake)?, Replay::new(implied(new), &intake)?];
    each_run(&intake, &mut |run| {
        for side in &mut sides {
            side.carry(run)?;
        }
        comparison.messages += run.len() as u64;
        told(run.len() as u64);
        Ok(())
    })?;
    let [old, new] = sides;
    let filter = || LineFilter { from, until, ..LineFilter::default() };
    let mut hash = Sha256::new();
    by_patient(&old.books, &new.books, filter, &mut |old, new| {
        comparison.patient(old, new, &mut hash);
    })?;
    comparison.digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(comparison)
}

/// Books that one set of tables writes, in a folder that goes with them.
struct Replay {
    books: Arc<Books>,
    pipeline: Pipeline,
    folder: tempfile::TempDir,
}

impl Replay {
    fn new(setup: Setup, intake: &Arc<Intake>) -> Result<Replay, Error> {
        let folder = tempfile::tempdir()
            .map_err(|source| Error::Machine { what: "a temporary folder", source })?;
        let opened = Books::open(folder.path());
        let books = Arc::new(opened.map_err(|source| in_store(folder.path(), source))?);
        let pipeline = Pipeline::new(Arc::clone(&books), setup, Arc::new(SystemClock))
            .reading(Arc::clone(intake));
        Ok(Replay { books, pipeline, folder })
    }

    fn carry(&mut self, run: &[StoredMessage]) -> Result<(), Error> {
        let carried = self.pipeline.carry(run);
        carried.map(drop).map_err(|source| in_store(self.folder.path(), source))
    }
}

fn in_store(folder: &Path, source: crate::store::Error) -> Error {
    Error::Store { folder: folder.to_owned(), source }
}

/// Files, received.
fn stocked(setup: &Setup, inputs: &[PathBuf]) -> Result<Stock, Error> {
    let stock = Stock::new(setup)?;
    for input in inputs {
        for file in files(input)? {
            stock.put(&file)?;
        }
    }
    Ok(stock)
}

fn each_run(
    intake: &Intake,
    carry: &mut dyn FnMut(&[StoredMessage]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = crate::domain::MessageId(0);
    loop {
        let read = intake.read_after(after, RUN_MESSAGES_MAX, RUN_BYTES_MAX);
        let run = read.map_err(|source| in_store(Path::new("(the store)"), source))?;
        let Some(last) = run.last() else { return Ok(()) };
        after = last.id;
        carry(&run)?;
    }
}

/// The lines of each patient by both, patient by patient; both lists go by the same order.
fn by_patient(
    old: &Books,
    new: &Books,
    filter: impl Fn() -> LineFilter,
    each: &mut dyn FnMut(&[ListedLine], &[ListedLine]),
) -> Result<(), Error> {
    let mut sides = [old, new].map(|books| books.lines(filter()).peekable());
    let name = |line: &ListedLine| (line.patient.number.clone(), line.patient.authority.clone());
    loop {
        let mut names = Vec::new();
        for side in &mut sides {
            if let Some(Ok(line)) = side.peek() {
                names.push(name(line));
            }
        }
        let mut lines = [Vec::new(), Vec::new()];
        let first = names.into_iter().min();
        for (side, lines) in sides.iter_mut().zip(&mut lines) {
            let is_theirs = |line: &Result<ListedLine, crate::store::Error>| match line {
                Ok(line) => Some(name(line)) == first,
                Err(_) => true,
            };
            while let Some(line) = side.next_if(is_theirs) {
                lines.push(line.map_err(|source| in_store(Path::new("(temporary)"), source))?);
            }
        }
        if first.is_none() {
            return Ok(());
        }
        each(&lines[0], &lines[1]);
    }
}

impl Comparison {
    fn patient(&mut self, old: &[ListedLine], new: &[ListedLine], hash: &mut Sha256) {
        let mut works: BTreeMap<Work, (Vec<&ListedLine>, Vec<&ListedLine>)> = BTreeMap::new();
        for line in old.iter().filter(|line| line.line.state != LineState::Withdrawn) {
            self.lines.old.add(line);
            works.entry(work(line)).or_default().0.push(line);
        }
        for line in new.iter().filter(|line| line.line.state != LineState::Withdrawn) {
            self.lines.new.add(line);
            works.entry(work(line)).or_default().1.push(line);
        }
        for (old, new) in works.into_values() {
            self.work(&old, &new, hash);
        }
    }

    fn work(&mut self, old: &[&ListedLine], new: &[&ListedLine], hash: &mut Sha256) {
        let sides = |lines: &[&ListedLine]| lines.iter().map(|line| side(line)).collect();
        let (was, is): (BTreeSet<Side>, BTreeSet<Side>) = (sides(old), sides(new));
        if was.iter().map(Side::told).eq(is.iter().map(Side::told)) {
            return;
        }
        self.differences += 1;
        for (mark, sides) in [("-", &was), ("+", &is)] {
            for side in sides {
                hash.update(format!("{mark}{}|{}|{}\n", side.says, side.state, side.reasons));
            }
        }
        for line in old {
            self.both(line, |both, line| both.old.add(line));
        }
        for line in new {
            self.both(line, |both, line| both.new.add(line));
        }
        if self.samples.len() < SAMPLES_MAX {
            let (old, new) = (was.into_iter().collect(), is.into_iter().collect());
            self.samples.push(Difference { old, new });
        }
    }

    fn both(&mut self, line: &ListedLine, add: impl Fn(&mut Both, &ListedLine)) {
        let said = &line.line.line;
        let code = said.code.map_or_else(String::new, |code| code.to_string());
        let claim = said.claim.map_or("", Claim::as_str).to_owned();
        add(self.by_code.entry((code, claim)).or_default(), line);
        let course = (line.patient.number.clone(), said.course.0.clone());
        add(self.by_course.entry(course).or_default(), line);
        let reasons = reasons(&line.line.findings);
        let ready = reasons.is_empty().then_some("");
        for reason in reasons.iter().copied().chain(ready) {
            add(self.by_reason.entry(reason.to_owned()).or_default(), line);
        }
    }
}

impl Count {
    fn add(&mut self, line: &ListedLine) {
        self.lines += 1;
        if Shown::state_of(&line.line) == Shown::Ready {
            self.units += u64::from(line.line.line.units.get());
        }
    }
}

/// What was done, whatever it bills: course, claim, day and what earned it.
type Work = (String, Option<Claim>, String);

fn work(line: &ListedLine) -> Work {
    let said = &line.line.line;
    (said.course.0.clone(), said.claim, said.anchor.clone())
}

fn side(line: &ListedLine) -> Side {
    let said = &line.line.line;
    let Identifier { number, .. } = &line.patient;
    let mut code = said.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    for modifier in &said.modifiers {
        code.push('-');
        code.push_str(Modifier::as_str(modifier));
    }
    Side {
        says: format!(
            "{number} {} {} {} {code} x{}",
            said.course.0,
            said.day(),
            said.claim.map_or("-", Claim::as_str),
            said.units.get()
        ),
        state: Shown::state_of(&line.line).as_str(),
        reasons: reasons(&line.line.findings).join(" "),
        row: said.row.as_ref().map_or_else(String::new, |row| row.0.clone()),
    }
}
