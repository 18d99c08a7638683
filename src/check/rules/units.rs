//! How many units of a code one day bears.

use crate::check::{Rule, Stage, Verdict};
use crate::domain::{ChargeLine, Family, Outcome};
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
        if view.line.is(Family::Consultation)
            && view.parameter("consultation_codes") == Some("recognized")
        {
            // The table's limit of none is Medicare's own, who does not know the codes.
            return Verdict::Clean;
        }
        // What is held stands behind what is clean, whichever came first.
        let stands = |outcome: Option<Outcome>| match outcome {
            None | Some(Outcome::Warn) => true,
            Some(Outcome::Hold) => view.outcome() == Some(Outcome::Hold),
            Some(Outcome::Suppress | Outcome::Reject) => false,
        };
        let clean = |outcome: Option<Outcome>| outcome.is_none_or(|it| it == Outcome::Warn);
        let is_held = !clean(view.outcome());
        let of_code = |(other, _): &(&ChargeLine, Option<Outcome>)| other.code == Some(code);
        let earlier = view.beside_before().filter(of_code).filter(|(_, it)| stands(*it));
        let later = view.beside_after().filter(of_code).filter(|(_, it)| is_held && clean(*it));
        let before = earlier.chain(later).map(|(other, _)| other.units.get());
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
