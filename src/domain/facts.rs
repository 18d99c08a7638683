//! Everything that messages told of one person, each thing once.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    AccountOf, Activity, Credit, Document, Identifier, MessageId, Moment, Order, Phi, Share, Tally,
};

/// One thing that a message told of a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fact {
    /// Something was done.
    Activity(Arc<Activity>),
    /// Something is taken back.
    Credit(Arc<Credit>),
    /// A document stands, or no longer stands.
    Document(Arc<Document>),
    /// Fractions are counted.
    Tally(Arc<Tally>),
    /// Something was ordered, or no longer is.
    Order(Arc<Order>),
}

/// What makes two tellings the same fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey(pub String);

/// What a message says about whose numbers are whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The old number means the survivor from now on (A18, A34, A40, A47).
    Merge {
        /// Whose number goes on.
        survivor: Identifier,
        /// The number that is given up.
        old: Identifier,
    },
    /// Two numbers that were merged are two people after all (A37).
    Split {
        /// The one.
        one: Identifier,
        /// The other.
        other: Identifier,
    },
    /// What is told of one account is of the other from now on (A35, A41, A44, A49).
    Move {
        /// The account that is given up, or leaves its person.
        from: AccountOf<Identifier>,
        /// The account that goes on.
        to: AccountOf<Identifier>,
        /// When the message that says so was made: the later of two words counts.
        told: Moment,
        /// That message.
        message: MessageId,
    },
}

/// Who a person is, as registration or other messages told. `None` means nobody told;
/// an empty text means that it is known to be none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registration {
    /// Family name, given name and what follows, as components of a name.
    pub name: Option<Phi<Vec<String>>>,
    /// Birth date as told, digits only.
    pub birth_date: Option<Phi<String>>,
    /// Administrative sex.
    pub sex: Option<String>,
    /// Billing account.
    pub account: Option<String>,
    /// Payer id.
    pub payer: Option<String>,
    /// Whether an ADT message told it; others add only what nobody told yet.
    pub registered: bool,
}

/// What was told of one person.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Numbers that mean this person; the first is the one that goes on.
    pub identifiers: Vec<Identifier>,
    /// Who they are, as told under each number.
    pub registrations: Vec<(Identifier, Registration)>,
    /// What was done, in the order in which it was first told.
    pub activities: Vec<Arc<Activity>>,
    /// What takes something back, in the order in which it was told.
    pub credits: Vec<Arc<Credit>>,
    /// Documents, in the order in which they were first told.
    pub documents: Vec<Arc<Document>>,
    /// Counts of fractions, in the order in which they were first told.
    pub tallies: Vec<Arc<Tally>>,
    /// What was said about orders, in the order in which it was first told.
    pub orders: Vec<Arc<Order>>,
}

impl Fact {
    /// The key.
    pub fn key(&self) -> FactKey {
        FactKey(match self {
            Fact::Activity(a) => {
                let share = match a.share {
                    Share::Whole => "",
                    Share::Technical => "|technical",
                    Share::Professional => "|professional",
                };
                format!("a|{}|{}|{}{share}", a.key.system, a.key.number, a.key.name)
            }
            Fact::Credit(c) => format!("c|{}|{}|{}", c.system, c.number, c.of),
            Fact::Document(d) => format!("d|{}|{}", d.key.system, d.key.number),
            Fact::Tally(t) => format!("t|{}|{}", t.system, t.number),
            Fact::Order(o) => format!("o|{}", o.said()),
        })
    }
}

impl Facts {
    /// Takes a fact in. Gives it back as it now stands if that is news; `None` if it was known.
    pub fn take(&mut self, fact: Fact) -> Option<Fact> {
        match fact {
            Fact::Activity(told) => self.take_activity(told).map(Fact::Activity),
            Fact::Credit(told) => self.take_credit(told).map(Fact::Credit),
            Fact::Document(told) => self.take_document(told).map(Fact::Document),
            Fact::Tally(told) => self.take_tally(told).map(Fact::Tally),
            Fact::Order(told) => self.take_order(told).map(Fact::Order),
        }
    }

    /// Each fact.
    pub fn all(&self) -> impl Iterator<Item = Fact> {
        let activities = self.activities.iter().cloned().map(Fact::Activity);
        let credits = self.credits.iter().cloned().map(Fact::Credit);
        let documents = self.documents.iter().cloned().map(Fact::Document);
        let tallies = self.tallies.iter().cloned().map(Fact::Tally);
        let orders = self.orders.iter().cloned().map(Fact::Order);
        activities.chain(credits).chain(documents).chain(tallies).chain(orders)
    }

