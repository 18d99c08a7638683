//! What stands in a resource, as its readers ask for it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::Moment;
use crate::wire::json::Node;

/// A coding: its system, or none, and its code.
pub(super) type Coding<'n> = (&'n str, &'n str);

/// The codings of a CodeableConcept, in their order.
pub(super) fn codings(concept: Option<&Node>) -> impl Iterator<Item = Coding<'_>> {
    let codings = concept.map(|concept| concept.list("coding")).unwrap_or_default();
    codings.iter().filter_map(|coding| {
        let code = coding.text_of("code")?.trim();
        Some((coding.text_of("system").unwrap_or_default(), code))
    })
}

/// The codings of all concepts of a list.
pub(super) fn all_codings<'n>(
    one: &'n Node,
    list: &str,
) -> impl Iterator<Item = Coding<'n>> + use<'n> {
    one.list(list).iter().flat_map(|concept| codings(Some(concept)))
}

/// Whether a concept has a code, whoever gave it.
pub(super) fn has_code(concept: Option<&Node>, code: &str) -> bool {
    codings(concept).any(|(_, it)| it == code)
}

/// The identifiers: system and value.
pub(super) fn identifiers(one: &Node) -> impl Iterator<Item = (&str, &str)> {
    one.list("identifier").iter().filter_map(identifier)
}

/// One identifier: system and value.
pub(super) fn identifier(one: &Node) -> Option<(&str, &str)> {
    let value = one.text_of("value")?.trim();
    (!value.is_empty()).then(|| (one.text_of("system").unwrap_or_default(), value))
}

/// The value of the identifier of a system.
pub(super) fn valued<'n>(one: &'n Node, system: &str) -> Option<&'n str> {
    identifiers(one).find(|(it, _)| *it == system).map(|(_, value)| value)
}

/// The official identifier's value.
pub(super) fn official(one: &Node) -> Option<&str> {
    let official = |it: &&Node| it.text_of("use") == Some("official");
    one.list("identifier").iter().find(official).and_then(identifier).map(|(_, value)| value)
}

/// A UID without what only spells that it is one.
pub(super) fn uid(value: &str) -> String {
    value.strip_prefix("urn:oid:").unwrap_or(value).to_owned()
}

/// The extensions whose names end so, whatever guide gives them.
pub(super) fn extensions<'n>(
    one: &'n Node,
    name: &'static str,
) -> impl Iterator<Item = &'n Node> + use<'n> {
    one.list("extension").iter().filter(move |extension| {
        let url = extension.text_of("url").unwrap_or_default();
        let tail = url.rsplit('/').next().unwrap_or_default();
        let tail = tail.strip_prefix("codexrt-").unwrap_or(tail);
        tail.strip_prefix("mcode-").unwrap_or(tail).eq_ignore_ascii_case(name)
    })
}

/// The whole number of an extension.
pub(super) fn counted(one: &Node, name: &'static str) -> Option<u16> {
    extensions(one, name).find_map(|extension| {
        ["valuePositiveInt", "valueUnsignedInt", "valueInteger"]
            .into_iter()
            .find_map(|value| extension.get(value)?.number()?.parse().ok())
    })
}

/// A moment as the site's calendar has it; `None` for what names no day.
pub(super) fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    if text.contains('T') {
        let at: Timestamp = text.parse().ok()?;
        return Some(Moment::at(at.to_zoned(zone.clone()).datetime()));
    }
    let day: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    Some(Moment::day(day))
}

/// How many whole hours a period lasts; `None` unless both ends tell a time.
pub(super) fn hours(period: Option<&Node>) -> Option<i64> {
    let end = |name| period?.text_of(name)?.parse::<Timestamp>().ok();
    let (from, to) = (end("start")?, end("end")?);
    Some((to.as_second() - from.as_second()) / 3_600)
}
