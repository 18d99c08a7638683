//! Visits: the level is the physician's; the hospital's side goes with it.

use super::Desk;
use super::claims::Coded;
use crate::domain::{
    ChargeLine, Claim, Family, Flaw, Meaning, Modifier, PatientClass, Setting, Share, Step,
};

impl Desk<'_> {
    /// The visit, and in a hospital the clinic's side of it.
    pub(super) fn visit(
        &self,
        mut blank: ChargeLine,
        step: &Step,
        meaning: &Meaning,
    ) -> Vec<ChargeLine> {
        let Some(code) = step.as_coded.or(step.activity.chosen) else {
            let why = "a visit needs the level that the physician chose (FT1-25)";
            blank.flaws.push(Flaw::UnknownCode(why.to_owned()));
            return vec![blank];
        };
        let mut lines = self.spread(&blank, &Coded { code, row: None, share: Share::Whole });
        let place = meaning.attributes.get("place");
        let clinic: Vec<ChargeLine> =
            lines.iter().flat_map(|visit| self.goes_with(visit, place)).collect();
        lines.extend(clinic);
        lines
    }

    /// What goes with a line by table: the hospital's side of a visit, the source of a fraction.
    /// It shares the line's state and reasons.
    pub(super) fn goes_with(&self, host: &ChargeLine, place: Option<&str>) -> Vec<ChargeLine> {
        let Some(family) = host.family else {
            return Vec::new();
        };
        let is_visit = family.is_visit();
        let lies_in = host.class == PatientClass::Inpatient;
        if self.site.setting != Setting::Hospital || (is_visit && lies_in) {
            return Vec::new();
        }
        let with = self.tables.goes_with(family, place, self.site.setting, host.day());
        with.flat_map(|(code, row)| {
            let mut blank = host.clone();
            blank.claim = None;
            blank.flaws.clear();
            blank.modifiers.retain(|modifier| is_visit && *modifier == Modifier::SEPARATE_VISIT);
            blank.goes_with = Some(host.anchor.clone());
            blank.anchor = format!("{} {}", host.anchor, Family::ClinicVisit.as_str());
            self.spread(&blank, &Coded { code, row: Some(row), share: Share::Whole })
        })
        .filter(|line| line.claim == Some(Claim::Facility))
        .collect()
    }
}
