//! A page of a search, as far as the walk must know it. Its resources are handed over as they came.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Digest as _;

use crate::config::ChargesBy;

use super::short::Short;

/// What a resource hashes to, as it came.
pub(super) type Digest = [u8; 32];

/// ARIA's extension for when a charge was completed.
const COMPLETED_ON: &str = "chargeitem-completedOn";

/// A page.
pub(super) struct Page {
    /// All of it.
    pub(super) bytes: Bytes,
    /// What is on it.
    pub(super) entries: Vec<Found>,
    /// Where the next one is.
    pub(super) next: Option<String>,
    /// How much there is on all pages.
    pub(super) total: Option<u64>,
    timestamp: Option<String>,
}

/// Something on a page.
pub(super) struct Found {
    raw: String,
    /// What it hashes to.
    pub(super) digest: Digest,
    /// When it was said, by the parameter that is searched by.
    pub(super) said: Option<Timestamp>,
    /// Whether it was searched for: neither brought along, nor a remark of the server.
    pub(super) is_match: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle<'a> {
    #[serde(borrow)]
    resource_type: Cow<'a, str>,
    total: Option<u64>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default, borrow)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    search: Option<Search>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

#[derive(Default, Deserialize)]
struct Resource {
    meta: Option<Meta>,
    #[serde(default)]
    extension: Vec<Extension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    last_updated: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    url: Option<String>,
    value_date_time: Option<String>,
}

impl Page {
    /// Reads a page.
    pub(super) fn read(bytes: Bytes, by: ChargesBy) -> Result<Page, Short> {
        let bundle: Bundle<'_> = serde_json::from_slice(&bytes).map_err(|_| Short::NotFhir)?;
        if bundle.resource_type != "Bundle" {
            return Err(Short::NotFhir);
        }
        let entries: Result<Vec<Found>, Short> =
            bundle.entry.iter().map(|raw| found(raw.get(), by)).collect();
        let next = bundle.link.into_iter().find(|link| link.relation == "next");
        let (entries, total) = (entries?, bundle.total);
        let timestamp = bundle.timestamp.map(|raw| raw.get().to_owned());
        let next = next.map(|link| link.url.unwrap_or_default());
        Ok(Page { entries, total, timestamp, next, bytes })
    }

    /// The page with what is new on it: as it came where all is new, `None` where nothing is.
    pub(super) fn only(&self, is_new: impl Fn(&Found) -> bool) -> Option<Bytes> {
        let new: Vec<&str> =
            self.entries.iter().filter(|one| is_new(one)).map(|one| one.raw.as_str()).collect();
        if new.is_empty() {
            return None;
        }
        if new.len() == self.entries.len() {
            return Some(self.bytes.clone());
        }
        let timestamp = self.timestamp.as_ref();
        let timestamp = timestamp.map_or(String::new(), |raw| format!("\"timestamp\":{raw},"));
        let head = "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",";
        Some(format!("{head}{timestamp}\"entry\":[{}]}}", new.join(",")).into())
    }
}

fn found(raw: &str, by: ChargesBy) -> Result<Found, Short> {
    let entry: Entry<'_> = serde_json::from_str(raw).map_err(|_| Short::NotFhir)?;
    let mode = entry.search.and_then(|search| search.mode);
    let text = entry.resource.map_or(raw, RawValue::get);
    // What is wrong within a resource is for those to say who read it.
    let resource: Resource = serde_json::from_str(text).unwrap_or_default();
    let said = match by {
        ChargesBy::LastUpdated => resource.meta.and_then(|meta| meta.last_updated),
        ChargesBy::CompletedOn => resource
            .extension
            .into_iter()
            .find(|one| one.url.as_ref().is_some_and(|url| url.ends_with(COMPLETED_ON)))
            .and_then(|one| one.value_date_time),
    };
    Ok(Found {
        digest: sha2::Sha256::digest(text.as_bytes()).into(),
        raw: raw.to_owned(),
        said: said.and_then(|said| moment(&said)),
        is_match: mode.is_none_or(|mode| mode == "match"),
    })
}

/// A moment; of a day without a time, its first one.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let day: Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"resourceType": "Bundle", "total": 3, "timestamp": "2026-10-08T00:00:00Z",
        "link": [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}],
        "entry": [
          {"resource": {"resourceType": "ChargeItem", "meta": {"lastUpdated": "2026-10-08T12:00:00-04:00"},
                        "priceOverride": {"value": 180.10}}, "search": {"mode": "match"}},
          {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}}
        ]}"#;

    #[test]
    fn a_page_is_handed_over_as_it_came() {
        let page = Page::read(PAGE.into(), ChargesBy::LastUpdated).unwrap();
        assert_eq!((page.next.as_deref(), page.total), (Some("b"), Some(3)));
        assert_eq!(page.entries[0].said.unwrap().to_string(), "2026-10-08T16:00:00Z");
        assert_eq!(page.entries.iter().filter(|one| one.is_match).count(), 1);
        assert_eq!(page.only(|_| true).unwrap(), PAGE);
        assert_eq!(page.only(|_| false), None);
        let new = page.only(|one| one.is_match).unwrap();
        let text = std::str::from_utf8(&new).unwrap();
        assert!(text.contains("180.10") && text.contains("\"timestamp\":\"2026"), "{text}");
        let again = Page::read(new, ChargesBy::LastUpdated).unwrap();
        assert_eq!(again.entries.len(), 1);
        assert_eq!(again.entries[0].digest, page.entries[0].digest);
    }

    #[test]
    fn something_else_is_no_page() {
        for text in
            ["", "<html>", "{}", "[]", "{\"resourceType\":\"Patient\"}", "{\"resourceType\":"]
        {
            assert!(Page::read(text.into(), ChargesBy::LastUpdated).is_err(), "{text}");
        }
    }
}
