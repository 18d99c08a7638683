//! One delivery for each session, at the level that the record supports.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{
    Attributes, Document, DocumentKind, Family, Flaw, Kind, ProcedureCode, Review,
};
use crate::mappings::Case;

pub(super) const MOTION: Rule = Rule {
    id: "DEL-06",
    says: "A level reached by motion management alone needs its record.",
    source: "ASTRO payer resource center; DEL-06, SEQ-06.",
    stage: Stage::Own,
    judge: motion,
};

pub(super) const BREAK: Rule = Rule {
    id: "DEL-08",
    says: "A second session of a day counts only after a break of six hours; a third never.",
    source: "MUE 2 a day; reading 7 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let delivery = view.line.family.is_some_and(Family::is_delivery);
        match view.session().map(|session| session.review).filter(|_| delivery) {
            Some(Review::TooSoon) => Verdict::Hold(
                "another session of the day is less than six hours away, or no times tell".into(),
            ),
            Some(Review::BeyondTwo) => {
                Verdict::Reject("the third session of a day is never billed".into())
            }
            Some(Review::First | Review::Second) | None => Verdict::Clean,
        }
    },
};

pub(super) const CODED: Rule = Rule {
    id: "DEL-07",
    says: "One delivery is billed for a session.",
    source: "DEL-07, DATE-05; NCCI pairs of the delivery levels.",
    stage: Stage::Own,
    judge: |view| match beside_named(view) {
        Some((sent, derived)) if sent <= derived => {
            Verdict::Reject(format!("the session has its delivery line already, {derived}"))
        }
        Some(_) | None => Verdict::Clean,
    },
};

pub(super) const LEVEL: Rule = Rule {
    id: "DATE-05",
    says: "A level that the source coded is what the treatment record supports.",
    source: "DATE-05, DEL-04: levels were defined anew in 2026.",
    stage: Stage::Own,
    judge: |view| match beside_named(view) {
        Some((sent, derived)) if sent > derived => Verdict::Hold(format!(
            "level not supported: the source coded {sent}, the record supports {derived}"
        )),
        None if view.line.flaws.contains(&Flaw::CodedBesideNamed) => Verdict::Hold(
            "the source coded a delivery, and the session's own has no code to compare".into(),
        ),
        Some(_) | None => Verdict::Clean,
    },
};

pub(super) const UNITS: Rule = Rule {
    id: "UNIT-04",
    says: "A delivery is one unit on one day.",
    source: "UNIT-04.",
    stage: Stage::Own,
    judge: |view| {
        let delivery = view.line.family.is_some_and(Family::is_delivery);
        let units = view.line.units.get();
        if delivery && units > 1 {
            Verdict::Reject(format!("{units} units of delivery on one line"))
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const DAY: Rule = Rule {
    id: "DOS-01",
    says: "A delivery is dated the day on which the beam was on.",
    source: "DOS-01.",
    stage: Stage::Own,
    judge: |view| {
        let treated = view.session().map(|session| session.moment.date);
        let coded = view.line.flaws.contains(&Flaw::CodedBesideNamed);
        match treated.filter(|day| coded && *day != view.line.day()) {
            Some(day) => Verdict::Hold(format!("the session was treated on {day}")),
            None => Verdict::Clean,
        }
    },
};

/// The code that was sent beside treatments told by name, and the code derived from those.
fn beside_named(view: &View<'_>) -> Option<(ProcedureCode, ProcedureCode)> {
    if !view.line.flaws.contains(&Flaw::CodedBesideNamed) {
        return None;
    }
    let derived = view.course_lines().find(|line| {
        line.session == view.line.session
            && line.family.is_some_and(Family::is_delivery)
            && !line.flaws.contains(&Flaw::CodedBesideNamed)
            && line.goes_with.is_none()
    });
    Some((view.line.code?, derived?.code?))
}

fn motion(view: &View<'_>) -> Verdict {
    let Some((plan, attributes)) = managed_motion(view) else {
        return Verdict::Clean;
    };
    let code = |motion: Option<&str>| code_with(view, attributes, motion);
    let level_rests_on_motion = code(None) != code(Some("none"));
    let covers = |document: &Document| {
        document.moment.date <= view.line.day()
            && (document.plan.is_none() || plan.is_none() || document.plan.as_deref() == plan)
    };
    if level_rests_on_motion && !view.documents(DocumentKind::MotionRecord).any(covers) {
        Verdict::Hold(
            "no record of motion management covers the plan on this day (system, thresholds, \
             what holds the beam)"
                .into(),
        )
    } else {
        Verdict::Clean
    }
}

/// The plan and the treatment of a session whose motion was actively managed.
fn managed_motion<'a>(view: &View<'a>) -> Option<(Option<&'a str>, &'a Attributes)> {
    if !view.line.is(Family::Beam) {
        return None;
    }
    let course = view.course()?;
    let session = view.session()?;
    let steps = session.treatments.iter().map(|index| &course.steps[*index]);
    steps
        .filter_map(|step| Some((step, &step.meaning.as_ref()?.attributes)))
        .find(|(_, attributes)| attributes.get("motion").is_some_and(|motion| motion != "none"))
        .map(|(step, attributes)| (step.activity.plan.as_deref(), attributes))
}

/// The code of a treatment on the line's day, its motion management as told or another.
fn code_with(
    view: &View<'_>,
    attributes: &Attributes,
    motion: Option<&str>,
) -> Option<ProcedureCode> {
    let pairs = attributes.iter().map(|(key, value)| {
        let value = motion.filter(|_| key == "motion").unwrap_or(value);
        (key.to_owned(), value.to_owned())
    });
    let attributes = Attributes::new(pairs.collect())?;
    let case = Case {
        kind: Kind::Treatment,
        attributes: &attributes,
        setting: view.bench.site.setting,
        diagnoses: &view.line.diagnoses,
        day: view.line.day(),
    };
    view.bench.tables.earns(&case)?.code.ok()
}
