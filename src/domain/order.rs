//! An order, as messages told it: by whom, of what, and whether it stands.

use serde::{Deserialize, Serialize};

use super::{Clinician, MessageId, Moment};

/// One word about an order. What is said otherwise is another word, and all of them are kept: the
/// newest says whether it stands, and the newest that names somebody who ordered it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// The numbering that its numbers belong to.
    pub system: String,
    /// The number that whoever ordered gave it.
    pub placer: Option<String>,
    /// The number that whoever fills it gave it.
    pub filler: Option<String>,
    /// Who ordered.
    pub orderer: Option<Clinician>,
    /// What is ordered, in the source's code.
    pub name: Option<String>,
    /// Whether it stands.
    pub standing: OrderStanding,
    /// The account that the message names.
    pub account: Option<String>,
    /// When the newest message that says so was made.
    pub posted: Moment,
    /// That message.
    pub message: MessageId,
}

/// Whether an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderStanding {
    /// It is new, under way or done.
    InForce,
    /// It was canceled, discontinued, replaced or never taken.
    Canceled,
}

impl Order {
    /// Whether another word says the same.
    pub fn says_as(&self, other: &Order) -> bool {
        self.placer == other.placer
            && self.filler == other.filler
            && self.standing == other.standing
            && self.orderer == other.orderer
            && self.name == other.name
            && self.account == other.account
            && self.system == other.system
    }

    /// What is said, without when and by which message.
    pub fn said(&self) -> String {
        let number = |number: &Option<String>| number.clone().unwrap_or_default();
        let by = self.orderer.as_ref();
        let by = by.map(|by| format!("{} {}, {} {:?}", by.number, by.family, by.given, by.degree));
        let standing = match self.standing {
            OrderStanding::InForce => "in force",
            OrderStanding::Canceled => "canceled",
        };
        [
            self.system.clone(),
            number(&self.placer),
            number(&self.filler),
            standing.to_owned(),
            number(&self.name),
            number(&self.account),
            by.unwrap_or_default(),
        ]
        .join("|")
    }
}
