//! What an answer means for the line that was sent: the status is a beginning, the body is read.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::wire::json::{self, Node};

/// The longest that a server is left alone when it asks for it.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(3600);

/// Words of a receiver that are kept.
const WORDS_MAX: usize = 500;

/// What a server said.
#[derive(Clone)]
pub(super) struct Heard {
    /// The address that was asked.
    pub(super) asked: Url,
    pub(super) status: u16,
    /// `Location`, `Retry-After`, `Content-Type`.
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) content_type: String,
    /// `None` if it was cut, or too long.
    pub(super) body: Option<Vec<u8>>,
}

/// What must be in the body of a yes, if there is a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) what: What,
    /// The system of our charges, and the number of this one.
    pub(super) number: (String, String),
    /// The id that it was put to.
    pub(super) id: Option<String>,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A charge that stands.
    Charge,
    /// A charge that is taken back.
    Credit,
    /// An operation.
    Operation,
    /// A message.
    Message,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Yes.
    Accepted,
    /// No, for good.
    Declined(String),
    /// Provably nothing was taken; later perhaps.
    Later(String, Option<Duration>),
    /// It does not let us in.
    Shut(String),
    /// It may have been taken.
    Unknown(String),
    /// The same body is wanted at another place of the same server.
    Elsewhere(Url),
}

impl Heard {
    /// Where a redirect leads.
    pub(super) fn target(&self) -> Option<Url> {
        self.asked.join(self.location.as_deref()?).ok()
    }

    /// The answer as it is kept: the line of the status, what else was looked at, the body.
    pub(super) fn kept(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in [("Location", &self.location), ("Retry-After", &self.retry_after)] {
            text.extend(value.iter().map(|value| format!("{name}: {value}\r\n")));
        }
        if !self.content_type.is_empty() {
            text.push_str(&format!("Content-Type: {}\r\n", self.content_type));
        }
        text.push_str("\r\n");
        let mut kept = text.into_bytes();
        kept.extend(self.body.iter().flatten());
        kept
    }

    /// The body, if it is a resource.
    pub(super) fn resource(&self) -> Option<Node> {
        let read = json::read(self.body.as_deref()?).ok()?;
        read.text_of("resourceType")?;
        Some(read)
    }
}

/// What an answer to a line means.
pub(super) fn judge(heard: &Heard, expected: &Expected, now: Timestamp) -> Verdict {
    let status = heard.status;
    match status {
        200..=299 => judge_yes(heard, expected),
        307 | 308 => match heard.target() {
            Some(target) if target.origin() == heard.asked.origin() => Verdict::Elsewhere(target),
            Some(_) | None => Verdict::Declined(moved(heard)),
        },
        300..=399 => Verdict::Declined(moved(heard)),
        401 | 403 => Verdict::Shut(said(heard)),
        409 | 412 => Verdict::Unknown(said(heard)),
        408 | 425 | 429 | 502..=504 => Verdict::Later(said(heard), left_alone(heard, now)),
        400..=499 => Verdict::Declined(said(heard)),
        _ => Verdict::Unknown(said(heard)),
    }
}

/// A redirect, in words: the new address is for a person to see.
pub(super) fn moved(heard: &Heard) -> String {
    let told = match heard.target() {
        None => "nowhere".to_owned(),
        Some(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        }
    };
    format!("{}: the server has moved to {told}", heard.status)
}

fn judge_yes(heard: &Heard, expected: &Expected) -> Verdict {
    let status = heard.status;
    let Some(body) = &heard.body else {
        return Verdict::Unknown(format!("{status}, and the answer is not whole, or too long"));
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Accepted;
    }
    let Some(resource) = heard.resource() else {
        let kind = match heard.content_type.as_str() {
            "" => "something",
            told => told,
        };
        return Verdict::Unknown(format!("{status}, and the answer is no resource, but {kind}"));
    };
    let kind = resource.text_of("resourceType").unwrap_or_default();
    match (kind, expected.what) {
        ("OperationOutcome", _) => of_outcome(&resource, status),
        ("ChargeItem", What::Charge | What::Credit | What::Operation) => {
            of_charge(&resource, expected)
        }
        ("Parameters" | "Bundle", What::Operation) | ("Bundle", What::Message) => {
            of_parts(&resource, status)
        }
        (other, _) => Verdict::Unknown(format!(
            "{status}, and the answer speaks of another thing: {}",
            word(other)
        )),
    }
}

