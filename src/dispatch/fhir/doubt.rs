//! What is in doubt is asked about, and sent again only when it is proven not to be there.

use url::Url;

use crate::domain::{BookedLine, LineState};
use crate::mappings::destination::{Ask, Call};
use crate::store::{Attempt, Error, Settled};
use crate::wire::json::Node;

use super::super::transaction_id;
use super::answer::{Expected, Heard, What, bears, is_ours, is_void, word};
use super::attempt::{Way, settle};
use super::talk::below;

/// Pages of a search that are read.
const PAGES_MAX: usize = 20;

/// A line goes again so often after it was proven not to have arrived.
const AGAIN_MAX: usize = 20;

/// What is written where a line was proven not to have arrived.
const PROVEN_ABSENT: &str = "the receiver was asked and does not have it: it goes again";

/// What a server knows of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there.
    There {
        /// The server's id of it.
        id: String,
        /// The version, if the server tells it.
        version: Option<String>,
        /// Where it stands there.
        status: String,
    },
    /// It is proven not to be there.
    Absent,
    /// It was there and is deleted.
    Gone,
    /// The server does not say it plainly.
    Unclear(String),
    /// The server does not say anything now.
    Silent(String),
}

/// Asks about every line of a destination that is in doubt. Whether all is clear now.
pub(super) async fn ask_all(way: Way<'_>) -> Result<bool, Error> {
    let mut clear = true;
    for flying in way.desk.books.in_flight(&way.destination.name)? {
        let Some(listed) = way.desk.books.line(flying.line)? else { continue };
        if listed.line.state == LineState::Unknown && may_be_asked(&flying, way) {
            clear &= ask(&listed.line, &flying, way).await?;
        }
    }
    Ok(clear)
}

/// Whether a server can help: not where it said itself that two things collide, which is for a
/// person to see.
fn may_be_asked(flying: &Attempt, way: Way<'_>) -> bool {
    let said = flying.answer.as_deref().unwrap_or_default();
    let collides = [&b"HTTP/1.1 409"[..], b"HTTP/1.1 412"].iter().any(|it| said.starts_with(it));
    way.profile.ask != Ask::No && !collides
}

async fn ask(line: &BookedLine, flying: &Attempt, way: Way<'_>) -> Result<bool, Error> {
    let original = match line.reverses {
        None => None,
        Some(original) => way.desk.books.line(original)?.map(|listed| listed.line),
    };
    let settled = match (look(original.as_ref().unwrap_or(line), way).await?, line.reverses) {
        (Found::There { status, .. }, reverses) if is_void(&status) == reverses.is_some() => {
            Settled::Accepted
        }
        (Found::Absent, None) | (Found::There { .. }, Some(_)) => {
            let past = way.desk.books.attempts_of(line.id)?;
            let again = past.iter().filter(|it| it.text.as_deref() == Some(PROVEN_ABSENT)).count();
            if again >= AGAIN_MAX {
                return Ok(true);
            }
            Settled::BackToQueue(PROVEN_ABSENT.to_owned())
        }
        // A charge that somebody else took away, and a credit of one that is not there.
        (Found::There { .. } | Found::Gone, None) | (Found::Absent | Found::Gone, Some(_)) => {
            return Ok(true);
        }
        (Found::Unclear(why) | Found::Silent(why), _) => {
            tracing::debug!(line.id = line.id.0, why, "a server cannot be asked about a line");
            return Ok(false);
        }
    };
    let outcome = settled.to().as_str();
    tracing::info!(line.id = line.id.0, outcome, "a line that was in doubt was asked about");
    settle((line.id, &flying.control_id), settled, None, way.desk).await?;
    Ok(true)
}

/// Looks a charge up: by the id that it was put to, else as the profile says.
pub(super) async fn look(line: &BookedLine, way: Way<'_>) -> Result<Found, Error> {
    let number = transaction_id(line.id);
    let place = format!("ChargeItem/{number}");
    let was_put = was_put(line, way)?;
    let what = if way.profile.call == Call::Oracle { What::Operation } else { What::Charge };
    let expected = Expected {
        what,
        number: (way.profile.identifiers.charge.clone(), number),
        id: was_put.then(|| transaction_id(line.id)),
    };
    if was_put {
        return Ok(by_id(&below(&way.server.base, &place), &expected, way).await);
    }
    let Some(url) = search(line, way) else {
        return Ok(Found::Unclear("the receiver cannot be asked".into()));
    };
    Ok(by_search(url, (&expected, line), way).await)
}

/// Whether a charge was put to an id of our own.
pub(super) fn was_put(line: &BookedLine, way: Way<'_>) -> Result<bool, Error> {
    let past = way.desk.books.attempts_of(line.id)?;
    Ok(past.iter().any(|it| it.bytes.starts_with(b"PUT ")))
}

