//! One attempt at one line over FHIR: marked on disk, then sent, then judged.

use std::time::Duration;

use bytes::Bytes;
use collimator_fhir_types as types;
use collimator_fhir_types::Status;
use reqwest::Method;

use crate::domain::{LineId, LineState};
use crate::mappings::destination::{Call, FhirProfile};
use crate::store::{Attempt, Error, Mark, Queued, Settled, Settlement};
use crate::telemetry::Outcome;

use super::super::{Desk, Destination, NO_CREDITS, Server, control_id, outcome, transaction_id};
use super::answer::{Expected, Heard, Verdict, What, judge, moved};
use super::doubt::{self, Found};
use super::resource::{Written, instant};
use super::talk::{Broken, Request, below};

/// The header that names a request: kept with its bytes, and the same in every repeat.
const REQUEST_ID: &str = "X-Request-Id";

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The receiver answered.
    Answered,
    /// Nothing was sent: the line was no longer to be sent as it was.
    NotSent,
    /// Nobody knows; the server is asked.
    InDoubt,
    /// The server wants to be left alone: the line waits. Why, and how long if it says so.
    Later(String, Option<Duration>),
}

/// Whom a line is sent to, how, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) server: &'a Server,
    pub(super) profile: &'a FhirProfile,
    pub(super) destination: &'a Destination,
    pub(super) desk: &'a Desk,
    /// Whether a charge may be put to an id of our own.
    pub(super) update_create: bool,
}

/// A request that is ready, or why there is none.
enum Ready {
    Request(Request, Expected),
    Refused(String),
    Later(String, Option<Duration>),
}

/// Sends one line and reads what is said to it.
pub(super) async fn run(queued: &Queued, way: Way<'_>) -> Result<Ending, Error> {
    let (desk, line) = (way.desk, queued.line.id);
    let past = if queued.attempts > 0 { desk.books.attempts_of(line)? } else { Vec::new() };
    let control_id = control_id(line, past.len() + 1);
    let (request, expected) = match ready(queued, &past, way).await? {
        Ready::Request(request, expected) => (request, expected),
        Ready::Later(why, wait) => return Ok(Ending::Later(why, wait)),
        Ready::Refused(why) => {
            if mark(queued, &control_id, Bytes::new(), way).await? {
                settle((line, &control_id), Settled::Declined(why), None, desk).await?;
                desk.metrics.sent(&way.destination.name, Outcome::Declined);
                return Ok(Ending::Answered);
            }
            return Ok(Ending::NotSent);
        }
    };
    let kept = request.kept(&way.server.base);
    if !mark(queued, &control_id, kept, way).await? {
        return Ok(Ending::NotSent);
    }
    let (verdict, heard) = told(&request, &expected, way).await;
    let bytes = heard.map(|heard| Bytes::from(heard.kept()));
    let (settled, ending) = meaning(verdict);
    if let Settled::Unknown(_) = settled {
        tracing::warn!(
            line.id = line.0,
            destination = way.destination.name,
            "nobody knows whether a line arrived"
        );
    }
    desk.metrics.sent(&way.destination.name, outcome(&settled));
    settle((line, &control_id), settled, bytes, desk).await?;
    Ok(ending)
}

async fn mark(
    queued: &Queued,
    control_id: &str,
    bytes: Bytes,
    way: Way<'_>,
) -> Result<bool, Error> {
    let mark = Mark {
        line: queued.line.id,
        destination: way.destination.name.clone(),
        control_id: control_id.to_owned(),
        bytes,
        content: Box::new(queued.line.line.clone()),
        at: way.desk.clock.now(),
    };
    way.desk.books.mark_sent(mark).await
}

/// Notes what became of an attempt.
pub(super) async fn settle(
    (line, control_id): (LineId, &str),
    answer: Settled,
    bytes: Option<Bytes>,
    desk: &Desk,
) -> Result<(), Error> {
    let control_id = control_id.to_owned();
    let at = desk.clock.now();
    desk.books.settle(Settlement { line, control_id, answer, bytes, at }).await?;
    Ok(())
}

