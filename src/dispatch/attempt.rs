//! One attempt at one message: its lines are marked on disk, then it is sent, then answered or in doubt.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::domain::{BookedLine, LineId, LineState, Who};
use crate::mappings::destination::{After, Hl7Profile, Mismatch, Policy, Repeat};
use crate::store::{Error, Mark, Queued, Settled, Settlement, Steer, Steering};
use crate::telemetry::{Fault, Outcome};
use crate::wire::hl7::{MsaCode, answer};

use super::dft::Letter;
use super::link::Link;
use super::{Desk, Destination, NO_CREDITS, control_id, dft, line_of, outcome, passed, together};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The receiver answered; the connection goes on.
    Answered,
    /// Nothing was sent: there is no connection yet.
    NotSent,
    /// Nothing was sent: the line was no longer to be sent as it was.
    Stale,
    /// The receiver does not take it now; the connection goes on, and the line's lane waits.
    Later(Duration),
    /// No answer came; the connection is of no more use.
    InDoubt,
}

/// What a message is about, and how it is called.
struct Outgoing {
    /// The lines that wait for its answer.
    lines: Vec<BookedLine>,
    /// All lines that it tells of, in the order of their FT1.
    told: Vec<LineId>,
    control_id: String,
    /// Nothing for a credit that the receiver does not take.
    bytes: Bytes,
    before: usize,
    policy: Policy,
    repeat: Repeat,
}

/// Sends a line over an open connection, with others of its account where its receiver wants a visit
/// in one message, and waits for the answer.
pub(super) async fn run(
    link: &mut Link,
    queued: &Queued,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ending, Error> {
    let Some(out) = outgoing(queued, destination, desk).await? else {
        return Ok(Ending::Stale);
    };
    if !out.mark(destination, desk).await? {
        return Ok(Ending::Stale);
    }
    if out.bytes.is_empty() {
        let no = Settled::Declined(NO_CREDITS.to_owned());
        return out
            .settle(no, (Outcome::Declined, Ending::Answered), None, (destination, desk))
            .await;
    }
    let whom = (destination, desk);
    if let Err(error) = link.send(out.bytes.clone()).await {
        let why = format!("the connection broke while it was sent: {error}");
        return unknown(&out, (Fault::Reset, why), None, whom).await;
    }
    let due = Instant::now() + destination.answer_within;
    loop {
        let frame = match timeout_at(due, link.next()).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(fault)) => {
                return unknown(&out, (fault, ended(fault).to_owned()), None, whom).await;
            }
            Err(_) => {
                let seconds = destination.answer_within.as_secs();
                let why = format!("no answer within {seconds} seconds");
                return unknown(&out, (Fault::Timeout, why), None, whom).await;
            }
        };
        match answer::read(&frame) {
            Ok(heard) if out.is_answered_by(&heard) => {
                return answered(&out, &heard, frame, whom).await;
            }
            Ok(_) => {
                desk.metrics.fault(&destination.name, Fault::Mismatch);
                late(&frame, std::slice::from_ref(destination), desk).await?;
            }
            Err(why) => {
                return unknown(&out, (Fault::Garbage, why.to_string()), Some(frame), whom).await;
            }
        }
    }
}

/// How a connection ended before an answer, in words.
fn ended(fault: Fault) -> &'static str {
    match fault {
        Fault::Reset => "the connection was reset before an answer came",
        Fault::Garbage => "what came back is no frame",
        Fault::Name
        | Fault::Refused
        | Fault::Unreached
        | Fault::Tls
        | Fault::Closed
        | Fault::Timeout
        | Fault::Mismatch => "the connection was closed before an answer came",
    }
}

