//! Each fault is told, with its place, and nothing else is.

use super::samples::{CHARGE, FRACTION, MUTATIONS};
use super::*;
use crate::table::rows;
use crate::wire::json::read;
use proptest::prelude::*;

fn document(name: &str) -> &'static str {
    if name == "Procedure" { FRACTION } else { CHARGE }
}

fn examined(text: &str, at: &str) -> Examined {
    examine(&read(text.as_bytes()).unwrap(), at, Unknown::Refused)
}

#[test]
fn each_fault_is_told_with_its_place_and_what_is_right_passes() {
    for (at, from, to, place, code) in MUTATIONS {
        let text = document(at).replacen(from, to, 1);
        assert!(from.is_empty() || text != document(at), "{from} is not there");
        let found: Vec<_> = examined(&text, at)
            .issues
            .into_iter()
            .map(|issue| (issue.expression, issue.code.as_str()))
            .collect();
        let is_told = found.iter().any(|(where_, what)| where_ == place && what == code);
        assert!(is_told || (place.is_empty() && found.is_empty()), "{from} → {to}: {found:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_before_anything_is_examined() {
    let text = CHARGE.replacen("\"status\"", "\"status\": \"billed\", \"status\"", 1);
    assert!(read(text.as_bytes()).is_err());
}

#[test]
fn every_fault_is_told_and_not_the_first() {
    let text = CHARGE.replace("billable", "paid").replace("\"USD\"", "\"usd\"");
    let found = examined(&text.replace("180.10", "\"180.10\""), "Bundle.entry[2].resource").issues;
    let places: Vec<_> = found.iter().map(|issue| issue.expression.as_str()).collect();
    assert_eq!(
        places,
        [
            "Bundle.entry[2].resource.status",
            "Bundle.entry[2].resource.priceOverride.value",
            "Bundle.entry[2].resource.priceOverride.currency",
        ]
    );
}

#[test]
fn unknown_elements_are_told_apart_where_they_are_taken() {
    let text = CHARGE.replace("\"quantity\"", "\"bodySite\": {\"a\": [{}]}, \"quantity\"");
    let node = read(text.as_bytes()).unwrap();
    let taken = examine(&node, "ChargeItem", Unknown::Taken);
    assert_eq!(taken.issues, []);
    assert_eq!(taken.unknown_elements.len(), 1);
    assert_eq!(taken.unknown_elements[0].expression, "ChargeItem.bodySite");
}

#[test]
fn what_is_told_repeats_no_value_and_no_strange_name() {
    let text = CHARGE.replace("billable", "Ann Doe").replace("\"quantity\"", "\"Ann Doe<b>\"");
    for issue in examined(&text, "ChargeItem").issues {
        assert!(!issue.words.contains("Ann"), "{issue:?}");
        assert!(!issue.expression.contains(['<', ' ']), "{issue:?}");
    }
}

#[test]
fn faults_without_number_are_told_up_to_a_number() {
    let keys: Vec<_> = (0..100_000).map(|number| format!("\"k{number}\":{{}}")).collect();
    let text = format!("{{\"resourceType\":\"Patient\",{}}}", keys.join(","));
    assert_eq!(examined(&text, "Patient").issues.len(), ISSUES_MAX);
    let long = format!("{{\"resourceType\":\"Patient\",\"{}\":1}}", "k".repeat(1 << 20));
    assert!(examined(&long, "Patient").issues[0].expression.len() < 200);
    let family = "x".repeat((1 << 20) + 1);
    let large = format!("{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"{family}\"}}]}}");
    assert_eq!(examined(&large, "Patient").issues[0].code, IssueCode::TooLong);
}

#[test]
fn many_small_things_take_no_longer_than_their_bytes() {
    let many = |one: &str| vec![one; 50_000].join(",");
    let contained: Vec<_> =
        (0..50_000).map(|id| format!("{{\"resourceType\":\"Basic\",\"id\":\"c{id}\"}}")).collect();
    let text = format!(
        "{{\"resourceType\":\"Procedure\",\"contained\":[{}],\"partOf\":[{}],\"instantiatesUri\":[{}]}}",
        contained.join(","),
        many("{\"reference\":\"#none\"}"),
        many("null"),
    );
    assert_eq!(examined(&text, "Procedure").issues.len(), ISSUES_MAX);
}

#[test]
fn what_is_no_resource_is_told_at_its_root() {
    for (text, code) in [
        ("null", IssueCode::Structure),
        ("[]", IssueCode::Structure),
        ("\"Patient\"", IssueCode::Structure),
        ("{}", IssueCode::Structure),
        ("{\"resourceType\":null}", IssueCode::Structure),
        ("{\"resourceType\":\"Period\"}", IssueCode::NotSupported),
        ("{\"resourceType\":\"Encounter.participant\"}", IssueCode::NotSupported),
        ("{\"resourceType\":\"Medication\"}", IssueCode::NotSupported),
    ] {
        let found = examined(text, "Resource").issues;
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].code, found[0].expression.as_str()), (code, "Resource"), "{text}");
    }
    assert_eq!(examined("{\"resourceType\":\"Patient\"}", "Patient").issues, []);
    assert!(
        is_known_type("ChargeItem") && !is_known_type("Period") && !is_known_type("Medication")
    );
}

