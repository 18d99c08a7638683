//! What a person told: the facts stand in the message as they are.

use std::sync::Arc;

use crate::domain::{
    Activity, Answer, BY_HAND, Credit, Document, Fact, MessageId, Moment, Order, Reason, Refusal,
    Registration, Tally, ToldByHand, Who,
};

use super::{Person, Told};

/// Code of table 0357 for what cannot be read.
const UNREADABLE: u16 = 207;

/// Reads what a person told.
pub fn told_by_hand(raw: &[u8], message: MessageId, made: Moment) -> Result<Told, Refusal> {
    let told: ToldByHand = serde_json::from_slice(raw).map_err(|error| Refusal {
        answer: Answer::Error,
        reason: Reason { place: None, code: UNREADABLE, text: error.to_string() },
    })?;
    let person = Person {
        identifier: told.patient,
        registration: Registration::default(),
        facts: told.facts.into_iter().map(|fact| brought_by(fact, message)).collect(),
    };
    let note = match &told.who {
        Who::Person { name, reason } => format!("{} by {name}: {reason}", told.what),
        Who::Daemon => told.what.clone(),
    };
    Ok(Told {
        control_id: String::new(),
        trigger: format!("{BY_HAND} {}", told.what),
        version: String::new(),
        made,
        people: vec![person],
        links: Vec::new(),
        ignored: None,
        notes: vec![super::Note { place: crate::domain::Place::default(), words: note }],
        kept: Vec::new(),
    })
}

/// The fact with the message that brought it.
fn brought_by(fact: Fact, message: MessageId) -> Fact {
    match fact {
        Fact::Activity(one) => {
            Fact::Activity(Arc::new(Activity { message, ..Arc::unwrap_or_clone(one) }))
        }
        Fact::Credit(one) => {
            Fact::Credit(Arc::new(Credit { message, ..Arc::unwrap_or_clone(one) }))
        }
        Fact::Document(one) => {
            Fact::Document(Arc::new(Document { message, ..Arc::unwrap_or_clone(one) }))
        }
        Fact::Tally(one) => Fact::Tally(Arc::new(Tally { message, ..Arc::unwrap_or_clone(one) })),
        Fact::Order(one) => Fact::Order(Arc::new(Order { message, ..Arc::unwrap_or_clone(one) })),
    }
}
