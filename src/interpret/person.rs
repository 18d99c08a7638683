//! Of whom a message tells.

use crate::domain::{Identifier, Phi, Refusal, Registration};
use crate::wire::hl7::{Presence, Value, preferred_identifier};

use super::opened::{Opened, Part};
use super::{Person, finding};

const BIRTH_DATE_DIGITS: usize = 8;

/// Everyone whom a message tells of by a number; whoever has none is passed over.
pub(super) fn known(opened: &Opened<'_>) -> Vec<Person> {
    opened.persons().iter().filter_map(|part| person(opened, part).ok()).collect()
}

/// The person of a part.
pub(super) fn person(opened: &Opened<'_>, part: &Part<'_>) -> Result<Person, Refusal> {
    let occurrence = part.segment("PID").map_or(1, |segment| segment.occurrence());
    let missing = || finding::error(101, "PID", occurrence, 3, "the patient has no number");
    let identifier = identifier(part.field("PID", 3)).ok_or_else(missing)?;
    let registration = registration(opened, part);
    Ok(Person { identifier, registration, facts: Vec::new() })
}

/// The identifier that counts of a list.
pub(super) fn identifier(list: Value<'_>) -> Option<Identifier> {
    let one = preferred_identifier(list)?;
    let authority = one.component(4).code().into_owned();
    Some(Identifier { authority, number: one.code().into_owned() })
}

/// A number without its authority is of the same as the one beside it.
pub(super) fn with_authority(old: Identifier, survivor: &Identifier) -> Identifier {
    match old.authority.is_empty() {
        true => Identifier { authority: survivor.authority.clone(), ..old },
        false => old,
    }
}

fn registration(opened: &Opened<'_>, part: &Part<'_>) -> Registration {
    let spots = &opened.reading.profile.person;
    Registration {
        name: name(part.field("PID", 5)),
        birth_date: told(part.field("PID", 7)).map(|text| Phi::new(digits(&text))),
        sex: told(part.field("PID", 8)),
        account: told(part.at(&spots.account)),
        payer: told(part.at(&spots.payer)),
        registered: registers(opened),
    }
}

/// Whether a message is one that tells who a person is and what their account is: ADT, and BAR
/// where an account is opened or changed.
fn registers(opened: &Opened<'_>) -> bool {
    let kind = opened.message.field("MSH", 9).code();
    kind.eq_ignore_ascii_case("ADT")
        || (kind.eq_ignore_ascii_case("BAR") && matches!(opened.event, "P01" | "P05"))
}

/// Known to be none is an empty text; nothing told is nothing.
fn told(value: Value<'_>) -> Option<String> {
    match value.subcomponent(1).presence() {
        Presence::Absent => None,
        Presence::Null | Presence::Valued => Some(value.code().into_owned()),
    }
}

fn name(value: Value<'_>) -> Option<Phi<Vec<String>>> {
    let mut parts: Vec<String> =
        value.components().map(|component| component.code().into_owned()).collect();
    let kept = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    parts.truncate(kept);
    match value.presence() {
        Presence::Absent => None,
        Presence::Null | Presence::Valued => Some(Phi::new(parts)),
    }
}

fn digits(text: &str) -> String {
    text.chars().take_while(char::is_ascii_digit).take(BIRTH_DATE_DIGITS).collect()
}
