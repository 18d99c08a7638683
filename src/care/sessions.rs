//! Which treatments and images were one session, and which sessions count as fractions.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::domain::{
    Course, Delivered, Kind, Meaning, Modifier, Moment, Review, Session, SessionId, Step,
};

/// The break that makes two sessions of a day two fractions (reading 7 of the stories).
const BREAK_MINUTES: i64 = 6 * 60;

/// Gathers the sessions of a course from its steps, and writes into each step where it belongs.
pub(super) fn gather(steps: &mut [Step]) -> Vec<Session> {
    let mut found: Vec<Session> = Vec::new();
    for with in [part_of_treatment, part_of_coded, part_of_guidance] {
        for (index, step) in steps.iter_mut().enumerate() {
            if with(step, &found) {
                let place = join(&mut found, index, step);
                step.session = Some(place);
            }
        }
    }
    let order = by_time(&found);
    for step in steps.iter_mut() {
        step.session = step.session.map(|place| order[&place]);
    }
    found.sort_by(|a, b| (a.moment, &a.id).cmp(&(b.moment, &b.id)));
    found
}

/// Treatments by name come first; what the source coded itself is a session of its own only where
/// it stands alone; images come last, to the session they were made for.
fn part_of_treatment(step: &Step, _: &[Session]) -> bool {
    kind(step) == Some(Kind::Treatment) && step.as_coded.is_none()
}

fn part_of_coded(step: &Step, _: &[Session]) -> bool {
    kind(step) == Some(Kind::Treatment) && step.as_coded.is_some()
}

fn part_of_guidance(step: &Step, _: &[Session]) -> bool {
    kind(step) == Some(Kind::Guidance)
}

fn kind(step: &Step) -> Option<Kind> {
    step.meaning.as_ref().map(|meaning| meaning.kind)
}

/// Puts a step into its session, a new one if need be.
fn join(found: &mut Vec<Session>, index: usize, step: &Step) -> usize {
    let is_guidance = kind(step) == Some(Kind::Guidance);
    let delivered = (!is_guidance).then(|| step.meaning.as_deref().map(delivered)).flatten();
    let place = match place_of(found, step, delivered) {
        Some(place) => place,
        None => {
            found.push(open(index, step));
            found.len() - 1
        }
    };
    let session = &mut found[place];
    if is_guidance {
        session.guidance.push(index);
        if session.treatments.is_empty() {
            session.moment = session.moment.min(step.activity.done);
        }
        return place;
    }
    if step.as_coded.is_some() && session.holds_named {
        return place;
    }
    let first = session.treatments.is_empty();
    session.treatments.push(index);
    session.holds_named |= step.as_coded.is_none();
    session.delivered = session.delivered.or(delivered);
    session.moment =
        if first { step.activity.done } else { session.moment.min(step.activity.done) };
    place
}

fn open(index: usize, step: &Step) -> Session {
    let name = step.activity.session.clone();
    let name = name.unwrap_or_else(|| format!("{} {index}", step.activity.done.date));
    Session {
        id: SessionId(name),
        moment: step.activity.done,
        treatments: Vec::new(),
        guidance: Vec::new(),
        delivered: None,
        holds_named: false,
        is_named: step.activity.session.is_some(),
        review: Review::First,
    }
}

/// The session that a step belongs to: by its name; without one, by day and time.
fn place_of(found: &[Session], step: &Step, delivered: Option<Delivered>) -> Option<usize> {
    if let Some(name) = &step.activity.session {
        return found.iter().position(|session| session.id.0 == *name);
    }
    let is_repeat = step
        .activity
        .modifiers
        .iter()
        .any(|modifier| [Modifier::REPEAT, Modifier::REPEAT_BY_OTHER].contains(modifier));
    let fits = |session: &Session| {
        session.moment.date == step.activity.done.date
            && (delivered.is_none() || session.delivered == delivered)
            && (delivered.is_none() || !session.is_named)
            && near(session.moment, step.activity.done)
            && !(is_repeat && delivered.is_some())
    };
    let distance =
        |session: &Session| step.activity.done.minutes_since(&session.moment).map_or(0, i64::abs);
    (0..found.len()).filter(|i| fits(&found[*i])).min_by_key(|i| distance(&found[*i]))
}