/// Sends a request; once more if the same server wants the same body at another place.
async fn told(request: &Request, expected: &Expected, way: Way<'_>) -> (Verdict, Option<Heard>) {
    let within = way.destination.answer_within;
    let url = below(&way.server.base, &request.place);
    let first = way.server.tell(request, (&url, within)).await;
    let (verdict, heard) = judged(first, expected, way);
    let Verdict::Elsewhere(target) = verdict else {
        return (verdict, heard);
    };
    let second = way.server.tell(request, (&target, within)).await;
    match judged(second, expected, way) {
        (Verdict::Elsewhere(_), heard) => {
            let why = heard.as_ref().map(moved).unwrap_or_default();
            (Verdict::Declined(why), heard)
        }
        judged => judged,
    }
}

fn judged(
    said: Result<Heard, Broken>,
    expected: &Expected,
    way: Way<'_>,
) -> (Verdict, Option<Heard>) {
    match said {
        Ok(heard) => (judge(&heard, expected, way.desk.clock.now()), Some(heard)),
        Err(error) => {
            let why = error.to_string();
            let verdict = match error {
                Broken::NotSent(_) => Verdict::Later(why, None),
                Broken::InDoubt(_) => Verdict::Unknown(why),
                Broken::NoToken(_) => Verdict::Shut(why),
            };
            (verdict, None)
        }
    }
}

fn meaning(verdict: Verdict) -> (Settled, Ending) {
    match verdict {
        Verdict::Accepted => (Settled::Accepted, Ending::Answered),
        Verdict::Declined(why) => (Settled::Declined(why), Ending::Answered),
        Verdict::Later(why, wait) => {
            let ending = Ending::Later(without_words(&why), wait);
            (Settled::BackToQueue(why), ending)
        }
        Verdict::Shut(why) => {
            let ending = Ending::Later(without_words(&why), None);
            (Settled::BackToQueue(why), ending)
        }
        Verdict::Unknown(why) => (Settled::Unknown(why), Ending::InDoubt),
        Verdict::Elsewhere(_) => (Settled::Declined("moved".into()), Ending::Answered),
    }
}

/// A reason for the log: of an answer the status alone, since its words can be a patient's.
fn without_words(why: &str) -> String {
    match why.split_once(": ") {
        Some((status, _)) if status.parse::<u16>().is_ok() => status.to_owned(),
        Some(_) | None => why.to_owned(),
    }
}

/// What is to be sent for a line.
async fn ready(queued: &Queued, past: &[Attempt], way: Way<'_>) -> Result<Ready, Error> {
    let number = transaction_id(queued.line.id);
    let transaction = transaction(past);
    let written = Written {
        queued,
        profile: way.profile,
        entered: instant(way.desk.clock.now(), &way.desk.time_zone),
    };
    if let Some(original) = queued.line.reverses {
        if !way.profile.credits {
            return Ok(Ready::Refused(NO_CREDITS.to_owned()));
        }
        return credit(&written, original, &transaction, way).await;
    }
    let made = match way.profile.call {
        Call::PutOrCreate => created(&written, (&number, past.is_empty()), way),
        Call::Oracle => written.creation(&transaction).map(|body| {
            let place = post_to(way.profile, "ChargeItem/$create");
            (request(Method::POST, place, body), What::Operation, None)
        }),
        Call::Message => {
            let to = below(&way.server.base, &post_to(way.profile, "$process-message"));
            let sent = (written.entered.as_str(), way.desk.site.as_str());
            written.message(&transaction, sent, to.as_str()).map(|body| {
                let place = post_to(way.profile, "$process-message");
                (request(Method::POST, place, body), What::Message, None)
            })
        }
    };
    Ok(of(made, &transaction, (way.profile, number)))
}

type Made = Result<(Request, What, Option<String>), types::Error>;

fn of(made: Made, transaction: &str, (profile, number): (&FhirProfile, String)) -> Ready {
    match made {
        Err(error) => Ready::Refused(format!("it cannot be written as FHIR: {error}")),
        Ok((mut request, what, id)) => {
            request.headers.push((REQUEST_ID, transaction.to_owned()));
            let number = (profile.identifiers.charge.clone(), number);
            Ready::Request(request, Expected { what, number, id })
        }
    }
}

