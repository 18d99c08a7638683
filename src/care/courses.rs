//! Which course each thing belongs to: by its name; without one, by diagnosis and time.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Placed, meanings};
use crate::domain::{
    Activity, CourseId, Diagnosis, Document, DocumentKind, Kind, Moment, Standing,
};
use crate::mappings::Tables;

/// Without a course id, a new course begins when this many days pass without a fraction
/// (reading 17).
const SILENCE_DAYS: i32 = 60;

/// Places activities and documents into courses, the course that began first first.
pub(super) fn place(
    activities: &[Arc<Activity>],
    documents: &[Arc<Document>],
    tables: &Tables,
) -> Vec<Placed> {
    let mut told: Vec<Told> = activities.iter().map(|a| Told::Activity(Arc::clone(a))).collect();
    told.extend(documents.iter().map(|d| Told::Document(Arc::clone(d))));
    told.sort_by_key(Told::order);
    let mut shelf = Shelf::default();
    for one in told {
        shelf.put(one, tables);
    }
    shelf.courses.into_iter().map(|open| open.placed).collect()
}

/// One thing to be placed.
enum Told {
    Activity(Arc<Activity>),
    Document(Arc<Document>),
}

impl Told {
    /// By day; within a day what closes a course comes after all that was done in it.
    fn order(&self) -> (Date, bool, Moment) {
        match self {
            Told::Activity(a) => (a.done.date, false, a.done),
            Told::Document(d) => (d.moment.date, d.kind == DocumentKind::EndOfTreatment, d.moment),
        }
    }
}

/// A course that things are put into.
struct Open {
    placed: Placed,
    is_named: bool,
    diagnosis: Option<Diagnosis>,
    last: Date,
    last_fraction: Option<Date>,
    closed: Option<Date>,
}

#[derive(Default)]
struct Shelf {
    courses: Vec<Open>,
    by_name: HashMap<String, usize>,
}

impl Shelf {
    fn put(&mut self, told: Told, tables: &Tables) {
        match told {
            Told::Activity(activity) => self.put_activity(activity, tables),
            Told::Document(document) => self.put_document(document),
        }
    }

    fn put_activity(&mut self, activity: Arc<Activity>, tables: &Tables) {
        let diagnosis = main_diagnosis(&activity).cloned();
        let day = activity.done.date;
        let place = match &activity.course {
            Some(name) => self.named(name, day),
            None => match self.running(diagnosis.as_ref(), day) {
                Some(place) => place,
                None => {
                    self.end_the_silent(diagnosis.as_ref(), day);
                    self.begin(unnamed(diagnosis.as_ref(), day), day)
                }
            },
        };
        let course = &mut self.courses[place];
        course.diagnosis = course.diagnosis.take().or(diagnosis);
        course.last = course.last.max(day);
        if is_treatment(&activity, tables) {
            course.last_fraction = course.last_fraction.max(Some(day));
        }
        course.placed.activities.push(activity);
    }

    fn put_document(&mut self, document: Arc<Document>) {
        let day = document.moment.date;
        let place = match &document.course {
            Some(name) => self.named(name, day),
            None => match self.of_document(&document) {
                Some(place) => place,
                None => self.begin(unnamed(None, day), day),
            },
        };
        let course = &mut self.courses[place];
        let ends = document.kind == DocumentKind::EndOfTreatment;
        if ends && document.standing == Standing::InForce {
            course.closed = Some(day);
        }
        course.placed.documents.push(document);
    }

    /// A course without a name that fell silent is closed once the next of its disease begins:
    /// nothing can be put into it any more.
    fn end_the_silent(&mut self, diagnosis: Option<&Diagnosis>, day: Date) {
        let ended = self.courses.iter_mut().filter(|open| {
            !open.is_named
                && open.diagnosis.as_ref() == diagnosis
                && open.closed.is_none()
                && open.last_fraction.is_some_and(|last| (day - last).get_days() > SILENCE_DAYS)
        });
        for open in ended {
            open.placed.silent_since = open.last_fraction;
        }
    }

    fn named(&mut self, name: &str, day: Date) -> usize {
        match self.by_name.get(name) {
            Some(place) => *place,
            None => {
                let place = self.begin(CourseId(name.to_owned()), day);
                self.courses[place].is_named = true;
                self.by_name.insert(name.to_owned(), place);
                place
            }
        }
    }

    fn begin(&mut self, id: CourseId, day: Date) -> usize {
        self.courses.push(Open {
            is_named: false,
            placed: Placed {
                id,
                activities: Vec::new(),
                documents: Vec::new(),
                silent_since: None,
            },
            diagnosis: None,
            last: day,
            last_fraction: None,
            closed: None,
        });
        self.courses.len() - 1
    }

    /// The course of this diagnosis that still runs on a day. One that only documents began takes
    /// the first diagnosis that comes.
    fn running(&self, diagnosis: Option<&Diagnosis>, day: Date) -> Option<usize> {
        let same = |open: &Open| match (diagnosis, &open.diagnosis) {
            (Some(told), Some(known)) => told == known,
            (None, _) | (_, None) => true,
        };
        self.newest(day, same)
    }

    /// The course that a document without a name belongs to: the one whose session or plan it
    /// names, else the newest that still runs.
    fn of_document(&self, document: &Document) -> Option<usize> {
        let names = |open: &Open| {
            open.placed.activities.iter().any(|activity| {
                (document.session.is_some() && activity.session == document.session)
                    || (document.plan.is_some() && activity.plan == document.plan)
            })
        };
        let by_name = self.courses.iter().rposition(names);
        by_name.or_else(|| self.newest(document.moment.date, |_| true))
    }

    fn newest(&self, day: Date, fits: impl Fn(&Open) -> bool) -> Option<usize> {
        let runs = |open: &Open| {
            let silent_since = open.last_fraction.unwrap_or(open.last);
            open.closed.is_none_or(|closed| day <= closed)
                && (day - silent_since).get_days() <= SILENCE_DAYS
                && fits(open)
        };
        let places = (0..self.courses.len()).filter(|place| runs(&self.courses[*place]));
        places.max_by_key(|place| (self.courses[*place].last, *place))
    }
}

/// What a course without a name is called: its diagnosis and its first day.
fn unnamed(diagnosis: Option<&Diagnosis>, day: Date) -> CourseId {
    CourseId(format!("{} {day}", diagnosis.map_or("course of", Diagnosis::as_str)))
}

/// The first diagnosis that names a disease: encounters and histories (Z) name none.
fn main_diagnosis(activity: &Activity) -> Option<&Diagnosis> {
    activity.diagnoses.iter().find(|diagnosis| !diagnosis.as_str().starts_with('Z'))
}

fn is_treatment(activity: &Arc<Activity>, tables: &Tables) -> bool {
    let step = meanings::step(Arc::clone(activity), false, tables);
    step.meaning.is_some_and(|meaning| meaning.kind == Kind::Treatment)
}