#[test]
fn a_bundle_is_taken_apart_and_its_resources_are_left_to_the_caller() {
    let text = r#"{"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": "urn:uuid:a", "resource": {"resourceType": "Patient", "colour": 1},
         "request": {"method": "PUT", "url": "Patient/1", "ifMatch": "W/\"2\"", "ifNoneExist": "a=b"}},
        {"fullUrl": "urn:uuid:a", "resource": []},
        {"response": {"status": "201", "etag": "W/\"1\"", "lastModified": "2026-10-05T08:10:00Z"},
         "search": {"mode": "match"}, "request": {"method": "GO", "url": "x"}}]}"#;
    let bundle = read(text.as_bytes()).unwrap();
    let found = examine(&bundle, "Bundle", Unknown::Refused).issues;
    let places: Vec<_> = found.iter().map(|issue| issue.expression.as_str()).collect();
    assert_eq!(
        places,
        [
            "Bundle.entry[1].resource",
            "Bundle.entry[2].request.method",
            "Bundle.entry[1].request",
            "Bundle.entry[1].fullUrl",
        ]
    );
    let entries = entries(&bundle);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0].method.zip(entries[0].url), Some(("PUT", "Patient/1")));
    assert_eq!(entries[0].if_match.zip(entries[0].if_none_exist), Some(("W/\"2\"", "a=b")));
    assert_eq!(
        entries[0].resource.and_then(|patient| patient.text_of("resourceType")),
        Some("Patient")
    );
    assert_eq!(entries[2].status.zip(entries[2].mode), Some(("201", "match")));
    assert_eq!(entries[2].index, 2);
}

#[test]
fn the_clocks_of_a_period_are_read_with_their_offsets() {
    for row in rows(
        "
        | start                     | end                       | told |
        | 2026-11-01T01:54:00-04:00 | 2026-11-01T01:06:00-05:00 | no   |
        | 2026-11-01T01:54:00-05:00 | 2026-11-01T01:58:00-04:00 | yes  |
        | 2026-10-05                | 2026-10-05                | no   |
        | 2026-10-05                | 2026-10-04                | yes  |
        ",
    ) {
        let (start, end) = (&row["start"], &row["end"]);
        let text = FRACTION
            .replace("2026-10-05T08:10:00-04:00", start)
            .replace("2026-10-05T08:20:00-04:00", end);
        let is_told = !examined(&text, "Procedure").issues.is_empty();
        assert_eq!(is_told, &row["told"] == "yes", "{start} to {end}");
    }
}

proptest! {
    #[test]
    fn a_resource_with_anything_in_any_place_is_examined(
        place in 0_usize..400,
        value in prop_oneof![
            Just("null"), Just("[]"), Just("{}"), Just("[null]"), Just("[[]]"), Just("false"),
            Just("\"\""), Just("{\"extension\":[{}]}"), Just("{\"resourceType\":\"Bundle\"}"),
        ],
        whole in any::<bool>(),
    ) {
        let text = if whole { FRACTION } else { CHARGE };
        let starts: Vec<_> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
        let start = starts[place % starts.len()];
        let rest = &text[start..];
        let end = (1..=rest.len()).find(|end| {
            rest.is_char_boundary(*end) && read(&rest.as_bytes()[..*end]).is_ok()
                && !rest[*end..].starts_with(|c: char| c.is_ascii_digit() || c == '.')
        });
        let text = format!("{}{value}{}", &text[..start], &rest[end.unwrap()..]);
        let node = read(text.as_bytes()).unwrap();
        let found = examine(&node, "Procedure", Unknown::Refused);
        prop_assert!(found.issues.len() <= ISSUES_MAX);
        prop_assert!(!found.issues.is_empty(), "{}", text);
    }
}
