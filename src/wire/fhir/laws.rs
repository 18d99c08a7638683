//! What elements have to do with each other.

use super::primitive::is_id;
use super::table::{Element, Shape};
use super::time;
use super::walk::Walk;
use super::{IssueCode, bundle};
use crate::wire::json::Node;

/// Holds an object against the laws of its type.
pub(super) fn hold<'a>(walk: &mut Walk<'a>, shape: &Shape, node: &'a Node) {
    match shape.name {
        "Bundle" => bundle::hold(walk, node),
        "Extension" => extend(walk, node),
        "Period" => last(walk, node),
        _ => (),
    }
}

/// An extension has a value or extensions of its own.
fn extend(walk: &mut Walk<'_>, node: &Node) {
    let has_value =
        node.entries().iter().any(|(key, _)| key.trim_start_matches('_').starts_with("value"));
    match (has_value, node.get("extension").is_some()) {
        (true, true) => {
            walk.tell(IssueCode::Invariant, "has a value and extensions; it can have one")
        }
        (false, false) => walk.tell(IssueCode::Invariant, "has neither a value nor extensions"),
        (true, false) | (false, true) => (),
    }
}

/// A period ends when it begins, or after that.
fn last(walk: &mut Walk<'_>, node: &Node) {
    let is_backward = node
        .text_of("start")
        .zip(node.text_of("end"))
        .is_some_and(|(start, end)| time::is_backward(start, end));
    if is_backward {
        walk.tell(IssueCode::Invariant, "ends before it starts");
    }
}

/// A reference names something, of a type that is allowed there.
pub(super) fn refer(walk: &mut Walk<'_>, element: &Element, node: &Node) {
    let entries = node.entries();
    let is_telling = |key: &str| {
        ["reference", "identifier", "display", "extension"].contains(&key.trim_start_matches('_'))
    };
    if !entries.is_empty() && !entries.iter().any(|(key, _)| is_telling(key)) {
        walk.tell(IssueCode::Invariant, "has no reference, no identifier and no display");
    }
    let literal = node.text_of("reference").unwrap_or_default();
    let named = match literal.strip_prefix('#') {
        Some(id) => {
            let local = walk.local(id);
            if local.is_none() {
                walk.tell(IssueCode::Invariant, "names nothing that is contained");
            }
            local.and_then(|resource| resource.text_of("resourceType"))
        }
        None => literal_type(literal).filter(|name| walk.is_type(name)),
    };
    let told = node.text_of("type").and_then(|name| name.rsplit('/').next());
    let is_other = |name: &str| !element.targets.is_empty() && !element.targets.contains(&name);
    if named.is_some_and(is_other) || told.filter(|name| walk.is_type(name)).is_some_and(is_other) {
        let words = format!("names a type other than {}", element.targets.join(", "));
        walk.tell(IssueCode::Value, &words);
    }
}

/// `Patient/1`, `https://a.example/fhir/Patient/1/_history/2`, `Patient?identifier=1`.
fn literal_type(literal: &str) -> Option<&str> {
    if let Some((path, _)) = literal.split_once('?') {
        return path.rsplit('/').next();
    }
    let current = literal.split_once("/_history/").map_or(literal, |(current, _)| current);
    let (rest, id) = current.rsplit_once('/')?;
    is_id(id).then(|| rest.rsplit('/').next()).flatten()
}
