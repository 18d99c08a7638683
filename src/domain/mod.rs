//! The words of the house, as types.
//!
//! **In:** nothing. **Out:** values that cannot be wrong once made.
//!
//! **Never:** knows another room, a database or a message format. (`serde` derives say only
//! that a value can be kept; which format keeps it is for the rooms that keep things.)
//!
//! **Start at** [`Activity`], [`Course`] and [`ChargeLine`]: what was done, where it belongs,
//! and what it earns.

mod activity;
mod by_hand;
mod charge_line;
mod claim;
mod clinician;
mod clock;
mod code;
mod course;
mod document;
mod facts;
mod family;
mod identity;
mod ledger_line;
mod meaning;
mod message;
mod moment;
mod moves;
mod order;
mod phi;
mod quantity;
mod resource;
mod retry;
pub mod sheet;
mod site;
mod verdict;

pub use activity::{
    Activity, ActivityKey, ActivityStanding, Counted, Credit, Field, PatientClass, Share, Tally,
    Weight,
};
pub use by_hand::{BY_HAND, ToldByHand};
pub use charge_line::{ChargeLine, Flaw, JudgedLine, LineKey, SameCharge, TableRow};
pub use claim::{CareStep, Claim, Component, Revenue, Setting};
pub use clinician::{Clinician, Degree, Npi};
pub use clock::Clock;
pub use code::{Diagnosis, Modifier, NotACode, ProcedureCode};
pub use course::{
    Course, CourseId, Delivered, Fraction, Record, Review, Session, SessionId, Step, Undated,
};
pub use document::{Document, DocumentKey, DocumentKind, Standing};
pub use facts::{Fact, FactKey, Facts, Link, Registration};
pub use family::Family;
pub use identity::{Identifier, LineId, MessageId, PersonId};
pub use ledger_line::{BookedLine, Decision, Entry, EntryKind, LineState, Who};
pub use meaning::{Attributes, Kind, Meaning};
pub use message::{Answer, MessageState, Place, Reason, Refusal};
pub use moment::Moment;
pub use moves::{AccountOf, Moved, Moves};
pub use order::{Order, OrderStanding};
pub use phi::Phi;
pub use quantity::Quantity;
pub use resource::{Objection, Resource, Shelf};
pub use retry::Retry;
pub use site::{Campus, Department, Entities, Site};
pub use verdict::{Finding, Outcome};