impl Outgoing {
    /// Marks the lines on disk as sent; `false` if one of them is no longer to be sent as it was.
    async fn mark(&self, destination: &Destination, desk: &Desk) -> Result<bool, Error> {
        let at = desk.clock.now();
        let mark = |line: &BookedLine| Mark {
            line: line.id,
            destination: destination.name.clone(),
            control_id: self.control_id.clone(),
            bytes: self.bytes.clone(),
            content: Box::new(line.line.clone()),
            at,
        };
        match self.lines.as_slice() {
            [line] => desk.books.mark_sent(mark(line)).await,
            lines => desk.books.mark_all_sent(lines.iter().map(mark).collect()).await,
        }
    }

    /// What was said of each line, of those that wait for it.
    fn waiting(&self, each: Vec<(LineId, Settled)>) -> Vec<(LineId, Settled)> {
        let waits = |line: LineId| self.lines.iter().any(|one| one.id == line);
        each.into_iter().filter(|(line, _)| waits(*line)).collect()
    }

    /// The same came of all lines.
    async fn settle(
        &self,
        settled: Settled,
        (outcome, ending): (Outcome, Ending),
        heard: Option<Bytes>,
        (destination, desk): (&Destination, &Desk),
    ) -> Result<Ending, Error> {
        let each = self.lines.iter().map(|line| (line.id, settled.clone())).collect();
        settle(&self.control_id, each, heard, desk).await?;
        for _ in &self.lines {
            desk.metrics.sent(&destination.name, outcome);
        }
        Ok(ending)
    }

    /// Whether an answer is to this message: by its number, or where the receiver echoes none of
    /// ours, by its turn. An answer to another message of ours never is.
    fn is_answered_by(&self, heard: &answer::Received) -> bool {
        let by_turn = self.policy.mismatch == Mismatch::Accept;
        heard.control_id == self.control_id || (by_turn && line_of(&heard.control_id).is_none())
    }

    fn may_go_again(&self) -> bool {
        self.before + 1 < self.policy.tries
    }

    /// What the policy says of an answer.
    fn after(&self, code: MsaCode) -> Option<After> {
        let after = match code {
            MsaCode::Accept | MsaCode::CommitAccept => return None,
            MsaCode::Error => self.policy.error,
            MsaCode::CommitError => self.policy.commit_error,
            MsaCode::Reject => self.policy.reject,
            MsaCode::CommitReject => self.policy.commit_reject,
        };
        let tired = after == After::Retry && !self.may_go_again();
        Some(if tired { After::Person } else { after })
    }

    /// What the policy says of a doubt.
    fn in_doubt(&self, fault: Fault) -> After {
        let said = match fault {
            Fault::Timeout | Fault::Mismatch => self.policy.timeout,
            Fault::Garbage => self.policy.garbage,
            Fault::Name
            | Fault::Refused
            | Fault::Unreached
            | Fault::Tls
            | Fault::Reset
            | Fault::Closed => self.policy.closed,
        };
        let after = Policy::in_doubt(said, self.repeat);
        let tired = after == After::Retry && !self.may_go_again();
        if tired { After::Person } else { after }
    }
}

/// The receiver answered: yes, or what the policy makes of its no.
async fn answered(
    out: &Outgoing,
    heard: &answer::Received,
    frame: Bytes,
    (destination, desk): (&Destination, &Desk),
) -> Result<Ending, Error> {
    let partial = out.policy.partial;
    let (each, ending) = match out.after(heard.code) {
        None | Some(After::Person) => {
            (together::apart(&out.told, heard, partial), Ending::Answered)
        }
        Some(After::Retry) => {
            let wait = out.policy.retry_after(out.before + 1);
            let later = format!("tried again in {wait} seconds");
            let each = together::apart_later(&out.told, heard, partial, &later);
            (each, Ending::Later(Duration::from_secs(wait)))
        }
        Some(After::Pause) => {
            pause(&together::words(heard), (destination, desk)).await?;
            let later = "the destination is paused";
            let each = together::apart_later(&out.told, heard, partial, later);
            (each, Ending::Later(Duration::ZERO))
        }
    };
    let each = out.waiting(each);
    let outcomes: Vec<Outcome> = each.iter().map(|(_, said)| outcome(said)).collect();
    settle(&out.control_id, each, Some(frame), desk).await?;
    outcomes.into_iter().for_each(|it| desk.metrics.sent(&destination.name, it));
    Ok(ending)
}

