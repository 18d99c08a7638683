//! ADT: who a person is, and whose numbers are whose.

use crate::domain::{Identifier, Link, Refusal};
use crate::wire::hl7::MERGE_EVENTS;

use super::opened::Opened;
use super::{Reader, Told, finding, person};

pub(super) const READER: Reader = Reader {
    kind: "ADT",
    says: "Who a person is; that one number means another (merge), or no longer does (unlink).",
    uses: &["MSH", "EVN", "PID", "PV1", "IN1", "MRG"],
    read,
};

/// The event that says of two people that they are two.
const UNLINK: &str = "A37";

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    for part in opened.persons() {
        told.people.push(person::person(opened, &part)?);
    }
    if MERGE_EVENTS.contains(&opened.event) {
        told.links = merges(opened)?;
    }
    if opened.event == UNLINK {
        told.links = vec![split(told)?];
    }
    Ok(())
}

/// Each MRG gives up its number for that of the PID before it.
fn merges(opened: &Opened<'_>) -> Result<Vec<Link>, Refusal> {
    let mut links = Vec::new();
    let mut survivor: Option<Identifier> = None;
    for segment in opened.message.segments() {
        if segment.name() == "PID" {
            survivor = person::identifier(segment.field(3));
        }
        if segment.name() == "MRG" {
            let refuse = |text| finding::error(101, "MRG", segment.occurrence(), 1, text);
            let survivor =
                survivor.clone().ok_or_else(|| refuse("the number that goes on is missing"))?;
            let old = person::identifier(segment.field(1))
                .ok_or_else(|| refuse("the number that is given up is missing"))?;
            let old = with_authority(old, &survivor);
            links.push(Link::Merge { survivor, old });
        }
    }
    Ok(links)
}

/// A number without its authority is of the same as the one beside it.
fn with_authority(old: Identifier, survivor: &Identifier) -> Identifier {
    match old.authority.is_empty() {
        true => Identifier { authority: survivor.authority.clone(), ..old },
        false => old,
    }
}

fn split(told: &Told) -> Result<Link, Refusal> {
    match told.people.as_slice() {
        [one, other] => {
            Ok(Link::Split { one: one.identifier.clone(), other: other.identifier.clone() })
        }
        _ => Err(finding::error(101, "PID", 2, 3, "an unlink names two patients")),
    }
}
