//! The same charges as several sources of a site tell them, held against each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{Activity, Clock, Fact, Field, Identifier, Moment, ProcedureCode, Weight};
use crate::store::{Books, Error, Intake, StoredMessage};

use super::read::Outcome;
use super::{Pipeline, Setup};

const RUN_MESSAGES_MAX: usize = 1_000;
const RUN_BYTES_MAX: usize = 16 << 20;

/// A charge that two sources tell otherwise, or only one of them tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The day of service, as the first source tells it.
    pub day: Date,
    /// Of whom.
    pub patient: Identifier,
    /// The number of the charge.
    pub number: String,
    /// What differs, in words.
    pub what: String,
    /// The sources.
    pub sources: (String, String),
}

/// A charge as one source tells it.
struct Telling {
    patient: Identifier,
    day: Date,
    name: String,
    units: String,
    code: Option<ProcedureCode>,
    diagnoses: Vec<String>,
    stands: bool,
    told: Moment,
    weight: Weight,
}

/// What each source tells of each number.
type Tellings = BTreeMap<(String, String), BTreeMap<Arc<str>, Telling>>;

/// Holds what all sources told against each other, charge by charge, in the order of their numbers.
/// Days count by the first source that tells a charge.
///
/// # Errors
/// When the store cannot be read.
pub fn feeds(
    intake: &Arc<Intake>,
    setup: Setup,
    told: &dyn Fn(u64),
) -> Result<Vec<Differing>, Error> {
    let mut setup = setup;
    for source in &mut setup.sources {
        source.bills = true;
    }
    let books = Arc::new(Books::open_in_memory()?);
    let reader = Pipeline::new(books, setup, Arc::new(Stopped)).reading(Arc::clone(intake));
    let mut tellings = Tellings::new();
    let mut after = crate::domain::MessageId(0);
    loop {
        let run = intake.read_after(after, RUN_MESSAGES_MAX, RUN_BYTES_MAX)?;
        let Some(last) = run.last() else { break };
        after = last.id;
        for message in &run {
            listen(&reader, message, &mut tellings)?;
        }
        told(run.len() as u64);
    }
    Ok(differing(&tellings))
}

/// Nothing is booked here, so nobody asks what time it is.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

fn listen(
    reader: &Pipeline,
    message: &StoredMessage,
    tellings: &mut Tellings,
) -> Result<(), Error> {
    let read = reader.read(message)?;
    let Outcome::Told(told) = read.outcome else {
        return Ok(());
    };
    for person in told.people {
        for fact in person.facts {
            match fact {
                Fact::Activity(one) if is_numbered(&one) => {
                    let key = (one.key.system.clone(), one.key.number.clone());
                    let of_number = tellings.entry(key).or_default();
                    let telling = Telling::of(&one, &person.identifier);
                    match of_number.get_mut(&message.source) {
                        Some(known) => known.take(telling),
                        None => {
                            of_number.insert(Arc::clone(&message.source), telling);
                        }
                    }
                }
                Fact::Credit(credit) => {
                    let key = (credit.system.clone(), credit.of.clone());
                    let of_number = tellings.get_mut(&key);
                    if let Some(known) = of_number.and_then(|it| it.get_mut(&message.source)) {
                        known.stands = false;
                    }
                }
                Fact::Activity(_) | Fact::Document(_) | Fact::Tally(_) | Fact::Order(_) => {}
            }
        }
    }
    Ok(())
}

/// Whether the number is a charge's: that of a treated fraction is one of its images' kind, which
/// no other source has.
fn is_numbered(one: &Activity) -> bool {
    let number = &one.key.number;
    let is_uid = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && number.bytes().filter(|byte| *byte == b'.').count() > 1;
    !is_uid && !number.contains(['~', '/', '|'])
}

impl Telling {
    fn of(one: &Activity, patient: &Identifier) -> Telling {
        let units = match &one.quantity {
            Field::Read(quantity) => quantity.get().to_string(),
            Field::Unreadable(_) => "unreadable".to_owned(),
        };
        Telling {
            patient: patient.clone(),
            day: one.done.date,
            name: one.key.name.clone(),
            units,
            code: one.chosen,
            diagnoses: one.diagnoses.iter().map(|it| it.as_str().to_owned()).collect(),
            stands: one.standing.is_done(),
            told: one.told,
            weight: one.weight,
        }
    }

    fn take(&mut self, newer: Telling) {
        if (newer.weight, newer.told) >= (self.weight, self.told) {
            *self = newer;
        }
    }

    /// What differs from another telling.
    fn against(&self, other: &Telling) -> Vec<String> {
        let mut found = Vec::new();
        let mut held = |what: &str, one: &str, other: &str| {
            if one != other {
                found.push(format!("{what} {one} and {other}"));
            }
        };
        if self.patient != other.patient {
            held("patient", "the one", "another");
        }
        held("day", &self.day.to_string(), &other.day.to_string());
        held("activity", &self.name, &other.name);
        held("units", &self.units, &other.units);
        if let (Some(one), Some(another)) = (self.code, other.code) {
            held("code", one.as_str(), another.as_str());
        }
        held("diagnoses", &self.diagnoses.join(" "), &other.diagnoses.join(" "));
        found
    }
}

fn differing(tellings: &Tellings) -> Vec<Differing> {
    let days = days(tellings);
    let mut found = Vec::new();
    for ((_, number), by_source) in tellings {
        for (source, one) in by_source.iter().filter(|(_, one)| one.stands) {
            for (other, (first, last)) in days.iter().filter(|(name, _)| *name != source) {
                let what = match by_source.get(other) {
                    Some(another) if another.stands && source < other => {
                        one.against(another).join("; ")
                    }
                    Some(another) if another.stands => String::new(),
                    Some(_) => format!("{other} took it back"),
                    None if one.day < *first || one.day > *last => String::new(),
                    None => format!("{other} does not tell it"),
                };
                if !what.is_empty() {
                    found.push(Differing {
                        day: one.day,
                        patient: one.patient.clone(),
                        number: number.clone(),
                        what,
                        sources: (source.to_string(), other.to_string()),
                    });
                }
            }
        }
    }
    found
}

/// The days of which each source tells charges that another tells too: only of those can it be
/// asked why it tells one not.
fn days(tellings: &Tellings) -> BTreeMap<Arc<str>, (Date, Date)> {
    let mut days: BTreeMap<Arc<str>, (Date, Date)> = BTreeMap::new();
    for by_source in tellings.values().filter(|by_source| by_source.len() > 1) {
        for (source, one) in by_source {
            let known = days.entry(Arc::clone(source)).or_insert((one.day, one.day));
            *known = (known.0.min(one.day), known.1.max(one.day));
        }
    }
    days
}
