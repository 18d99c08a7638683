//! What a person may decide about a line, and what follows.

use super::corrections;
use super::reconcile::{kept_back, state};
use super::states::{Cause, may_move};
use crate::domain::{BookedLine, Decision, Finding, LineState, Outcome};

/// What a person wants done with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Let a held line go; of a line in doubt, vouch that it arrived.
    Release,
    /// Let a line go that rules reject, where all of them allow that.
    Override,
    /// Keep a waiting line back.
    Hold,
    /// Take a line off that has not left, was declined, or is in doubt and did not arrive.
    Withdraw,
    /// Send a line again whose receiver said no, or whose outcome nobody knows.
    Resend,
}

/// Why a decision cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

/// What a decision makes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The state it moves to.
    pub to: LineState,
    /// What is found against it from now on.
    pub findings: Vec<Finding>,
    /// What later looks respect.
    pub decision: Option<Decision>,
}

/// What becomes of a line by a person's decision, or why nothing can.
///
/// # Errors
/// When the line is in a state that the decision does not lead out of.
pub fn decide(line: &BookedLine, action: Action) -> Result<Decided, Refused> {
    let (to, decision) = match action {
        Action::Release if line.state == LineState::Unknown => {
            (LineState::Accepted, line.decision.clone())
        }
        Action::Release => (LineState::Queued, Some(Decision::Released(holding(line)))),
        Action::Override => (LineState::Queued, Some(Decision::Overridden(against(line)))),
        Action::Hold => (LineState::Held, Some(Decision::Held)),
        Action::Withdraw => (LineState::Withdrawn, Some(Decision::Withdrawn)),
        Action::Resend => (LineState::Queued, line.decision.clone()),
    };
    let fits = match action {
        Action::Release => matches!(line.state, LineState::Held | LineState::Unknown),
        Action::Resend => matches!(line.state, LineState::Declined | LineState::Unknown),
        Action::Override => line.state == LineState::Rejected,
        Action::Hold | Action::Withdraw => true,
    };
    if !fits || !may_move(line.state, to, Cause::Person) {
        let wanted = action.as_str();
        return Err(Refused(format!("a line that is {} cannot be {wanted}", line.state.as_str())));
    }
    if let Some(why) = cannot_leave(line).filter(|_| to == LineState::Queued) {
        return Err(Refused(why.to_owned()));
    }
    let mut findings = line.findings.clone();
    match action {
        Action::Hold => findings.push(kept_back()),
        Action::Release => findings.retain(|finding| finding.rule != kept_back().rule),
        Action::Withdraw | Action::Resend | Action::Override => {}
    }
    Ok(Decided { to, findings, decision })
}

/// What becomes of a line that waits for a correction, once a person released or dismissed that;
/// `None` if it does not wait for this one.
pub fn follow(line: &BookedLine, correction: &BookedLine, action: Action) -> Option<Decided> {
    let waits = line.after == Some(correction.id) && line.state == LineState::Held;
    if !waits || correction.reverses.is_none() || correction.state != LineState::Held {
        return None;
    }
    match action {
        Action::Release => {
            let mut findings = line.findings.clone();
            findings.retain(|finding| *finding != corrections::waits());
            let to = state(findings.iter().map(|finding| finding.outcome).max());
            Some(Decided { to, findings, decision: line.decision.clone() })
        }
        Action::Withdraw => {
            let findings = line.findings.clone();
            Some(Decided { to: LineState::Withdrawn, findings, decision: line.decision.clone() })
        }
        Action::Hold | Action::Resend | Action::Override => None,
    }
}

/// What a line lacks that no message can leave without, whatever a person decides.
fn cannot_leave(line: &BookedLine) -> Option<&'static str> {
    if line.line.code.is_none() || line.line.claim.is_none() {
        Some("nobody knows which code it bears on which claim; withdraw it, and add the right line")
    } else if line.line.account.is_none() {
        Some("it has no account; it goes by itself once a registration names one")
    } else if line.destination.is_none() {
        Some("no destination takes its claim; the settings name where claims go")
    } else {
        None
    }
}

/// The rules that a person must override.
pub fn against(line: &BookedLine) -> Vec<String> {
    let against = line.findings.iter().filter(|finding| finding.outcome > Outcome::Warn);
    against.map(|finding| finding.rule.clone()).collect()
}

fn holding(line: &BookedLine) -> Vec<String> {
    let holds = line.findings.iter().filter(|finding| finding.outcome == Outcome::Hold);
    holds.map(|finding| finding.rule.clone()).collect()
}

impl Action {
    /// As in `a line that is sent cannot be …`.
    fn as_str(self) -> &'static str {
        match self {
            Action::Release => "released",
            Action::Override => "overridden",
            Action::Hold => "held",
            Action::Withdraw => "withdrawn",
            Action::Resend => "sent again",
        }
    }
}
