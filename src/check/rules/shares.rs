//! Modifiers 26 and TC split a code with two shares; on a code without they are wrong.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, Family, Flaw};

pub(super) const DELIVERY: Rule = Rule {
    id: "DEL-11",
    says: "A delivery is technical only: it bears neither 26 nor TC.",
    source: "PFS relative value file: PC/TC indicator 3.",
    stage: Stage::Own,
    judge: |view| verdict(view.line, |family| family.is_delivery()),
};

pub(super) const GUIDANCE: Rule = Rule {
    id: "DATE-06",
    says: "From 2026 on image guidance is the physician's review alone: never TC.",
    source: "ASTRO code changes 2026; PFS TC status B, OPPS status N.",
    stage: Stage::Own,
    judge: |view| verdict(view.line, |family| family == Family::GuidanceReview),
};

pub(super) const ANY: Rule = Rule {
    id: "COMP-06",
    says: "Only a code with two shares bears 26 or TC.",
    source: "PFS relative value file: PC/TC indicator 1.",
    stage: Stage::Own,
    judge: |view| {
        verdict(view.line, |family| !family.is_delivery() && family != Family::GuidanceReview)
    },
};

fn verdict(line: &ChargeLine, speaks_of: impl Fn(Family) -> bool) -> Verdict {
    let mine = line.family.is_some_and(speaks_of);
    if mine && line.flaws.contains(&Flaw::ShareOfUndivided) {
        Verdict::Reject("the code has no shares that 26 or TC could tell apart".into())
    } else {
        Verdict::Clean
    }
}
