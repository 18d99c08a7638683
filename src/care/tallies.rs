//! Fractions that a source counts as delivered, against those whose days are known.

use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;

use crate::domain::{Counted, Course, CourseId, Kind, Step, Tally, Undated};

/// What is counted and not known by its day. A count without a course is held against all that
/// is known of the person.
pub(super) fn undated(tallies: &[Arc<Tally>], courses: &[Course]) -> Vec<Undated> {
    let mut by_course: HashMap<Option<&str>, Vec<&Arc<Tally>>> = HashMap::default();
    for tally in tallies {
        by_course.entry(tally.course.as_deref()).or_default().push(tally);
    }
    let mut undated: Vec<Undated> = by_course
        .into_iter()
        .filter_map(|(name, tallies)| missing(name, &tallies, courses))
        .collect();
    undated.sort_by(|a, b| a.course.cmp(&b.course));
    undated
}

fn missing(name: Option<&str>, tallies: &[&Arc<Tally>], courses: &[Course]) -> Option<Undated> {
    let of = |what: Counted| -> u16 {
        let counts = tallies.iter().filter(|tally| tally.of == what);
        counts.fold(0, |sum, tally| sum.saturating_add(tally.delivered))
    };
    let counted = of(Counted::Phase).max(of(Counted::Plan));
    let is_of = |course: &&Course| name.is_none_or(|name| course.id.0 == name);
    let dated = courses.iter().filter(is_of).flat_map(|course| &course.steps);
    let dated = u16::try_from(dated.filter(|step| is_fraction(step)).count()).unwrap_or(u16::MAX);
    let newest = tallies.iter().max_by_key(|tally| tally.told)?;
    let newest_course = || courses.last().map(|course| course.id.clone());
    let course = match name {
        Some(name) => CourseId(name.to_owned()),
        None => newest_course().unwrap_or_else(|| CourseId(String::new())),
    };
    let tally = Arc::clone(newest);
    (counted > dated).then_some(Undated { course, counted, dated, tally })
}

/// Whether a step is a fraction; one whose beam no table knows is one too.
fn is_fraction(step: &Step) -> bool {
    match &step.meaning {
        Some(meaning) => meaning.kind == Kind::Treatment,
        None => step.activity.session.is_some(),
    }
}
