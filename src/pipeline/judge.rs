//! One person, judged: facts in, changes of the books out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::care;
use crate::charge;
use crate::check::{self, Bench};
use crate::domain::{
    BookedLine, Claim, Facts, Identifier, JudgedLine, LineId, LineState, Moved, PersonId, Record,
};
use crate::ledger::{self, Change, News};
use crate::store::{LineRef, Loaded, NewLine, Part};

use super::{Route, Setup, fit};

/// What is known of a person, and the lines on the books.
pub(super) struct Dossier {
    /// What was told under the person's numbers.
    pub(super) facts: Facts,
    /// What moves of accounts make of it, if any was moved.
    pub(super) moved: Option<Moved>,
    pub(super) lines: Vec<BookedLine>,
    /// The digest of the tables by which the person was judged last.
    pub(super) judged_by: Option<String>,
}

/// A person's record and every line it earns, judged.
pub struct Judged {
    /// The record.
    pub record: Record,
    /// The lines with all findings.
    pub lines: Vec<JudgedLine>,
}

/// Judges the facts of a person as they stand.
pub fn judged(facts: &Facts, setup: &Setup) -> Judged {
    let record = care::record(facts, &setup.tables);
    let drafted = charge::draft(&record, &setup.tables, &setup.site);
    let bench = Bench { record: &record, tables: &setup.tables, site: &setup.site };
    let lines = check::judge(drafted, &bench);
    Judged { record, lines }
}

impl Dossier {
    pub(super) fn new(identifier: Identifier) -> Dossier {
        let facts = Facts { identifiers: vec![identifier], ..Facts::default() };
        Dossier { facts, moved: None, lines: Vec::new(), judged_by: None }
    }

    /// What has changed since the person was judged last. Where the tables are others too, they
    /// may be the reason for any difference.
    pub(super) fn news(&self, setup: &Setup) -> News {
        let same = self.judged_by.as_deref() == Some(setup.tables.digest());
        if same || self.lines.is_empty() { News::Facts } else { News::Tables }
    }

    /// What must change on the books, by what is known now.
    pub(super) fn judge(&self, setup: &Setup, news: News) -> Vec<Change> {
        let moved = self.moved.as_ref().map(|moved| moved.facts(&self.facts));
        let mut due = judged(moved.as_ref().unwrap_or(&self.facts), setup).lines;
        fit::look(&mut due, &self.lines, setup);
        ledger::reconcile(&self.lines, due, news, &|claim| route(&setup.routes, claim))
    }

    /// The part is on the books: the lines here follow.
    pub(super) fn booked(&mut self, person: PersonId, part: &Part, ids: &[LineId]) {
        if part.judged_by.is_some() {
            self.judged_by.clone_from(&part.judged_by);
        }
        for change in &part.changes {
            let Some(line) = self.lines.iter_mut().find(|line| line.id == change.line) else {
                continue;
            };
            line.state = change.to;
            line.findings.clone_from(&change.findings);
            line.decision.clone_from(&change.decision);
            if let Some(content) = &change.content {
                line.line = (**content).clone();
            }
            let reverses = line.reverses.filter(|_| change.to == LineState::Queued);
            for line in self.lines.iter_mut().filter(|line| Some(line.id) == reverses) {
                line.reversed_by = Some(change.line);
            }
        }
        let after = |new: &NewLine| match new.after? {
            LineRef::Booked(id) => Some(id),
            LineRef::New(place) => ids.get(place).copied(),
        };
        for (new, id) in part.new_lines.iter().zip(ids) {
            let reverses = new.reverses.as_ref().map(|(line, _)| *line);
            let goes = reverses.filter(|_| new.state != LineState::Held);
            for line in self.lines.iter_mut().filter(|line| Some(line.id) == goes) {
                line.reversed_by = Some(*id);
            }
            self.lines.push(BookedLine {
                id: *id,
                person,
                line: new.line.clone(),
                state: new.state,
                findings: new.findings.clone(),
                destination: new.destination.clone(),
                reverses,
                reversed_by: None,
                after: after(new),
                decision: new.decision.clone(),
            });
        }
    }
}

impl From<Loaded> for Dossier {
    fn from(loaded: Loaded) -> Dossier {
        let (facts, moved) = match loaded.moved {
            None => (loaded.facts, None),
            Some(told) => (told.0, Some(told.1)),
        };
        Dossier { facts, moved, lines: loaded.lines, judged_by: loaded.judged_by }
    }
}

/// Judges, and survives it if we fail.
pub(super) fn safely<T>(judge: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(judge)).ok()
}

/// The destinations of a claim; a line that nobody takes still stands on the books once.
fn route(routes: &[Route], claim: Option<Claim>) -> Vec<Option<String>> {
    let takes = |route: &&Route| claim.is_some_and(|claim| route.claims.contains(&claim));
    let names: Vec<Option<String>> =
        routes.iter().filter(takes).map(|route| Some(route.destination.clone())).collect();
    if names.is_empty() { vec![None] } else { names }
}
