//! The account a line goes on, and what an inpatient's claim bears.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{Claim, PatientClass};

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
