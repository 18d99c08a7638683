//! Several lines in one message: which, and what its answer says of each.

use crate::domain::{BookedLine, LineId, LineState};
use crate::mappings::destination::{Hl7Profile, Layout, Partial};
use crate::store::{Attempt, Error, Look, Queued, Settled};
use crate::wire::hl7::answer::{Objected, Received};

use super::{Desk, Destination};

/// Why a line goes again that nobody objected to.
const FOR_ANOTHER: &str = "its message was refused for another of its lines; it goes again";
/// What becomes of a line that counted as taken, and whose message was refused.
const AFTER_ALL: &str = "its message was refused after it had counted as taken, perhaps for another of its lines: if it is \
                         right, send it again";
/// Why each line of a message goes again.
const WHICH: &str = "its message was refused and no line named; each goes again alone";

/// A line, and those of its account behind it that may leave with it, in their order. What was
/// refused once goes alone: so a line that its receiver never takes keeps no other from going.
pub(super) async fn gathered(
    first: &Queued,
    profile: &Hl7Profile,
    (destination, desk): (&Destination, &Desk),
) -> Result<Vec<Queued>, Error> {
    if profile.layout != Layout::Visit || first.attempts > 0 {
        return Ok(vec![first.clone()]);
    }
    let lane = Some(first.lane.clone());
    let look = Look { lane, limit: profile.lines_max, ..Look::default() };
    let waiting = desk.books.next_to_send(&destination.name, look).await?;
    let from = waiting.into_iter().skip_while(|one| one.line.id != first.line.id);
    let mut all: Vec<Queued> = from.take_while(|one| may_join(one, profile)).collect();
    if all.is_empty() {
        all.push(first.clone());
    }
    Ok(all)
}

/// Whether a line may leave with others.
pub(super) fn may_join(queued: &Queued, profile: &Hl7Profile) -> bool {
    queued.attempts == 0 && (profile.credits || queued.line.reverses.is_none())
}

/// Lines that leave at one time, parted into those that may stand in one message: each alone, or those
/// of an account, in their order.
pub(super) fn by_account(lines: &[Queued], profile: &Hl7Profile) -> Vec<Vec<Queued>> {
    let mut visits: Vec<Vec<Queued>> = Vec::new();
    for queued in lines {
        let joins = |visit: &&mut Vec<Queued>| {
            let is_same = visit.first().is_some_and(|first| first.lane == queued.lane);
            is_same && profile.layout == Layout::Visit && visit.len() < profile.lines_max
        };
        match visits.iter_mut().rev().find(joins) {
            Some(visit) => visit.push(queued.clone()),
            None => visits.push(vec![queued.clone()]),
        }
    }
    visits
}

/// The lines of a message in doubt that wait for its answer, if it may go again as it was: each of the
/// others is in doubt too, or was accepted.
pub(super) fn lines_of(
    last: &Attempt,
    queued: &Queued,
    desk: &Desk,
) -> Result<Option<Vec<BookedLine>>, Error> {
    if last.together.is_empty() {
        return Ok(Some(vec![queued.line.clone()]));
    }
    let mut lines = Vec::new();
    for id in &last.together {
        let Some(listed) = desk.books.line(*id)? else { return Ok(None) };
        match listed.line.state {
            LineState::Unknown => lines.push(listed.line),
            LineState::Accepted => {}
            LineState::Held
            | LineState::Suppressed
            | LineState::Rejected
            | LineState::Withdrawn
            | LineState::Queued
            | LineState::Sent
            | LineState::Declined => return Ok(None),
        }
    }
    Ok(Some(lines))
}

/// An answer in words: its code, and what it says.
pub(super) fn words(heard: &Received) -> String {
    format!("{} {}", heard.code.as_str(), heard.text).trim_end().to_owned()
}

/// What an answer says of each line of its message.
pub(super) fn apart(
    lines: &[LineId],
    heard: &Received,
    partial: Partial,
) -> Vec<(LineId, Settled)> {
    let all = |settled: &Settled| lines.iter().map(|line| (*line, settled.clone())).collect();
    let [_, _, ..] = lines else {
        let no = Settled::Declined(words(heard));
        return all(if heard.code.accepts() { &Settled::Accepted } else { &no });
    };
    let named: Vec<Option<&Objected>> = (1..=lines.len()).map(|nth| named(heard, nth)).collect();
    let code = heard.code.as_str();
    let each = |other: &Settled| {
        let said = named.iter().map(|named| match named {
            Some(objected) => {
                Settled::Declined(format!("{code} {}", objected.text).trim_end().to_owned())
            }
            None => other.clone(),
        });
        lines.iter().copied().zip(said).collect()
    };
    let is_named = named.iter().any(Option::is_some);
    match (heard.code.accepts(), partial) {
        (true, Partial::Refused) => all(&Settled::Accepted),
        (true, Partial::Taken) => each(&Settled::Accepted),
        (false, Partial::Taken) if is_named => each(&Settled::Accepted),
        (false, Partial::Refused) if is_named => {
            each(&Settled::BackToQueue(FOR_ANOTHER.to_owned()))
        }
        (false, Partial::Refused) if !is_of_head(heard) => {
            let text = format!("{}; {WHICH}", words(heard));
            all(&Settled::BackToQueue(text))
        }
        (false, Partial::Taken | Partial::Refused) => all(&Settled::Declined(words(heard))),
    }
}

/// The same, of a no after which lines are tried again: those that were refused wait with the others.
/// Where a receiver keeps what it does not name, and names nobody, no one can tell which it kept: a
/// person looks.
pub(super) fn apart_later(
    lines: &[LineId],
    heard: &Received,
    partial: Partial,
    later: &str,
) -> Vec<(LineId, Settled)> {
    let mut each = apart(lines, heard, partial);
    let is_kept = each.iter().any(|(_, settled)| *settled == Settled::Accepted);
    let may_be_kept = partial == Partial::Taken && lines.len() > 1 && !is_kept;
    for (_, settled) in each.iter_mut().filter(|_| !may_be_kept) {
        if let Settled::Declined(text) | Settled::BackToQueue(text) = settled {
            *settled = Settled::BackToQueue(format!("{text}; {later}"));
        }
    }
    each
}

/// The same of an answer that came when nobody waited for it. A line that counted as taken does not go
/// again by itself: a person looks.
pub(super) fn apart_late(
    lines: &[LineId],
    heard: &Received,
    partial: Partial,
    desk: &Desk,
) -> Result<Vec<(LineId, Settled)>, Error> {
    let mut each = apart(lines, heard, partial);
    for (line, settled) in &mut each {
        if !matches!(settled, Settled::BackToQueue(_)) {
            continue;
        }
        let listed = desk.books.line(*line)?;
        if listed.is_some_and(|listed| listed.line.state == LineState::Accepted) {
            *settled = Settled::Declined(format!("{}; {AFTER_ALL}", words(heard)));
        }
    }
    Ok(each)
}

/// What is said to the nth FT1, if anything stands against it.
fn named(heard: &Received, nth: usize) -> Option<&Objected> {
    let of_line = |one: &&Objected| one.segment == "FT1" && one.occurrence == nth;
    heard.objections.iter().filter(of_line).find(|one| !one.is_warning)
}

/// Whether what stands against a message is in what its lines share.
fn is_of_head(heard: &Received) -> bool {
    let of_head = |one: &Objected| !one.segment.is_empty() && one.segment != "FT1";
    !heard.objections.is_empty() && heard.objections.iter().all(of_head)
}
