//! Where lines are found without walking through all of them.

use jiff::civil::Date;
use rustc_hash::FxHashMap as HashMap;

use crate::domain::{ChargeLine, Claim, Course, CourseId, Family, Record};

/// Places of lines by what rules ask for.
pub(super) struct Index<'a> {
    /// All, by service and then by order of drafting.
    pub(super) by_service: Vec<usize>,
    /// What each line belongs to, in the order of drafting.
    belongs: Vec<Belongs>,
    /// Those of each course, by service.
    by_course: Vec<Vec<usize>>,
    /// Those of a course and family, by service.
    by_family: HashMap<(usize, Family), Vec<usize>>,
    /// Those of a claim and day.
    by_day: HashMap<(Option<Claim>, Date), Vec<usize>>,
    record: &'a Record,
}

/// What a line belongs to.
#[derive(Debug, Clone, Copy)]
struct Belongs {
    /// Its course, among those that lines name.
    group: usize,
    /// Its course in the record.
    course: Option<usize>,
    /// Its session in the course.
    session: Option<usize>,
    /// The step that earned it first, in the course.
    step: Option<usize>,
}

/// Where things of one course stand.
struct Places<'a> {
    course: Option<usize>,
    sessions: HashMap<&'a str, usize>,
    steps: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(lines: &'a [ChargeLine], record: &'a Record) -> Index<'a> {
        let mut by_service: Vec<usize> = (0..lines.len()).collect();
        by_service.sort_by_key(|place| (lines[*place].service, lines[*place].message, *place));
        let mut groups: HashMap<&CourseId, usize> = HashMap::default();
        let mut places: Vec<Places<'a>> = Vec::new();
        let mut belongs = Vec::with_capacity(lines.len());
        for line in lines {
            let group = *groups.entry(&line.course).or_insert_with(|| {
                places.push(Places::new(&line.course, record));
                places.len() - 1
            });
            belongs.push(places[group].of(line, group));
        }
        let mut index = Index {
            belongs,
            by_course: vec![Vec::new(); places.len()],
            by_family: HashMap::default(),
            by_day: HashMap::default(),
            record,
            by_service: Vec::new(),
        };
        for &place in &by_service {
            let (line, group) = (&lines[place], index.belongs[place].group);
            index.by_course[group].push(place);
            index.by_day.entry((line.claim, line.day())).or_default().push(place);
            if let Some(family) = line.family {
                index.by_family.entry((group, family)).or_default().push(place);
            }
        }
        index.by_service = by_service;
        index
    }

    /// Lines of the same course as the one at a place, by service.
    pub(super) fn of_course(&self, place: usize) -> &[usize] {
        &self.by_course[self.belongs[place].group]
    }

    /// The same, of one family.
    pub(super) fn of_family(&self, place: usize, family: Family) -> &[usize] {
        let key = (self.belongs[place].group, family);
        self.by_family.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn of_day(&self, claim: Option<Claim>, day: Date) -> &[usize] {
        self.by_day.get(&(claim, day)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The course of a line.
    pub(super) fn course(&self, place: usize) -> Option<&'a Course> {
        self.record.courses.get(self.belongs[place].course?)
    }

    /// Where a line's session stands in its course.
    pub(super) fn session(&self, place: usize) -> Option<usize> {
        self.belongs[place].session
    }

    /// Where the step that earned a line first stands in its course.
    pub(super) fn step(&self, place: usize) -> Option<usize> {
        self.belongs[place].step
    }
}

impl<'a> Places<'a> {
    fn new(id: &CourseId, record: &'a Record) -> Places<'a> {
        let course = record.courses.iter().position(|course| course.id == *id);
        let held = course.map(|place| &record.courses[place]);
        let mut places = Places { course, sessions: HashMap::default(), steps: HashMap::default() };
        for (at, session) in held.iter().flat_map(|course| &course.sessions).enumerate() {
            places.sessions.entry(session.id.0.as_str()).or_insert(at);
        }
        for (at, step) in held.iter().flat_map(|course| &course.steps).enumerate() {
            places.steps.entry(step.activity.key.number.as_str()).or_insert(at);
        }
        places
    }

    fn of(&self, line: &ChargeLine, group: usize) -> Belongs {
        let session = line.session.as_ref().and_then(|id| self.sessions.get(id.0.as_str()));
        let step = line.evidence.first().and_then(|number| self.steps.get(number.as_str()));
        Belongs { group, course: self.course, session: session.copied(), step: step.copied() }
    }
}