/// A charge that is answered is the one that was sent, and stands as it was sent.
fn of_charge(resource: &Node, expected: &Expected) -> Verdict {
    if !is_ours(resource, expected) {
        return Verdict::Unknown("the answer speaks of another charge".into());
    }
    let is_void = resource.text_of("status").is_some_and(is_void);
    match expected.what {
        What::Charge | What::Operation if is_void => {
            Verdict::Unknown("the answer calls the charge entered in error".into())
        }
        What::Credit if !is_void => {
            Verdict::Unknown("the answer calls the charge good, and not entered in error".into())
        }
        What::Charge | What::Operation | What::Credit | What::Message => Verdict::Accepted,
    }
}

/// Whether a charge is the one that is meant: by its number; where the server keeps no numbers, by
/// the id that it was put to, if it was.
pub(super) fn is_ours(resource: &Node, expected: &Expected) -> bool {
    let has_none = resource.list("identifier").is_empty();
    let id = expected.id.as_deref();
    bears(resource, &expected.number)
        || (has_none && id.is_none_or(|id| resource.text_of("id") == Some(id)))
}

/// Whether a charge bears a number of a system.
pub(super) fn bears(resource: &Node, (system, value): &(String, String)) -> bool {
    resource.list("identifier").iter().any(|one| {
        one.text_of("value") == Some(value) && one.text_of("system").is_none_or(|it| it == system)
    })
}

/// Whether a charge with this status is not to be billed.
pub(super) fn is_void(status: &str) -> bool {
    matches!(status, "entered-in-error" | "aborted" | "not-billable")
}

/// The header of a message that answers, and outcomes among the parts.
fn of_parts(resource: &Node, status: u16) -> Verdict {
    let entries = resource.list("entry").iter().chain(resource.list("parameter"));
    let mut worst = Verdict::Accepted;
    for part in entries.filter_map(|part| part.get("resource")) {
        let verdict = match part.text_of("resourceType") {
            Some("OperationOutcome") => of_outcome(part, status),
            Some("MessageHeader") => match part.at(&["response", "code"]).and_then(Node::text) {
                Some("transient-error") => {
                    Verdict::Later("the message is answered: later".into(), None)
                }
                Some("fatal-error") => Verdict::Declined("the message is answered: no".into()),
                Some(_) | None => continue,
            },
            Some(_) | None => continue,
        };
        worst = worse(worst, verdict);
    }
    worst
}

/// The one that says more against the line; of a no, the one with more words.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Accepted | Verdict::Elsewhere(_) => (0, 0),
        Verdict::Unknown(_) => (1, 0),
        Verdict::Later(..) | Verdict::Shut(_) => (2, 0),
        Verdict::Declined(words) => (3, words.len()),
    };
    if rank(&other) > rank(&one) { other } else { one }
}

fn of_outcome(outcome: &Node, status: u16) -> Verdict {
    let is_bad = |issue: &&Node| matches!(issue.text_of("severity"), Some("fatal" | "error"));
    let bad: Vec<&Node> = outcome.list("issue").iter().filter(is_bad).collect();
    if bad.is_empty() {
        return Verdict::Accepted;
    }
    let says = format!("{status}, and the outcome is an error: {}", words(outcome));
    let passes = |issue: &&Node| {
        let code = issue.text_of("code").unwrap_or_default();
        matches!(code, "transient" | "lock-error" | "timeout" | "throttled" | "incomplete")
    };
    if bad.iter().all(passes) { Verdict::Unknown(says) } else { Verdict::Declined(says) }
}

/// The status, and what the outcome in the body says.
fn said(heard: &Heard) -> String {
    let told = heard.resource().map(|resource| words(&resource)).unwrap_or_default();
    if told.is_empty() { heard.status.to_string() } else { format!("{}: {told}", heard.status) }
}

/// What an outcome says, in its own words.
fn words(outcome: &Node) -> String {
    let mut all = Vec::new();
    for issue in outcome.list("issue") {
        let text = issue.at(&["details", "text"]).and_then(Node::text);
        let text = text.or_else(|| issue.text_of("diagnostics")).or_else(|| issue.text_of("code"));
        let place = issue.list("expression").first().and_then(Node::text);
        all.extend(text.map(|text| match place {
            Some(place) => format!("{text} ({place})"),
            None => text.to_owned(),
        }));
    }
    all.join("; ").chars().filter(|sign| !sign.is_control()).take(WORDS_MAX).collect()
}

/// A name that a server gave, as far as it is one.
pub(super) fn word(text: &str) -> String {
    let is_of_word = |sign: &char| sign.is_ascii_alphanumeric() || *sign == '-';
    text.chars().filter(is_of_word).take(40).collect()
}

