//! Where each course stands: what was prescribed, delivered, charged, sent and accepted, and what
//! is missing.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::sheet::Shown;
use crate::domain::{
    BY_HAND, BookedLine, Claim, Course, CourseId, DocumentKind, Family, LineState, Outcome,
};

use super::Judged;

/// Fractions of one block of management or physics.
const BLOCK: u32 = 5;

/// Units of a service that fractions earn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Earned {
    /// Earned so far.
    pub earned: u32,
    /// Of these, lines that wait, have left or were accepted.
    pub billed: u32,
    /// The fraction after which the next one is due; `None` once the course is closed.
    pub next_due: Option<u32>,
}

/// What ended a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// An end-of-treatment document of a source.
    Document,
    /// A person.
    Person,
    /// A newer course of the same disease began after a long silence.
    Silence,
}

/// Where a course stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseStanding {
    /// Its name.
    pub course: CourseId,
    /// Fractions prescribed, as the source told last.
    pub prescribed: Option<u32>,
    /// Sessions in which something was delivered and that count.
    pub delivered: u32,
    /// Deliveries that nothing is against.
    pub charged: u32,
    /// Deliveries that have left.
    pub sent: u32,
    /// Deliveries that their receiver has accepted.
    pub accepted: u32,
    /// Numbers of fractions that are missing below the highest one told.
    pub missing: Vec<u16>,
    /// Numbers of fractions that two sessions bear.
    pub doubled: Vec<u16>,
    /// Days of sessions that were delivered and whose line waits for a person.
    pub waiting: Vec<Date>,
    /// Weekly management.
    pub management: Earned,
    /// Physics checks.
    pub physics: Earned,
    /// The day of the last delivery.
    pub last_fraction: Option<Date>,
    /// When it was closed, and by what; what is earned is provisional until then.
    pub closed: Option<(Date, ClosedBy)>,
}

/// Where every course of a person stands.
pub fn standings(judged: &Judged, booked: &[BookedLine]) -> Vec<CourseStanding> {
    judged.record.courses.iter().map(|course| standing(course, judged, booked)).collect()
}

fn standing(course: &Course, judged: &Judged, booked: &[BookedLine]) -> CourseStanding {
    let delivered: Vec<_> =
        course.sessions.iter().filter(|s| s.delivered.is_some() && s.counts()).collect();
    let numbers = numbers(course);
    let highest = numbers.keys().next_back().copied().unwrap_or(0);
    let deliveries: Vec<&BookedLine> = booked
        .iter()
        .filter(|line| line.line.course == course.id && is_delivery(line))
        .filter(|line| line.reverses.is_none() && line.reversed_by.is_none())
        .collect();
    let count = |fits: &dyn Fn(&BookedLine) -> bool| {
        u32::try_from(deliveries.iter().filter(|line| fits(line)).count()).unwrap_or(u32::MAX)
    };
    let steps = course.steps.iter();
    CourseStanding {
        course: course.id.clone(),
        prescribed: steps.filter_map(|step| step.activity.prescribed).max().map(u32::from),
        delivered: u32::try_from(delivered.len()).unwrap_or(u32::MAX),
        charged: count(&|line| Shown::state_of(line) == Shown::Ready),
        sent: count(&|line| line.state.is_out()),
        accepted: count(&|line| line.state == LineState::Accepted),
        missing: (1..highest).filter(|number| !numbers.contains_key(number)).collect(),
        doubled: numbers.iter().filter(|(_, times)| **times > 1).map(|(n, _)| *n).collect(),
        waiting: waiting(course, &deliveries),
        management: management(course, judged, booked),
        physics: physics(course, judged, booked),
        last_fraction: delivered.iter().map(|session| session.moment.date).max(),
        closed: course.closed.map(|day| (day, closed_by(course))),
    }
}

/// How many sessions bear each number of a fraction.
fn numbers(course: &Course) -> BTreeMap<u16, u32> {
    let mut numbers = BTreeMap::new();
    for session in course.sessions.iter().filter(|session| session.counts()) {
        let told = session.treatments.iter().map(|index| course.steps[*index].activity.fraction);
        if let Some(number) = told.flatten().next() {
            *numbers.entry(number).or_insert(0) += 1;
        }
    }
    numbers
}

