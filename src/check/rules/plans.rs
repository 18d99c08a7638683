//! Plans and what is added to them: how often each stands in a course.

use jiff::civil::Weekday;

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, DocumentKind, Family};

pub(super) const MODULATED: Rule = Rule {
    id: "FREQ-12",
    says: "A second modulated plan, and its leaf patterns, need the reason for a new plan.",
    source: "MUE; ASTRO SRS/SBRT FAQ; reading 18 of the stories.",
    stage: Stage::Count,
    judge: modulated,
};

pub(super) const VOLUME: Rule = Rule {
    id: "FREQ-13",
    says: "A volume plan is billed once for a set of images and volumes.",
    source: "MUE; payer practice.",
    stage: Stage::Count,
    judge: |view| {
        let before = view.earlier(&[Family::VolumePlan]).last();
        let before = before.filter(|_| view.line.is(Family::VolumePlan));
        match before {
            Some(before) if !renewed(view, before) => Verdict::Hold(format!(
                "the volume plan of {} stands, and nothing new was simulated since",
                before.day()
            )),
            Some(_) | None => Verdict::Clean,
        }
    },
};

pub(super) const SOURCES: Rule = Rule {
    id: "BRA-04",
    says: "A plan of sources is billed when it is made, not when it is used again.",
    source: "Payer practice.",
    stage: Stage::Count,
    judge: |view| {
        let same = view.earlier(&[Family::BrachyPlan]).find(|plan| plan.plan == view.line.plan);
        let named = view.line.is(Family::BrachyPlan) && view.line.plan.is_some();
        match same.filter(|_| named) {
            Some(first) => Verdict::Reject(format!("the plan of {} was used again", first.day())),
            None => Verdict::Clean,
        }
    },
};

pub(super) const MOTION_STUDY: Rule = Rule {
    id: "FREQ-23",
    says: "A motion study is added to a volume or modulated plan, once for each.",
    source: "PFS global days ZZZ; code set instruction.",
    stage: Stage::Count,
    judge: motion_study,
};

pub(super) const MOVED: Rule = Rule {
    id: "DOS-06",
    says: "A motion study takes the day of its plan.",
    source: "DOS-06; reading 19 of the stories.",
    stage: Stage::Own,
    judge: |view| match view.line.told_day {
        Some(told) => {
            Verdict::Warn(format!("moved from {told} to its plan's day, {}", view.line.day()))
        }
        None => Verdict::Clean,
    },
};

pub(super) const APPROVED: Rule = Rule {
    id: "SEQ-02",
    says: "Nothing is delivered without an approved plan.",
    source: "SEQ-02; reading 11 of the stories: a plan of the same name stands for the approval.",
    stage: Stage::Own,
    judge: approved,
};

fn modulated(view: &View<'_>) -> Verdict {
    let reasons = view.documents(DocumentKind::ReplanReason).count();
    if view.line.is(Family::ModulatedPlan) {
        let before = view.earlier(&[Family::ModulatedPlan]).count();
        return further(before, reasons, "modulated plan");
    }
    if !view.line.is(Family::LeafPatterns) {
        return Verdict::Clean;
    }
    let before = view.earlier(&[Family::LeafPatterns]).count();
    let plans = view
        .course_family(Family::ModulatedPlan)
        .filter(|plan| plan.claim == view.line.claim)
        .collect::<Vec<_>>();
    if !plans.is_empty() && before >= plans.len() {
        return Verdict::Reject(format!(
            "{} sets of leaf patterns for {} modulated plans",
            before + 1,
            plans.len()
        ));
    }
    let named =
        plans.iter().position(|plan| view.line.plan.is_some() && plan.plan == view.line.plan);
    further(named.unwrap_or(before), reasons, "set of leaf patterns")
}

fn further(before: usize, reasons: usize, what: &str) -> Verdict {
    if before > reasons {
        Verdict::Hold(format!(
            "{what} number {} of the course; {reasons} reasons for a new plan are on file",
            before + 1
        ))
    } else {
        Verdict::Clean
    }
}

/// Whether something new was simulated, or a new plan reasoned, since an earlier plan.
fn renewed(view: &View<'_>, before: &ChargeLine) -> bool {
    let since = |day: jiff::civil::Date| day > before.day() && day <= view.line.day();
    let simulated = view
        .course_lines()
        .filter(|line| line.is(Family::Simulation) || line.is(Family::PetSimulation))
        .any(|simulation| since(simulation.day()));
    let reasoned =
        view.documents(DocumentKind::ReplanReason).any(|reason| since(reason.moment.date));
    simulated || reasoned
}

fn motion_study(view: &View<'_>) -> Verdict {
    if !view.line.is(Family::MotionStudy) {
        return Verdict::Clean;
    }
    let parents = [Family::VolumePlan, Family::ModulatedPlan];
    let has_parent = parents.iter().any(|parent| view.course_has(*parent));
    let other_plan = view.course_lines().any(|line| line.family.is_some_and(Family::is_plan));
    let before = view.earlier(&[Family::MotionStudy]).find(|study| study.day() == view.line.day());
    match (has_parent, other_plan, before) {
        (false, true, _) => {
            Verdict::Reject("the course's plan is neither by volumes nor modulated".into())
        }
        (false, false, _) => Verdict::Hold("waits for the plan that it is added to".into()),
        (true, _, Some(_)) => Verdict::Reject("the plan has its motion study already".into()),
        (true, _, None) => Verdict::Clean,
    }
}

/// Treatment that begins on the day of its plan, or on a weekend, is begun in haste: the note that
/// says why is due. Sources and radiosurgery are planned on their day.
fn begun_in_haste(view: &View<'_>) -> Verdict {
    let beam = [Family::Beam, Family::Proton, Family::Neutron];
    let first = view.course().and_then(|course| course.first_delivery());
    let begins = first.is_some_and(|first| first.moment.date == view.line.day());
    if !view.is_any(&beam) || !begins {
        return Verdict::Clean;
    }
    let day = view.line.day();
    let before = |plan: &ChargeLine| {
        plan.family.is_some_and(Family::is_plan) && plan.day() < day && same_plan(view, plan)
    };
    if !view.course_lines().any(before) {
        Verdict::Warn(format!("planned and treated on {day}: the note of the emergency is due"))
    } else if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        Verdict::Warn(format!("treatment began on a weekend, {day}: the note of why is due"))
    } else {
        Verdict::Clean
    }
}

fn same_plan(view: &View<'_>, plan: &ChargeLine) -> bool {
    view.line.plan.is_none() || plan.plan.is_none() || plan.plan == view.line.plan
}

/// A plan of the same name on or before the day; where the source names none, any plan.
fn approved(view: &View<'_>) -> Verdict {
    let planned_otherwise = [Family::Intraoperative, Family::Instillation];
    let delivery = view.line.family.is_some_and(Family::is_delivery);
    if !delivery || view.is_any(&planned_otherwise) {
        return Verdict::Clean;
    }
    let covers = |plan: &ChargeLine| {
        plan.family.is_some_and(Family::is_plan)
            && plan.day() <= view.line.day()
            && same_plan(view, plan)
    };
    if view.course_lines().any(covers) {
        return begun_in_haste(view);
    }
    let name = view.line.plan.as_deref().unwrap_or("of the course");
    Verdict::Hold(format!("no finished plan {name} is dated on or before {}", view.line.day()))
}