/// How long the server wants to be left alone: seconds, or a date.
pub(super) fn left_alone(heard: &Heard, now: Timestamp) -> Option<Duration> {
    let text = heard.retry_after.as_deref()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            u64::try_from(at.as_second() - now.as_second()).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(LEFT_ALONE_MAX))
}

/// What was said can be a patient's.
impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Heard({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn heard(status: u16, body: &str) -> Heard {
        Heard {
            asked: Url::parse("https://a.test/r4/ChargeItem").unwrap(),
            status,
            location: None,
            retry_after: None,
            content_type: String::new(),
            body: Some(body.as_bytes().to_vec()),
        }
    }

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    fn expected(what: What) -> Expected {
        Expected { what, number: ("urn:x".into(), "CL7".into()), id: Some("CL7".into()) }
    }

    #[test]
    fn the_body_is_read_before_a_yes_counts() {
        for row in rows(
            r#"
            | sent      | status | body                                                                        | means    |
            | Charge    | 201    |                                                                             | accepted |
            | Charge    | 200    | {"resourceType":"ChargeItem","identifier":[{"system":"urn:x","value":"CL7"}]} | accepted |
            | Charge    | 200    | {"resourceType":"ChargeItem","identifier":[{"value":"CL7"}]}                | accepted |
            | Charge    | 200    | {"resourceType":"ChargeItem","identifier":[{"system":"urn:y","value":"CL7"}]} | unknown  |
            | Charge    | 200    | {"resourceType":"ChargeItem","identifier":[{"value":"CL8"}]}                | unknown  |
            | Charge    | 200    | {"resourceType":"ChargeItem","id":"CL7"}                                    | accepted |
            | Charge    | 200    | {"resourceType":"ChargeItem","id":"CL8"}                                    | unknown  |
            | Charge    | 200    | {"resourceType":"ChargeItem","id":"CL7","status":"entered-in-error"}        | unknown  |
            | Credit    | 200    | {"resourceType":"ChargeItem","id":"CL7","status":"entered-in-error"}        | accepted |
            | Credit    | 200    | {"resourceType":"ChargeItem","id":"CL7","status":"billable"}                | unknown  |
            | Charge    | 200    | {"resourceType":"Patient","id":"CL7"}                                       | unknown  |
            | Charge    | 200    | {"resourceType":"Bundle"}                                                   | unknown  |
            | Message   | 200    | {"resourceType":"Bundle"}                                                   | accepted |
            | Operation | 200    | {"resourceType":"Parameters"}                                               | accepted |
            | Operation | 200    | {"resourceType":"Parameters","parameter":[{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}}]} | declined |
            | Charge    | 200    | {"ok":true}                                                                 | unknown  |
            | Charge    | 200    | {"resourceType":"ChargeItem","id":"CL7","id":"CL7"}                         | unknown  |
            | Charge    | 200    | {"resourceType":"OperationOutcome","issue":[{"severity":"warning"}]}        | accepted |
            | Charge    | 200    | {"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}          | declined |
            | Charge    | 200    | {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient"}]} | unknown |
            | Charge    | 501    |                                                                             | unknown  |
            | Charge    | 418    |                                                                             | declined |
            | Charge    | 304    |                                                                             | declined |
            "#,
        ) {
            let what = match row["sent"].as_str() {
                "Charge" => What::Charge,
                "Credit" => What::Credit,
                "Operation" => What::Operation,
                _ => What::Message,
            };
            let heard = heard(row["status"].parse().unwrap(), &row["body"]);
            let told = match judge(&heard, &expected(what), now()) {
                Verdict::Accepted => "accepted",
                Verdict::Declined(_) => "declined",
                Verdict::Unknown(_) => "unknown",
                Verdict::Later(..) | Verdict::Shut(_) | Verdict::Elsewhere(_) => "later",
            };
            assert_eq!(told, row["means"], "{row}");
        }
    }

    #[test]
    fn a_server_is_left_alone_as_long_as_it_asks() {
        for (text, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("86400", Some(3600)),
            ("Wed, 25 Nov 2026 12:00:10 GMT", Some(10)),
            ("Wed, 25 Nov 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let heard = Heard { retry_after: Some(text.into()), ..heard(503, "") };
            let alone = left_alone(&heard, now()).map(|wait| wait.as_secs());
            assert_eq!(alone, seconds, "{text}");
        }
    }
}
