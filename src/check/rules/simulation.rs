//! Simulations: with a note of the day, and judged once it is known what they served.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{DocumentKind, Family};

const SIMULATIONS: [Family; 2] = [Family::Simulation, Family::PetSimulation];

pub(super) const NOTE: Rule = Rule {
    id: "SEQ-06",
    says: "A simulation has its note, of the same day.",
    source: "ASTRO planning FAQ; reading 10 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let noted = view.has_document_that_day(DocumentKind::SimulationNote);
        if view.is_any(&SIMULATIONS) && !noted {
            Verdict::Hold(format!("no simulation note in force is dated {}", view.line.day()))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const AFTER_FIRST_FRACTION: Rule = Rule {
    id: "SEQ-01",
    says: "A simulation after the first fraction has a reason.",
    source: "SEQ-01; reading 10 of the stories: the note is the reason.",
    stage: Stage::Own,
    judge: |view| {
        let first = view.course().and_then(|course| course.first_delivery());
        let after = first.is_some_and(|first| view.line.day() > first.moment.date);
        let noted = view.has_document_that_day(DocumentKind::SimulationNote);
        if view.is_any(&SIMULATIONS) && after && !noted {
            Verdict::Hold("simulated after the first fraction, and no note gives a reason".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const WAITS: Rule = Rule {
    id: "WAIT-01",
    says: "A simulation waits until a plan or a fraction shows what it served.",
    source: "Reading 20 of the stories; IMRT-01.",
    stage: Stage::Own,
    judge: |view| {
        let planned = view.course_lines().any(|line| line.family.is_some_and(Family::is_plan));
        let treated = view.course().is_some_and(|course| course.first_delivery().is_some());
        if view.is_any(&SIMULATIONS) && !planned && !treated {
            Verdict::Hold("waits for the plan of its course, or a fraction".into())
        } else {
            Verdict::Clean
        }
    },
};
