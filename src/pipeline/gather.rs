//! Messages of a run, gathered by the person they are about, each person judged once.

use std::collections::HashMap;

use crate::domain::{Fact, Identifier, MessageId, MessageState, PersonId};
use crate::store::{BookedMessage, Error, NewFact, Part};

use super::judge::{Dossier, safely};
use super::read::{Outcome, Read};
use super::{Pipeline, book};

/// What is to be booked of one person, with what is known of them once it is.
pub(super) struct Gathered {
    pub(super) part: Part,
    pub(super) dossier: Option<Dossier>,
    pub(super) messages: Vec<MessageId>,
    news: bool,
}

impl Pipeline {
    /// Gathers what a run of messages tells and judges every person it is news of; all of them
    /// where something moved at the first look.
    pub(super) fn gather(
        &mut self,
        reads: &[Read<'_>],
        look: Look,
    ) -> Result<Vec<Gathered>, Error> {
        let mut gathered: Vec<Gathered> = Vec::new();
        let mut places: HashMap<Option<Place>, usize> = HashMap::new();
        for read in reads {
            let mut booked = false;
            for (identifier, person) in self.subjects(read)? {
                let place = self.place(&mut gathered, &mut places, &identifier, person)?;
                let one = &mut gathered[place];
                if !booked {
                    one.part.messages.push(book::message(read, Some(&identifier)));
                    booked = true;
                }
                one.take(read, &identifier);
            }
            if !booked {
                let place = nobody(&mut gathered, &mut places);
                gathered[place].part.messages.push(book::message(read, None));
                gathered[place].messages.push(read.stored.id);
            }
        }
        for one in &mut gathered {
            one.news |= look == Look::Again && one.dossier.is_some();
        }
        let linked = reads.iter().any(|read| read.links().next().is_some());
        let inherited = self.bring_heirs(&mut gathered, &mut places, linked)?;
        for one in gathered.iter_mut().filter(|one| one.news) {
            self.judge_gathered(one);
        }
        for (giver, heir) in inherited {
            let stuck = |place: usize| gathered[place].dossier.is_none();
            if stuck(giver) || stuck(heir) {
                gathered[giver].stick();
                gathered[heir].stick();
            }
        }
        Ok(gathered)
    }

    /// News of a person some of whose accounts are another's by now is news of the other; where
    /// a number or an account has just moved, of everybody who had to do with those accounts. Gives
    /// the places of those who gave and those who got: they are booked together or not at all.
    fn bring_heirs(
        &mut self,
        gathered: &mut Vec<Gathered>,
        places: &mut HashMap<Option<Place>, usize>,
        linked: bool,
    ) -> Result<Vec<(usize, usize)>, Error> {
        let mut inherited = Vec::new();
        for giver in 0..gathered.len() {
            let one = &gathered[giver];
            let moved = one.dossier.as_ref().and_then(|dossier| dossier.moved.as_ref());
            let Some(moved) = moved.filter(|_| one.news) else { continue };
            let person = moved.person;
            let touched: Vec<PersonId> = match linked {
                true => moved.moves.people().filter(|other| *other != person).collect(),
                false => moved.moves.heirs(person).into_iter().collect(),
            };
            for heir in touched {
                let Some(identifier) = self.books.identifiers_of(heir)?.into_iter().next() else {
                    continue;
                };
                let place = self.place(gathered, places, &identifier, Some(heir))?;
                let left = gathered[giver].leaving(heir);
                let messages = gathered[giver].messages.clone();
                gathered[place].inherit((person, left), messages);
                inherited.push((giver, place));
            }
        }
        Ok(inherited)
    }

    /// The numbers that a message is about, with the person they mean, if anyone knows them.
    fn subjects(&mut self, read: &Read<'_>) -> Result<Vec<(Identifier, Option<PersonId>)>, Error> {
        let Outcome::Told(told) = &read.outcome else {
            return Ok(Vec::new());
        };
        let mut named: Vec<Identifier> = Vec::new();
        let people = told.people.iter().map(|person| &person.identifier);
        for identifier in people.chain(read.identifiers()) {
            if !named.contains(identifier) {
                named.push(identifier.clone());
            }
        }
        let mut subjects = Vec::new();
        for identifier in named {
            let person = self.person_of(&identifier)?;
            subjects.push((identifier, person));
        }
        Ok(subjects)
    }

    fn person_of(&mut self, identifier: &Identifier) -> Result<Option<PersonId>, Error> {
        if let Some(person) = self.numbers.get(identifier) {
            return Ok(Some(*person));
        }
        let person = self.books.person_of(identifier)?;
        if let Some(person) = person {
            self.numbers.put(identifier.clone(), person);
        }
        Ok(person)
    }

    fn place(
        &mut self,
        gathered: &mut Vec<Gathered>,
        places: &mut HashMap<Option<Place>, usize>,
        identifier: &Identifier,
        person: Option<PersonId>,
    ) -> Result<usize, Error> {
        let key = Some(match person {
            Some(person) => Place::Known(person),
            None => Place::New(identifier.clone()),
        });
        if let Some(place) = places.get(&key) {
            return Ok(*place);
        }
        let dossier = match person {
            Some(person) => self.dossier(person)?,
            None => Dossier::new(identifier.clone()),
        };
        gathered.push(Gathered {
            part: Part { person: Some(identifier.clone()), ..Part::default() },
            dossier: Some(dossier),
            messages: Vec::new(),
            news: false,
        });
        places.insert(key, gathered.len() - 1);
        Ok(gathered.len() - 1)
    }

    pub(super) fn dossier(&mut self, person: PersonId) -> Result<Dossier, Error> {
        match self.people.pop(&person) {
            Some(dossier) => Ok(dossier),
            None => Ok(Dossier::from(self.books.load(person)?)),
        }
    }

    /// Judges a person of whom there is news. If we fail, the messages that brought the news are
    /// stuck, and nothing of them is on the books.
    fn judge_gathered(&self, one: &mut Gathered) {
        let Some(dossier) = &one.dossier else {
            return;
        };
        let news = dossier.news(&self.setup);
        let digest = self.setup.tables.digest();
        if dossier.judged_by.as_deref() != Some(digest) {
            one.part.judged_by = Some(digest.to_owned());
        }
        match safely(|| dossier.judge(&self.setup, news)) {
            Some(changes) => book::changes(&mut one.part, &dossier.lines, changes, &self.setup),
            None => {
                one.stick();
                tracing::error!(
                    "the daemon failed while it judged a person; the messages are stuck"
                );
            }
        }
    }
}

/// Whose part a message goes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Known(PersonId),
    New(Identifier),
}

