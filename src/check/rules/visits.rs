//! Visits: apart from the treatment, and by codes that the payer knows.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{CareStep, ChargeLine, Claim, Course, Delivered, Diagnosis, Family, Modifier};

/// Management holds related visits for so many days after the last fraction (EM-03), where the
/// payer's table says nothing else.
const FOLLOW_UP_DAYS: i32 = 90;

pub(super) const SEPARATE: Rule = Rule {
    id: "EM-01",
    says: "A visit on the day of other work bears modifier 25.",
    source: "NCCI practitioner pairs.",
    stage: Stage::Visits,
    judge: separate,
};

pub(super) const ON_TREATMENT: Rule = Rule {
    id: "EM-02",
    says: "Checks during treatment are inside its management.",
    source: "NCCI practitioner pairs; ASTRO management FAQ.",
    stage: Stage::Own,
    judge: on_treatment,
};

pub(super) const FOLLOW_UP: Rule = Rule {
    id: "EM-03",
    says: "Related visits within 90 days of the last fraction are inside management.",
    source: "CMS manual, ch. 13, 70.2; reading 18 of the stories: beam courses.",
    stage: Stage::Own,
    judge: |view| {
        let held = view.number("follow_up_days").unwrap_or(FOLLOW_UP_DAYS);
        let after = |course: &&Course| {
            days_since(course, view).is_some_and(|days| (1..=held).contains(&days))
        };
        match beam_courses(view).filter(after).find(|course| related(view.line, course)) {
            Some(course) => Verdict::Reject(format!(
                "{} days after the last fraction of a course for the same disease",
                days_since(course, view).unwrap_or_default()
            )),
            None => Verdict::Clean,
        }
    },
};

pub(super) const GLOBAL_PERIOD: Rule = Rule {
    id: "BRA-05",
    says: "Some applications of sources hold related visits for 90 days.",
    source: "PFS relative value file: global days 090; MOD-03.",
    stage: Stage::Own,
    judge: global_period,
};

