//! A charge line: one procedure code, for one course, on one day of service.
//!
//! Lines are drafted by `charge`, judged by `check` and kept by `ledger`. A line that has left
//! never changes: a mistake is put right by a second line that reverses the first.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    CareStep, Claim, Clinician, CourseId, Diagnosis, Family, Finding, MessageId, Modifier, Moment,
    Outcome, PatientClass, ProcedureCode, Quantity, Revenue, SessionId, Share,
};

/// A row of a mapping table, as a person finds it: `charges/device.csv:4`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableRow(pub String);

/// One billable thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeLine {
    /// The course the work was done for.
    pub course: CourseId,
    /// The claim it goes on; `None` where nobody can tell.
    pub claim: Option<Claim>,
    /// What is billed; `None` where nobody can tell.
    pub code: Option<ProcedureCode>,
    /// What kind of work the code stands for; rules speak of families, never of codes.
    pub family: Option<Family>,
    /// The step of care it bills.
    pub step: Option<CareStep>,
    /// Modifiers, in order.
    pub modifiers: Vec<Modifier>,
    /// How many times the code is billed.
    pub units: Quantity,
    /// The day (and time, where told) the work was done, in the site's own calendar.
    pub service: Moment,
    /// Revenue code of a facility line.
    pub revenue: Option<Revenue>,
    /// Diagnoses, in order.
    pub diagnoses: Vec<Diagnosis>,
    /// Who answers for a professional or global line.
    pub rendering: Option<Clinician>,
    /// Who ordered the work.
    pub orderer: Option<Clinician>,
    /// The billing account.
    pub account: Option<String>,
    /// Whether the message that brought the work names the account itself; else it is that of the
    /// registration, which may change from one stay to the next.
    #[serde(default)]
    pub account_told: bool,
    /// Whether the patient lay in.
    pub class: PatientClass,
    /// The payer.
    pub payer: String,
    /// The plan the work was done for.
    pub plan: Option<String>,
    /// The session it was done in.
    pub session: Option<SessionId>,
    /// Department and location, as told.
    pub department: Option<String>,
    /// Location, as told.
    pub location: Option<String>,
    /// The order it filled.
    pub filler_order: Option<String>,
    /// What earned it, in a word that tells it from every other line of its code and day:
    /// an activity, a session, a block of fractions.
    pub anchor: String,
    /// The source's numbers of the activities that earned it, oldest first.
    pub evidence: Vec<String>,
    /// The document numbers that support it.
    pub documents: Vec<String>,
    /// The message that earned it.
    pub message: MessageId,
    /// That message's control id.
    pub control_id: String,
    /// When that message was made; `None` for lines that fractions or documents earn, which
    /// have no lag of their own.
    pub posted: Option<Moment>,
    /// The day the work was told to be done, where the line's own day was moved.
    pub told_day: Option<Date>,
    /// The row of the decision table that chose the code.
    pub row: Option<TableRow>,
    /// The anchor of the line whose state this one shares (the hospital's side of a visit).
    pub goes_with: Option<String>,
    /// What is wrong with it already as it is drafted.
    pub flaws: Vec<Flaw>,
}

/// What is wrong with a line already as it is drafted; a rule speaks for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flaw {
    /// No table knows the activity's name.
    UnknownName(String),
    /// The charge cannot be read as an activity at all.
    Unreadable(String),
    /// One field cannot be read.
    UnreadableField(String),
    /// No table knows the code, or none was chosen where one is needed.
    UnknownCode(String),
    /// No code fits without a fact that the source does not send.
    MissingFact(String),
    /// A credit that takes nothing back.
    EmptyCredit(String),
    /// Fractions that are counted as delivered, and whose days nobody told.
    UndatedFractions(String),
    /// One transaction number names two activities.
    SharedNumber,
    /// Management from a source that never sends it: fractions and documents earn it.
    SentManagement,
    /// Management from a source that does send it, and that nothing has earned.
    UnearnedManagement,
    /// A delivery that the source coded itself, beside a treatment told by name in one session.
    CodedBesideNamed,
    /// One share of a charge whose other share has not come.
    LoneShare(Share),
    /// A modifier that only splits a code with two shares, on a code without.
    ShareOfUndivided,
}

/// What makes two lines the same charge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey(pub String);

/// What [`LineKey`] says, borrowed from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SameCharge<'a> {
    course: &'a CourseId,
    claim: Option<Claim>,
    code: Option<ProcedureCode>,
    modifiers: &'a [Modifier],
    units: Quantity,
    day: Date,
    anchor: &'a str,
}

/// A line, and every reason that rules have against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedLine {
    /// The line.
    pub line: ChargeLine,
    /// All findings, in the order of the rules.
    pub findings: Vec<Finding>,
}

impl ChargeLine {
    /// The identity of the charge: the same facts read twice draft the same lines twice, and the
    /// ledger keeps the first. Anything in the key is never changed, only reversed.
    pub fn key(&self) -> LineKey {
        let modifiers: Vec<&str> = self.modifiers.iter().map(Modifier::as_str).collect();
        LineKey(format!(
            "{}|{}|{}|{}|{}|{}|{}",
            self.course.0,
            self.claim.map_or("-", Claim::as_str),
            self.code.as_ref().map_or("-", ProcedureCode::as_str),
            modifiers.join(" "),
            self.units.get(),
            self.service.date,
            self.anchor
        ))
    }

    /// The same identity without writing it out, for comparing lines with each other.
    pub fn same_charge(&self) -> SameCharge<'_> {
        SameCharge {
            course: &self.course,
            claim: self.claim,
            code: self.code,
            modifiers: &self.modifiers,
            units: self.units,
            day: self.service.date,
            anchor: &self.anchor,
        }
    }

    /// The day of service.
    pub fn day(&self) -> Date {
        self.service.date
    }

    /// Whether the line bears a modifier.
    pub fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }

    /// Whether the line's code is of this family.
    pub fn is(&self, family: Family) -> bool {
        self.family == Some(family)
    }
}

impl JudgedLine {
    /// What is to be done with the line: the greatest of what its rules want.
    pub fn outcome(&self) -> Option<Outcome> {
        self.findings.iter().map(|finding| finding.outcome).max().filter(|it| *it > Outcome::Warn)
    }
}
