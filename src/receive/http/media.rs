//! What a body is, and what its sender wants to hear, by their media types.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use url::form_urlencoded;

use super::Refusal;

/// What answers over FHIR are.
pub(super) const FHIR: &str = "application/fhir+json; charset=utf-8";
/// What answers in HL7 v2 are.
pub(super) const HL7: &str = "application/hl7-v2";

/// What HL7 v2 is called.
const HL7_TYPES: [&str; 6] = [
    "application/hl7-v2",
    "application/hl7-v2+er7",
    "x-application/hl7-v2+er7",
    "application/x-hl7",
    "application/edi-hl7",
    "text/plain",
];

/// What FHIR is called where it is JSON.
const FHIR_TYPES: [&str; 3] = ["application/fhir+json", "application/json", "text/json"];

/// A body in HL7 v2, whatever it is called; without a name too.
pub(super) fn of_hl7(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(told) = text(headers, CONTENT_TYPE.as_str()) else { return Ok(()) };
    if HL7_TYPES.contains(&Media::read(&told).kind.as_str()) {
        return Ok(());
    }
    let words = format!("the body is none in HL7 v2: its Content-Type is {HL7} or text/plain");
    Err(Refusal::new(415, "not-supported", words))
}

/// A body that is FHIR R4 as JSON.
pub(super) fn of_fhir(headers: &HeaderMap) -> Result<(), Refusal> {
    let told = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let media = Media::read(&told);
    if FHIR_TYPES.contains(&media.kind.as_str()) && media.is_of_ours() && media.is_utf8() {
        return Ok(());
    }
    let words = "the body is not read: its Content-Type is application/fhir+json, of FHIR 4.0";
    Err(Refusal::new(415, "not-supported", words))
}

/// Whether what we answer is wanted: by `_format`, else by `Accept`.
pub(super) fn wanted(headers: &HeaderMap, query: Option<&str>) -> Result<(), Refusal> {
    let query = query.unwrap_or_default().as_bytes();
    let format = form_urlencoded::parse(query).find(|(name, _)| name == "_format");
    let is_wanted = match format {
        // In an address, a plus that is not masked is read as a blank.
        Some((_, format)) => is_ours(&Media::read(&format.replace("fhir json", "fhir+json"))),
        None => match text(headers, ACCEPT.as_str()) {
            Some(told) => told.split(',').any(|one| is_ours(&Media::read(one))),
            None => true,
        },
    };
    if is_wanted {
        return Ok(());
    }
    let words = "answers are application/fhir+json, of FHIR 4.0";
    Err(Refusal::new(406, "not-supported", words))
}

fn is_ours(media: &Media) -> bool {
    let kind = media.kind.as_str();
    let named = FHIR_TYPES.contains(&kind) || ["json", "*/*", "application/*", ""].contains(&kind);
    named && media.is_of_ours() && !media.is_unwanted()
}

struct Media {
    kind: String,
    parameters: Vec<(String, String)>,
}

impl Media {
    fn read(text: &str) -> Media {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters = parts.filter_map(|part| part.split_once('=')).map(|(name, value)| {
            let value = value.trim().trim_matches('"');
            (name.trim().to_ascii_lowercase(), value.to_ascii_lowercase())
        });
        Media { kind, parameters: parameters.collect() }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// FHIR 4.0, or 4.3, which is the same in all that is read here.
    fn is_of_ours(&self) -> bool {
        self.parameter("fhirversion").is_none_or(|version| {
            let mut parts = version.split('.');
            parts.next() == Some("4") && matches!(parts.next(), Some("0" | "3"))
        })
    }

    fn is_utf8(&self) -> bool {
        self.parameter("charset").is_none_or(|name| ["utf-8", "utf8", "us-ascii"].contains(&name))
    }

    fn is_unwanted(&self) -> bool {
        self.parameter("q").is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty())
    }
}

/// A header as text: all of its lines as one.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn status(told: Result<(), Refusal>) -> String {
        told.map_or_else(|refused| refused.status.to_string(), |()| "taken".to_owned())
    }

    fn headers(name: &str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if value != "-" {
            headers
                .insert(hyper::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_body_is_what_it_is_called() {
        for row in rows(
            "
            | type                                       | fhir  | hl7   |
            | application/fhir+json                      | taken | 415   |
            | application/fhir+json; fhirVersion=4.0     | taken | 415   |
            | application/fhir+json;fhirVersion=\"4.3\"    | taken | 415   |
            | application/fhir+json; fhirVersion=4.0.1   | taken | 415   |
            | application/fhir+json; fhirVersion=5.0     | 415   | 415   |
            | application/fhir+json; fhirVersion=3.0     | 415   | 415   |
            | APPLICATION/JSON; charset=UTF-8            | taken | 415   |
            | application/json; charset=iso-8859-1       | 415   | 415   |
            | application/fhir+xml                       | 415   | 415   |
            | application/x-www-form-urlencoded          | 415   | 415   |
            | text/plain                                 | 415   | taken |
            | application/hl7-v2                         | 415   | taken |
            | x-application/hl7-v2+er7; charset=utf-8    | 415   | taken |
            | -                                          | 415   | taken |
            ",
        ) {
            let headers = headers("content-type", &row["type"]);
            assert_eq!(status(of_fhir(&headers)), row["fhir"], "{row}");
            assert_eq!(status(of_hl7(&headers)), row["hl7"], "{row}");
        }
    }

    #[test]
    fn an_answer_is_given_to_who_wants_it() {
        for row in rows(
            "
            | accept                                    | query                         | is    |
            | -                                         |                               | taken |
            | */*                                       |                               | taken |
            | application/fhir+json                     |                               | taken |
            | application/fhir+xml                      |                               | 406   |
            | application/fhir+xml, application/json    |                               | taken |
            | application/fhir+xml, */*;q=0.0           |                               | 406   |
            | application/fhir+json; fhirVersion=5.0    |                               | 406   |
            | application/fhir+json; fhirVersion=4.0    |                               | taken |
            | text/html                                 | _format=json                  | taken |
            | text/html                                 | _format=application/fhir+json | taken |
            | application/json                          | _format=xml                   | 406   |
            ",
        ) {
            let headers = headers("accept", &row["accept"]);
            assert_eq!(status(wanted(&headers, Some(&row["query"]))), row["is"], "{row}");
        }
    }
}
