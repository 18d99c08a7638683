//! One stored message, read: what it tells, or why nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::{Answer, BY_HAND, Fact, Identifier, Link, MessageState, Moment, Reason};
use crate::interpret::fhir::{self, FhirReading};
use crate::interpret::{self, Note, Reading, Told};
use crate::mappings::FhirProfile;
use crate::store::{Error, StoredMessage};

use super::fragment::{self, ToRead};
use super::{Pipeline, SourceSetup};

/// A message and what it tells.
#[derive(Clone)]
pub(super) struct Read<'a> {
    pub(super) stored: &'a StoredMessage,
    pub(super) outcome: Outcome,
    /// The day that lists go by, in the site's calendar.
    pub(super) day: jiff::civil::Date,
}

/// What reading came to.
#[derive(Clone)]
pub(super) enum Outcome {
    /// It was understood.
    Told(Box<Told>),
    /// It can be taken no further.
    Refused(Reason),
    /// We failed on it.
    Stuck(String),
}

impl Pipeline {
    /// Reads a message; a panic of ours makes it stuck and goes no further.
    pub(super) fn read<'a>(&self, stored: &'a StoredMessage) -> Result<Read<'a>, Error> {
        let received = self.day_of(stored.received);
        let outcome = match (stored.answer, &stored.reason) {
            (Answer::Accept, _) => self.understand(stored)?,
            (Answer::Error | Answer::Reject, Some(reason)) => Outcome::Refused(reason.clone()),
            (Answer::Error | Answer::Reject, None) => Outcome::Refused(unexplained()),
        };
        let day = match &outcome {
            Outcome::Told(told) => told.made.date,
            Outcome::Refused(_) | Outcome::Stuck(_) => received,
        };
        let outcome = match outcome {
            Outcome::Told(told) if !self.bills(stored) => Outcome::Told(without_charges(told)),
            Outcome::Told(_) | Outcome::Refused(_) | Outcome::Stuck(_) => outcome,
        };
        Ok(Read { stored, outcome, day })
    }

    /// Whether what the source of a message tells is billed.
    fn bills(&self, stored: &StoredMessage) -> bool {
        let source = self.setup.sources.iter().find(|source| *source.name == *stored.source);
        source.is_none_or(|source| source.bills)
    }

    fn understand(&self, stored: &StoredMessage) -> Result<Outcome, Error> {
        if *stored.source == *BY_HAND {
            let made =
                Moment::at(stored.received.to_zoned(self.setup.time_zone.clone()).datetime());
            return Ok(match interpret::told_by_hand(&stored.raw, stored.id, made) {
                Ok(told) => Outcome::Told(Box::new(told)),
                Err(refusal) => Outcome::Refused(refusal.reason),
            });
        }
        let source = self.setup.sources.iter().find(|source| *source.name == *stored.source);
        let Some(source) = source else {
            let name = &stored.source;
            return Ok(Outcome::Stuck(format!("the settings name no source `{name}` any more")));
        };
        if let Some(profile) = self.setup.tables.fhir_profile(&source.profile) {
            return self.understand_fhir(stored, source, profile);
        }
        let Some(profile) = self.setup.tables.profile(&source.profile) else {
            let name = &source.profile;
            return Ok(Outcome::Stuck(format!("the tables have no profile `{name}` any more")));
        };
        let reading = Reading {
            profile,
            system: &source.system,
            time_zone: &self.setup.time_zone,
            message: stored.id,
            received: stored.received,
        };
        let (whole, parts) = match self.to_read(stored, &reading)? {
            ToRead::Itself => (None, Vec::new()),
            ToRead::Together(whole, parts) => (Some(whole), parts),
            ToRead::Nothing(outcome) => return Ok(outcome),
        };
        let raw = whole.as_deref().unwrap_or(&stored.raw);
        Ok(match catch_unwind(AssertUnwindSafe(|| interpret::read(raw, &reading))) {
            Ok(Ok(mut told)) => {
                told.notes.extend((!parts.is_empty()).then(|| fragment::note(&parts)));
                Outcome::Told(Box::new(told))
            }
            Ok(Err(refusal)) => Outcome::Refused(refusal.reason),
            Err(_) => Outcome::Stuck(FAILED.into()),
        })
    }

    /// What a message over FHIR told stands on the shelf of its source since it came.
    fn understand_fhir(
        &self,
        stored: &StoredMessage,
        source: &SourceSetup,
        profile: &FhirProfile,
    ) -> Result<Outcome, Error> {
        let Some(intake) = &self.intake else {
            return Ok(Outcome::Stuck("what the source told before is out of reach".into()));
        };
        let shelf = intake.shelf_until(&stored.source, stored.id);
        let reading = FhirReading {
            profile,
            system: &source.system,
            time_zone: &self.setup.time_zone,
            message: stored.id,
            received: stored.received,
            shelf: &shelf,
        };
        let control_id = String::from_utf8_lossy(&stored.control_id);
        let told = catch_unwind(AssertUnwindSafe(|| fhir::told(&control_id, &reading)));
        shelf.whole()?;
        Ok(match told {
            Ok(told) => Outcome::Told(Box::new(with_reason(told, stored.reason.as_ref()))),
            Err(_) => Outcome::Stuck(FAILED.into()),
        })
    }
}

/// What a source tells whose charges another source brings.
fn without_charges(mut told: Box<Told>) -> Box<Told> {
    for person in &mut told.people {
        person.facts.retain(|fact| match fact {
            Fact::Activity(_) | Fact::Credit(_) | Fact::Tally(_) => false,
            Fact::Document(_) | Fact::Order(_) => true,
        });
    }
    told
}

const FAILED: &str = "the daemon failed while it read the message";

/// What a message told, with what was not taken of it when it came.
fn with_reason(mut told: Told, reason: Option<&Reason>) -> Told {
    if let Some(reason) = reason {
        if told.ignored.is_some() {
            told.ignored = Some(reason.text.clone());
        } else {
            let place = reason.place.clone().unwrap_or_default();
            told.notes.push(Note { place, words: reason.text.clone() });
        }
    }
    told
}

fn unexplained() -> Reason {
    Reason { place: None, code: 207, text: "refused when it came".into() }
}

impl Read<'_> {
    /// Numbers that it joins or parts.
    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        let told = match &self.outcome {
            Outcome::Told(told) => told.links.as_slice(),
            Outcome::Refused(_) | Outcome::Stuck(_) => &[],
        };
        told.iter()
    }

    /// Every number that it names in links.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        self.links().flat_map(|link| match link {
            Link::Merge { survivor, old } => [survivor, old],
            Link::Split { one, other } => [one, other],
            Link::Move { from, to, .. } => [&from.whose, &to.whose],
        })
    }

    /// What became of the message.
    pub(super) fn state(&self) -> MessageState {
        match &self.outcome {
            Outcome::Told(told) => match &told.ignored {
                Some(why) => MessageState::Ignored(why.clone()),
                None => MessageState::Done,
            },
            Outcome::Refused(reason) => MessageState::Refused(reason.clone()),
            Outcome::Stuck(why) => MessageState::Stuck(why.clone()),
        }
    }
}
