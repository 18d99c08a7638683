//! Brings the books of a person to what is due: drafts what is missing, looks anew at what has
//! not left, takes back what has left and is no longer due.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::change::{Change, News};
use super::corrections::{self, Standing};
use crate::domain::{
    BookedLine, ChargeLine, Claim, Decision, Finding, JudgedLine, LineId, LineState, Outcome,
    SameCharge,
};

/// The rule that speaks for a person who keeps a line back.
pub(super) const BY_PERSON: &str = "PERS-01";

/// What must change so that the books say what is due. `route` names the destinations of a claim,
/// for lines that are new; a line on the books keeps the destination it has.
pub fn reconcile(
    booked: &[BookedLine],
    due: Vec<JudgedLine>,
    news: News,
    route: &dyn Fn(Option<Claim>) -> Vec<Option<String>>,
) -> Vec<Change> {
    let mut standing = standing(booked);
    let keys: HashSet<SameCharge<'_>> =
        due.iter().map(|judged| judged.line.same_charge()).collect();
    let mut gone: Vec<Standing<'_>> = Vec::new();
    standing.retain(|key, copies| {
        let stays = keys.contains(key);
        if !stays {
            gone.extend(std::mem::take(copies).into_values());
        }
        stays
    });
    drop(keys);
    gone.sort_by_key(Standing::number);
    let mut changes = Vec::new();
    let works: HashSet<Work<'_>> = due.iter().map(|one| work(&one.line)).collect();
    let books = Books { booked, news };
    let copies = gone.iter().chain(standing.values().flat_map(BTreeMap::values));
    let mut twice: Vec<_> = copies.flat_map(|copy| copy.twice.iter().copied()).collect();
    twice.sort_by_key(|(line, _)| line.id);
    for (line, proposal) in twice {
        books.take_back_twice(line, proposal, &mut changes);
    }
    let ends: Vec<End<'_>> =
        gone.iter().filter_map(|copy| books.take_off(copy, &works, &mut changes)).collect();
    drop(works);
    changes.extend(corrections::of_declined(booked));
    let mut missing: Vec<&JudgedLine> = Vec::new();
    for judged in &due {
        match standing.remove(&judged.line.same_charge()) {
            Some(copies) => {
                for copy in copies.into_values() {
                    let waits = waits(&ends, judged, &copy.destination);
                    books.look_again(copy, (judged, waits), &mut changes);
                }
            }
            None => missing.push(judged),
        }
    }
    for judged in missing {
        for destination in route(judged.line.claim) {
            draft(judged, destination, &ends, &mut changes);
        }
    }
    changes
}

/// What is billed by a line, whatever its code is: the same work on the same claim.
type Work<'a> = (&'a str, Option<Claim>, &'a str);

fn work(line: &ChargeLine) -> Work<'_> {
    (&line.course.0, line.claim, &line.anchor)
}

