//! Carries stored messages through the pure rooms, in one transaction for each run of them.
//!
//! **In:** stored messages, in the order of their arrival. **Out:** what became of each, on the
//! books: facts, lines, entries.
//!
//! **Never:** decides anything itself, or speaks to anyone but the store.
//!
//! **Start at** [`Pipeline::carry`]: read, gather by person, judge, book.

mod anew;
mod book;
mod expected;
mod feeds;
mod fit;
mod fragment;
mod gather;
mod judge;
mod read;
mod run;
mod standing;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::tz::TimeZone;
use lru::LruCache;

use crate::domain::{Claim, Clock, Identifier, LineId, MessageId, PersonId, Site};
use crate::mappings::{InForce, Tables};
use crate::store::{Books, Error, Intake, Part, PartOutcome, StoredMessage, Work};

use anew::Anew;
use gather::{Gathered, Look};
use judge::Dossier;
use read::{Outcome, Read};

pub use expected::{Missing, expected};
pub use feeds::{Differing, feeds};
pub use judge::{Judged, judged};
pub use run::{Running, start};
pub use standing::{ClosedBy, CourseStanding, Earned, standings};

/// People that are kept in memory, at most.
const PEOPLE_MAX: NonZeroUsize = NonZeroUsize::new(320).unwrap();

/// Numbers whose person is kept in memory, at most.
const NUMBERS_MAX: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// Times that a part is looked at anew because something moved under it.
const LOOKS_MAX: usize = 16;

/// What the pipeline must know of the site and its settings.
#[derive(Clone)]
pub struct Setup {
    /// The tables in force.
    pub tables: Arc<Tables>,
    /// How the site bills.
    pub site: Site,
    /// The site's time zone.
    pub time_zone: TimeZone,
    /// The sources, by name.
    pub sources: Vec<SourceSetup>,
    /// Which claims go where; a new line goes to each destination that takes its claim.
    pub routes: Vec<Route>,
}

/// One source.
#[derive(Debug, Clone)]
pub struct SourceSetup {
    /// Its name, as in the settings.
    pub name: String,
    /// Its profile.
    pub profile: String,
    /// The numbering of its transactions and documents.
    pub system: String,
    /// Whether its charges are billed; else they are only held against those of other sources.
    pub bills: bool,
    /// Whether elements that FHIR R4 does not have are taken, and what is earned by them held; else
    /// they are refused.
    pub takes_unknown: bool,
}

/// One destination.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name, as in the settings.
    pub destination: String,
    /// The claims it takes.
    pub claims: Vec<Claim>,
    /// Its profile, which says what it can take of a line; empty for one that takes everything.
    pub profile: String,
}

/// Carries messages; one for each daemon.
pub struct Pipeline {
    books: Arc<Books>,
    setup: Setup,
    clock: Arc<dyn Clock>,
    people: LruCache<PersonId, Dossier>,
    numbers: LruCache<Identifier, PersonId>,
    others: u64,
    booked: Option<HashSet<MessageId>>,
    in_force: Option<Arc<InForce>>,
    intake: Option<Arc<Intake>>,
    anew: Anew,
}

/// What became of a run of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// How many were carried.
    pub messages: u64,
    /// On how many the daemon itself failed.
    pub stuck: u64,
}

impl Pipeline {
    /// A pipeline over the books.
    pub fn new(books: Arc<Books>, setup: Setup, clock: Arc<dyn Clock>) -> Pipeline {
        Pipeline {
            books,
            setup,
            clock,
            people: LruCache::new(PEOPLE_MAX),
            numbers: LruCache::new(NUMBERS_MAX),
            others: 0,
            booked: None,
            in_force: None,
            intake: None,
            anew: Anew::NotBegun,
        }
    }

    /// The same, following the tables that are in force.
    pub fn following(self, in_force: Arc<InForce>) -> Pipeline {
        Pipeline { in_force: Some(in_force), ..self }
    }

    /// The same, with the intake that its messages come from: what FHIR sources tell is read
    /// together with all that they have told before.
    pub fn reading(self, intake: Arc<Intake>) -> Pipeline {
        Pipeline { intake: Some(intake), ..self }
    }

    /// Carries a run of messages, the oldest first. All of it is on disk when this returns.
    ///
    /// # Errors
    /// When the store fails. What is on the books then stays; the rest is carried again.
    pub fn carry(&mut self, messages: &[StoredMessage]) -> Result<Carried, Error> {
        self.forget_if_others_wrote()?;
        let mut carried = Carried::default();
        let new = self.new_among(messages)?;
        let reads: Vec<Read<'_>> =
            new.into_iter().map(|stored| self.read(stored)).collect::<Result<_, _>>()?;
        if let (true, Some(last)) = (reads.is_empty(), messages.last()) {
            let work = Work { at: self.clock.now(), parts: Vec::new(), cursor: Some(last.id) };
            self.books.apply(work)?;
        }
        let mut rest = reads.as_slice();
        while !rest.is_empty() {
            let links = |read: &Read<'_>| read.links().next().is_some();
            let run = match rest.iter().position(links) {
                Some(0) => {
                    self.link(&rest[0])?;
                    1
                }
                Some(before) => before,
                None => rest.len(),
            };
            let (now, later) = rest.split_at(run);
            self.carry_run(now)?;
            rest = later;
        }
        carried.messages = messages.len() as u64;
        carried.stuck =
            reads.iter().filter(|r| matches!(r.outcome, Outcome::Stuck(_))).count() as u64;
        Ok(carried)
    }