/// Nothing leaves for the destination until a person resumes it.
async fn pause(why: &str, (destination, desk): (&Destination, &Desk)) -> Result<(), Error> {
    let steering = Steering {
        destination: destination.name.clone(),
        steer: Steer::Pause,
        who: Who::Daemon,
        at: desk.clock.now(),
    };
    if desk.books.steer(steering).await? {
        // What a receiver says may name the patient: the log has its first word alone.
        let code = why.split(' ').next().unwrap_or_default();
        tracing::warn!(
            destination = destination.name,
            code,
            "a destination is paused by its policy until a person resumes it"
        );
    }
    Ok(())
}

/// A frame that came unasked: an answer to an earlier message, perhaps a yes that turned into a
/// no. It never counts for another message.
pub(super) async fn late(
    frame: &Bytes,
    destinations: &[Destination],
    desk: &Desk,
) -> Result<(), Error> {
    let Ok(heard) = answer::read(frame) else {
        tracing::warn!("a receiver sent something that is no answer");
        return Ok(());
    };
    let Some(first) = line_of(&heard.control_id) else {
        tracing::warn!("a receiver answered a message that was never sent");
        return Ok(());
    };
    let past = desk.books.attempts_of(first)?;
    let sent = past.into_iter().rev().find(|one| one.control_id == heard.control_id);
    let Some(sent) = sent else {
        tracing::warn!("a receiver answered a message that was never sent");
        return Ok(());
    };
    let lines = if sent.together.is_empty() { vec![first] } else { sent.together };
    let destination = destinations.iter().find(|it| it.name == sent.destination);
    let policy = destination.map(|it| ways(it, desk).1).unwrap_or_default();
    let each = together::apart_late(&lines, &heard, policy.partial, desk)?;
    settle(&heard.control_id, each, Some(frame.clone()), desk).await
}

/// What to send: a new message; or of a line in doubt, the very bytes that are in doubt. If those
/// cannot go again, nothing: a person looks.
async fn outgoing(
    queued: &Queued,
    destination: &Destination,
    desk: &Desk,
) -> Result<Option<Outgoing>, Error> {
    let before = usize::try_from(queued.attempts).unwrap_or(usize::MAX);
    let (repeat, policy) = ways(destination, desk);
    if queued.line.state == LineState::Unknown {
        let Some(last) = desk.books.attempts_of(queued.line.id)?.pop() else { return Ok(None) };
        let lines = match repeat {
            Repeat::No => None,
            Repeat::ControlId | Repeat::Transaction => together::lines_of(&last, queued, desk)?,
        };
        let Some(lines) = lines else {
            let why = "its message cannot go again as it was: ask whether it arrived".to_owned();
            let each = vec![(queued.line.id, Settled::Unknown(why))];
            settle(&last.control_id, each, None, desk).await?;
            return Ok(None);
        };
        let told = if last.together.is_empty() { vec![queued.line.id] } else { last.together };
        let (control_id, bytes) = (last.control_id, Bytes::from(last.bytes));
        return Ok(Some(Outgoing { lines, told, control_id, bytes, before, policy, repeat }));
    }
    let control_id = control_id(queued.line.id, before + 1);
    let profiles = desk.profile(destination);
    let (bytes, lines) = match profiles.hl7(destination) {
        Some(profile) if profile.credits || queued.line.reverses.is_none() => {
            let mut all = together::gathered(queued, profile, (destination, desk)).await?;
            let (bytes, taken) = message(&all, profile, &control_id, (destination, desk))?;
            all.truncate(taken);
            (bytes, all.into_iter().map(|one| one.line).collect())
        }
        Some(_) | None => (Bytes::new(), vec![queued.line.clone()]),
    };
    let told = lines.iter().map(|line: &BookedLine| line.id).collect();
    Ok(Some(Outgoing { lines, told, control_id, bytes, before, policy, repeat }))
}

