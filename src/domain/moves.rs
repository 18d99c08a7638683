//! Billing accounts that are called otherwise by now, or belong to another person.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Activity, Credit, Document, Fact, Facts, MessageId, Order, PersonId, Tally};

/// A billing account of somebody: the same number of two people is two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountOf<P> {
    /// Whose.
    pub whose: P,
    /// Its number.
    pub number: String,
}

/// What became of accounts. Whatever is told of one that is given up is of the one that goes on,
/// when it is told is no matter; of two words about one account the later counts, so a move back
/// undoes a move, and a chain or a circle has one end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    to: BTreeMap<AccountOf<PersonId>, AccountOf<PersonId>>,
    people: BTreeSet<PersonId>,
}

/// What moves of accounts make of the facts of one person.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The person.
    pub person: PersonId,
    /// Every move that this person's accounts have to do with.
    pub moves: Moves,
    /// What was told of others, on accounts that are this person's by now.
    pub guests: Vec<(PersonId, Fact)>,
}

impl Moves {
    /// What follows from moves, told in this order.
    pub fn in_order(
        told: impl IntoIterator<Item = (AccountOf<PersonId>, AccountOf<PersonId>)>,
    ) -> Moves {
        let mut moves = Moves::default();
        for (from, to) in told {
            moves.people.extend([from.whose, to.whose]);
            moves.put(from, to);
        }
        moves
    }

    /// Whether nothing was moved.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Everybody whom a move names.
    pub fn people(&self) -> impl Iterator<Item = PersonId> {
        self.people.iter().copied()
    }

    /// Everybody else to whom something leads that is told of this person.
    pub fn heirs(&self, of: PersonId) -> BTreeSet<PersonId> {
        let own = self.to.keys().filter(|from| from.whose == of);
        own.map(|from| self.end(from).whose).filter(|end| *end != of).collect()
    }

    /// The account that an account is by now.
    pub fn end<'a>(&'a self, account: &'a AccountOf<PersonId>) -> &'a AccountOf<PersonId> {
        let mut end = account;
        while let Some(next) = self.to.get(end) {
            end = next;
        }
        end
    }

    /// No circle arises: where the account that goes on had led to the one that is given up, that
    /// ends there.
    fn put(&mut self, from: AccountOf<PersonId>, to: AccountOf<PersonId>) {
        if from == to {
            return;
        }
        let mut step = Some(&to);
        while let Some(here) = step.filter(|here| **here != from) {
            step = self.to.get(here);
        }
        if step.is_some() {
            self.to.remove(&to);
        }
        self.to.insert(from, to);
    }
}

impl Moved {
    /// What counts for the person: of what was told of them all that did not move away, and what
    /// was told of others and came here; each on the account that it is on by now.
    pub fn facts(&self, own: &Facts) -> Facts {
        let registrations = own.registrations.iter().cloned().map(|(number, mut told)| {
            told.account = told.account.and_then(|account| self.registered(account));
            (number, told)
        });
        let mut facts = Facts {
            identifiers: own.identifiers.clone(),
            registrations: registrations.collect(),
            ..Facts::default()
        };
        let own = own.all().map(|fact| (self.person, fact));
        let mut all: Vec<Fact> = own
            .chain(self.guests.iter().cloned())
            .filter_map(|(whose, fact)| self.here(whose, fact))
            .collect();
        all.sort_by_key(Fact::message);
        for fact in all {
            facts.take(fact);
        }
        facts
    }

    /// What of a person's own facts counts for another by now.
    pub fn leaving(&self, own: &Facts, heir: PersonId) -> Vec<Fact> {
        let goes = |fact: &Fact| self.end(self.person, fact).is_some_and(|end| end.whose == heir);
        own.all().filter(goes).collect()
    }

    /// What another person's facts leave here: it takes the place of what they left before.
    pub fn receive(&mut self, from: PersonId, left: Vec<Fact>) {
        self.guests.retain(|(whose, _)| *whose != from);
        self.guests.extend(left.into_iter().map(|fact| (from, fact)));
    }

    /// An account by registration that is another's by now is nobody's word for this person.
    fn registered(&self, number: String) -> Option<String> {
        let told = AccountOf { whose: self.person, number };
        let end = self.moves.end(&told);
        (end.whose == self.person).then(|| end.number.clone())
    }

