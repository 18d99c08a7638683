//! Puts what was told of a person in order: courses, sessions, fractions, documents.
//!
//! **In:** the [`Facts`] of one person. **Out:** their [`Record`]: what was done in each course,
//! what a credit took back, which sessions count as fractions.
//!
//! **Never:** reads a message, or asks what anything costs.
//!
//! **Start at** [`record`].

mod courses;
mod credits;
mod meanings;
mod orders;
mod sessions;
mod standing;
mod tallies;

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{
    Activity, Course, CourseId, Delivered, Document, DocumentKind, Facts, Fraction, Record,
    Standing, Step,
};
use crate::mappings::Tables;

/// Puts the facts of a person in order.
pub fn record(facts: &Facts, tables: &Tables) -> Record {
    let ordered = orders::ordered(&facts.activities, &facts.orders);
    let activities = ordered.as_deref().unwrap_or(&facts.activities);
    let standing = standing::standing(activities);
    let activities = standing.as_deref().unwrap_or(activities);
    let taken = credits::take_back(activities, &facts.credits);
    let placed = courses::place(&taken.standing, &facts.documents, tables);
    let mut courses: Vec<Course> =
        placed.into_iter().map(|course| order(course, &taken.shared_numbers, tables)).collect();
    sessions::review_days(&mut courses);
    for course in &mut courses {
        course.fractions = fractions(course);
        course.closed = closed(course).or(course.closed);
    }
    let who = facts.registration();
    Record {
        undated: tallies::undated(&facts.tallies, &courses),
        courses,
        empty_credits: taken
            .empty
            .into_iter()
            .map(|empty| (course_of(&empty), empty.credit, empty.named))
            .collect(),
        account: who.account.filter(|account| !account.is_empty()),
        payer: who.payer.filter(|payer| !payer.is_empty()),
    }
}

fn course_of(empty: &credits::Empty) -> CourseId {
    let named = empty.named.as_ref().and_then(|activity| activity.course.clone());
    CourseId(empty.credit.course.clone().or(named).unwrap_or_default())
}

/// What was placed in one course, not yet in order.
struct Placed {
    id: CourseId,
    activities: Vec<Arc<Activity>>,
    documents: Vec<Arc<Document>>,
    /// The day of its last fraction, if it fell silent and the next course of its disease began.
    silent_since: Option<jiff::civil::Date>,
}

fn order(placed: Placed, shared: &HashSet<(String, String)>, tables: &Tables) -> Course {
    let mut steps: Vec<Step> = placed
        .activities
        .into_iter()
        .map(|activity| {
            let is = |(system, number): &(String, String)| {
                *system == activity.key.system && *number == activity.key.number
            };
            let number_is_shared = !shared.is_empty() && shared.iter().any(is);
            meanings::step(activity, number_is_shared, tables)
        })
        .collect();
    steps.sort_by(|a, b| {
        let key = |step: &Step| (step.activity.done, step.activity.posted, step.activity.message);
        key(a).cmp(&key(b))
    });
    let mut documents: Vec<_> = placed
        .documents
        .into_iter()
        .filter(|document| document.standing == Standing::InForce)
        .collect();
    documents.sort_by_key(|document| document.moment);
    let sessions = sessions::gather(&mut steps);
    let closed = placed.silent_since;
    Course { id: placed.id, steps, documents, sessions, fractions: Vec::new(), closed }
}

fn fractions(course: &Course) -> Vec<Fraction> {
    course
        .sessions
        .iter()
        .enumerate()
        .filter(|(_, session)| session.counts())
        .filter_map(|(index, session)| {
            let conventional = match session.delivered? {
                Delivered::Beam => true,
                Delivered::Stereotactic | Delivered::Radiosurgery => false,
                Delivered::Surface | Delivered::Intraoperative | Delivered::Brachytherapy => {
                    return None;
                }
            };
            Some(Fraction { session: index, moment: session.moment, conventional })
        })
        .collect()
}

/// A course is closed by its end-of-treatment document, unless something was delivered after it:
/// then treatment was resumed.
fn closed(course: &Course) -> Option<jiff::civil::Date> {
    let last =
        course.sessions.iter().filter(|s| s.delivered.is_some()).map(|s| s.moment.date).max();
    course
        .documents_of(DocumentKind::EndOfTreatment)
        .map(|document| document.moment.date)
        .max()
        .filter(|end| last.is_none_or(|last| *end >= last))
}
