//! How many units of a code one day bears.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::Outcome;
use crate::mappings::Indicator;

pub(super) const A_DAY: Rule = Rule {
    id: "UNIT-01",
    says: "A day bears no more units of a code than the payer's table.",
    source: "MUE of the claim type; UNIT-02, UNIT-03.",
    stage: Stage::Units,
    judge: |view| {
        let (Some(code), Some(claim)) = (view.line.code, view.line.claim) else {
            return Verdict::Clean;
        };
        let Some(limit) = view.bench.tables.limit(code, claim, view.line.day()) else {
            return Verdict::Clean;
        };
        let before = view
            .beside_before()
            .filter(|(other, outcome)| {
                other.code == Some(code) && *outcome != Some(Outcome::Reject)
            })
            .map(|(other, _)| other.units.get());
        let own = view.line.units.get();
        let units = match limit.indicator {
            Indicator::Line => own,
            Indicator::Day | Indicator::DayAbsolute => before.sum::<u16>() + own,
        };
        if units <= limit.units {
            return Verdict::Clean;
        }
        let because = format!("{units} units on the day; the payer's table allows {}", limit.units);
        match limit.indicator {
            Indicator::DayAbsolute => Verdict::Reject(because),
            Indicator::Line | Indicator::Day => Verdict::Hold(because),
        }
    },
};