    /// The fact on the account that it is on by now, if that is this person's.
    fn here(&self, whose: PersonId, fact: Fact) -> Option<Fact> {
        match self.end(whose, &fact) {
            None => (whose == self.person).then_some(fact),
            Some(end) if end.whose != self.person => None,
            Some(end) => Some(fact.on(end.number)),
        }
    }

    /// The account that a fact is on by now; `None` if it names none.
    fn end(&self, whose: PersonId, fact: &Fact) -> Option<AccountOf<PersonId>> {
        let number = fact.account().filter(|number| !number.is_empty())?;
        Some(self.moves.end(&AccountOf { whose, number: number.to_owned() }).clone())
    }
}

impl Fact {
    /// The account that it names.
    pub fn account(&self) -> Option<&str> {
        match self {
            Fact::Activity(one) => one.account.as_deref(),
            Fact::Credit(one) => one.account.as_deref(),
            Fact::Document(one) => one.account.as_deref(),
            Fact::Tally(one) => one.account.as_deref(),
            Fact::Order(one) => one.account.as_deref(),
        }
    }

    /// The message that brought it.
    pub fn message(&self) -> MessageId {
        match self {
            Fact::Activity(one) => one.message,
            Fact::Credit(one) => one.message,
            Fact::Document(one) => one.message,
            Fact::Tally(one) => one.message,
            Fact::Order(one) => one.message,
        }
    }

    /// The same on another account.
    fn on(self, account: String) -> Fact {
        if self.account() == Some(account.as_str()) {
            return self;
        }
        let account = Some(account);
        match self {
            Fact::Activity(one) => Fact::Activity(Activity { account, ..(*one).clone() }.into()),
            Fact::Credit(one) => Fact::Credit(Credit { account, ..(*one).clone() }.into()),
            Fact::Document(one) => Fact::Document(Document { account, ..(*one).clone() }.into()),
            Fact::Tally(one) => Fact::Tally(Tally { account, ..(*one).clone() }.into()),
            Fact::Order(one) => Fact::Order(Order { account, ..(*one).clone() }.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    /// `1A` is account A of the first person.
    fn account(text: &str) -> AccountOf<PersonId> {
        let (whose, number) = text.split_at(1);
        AccountOf { whose: PersonId(whose.parse().unwrap()), number: number.to_owned() }
    }

    #[test]
    fn an_account_has_one_end_whatever_was_moved_where() {
        for row in rows(
            "
            | moves                 | of | is |
            |                       | 1A | 1A |
            | 1A>1B                 | 1A | 1B |
            | 1A>1B                 | 1B | 1B |
            | 1A>1B                 | 2A | 2A |
            | 1A>2A                 | 1A | 2A |
            | 1A>1B 1B>1C           | 1A | 1C |
            | 1B>1C 1A>1B           | 1A | 1C |
            | 1A>1B 1B>1A           | 1A | 1A |
            | 1A>1B 1B>1A           | 1B | 1A |
            | 1A>1B 1B>1A 1A>1B     | 1B | 1B |
            | 1A>2A 2A>3A           | 1A | 3A |
            | 1A>2A 2A>3A 3A>1A     | 1A | 1A |
            | 1A>2A 2A>3A 3A>1A     | 2A | 1A |
            | 1A>2A 1A>3A           | 1A | 3A |
            | 1A>2A 1A>3A           | 2A | 2A |
            | 1A>1B 1B>2B           | 1A | 2B |
            | 1A>1A                 | 1A | 1A |
            ",
        ) {
            let told = row["moves"].split_whitespace().map(|one| {
                let (from, to) = one.split_once('>').unwrap();
                (account(from), account(to))
            });
            let moves = Moves::in_order(told);
            assert_eq!(*moves.end(&account(&row["of"])), account(&row["is"]), "{row}");
        }
    }

    #[test]
    fn heirs_are_those_to_whom_something_leads() {
        let told = [("1A", "2A"), ("2A", "3A"), ("1B", "1C")];
        let moves = Moves::in_order(told.map(|(from, to)| (account(from), account(to))));
        let heirs = |of| moves.heirs(PersonId(of)).into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!((heirs(1), heirs(2), heirs(3)), (vec![3], vec![3], vec![]));
        assert_eq!(moves.people().count(), 3);
    }
}
