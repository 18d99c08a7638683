//! A motion study takes the day of the plan that it served (reading 19; nothing else moves).

use crate::domain::{ChargeLine, Family};

/// Moves every motion study to the day of its plan: the plan that it names; else the next
/// volume or modulated plan; else the last before it.
pub(super) fn move_to_plans(lines: &mut [ChargeLine]) {
    let plans: Vec<ChargeLine> = lines
        .iter()
        .filter(|line| line.is(Family::VolumePlan) || line.is(Family::ModulatedPlan))
        .cloned()
        .collect();
    for study in lines.iter_mut().filter(|line| line.is(Family::MotionStudy)) {
        if let Some(plan) = plan_of(study, &plans).filter(|plan| plan.day() != study.day()) {
            study.told_day = Some(study.day());
            study.service = plan.service;
        }
    }
}

fn plan_of<'a>(study: &ChargeLine, plans: &'a [ChargeLine]) -> Option<&'a ChargeLine> {
    let named = plans.iter().find(|plan| study.plan.is_some() && plan.plan == study.plan);
    let next = || plans.iter().filter(|p| p.day() >= study.day()).min_by_key(|p| p.service);
    let last = || plans.iter().filter(|p| p.day() < study.day()).max_by_key(|p| p.service);
    named.or_else(next).or_else(last)
}
