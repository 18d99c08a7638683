//! Signed documents: the evidence that some charges need.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Clinician, MessageId, Moment, ProcedureCode};

/// What makes two tellings the same document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentKey {
    /// The numbering that the number belongs to.
    pub system: String,
    /// The source's document number (TXA-12).
    pub number: String,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DocumentKind {
    /// Note of a visit.
    VisitNote,
    /// The physician's planning note.
    PlanningNote,
    /// Note of a simulation.
    SimulationNote,
    /// The physician's exam during treatment.
    TreatmentVisit,
    /// Review of the guidance images of one session.
    ImageReview,
    /// Record of the motion management of a plan.
    MotionRecord,
    /// The physician's request to the physicist.
    PhysicsRequest,
    /// The physicist's report.
    PhysicsReport,
    /// Narrative of a special treatment.
    SpecialNarrative,
    /// The reason for a new plan.
    ReplanReason,
    /// End of treatment: closes the course.
    EndOfTreatment,
    /// What a payer has authorized, code by code.
    Authorization,
    /// Anything else: kept, means nothing to billing.
    Other,
}

/// Whether a document counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Signed: evidence.
    InForce,
    /// Not yet signed.
    Unsigned,
    /// Taken back.
    Withdrawn,
}

/// A document, as the newest message about it told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Document {
    /// Its identity.
    pub key: DocumentKey,
    /// What it is.
    pub kind: DocumentKind,
    /// The moment of the exam or approval, not of the message.
    pub moment: Moment,
    /// Who wrote it.
    pub author: Option<Clinician>,
    /// Whether it counts.
    pub standing: Standing,
    /// The course that the source names.
    pub course: Option<String>,
    /// The plan that the source names.
    pub plan: Option<String>,
    /// The treatment session that the source names.
    pub session: Option<String>,
    /// The codes that an authorization names.
    #[serde(default)]
    pub codes: Vec<ProcedureCode>,
    /// The account that the message names.
    #[serde(default)]
    pub account: Option<String>,
    /// When the message was made.
    pub posted: Moment,
    /// The message that brought it.
    pub message: MessageId,
}

impl DocumentKind {
    /// Every kind that a source profile can name.
    pub const ALL: [(DocumentKind, &'static str); 13] = [
        (DocumentKind::VisitNote, "visit-note"),
        (DocumentKind::PlanningNote, "planning-note"),
        (DocumentKind::SimulationNote, "simulation-note"),
        (DocumentKind::TreatmentVisit, "treatment-visit"),
        (DocumentKind::ImageReview, "image-review"),
        (DocumentKind::MotionRecord, "motion-record"),
        (DocumentKind::PhysicsRequest, "physics-request"),
        (DocumentKind::PhysicsReport, "physics-report"),
        (DocumentKind::SpecialNarrative, "special-narrative"),
        (DocumentKind::ReplanReason, "replan-reason"),
        (DocumentKind::EndOfTreatment, "end-of-treatment"),
        (DocumentKind::Authorization, "authorization"),
        (DocumentKind::Other, "other"),
    ];

    /// As written in a source profile.
    pub fn as_str(self) -> &'static str {
        DocumentKind::ALL.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, text)| text)
    }
}

impl FromStr for DocumentKind {
    type Err = ();

    fn from_str(text: &str) -> Result<DocumentKind, ()> {
        DocumentKind::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind).ok_or(())
    }
}