/// The message for a line and as many of those behind it as may stand in it, whatever way it leaves.
pub(super) fn message(
    lines: &[Queued],
    profile: &Hl7Profile,
    control_id: &str,
    (destination, desk): (&Destination, &Desk),
) -> Result<(Bytes, usize), Error> {
    let first = lines.first().map(|queued| &queued.line.line);
    let told = first.map(|line| passed::told(line, &profile.pass, desk)).transpose()?.flatten();
    let passed = &passed::segments(told.as_ref(), &profile.pass);
    let letter = Letter { profile, name: &destination.name, desk, control_id, passed };
    Ok(dft::write(lines, &letter))
}

/// How a destination's receiver knows a repeat, and what follows from its answers.
pub(super) fn ways(destination: &Destination, desk: &Desk) -> (Repeat, Policy) {
    let profiles = desk.profile(destination);
    let profile = profiles.hl7(destination);
    profile.map_or((Repeat::No, Policy::default()), |it| (it.recognizes_repeat, it.policy.clone()))
}

async fn unknown(
    out: &Outgoing,
    (fault, why): (Fault, String),
    heard: Option<Bytes>,
    (destination, desk): (&Destination, &Desk),
) -> Result<Ending, Error> {
    for line in &out.lines {
        tracing::warn!(
            line.id = line.id.0,
            destination = destination.name,
            why,
            "nobody knows whether a line arrived"
        );
    }
    desk.metrics.fault(&destination.name, fault);
    let after = out.in_doubt(fault);
    if after == After::Pause {
        pause(&format!("{fault:?}"), (destination, desk)).await?;
    }
    let settled = match after {
        After::Retry => Settled::UnknownGoesAgain(why),
        After::Person | After::Pause => Settled::Unknown(why),
    };
    out.settle(settled, (Outcome::Unknown, Ending::InDoubt), heard, (destination, desk)).await
}

/// What is to be known of a line that was on its way when the daemon stopped (`was_sent`), or that was
/// in doubt before: that goes again now where nothing in the policy wants a person to look.
pub(super) fn after_a_stop(
    line: LineId,
    was_sent: bool,
    (destination, desk): (&Destination, &Desk),
) -> Result<Settled, Error> {
    let (repeat, policy) = ways(destination, desk);
    let why = match was_sent {
        true => "the daemon stopped before an answer came",
        false => "the receiver recognizes a repeat: the same bytes go again",
    };
    let why = why.to_owned();
    let doubts = [policy.closed, policy.timeout, policy.garbage];
    let asked = if was_sent { &doubts[..1] } else { &doubts[..] };
    let repeats = asked.iter().all(|said| Policy::in_doubt(*said, repeat) == After::Retry);
    let tried = desk.books.attempts_of(line)?.len();
    Ok(match repeats && tried < policy.tries {
        true => Settled::UnknownGoesAgain(why),
        false => Settled::Unknown(why),
    })
}

/// Books what came of each line of a message.
async fn settle(
    control_id: &str,
    each: Vec<(LineId, Settled)>,
    bytes: Option<Bytes>,
    desk: &Desk,
) -> Result<(), Error> {
    let at = desk.clock.now();
    let settlement = |(line, answer): (LineId, Settled)| {
        let (control_id, bytes) = (control_id.to_owned(), bytes.clone());
        Settlement { line, control_id, answer, bytes, at }
    };
    let mut all: Vec<Settlement> = each.into_iter().map(settlement).collect();
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => drop(desk.books.settle(only).await?),
        (Some(last), false) => {
            all.push(last);
            drop(desk.books.settle_all(all).await?);
        }
        (None, _) => {}
    }
    Ok(())
}
