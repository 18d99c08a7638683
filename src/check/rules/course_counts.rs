//! Work that stands once in a course, or once for so many fractions.

use jiff::civil::Date;

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{CareStep, ChargeLine, Delivered, DocumentKind, Family, Session, Setting};

/// Stereotactic fractions of one course, at most (FREQ-19).
const STEREOTACTIC_MAX: usize = 5;

/// Days after the end of a course in which its last physics check may be dated (DOS-05: inside
/// its block or right after).
const CHECK_DAYS_MAX: i32 = 7;

/// Fractions for one set of portal images (FREQ-16).
const PORTAL_BLOCK: usize = 5;

pub(super) const VISIT_IN_BLOCK: Rule = Rule {
    id: "FREQ-06",
    says: "A physician examines the patient within each block of five fractions.",
    source: "ASTRO management FAQ; reading 10 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        if view.line.is(Family::WeeklyManagement)
            && view.line.documents.is_empty()
            && view.line.posted.is_none()
        {
            Verdict::Hold("no physician's exam is dated inside this block of fractions".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const SIXTH: Rule = Rule {
    id: "FREQ-19",
    says: "A stereotactic course has at most five fractions.",
    source: "MUE; ASTRO SRS/SBRT FAQ; reading 18 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let speaks = view.is_any(&[Family::Stereotactic, Family::StereotacticManagement]);
        let count =
            view.course().map_or(0, |course| course.delivered(Delivered::Stereotactic).count());
        if speaks && count > STEREOTACTIC_MAX {
            Verdict::Hold(format!("{count} stereotactic fractions in a course of at most five"))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const RADIOSURGERY_ONCE: Rule = Rule {
    id: "FREQ-20",
    says: "Radiosurgery in one session is billed once for a course.",
    source: "MUE; ASTRO SRS/SBRT FAQ.",
    stage: Stage::Count,
    judge: |view| once(view, Family::Radiosurgery, "the course has its radiosurgery already"),
};

pub(super) const SURFACE_ONCE: Rule = Rule {
    id: "FREQ-22",
    says: "Surface planning and its ultrasound are billed once for a course each.",
    source: "MUE.",
    stage: Stage::Count,
    judge: |view| {
        let families = [Family::SurfacePlanning, Family::SurfaceUltrasound];
        families
            .into_iter()
            .map(|family| once(view, family, "billed once for a course, and it stands already"))
            .find(|verdict| *verdict != Verdict::Clean)
            .unwrap_or(Verdict::Clean)
    },
};

pub(super) const NARRATIVE: Rule = Rule {
    id: "FREQ-18",
    says: "A special treatment tells the extra work, and is billed once for a course.",
    source: "MUE; payer policy digest.",
    stage: Stage::Count,
    judge: |view| {
        let told = view.documents(DocumentKind::SpecialNarrative).next().is_some();
        let twice =
            once(view, Family::SpecialTreatment, "the course has its special treatment already");
        if twice == Verdict::Clean && view.line.is(Family::SpecialTreatment) && !told {
            return Verdict::Hold("no narrative tells the extra work".into());
        }
        twice
    },
};

pub(super) const WITH_STEREOTACTIC: Rule = Rule {
    id: "SRS-04",
    says: "Stereotactic management excludes a special treatment.",
    source: "NCCI pairs, indicator 0.",
    stage: Stage::Own,
    judge: |view| {
        let stereotactic = view
            .course()
            .is_some_and(|course| course.delivered(Delivered::Stereotactic).next().is_some());
        if view.line.is(Family::SpecialTreatment) && stereotactic {
            Verdict::Reject("the course is stereotactic; its management includes the work".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const STOPPED_EARLY: Rule = Rule {
    id: "SRS-05",
    says: "A stereotactic course that ends early stays stereotactic.",
    source: "Inference; no text found.",
    stage: Stage::Own,
    judge: |view| {
        let activity = view.first_activity().map(|(activity, _)| activity);
        let prescribed = activity.and_then(|activity| activity.prescribed).map_or(0, usize::from);
        let given =
            view.course().map_or(0, |course| course.delivered(Delivered::Stereotactic).count());
        if view.line.is(Family::StereotacticManagement) && given < prescribed {
            Verdict::Warn(format!("{given} of {prescribed} stereotactic fractions were given"))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const PORTAL: Rule = Rule {
    id: "FREQ-16",
    says: "Portal images are billed once for five fractions, and not at all where they are bundled.",
    source: "PFS status B and OPPS status N, 2026; ASTRO FAQ.",
    stage: Stage::Count,
    judge: portal,
};

pub(super) const SURFACE_POLICY: Rule = Rule {
    id: "SRT-04",
    says: "Ultrasound of the lesion is billed where the contractor's coverage rules are met.",
    source: "LCD L40176, article A60181, from 2026-03-01: parameter `surface_ultrasound`.",
    stage: Stage::Own,
    judge: |view| {
        let asks = view.parameter("surface_ultrasound") == Some("hold");
        if view.line.is(Family::SurfaceUltrasound) && asks {
            Verdict::Hold("the contractor's coverage rules must be seen to be met".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const MEGAVOLTAGE: Rule = Rule {
    id: "SRT-02",
    says: "Megavoltage and surface treatment of one lesion are not billed together.",
    source: "Payer note, carried over from the code before 2026.",
    stage: Stage::Own,
    judge: |view| {
        let other = match view.line.family {
            Some(Family::Beam) => Family::Surface,
            Some(Family::Surface) => Family::Beam,
            Some(_) | None => return Verdict::Clean,
        };
        // What began first stands; on one day it is the surface treatment.
        let first = view.line.family == Some(Family::Surface);
        let day = view.line.day();
        let before = |line: &ChargeLine| line.day() < day || (line.day() == day && !first);
        match view.course_family(other).find(|line| before(line)) {
            Some(line) => Verdict::Hold(format!(
                "the course has {} treatment of {}",
                if first { "megavoltage" } else { "surface" },
                line.day()
            )),
            None => Verdict::Clean,
        }
    },
};

pub(super) const FRACTION_NUMBER: Rule = Rule {
    id: "SEQ-04",
    says: "No more fractions are billed than were prescribed.",
    source: "SEQ-04.",
    stage: Stage::Own,
    judge: fraction_number,
};

pub(super) const ENDED: Rule = Rule {
    id: "ENDED-01",
    says: "Nothing is charged for a course after the day on which it was closed.",
    source: "Local policy: a charge that contradicts the end of treatment.",
    stage: Stage::Own,
    judge: |view| {
        let line = view.line;
        let seen = line.step == Some(CareStep::Evaluation);
        let grace = if line.is(Family::PhysicsCheck) { CHECK_DAYS_MAX } else { 0 };
        let after = |closed: &Date| (line.day() - *closed).get_days() > grace;
        match view.course().and_then(|course| course.closed).filter(after) {
            Some(closed) if line.posted.is_some() && !seen => Verdict::Hold(format!(
                "the course was closed on {closed}; either the day is wrong, or the end of \
                 treatment must be taken back, or the work belongs to a new course"
            )),
            Some(_) | None => Verdict::Clean,
        }
    },
};

fn fraction_number(view: &View<'_>) -> Verdict {
    let activity = view.first_activity().map(|(activity, _)| activity);
    let number = activity.and_then(|one| one.fraction);
    let prescribed = activity.and_then(|one| one.prescribed);
    let delivery = view.line.family.is_some_and(Family::is_delivery);
    let Some(fraction) = number.filter(|_| delivery) else {
        return Verdict::Clean;
    };
    if let Some(prescribed) = prescribed.filter(|prescribed| fraction > *prescribed) {
        return Verdict::Hold(format!(
            "fraction {fraction} of {prescribed} prescribed; the prescription must be amended"
        ));
    }
    match given_before(view, fraction) {
        Some(day) => Verdict::Warn(format!("fraction {fraction} was given on {day} already")),
        None => Verdict::Clean,
    }
}

/// The day of an earlier session of the same kind that bears the same number of a fraction.
fn given_before(view: &View<'_>, fraction: u16) -> Option<Date> {
    let (course, session) = (view.course()?, view.session()?);
    let bears = |other: &&Session| {
        let numbers = other.treatments.iter().map(|index| course.steps[*index].activity.fraction);
        other.delivered == session.delivered
            && other.moment < session.moment
            && numbers.flatten().any(|number| number == fraction)
    };
    course.sessions.iter().find(bears).map(|other| other.moment.date)
}

fn once(view: &View<'_>, family: Family, because: &str) -> Verdict {
    let stands = view.line.is(family) && view.earlier(&[family]).next().is_some();
    if stands { Verdict::Reject(because.to_owned()) } else { Verdict::Clean }
}

fn portal(view: &View<'_>) -> Verdict {
    if !view.line.is(Family::PortalImage) {
        return Verdict::Clean;
    }
    let fractions = view.course().map_or(0, |course| course.fractions.len());
    let before = view.earlier(&[Family::PortalImage]).count();
    if before >= fractions.div_ceil(PORTAL_BLOCK).max(1) {
        return Verdict::Reject(format!(
            "portal images number {} for {fractions} fractions",
            before + 1
        ));
    }
    let bundled = view.parameter("portal_images_freestanding") == Some("suppress");
    if view.bench.site.setting == Setting::Freestanding && bundled {
        Verdict::Suppress("the payer bundles portal images outside the hospital".into())
    } else {
        Verdict::Clean
    }
}
