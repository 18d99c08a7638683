//! An intensity-modulated plan holds the work that led to it.

use jiff::civil::Date;

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, Claim, Family};

/// Work that is inside a modulated plan when it was done for it (IMRT-01).
const INSIDE: [Family; 7] = [
    Family::Simulation,
    Family::VolumePlan,
    Family::IsodosePlan,
    Family::BrachyPlan,
    Family::PortPlan,
    Family::Measurement,
    Family::PhysicsConsult,
];

/// Work that never stands on the day of a modulated plan, beside what is inside it (IMRT-03).
const NOT_THAT_DAY: [Family; 7] = [
    Family::Planning,
    Family::GuidanceReview,
    Family::PortalImage,
    Family::RadiosurgeryManagement,
    Family::IntraoperativeManagement,
    Family::SpecialTreatment,
    Family::Proton,
];

pub(super) const SERVED: Rule = Rule {
    id: "IMRT-01",
    says: "Work done for a modulated plan is inside it, whatever its day.",
    source: "CMS manual, ch. 4, 200.3.1; reading 8 of the stories.",
    stage: Stage::Own,
    judge: |view| match plan_served(view).filter(|plan| within_window(view, plan)) {
        Some(plan) => Verdict::Reject(format!(
            "the work served the modulated plan of {}, which includes it",
            plan.day()
        )),
        None => Verdict::Clean,
    },
};

pub(super) const FIELD_CHECK: Rule = Rule {
    id: "IMRT-02",
    says: "No simulation verifies the fields of a modulated course.",
    source: "ASTRO SRS/SBRT FAQ; CMS manual, ch. 13, 70.2.",
    stage: Stage::Own,
    judge: field_check,
};

pub(super) const SAME_DAY: Rule = Rule {
    id: "IMRT-03",
    says: "A modulated plan and the work inside it never share a day.",
    source: "NCCI pairs, hospital and practitioner, indicator 0.",
    stage: Stage::Own,
    judge: |view| {
        let speaks = view.is_any(&NOT_THAT_DAY) || view.is_any(&INSIDE);
        let planned = view.course_family(Family::ModulatedPlan).any(|p| p.day() == view.line.day());
        if speaks && planned {
            Verdict::Reject(format!(
                "{} is the day of the modulated plan; date the work when it was done",
                view.line.day()
            ))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const LEAVES_NEED_PLAN: Rule = Rule {
    id: "IMRT-06",
    says: "Leaf patterns belong to a modulated plan of the same course.",
    source: "ASTRO SRS/SBRT FAQ.",
    stage: Stage::Own,
    judge: |view| {
        if view.line.is(Family::LeafPatterns) && !view.course_has(Family::ModulatedPlan) {
            Verdict::Reject("the course has no modulated plan".into())
        } else {
            Verdict::Clean
        }
    },
};

/// The modulated plan that the line's work served: the one whose name it bears; for work that
/// bears no plan, the first after it with no earlier plan of the course between.
fn plan_served<'a>(view: &View<'a>) -> Option<&'a ChargeLine> {
    if !view.is_any(&INSIDE) {
        return None;
    }
    match &view.line.plan {
        Some(name) => {
            view.course_family(Family::ModulatedPlan).find(|plan| plan.plan.as_ref() == Some(name))
        }
        None => {
            let next = next_plan(view, view.line.day())?;
            next.is(Family::ModulatedPlan).then_some(next)
        }
    }
}

/// Off the facility's claim a payer may reach back only so many days (`imrt_window_days`).
fn within_window(view: &View<'_>, plan: &ChargeLine) -> bool {
    let apart = (plan.day() - view.line.day()).get_days();
    let limit = view.number("imrt_window_days");
    view.line.claim == Some(Claim::Facility) || limit.is_none_or(|limit| apart <= limit)
}

/// The first plan of the course on or after a day. A plan is not its own successor.
fn next_plan<'a>(view: &View<'a>, day: Date) -> Option<&'a ChargeLine> {
    view.course_lines()
        .filter(|line| line.family.is_some_and(Family::is_plan) && line.day() >= day)
        .filter(|plan| plan.anchor != view.line.anchor)
        .min_by_key(|plan| (plan.day(), !plan.is(Family::ModulatedPlan)))
}

/// A simulation on or after the first modulated plan that leads to no further plan.
fn field_check(view: &View<'_>) -> Verdict {
    if !view.line.is(Family::Simulation) {
        return Verdict::Clean;
    }
    let day = view.line.day();
    let last_plan = view
        .course_lines()
        .filter(|line| line.family.is_some_and(Family::is_plan) && line.day() <= day)
        .max_by_key(|plan| plan.day());
    let in_modulated_course = match &view.line.plan {
        Some(name) => view
            .course_family(Family::ModulatedPlan)
            .any(|plan| plan.plan.as_ref() == Some(name) && plan.day() <= day),
        None => last_plan.is_some_and(|plan| plan.is(Family::ModulatedPlan)),
    };
    let leads_on = view.line.plan.is_none() && next_plan(view, day).is_some_and(|p| p.day() > day);
    if in_modulated_course && !leads_on {
        Verdict::Reject("a modulated course bears no simulation to verify its fields".into())
    } else {
        Verdict::Clean
    }
}
