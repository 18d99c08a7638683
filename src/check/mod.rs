//! Judges drafted lines.
//!
//! **In:** the drafted [`ChargeLine`]s of a person and their [`Record`]. **Out:** each line with
//! every [`Finding`] against it; none means that the line is clean.
//!
//! **Never:** changes a line, looks at a clock, or stops at the first reason: the person who
//! clears a hold should see all of them at once.
//!
//! **Start at** [`RULES`]. A new rule is a value in a file of `rules/`, a row in that list, and a
//! page in `mappings/holds/`.

mod index;
mod laws;
mod rules;
mod view;

pub use laws::{LAWS, Law};
pub use rules::RULES;

use std::sync::OnceLock;

use crate::domain::{ChargeLine, Finding, JudgedLine, Outcome, Record, Site};
use crate::mappings::Tables;
use index::Index;
use view::View;

/// One thing that must be true of a line before it may leave.
pub struct Rule {
    /// Written into the ledger and into `mappings/holds/<id>.md`: never renamed, never reused.
    pub id: &'static str,
    /// What must be true, in one sentence that a biller would say.
    pub says: &'static str,
    /// Where the requirement comes from.
    pub source: &'static str,
    /// When it is asked.
    stage: Stage,
    /// Looks at one line in the light of its course.
    judge: fn(&View<'_>) -> Verdict,
}

/// Rules that reject, and that a person may override with a reason: what rests on one medium
/// source, on a payer's practice or on local policy, by the confidence column of the rules'
/// document. Indicator-0 pairs, absolute limits, codes out of force and what nothing earned are
/// not among them.
pub const MAY_BE_OVERRIDDEN: [&str; 8] =
    ["BRA-03", "BRA-04", "BRA-06", "EM-03", "FREQ-22", "IMRT-01", "LATE-02", "MOD-01"];

/// What a rule says of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Clean,
    Warn(String),
    Hold(String),
    Suppress(String),
    Reject(String),
}

/// When a rule is asked. A later stage sees what the earlier ones said of all lines, since a
/// rejected line denies nothing to others (reading 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The line by itself, in its course.
    Own,
    /// How often the work stands in the course.
    Count,
    /// Beside others of its day and claim.
    Pairs,
    /// A visit beside the work of its day.
    Visits,
    /// How many units a day bears.
    Units,
}

const STAGES: [Stage; 5] = [Stage::Own, Stage::Count, Stage::Pairs, Stage::Visits, Stage::Units];

/// What rules look at beside the line.
pub struct Bench<'a> {
    /// Everything known of the person.
    pub record: &'a Record,
    /// The tables in force.
    pub tables: &'a Tables,
    /// The site that bills.
    pub site: &'a Site,
}

/// Every line with all that rules have against it, in the order in which it was given.
pub fn judge(lines: Vec<ChargeLine>, bench: &Bench<'_>) -> Vec<JudgedLine> {
    judge_without(lines, bench, None)
}

/// The same as if one rule did not exist: how tests prove that each rule is told by a story, and
/// how a person is shown what a line would be without it.
pub fn judge_without(
    lines: Vec<ChargeLine>,
    bench: &Bench<'_>,
    without: Option<&str>,
) -> Vec<JudgedLine> {
    let index = Index::new(&lines, bench.record);
    let mut findings: Vec<Vec<Finding>> = vec![Vec::new(); lines.len()];
    let mut outcomes: Vec<Option<Outcome>> = vec![None; lines.len()];
    for stage in STAGES {
        for &place in &index.by_service {
            if lines[place].goes_with.is_some() {
                continue;
            }
            let view = View::new(bench, &lines, &index, &outcomes, place);
            let mut said = ask(stage, &view);
            said.retain(|finding| Some(finding.rule.as_str()) != without);
            let worst = said.iter().map(|finding| finding.outcome).max();
            outcomes[place] = outcomes[place].max(worst);
            findings[place].extend(said);
        }
    }
    share_states(&lines, &mut findings);
    lines.into_iter().zip(findings).map(|(line, findings)| JudgedLine { line, findings }).collect()
}

/// Every rule with what it says of each line, for a person who asks why: the passed ones too.
pub fn explain(
    lines: &[ChargeLine],
    bench: &Bench<'_>,
    place: usize,
) -> Vec<(&'static Rule, Option<Finding>)> {
    let judged = judge(lines.to_vec(), bench);
    let Some(line) = judged.get(place) else {
        return Vec::new();
    };
    RULES
        .iter()
        .map(|rule| (*rule, line.findings.iter().find(|one| one.rule == rule.id).cloned()))
        .collect()
}

fn ask(stage: Stage, view: &View<'_>) -> Vec<Finding> {
    let asked = &by_stage()[stage as usize];
    asked.iter().filter_map(|rule| (rule.judge)(view).found_by(rule.id)).collect()
}

/// The rules of each stage, in the order of [`RULES`].
fn by_stage() -> &'static [Vec<&'static Rule>; STAGES.len()] {
    static BY_STAGE: OnceLock<[Vec<&'static Rule>; STAGES.len()]> = OnceLock::new();
    BY_STAGE.get_or_init(|| {
        STAGES.map(|stage| RULES.iter().copied().filter(|rule| rule.stage == stage).collect())
    })
}

impl Verdict {
    fn found_by(self, rule: &str) -> Option<Finding> {
        let (outcome, because) = match self {
            Verdict::Clean => return None,
            Verdict::Warn(because) => (Outcome::Warn, because),
            Verdict::Hold(because) => (Outcome::Hold, because),
            Verdict::Suppress(because) => (Outcome::Suppress, because),
            Verdict::Reject(because) => (Outcome::Reject, because),
        };
        Some(Finding::new(rule, outcome, because))
    }
}

/// A line that goes with another shares its state and its reasons. Its host is the line of the
/// same anchor on its own claim, else on any.
fn share_states(lines: &[ChargeLine], findings: &mut [Vec<Finding>]) {
    for place in 0..lines.len() {
        let Some(anchor) = &lines[place].goes_with else {
            continue;
        };
        let is_host = |other: &&ChargeLine| {
            other.anchor == *anchor
                && other.goes_with.is_none()
                && other.course == lines[place].course
        };
        let on_claim = lines.iter().position(|o| is_host(&o) && o.claim == lines[place].claim);
        let host = on_claim.or_else(|| lines.iter().position(|other| is_host(&other)));
        if let Some(host) = host {
            findings[place] = findings[host].clone();
        }
    }
}