async fn by_id(url: &Url, expected: &Expected, way: Way<'_>) -> Found {
    let heard = match way.server.ask(url, way.destination.answer_within).await {
        Ok(heard) => heard,
        Err(error) => return Found::Silent(error.to_string()),
    };
    match (heard.status, heard.resource()) {
        (200, Some(resource)) if kind(&resource) == "ChargeItem" => {
            if is_ours(&resource, expected) {
                there(&resource)
            } else {
                Found::Unclear("the id belongs to another charge".into())
            }
        }
        (404, Some(resource)) if kind(&resource) == "OperationOutcome" => Found::Absent,
        (404, None) if !is_page(&heard) => Found::Absent,
        (410, _) => Found::Gone,
        (401 | 403 | 408 | 425 | 429 | 502..=504, _) => Found::Silent(heard.status.to_string()),
        (status, _) => Found::Unclear(format!("asked by its id, the server says {status}")),
    }
}

/// Whether an answer is a page for people: that is not the server which is meant.
fn is_page(heard: &Heard) -> bool {
    heard.content_type.contains("html")
}

/// The search for a charge.
fn search(line: &BookedLine, way: Way<'_>) -> Option<Url> {
    let numbers = &way.profile.identifiers;
    let account = line.line.account.as_deref().unwrap_or_default();
    let (key, system, value) = match way.profile.ask {
        Ask::Identifier => ("identifier", &numbers.charge, transaction_id(line.id)),
        Ask::Visit => ("context:identifier", &numbers.visit, account.to_owned()),
        Ask::Account => ("account:identifier", &numbers.account, account.to_owned()),
        Ask::No => return None,
    };
    let mut url = below(&way.server.base, "ChargeItem");
    url.query_pairs_mut().append_pair(key, &format!("{system}|{value}"));
    (!value.is_empty()).then_some(url)
}

/// Reads a search to its end.
async fn by_search(first: Url, (expected, line): (&Expected, &BookedLine), way: Way<'_>) -> Found {
    let (mut found, mut next) = (Vec::new(), Some(first));
    for _ in 0..PAGES_MAX {
        let Some(url) = next.take() else { break };
        let heard = match way.server.ask(&url, way.destination.answer_within).await {
            Ok(heard) => heard,
            Err(error) => return Found::Silent(error.to_string()),
        };
        let page = match (heard.status, heard.resource()) {
            (200, Some(page)) if kind(&page) == "Bundle" => page,
            (401 | 403 | 408 | 425 | 429 | 502..=504, _) => {
                return Found::Silent(heard.status.to_string());
            }
            (status, _) => return Found::Unclear(format!("a search is answered with {status}")),
        };
        let charges = page.list("entry").iter().filter_map(|entry| entry.get("resource"));
        found.extend(charges.filter(|it| kind(it) == "ChargeItem").cloned());
        next = match following(&page, &url, way) {
            Ok(next) => next,
            Err(why) => return Found::Unclear(why),
        };
    }
    if next.is_some() {
        return Found::Unclear("a search does not end".into());
    }
    of_search(&found, (expected, line), way)
}

/// The next page; one of another server is not asked for.
fn following(page: &Node, url: &Url, way: Way<'_>) -> Result<Option<Url>, String> {
    let links = page.list("link").iter();
    let mut links = links.filter(|link| link.text_of("relation") == Some("next"));
    let Some(told) = links.next().and_then(|link| link.text_of("url")) else {
        return Ok(None);
    };
    match url.join(told) {
        Ok(next) if next.origin() == way.server.base.origin() => Ok(Some(next)),
        Ok(_) | Err(_) => Err("the next page of a search is at another server".into()),
    }
}

fn of_search(found: &[Node], (expected, line): (&Expected, &BookedLine), way: Way<'_>) -> Found {
    let ours: Vec<&Node> = found.iter().filter(|it| bears(it, &expected.number)).collect();
    match ours[..] {
        [one] => return there(one),
        [] => {}
        [..] => return Found::Unclear("the receiver has it more than once".into()),
    }
    if way.profile.ask == Ask::Identifier {
        return Found::Absent;
    }
    // A server that keeps no numbers of ours is asked by the account: what looks the same there,
    // and is alone, is the one; what cannot be told apart is for a person.
    let alike = found.iter().filter(|it| it.list("identifier").is_empty() && is_alike(it, line));
    match alike.collect::<Vec<_>>()[..] {
        [] => Found::Absent,
        [one] if line.reverses.is_none() && line.state == LineState::Accepted => there(one),
        [..] => Found::Unclear("the receiver has one alike, without our number".into()),
    }
}

/// The same code on the same day.
fn is_alike(charge: &Node, line: &BookedLine) -> bool {
    let code = line.line.code.map(|code| code.as_str().to_owned());
    let codings = charge.get("code").map(|code| code.list("coding")).unwrap_or_default();
    let day = charge.text_of("occurrenceDateTime").unwrap_or_default();
    codings.iter().any(|coding| coding.text_of("code") == code.as_deref())
        && day.starts_with(&line.line.day().to_string())
}

fn there(charge: &Node) -> Found {
    let version = charge.at(&["meta", "versionId"]).and_then(Node::text).map(str::to_owned);
    let status = word(charge.text_of("status").unwrap_or_default());
    match charge.text_of("id") {
        Some(id) if is_id(id) => Found::There { id: id.to_owned(), version, status },
        Some(_) | None => Found::Unclear("the receiver has it without an id".into()),
    }
}

/// An id leads nowhere else.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        && !id.bytes().all(|byte| byte == b'.')
}

fn kind(resource: &Node) -> &str {
    resource.text_of("resourceType").unwrap_or_default()
}
