//! One attempt at one line: marked on disk, then sent, then answered or in doubt.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::domain::{LineId, LineState, Who};
use crate::mappings::destination::{After, Hl7Profile, Mismatch, Policy, Repeat};
use crate::store::{Attempt, Error, Mark, Queued, Settled, Settlement, Steer, Steering};
use crate::telemetry::Outcome;
use crate::wire::hl7::{MsaCode, answer};

use super::dft::Letter;
use super::link::Link;
use super::{Desk, Destination, NO_CREDITS, control_id, dft, line_of, passed};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The receiver answered; the connection goes on.
    Answered,
    /// Nothing was sent: the line was no longer to be sent as it was.
    NotSent,
    /// The receiver does not take it now; the connection goes on, and the line's lane waits.
    Later(Duration),
    /// No answer came; the connection is of no more use. `again` if the same bytes may go again.
    InDoubt {
        /// The receiver recognizes a repeat, and may be asked once more.
        again: bool,
    },
}

/// What a message is about, and how it is called.
struct Outgoing {
    line: LineId,
    control_id: String,
    /// Nothing for a credit that the receiver does not take.
    bytes: Bytes,
    before: usize,
    policy: Policy,
    repeat: Repeat,
}

/// Why nobody knows whether a line arrived.
#[derive(Debug, Clone, Copy)]
enum Doubt {
    Timeout,
    Closed,
    Garbage,
}

/// Sends one line over an open connection and waits for its answer.
pub(super) async fn run(
    link: &mut Link,
    queued: &Queued,
    destination: &Destination,
    desk: &Desk,
) -> Result<Ending, Error> {
    let out = outgoing(queued, destination, desk)?;
    let mark = Mark {
        line: out.line,
        destination: destination.name.clone(),
        control_id: out.control_id.clone(),
        bytes: out.bytes.clone(),
        content: Box::new(queued.line.line.clone()),
        at: desk.clock.now(),
    };
    if !desk.books.mark_sent(mark).await? {
        return Ok(Ending::NotSent);
    }
    if out.bytes.is_empty() {
        let settled = Settled::Declined(NO_CREDITS.to_owned());
        settle(&out.control_id, out.line, settled, None, desk).await?;
        desk.metrics.sent(&destination.name, Outcome::Declined);
        return Ok(Ending::Answered);
    }
    if let Err(error) = link.send(out.bytes.clone()).await {
        let why = (Doubt::Closed, format!("the connection broke while it was sent: {error}"));
        return unknown(&out, why, None, (destination, desk)).await;
    }
    let due = Instant::now() + destination.answer_within;
    loop {
        let frame = match timeout_at(due, link.next()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                let why = "the connection was closed before an answer came".to_owned();
                return unknown(&out, (Doubt::Closed, why), None, (destination, desk)).await;
            }
            Err(_) => {
                let why =
                    format!("no answer within {} seconds", destination.answer_within.as_secs());
                return unknown(&out, (Doubt::Timeout, why), None, (destination, desk)).await;
            }
        };
        match answer::read(&frame) {
            Ok(heard) if out.is_answered_by(&heard) => {
                return answered(&out, &heard, frame, (destination, desk)).await;
            }
            Ok(_) => late(&frame, desk).await?,
            Err(why) => {
                let why = (Doubt::Garbage, why.to_string());
                return unknown(&out, why, Some(frame), (destination, desk)).await;
            }
        }
    }
}

