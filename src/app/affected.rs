//! Lines that have not left, judged by two sets of tables.

use std::collections::HashMap;

use crate::domain::sheet::reasons;
use crate::domain::{JudgedLine, LineId, LineKey, LineState, Outcome, PersonId};
use crate::pipeline::{self, Setup};
use crate::store::{self, Books, LineFilter};

/// A line on the books that other tables judge otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Which.
    pub line: LineId,
    /// What the old tables say: `ready`, or the reasons against it; `not due` if nothing earns it.
    pub old: String,
    /// What the new tables say.
    pub new: String,
}

/// Every held or waiting line that two sets of tables judge otherwise, each told to `each`.
///
/// # Errors
/// When the store fails.
pub fn affected(
    books: &Books,
    (old, new): (&Setup, &Setup),
    each: &mut dyn FnMut(Affected),
) -> Result<u64, store::Error> {
    let states =
        vec![LineState::Held, LineState::Queued, LineState::Rejected, LineState::Suppressed];
    let filter = LineFilter { states, ..LineFilter::default() };
    let mut known: Option<(PersonId, [HashMap<LineKey, String>; 2])> = None;
    let mut looked = 0;
    for listed in books.lines(filter) {
        let line = listed?.line;
        let judged = match known.take().filter(|(person, _)| *person == line.person) {
            Some((_, judged)) => judged,
            None => {
                let facts = books.load(line.person)?.facts;
                [old, new].map(|setup| by_key(pipeline::judged(&facts, setup).lines))
            }
        };
        let says = |judged: &HashMap<LineKey, String>| {
            judged.get(&line.line.key()).cloned().unwrap_or_else(|| "not due".to_owned())
        };
        let (old, new) = (says(&judged[0]), says(&judged[1]));
        looked += 1;
        if line.reverses.is_none() && old != new {
            each(Affected { line: line.id, old, new });
        }
        known = Some((line.person, judged));
    }
    Ok(looked)
}

fn by_key(lines: Vec<JudgedLine>) -> HashMap<LineKey, String> {
    let says = |judged: &JudgedLine| match judged.outcome() {
        None => "ready".to_owned(),
        Some(outcome) => format!("{} {}", word(outcome), reasons(&judged.findings).join(" ")),
    };
    lines.iter().map(|judged| (judged.line.key(), says(judged))).collect()
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Warn => "ready",
        Outcome::Hold => "held",
        Outcome::Suppress => "suppressed",
        Outcome::Reject => "rejected",
    }
}
