//! A request taken apart: what it asks of which resource.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::wire::fhir::{self, Entry};
use crate::wire::json::{self, Node};

use super::super::{FhirRequest, Method};
use super::answer::{Problem, Refused};
use super::key;

/// Types that say something of a message or a server, and nothing of a patient.
const PASSED_OVER: &[&str] =
    &["OperationOutcome", "Parameters", "Bundle", "Subscription", "CapabilityStatement"];

/// What is done with a request as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// One resource; its answer is the answer.
    One,
    /// Each entry by itself.
    Batch,
    /// All entries or none.
    Transaction,
    /// Each entry by itself; the answer is that of a batch.
    Told,
    /// A message; its answer is a message.
    Message,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) whole: Whole,
    /// What the request is called: its id.
    pub(super) name: String,
    /// What is wrong with the Bundle itself.
    pub(super) problems: Vec<Problem>,
    pub(super) bundle: Option<Node>,
    pub(super) items: Vec<Item>,
}

/// What is asked of one resource.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place: `Bundle.entry[2].resource`, or its type alone.
    pub(super) at: String,
    /// Its place in the Bundle.
    pub(super) index: usize,
    pub(super) kind: String,
    /// Its id on the shelf.
    pub(super) id: String,
    pub(super) is_gone: bool,
    pub(super) resource: Node,
    pub(super) if_match: Option<String>,
    pub(super) if_none_exist: Option<String>,
    pub(super) version: String,
    pub(super) said: Timestamp,
    /// Whether the source says when; else it is when it came.
    pub(super) is_dated: bool,
    /// Whether an entry is passed over, and why it cannot be done.
    pub(super) verdict: Option<(u16, &'static str)>,
}

impl Asked {
    /// Takes a request apart.
    pub(super) fn read(request: &FhirRequest, now: Timestamp) -> Result<Asked, Refused> {
        let path: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
        if request.method == Method::Delete {
            return deleted(&path, now);
        }
        let body = json::read(&request.body).map_err(|fault| Refused::unreadable(&fault))?;
        let Some(kind) = body.text_of("resourceType").map(str::to_owned) else {
            return Err(Refused::kept(
                400,
                "structure",
                "resourceType",
                "is missing: this is no FHIR",
            ));
        };
        match (request.method, path.as_slice()) {
            (Method::Post, [] | ["$process-message"]) if kind == "Bundle" => {
                let is_message = !path.is_empty();
                bundle(body, is_message, now)
            }
            (Method::Post, ["Bundle"]) if kind == "Bundle" => bundle(body, false, now),
            (Method::Post, []) => Ok(one(request, (kind, None), body, now)),
            (Method::Post, [told]) if *told == kind => Ok(one(request, (kind, None), body, now)),
            (Method::Put, [told]) if *told == kind => {
                let query = request.query.as_deref().unwrap_or_default();
                let id = searched(&kind, query).ok_or(Refused::kept(
                    400,
                    "invalid",
                    "",
                    "a PUT names an id, or searches by `identifier` with its system",
                ))?;
                Ok(one(request, (kind, Some(&id)), body, now))
            }
            (Method::Put, [told, id]) if *told == kind => put(request, (kind, id), body, now),
            (Method::Post | Method::Put, [told, ..]) if told.starts_with('$') => {
                Err(Refused::new(404, "not-found", "", "there is no such operation"))
            }
            (Method::Post | Method::Put, [told] | [told, _]) if *told != kind => {
                Err(Refused::kept(400, "invalid", &kind, "is another type than the address says"))
            }
            (_, _) => Err(Refused::new(404, "not-found", "", "there is nothing at this address")),
        }
    }