impl Outgoing {
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
    fn in_doubt(&self, doubt: Doubt) -> After {
        let said = match doubt {
            Doubt::Timeout => self.policy.timeout,
            Doubt::Closed => self.policy.closed,
            Doubt::Garbage => self.policy.garbage,
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
    let said = settled(heard);
    let text = said.text().unwrap_or_default().to_owned();
    let (settled, outcome, ending) = match out.after(heard.code) {
        None => (said, Outcome::Accepted, Ending::Answered),
        Some(After::Person) => (said, Outcome::Declined, Ending::Answered),
        Some(After::Retry) => {
            let wait = out.policy.retry_after(out.before + 1);
            let text = format!("{text}; tried again in {wait} seconds");
            let ending = Ending::Later(Duration::from_secs(wait));
            (Settled::BackToQueue(text), Outcome::Later, ending)
        }
        Some(After::Pause) => {
            pause(&text, (destination, desk)).await?;
            let text = format!("{text}; the destination is paused");
            (Settled::BackToQueue(text), Outcome::Later, Ending::Later(Duration::ZERO))
        }
    };
    settle(&out.control_id, out.line, settled, Some(frame), desk).await?;
    desk.metrics.sent(&destination.name, outcome);
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
pub(super) async fn late(frame: &Bytes, desk: &Desk) -> Result<(), Error> {
    let Ok(heard) = answer::read(frame) else {
        tracing::warn!("a receiver sent something that is no answer");
        return Ok(());
    };
    match line_of(&heard.control_id) {
        Some(line) => {
            settle(&heard.control_id, line, settled(&heard), Some(frame.clone()), desk).await
        }
        None => {
            tracing::warn!("a receiver answered a message that was never sent");
            Ok(())
        }
    }
}

/// What to send: a new message; or, to a receiver that recognizes a repeat, the very bytes that
/// are in doubt.
fn outgoing(queued: &Queued, destination: &Destination, desk: &Desk) -> Result<Outgoing, Error> {
    let line = queued.line.id;
    let before = usize::try_from(queued.attempts).unwrap_or(usize::MAX);
    let (repeat, policy) = ways(destination, desk);
    let repeats = before > 0 && repeat != Repeat::No;
    let past = if repeats { desk.books.attempts_of(line)? } else { Vec::new() };
    let in_doubt = |last: &&Attempt| last.outcome != Some(LineState::Declined);
    if let Some(last) = past.last().filter(in_doubt) {
        let (control_id, bytes) = (last.control_id.clone(), Bytes::from(last.bytes.clone()));
        return Ok(Outgoing { line, control_id, bytes, before, policy, repeat });
    }
    let control_id = control_id(line, before + 1);
    let profiles = desk.profile(destination);
    let bytes = match profiles.hl7(destination) {
        Some(profile) if profile.credits || queued.line.reverses.is_none() => {
            message(queued, profile, &control_id, (destination, desk))?
        }
        Some(_) | None => Bytes::new(),
    };
    Ok(Outgoing { line, control_id, bytes, before, policy, repeat })
}

/// The message for a line, whatever way it leaves.
pub(super) fn message(
    queued: &Queued,
    profile: &Hl7Profile,
    control_id: &str,
    (destination, desk): (&Destination, &Desk),
) -> Result<Bytes, Error> {
    let told = passed::told(&queued.line.line, &profile.pass, desk)?;
    let passed = &passed::segments(told.as_ref(), &profile.pass);
    let letter = Letter { profile, name: &destination.name, desk, control_id, passed };
    Ok(dft::write(queued, &letter))
}

/// How a destination's receiver knows a repeat, and what follows from its answers.
fn ways(destination: &Destination, desk: &Desk) -> (Repeat, Policy) {
    let profiles = desk.profile(destination);
    let profile = profiles.hl7(destination);
    profile.map_or((Repeat::No, Policy::default()), |it| (it.recognizes_repeat, it.policy.clone()))
}

fn settled(heard: &answer::Received) -> Settled {
    if heard.code.accepts() {
        Settled::Accepted
    } else {
        let code = heard.code.as_str();
        Settled::Declined(format!("{code} {}", heard.text).trim_end().to_owned())
    }
}

async fn unknown(
    out: &Outgoing,
    (doubt, why): (Doubt, String),
    heard: Option<Bytes>,
    (destination, desk): (&Destination, &Desk),
) -> Result<Ending, Error> {
    tracing::warn!(
        line.id = out.line.0,
        destination = destination.name,
        why,
        "nobody knows whether a line arrived"
    );
    let after = out.in_doubt(doubt);
    if after == After::Pause {
        pause(&format!("{doubt:?}"), (destination, desk)).await?;
    }
    settle(&out.control_id, out.line, Settled::Unknown(why), heard, desk).await?;
    desk.metrics.sent(&destination.name, Outcome::Unknown);
    Ok(Ending::InDoubt { again: after == After::Retry })
}

/// A line in doubt waits to be sent again, to a receiver that recognizes a repeat.
pub(super) async fn back_to_queue(line: LineId, desk: &Desk) -> Result<(), Error> {
    let Some(last) = desk.books.attempts_of(line)?.pop() else {
        return Ok(());
    };
    let why = "the receiver recognizes a repeat: the same bytes go again";
    settle(&last.control_id, line, Settled::BackToQueue(why.into()), None, desk).await
}

/// Whether the line's bytes may go once more to a receiver that recognizes a repeat.
pub(super) fn may_repeat(
    line: LineId,
    destination: &Destination,
    desk: &Desk,
) -> Result<bool, Error> {
    let (repeat, policy) = ways(destination, desk);
    Ok(repeat != Repeat::No && desk.books.attempts_of(line)?.len() < policy.tries)
}

async fn settle(
    control_id: &str,
    line: LineId,
    answer: Settled,
    bytes: Option<Bytes>,
    desk: &Desk,
) -> Result<(), Error> {
    let at = desk.clock.now();
    let control_id = control_id.to_owned();
    desk.books.settle(Settlement { line, control_id, answer, bytes, at }).await?;
    Ok(())
}