fn nobody(gathered: &mut Vec<Gathered>, places: &mut HashMap<Option<Place>, usize>) -> usize {
    *places.entry(None).or_insert_with(|| {
        gathered.push(Gathered {
            part: Part::default(),
            dossier: None,
            messages: Vec::new(),
            news: false,
        });
        gathered.len() - 1
    })
}

/// Whether a run is looked at for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    First,
    Again,
}

impl Gathered {
    /// What of this person's facts counts for another.
    fn leaving(&self, heir: PersonId) -> Vec<Fact> {
        let dossier = self.dossier.as_ref();
        let moved = dossier.and_then(|dossier| Some((dossier, dossier.moved.as_ref()?)));
        moved.map(|(dossier, moved)| moved.leaving(&dossier.facts, heir)).unwrap_or_default()
    }

    /// Takes in what counts here of the facts of another.
    fn inherit(&mut self, (from, left): (PersonId, Vec<Fact>), messages: Vec<MessageId>) {
        if let Some(moved) = self.dossier.as_mut().and_then(|dossier| dossier.moved.as_mut()) {
            moved.receive(from, left);
        }
        self.messages.extend(messages);
        self.news = true;
    }

    /// Takes in what a message tells of the person under one number.
    fn take(&mut self, read: &Read<'_>, identifier: &Identifier) {
        let (Outcome::Told(told), Some(dossier)) = (&read.outcome, &mut self.dossier) else {
            return;
        };
        if self.messages.last() != Some(&read.stored.id) {
            self.messages.push(read.stored.id);
        }
        self.news |= read.links().next().is_some();
        for person in told.people.iter().filter(|person| person.identifier == *identifier) {
            if !dossier.facts.identifiers.contains(identifier) {
                dossier.facts.identifiers.push(identifier.clone());
            }
            let registered = dossier.facts.register(identifier, person.registration.clone());
            if let Some(registration) = registered {
                self.part.registrations.retain(|(number, _)| number != identifier);
                self.part.registrations.push((identifier.clone(), registration));
                self.news = true;
            }
            for fact in &person.facts {
                if let Some(fact) = dossier.facts.take(fact.clone()) {
                    let key = fact.key();
                    self.part.facts.retain(|known| known.fact.key() != key);
                    self.part.facts.push(NewFact {
                        identifier: identifier.clone(),
                        message: read.stored.id,
                        fact,
                    });
                    self.news = true;
                }
            }
        }
    }

    fn stick(&mut self) {
        self.part = self.stuck();
        self.dossier = None;
    }

    /// The part with nothing but its messages, each of them stuck.
    pub(super) fn stuck(&self) -> Part {
        let why = "the daemon failed while it judged what the message tells";
        let messages: Vec<_> = self
            .part
            .messages
            .iter()
            .map(|message| BookedMessage {
                state: MessageState::Stuck(why.into()),
                ..message.clone()
            })
            .collect();
        let entries = messages.iter().map(book::entry_of).collect();
        Part { person: self.part.person.clone(), messages, entries, ..Part::default() }
    }
}
