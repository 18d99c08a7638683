//! Who ordered the work, and who answers for it.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{Claim, Degree, Family, Modifier, Setting};

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

pub(super) const SUPERVISED: Rule = Rule {
    id: "ORD-05",
    says: "A physician supervises what an office or freestanding center delivers.",
    source: "Supervision rules, recalled; reading 11 of the stories: the orderer stands for it.",
    stage: Stage::Own,
    judge: |view| {
        let office = view.line.claim == Some(Claim::Global)
            && view.line.family.is_some_and(Family::is_delivery);
        let people = [&view.line.orderer, &view.line.rendering];
        let physician = people.into_iter().flatten().any(|one| one.is_physician());
        if office && !physician {
            Verdict::Hold("the charge names no physician who supervised the delivery".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const WHO: Rule = Rule {
    id: "WHO-01",
    says: "Modifiers about who did the work agree with the work and with whoever answers for it.",
    source: "Claims manual, ch. 12, on shared visits, teaching physicians and substitutes: recalled.",
    stage: Stage::Own,
    judge: who,
};

/// FS is for visits in a facility, GC for a teaching physician, Q5 and Q6 for one substitute.
fn who(view: &View<'_>) -> Verdict {
    let line = view.line;
    let visit = line.family.is_some_and(Family::is_visit);
    let side = line.is(Family::ClinicVisit);
    let physician = line.rendering.as_ref().is_none_or(|one| one.is_physician());
    let says = |modifier: Modifier| line.has(modifier) && !side;
    let because = if says(Modifier::SHARED_VISIT) && !visit {
        "FS is for visits that a physician and a nurse practitioner or assistant share"
    } else if says(Modifier::SHARED_VISIT) && view.bench.site.setting == Setting::Freestanding {
        "FS is for visits in a facility, not in an office or freestanding center"
    } else if says(Modifier::RESIDENT) && !physician {
        "GC needs the teaching physician as whoever answers for the line"
    } else if says(Modifier::SUBSTITUTE) && says(Modifier::LOCUM) {
        "Q5 and Q6 exclude each other: the substitute is paid back in kind or by time"
    } else {
        return Verdict::Clean;
    };
    Verdict::Hold(because.into())
}

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
    if visit && clinician.degree == Degree::Other {
        return Verdict::Hold(
            "a visit is rendered by a physician, a nurse practitioner or a physician assistant"
                .into(),
        );
    }
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
