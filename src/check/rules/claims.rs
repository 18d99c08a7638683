//! The account a line goes on, and what an inpatient's claim bears.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{Campus, Claim, Modifier, PatientClass};

pub(super) const ACCOUNT: Rule = Rule {
    id: "ACCT-01",
    says: "A line leaves with the account that it goes on.",
    source: "Reading 27 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        if view.line.account.is_none() {
            Verdict::Hold("nobody has told the patient's account yet".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const CAMPUS: Rule = Rule {
    id: "COMP-09",
    says: "A hospital's line says whether its department lies off the campus.",
    source: "OPPS modifiers PO and PN, recalled.",
    stage: Stage::Own,
    judge: |view| {
        let department = view.line.department.as_deref();
        let told = [Modifier::OFF_CAMPUS_EXCEPTED, Modifier::OFF_CAMPUS];
        let told = told.into_iter().find(|modifier| view.line.has(*modifier));
        match view.bench.site.campus_of(department) {
            _ if view.line.claim != Some(Claim::Facility) => Verdict::Clean,
            None => Verdict::Hold(format!(
                "the settings know no department `{}`: whether it lies off the campus decides \
                 between PO, PN and neither",
                department.unwrap_or_default()
            )),
            Some(Campus::On) if told.is_some() => {
                Verdict::Hold("PO or PN on a line of a department on the campus".into())
            }
            Some(Campus::OffExcepted) if told == Some(Modifier::OFF_CAMPUS) => {
                Verdict::Hold("PN on a line of a department that is excepted".into())
            }
            Some(Campus::OffNotExcepted) if told == Some(Modifier::OFF_CAMPUS_EXCEPTED) => {
                Verdict::Hold("PO on a line of a department that is not excepted".into())
            }
            Some(Campus::On | Campus::OffExcepted | Campus::OffNotExcepted) => Verdict::Clean,
        }
    },
};

pub(super) const INPATIENT: Rule = Rule {
    id: "COMP-08",
    says: "What a hospital does for an inpatient is inside the case payment.",
    source: "MAC text; reading 14 of the stories.",
    stage: Stage::Own,
    judge: |view| {
        let facility = view.line.claim == Some(Claim::Facility)
            && view.parameter("inpatient_facility") == Some("suppress");
        if facility && view.line.class == PatientClass::Inpatient {
            Verdict::Suppress("technical work for an inpatient is inside the case payment".into())
        } else {
            Verdict::Clean
        }
    },
};