fn request(method: Method, place: String, body: String) -> Request {
    Request { method, place, headers: Vec::new(), body: Bytes::from(body) }
}

fn post_to(profile: &FhirProfile, usual: &str) -> String {
    let place = profile.post_to.as_str();
    if place.is_empty() { usual.to_owned() } else { place.to_owned() }
}

/// A plain server: put to an id of our own where that may create, else posted on condition. The first
/// time nothing may be there yet: what is belongs to somebody else.
fn created(written: &Written<'_>, (number, is_first): (&str, bool), way: Way<'_>) -> Made {
    let line = &written.queued.line;
    if way.update_create {
        let body = written.resource(line, Some(number), Status::Billable)?;
        let mut request = request(Method::PUT, format!("ChargeItem/{number}"), body);
        if is_first {
            request.headers.push(("If-None-Match", "*".to_owned()));
        }
        return Ok((request, What::Charge, Some(number.to_owned())));
    }
    let body = written.resource(line, None, Status::Billable)?;
    let mut request = request(Method::POST, post_to(way.profile, "ChargeItem"), body);
    let system = &way.profile.identifiers.charge;
    request.headers.push(("If-None-Exist", format!("identifier={system}|{number}")));
    Ok((request, What::Charge, None))
}

/// What takes a charge back: the charge itself, as the server knows it.
async fn credit(
    written: &Written<'_>,
    original: LineId,
    transaction: &str,
    way: Way<'_>,
) -> Result<Ready, Error> {
    let number = transaction_id(original);
    let Some(listed) = way.desk.books.line(original)? else {
        return Ok(Ready::Refused(format!("the charge {number} is not on the books")));
    };
    let (id, version) = match doubt::look(&listed.line, way).await? {
        Found::There { id, version, .. } => (id, version),
        Found::Absent | Found::Gone => {
            return Ok(Ready::Refused(format!("the receiver has no charge {number} to take back")));
        }
        Found::Unclear(_) if doubt::was_put(&listed.line, way)? => (number.clone(), None),
        Found::Unclear(why) => {
            let text = format!("the charge {number} cannot be found, to take it back: {why}");
            return Ok(Ready::Refused(text));
        }
        Found::Silent(why) => return Ok(Ready::Later(why, None)),
    };
    let made = match way.profile.call {
        Call::PutOrCreate => {
            let body = written.resource(&listed.line, Some(&id), Status::EnteredInError);
            body.map(|body| {
                let mut request = request(Method::PUT, format!("ChargeItem/{id}"), body);
                request
                    .headers
                    .extend(version.map(|version| ("If-Match", format!("W/\"{version}\""))));
                (request, What::Credit, Some(id))
            })
        }
        Call::Oracle | Call::Message => {
            written.credit(transaction, version.as_deref()).map(|body| {
                let place = format!("ChargeItem/{id}/$credit");
                (request(Method::POST, place, body), What::Operation, None)
            })
        }
    };
    Ok(of(made, transaction, (way.profile, number)))
}

/// The number of a request: that of the last one, unless that was declined, so that a server which
/// knows it does nothing twice.
fn transaction(past: &[Attempt]) -> String {
    let last = past.last().filter(|last| last.outcome != Some(LineState::Declined));
    let told = last.and_then(|last| header(&last.bytes, REQUEST_ID));
    told.unwrap_or_else(|| uuid(fastrand::u128(..)))
}

/// A header of a request that was kept.
pub(super) fn header(kept: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(kept);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(told, _)| *told == name).map(|(_, value)| value.to_owned())
}

/// A UUID of chance (version 4).
fn uuid(chance: u128) -> String {
    let bits = (chance & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{bits:032x}");
    let (a, rest) = text.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_a_uuid_that_is_found_again() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let kept = b"POST / HTTP/1.1\r\nX-Request-Id: 7\r\n\r\nX-Request-Id: 8";
        assert_eq!(header(kept, REQUEST_ID), Some("7".into()));
        assert_eq!(header(b"MSH|^~\\&|", REQUEST_ID), None);
    }

    #[test]
    fn the_log_hears_no_word_of_a_receiver() {
        assert_eq!(without_words("503: Ada Plainly"), "503");
        assert_eq!(without_words("no connection: refused"), "no connection: refused");
    }
}