    /// Messages that are not on the books yet. Some may be, behind the cursor, if the daemon
    /// stopped between two looks at the same run.
    fn new_among<'m>(
        &mut self,
        messages: &'m [StoredMessage],
    ) -> Result<Vec<&'m StoredMessage>, Error> {
        let booked = match self.booked.take() {
            Some(booked) => booked,
            None => self.books.booked_behind_cursor()?.into_iter().collect(),
        };
        let new = messages.iter().filter(|message| !booked.contains(&message.id)).collect();
        self.booked = Some(booked);
        Ok(new)
    }

    /// Numbers joined or parted come first, on their own, so that what is judged after them sees
    /// the people as they are now. Done twice, this changes nothing.
    fn link(&mut self, read: &Read<'_>) -> Result<(), Error> {
        let parts = read.links().map(|link| Arc::new(book::link(link, read))).collect();
        self.books.apply(Work { at: self.clock.now(), parts, cursor: None })?;
        for identifier in read.identifiers() {
            if let Some(person) = self.numbers.pop(identifier) {
                self.people.pop(&person);
            }
        }
        self.people.clear();
        self.numbers.clear();
        Ok(())
    }

    fn carry_run(&mut self, reads: &[Read<'_>]) -> Result<(), Error> {
        let cursor = reads.last().map(|read| read.stored.id);
        let mut waiting = self.gather(reads, Look::First)?;
        for _ in 0..LOOKS_MAX {
            let parts: Vec<Arc<Part>> = waiting
                .iter_mut()
                .map(|gathered| Arc::new(std::mem::take(&mut gathered.part)))
                .collect();
            let work = Work { at: self.clock.now(), parts: parts.clone(), cursor };
            let applied = self.books.apply(work)?;
            let mut again: Vec<MessageId> = Vec::new();
            for ((gathered, part), outcome) in waiting.into_iter().zip(parts).zip(applied.parts) {
                match outcome {
                    PartOutcome::Booked { person, lines } => {
                        self.keep(gathered, &part, person, &lines);
                    }
                    PartOutcome::Conflict(conflict) => {
                        tracing::debug!(?conflict, "a line moved while its person was judged");
                        again.extend(self.put_back(gathered));
                    }
                }
            }
            if again.is_empty() {
                return Ok(());
            }
            let once_more: Vec<Read<'_>> =
                reads.iter().filter(|read| again.contains(&read.stored.id)).cloned().collect();
            waiting = self.gather(&once_more, Look::Again)?;
        }
        self.give_up(&waiting, cursor)
    }

    /// Whoever cannot be judged without something moving under it waits for a person, and holds
    /// nobody else up.
    fn give_up(&mut self, waiting: &[Gathered], cursor: Option<MessageId>) -> Result<(), Error> {
        tracing::error!("a person could not be judged in many looks; the messages are stuck");
        let parts = waiting.iter().map(|one| Arc::new(one.stuck())).collect();
        self.people.clear();
        self.books.apply(Work { at: self.clock.now(), parts, cursor })?;
        Ok(())
    }

    /// What is in memory of a person agrees with the books from here on.
    fn keep(
        &mut self,
        gathered: Gathered,
        part: &Part,
        person: Option<PersonId>,
        lines: &[LineId],
    ) {
        let (Some(person), Some(mut dossier)) = (person, gathered.dossier) else {
            return;
        };
        dossier.booked(person, part, lines);
        for identifier in &dossier.facts.identifiers {
            self.numbers.put(identifier.clone(), person);
        }
        self.people.put(person, dossier);
    }

    /// Nothing in memory of the person can be trusted; its messages are carried again.
    fn put_back(&mut self, gathered: Gathered) -> Vec<MessageId> {
        let identifiers = gathered.dossier.map(|dossier| dossier.facts.identifiers);
        for identifier in identifiers.into_iter().flatten() {
            if let Some(person) = self.numbers.pop(&identifier) {
                self.people.pop(&person);
            }
        }
        gathered.messages
    }

    fn forget_if_others_wrote(&mut self) -> Result<(), Error> {
        let others = self.books.changes_by_others()?;
        if others != self.others {
            self.people.clear();
            self.numbers.clear();
            self.others = others;
        }
        Ok(())
    }
}
