//! Lines that one activity earns by itself.

use super::Desk;
use super::claims::Coded;
use crate::domain::{
    Activity, Attributes, ChargeLine, Course, Flaw, Kind, Meaning, Quantity, Share, Step, TableRow,
};
use crate::mappings::{Case, Earning};

impl Desk<'_> {
    /// The lines of one step. Treatments and images are drafted by session instead.
    pub(super) fn step(&self, course: &Course, index: usize, step: &Step) -> Vec<ChargeLine> {
        let mut blank = self.blank(&course.id, &step.activity);
        if step.number_is_shared {
            blank.flaws.push(Flaw::SharedNumber);
        }
        let Some(meaning) = &step.meaning else {
            return vec![unknown_name(blank, step)];
        };
        match meaning.kind {
            Kind::NoCharge | Kind::Guidance | Kind::Management => Vec::new(),
            Kind::Treatment => self.coded_beside_named(course, index, step, &blank),
            Kind::Visit => self.visit(blank, step, meaning),
            Kind::AsCoded => vec![no_code(blank, step)],
            Kind::VisitAddition
            | Kind::PlanningNote
            | Kind::Simulation
            | Kind::MotionStudy
            | Kind::Device
            | Kind::Plan
            | Kind::Calculation
            | Kind::Measurement
            | Kind::PortalImage
            | Kind::SurfaceUltrasound
            | Kind::PhysicsCheck
            | Kind::PhysicsConsult
            | Kind::SpecialTreatment
            | Kind::Insertion
            | Kind::BrachyImaging
            | Kind::Source
            | Kind::SourceHandling
            | Kind::MarkerPlacement
            | Kind::Marker
            | Kind::SpacerPlacement
            | Kind::Hyperthermia
            | Kind::Radiopharmaceutical
            | Kind::Drug
            | Kind::Unlisted => self.earned(&blank, step, meaning),
        }
    }

    /// The lines of a step whose code the source chose, or the tables choose.
    pub(super) fn earned(
        &self,
        blank: &ChargeLine,
        step: &Step,
        meaning: &Meaning,
    ) -> Vec<ChargeLine> {
        if let Some(code) = step.as_coded {
            return self.spread(blank, &Coded { code, row: None, share: step.activity.share });
        }
        self.by_table(blank, meaning.kind, &meaning.attributes, step.activity.share)
    }

    /// The lines of a case of the decision tables.
    pub(super) fn by_table(
        &self,
        blank: &ChargeLine,
        kind: Kind,
        attributes: &Attributes,
        share: Share,
    ) -> Vec<ChargeLine> {
        let case = Case {
            kind,
            attributes,
            setting: self.site.setting,
            diagnoses: &blank.diagnoses,
            day: blank.day(),
        };
        match self.tables.earns(&case) {
            Some(Earning { code: Ok(code), row }) => {
                self.spread(blank, &Coded { code, row: Some(row), share })
            }
            Some(Earning { code: Err(missing), row }) => {
                self.without_code(blank, &case, (missing, Some(row), share))
            }
            None => {
                let why = "no row of the decision tables fits what was done";
                self.without_code(blank, &case, (why, None, share))
            }
        }
    }

    /// Work whose code needs a fact that is missing: on each claim that it would be on (reading 5),
    /// which the code of the nearest day tells, but without a code.
    fn without_code(
        &self,
        blank: &ChargeLine,
        case: &Case<'_>,
        (missing, row, share): (&str, Option<&TableRow>, Share),
    ) -> Vec<ChargeLine> {
        let mut lines = match self.tables.earns_on_another_day(case) {
            Some(code) => self.spread(blank, &Coded { code, row, share }),
            None => vec![blank.clone()],
        };
        for line in &mut lines {
            line.code = None;
            line.row = row.cloned();
            line.flaws.push(Flaw::MissingFact(missing.to_owned()));
        }
        lines
    }
}

fn unknown_name(mut line: ChargeLine, step: &Step) -> ChargeLine {
    let unreadable = step.activity.key.name.is_empty() || !step.activity.unreadable.is_empty();
    line.flaws.retain(|flaw| *flaw == Flaw::SharedNumber);
    line.modifiers.clear();
    line.flaws.push(match (step.as_coded, unreadable) {
        (Some(code), _) => Flaw::UnknownCode(format!("no table knows the code {code}")),
        (None, true) => Flaw::Unreadable(why_unreadable(&step.activity)),
        (None, false) => Flaw::UnknownName(step.activity.key.name.clone()),
    });
    line
}

fn why_unreadable(activity: &Activity) -> String {
    let told = activity.unreadable.join("; ");
    if told.is_empty() { "the message names no activity".to_owned() } else { told }
}

/// A line of a source that chose the code itself, and then sent none.
fn no_code(mut line: ChargeLine, step: &Step) -> ChargeLine {
    let why = match step.as_coded {
        Some(code) => format!("no table says what the code {code} bills when a source sends it"),
        None => "the source says that it chose the code, and names none".to_owned(),
    };
    line.units = Quantity::ONE.max(line.units);
    line.flaws.push(Flaw::UnknownCode(why));
    line
}