    /// By what the resources stand on the shelf.
    pub(super) fn keys(&self) -> Vec<(String, String)> {
        let mut keys: Vec<_> =
            self.items.iter().map(|item| (item.kind.clone(), item.id.clone())).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

fn put(
    request: &FhirRequest,
    (kind, id): (String, &str),
    mut body: Node,
    now: Timestamp,
) -> Result<Asked, Refused> {
    match body.text_of("id") {
        Some(told) if told != id => {
            let at = format!("{kind}.id");
            return Err(Refused::kept(400, "invalid", &at, "is another id than the address says"));
        }
        Some(_) => {}
        None => body.set("id", Node::Text(id.to_owned())),
    }
    Ok(one(request, (kind, Some(id)), body, now))
}

fn one(
    request: &FhirRequest,
    (kind, id): (String, Option<&str>),
    body: Node,
    now: Timestamp,
) -> Asked {
    let own = id.map_or_else(|| key::posted(&kind, &body), str::to_owned);
    let (said, is_dated) = said(&[updated(&body)], now);
    let item = Item {
        at: kind.clone(),
        index: 0,
        id: own,
        is_gone: false,
        version: version(&body).to_owned(),
        said,
        is_dated,
        if_match: request.if_match.clone(),
        if_none_exist: request.if_none_exist.clone(),
        verdict: None,
        resource: body,
        kind,
    };
    let name = item.id.clone();
    Asked { whole: Whole::One, name, problems: Vec::new(), bundle: None, items: vec![item] }
}

fn deleted(path: &[&str], now: Timestamp) -> Result<Asked, Refused> {
    let [kind, id] = path else {
        return Err(Refused::new(404, "not-found", "", "there is nothing at this address"));
    };
    let item = Item { ..gone((*kind).to_owned(), (*id).to_owned(), now) };
    let name = item.id.clone();
    Ok(Asked { whole: Whole::One, name, problems: Vec::new(), bundle: None, items: vec![item] })
}

fn gone(kind: String, id: String, now: Timestamp) -> Item {
    Item {
        at: kind.clone(),
        index: 0,
        kind,
        id,
        is_gone: true,
        resource: Node::Object(Vec::new()),
        if_match: None,
        if_none_exist: None,
        version: String::new(),
        said: now,
        is_dated: false,
        verdict: None,
    }
}

fn bundle(body: Node, is_message: bool, now: Timestamp) -> Result<Asked, Refused> {
    let kind = body.text_of("type").unwrap_or_default();
    let whole = match kind {
        _ if is_message || kind == "message" => Whole::Message,
        "transaction" => Whole::Transaction,
        "batch" => Whole::Batch,
        _ => Whole::Told,
    };
    if is_message && kind != "message" {
        return Err(Refused::kept(400, "value", "Bundle.type", "is no message"));
    }
    let timestamp = body.text_of("timestamp");
    let mut items = Vec::new();
    for entry in fhir::entries(&body) {
        items.extend(item(&entry, whole, (timestamp, now)));
    }
    let mut aliases = Aliases::of(&body, &items);
    for item in &mut items {
        aliases.rewrite(item);
    }
    let identifier = body.at(&["identifier", "value"]).and_then(Node::text);
    let header = items.iter().find(|item| item.kind == "MessageHeader");
    let header = header.filter(|_| whole == Whole::Message).map(|item| item.id.as_str());
    let name = header.or_else(|| body.text_of("id")).or(identifier).map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("c-{}", key::hash(&["Bundle", &body.write()])));
    Ok(Asked { whole, name, problems: Vec::new(), bundle: Some(body), items })
}

/// What an entry asks; nothing of what is passed over.
fn item(
    entry: &Entry<'_>,
    whole: Whole,
    (timestamp, now): (Option<&str>, Timestamp),
) -> Option<Item> {
    let url = entry.url.unwrap_or_default();
    let (path, query) = url.split_once('?').map_or((url, None), |(it, query)| (it, Some(query)));
    let path = tail(path);
    let at = format!("Bundle.entry[{}].resource", entry.index);
    let etag = entry.etag.map(untagged).unwrap_or_default().to_owned();
    let condition = entry.if_none_exist.map(str::to_owned);
    if entry.method == Some("DELETE") {
        let (kind, id) = path.or_else(|| tail(entry.full_url?))?;
        let (said, is_dated) = said(&[entry.last_modified, timestamp], now);
        let gone = gone(kind.to_owned(), id.to_owned(), now);
        return Some(Item { at, index: entry.index, version: etag, said, is_dated, ..gone });
    }
    let resource = entry.resource?;
    let kind = resource.text_of("resourceType").unwrap_or_default().to_owned();
    let is_outcome = entry.mode == Some("outcome");
    if is_outcome || PASSED_OVER.contains(&kind.as_str()) {
        return None;
    }
    let verdict = match entry.method {
        Some("POST" | "PUT") | None => None,
        Some("GET" | "HEAD") => Some((405, "nothing is read within a Bundle")),
        Some(_) => Some((405, "only POST, PUT and DELETE are taken")),
    };
    let own = resource.text_of("id");
    let put = path.filter(|_| entry.method == Some("PUT")).map(|(_, id)| id);
    let by_search =
        query.filter(|_| entry.method == Some("PUT")).and_then(|it| searched(&kind, it));
    // What is told, and not asked for, has the id that it came with.
    let told = own.filter(|_| whole == Whole::Told);
    let id = put.or(told).map(str::to_owned).or(by_search);
    let verdict = match (put, own) {
        (Some(put), Some(own)) if put != own => Some((400, "the id is another than request.url's")),
        (_, _) => verdict,
    };
    let of_itself = version(resource);
    let (said, is_dated) = said(&[updated(resource), entry.last_modified, timestamp], now);
    Some(Item {
        at,
        index: entry.index,
        id: id.unwrap_or_else(|| key::posted(&kind, resource)),
        is_gone: false,
        if_match: entry.if_match.map(str::to_owned),
        if_none_exist: condition,
        version: if of_itself.is_empty() { etag } else { of_itself.to_owned() },
        said,
        is_dated,
        verdict,
        resource: resource.clone(),
        kind,
    })
}

/// The id of what is searched for by an identifier.
fn searched(kind: &str, query: &str) -> Option<String> {
    let (system, value) = condition(query)?;
    Some(key::by_identifier(kind, &system, &value))
}

/// The identifier that a condition names: its system and value.
pub(super) fn condition(query: &str) -> Option<(String, String)> {
    let told = url::form_urlencoded::parse(query.as_bytes());
    let (_, token) = told.into_iter().find(|(name, _)| name == "identifier")?;
    let (system, value) = token.split_once('|')?;
    Some((system.to_owned(), value.to_owned()))
}

/// The type and id at the end of an address, without its version.
fn tail(url: &str) -> Option<(&str, &str)> {
    let url = url.split("/_history/").next().unwrap_or_default();
    let mut parts = url.rsplit('/').filter(|part| !part.is_empty());
    let (id, kind) = (parts.next()?, parts.next()?);
    let is_type = kind.starts_with(|sign: char| sign.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_type.then_some((kind, id))
}

/// `W/"3"` is version 3.
pub(super) fn untagged(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

fn version(resource: &Node) -> &str {
    resource.at(&["meta", "versionId"]).and_then(Node::text).unwrap_or_default()
}

fn updated(resource: &Node) -> Option<&str> {
    resource.at(&["meta", "lastUpdated"]).and_then(Node::text)
}

/// When it was said: the first of these that tells; else when it came.
fn said(told: &[Option<&str>], now: Timestamp) -> (Timestamp, bool) {
    let told = told.iter().flatten().find_map(|text| text.parse::<Timestamp>().ok());
    (told.unwrap_or(now), told.is_some())
}

/// What a Bundle calls its resources, and where they stand.
struct Aliases {
    names: HashMap<String, String>,
    identifiers: HashMap<(String, String), String>,
}

impl Aliases {
    fn of(bundle: &Node, items: &[Item]) -> Aliases {
        let entries = fhir::entries(bundle);
        let mut names = HashMap::new();
        let mut identifiers = HashMap::new();
        for item in items {
            let place = format!("{}/{}", item.kind, item.id);
            let entry = entries.get(item.index);
            if let Some(url) = entry.and_then(|entry| entry.full_url) {
                names.insert(url.to_owned(), place.clone());
            }
            if let Some(id) = item.resource.text_of("id") {
                names.insert(format!("{}/{id}", item.kind), place.clone());
            }
            for one in item.resource.list("identifier") {
                if let (Some(system), Some(value)) = (one.text_of("system"), one.text_of("value")) {
                    let told = (item.kind.clone(), format!("{system}|{value}"));
                    identifiers.insert(told, place.clone());
                }
            }
        }
        Aliases { names, identifiers }
    }

    fn rewrite(&mut self, item: &mut Item) {
        let resource = std::mem::replace(&mut item.resource, Node::Null);
        item.resource = rewritten(resource, &|told| self.place(told));
    }

    fn place(&self, told: &str) -> Option<String> {
        if let Some(place) = self.names.get(told) {
            return Some(place.clone());
        }
        if let Some((kind, query)) = told.split_once('?') {
            let (system, value) = condition(query)?;
            return self.identifiers.get(&(kind.to_owned(), format!("{system}|{value}"))).cloned();
        }
        None
    }
}

/// A resource whose references lead to where things stand: those that a Bundle gives, and of
/// addresses only their ends.
pub(super) fn rewritten(node: Node, place: &dyn Fn(&str) -> Option<String>) -> Node {
    match node {
        Node::Object(entries) => Node::Object(
            entries
                .into_iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("reference", Node::Text(told)) => {
                        let new = place(&told).unwrap_or_else(|| relative(&told));
                        (key, Node::Text(new))
                    }
                    (_, value) => {
                        let value = rewritten(value, place);
                        (key, value)
                    }
                })
                .collect(),
        ),
        Node::List(items) => {
            Node::List(items.into_iter().map(|item| rewritten(item, place)).collect())
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => node,
    }
}

fn relative(told: &str) -> String {
    let is_address = told.contains("://") || told.contains("/_history/");
    let place = is_address.then(|| tail(told)).flatten();
    place.map_or_else(|| told.to_owned(), |(kind, id)| format!("{kind}/{id}"))
}