/// A delivery on the claim that bills it: not the physician's share of it.
fn is_delivery(line: &BookedLine) -> bool {
    line.line.family.is_some_and(Family::is_delivery)
        && line.line.claim != Some(Claim::Professional)
}

fn waiting(course: &Course, deliveries: &[&BookedLine]) -> Vec<Date> {
    let counted = course.sessions.iter().filter(|s| s.delivered.is_some() && s.counts());
    let goes = |session: &&crate::domain::Session| {
        !deliveries.iter().any(|line| {
            line.line.session.as_ref() == Some(&session.id) && Shown::state_of(line) == Shown::Ready
        })
    };
    counted.filter(goes).map(|session| session.moment.date).collect()
}

fn management(course: &Course, judged: &Judged, booked: &[BookedLine]) -> Earned {
    let fractions = u32::try_from(course.conventional().count()).unwrap_or(u32::MAX);
    earned(course, (judged, booked), (Family::WeeklyManagement, fractions))
}

fn physics(course: &Course, judged: &Judged, booked: &[BookedLine]) -> Earned {
    let fractions = u32::try_from(course.fractions.len()).unwrap_or(u32::MAX);
    let mut earned = earned(course, (judged, booked), (Family::PhysicsCheck, fractions));
    earned.earned = if fractions == 0 { 0 } else { (fractions / BLOCK).max(1) };
    earned
}

fn earned(
    course: &Course,
    (judged, booked): (&Judged, &[BookedLine]),
    (family, fractions): (Family, u32),
) -> Earned {
    let mine = |id: &CourseId| *id == course.id;
    let due = judged.lines.iter().filter(|one| mine(&one.line.course) && one.line.is(family));
    let due = due.filter(|one| one.outcome() != Some(Outcome::Reject));
    let billed = booked.iter().filter(|line| {
        mine(&line.line.course) && line.line.is(family) && Shown::state_of(line) == Shown::Ready
    });
    let open = course.closed.is_none();
    Earned {
        earned: u32::try_from(due.count()).unwrap_or(u32::MAX),
        billed: u32::try_from(billed.count()).unwrap_or(u32::MAX),
        next_due: open.then_some((fractions / BLOCK + 1) * BLOCK),
    }
}

fn closed_by(course: &Course) -> ClosedBy {
    let mut ends = course.documents_of(DocumentKind::EndOfTreatment).peekable();
    if ends.peek().is_none() {
        return ClosedBy::Silence;
    }
    if ends.any(|end| end.key.system == BY_HAND) { ClosedBy::Person } else { ClosedBy::Document }
}

impl ClosedBy {
    /// As shown.
    pub fn as_str(self) -> &'static str {
        match self {
            ClosedBy::Document => "document",
            ClosedBy::Person => "person",
            ClosedBy::Silence => "silence",
        }
    }
}

impl CourseStanding {
    /// Whether every delivered fraction is billed exactly once: `ok`, or what is off, in words.
    pub fn verdict(&self) -> String {
        let mut off: Vec<String> = Vec::new();
        if !self.waiting.is_empty() {
            off.push(format!("{} delivered and not billed", self.waiting.len()));
        }
        if self.charged > self.delivered {
            off.push(format!("{} billed and not delivered", self.charged - self.delivered));
        }
        let listed =
            |numbers: &[u16]| numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
        if !self.missing.is_empty() {
            off.push(format!("fractions missing: {}", listed(&self.missing)));
        }
        if !self.doubled.is_empty() {
            off.push(format!("fractions given twice: {}", listed(&self.doubled)));
        }
        if let Some(beyond) = self.prescribed.filter(|prescribed| self.delivered > *prescribed) {
            off.push(format!("{} delivered of {beyond} prescribed", self.delivered));
        }
        if off.is_empty() { "ok".to_owned() } else { off.join("; ") }
    }
}
