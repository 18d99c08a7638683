//! By what a resource stands on the shelf of its source.

use sha2::{Digest, Sha256};

use crate::wire::json::Node;

/// Types whose identifiers are their own only where they say that they are official: another may
/// be a number for display, such as that of a fraction in its plan.
const OFFICIAL_ONLY: &[&str] = &["Procedure", "ServiceRequest"];

/// Hexadecimal digits of an id that is made here.
const DIGITS: usize = 24;

/// The id of a resource that was posted, and so has none yet: made of its business identifier, so
/// that it is the same whenever it is posted; else the id that it came with; else one made of all
/// that it says.
pub(super) fn posted(kind: &str, resource: &Node) -> String {
    if let Some((system, value)) = business(kind, resource) {
        return by_identifier(kind, system, value);
    }
    match resource.text_of("id") {
        Some(id) => id.to_owned(),
        None => format!("c-{}", hash(&[kind, &resource.write()])),
    }
}

/// The id of whatever bears an identifier.
pub(super) fn by_identifier(kind: &str, system: &str, value: &str) -> String {
    format!("i-{}", hash(&[kind, system, value]))
}

fn business<'n>(kind: &str, resource: &'n Node) -> Option<(&'n str, &'n str)> {
    let identifiers = resource.list("identifier");
    let pair = |one: &'n Node| Some((one.text_of("system")?, one.text_of("value")?.trim()));
    let official = identifiers.iter().find(|one| one.text_of("use") == Some("official"));
    if let Some(official) = official.and_then(pair) {
        return Some(official);
    }
    let may_be_any = !OFFICIAL_ONLY.contains(&kind);
    identifiers
        .iter()
        .filter(|one| one.text_of("use") != Some("old"))
        .find_map(pair)
        .filter(|_| may_be_any)
}

/// What bytes hash to, as short as an id may be.
pub(super) fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(format!("{}\n", part.len()));
        hasher.update(part);
    }
    let digits: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    digits.chars().take(DIGITS).collect()
}