/// What becomes of a line that has left and is no longer due.
enum End<'a> {
    /// It is taken back.
    Reversed(&'a BookedLine),
    /// It is proposed to be taken back.
    Proposed(&'a BookedLine),
    /// It stays, as long as a person wants it so.
    Kept(&'a BookedLine),
}

impl<'a> End<'a> {
    fn line(&self) -> &'a BookedLine {
        match self {
            End::Reversed(line) | End::Proposed(line) | End::Kept(line) => line,
        }
    }

    /// Whether a line bills what this one billed, at the same destination.
    fn is_replaced_by(&self, judged: &JudgedLine, destination: &Option<String>) -> bool {
        let line = self.line();
        line.destination == *destination && work(&line.line) == work(&judged.line)
    }
}

/// Whether a line must wait, since another bills the same work as long as a person wants it so.
fn waits(ends: &[End<'_>], judged: &JudgedLine, destination: &Option<String>) -> bool {
    let stays = |end: &&End<'_>| matches!(end, End::Proposed(_) | End::Kept(_));
    ends.iter().filter(stays).any(|end| end.is_replaced_by(judged, destination))
}

fn draft(
    judged: &JudgedLine,
    destination: Option<String>,
    ends: &[End<'_>],
    changes: &mut Vec<Change>,
) {
    let replaces = ends.iter().find(|end| end.is_replaced_by(judged, &destination));
    let after = replaces.filter(|end| !matches!(end, End::Kept(_))).map(|end| end.line().id);
    let mut judged = judged.clone();
    if waits(ends, &judged, &destination) {
        judged.findings.push(corrections::waits());
    }
    let state = state(judged.outcome());
    draft_as(judged, (state, destination), after, changes);
}

/// Lines that say what is charged now, by what they are and where they go: not those that take
/// others back, nor those taken back, nor those withdrawn by rule. One that a person withdrew
/// stands, so that it is not drafted again.
fn standing(
    booked: &[BookedLine],
) -> HashMap<SameCharge<'_>, BTreeMap<Option<&str>, Standing<'_>>> {
    let proposals = booked.iter().filter(|line| line.state == LineState::Held);
    let proposals: HashMap<LineId, &BookedLine> =
        proposals.filter_map(|line| Some((line.reverses?, line))).collect();
    let mut standing: HashMap<SameCharge<'_>, BTreeMap<Option<&str>, Standing<'_>>> =
        HashMap::default();
    for line in booked.iter().filter(|line| line.reverses.is_none()) {
        let proposal = proposals.get(&line.id).copied();
        let withdrawn = line.state == LineState::Withdrawn;
        let by_rule = withdrawn && line.decision != Some(Decision::Withdrawn);
        if by_rule || line.reversed_by.is_some() {
            continue;
        }
        let copies = standing.entry(line.line.same_charge()).or_default();
        copies.entry(line.destination.as_deref()).or_default().add(line, proposal);
    }
    standing
}

/// The books of a person while they are compared.
struct Books<'a> {
    booked: &'a [BookedLine],
    news: News,
}

impl<'a> Books<'a> {
    /// A line that is due and stands on the books.
    fn look_again(
        &self,
        copy: Standing<'a>,
        (judged, waits): (&JudgedLine, bool),
        changes: &mut Vec<Change>,
    ) {
        let Some(out) = copy.out else {
            let decided = copy.here.iter().position(|line| line.decision.is_some());
            let kept = decided.unwrap_or(0);
            let others = copy.here.iter().enumerate().filter(|(place, _)| *place != kept);
            changes.extend(others.filter_map(|(_, line)| withdrawn(line)));
            let kept = copy.here.get(kept).map_or(&[][..], std::slice::from_ref);
            return refresh_all(kept, judged, waits, changes);
        };
        let (state, by_person) = decided(judged, &[], out.decision.as_ref());
        let ready = state == LineState::Queued || out.state == LineState::Withdrawn;
        let differs = corrections::differs(out, &judged.line);
        if ready && differs.is_none() {
            changes.extend(copy.here.iter().copied().filter_map(withdrawn));
            changes.extend(copy.proposal.and_then(withdrawn));
            return;
        }
        if copy.proposal.is_some() {
            return refresh_all(&copy.here, judged, true, changes);
        }
        changes.extend(copy.here.iter().copied().filter_map(withdrawn));
        let mut told = judged.clone();
        told.findings.extend(by_person);
        let because = match differs {
            Some(because) if ready => vec![because],
            Some(_) | None => told.findings.clone(),
        };
        if self.was_dismissed(out, &because) {
            return;
        }
        let proposes = out.state.is_out() && (ready || self.news == News::Tables);
        if proposes {
            told.findings.push(corrections::waits());
        }
        match out.state.is_out() {
            true => self.reverse(out, because, proposes, changes),
            false => changes.extend(withdrawn(out)),
        }
        let state = state_of(&told, state);
        draft_as(told, (state, copy.destination), Some(out.id), changes);
    }

    /// A line that is no longer due: withdrawn if it has not left or was declined, else taken
    /// back, or proposed to be.
    fn take_off(
        &self,
        copy: &Standing<'a>,
        works: &HashSet<Work<'_>>,
        changes: &mut Vec<Change>,
    ) -> Option<End<'a>> {
        changes.extend(copy.here.iter().copied().filter_map(withdrawn));
        let out = copy.out?;
        if !out.state.is_out() {
            changes.extend(withdrawn(out));
            return None;
        }
        let earns = works.contains(&work(&out.line));
        match copy.proposal {
            Some(_) if earns => return Some(End::Kept(out)),
            Some(proposal) => {
                changes.push(corrections::goes_by_itself(proposal));
                return Some(End::Reversed(out));
            }
            None if earns && self.was_dismissed(out, &[]) => return Some(End::Kept(out)),
            None => {}
        }
        let proposes = self.news == News::Tables;
        self.reverse(out, Vec::new(), proposes, changes);
        Some(if proposes { End::Proposed(out) } else { End::Reversed(out) })
    }

    /// What has left a second time is taken back, whatever the tables say: said twice is done once.
    fn take_back_twice(
        &self,
        line: &BookedLine,
        proposal: Option<&BookedLine>,
        changes: &mut Vec<Change>,
    ) {
        match proposal {
            Some(proposal) => changes.push(corrections::goes_by_itself(proposal)),
            None if self.was_dismissed(line, &[]) => {}
            None => self.reverse(line, Vec::new(), false, changes),
        }
    }

    fn reverse(
        &self,
        out: &BookedLine,
        mut because: Vec<Finding>,
        proposes: bool,
        changes: &mut Vec<Change>,
    ) {
        let state = if proposes { LineState::Held } else { LineState::Queued };
        if proposes {
            because.push(corrections::proposed(self.news));
        }
        changes.push(Change::Reverse { line: out.id, from: out.state, state, because });
    }

    /// Whether a person has looked at this correction and left the line as it is.
    fn was_dismissed(&self, out: &BookedLine, because: &[Finding]) -> bool {
        let dismissed = |line: &&BookedLine| {
            line.reverses == Some(out.id) && line.decision == Some(Decision::Withdrawn)
        };
        let knows = |line: &BookedLine| because.iter().all(|one| line.findings.contains(one));
        self.booked.iter().filter(dismissed).any(knows)
    }
}

/// Where a line stands that bears what was found so far and something more.
fn state_of(told: &JudgedLine, at_least: LineState) -> LineState {
    if at_least == LineState::Queued { state(told.outcome()) } else { at_least }
}

fn refresh_all(lines: &[&BookedLine], judged: &JudgedLine, waits: bool, changes: &mut Vec<Change>) {
    let further = if waits { vec![corrections::waits()] } else { Vec::new() };
    for line in lines {
        refresh(line, judged, &further, changes);
    }
}

/// A line that has not left, told anew.
fn refresh(line: &BookedLine, judged: &JudgedLine, further: &[Finding], changes: &mut Vec<Change>) {
    if !line.state.is_unsent() {
        return;
    }
    let (state, by_person) = decided(judged, further, line.decision.as_ref());
    let told = judged.findings.iter().chain(further).chain(&by_person);
    if line.state == state && line.findings.iter().eq(told) && line.line == judged.line {
        return;
    }
    let mut judged = judged.clone();
    judged.findings.extend(further.iter().cloned().chain(by_person));
    changes.push(Change::Move {
        line: line.id,
        from: line.state,
        to: state,
        told: Some(Box::new(judged)),
    });
}

/// Where a line stands by its rules, by what is found further and by what a person decided, and
/// what is found against it for that.
fn decided(
    judged: &JudgedLine,
    further: &[Finding],
    decision: Option<&Decision>,
) -> (LineState, Option<Finding>) {
    let all = || judged.findings.iter().chain(further);
    let state = state(all().map(|finding| finding.outcome).max());
    let only = |rules: &[String], outcome: fn(Outcome) -> bool| {
        all().filter(|finding| outcome(finding.outcome)).all(|it| rules.contains(&it.rule))
    };
    match (decision, state) {
        (Some(Decision::Released(rules)), LineState::Held)
            if only(rules, |outcome| outcome == Outcome::Hold) =>
        {
            (LineState::Queued, None)
        }
        (Some(Decision::Overridden(rules)), LineState::Held | LineState::Rejected)
            if only(rules, |outcome| outcome > Outcome::Warn) =>
        {
            (LineState::Queued, None)
        }
        (Some(Decision::Held), LineState::Queued | LineState::Held) => {
            (LineState::Held, Some(kept_back()))
        }
        (
            Some(
                Decision::Released(_)
                | Decision::Overridden(_)
                | Decision::Held
                | Decision::Withdrawn,
            )
            | None,
            state,
        ) => (state, None),
    }
}

/// What is found against a line that a person keeps back.
pub(super) fn kept_back() -> Finding {
    Finding::new(BY_PERSON, Outcome::Hold, "a person keeps this line back")
}

pub(super) fn state(outcome: Option<Outcome>) -> LineState {
    match outcome {
        None | Some(Outcome::Warn) => LineState::Queued,
        Some(Outcome::Hold) => LineState::Held,
        Some(Outcome::Suppress) => LineState::Suppressed,
        Some(Outcome::Reject) => LineState::Rejected,
    }
}

/// A line that has not left, or was declined, is taken off.
fn withdrawn(line: &BookedLine) -> Option<Change> {
    let stays = line.state == LineState::Withdrawn || line.state.is_out();
    let (from, to) = (line.state, LineState::Withdrawn);
    (!stays).then_some(Change::Move { line: line.id, from, to, told: None })
}

fn draft_as(
    line: JudgedLine,
    (state, destination): (LineState, Option<String>),
    after_reversal_of: Option<LineId>,
    changes: &mut Vec<Change>,
) {
    let line = Box::new(line);
    changes.push(Change::Draft { line, state, destination, after_reversal_of });
}