fn near(session: Moment, step: Moment) -> bool {
    step.minutes_since(&session).is_none_or(|minutes| minutes.abs() < BREAK_MINUTES)
}

/// Where each session stands once they are ordered by time.
fn by_time(found: &[Session]) -> HashMap<usize, usize> {
    let mut places: Vec<usize> = (0..found.len()).collect();
    places
        .sort_by(|a, b| (found[*a].moment, &found[*a].id).cmp(&(found[*b].moment, &found[*b].id)));
    places.into_iter().enumerate().map(|(new, old)| (old, new)).collect()
}

/// What a treatment delivered.
fn delivered(meaning: &Meaning) -> Delivered {
    let is = |key, value| meaning.attributes.is(key, value);
    if is("beam", "brachy") {
        Delivered::Brachytherapy
    } else if is("technique", "stereotactic") && is("fractions", "1") {
        Delivered::Radiosurgery
    } else if is("technique", "stereotactic") {
        Delivered::Stereotactic
    } else if is("technique", "surface") {
        Delivered::Surface
    } else if is("technique", "intraoperative") {
        Delivered::Intraoperative
    } else {
        Delivered::Beam
    }
}

/// Tells, for each day and over all courses of a person, which sessions count as fractions.
pub(super) fn review_days(courses: &mut [Course]) {
    let mut days: BTreeMap<(Date, Machine), Vec<Seat>> = BTreeMap::new();
    for (course, held) in courses.iter().enumerate() {
        let began = held.first_delivery().map(|session| session.moment);
        for (session, one) in held.sessions.iter().enumerate() {
            if let (Some(delivered), Some(began)) = (one.delivered, began) {
                let seat = Seat { course, session, moment: one.moment, began };
                days.entry((one.moment.date, machine(delivered))).or_default().push(seat);
            }
        }
    }
    for seats in days.values_mut().filter(|seats| seats.len() > 1) {
        seats.sort_by_key(|seat| (seat.moment, seat.began));
        for (seat, review) in review(seats) {
            courses[seat.course].sessions[seat.session].review = review;
        }
    }
}

/// Sessions on different kinds of machine do not stand in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Machine {
    Beam,
    Surface,
    Operation,
    Sources,
}

fn machine(delivered: Delivered) -> Machine {
    match delivered {
        Delivered::Beam | Delivered::Stereotactic | Delivered::Radiosurgery => Machine::Beam,
        Delivered::Surface => Machine::Surface,
        Delivered::Intraoperative => Machine::Operation,
        Delivered::Brachytherapy => Machine::Sources,
    }
}

/// One session of a day.
#[derive(Debug, Clone, Copy)]
struct Seat {
    course: usize,
    session: usize,
    moment: Moment,
    began: Moment,
}

/// Reviews the sessions of one day, ordered by time. Where two courses are treated without a
/// break, the fraction of the course that began first counts (reading 8).
fn review(seats: &[Seat]) -> Vec<(Seat, Review)> {
    let mut standing: Vec<Seat> = Vec::new();
    let mut said: Vec<(Seat, Review)> = Vec::new();
    for seat in seats {
        let Some(last) = standing.last_mut() else {
            standing.push(*seat);
            continue;
        };
        let apart = seat.moment.minutes_since(&last.moment);
        if apart.is_some_and(|minutes| minutes >= BREAK_MINUTES) {
            standing.push(*seat);
        } else if seat.course != last.course && seat.began < last.began {
            said.push((*last, Review::TooSoon));
            *last = *seat;
        } else {
            said.push((*seat, Review::TooSoon));
        }
    }
    for (place, seat) in standing.into_iter().enumerate() {
        let review = match place {
            0 => Review::First,
            1 => Review::Second,
            _ => Review::BeyondTwo,
        };
        said.push((seat, review));
    }
    said
}
