//! Every line has a diagnosis that radiation treats, in the order that its work asks for.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{CareStep, ChargeLine, Diagnosis, Family};
use crate::mappings::DiagnosisGroup;

pub(super) const ACTIVE: Rule = Rule {
    id: "DX-01",
    says: "Every line has an active diagnosis that radiation treats.",
    source: "DX-01; reading 13 of the stories.",
    stage: Stage::Own,
    judge: active,
};

pub(super) const NOT_ALONE: Rule = Rule {
    id: "DX-06",
    says: "The encounter for radiation is never the only diagnosis.",
    source: "ICD-10-CM guidelines, I.C.2.e.",
    stage: Stage::Own,
    judge: |view| {
        let all = &view.line.diagnoses;
        let encounters = all.iter().filter(|one| group(view, one) == DiagnosisGroup::Encounter);
        if !all.is_empty() && encounters.count() == all.len() {
            Verdict::Reject("the encounter for radiation stands alone".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const ENCOUNTER_FIRST: Rule = Rule {
    id: "DX-02",
    says: "A beam fraction names the encounter for radiation first; planning names the disease.",
    source: "ICD-10-CM guidelines, I.C.2.e; reading 13 of the stories.",
    stage: Stage::Own,
    judge: encounter_first,
};

pub(super) const DISEASE_FIRST: Rule = Rule {
    id: "DX-03",
    says: "Brachytherapy names the disease first.",
    source: "ICD-10-CM guidelines, I.C.2.e.",
    stage: Stage::Own,
    judge: |view| {
        let sources = [
            Family::HighDoseRate,
            Family::ElectronicBrachytherapy,
            Family::LowDoseRate,
            Family::Instillation,
            Family::Insertion,
        ];
        if view.is_any(&sources) && first(view) == Some(DiagnosisGroup::Encounter) {
            Verdict::Hold(
                "the encounter for radiation stands first; brachytherapy names the disease".into(),
            )
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const METASTASIS: Rule = Rule {
    id: "DX-04",
    says: "A metastasis under treatment stands before its primary.",
    source: "ICD-10-CM guidelines, I.C.2.e.",
    stage: Stage::Own,
    judge: |view| {
        let diseases: Vec<&Diagnosis> = view
            .line
            .diagnoses
            .iter()
            .filter(|one| group(view, one) == DiagnosisGroup::Malignant)
            .collect();
        let secondary = |one: &Diagnosis| matches!(one.category(), "C77" | "C78" | "C79");
        let place = diseases.iter().position(|one| secondary(one));
        if place.is_some_and(|place| place > 0) {
            Verdict::Warn("a metastasis stands behind its primary".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const SIDE: Rule = Rule {
    id: "DX-05",
    says: "A fraction names the side of the body that its plan was made for.",
    source: "DX-05; reading 11 of the stories: the plan of the same name stands for the order.",
    stage: Stage::Own,
    judge: |view| {
        let treated = view.line.family.is_some_and(Family::is_delivery);
        let plans = view.course_lines().filter(|plan| {
            plan.family.is_some_and(Family::is_plan)
                && plan.plan.is_some()
                && plan.plan == view.line.plan
        });
        let other = plans.filter(|_| treated).find_map(|plan| other_side(view, plan));
        match other {
            Some((told, planned)) => Verdict::Hold(format!(
                "the fraction names {told}, and its plan {planned}: the other side"
            )),
            None => Verdict::Clean,
        }
    },
};

/// A diagnosis of the line and one of its plan that are the same disease on two sides.
fn other_side<'a>(view: &View<'a>, plan: &'a ChargeLine) -> Option<(&'a Diagnosis, &'a Diagnosis)> {
    let side = |one: &Diagnosis| view.bench.tables.side(one);
    let both = |told: &'a Diagnosis| plan.diagnoses.iter().map(move |planned| (told, planned));
    let names = |side_told| plan.diagnoses.iter().any(|one| side(one) == Some(side_told));
    view.line
        .diagnoses
        .iter()
        .filter(|told| side(told).is_some_and(|told| !names(told)))
        .flat_map(both)
        .find(|(told, planned)| {
            told.category() == planned.category()
                && side(planned).is_some_and(|planned| side(told) != Some(planned))
        })
}

fn active(view: &View<'_>) -> Verdict {
    if view.line.code.is_none() {
        return Verdict::Clean;
    }
    if view.line.diagnoses.is_empty() {
        return Verdict::Reject("the charge names no diagnosis".into());
    }
    let treated = |one: &Diagnosis| match group(view, one) {
        DiagnosisGroup::Malignant
        | DiagnosisGroup::InSitu
        | DiagnosisGroup::BenignOrUncertain
        | DiagnosisGroup::BenignIndication => true,
        DiagnosisGroup::Encounter | DiagnosisGroup::History | DiagnosisGroup::Other => false,
    };
    let seen_only = view.line.step == Some(CareStep::Evaluation);
    let encounter =
        view.line.diagnoses.iter().all(|one| group(view, one) == DiagnosisGroup::Encounter);
    if seen_only || encounter || view.line.diagnoses.iter().any(treated) {
        Verdict::Clean
    } else {
        Verdict::Hold("none of the diagnoses is one that radiation treats".into())
    }
}

fn encounter_first(view: &View<'_>) -> Verdict {
    let beam =
        [Family::Beam, Family::Proton, Family::Neutron, Family::Stereotactic, Family::Radiosurgery];
    let thinking = matches!(
        view.line.step,
        Some(CareStep::Evaluation | CareStep::TreatmentPlanning | CareStep::Simulation)
    );
    let several = view.line.diagnoses.len() > 1;
    match first(view) {
        Some(DiagnosisGroup::Encounter) if thinking && several => Verdict::Hold(
            "the encounter for radiation stands first; this work names the disease".into(),
        ),
        Some(DiagnosisGroup::Encounter) | None => Verdict::Clean,
        Some(_) if view.is_any(&beam) => {
            Verdict::Hold("a beam fraction names the encounter for radiation first".into())
        }
        Some(_) => Verdict::Clean,
    }
}

fn first(view: &View<'_>) -> Option<DiagnosisGroup> {
    view.line.diagnoses.first().map(|one| group(view, one))
}

fn group(view: &View<'_>, diagnosis: &Diagnosis) -> DiagnosisGroup {
    view.bench.tables.diagnosis(diagnosis)
}
