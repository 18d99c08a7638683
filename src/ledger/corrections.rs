//! Corrections of what has left: which difference asks for one, and how it waits for a person.

use super::change::{Change, News};
use crate::domain::{BookedLine, ChargeLine, Finding, JudgedLine, LineId, LineState, Outcome};

/// The rule that speaks for a correction which a person must release.
pub(super) const PROPOSED: &str = "CORR-01";

/// The rule that speaks for a line which has left and bears what is no longer so.
const CHANGED: &str = "CORR-02";

/// The copies of one charge at one destination.
#[derive(Debug, Default)]
pub(super) struct Standing<'a> {
    /// The one that has left, or that a person or its receiver keeps from leaving.
    pub(super) out: Option<&'a BookedLine>,
    /// A reversal of it that waits for a person.
    pub(super) proposal: Option<&'a BookedLine>,
    /// Those that have not left; one, but for a short while after a correction was dismissed, or
    /// after two people became one.
    pub(super) here: Vec<&'a BookedLine>,
    /// Those that have left beside it, with what proposes to take them back: two people of whom
    /// the same was told became one.
    pub(super) twice: Vec<(&'a BookedLine, Option<&'a BookedLine>)>,
    /// Where they go.
    pub(super) destination: Option<String>,
}

impl<'a> Standing<'a> {
    pub(super) fn add(&mut self, line: &'a BookedLine, proposal: Option<&'a BookedLine>) {
        self.destination.clone_from(&line.destination);
        if line.state.is_unsent() {
            self.here.push(line);
        } else if self.out.is_none_or(|known| !known.state.is_out()) {
            self.out = Some(line);
            self.proposal = proposal;
        } else if line.state.is_out() {
            self.twice.push((line, proposal));
        }
    }

    /// The number by which they are put in order.
    pub(super) fn number(&self) -> Option<LineId> {
        self.out.map(|line| line.id).or_else(|| self.here.first().map(|line| line.id))
    }
}

/// What a line that has left bears and that is no longer so, if its receiver must be told.
pub(super) fn differs(out: &BookedLine, due: &ChargeLine) -> Option<Finding> {
    if !out.state.is_out() {
        return None;
    }
    let sent = &out.line;
    let number = |line: &ChargeLine| line.rendering.as_ref().map(|one| one.number.clone());
    let because = if due.account_told && sent.account != due.account {
        "it left on another account"
    } else if sent.class != due.class {
        "the patient's class has changed since it left"
    } else if sent.diagnoses != due.diagnoses {
        "its diagnoses have changed since it left"
    } else if number(sent) != number(due) {
        "whoever answers for it has changed since it left"
    } else {
        return None;
    };
    Some(Finding::new(CHANGED, Outcome::Hold, because))
}

/// What is found against a correction that waits for a person.
pub(super) fn proposed(news: News) -> Finding {
    let because = match news {
        News::Facts => {
            "release it to credit what has left and bill it anew; withdraw it to leave it"
        }
        News::Tables => {
            "the tables have changed since it left: release it to credit it, withdraw it to leave it"
        }
    };
    Finding::new(PROPOSED, Outcome::Hold, because)
}

/// What is found against a line that bills what another does, as long as that one stays.
pub(super) fn waits() -> Finding {
    Finding::new(PROPOSED, Outcome::Hold, "waits for the correction of the line that has left")
}

/// A proposal that no person need look at any more: what it takes back is not due at all.
pub(super) fn goes_by_itself(proposal: &BookedLine) -> Change {
    let mut findings = proposal.findings.clone();
    findings.retain(|finding| finding.rule != PROPOSED && finding.rule != CHANGED);
    Change::Move {
        line: proposal.id,
        from: proposal.state,
        to: LineState::Queued,
        told: Some(Box::new(JudgedLine { line: proposal.line.clone(), findings })),
    }
}

/// A reversal of a line that its receiver declined after all has nothing to take back.
pub(super) fn of_declined(booked: &[BookedLine]) -> impl Iterator<Item = Change> {
    booked
        .iter()
        .filter(|reversal| matches!(reversal.state, LineState::Queued | LineState::Held))
        .filter(|reversal| {
            let original = booked.iter().find(|line| Some(line.id) == reversal.reverses);
            original.is_some_and(|line| line.state == LineState::Declined)
        })
        .map(|reversal| Change::Move {
            line: reversal.id,
            from: reversal.state,
            to: LineState::Withdrawn,
            told: None,
        })
}
