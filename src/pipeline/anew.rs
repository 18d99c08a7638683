//! Judges everybody anew by tables that have changed, a few at a time between messages.

use std::sync::Arc;

use serde_json::json;

use crate::domain::{Entry, EntryKind, PersonId, Who};
use crate::store::{Error, Part, PartOutcome, Work};

use super::{Pipeline, book};

/// People judged anew in one transaction.
pub(super) const PEOPLE_AT_ONCE: usize = 32;

/// How far the pipeline is with those who were judged by other tables.
#[derive(Debug, Default)]
pub(super) enum Anew {
    /// Nobody has looked yet.
    #[default]
    NotBegun,
    /// Everybody up to this one is done with.
    Behind(PersonId),
    /// Everybody is.
    Done,
}

impl Pipeline {
    /// Takes the tables that are in force now, if they are others, and says so in the ledger.
    ///
    /// # Errors
    /// When the store fails; then nothing has changed.
    pub fn follow_tables(&mut self) -> Result<(), Error> {
        let now = match &self.in_force {
            Some(in_force) => in_force.now(),
            None => return Ok(()),
        };
        if now.digest() == self.setup.tables.digest() {
            return Ok(());
        }
        let from = self.setup.tables.digest().to_owned();
        self.tell_tables(Some(&from), now.digest())?;
        tracing::info!(digest = now.digest(), "other tables are in force");
        self.setup.tables = now;
        self.anew = Anew::NotBegun;
        Ok(())
    }

    fn tell_tables(&mut self, from: Option<&str>, to: &str) -> Result<(), Error> {
        let entry = Entry {
            kind: EntryKind::Tables,
            who: Who::Daemon,
            message: None,
            line: None,
            body: json!({ "from": from, "to": to }).to_string(),
        };
        let part = Part { entries: vec![entry], ..Part::default() };
        let work = Work { at: self.clock.now(), parts: vec![Arc::new(part)], cursor: None };
        self.books.apply(work).map(drop)
    }

    /// Judges the next few people who were judged by other tables. Whether there may be more.
    ///
    /// # Errors
    /// When the store fails; whoever is on the books by then stays.
    pub fn judge_anew(&mut self) -> Result<bool, Error> {
        let after = match self.anew {
            Anew::NotBegun => PersonId(0),
            Anew::Behind(person) => person,
            Anew::Done => return Ok(false),
        };
        self.forget_if_others_wrote()?;
        let digest = self.setup.tables.digest().to_owned();
        let people = self.books.judged_otherwise(&digest, after, PEOPLE_AT_ONCE)?;
        let Some(last) = people.last().copied() else {
            self.anew = Anew::Done;
            return Ok(false);
        };
        let mut parts = Vec::with_capacity(people.len());
        for person in people {
            parts.extend(self.part_anew(person)?.map(Arc::new));
            self.people.pop(&person);
        }
        let applied = self.books.apply(Work { at: self.clock.now(), parts, cursor: None })?;
        let moved = |part: &PartOutcome| matches!(part, PartOutcome::Conflict(_));
        // Whoever moved meanwhile is looked at again at the next round, from the same place.
        if !applied.parts.iter().any(moved) {
            self.anew = Anew::Behind(last);
        }
        Ok(true)
    }

    fn part_anew(&mut self, person: PersonId) -> Result<Option<Part>, Error> {
        let dossier = self.dossier(person)?;
        let Some(identifier) = dossier.facts.identifiers.first().cloned() else {
            return Ok(None);
        };
        let mut part = Part { person: Some(identifier), ..Part::default() };
        let news = dossier.news(&self.setup);
        match super::judge::safely(|| dossier.judge(&self.setup, news)) {
            Some(changes) => book::changes(&mut part, &dossier.lines, changes, &self.setup),
            None => tracing::error!("the daemon failed while it judged a person by new tables"),
        }
        part.judged_by = Some(self.setup.tables.digest().to_owned());
        Ok(Some(part))
    }
}
