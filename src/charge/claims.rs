//! On which claims a code stands, and how it is spelled there.

use super::Desk;
use crate::domain::{
    Campus, CareStep, ChargeLine, Claim, Clinician, Component, Entities, Family, Flaw, Modifier,
    ProcedureCode, Setting, Share, TableRow,
};
use crate::mappings::{CodeRow, Found};

/// A code, where it came from, and which share of it is meant.
pub(super) struct Coded<'a> {
    pub(super) code: ProcedureCode,
    pub(super) row: Option<&'a TableRow>,
    pub(super) share: Share,
}

impl Desk<'_> {
    /// The lines of a code: `blank` filled in, once for each claim.
    pub(super) fn spread(&self, blank: &ChargeLine, coded: &Coded<'_>) -> Vec<ChargeLine> {
        let row = match self.tables.code(coded.code, blank.day()) {
            Found::InForce(row) | Found::NotInForce(row) => row,
            Found::Unknown => return vec![unknown(blank, coded.code)],
        };
        let share = share(blank, coded, row);
        self.claims(row, share)
            .into_iter()
            .map(|claim| self.fill(blank, coded, row, share, claim))
            .collect()
    }

    fn fill(
        &self,
        blank: &ChargeLine,
        coded: &Coded<'_>,
        row: &CodeRow,
        share: Share,
        claim: Claim,
    ) -> ChargeLine {
        let mut line = blank.clone();
        line.claim = Some(claim);
        line.code = Some(coded.code);
        line.family = Some(row.family);
        line.step = Some(row.step);
        line.row = coded.row.cloned();
        if claim == Claim::Facility {
            line.revenue = row.revenue;
        } else {
            line.rendering = rendering(blank, row.family);
        }
        self.modify(&mut line, row, share, claim);
        self.place(&mut line);
        line
    }

    /// A hospital's line from a department off the campus says so (COMP-09).
    fn place(&self, line: &mut ChargeLine) {
        if line.claim != Some(Claim::Facility) {
            return;
        }
        let says = match self.site.campus_of(line.department.as_deref()) {
            Some(Campus::OffExcepted) => Modifier::OFF_CAMPUS_EXCEPTED,
            Some(Campus::OffNotExcepted) => Modifier::OFF_CAMPUS,
            Some(Campus::On) | None => return,
        };
        if !line.has(says) {
            line.modifiers.push(says);
        }
    }

    /// Sets the modifiers that tell the share: 26 on a physician's share of a divided code and on
    /// an image review everywhere; none on other claims.
    fn modify(&self, line: &mut ChargeLine, row: &CodeRow, share: Share, claim: Claim) {
        let splits = [Modifier::PROFESSIONAL, Modifier::TECHNICAL];
        let divided = row.component == Component::Split;
        let form = self.tables.parameter(&line.payer, "guidance_form", line.day());
        let review = row.family == Family::GuidanceReview && !divided;
        let alone = row.component == Component::ProfessionalOnly;
        let bears_26 = review && alone && form == Some("26");
        let told_split = splits.iter().any(|modifier| line.has(*modifier));
        let told_technical = line.has(Modifier::TECHNICAL);
        let is_canonical = review && !told_technical;
        if !divided && told_split && !is_canonical {
            line.flaws.push(Flaw::ShareOfUndivided);
            return;
        }
        line.modifiers.retain(|modifier| !splits.contains(modifier));
        if (divided && claim == Claim::Professional) || bears_26 {
            line.modifiers.insert(0, Modifier::PROFESSIONAL);
        }
        let apart = self.site.entities == Entities::Apart;
        if divided && claim == Claim::Global && apart {
            line.modifiers.insert(0, Modifier::TECHNICAL);
        }
        if claim == Claim::Global && share != Share::Whole && divided && !apart {
            line.flaws.push(Flaw::LoneShare(share));
        }
    }

    fn claims(&self, row: &CodeRow, share: Share) -> Vec<Claim> {
        let both = match (self.site.setting, self.site.entities) {
            (Setting::Hospital, _) => [Claim::Facility, Claim::Professional],
            (Setting::Freestanding, Entities::Apart) => [Claim::Global, Claim::Professional],
            (Setting::Freestanding, Entities::One) => return vec![Claim::Global],
        };
        let claims: &[Claim] = match (row.component, share) {
            (Component::Split, Share::Whole) => &both,
            (Component::Split, Share::Technical) | (Component::TechnicalOnly, _) => &both[..1],
            (Component::Split, Share::Professional) | (Component::ProfessionalOnly, _) => {
                &both[1..]
            }
            (Component::Global, _) if row.step == CareStep::Evaluation => &both[1..],
            (Component::Global, _) if self.site.setting == Setting::Freestanding => &both[1..],
            (Component::Global, Share::Whole) => &both,
            (Component::Global, Share::Technical) => &both[..1],
            (Component::Global, Share::Professional) => &both[1..],
        };
        let stands = |claim: &&Claim| **claim != Claim::Facility || row.facility_line;
        let standing: Vec<Claim> = claims.iter().filter(stands).copied().collect();
        if standing.is_empty() { claims.to_vec() } else { standing }
    }
}

/// The share that is meant: as the source tells it, or as its modifier tells it on a code with
/// two shares.
fn share(blank: &ChargeLine, coded: &Coded<'_>, row: &CodeRow) -> Share {
    if coded.share != Share::Whole || row.component != Component::Split {
        return coded.share;
    }
    let told = (blank.has(Modifier::PROFESSIONAL), blank.has(Modifier::TECHNICAL));
    match told {
        (true, false) => Share::Professional,
        (false, true) => Share::Technical,
        (true, true) | (false, false) => Share::Whole,
    }
}

/// Who answers for the line: whoever performed a visit; else the performer if that is a
/// physician, else the orderer (reading 12).
fn rendering(blank: &ChargeLine, family: Family) -> Option<Clinician> {
    let performed = blank.rendering.clone();
    let is_visit = family.is_visit() || family == Family::VisitAddition;
    let by_physician = performed.as_ref().is_some_and(Clinician::is_physician);
    if is_visit || by_physician { performed } else { blank.orderer.clone() }
}

/// The one held line of a code that no table knows.
fn unknown(blank: &ChargeLine, code: ProcedureCode) -> ChargeLine {
    let mut line = blank.clone();
    line.flaws.push(Flaw::UnknownCode(format!("no table knows the code {code}")));
    line
}
