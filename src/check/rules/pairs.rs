//! Pairs of codes on one claim and day: the first is paid, the second only with a reason.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, Family, Modifier, Outcome};
use crate::mappings::Pair;

pub(super) const NEVER: Rule = Rule {
    id: "PTP-01",
    says: "Some codes never stand beside another on the same claim and day.",
    source: "NCCI pairs, indicator 0.",
    stage: Stage::Pairs,
    judge: |view| match paid_before(view, true) {
        Some(first) => Verdict::Reject(format!("{} of the same day includes it", name(first))),
        None => Verdict::Clean,
    },
};

pub(super) const REASONED: Rule = Rule {
    id: "PTP-02",
    says: "Some codes stand beside another only with a modifier that tells them apart.",
    source: "NCCI pairs, indicator 1; PTP-05: never added by us.",
    stage: Stage::Pairs,
    judge: |view| {
        let told_apart = view.line.modifiers.iter().any(|one| one.is_distinct_service());
        match paid_before(view, false).filter(|_| !told_apart) {
            Some(first) => Verdict::Hold(format!(
                "beside {} of the same day it needs a modifier that tells them apart",
                name(first)
            )),
            None => Verdict::Clean,
        }
    },
};

pub(super) const REPEATED: Rule = Rule {
    id: "MOD-02",
    says: "The same work again on the same day bears modifier 76 or 77.",
    source: "MOD-02, recalled: so a hold; DUP-01.",
    stage: Stage::Pairs,
    judge: repeated,
};

/// The line that stands in column 1 beside this one.
fn paid_before<'a>(view: &View<'a>, never: bool) -> Option<&'a ChargeLine> {
    let (code, claim) = (view.line.code?, view.line.claim?);
    view.beside()
        .filter(|(_, outcome)| *outcome != Some(Outcome::Reject))
        .map(|(other, _)| other)
        .filter(|other| other.goes_with.is_none() || never)
        .filter(|other| never || !settled_elsewhere(view.line, other))
        .find(|other| {
            let pair = other
                .code
                .and_then(|first| view.bench.tables.pair(first, code, claim, view.line.day()));
            matches!(pair, Some(Pair { never: indicator, .. }) if indicator == never)
        })
}

/// Visits have a modifier and a rule of their own (EM-01); so have beam levels of one session
/// (DEL-07, DATE-05) and of two sessions of one day (DEL-08).
fn settled_elsewhere(line: &ChargeLine, other: &ChargeLine) -> bool {
    let levels = line.is(Family::Beam) && other.is(Family::Beam);
    line.family.is_some_and(Family::is_visit) || levels
}

/// Work that is done once in a day, told twice without saying that it was done again. What is
/// counted in pieces, and what sessions count, is left to others.
fn repeated(view: &View<'_>) -> Verdict {
    let once_a_day = matches!(
        view.line.family,
        Some(
            Family::Simulation
                | Family::PetSimulation
                | Family::VolumePlan
                | Family::ModulatedPlan
                | Family::IsodosePlan
                | Family::BrachyPlan
                | Family::PortPlan
                | Family::Insertion
                | Family::BrachyImaging
                | Family::OfficeVisit
                | Family::WardVisit
                | Family::MarkerPlacement
                | Family::Spacer
        )
    );
    let says_again =
        |line: &ChargeLine| line.has(Modifier::REPEAT) || line.has(Modifier::REPEAT_BY_OTHER);
    if !once_a_day || says_again(view.line) {
        return Verdict::Clean;
    }
    let twin = view.beside_before().find(|(other, outcome)| {
        *outcome != Some(Outcome::Reject)
            && !says_again(other)
            && other.code == view.line.code
            && other.course == view.line.course
            && other.plan == view.line.plan
    });
    match twin {
        Some(_) => Verdict::Hold(
            "the same work of the same day stands already; done again it bears 76 or 77".into(),
        ),
        None => Verdict::Clean,
    }
}

fn name(line: &ChargeLine) -> String {
    line.code.map_or("other work".to_owned(), |code| code.to_string())
}
