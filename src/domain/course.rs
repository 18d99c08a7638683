//! Where a person's courses stand: what was done in each, in order, and what counts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use jiff::civil::Date;

use super::{Activity, Credit, Document, DocumentKind, Meaning, Moment, ProcedureCode, Tally};

/// The name of a course, unique within its patient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CourseId(pub String);

/// A treatment session: one stay on the machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub String);

/// Everything that is known of a person, in order.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The courses, the one that began first first.
    pub courses: Vec<Course>,
    /// Credits that take nothing back: their charge is gone, unknown, or was no charge.
    pub empty_credits: Vec<(CourseId, Arc<Credit>, Option<Arc<Activity>>)>,
    /// Fractions that a source counts as delivered, and whose days nobody told.
    pub undated: Vec<Undated>,
    /// The account that registration names.
    pub account: Option<String>,
    /// The payer, if anyone named one.
    pub payer: Option<String>,
}

/// Fractions without their days.
#[derive(Debug, Clone)]
pub struct Undated {
    /// The course.
    pub course: CourseId,
    /// As many are counted.
    pub counted: u16,
    /// Of so many the day is known.
    pub dated: u16,
    /// The newest count.
    pub tally: Arc<Tally>,
}

/// One course.
#[derive(Debug, Clone)]
pub struct Course {
    /// Its name.
    pub id: CourseId,
    /// What was done, by day, then time, then order of arrival. What a credit took back is gone.
    pub steps: Vec<Step>,
    /// Documents of the course that are in force, by moment.
    pub documents: Vec<Arc<Document>>,
    /// Treatment sessions, by time.
    pub sessions: Vec<Session>,
    /// The beam fractions that count toward blocks, by time.
    pub fractions: Vec<Fraction>,
    /// The day on which the course was closed for good.
    pub closed: Option<Date>,
}

/// One thing done, with what it means.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was done.
    pub activity: Arc<Activity>,
    /// What its name means; `None` if no table knows it.
    pub meaning: Option<Arc<Meaning>>,
    /// The code, where the source chose it and the work is known by it.
    pub as_coded: Option<ProcedureCode>,
    /// The session it belongs to: an index into [`Course::sessions`].
    pub session: Option<usize>,
    /// Whether the same number names another activity too.
    pub number_is_shared: bool,
}

/// What kind of delivery a session was; it decides which counters it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivered {
    /// Photons, electrons, protons or neutrons, fraction by fraction.
    Beam,
    /// Stereotactic, up to five fractions.
    Stereotactic,
    /// Radiosurgery of the head in one session.
    Radiosurgery,
    /// Surface x-rays: counts toward nothing.
    Surface,
    /// During an operation.
    Intraoperative,
    /// Sources: counts toward no beam counter.
    Brachytherapy,
}

/// How a session stands among the sessions of its day (all courses of the person).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Review {
    /// The first of its day.
    First,
    /// The second, after a break of six hours or more.
    Second,
    /// Too soon after another, or without times that prove the break: no fraction of its own.
    TooSoon,
    /// The third or a later one of its day.
    BeyondTwo,
}

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// When it began.
    pub moment: Moment,
    /// Treatments: indexes into [`Course::steps`].
    pub treatments: Vec<usize>,
    /// Guidance: indexes into [`Course::steps`].
    pub guidance: Vec<usize>,
    /// What was delivered; `None` if nothing was.
    pub delivered: Option<Delivered>,
    /// Whether a treatment told by name is among the treatments; then what a source coded itself
    /// for the same session is no fraction of its own.
    pub holds_named: bool,
    /// Whether the source named the session.
    pub is_named: bool,
    /// How it stands among the sessions of its day.
    pub review: Review,
}

/// One delivered fraction that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    /// Index into [`Course::sessions`].
    pub session: usize,
    /// When.
    pub moment: Moment,
    /// Whether it is a conventional beam fraction (else stereotactic or radiosurgery).
    pub conventional: bool,
}

impl Course {
    /// Documents of a kind.
    pub fn documents_of(&self, kind: DocumentKind) -> impl Iterator<Item = &Arc<Document>> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// Conventional beam fractions, by time.
    pub fn conventional(&self) -> impl Iterator<Item = &Fraction> {
        self.fractions.iter().filter(|fraction| fraction.conventional)
    }

    /// Sessions in which this was delivered, by time.
    pub fn delivered(&self, what: Delivered) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| session.delivered == Some(what))
    }

    /// The first session in which anything was delivered.
    pub fn first_delivery(&self) -> Option<&Session> {
        self.sessions.iter().find(|session| session.delivered.is_some())
    }
}

impl Session {
    /// Whether the session counts as a fraction.
    pub fn counts(&self) -> bool {
        matches!(self.review, Review::First | Review::Second)
    }
}
