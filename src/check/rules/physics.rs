//! The physicist's work: the check of every five fractions, and answers to written questions.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, Delivered, DocumentKind, Family};

/// Five fractions earn one check (FREQ-08).
const BLOCK: usize = 5;

pub(super) const ONE_A_DAY: Rule = Rule {
    id: "DOS-05",
    says: "One physics check is billed on a day.",
    source: "MUE 1, absolute.",
    stage: Stage::Own,
    judge: |view| {
        let twin = view
            .beside_before()
            .find(|(line, _)| line.is(Family::PhysicsCheck) && line.course == view.line.course);
        if view.line.is(Family::PhysicsCheck) && twin.is_some() {
            Verdict::Reject(format!("{} has its physics check already", view.line.day()))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const EARNED: Rule = Rule {
    id: "FREQ-08",
    says: "Every five fractions earn one physics check; a course of fewer earns one.",
    source: "MUE; ACOA article; NCCI manual, chapter IX; reading 4 of the stories.",
    stage: Stage::Count,
    judge: |view| match place(view) {
        Place::NotYet => Verdict::Hold("no fraction has been delivered yet".into()),
        Place::Beyond { number, fractions } => Verdict::Reject(format!(
            "physics check number {number}; {fractions} fractions have not earned it"
        )),
        Place::Silent | Place::Earned | Place::Remainder { .. } => Verdict::Clean,
    },
};

pub(super) const REMAINDER: Rule = Rule {
    id: "FREQ-09",
    says: "Fractions beyond the last five earn no physics check, unless the payer says so.",
    source: "No Medicare text found; parameter `physics_tail`.",
    stage: Stage::Count,
    judge: remainder,
};

pub(super) const SOURCES_ALONE: Rule = Rule {
    id: "BRA-03",
    says: "A course of brachytherapy alone earns no physics check.",
    source: "NCCI pairs; NCCI manual, chapter IX.",
    stage: Stage::Own,
    judge: |view| {
        if !view.line.is(Family::PhysicsCheck) || !sources_alone(view) {
            return Verdict::Clean;
        }
        let Some(course) = view.course() else {
            return Verdict::Clean;
        };
        let same_day = course
            .delivered(Delivered::Brachytherapy)
            .any(|session| session.moment.date == view.line.day());
        if same_day {
            Verdict::Hold("a physics check on the day of a brachytherapy fraction".into())
        } else {
            Verdict::Reject("brachytherapy alone earns no physics check".into())
        }
    },
};

pub(super) const CONSULT_PAPERS: Rule = Rule {
    id: "ORD-04",
    says: "A physics consult has the physician's request and the physicist's report.",
    source: "ASTRO planning FAQ; FREQ-17, ORD-04.",
    stage: Stage::Own,
    judge: |view| {
        let requested = view.documents(DocumentKind::PhysicsRequest).next().is_some();
        let reported = view.documents(DocumentKind::PhysicsReport).next().is_some();
        let missing = match (requested, reported) {
            (true, true) => return Verdict::Clean,
            (false, true) => "request",
            (true, false) => "report",
            (false, false) => "request and report",
        };
        if view.line.is(Family::PhysicsConsult) {
            Verdict::Hold(format!("{missing} missing in the course"))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const CONSULT_ONCE: Rule = Rule {
    id: "FREQ-17",
    says: "A physics consult is billed once for a course.",
    source: "ASTRO planning FAQ; AAPM FAQ.",
    stage: Stage::Count,
    judge: |view| {
        let before = view.earlier(&[Family::PhysicsConsult]).next();
        if view.line.is(Family::PhysicsConsult) && before.is_some() {
            Verdict::Reject("the course has its physics consult already".into())
        } else {
            Verdict::Clean
        }
    },
};

/// Where a check stands among those of its course.
enum Place {
    Silent,
    NotYet,
    Earned,
    Remainder { number: usize, left_over: usize },
    Beyond { number: usize, fractions: usize },
}

fn place(view: &View<'_>) -> Place {
    let fractions = view.course().map_or(0, |course| course.fractions.len());
    if !view.line.is(Family::PhysicsCheck) || (fractions == 0 && sources_alone(view)) {
        return Place::Silent;
    }
    if fractions == 0 {
        return Place::NotYet;
    }
    let before = checks_before(view);
    let earned = (fractions / BLOCK).max(1);
    let left_over = if fractions < BLOCK { 0 } else { fractions % BLOCK };
    if before < earned {
        Place::Earned
    } else if before == earned && left_over > 0 {
        Place::Remainder { number: before + 1, left_over }
    } else {
        Place::Beyond { number: before + 1, fractions }
    }
}

/// Checks of the course and claim that come before this one, each day once.
fn checks_before(view: &View<'_>) -> usize {
    let mut days: Vec<_> = view.earlier(&[Family::PhysicsCheck]).map(ChargeLine::day).collect();
    days.dedup();
    days.len()
}

fn remainder(view: &View<'_>) -> Verdict {
    let Place::Remainder { number, left_over } = place(view) else {
        return Verdict::Clean;
    };
    let closed = view.course().is_some_and(|course| course.closed.is_some());
    let allowed = match view.parameter("physics_tail") {
        Some("ceil") => true,
        Some("mirror") => closed && left_over >= 3,
        Some(_) | None => false,
    };
    if allowed {
        return Verdict::Clean;
    }
    Verdict::Hold(format!(
        "physics check number {number} belongs to a remainder of {left_over} fractions"
    ))
}

/// Whether nothing but sources was delivered in the course.
fn sources_alone(view: &View<'_>) -> bool {
    view.course().is_some_and(|course| {
        let mut delivered = course.sessions.iter().filter_map(|session| session.delivered);
        delivered.next().is_some_and(|first| first == Delivered::Brachytherapy)
            && delivered.all(|other| other == Delivered::Brachytherapy)
    })
}
