//! FHIR: what resources tell, each by what its source knows of its course, plan and session.
//!
//! A resource is told by its profile, then by its code and its type, then by the site's own
//! systems; never by a code alone. What it told before and no longer tells is taken back.

mod activity;
mod chain;
mod document;
mod fraction;
mod node;
mod objection;
mod opened;
mod patient;
mod people;
mod retold;

use std::sync::Arc;

use crate::domain::{
    Activity, ActivityStanding, Document, Fact, FactKey, Identifier, MessageId, Moment, Objection,
    Place, Resource, Shelf, Standing, Tally,
};
use crate::mappings::FhirProfile;

use super::{Note, Person, Told};
use opened::{Desk, Opened};

/// The version of FHIR that is read.
const VERSION: &str = "4.0.1";

/// How a message over FHIR is to be read.
#[derive(Clone, Copy)]
pub struct FhirReading<'a> {
    /// How its source writes.
    pub profile: &'a FhirProfile,
    /// The numbering that its source's numbers belong to.
    pub system: &'a str,
    /// Where the site is.
    pub time_zone: &'a jiff::tz::TimeZone,
    /// The number that the message was stored under.
    pub message: MessageId,
    /// When it came.
    pub received: jiff::Timestamp,
    /// What its source has told so far, this message with it.
    pub shelf: &'a dyn Shelf,
}

/// What one resource tells.
#[derive(Default)]
struct Heard {
    /// Of whom.
    who: Option<Identifier>,
    facts: Vec<Fact>,
    notes: Vec<Note>,
}

/// Reads what a message told.
pub fn told(control_id: &str, reading: &FhirReading<'_>) -> Told {
    let desk = Desk::new(reading);
    let resources = reading.shelf.told_by(reading.message);
    let mut told = Told {
        control_id: control_id.to_owned(),
        trigger: trigger(&resources),
        version: VERSION.to_owned(),
        made: Moment::at(reading.received.to_zoned(reading.time_zone.clone()).datetime()),
        people: Vec::new(),
        links: Vec::new(),
        ignored: None,
        notes: Vec::new(),
        kept: Vec::new(),
    };
    for (kind, id) in retold::keys(&resources) {
        let Some(now) = desk.at(&kind, &id) else { continue };
        let before = reading.shelf.before(&kind, &id, reading.message);
        let before = before.and_then(|resource| desk.opened(&resource));
        desk.compared(&now, before.as_deref(), &mut told);
    }
    let (dependents, more) = retold::dependents(&desk, &resources);
    for resource in dependents {
        desk.hear_into(&resource, &mut told);
    }
    if more {
        let words = "more refers to this than is told anew for one message: send again what is \
                     to follow it";
        told.notes.push(Note { place: Place::default(), words: words.to_owned() });
    }
    if told.people.is_empty() && told.links.is_empty() && told.ignored.is_none() {
        told.ignored = Some(match resources.is_empty() {
            true => "it says nothing that is not known already".to_owned(),
            false => "nothing in it was done for a patient".to_owned(),
        });
    }
    told
}

/// What stands against a resource, as a source of facts.
pub fn objections(resource: &Resource, reading: &FhirReading<'_>) -> Vec<Objection> {
    let desk = Desk::new(reading);
    match (resource.is_gone, desk.fresh(resource)) {
        (false, Some(opened)) => desk.objections(&opened),
        (_, _) => Vec::new(),
    }
}

/// The patient that a resource is about, as the shelf keeps it; empty if it is about none, or
/// nobody known.
pub fn whose(resource: &Resource, reading: &FhirReading<'_>) -> String {
    let desk = Desk::new(reading);
    desk.fresh(resource).map(|opened| desk.whose(&opened)).unwrap_or_default()
}

fn trigger(resources: &[Arc<Resource>]) -> String {
    match resources {
        [] => "FHIR".to_owned(),
        [one] => one.kind.clone(),
        [first, rest @ ..] if rest.iter().all(|one| one.kind == first.kind) => first.kind.clone(),
        [_, ..] => "Bundle".to_owned(),
    }
}

