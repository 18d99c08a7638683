//! Bundles: their entries, and what these have to do with each other.

use std::collections::HashSet;

use super::walk::Walk;
use crate::wire::json::Node;

/// An entry of a Bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the Bundle, from 0.
    pub index: usize,
    /// `fullUrl`: what others in the Bundle call it.
    pub full_url: Option<&'a str>,
    /// `request.method`.
    pub method: Option<&'a str>,
    /// `request.url`.
    pub url: Option<&'a str>,
    /// `request.ifMatch`.
    pub if_match: Option<&'a str>,
    /// `request.ifNoneMatch`.
    pub if_none_match: Option<&'a str>,
    /// `request.ifNoneExist`.
    pub if_none_exist: Option<&'a str>,
    /// `response.status`.
    pub status: Option<&'a str>,
    /// `response.etag`.
    pub etag: Option<&'a str>,
    /// `response.lastModified`.
    pub last_modified: Option<&'a str>,
    /// `search.mode`.
    pub mode: Option<&'a str>,
    /// The resource it carries.
    pub resource: Option<&'a Node>,
}

/// The entries of a Bundle; none for anything else.
pub fn entries(bundle: &Node) -> Vec<Entry<'_>> {
    bundle.list("entry").iter().enumerate().map(|(index, node)| entry(index, node)).collect()
}

fn entry(index: usize, node: &Node) -> Entry<'_> {
    let text = |part: &str, key: &str| node.at(&[part, key]).and_then(Node::text);
    Entry {
        index,
        full_url: node.text_of("fullUrl"),
        method: text("request", "method"),
        url: text("request", "url"),
        if_match: text("request", "ifMatch"),
        if_none_match: text("request", "ifNoneMatch"),
        if_none_exist: text("request", "ifNoneExist"),
        status: text("response", "status"),
        etag: text("response", "etag"),
        last_modified: text("response", "lastModified"),
        mode: text("search", "mode"),
        resource: node.get("resource"),
    }
}

/// A transaction and a batch say what is asked of each entry. An address and its version stand
/// once, but for a history, and for a search, which may find a thing twice.
pub(super) fn hold<'a>(walk: &mut Walk<'a>, bundle: &'a Node) {
    let kind = bundle.text_of("type").unwrap_or_default();
    let is_asking = matches!(kind, "transaction" | "batch");
    let may_repeat = matches!(kind, "history" | "searchset");
    let mut known = HashSet::new();
    for (index, entry) in bundle.list("entry").iter().enumerate() {
        if is_asking && entry.get("request").is_none() {
            walk.tell_of_item("entry", index, "request", "is missing in what asks for something");
        }
        let version = entry.at(&["resource", "meta", "versionId"]).and_then(Node::text);
        let address = entry.text_of("fullUrl");
        let is_new = address.is_none_or(|address| known.insert((address, version)));
        if !may_repeat && !is_new {
            walk.tell_of_item("entry", index, "fullUrl", "stands twice in the Bundle");
        }
    }
}
