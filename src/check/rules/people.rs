//! Who ordered the work, and who answers for it.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{Claim, Family};

pub(super) const ORDERED: Rule = Rule {
    id: "ORD-01",
    says: "Simulation, plans, devices, physics consults, guidance and delivery are ordered.",
    source: "ASTRO planning and image-guidance FAQ; reading 11 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let asked = view
            .line
            .family
            .is_some_and(|family| family.is_plan() || family.is_delivery() || needs_order(family));
        if asked && view.line.orderer.is_none() {
            Verdict::Hold("no order: the charge names nobody who ordered the work".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const RENDERED: Rule = Rule {
    id: "ORD-02",
    says: "A physician with an NPI answers for every professional or global line.",
    source: "ASTRO management FAQ; readings 12 and 26 of the stories.",
    stage: Stage::Own,
    judge: rendered,
};

fn needs_order(family: Family) -> bool {
    matches!(
        family,
        Family::Simulation
            | Family::PetSimulation
            | Family::MotionStudy
            | Family::Device
            | Family::LeafPatterns
            | Family::PhysicsConsult
            | Family::GuidanceReview
    )
}

fn rendered(view: &View<'_>) -> Verdict {
    let Some(family) = view.line.family else {
        return Verdict::Clean;
    };
    if !matches!(view.line.claim, Some(Claim::Professional | Claim::Global)) {
        return Verdict::Clean;
    }
    let Some(clinician) = &view.line.rendering else {
        return Verdict::Hold("the charge names nobody who answers for it".into());
    };
    let visit = family.is_visit() || family == Family::VisitAddition;
    if !visit && !clinician.is_physician() {
        let because = "neither the performer nor the orderer is a physician".to_owned();
        let weekly = family == Family::WeeklyManagement;
        return if weekly { Verdict::Reject(because) } else { Verdict::Hold(because) };
    }
    match clinician.npi() {
        Some(_) => Verdict::Clean,
        None if clinician.number.is_empty() => {
            Verdict::Hold("whoever answers for it is named without an NPI".into())
        }
        None => Verdict::Hold(format!("{} is not an NPI: its check digit fails", clinician.number)),
    }
}