impl Desk<'_> {
    /// What a resource tells now; and what it told before and no longer tells, taken back.
    fn compared(&self, now: &Opened, before: Option<&Opened>, told: &mut Told) {
        if now.kind() == "Patient" {
            self.registered(now, before, told);
            return;
        }
        let known: Vec<Fact> = before.map(|it| self.hear(it).facts).unwrap_or_default();
        let whose = before.and_then(|it| self.hear(it).who);
        let keys = self.hear_into(now, told);
        // Told of another person now, it is gone for the first.
        let moved = whose.is_some() && self.hear(now).who != whose;
        let gone = known.into_iter().filter(|fact| moved || !keys.contains(&fact.key()));
        let gone: Vec<Fact> = gone.map(|fact| undone(fact, now.told(self))).collect();
        if let (Some(who), false) = (whose, gone.is_empty()) {
            let words = match now.is_gone() {
                true => "deleted at the source: what it earned is undone",
                false => "no longer says what it said: what that earned is undone",
            };
            told.notes.push(note(now, "", words));
            person(told, &who).facts.extend(gone);
        }
    }

    /// Adds what a resource tells; the keys of it.
    fn hear_into(&self, one: &Opened, told: &mut Told) -> Vec<FactKey> {
        let heard = self.hear(one);
        let keys = heard.facts.iter().map(Fact::key).collect();
        told.notes.extend(heard.notes);
        if let Some(who) = heard.who {
            person(told, &who).facts.extend(heard.facts);
        } else if !retold::is_used(one.kind()) && !told.kept.iter().any(|it| it == one.kind()) {
            told.kept.push(one.kind().to_owned());
        }
        keys
    }

    /// What a resource tells.
    fn hear(&self, one: &Opened) -> Heard {
        if one.is_gone() {
            return Heard::default();
        }
        match one.kind() {
            "ChargeItem" => self.charge_item(one),
            "Appointment" => self.appointment(one),
            "Task" => self.task(one),
            "Procedure" => self.procedure(one),
            "DocumentReference" => self.document(one),
            _ => Heard { who: self.who(one), ..Heard::default() },
        }
    }
}

/// The person of a message, opened if need be.
fn person<'t>(told: &'t mut Told, who: &Identifier) -> &'t mut Person {
    let place = told.people.iter().position(|person| person.identifier == *who);
    let place = place.unwrap_or_else(|| {
        let registration = crate::domain::Registration::default();
        told.people.push(Person { identifier: who.clone(), registration, facts: Vec::new() });
        told.people.len() - 1
    });
    &mut told.people[place]
}

/// A fact, taken back at a moment.
fn undone(fact: Fact, at: Moment) -> Fact {
    match fact {
        Fact::Activity(one) => Fact::Activity(Arc::new(Activity {
            told: at.max(one.told),
            standing: ActivityStanding::TakenBack,
            ..Arc::unwrap_or_clone(one)
        })),
        Fact::Document(one) => Fact::Document(Arc::new(Document {
            posted: at.max(one.posted),
            standing: Standing::Withdrawn,
            ..Arc::unwrap_or_clone(one)
        })),
        Fact::Tally(one) => Fact::Tally(Arc::new(Tally {
            told: at.max(one.told),
            delivered: 0,
            ..Arc::unwrap_or_clone(one)
        })),
        Fact::Credit(one) => Fact::Credit(one),
        Fact::Order(one) => Fact::Order(one),
    }
}

/// A note with its place: the resource, and the element below it.
fn note(one: &Opened, element: &str, words: &str) -> Note {
    let dot = if element.is_empty() { "" } else { "." };
    let segment = format!("{}/{}{dot}{element}", one.kind(), one.id());
    Note { place: Place { segment, occurrence: 1, field: 0 }, words: words.to_owned() }
}