    /// Takes in who the person is, as told under one number. Gives back what is now known under
    /// it, if that is news.
    pub fn register(
        &mut self,
        identifier: &Identifier,
        told: Registration,
    ) -> Option<Registration> {
        let known = self.registrations.iter_mut().find(|(number, _)| number == identifier);
        let known = match known {
            Some((_, known)) => known,
            None => {
                self.registrations.push((identifier.clone(), Registration::default()));
                &mut self.registrations.last_mut()?.1
            }
        };
        known.take(told).then(|| known.clone())
    }

    /// Who the person is: as told under the number that goes on, filled up from the others.
    pub fn registration(&self) -> Registration {
        let mut who = Registration::default();
        for identifier in &self.identifiers {
            let told = self.registrations.iter().find(|(number, _)| number == identifier);
            if let Some((_, told)) = told {
                who.take(Registration { registered: false, ..told.clone() });
            }
        }
        who.registered = self.registrations.iter().any(|(_, told)| told.registered);
        who
    }

    fn take_activity(&mut self, told: Arc<Activity>) -> Option<Arc<Activity>> {
        let same = |known: &&mut Arc<Activity>| known.key == told.key && known.share == told.share;
        let Some(known) = self.activities.iter_mut().find(same) else {
            self.activities.push(Arc::clone(&told));
            return Some(told);
        };
        let news = told.amends(known)?;
        *known = Arc::new(news);
        Some(Arc::clone(known))
    }

    fn take_credit(&mut self, told: Arc<Credit>) -> Option<Arc<Credit>> {
        let same = |known: &Arc<Credit>| {
            known.system == told.system && known.number == told.number && known.of == told.of
        };
        if self.credits.iter().any(same) {
            return None;
        }
        self.credits.push(Arc::clone(&told));
        Some(told)
    }

    fn take_document(&mut self, told: Arc<Document>) -> Option<Arc<Document>> {
        let Some(known) = self.documents.iter_mut().find(|known| known.key == told.key) else {
            self.documents.push(Arc::clone(&told));
            return Some(told);
        };
        let older = told.posted < known.posted;
        let same = Document { posted: known.posted, message: known.message, ..(*told).clone() };
        if older || same == **known {
            return None;
        }
        *known = Arc::clone(&told);
        Some(told)
    }

    fn take_tally(&mut self, told: Arc<Tally>) -> Option<Arc<Tally>> {
        let same =
            |known: &&mut Arc<Tally>| known.system == told.system && known.number == told.number;
        let Some(known) = self.tallies.iter_mut().find(same) else {
            self.tallies.push(Arc::clone(&told));
            return Some(told);
        };
        let says_the_same = Tally { told: known.told, message: known.message, ..(*told).clone() };
        if told.told < known.told || says_the_same == **known {
            return None;
        }
        *known = Arc::clone(&told);
        Some(told)
    }

    /// What was said before is news only where it is said later.
    fn take_order(&mut self, told: Arc<Order>) -> Option<Arc<Order>> {
        let Some(known) = self.orders.iter_mut().find(|known| known.says_as(&told)) else {
            self.orders.push(Arc::clone(&told));
            return Some(told);
        };
        if told.posted <= known.posted {
            return None;
        }
        *known = Arc::clone(&told);
        Some(told)
    }
}

impl Activity {
    /// This telling of an activity, as the newer one of two; `None` if it says nothing new.
    /// When it was posted stays what it was: the first telling brought the charge.
    fn amends(&self, known: &Activity) -> Option<Activity> {
        let earliest = self.posted.min(known.posted);
        let amended = Activity {
            posted: earliest,
            message: known.message,
            control_id: known.control_id.clone(),
            ..self.clone()
        };
        let outweighed = match self.weight.cmp(&known.weight) {
            Ordering::Less => true,
            Ordering::Equal => self.told < known.told,
            Ordering::Greater => false,
        };
        let newest_told = match self.weight == known.weight {
            true => self.told.max(known.told),
            false if outweighed => known.told,
            false => self.told,
        };
        let stands = if outweighed { known.clone() } else { amended };
        let stands = Activity { posted: earliest, told: newest_told, ..stands };
        let told_apart = Activity { told: known.told, ..stands.clone() };
        (told_apart != *known).then_some(stands)
    }
}

impl Registration {
    /// Takes in what a message told of the person. ADT outweighs; others fill what is missing.
    /// Whether anything changed.
    pub fn take(&mut self, told: Registration) -> bool {
        let before = self.clone();
        let outweighs = told.registered;
        settle(&mut self.name, told.name, outweighs);
        settle(&mut self.birth_date, told.birth_date, outweighs);
        settle(&mut self.sex, told.sex, outweighs);
        settle(&mut self.account, told.account, outweighs);
        settle(&mut self.payer, told.payer, outweighs);
        self.registered |= told.registered;
        before != *self
    }
}

fn settle<T>(known: &mut Option<T>, told: Option<T>, outweighs: bool) {
    if told.is_some() && (outweighs || known.is_none()) {
        *known = told;
    }
}
