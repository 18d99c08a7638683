//! One attempt at one line: marked on disk, then sent, then answered or in doubt.

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::domain::{LineId, LineState};
use crate::mappings::destination::Repeat;
use crate::store::{Attempt, Error, Mark, Queued, Settled, Settlement};
use crate::telemetry::Outcome;
use crate::wire::hl7::answer;

use super::link::Link;
use super::{Desk, Destination, NO_CREDITS, control_id, dft, line_of};

/// Times that the same bytes go to a receiver that recognizes a repeat.
const ATTEMPTS_MAX: usize = 5;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The receiver answered; the connection goes on.
    Answered,
    /// Nothing was sent: the line was no longer to be sent as it was.
    NotSent,
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
        let why = format!("the connection broke while it was sent: {error}");
        return unknown(&out, why, None, (destination, desk)).await;
    }
    let due = Instant::now() + destination.answer_within;
    loop {
        let frame = match timeout_at(due, link.next()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                let why = "the connection was closed before an answer came";
                return unknown(&out, why.into(), None, (destination, desk)).await;
            }
            Err(_) => {
                let why =
                    format!("no answer within {} seconds", destination.answer_within.as_secs());
                return unknown(&out, why, None, (destination, desk)).await;
            }
        };
        match answer::read(&frame) {
            Ok(heard) if heard.control_id == out.control_id => {
                let settled = settled(&heard);
                let outcome = match settled {
                    Settled::Accepted => Outcome::Accepted,
                    Settled::Declined(_) | Settled::Unknown(_) | Settled::BackToQueue(_) => {
                        Outcome::Declined
                    }
                };
                settle(&out.control_id, out.line, settled, Some(frame), desk).await?;
                desk.metrics.sent(&destination.name, outcome);
                return Ok(Ending::Answered);
            }
            Ok(_) => late(&frame, desk).await?,
            Err(why) => {
                return unknown(&out, why.to_string(), Some(frame), (destination, desk)).await;
            }
        }
    }
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
    let repeats = before > 0 && recognizes(destination, desk);
    let past = if repeats { desk.books.attempts_of(line)? } else { Vec::new() };
    let in_doubt = |last: &&Attempt| last.outcome != Some(LineState::Declined);
    if let Some(last) = past.last().filter(in_doubt) {
        let (control_id, bytes) = (last.control_id.clone(), Bytes::from(last.bytes.clone()));
        return Ok(Outgoing { line, control_id, bytes, before });
    }
    let control_id = control_id(line, before + 1);
    let profiles = desk.profile(destination);
    let bytes = match profiles.hl7(destination) {
        Some(profile) if profile.credits || queued.line.reverses.is_none() => {
            dft::write(queued, (profile, destination), desk, &control_id)
        }
        Some(_) | None => Bytes::new(),
    };
    Ok(Outgoing { line, control_id, bytes, before })
}

fn recognizes(destination: &Destination, desk: &Desk) -> bool {
    let profiles = desk.profile(destination);
    profiles.hl7(destination).is_some_and(|it| it.recognizes_repeat != Repeat::No)
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
    why: String,
    heard: Option<Bytes>,
    (destination, desk): (&Destination, &Desk),
) -> Result<Ending, Error> {
    tracing::warn!(
        line.id = out.line.0,
        destination = destination.name,
        why,
        "nobody knows whether a line arrived"
    );
    settle(&out.control_id, out.line, Settled::Unknown(why), heard, desk).await?;
    desk.metrics.sent(&destination.name, Outcome::Unknown);
    Ok(Ending::InDoubt { again: recognizes(destination, desk) && out.before + 1 < ATTEMPTS_MAX })
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
    Ok(recognizes(destination, desk) && desk.books.attempts_of(line)?.len() < ATTEMPTS_MAX)
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
