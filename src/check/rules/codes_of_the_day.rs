//! Codes live from a first to a last day, and on the claims of one kind of site.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{CareStep, Claim, DocumentKind, Family, Modifier, ProcedureCode, Setting};
use crate::mappings::{CodeRow, Found};

pub(super) const IN_FORCE: Rule = Rule {
    id: "DATE-01",
    says: "A code is in force on the day of service.",
    source: "DATE-01, DATE-02, DATE-07, DATE-08: the effective days of the code set.",
    stage: Stage::Own,
    judge: |view| {
        let Some(code) = view.line.code else {
            return Verdict::Clean;
        };
        match view.bench.tables.code(code, view.line.day()) {
            Found::NotInForce(row) if row.instead.is_empty() => {
                Verdict::Reject(format!("{code} is not in force on {}", view.line.day()))
            }
            Found::NotInForce(row) => Verdict::Reject(format!(
                "{code} is not in force on {}; use {}",
                view.line.day(),
                row.instead
            )),
            Found::InForce(_) | Found::Unknown => Verdict::Clean,
        }
    },
};

pub(super) const AUTHORIZED: Rule = Rule {
    id: "DATE-09",
    says: "An authorization covers the code that is billed, not one that it replaced.",
    source: "ASTRO prior-authorization update 2026; DATE-09.",
    stage: Stage::Own,
    judge: authorized,
};

/// Where authorizations of the course name codes of the line's step, they must name its code.
fn authorized(view: &View<'_>) -> Verdict {
    let Some(code) = view.line.code else {
        return Verdict::Clean;
    };
    let named = view.documents(DocumentKind::Authorization).flat_map(|document| &document.codes);
    let of_step =
        named.filter(|other| view.code_row(**other).map(|row| row.step) == view.line.step);
    let of_step: Vec<&ProcedureCode> = of_step.collect();
    match of_step.first() {
        Some(first) if !of_step.contains(&&code) => Verdict::Hold(format!(
            "authorization code mismatch: it names {first}, and nothing covers {code}"
        )),
        Some(_) | None => Verdict::Clean,
    }
}

pub(super) const FACILITY: Rule = Rule {
    id: "COMP-04",
    says: "The facility claim bears only codes that the hospital can bill.",
    source: "OPPS Addendum B, January 2026: status B, and status N by local policy.",
    stage: Stage::Own,
    judge: |view| match without_facility_line(view) {
        Some(row) if !view.is_any(&HEAD_OR_BODY) => {
            Verdict::Reject(format!("{} makes no line on a facility claim", row.code))
        }
        Some(_) | None => Verdict::Clean,
    },
};

pub(super) const ROBOTIC: Rule = Rule {
    id: "SRS-07",
    says: "A hospital bills robotic radiosurgery by the codes of all radiosurgery.",
    source: "OPPS Addendum B, January 2026: status B.",
    stage: Stage::Own,
    judge: |view| match without_facility_line(view) {
        Some(row) if view.is_any(&HEAD_OR_BODY) => Verdict::Reject(format!(
            "{} makes no line on a facility claim; use {}",
            row.code, row.instead
        )),
        Some(_) | None => Verdict::Clean,
    },
};

const HEAD_OR_BODY: [Family; 2] = [Family::Radiosurgery, Family::Stereotactic];

/// The row of a code that has no line on the facility claim on which it stands.
fn without_facility_line<'a>(view: &View<'a>) -> Option<&'a CodeRow> {
    let row = view.code_row(view.line.code?)?;
    (view.line.claim == Some(Claim::Facility) && !row.facility_line).then_some(row)
}

pub(super) const SETTING: Rule = Rule {
    id: "BRA-06",
    says: "Some codes are a hospital's alone, some a freestanding center's.",
    source: "BRA-06; coding table: hospital only, non-hospital only.",
    stage: Stage::Own,
    judge: |view| {
        let row = view.line.code.and_then(|code| view.code_row(code));
        let only = row.and_then(|row| row.only);
        match (only, view.bench.site.setting) {
            (Some(Setting::Hospital), Setting::Freestanding) => {
                Verdict::Reject("only a hospital bills this code".into())
            }
            (Some(Setting::Freestanding), Setting::Hospital) => {
                Verdict::Reject("a hospital does not bill this code".into())
            }
            (Some(Setting::Hospital), Setting::Hospital)
            | (Some(Setting::Freestanding), Setting::Freestanding)
            | (None, _) => Verdict::Clean,
        }
    },
};

pub(super) const DRUG: Rule = Rule {
    id: "DRUG-01",
    says: "A radioactive drug stands beside its administration of the same day.",
    source: "Coding table: the drug of a radiopharmaceutical treatment.",
    stage: Stage::Own,
    judge: |view| {
        let given = view.course_family(Family::Radiopharmaceutical);
        let given = given.filter(|line| line.day() == view.line.day()).count();
        if view.line.is(Family::Drug) && given == 0 {
            Verdict::Hold(format!("nothing was administered on {}", view.line.day()))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const UNLISTED: Rule = Rule {
    id: "UNL-01",
    says: "A service without a code of its own is looked at by a person.",
    source: "Coding table: by report, manual review.",
    stage: Stage::Own,
    judge: |view| {
        if view.line.is(Family::Unlisted) {
            Verdict::Hold("an unlisted service needs a report and a comparable code".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const SEPARATE_VISIT: Rule = Rule {
    id: "MOD-01",
    says: "Modifier 25 stands on visits only, and 51 on no radiation code.",
    source: "NCCI policy manual, chapter IX; of 51 recalled: so a hold.",
    stage: Stage::Own,
    judge: |view| {
        let visit = view
            .line
            .family
            .is_none_or(|family| family.is_visit() || family == Family::ClinicVisit);
        let radiation = view.line.step.is_some_and(|step| step != CareStep::Evaluation);
        if view.line.has(Modifier::SEPARATE_VISIT) && !visit {
            Verdict::Reject("modifier 25 on a line that is no visit".into())
        } else if view.line.has(Modifier::SEVERAL_PROCEDURES) && radiation {
            Verdict::Hold("modifier 51 is not used on radiation codes".into())
        } else {
            Verdict::Clean
        }
    },
};
