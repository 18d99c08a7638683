//! The physician's planning, once for a course and on the day of its note.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{DocumentKind, Family};

pub(super) const NOTE: Rule = Rule {
    id: "DOS-07",
    says: "Planning is dated the day of the physician's planning note.",
    source: "DOS-07; reading 10 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let noted = view.has_document_that_day(DocumentKind::PlanningNote);
        if view.line.is(Family::Planning) && !noted {
            Verdict::Hold(format!("no planning note in force is dated {}", view.line.day()))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const ONCE: Rule = Rule {
    id: "FREQ-10",
    says: "Planning is billed once for a course.",
    source: "Payer policies; NCCI pairs of the three levels.",
    stage: Stage::Count,
    judge: |view| {
        let before =
            view.earlier(&[Family::Planning]).next().filter(|_| view.line.is(Family::Planning));
        match before {
            Some(first) => {
                Verdict::Reject(format!("the course has its planning already, of {}", first.day()))
            }
            None => Verdict::Clean,
        }
    },
};

pub(super) const SURFACE: Rule = Rule {
    id: "PTP-04",
    says: "Surface planning holds the physician's planning for the same lesion.",
    source: "PTP-04: code text and payer policy.",
    stage: Stage::Own,
    judge: |view| {
        if view.line.is(Family::Planning) && view.course_has(Family::SurfacePlanning) {
            Verdict::Hold("the course has its surface planning, which includes this work".into())
        } else {
            Verdict::Clean
        }
    },
};
