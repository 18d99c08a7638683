//! DFT: what was done, and what is taken back.

use std::sync::Arc;

use crate::domain::{Activity, Fact, Refusal};
use crate::mappings::source::Spelling;

use super::charge::Line;
use super::key::Numbers;
use super::opened::Opened;
use super::{Note, Reader, Told, finding, person};

pub(super) const READER: Reader = Reader {
    kind: "DFT",
    says: "Each FT1, with the course segment behind it, is something done or taken back.",
    uses: &["MSH", "EVN", "PID", "PV1", "IN1", "FT1", "DG1", "PRT", "ZRT"],
    read,
};

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    let mut numbers = Numbers::default();
    for part in opened.persons() {
        let mut person = person::person(opened, &part)?;
        for group in part.groups("FT1") {
            let line = Line { opened, person: &part, line: &group, identifier: &person.identifier };
            match fact(&line, &mut numbers)? {
                Ok(fact) => {
                    let fact = told_apart(fact, &line, &person.facts);
                    person.facts.push(fact);
                }
                Err(note) => told.notes.push(note),
            }
        }
        told.people.push(person);
    }
    if told.people.iter().all(|person| person.facts.is_empty()) {
        let why = match opened.message.segment("FT1") {
            Some(_) => "no FT1 tells of anything done or taken back",
            None => "there is no FT1: there is nothing to do",
        };
        told.ignored = Some(why.to_owned());
    }
    Ok(())
}

/// Some sources number orders and not lines: two lines of one message that share number and name
/// and yet are two things. The later gets a number of its own and a word for whoever must look;
/// else it would take the place of the earlier.
fn told_apart(fact: Fact, line: &Line<'_>, before: &[Fact]) -> Fact {
    let Fact::Activity(told) = &fact else {
        return fact;
    };
    let same =
        |known: &&Activity| known.key.name == told.key.name && is_of(known, &told.key.number);
    let known: Vec<&Activity> = before.iter().filter_map(activity).filter(same).collect();
    if known.is_empty() || known.iter().any(|known| is_one_thing(known, told)) {
        return fact;
    }
    let mut apart = Activity::clone(told);
    apart.key.number = format!("{}{APART}{}", told.key.number, known.len() + 1);
    let spot = &line.opened.reading.profile.activity.number;
    apart.unreadable.push(finding::words(line.line, spot, "one number for two different lines"));
    Fact::Activity(Arc::new(apart))
}

/// Between a number that names two things and what tells them apart.
const APART: &str = "~";

fn activity(fact: &Fact) -> Option<&Activity> {
    match fact {
        Fact::Activity(activity) => Some(activity),
        Fact::Credit(_) | Fact::Document(_) | Fact::Tally(_) | Fact::Order(_) => None,
    }
}

fn is_of(known: &Activity, number: &str) -> bool {
    let rest = known.key.number.strip_prefix(number);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(APART))
}

fn is_one_thing(known: &Activity, told: &Activity) -> bool {
    known.done == told.done
        && known.share == told.share
        && known.chosen == told.chosen
        && known.session == told.session
}

/// What a line tells; a note if it is not for us.
fn fact(line: &Line<'_>, numbers: &mut Numbers) -> Result<Result<Fact, Note>, Refusal> {
    let profile = line.opened.reading.profile;
    let direction = line.line.at(&profile.activity.direction).code().into_owned();
    let is = |spellings: &[String]| Spelling::is(spellings, &direction);
    if is(&profile.spelling.not_ours) {
        let place = finding::place(line.line, &profile.activity.direction);
        let words = format!("{direction} moves money and tells of nothing done; kept, not used");
        return Ok(Err(Note { place, words }));
    }
    if is(&profile.spelling.credit) {
        return line.credit(numbers).map(|credit| Ok(Fact::Credit(Arc::new(credit))));
    }
    let mut activity = line.activity(numbers)?;
    if !is(&profile.spelling.charge) {
        let words = "neither a charge nor a credit";
        activity.unreadable.push(finding::words(line.line, &profile.activity.direction, words));
    }
    Ok(Ok(Fact::Activity(Arc::new(activity))))
}