pub(super) const CONSULTATION: Rule = Rule {
    id: "EM-05",
    says: "The payer knows consultation codes.",
    source: "MUE 0 with Medicare.",
    stage: Stage::Own,
    judge: |view| {
        let unknown = view.parameter("consultation_codes") == Some("not-recognized");
        if view.line.is(Family::Consultation) && unknown {
            Verdict::Hold("the payer does not know consultation codes: bill a visit".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const ADDITION: Rule = Rule {
    id: "EM-06",
    says: "An addition stands beside an office visit without modifier 25.",
    source: "CMS rule, recalled: so a hold, though EM-06 would reject.",
    stage: Stage::Own,
    judge: |view| {
        if !view.line.is(Family::VisitAddition) {
            return Verdict::Clean;
        }
        let visit = view.beside().map(|(line, _)| line).find(|line| line.is(Family::OfficeVisit));
        match visit {
            None => Verdict::Hold("no office visit of the day to add to".into()),
            Some(visit) if visit.has(Modifier::SEPARATE_VISIT) => {
                Verdict::Hold("the visit bears modifier 25".into())
            }
            Some(_) => Verdict::Clean,
        }
    },
};

fn is_visit(view: &View<'_>) -> bool {
    view.line.family.is_some_and(Family::is_visit)
}

fn separate(view: &View<'_>) -> Verdict {
    if !is_visit(view) || view.line.has(Modifier::SEPARATE_VISIT) {
        return Verdict::Clean;
    }
    let asks = |other: &&ChargeLine| {
        let step = matches!(
            other.step,
            Some(
                CareStep::TreatmentPlanning
                    | CareStep::Simulation
                    | CareStep::Dosimetry
                    | CareStep::TreatmentDelivery
                    | CareStep::TreatmentManagement
            )
        );
        step || paired(view, other)
    };
    match view.same_day().find(asks) {
        Some(other) => Verdict::Hold(format!(
            "{} of the same day: the visit needs modifier 25",
            other.code.map_or("work".to_owned(), |code| code.to_string())
        )),
        None => Verdict::Clean,
    }
}

fn paired(view: &View<'_>, other: &ChargeLine) -> bool {
    let codes = other.code.zip(view.line.code);
    let claim = view.line.claim.unwrap_or(Claim::Professional);
    codes.is_some_and(|(one, visit)| {
        view.bench.tables.pair(one, visit, claim, view.line.day()).is_some()
    })
}

/// A visit from the first fraction to the last: a new patient may be seen on the first day.
fn on_treatment(view: &View<'_>) -> Verdict {
    if !is_visit(view) {
        return Verdict::Clean;
    }
    let new = view
        .first_activity()
        .and_then(|(_, attributes)| attributes)
        .is_some_and(|attributes| attributes.is("patient", "new"));
    let day = view.line.day();
    let during = |course: &&Course| match span(course) {
        Some((first, last)) => (first < day || (first == day && !new)) && day <= last,
        None => false,
    };
    let courses: Vec<&Course> = beam_courses(view).filter(during).collect();
    if courses.is_empty() {
        Verdict::Clean
    } else if courses.iter().any(|course| related(view.line, course)) {
        Verdict::Reject("a visit for the disease under treatment is inside management".into())
    } else {
        Verdict::Hold("a visit during treatment: a person must see that it is unrelated".into())
    }
}

fn global_period(view: &View<'_>) -> Verdict {
    if !is_visit(view) {
        return Verdict::Clean;
    }
    let held = |line: &&ChargeLine| {
        let global =
            line.code.and_then(|code| view.code_row(code)).map_or(0, |row| row.global_days);
        let days = (view.line.day() - line.day()).get_days();
        global > 0 && (0..=i32::from(global)).contains(&days)
    };
    let Some(application) = view.all_lines().iter().find(held) else {
        return Verdict::Clean;
    };
    let categories = |line: &ChargeLine, other: &ChargeLine| {
        line.diagnoses.iter().any(|one| other.diagnoses.iter().any(|it| alike(one, it)))
    };
    if categories(view.line, application) {
        Verdict::Reject(format!("inside the 90 days after {}", application.day()))
    } else if view.line.has(Modifier::UNRELATED) {
        Verdict::Clean
    } else {
        Verdict::Hold("an unrelated visit inside the 90 days needs modifier 24".into())
    }
}

fn beam_courses<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Course> + use<'a> {
    let visit = is_visit(view);
    view.bench.record.courses.iter().filter(move |course| visit && span(course).is_some())
}

/// The first and the last day on which a beam was on in a course.
fn span(course: &Course) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    let beam = course.sessions.iter().filter(|session| {
        matches!(
            session.delivered,
            Some(Delivered::Beam | Delivered::Stereotactic | Delivered::Radiosurgery)
        )
    });
    let mut days = beam.map(|session| session.moment.date);
    let first = days.next()?;
    Some(days.fold((first, first), |(first, last), day| (first.min(day), last.max(day))))
}

fn days_since(course: &Course, view: &View<'_>) -> Option<i32> {
    span(course).map(|(_, last)| (view.line.day() - last).get_days())
}

/// Whether a visit speaks of the disease that a course treats.
fn related(visit: &ChargeLine, course: &Course) -> bool {
    let treatments = course.sessions.iter().flat_map(|session| &session.treatments);
    let treated: Vec<&Diagnosis> =
        treatments.flat_map(|index| &course.steps[*index].activity.diagnoses).collect();
    visit.diagnoses.iter().any(|one| treated.iter().any(|other| alike(one, other)))
}

/// The same kind of disease; an encounter or a history (Z) is none.
fn alike(one: &Diagnosis, other: &Diagnosis) -> bool {
    !one.category().starts_with('Z') && one.category() == other.category()
}
