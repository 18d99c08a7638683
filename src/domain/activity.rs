//! One thing that was done for a patient, as a message told it; and what takes it back.

use serde::{Deserialize, Serialize};

use super::{Clinician, Diagnosis, MessageId, Modifier, Moment, ProcedureCode, Quantity};

/// What makes two tellings the same activity: the source's own number for it, and what it is
/// called. (One number for two names is two activities, and a finding against both.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActivityKey {
    /// The numbering that the number belongs to; one for the whole site unless settings say other.
    pub system: String,
    /// The source's transaction number (FT1-2).
    pub number: String,
    /// The source's name for what was done, or the code where it sends no name.
    pub name: String,
}

/// A value that a message told, or could not be understood to tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Field<T> {
    /// Understood.
    Read(T),
    /// Not understood: where it stands and what is wrong with it, in words without the patient.
    Unreadable(String),
}

/// Whether the patient lies in the hospital (PV1-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatientClass {
    /// Anyone who does not lie in.
    Outpatient,
    /// An inpatient.
    Inpatient,
}

/// Which share of the work a source speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Share {
    /// All of it.
    Whole,
    /// Equipment, staff and room; the physician's share comes in a line of its own.
    Technical,
    /// The physician's; the rest comes in a line of its own.
    Professional,
}

/// Whether an activity stands, by the newest word of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ActivityStanding {
    /// It was done, and is to be billed.
    #[default]
    Done,
    /// The source took it back, or says that it is not to be billed.
    TakenBack,
}

/// How much a telling of an activity counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Weight {
    /// The schedule says that it was done: an appointment, a task.
    Scheduled,
    /// The charge itself says so; a schedule that names the same number is outweighed.
    #[default]
    Charged,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Activity {
    /// Its identity.
    pub key: ActivityKey,
    /// The source profile whose dictionary explains the name.
    pub profile: String,
    /// When it was done, in the site's calendar.
    pub done: Moment,
    /// How many.
    pub quantity: Field<Quantity>,
    /// The code that the source chose itself.
    pub chosen: Option<ProcedureCode>,
    /// Modifiers that the source set, in order.
    pub modifiers: Vec<Modifier>,
    /// Which share the source speaks of.
    pub share: Share,
    /// Diagnoses, in order.
    pub diagnoses: Vec<Diagnosis>,
    /// Who did it.
    pub performer: Option<Clinician>,
    /// Who ordered it.
    pub orderer: Option<Clinician>,
    /// The course that the source names.
    pub course: Option<String>,
    /// The plan that the source names.
    pub plan: Option<String>,
    /// Number of the fraction in the course.
    pub fraction: Option<u16>,
    /// Fractions prescribed for the course.
    pub prescribed: Option<u16>,
    /// The treatment session that the source names.
    pub session: Option<String>,
    /// The account that the message names (PID-18).
    pub account: Option<String>,
    /// The visit number (PV1-19), which stands in where nobody knows an account.
    pub visit: Option<String>,
    /// Whether the patient lies in.
    pub class: PatientClass,
    /// The payer that the message names.
    pub payer: Option<String>,
    /// Where it was done: the department's code.
    pub department: Option<String>,
    /// Where it was done: the location, as told.
    pub location: Option<String>,
    /// The order it filled.
    pub filler_order: Option<String>,
    /// When the message that first brought it was made, in the site's calendar.
    pub posted: Moment,
    /// When the message that told its present content was made.
    pub told: Moment,
    /// The message that first brought it.
    pub message: MessageId,
    /// That message's control id.
    pub control_id: String,
    /// What could not be understood of it, beside the quantity.
    pub unreadable: Vec<String>,
    /// Whether it stands.
    #[serde(default, skip_serializing_if = "ActivityStanding::is_done")]
    pub standing: ActivityStanding,
    /// How much this telling counts.
    #[serde(default, skip_serializing_if = "Weight::is_charged")]
    pub weight: Weight,
}

/// How many fractions a source counts as delivered, without the day of each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tally {
    /// The numbering, as in [`ActivityKey`].
    pub system: String,
    /// What counts: the source's own number of the plan or phase that was treated.
    pub number: String,
    /// Fractions delivered; none where the source took the count back.
    pub delivered: u16,
    /// Whether it counts for a phase or a plan: a phase outweighs its plans.
    pub of: Counted,
    /// The course that the source names.
    pub course: Option<String>,
    /// The day of the newest word of it.
    pub told: Moment,
    /// The account that the message names.
    pub account: Option<String>,
    /// The message that brought it.
    pub message: MessageId,
    /// That message's control id.
    pub control_id: String,
}

/// What a tally counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Counted {
    /// One plan.
    Plan,
    /// A phase, with all its plans.
    Phase,
}

impl ActivityStanding {
    /// Whether it was done and stands.
    pub fn is_done(&self) -> bool {
        *self == ActivityStanding::Done
    }
}

impl Weight {
    /// Whether the charge itself was told.
    pub fn is_charged(&self) -> bool {
        *self == Weight::Charged
    }
}

/// What takes an activity back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Credit {
    /// The numbering, as in [`ActivityKey`].
    pub system: String,
    /// The credit's own number.
    pub number: String,
    /// The number of the charge it takes back.
    pub of: String,
    /// The day of service that the credit names.
    pub done: Moment,
    /// How many, as told.
    pub quantity: Field<Quantity>,
    /// The course that the source names.
    pub course: Option<String>,
    /// The account that the message names.
    pub account: Option<String>,
    /// When the message was made.
    pub posted: Moment,
    /// The message that brought it.
    pub message: MessageId,
    /// That message's control id.
    pub control_id: String,
}
