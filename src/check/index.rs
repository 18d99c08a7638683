//! Where lines are found without walking through all of them.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::domain::{ChargeLine, Claim, CourseId, Record};

/// Places of lines by what rules ask for.
pub(super) struct Index {
    /// All, by service and then by order of drafting.
    pub(super) by_service: Vec<usize>,
    /// Those of a course, by service.
    by_course: HashMap<CourseId, Vec<usize>>,
    /// Those of a claim and day.
    by_day: HashMap<(Option<Claim>, Date), Vec<usize>>,
    /// Where a course stands in the record.
    courses: HashMap<CourseId, usize>,
}

impl Index {
    pub(super) fn new(lines: &[ChargeLine], record: &Record) -> Index {
        let mut by_service: Vec<usize> = (0..lines.len()).collect();
        by_service.sort_by_key(|place| (lines[*place].service, lines[*place].message, *place));
        let mut by_course: HashMap<CourseId, Vec<usize>> = HashMap::new();
        let mut by_day: HashMap<(Option<Claim>, Date), Vec<usize>> = HashMap::new();
        for &place in &by_service {
            let line = &lines[place];
            by_course.entry(line.course.clone()).or_default().push(place);
            by_day.entry((line.claim, line.day())).or_default().push(place);
        }
        let courses = record.courses.iter().enumerate();
        let courses = courses.map(|(place, course)| (course.id.clone(), place)).collect();
        Index { by_service, by_course, by_day, courses }
    }

    pub(super) fn of_course(&self, course: &CourseId) -> &[usize] {
        self.by_course.get(course).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn of_day(&self, claim: Option<Claim>, day: Date) -> &[usize] {
        self.by_day.get(&(claim, day)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn course(&self, id: &CourseId) -> Option<usize> {
        self.courses.get(id).copied()
    }
}
