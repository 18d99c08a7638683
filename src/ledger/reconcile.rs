//! Brings the books of a person to what is due: drafts what is missing, looks anew at what has
//! not left, takes back what has left and is no longer due.

use std::collections::HashMap;

use crate::domain::{
    BookedLine, Claim, Decision, Finding, JudgedLine, LineId, LineKey, LineState, Outcome,
};

/// The rule that speaks for a person who keeps a line back.
pub(super) const BY_PERSON: &str = "PERS-01";

/// One change of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new line.
    Draft {
        /// What it says, and what was found.
        line: Box<JudgedLine>,
        /// Where it stands at once.
        state: LineState,
        /// Where it goes.
        destination: Option<String>,
        /// It waits for the final answer to the reversal of this line.
        after_reversal_of: Option<LineId>,
    },
    /// A line that has not left moves, or its particulars or findings are told anew.
    Move {
        /// Which.
        line: LineId,
        /// The state it must still be in.
        from: LineState,
        /// The state it moves to.
        to: LineState,
        /// What it says and what was found now; `None` leaves both.
        told: Option<Box<JudgedLine>>,
    },
    /// A line that has left is taken back by a line of its own.
    Reverse {
        /// Which.
        line: LineId,
        /// The state it must still be in.
        from: LineState,
        /// Why.
        because: Vec<Finding>,
    },
}

/// What must change so that the books say what is due. `route` names the destinations of a claim,
/// for lines that are new; a line on the books keeps the destination it has.
pub fn reconcile(
    booked: &[BookedLine],
    due: Vec<JudgedLine>,
    route: &dyn Fn(Option<Claim>) -> Vec<Option<String>>,
) -> Vec<Change> {
    let mut standing: HashMap<LineKey, Vec<&BookedLine>> = HashMap::new();
    for line in booked.iter().filter(|line| stands(line)) {
        standing.entry(line.line.key()).or_default().push(line);
    }
    let mut changes = Vec::new();
    let mut missing: Vec<JudgedLine> = Vec::new();
    for judged in due {
        match standing.remove(&judged.line.key()) {
            Some(copies) => look_again(&copies, judged, &mut changes),
            None => missing.push(judged),
        }
    }
    let mut gone: Vec<&BookedLine> = standing.into_values().flatten().collect();
    gone.sort_by_key(|line| line.id);
    let reversed: Vec<&BookedLine> =
        gone.iter().copied().filter(|line| line.state.is_out()).collect();
    changes.extend(gone.iter().filter_map(|line| take_off(line, Vec::new())));
    changes.extend(withdrawn_reversals(booked));
    for judged in missing {
        let replaced = reversed.iter().find(|old| {
            old.line.course == judged.line.course
                && old.line.claim == judged.line.claim
                && old.line.anchor == judged.line.anchor
        });
        let replaced = replaced.map(|old| old.id);
        draft(judged, replaced, route, &mut changes);
    }
    changes
}

/// Lines that say what is charged now: not those that take others back, nor those taken back, nor
/// those withdrawn by rule. One that a person withdrew stands, so that it is not drafted again.
fn stands(line: &BookedLine) -> bool {
    let withdrawn = line.state == LineState::Withdrawn;
    line.reverses.is_none()
        && line.reversed_by.is_none()
        && (!withdrawn || line.decision == Some(Decision::Withdrawn))
}

fn look_again(copies: &[&BookedLine], judged: JudgedLine, changes: &mut Vec<Change>) {
    let mut drafted = false;
    for copy in copies {
        let (state, told) = decided(&judged, copy.decision.as_ref());
        if copy.state.is_unsent() {
            let same =
                copy.state == state && copy.findings == told.findings && copy.line == told.line;
            if !same {
                changes.push(Change::Move {
                    line: copy.id,
                    from: copy.state,
                    to: state,
                    told: Some(Box::new(told)),
                });
            }
        } else if state != LineState::Queued && copy.state != LineState::Withdrawn {
            changes.extend(take_off(copy, told.findings.clone()));
            if !drafted {
                draft_as(told, state, copy.destination.clone(), Some(copy.id), changes);
                drafted = true;
            }
        }
    }
}

/// Where a line stands by its rules and by what a person decided.
fn decided(judged: &JudgedLine, decision: Option<&Decision>) -> (LineState, JudgedLine) {
    let state = state(judged.outcome());
    match (decision, state) {
        (Some(Decision::Released(rules)), LineState::Held) => {
            let holds = judged.findings.iter().filter(|f| f.outcome == Outcome::Hold);
            let known = holds.into_iter().all(|finding| rules.contains(&finding.rule));
            (if known { LineState::Queued } else { LineState::Held }, judged.clone())
        }
        (Some(Decision::Held), LineState::Queued | LineState::Held) => {
            let mut judged = judged.clone();
            judged.findings.push(kept_back());
            (LineState::Held, judged)
        }
        (Some(Decision::Released(_) | Decision::Held | Decision::Withdrawn) | None, state) => {
            (state, judged.clone())
        }
    }
}

/// What is found against a line that a person keeps back.
pub(super) fn kept_back() -> Finding {
    Finding::new(BY_PERSON, Outcome::Hold, "a person keeps this line back")
}

fn state(outcome: Option<Outcome>) -> LineState {
    match outcome {
        None | Some(Outcome::Warn) => LineState::Queued,
        Some(Outcome::Hold) => LineState::Held,
        Some(Outcome::Suppress) => LineState::Suppressed,
        Some(Outcome::Reject) => LineState::Rejected,
    }
}

/// A line that is no longer due: withdrawn if it has not left or was declined, else reversed.
fn take_off(line: &BookedLine, because: Vec<Finding>) -> Option<Change> {
    match line.state {
        LineState::Withdrawn => None,
        LineState::Sent | LineState::Unknown | LineState::Accepted => {
            Some(Change::Reverse { line: line.id, from: line.state, because })
        }
        LineState::Held
        | LineState::Suppressed
        | LineState::Rejected
        | LineState::Queued
        | LineState::Declined => Some(Change::Move {
            line: line.id,
            from: line.state,
            to: LineState::Withdrawn,
            told: None,
        }),
    }
}

/// A reversal of a line that its receiver declined after all has nothing to take back.
fn withdrawn_reversals(booked: &[BookedLine]) -> impl Iterator<Item = Change> {
    booked
        .iter()
        .filter(|reversal| reversal.state == LineState::Queued)
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

fn draft(
    judged: JudgedLine,
    after_reversal_of: Option<LineId>,
    route: &dyn Fn(Option<Claim>) -> Vec<Option<String>>,
    changes: &mut Vec<Change>,
) {
    let state = state(judged.outcome());
    for destination in route(judged.line.claim) {
        draft_as(judged.clone(), state, destination, after_reversal_of, changes);
    }
}

fn draft_as(
    line: JudgedLine,
    state: LineState,
    destination: Option<String>,
    after_reversal_of: Option<LineId>,
    changes: &mut Vec<Change>,
) {
    let line = Box::new(line);
    changes.push(Change::Draft { line, state, destination, after_reversal_of });
}
