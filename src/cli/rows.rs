//! Lines as rows of a list: the columns of the contract.

use crate::domain::{
    BookedLine, Claim, Finding, LineState, Modifier, Outcome, ProcedureCode, Revenue,
};
use crate::store::ListedLine;

/// The columns that every list of lines begins with.
pub const COLUMNS: [&str; 12] = [
    "patient",
    "course",
    "dos",
    "care_step",
    "code",
    "modifiers",
    "units",
    "claim",
    "revenue",
    "state",
    "reasons",
    "message",
];

/// The columns that follow where a store is asked.
pub const STORE_COLUMNS: [&str; 3] = ["line", "destination", "sent"];

/// A line as a row of [`COLUMNS`].
pub fn row(listed: &ListedLine) -> [String; 12] {
    let BookedLine { line, .. } = &listed.line;
    let modifiers: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
    let known = line.claim.is_some() && line.code.is_some();
    [
        listed.patient.number.clone(),
        line.course.0.clone(),
        line.day().to_string(),
        line.step.filter(|_| known).map_or(String::new(), |step| step.to_string()),
        line.code.as_ref().filter(|_| known).map_or("", ProcedureCode::as_str).to_owned(),
        modifiers.join(" "),
        line.units.get().to_string(),
        line.claim.filter(|_| known).map_or("", Claim::as_str).to_owned(),
        revenue(listed).to_owned(),
        state(&listed.line).to_owned(),
        reasons(&listed.line.findings),
        line.control_id.clone(),
    ]
}

/// A line as a row of [`STORE_COLUMNS`].
pub fn store_row(listed: &ListedLine) -> [String; 3] {
    let line = &listed.line;
    [line.id.to_string(), line.destination.clone().unwrap_or_default(), sent(line.state).to_owned()]
}

fn revenue(listed: &ListedLine) -> &str {
    let line = &listed.line.line;
    let facility = line.claim == Some(Claim::Facility);
    line.revenue.as_ref().filter(|_| facility).map_or("", Revenue::as_str)
}

/// The state as the contract names it. A line taken back, and the one that takes it back, count
/// as nothing.
pub fn state(line: &BookedLine) -> &'static str {
    if line.reverses.is_some() || line.reversed_by.is_some() {
        return "credited";
    }
    match line.state {
        LineState::Held => "held",
        LineState::Suppressed => "suppressed",
        LineState::Rejected => "rejected",
        LineState::Withdrawn => "credited",
        LineState::Queued
        | LineState::Sent
        | LineState::Unknown
        | LineState::Accepted
        | LineState::Declined => "ready",
    }
}

/// How far the line got on its way.
pub fn sent(state: LineState) -> &'static str {
    match state {
        LineState::Held | LineState::Suppressed | LineState::Rejected | LineState::Withdrawn => "",
        LineState::Queued => "waiting",
        LineState::Sent => "sent",
        LineState::Unknown => "unknown",
        LineState::Accepted => "accepted",
        LineState::Declined => "declined",
    }
}

/// The rules against a line, each once; what is only a flag is no reason.
fn reasons(findings: &[Finding]) -> String {
    let mut rules: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.outcome > Outcome::Warn) {
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }
    rules.join(" ")
}
