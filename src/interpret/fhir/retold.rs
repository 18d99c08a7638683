//! What must be told anew because something that it refers to has come or changed.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::Resource;
use crate::wire::json::Node;

use super::opened::{Desk, Opened};

/// Steps from what changed to what must be told anew.
const DEPTH_MAX: usize = 4;
/// Resources that are told anew for one message, at most.
const RETOLD_MAX: usize = 20_000;

/// Types that others take something from.
const GIVES: &[&str] = &[
    "Condition",
    "DocumentReference",
    "Encounter",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "ServiceRequest",
    "Account",
];

/// Types that tell facts.
const TELLS: &[&str] = &["Appointment", "ChargeItem", "DocumentReference", "Procedure", "Task"];

/// Whether anything is read of resources of a type.
pub(super) fn is_used(kind: &str) -> bool {
    GIVES.contains(&kind) || TELLS.contains(&kind) || kind == "MessageHeader"
}

/// Each resource once, in the order in which it was told.
pub(super) fn keys(told: &[Arc<Resource>]) -> Vec<(String, String)> {
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let new = told.iter().filter(|one| seen.insert((&one.kind, &one.id)));
    new.map(|one| (one.kind.clone(), one.id.clone())).collect()
}

/// Resources that were told before, and now tell something else for what has come; and whether
/// there are more than can be told anew for one message.
pub(super) fn dependents(desk: &Desk<'_>, told: &[Arc<Resource>]) -> (Vec<Rc<Opened>>, bool) {
    let mut more = false;
    let mut seen: HashSet<(String, String)> = keys(told).into_iter().collect();
    let mut retold: Vec<Rc<Opened>> = Vec::new();
    let mut referring: Vec<Arc<Resource>> = Vec::new();
    for (kind, id) in keys(told).iter().filter(|(kind, _)| GIVES.contains(&kind.as_str())) {
        referring.extend(desk.reading.shelf.referring(kind, id));
        referring.extend(by_identifier(desk, kind, id));
        let replaced = replaced(desk, kind, id).into_iter();
        let replaced = replaced.filter(|key| seen.insert(key.clone()));
        retold.extend(replaced.filter_map(|key| desk.at(&key.0, &key.1)));
    }
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for resource in referring {
            let key = (resource.kind.clone(), resource.id.clone());
            if !seen.insert(key) {
                continue;
            }
            if retold.len() >= RETOLD_MAX {
                more = true;
                continue;
            }
            if GIVES.contains(&resource.kind.as_str()) {
                next.extend(desk.reading.shelf.referring(&resource.kind, &resource.id));
            }
            if TELLS.contains(&resource.kind.as_str()) {
                retold.extend(desk.at(&resource.kind, &resource.id));
            }
        }
        referring = next;
    }
    (retold, more)
}

/// What refers to a resource by one of its identifiers.
fn by_identifier(desk: &Desk<'_>, kind: &str, id: &str) -> Vec<Arc<Resource>> {
    let Some(one) = desk.at(kind, id) else {
        return Vec::new();
    };
    let whose = desk.whose(&one);
    let identifiers = super::node::identifiers(&one.body);
    identifiers.flat_map(|named| desk.referring_to_identifier(&whose, named)).collect()
}

/// The documents that a document replaces.
fn replaced(desk: &Desk<'_>, kind: &str, id: &str) -> Vec<(String, String)> {
    let Some(one) = desk.at(kind, id).filter(|one| one.kind() == "DocumentReference") else {
        return Vec::new();
    };
    let targets = one.body.list("relatesTo").iter();
    let targets = targets.filter_map(|it| it.at(&["target", "reference"]).and_then(Node::text));
    targets.filter_map(|it| it.split_once('/')).map(|(k, i)| (k.to_owned(), i.to_owned())).collect()
}
