//! Two resources that are right, and all that can be wrong with them.

use super::*;
use crate::table::rows;
use crate::wire::json::read;
use proptest::prelude::*;

const FRACTION: &str = r##"{
  "resourceType": "Procedure", "id": "fraction-1",
  "meta": {"versionId": "1", "lastUpdated": "2026-10-05T13:00:00.050Z",
    "profile": ["http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-treated-fraction"]},
  "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">A fraction</div>"},
  "contained": [{"resourceType": "Practitioner", "id": "who", "name": [{"family": "Doe", "given": ["Ann", "B"]}]}],
  "extension": [
    {"url": "http://example.org/number", "valuePositiveInt": 5},
    {"url": "http://example.org/technique", "extension": [
      {"url": "a", "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "1156506007"}]}}]}],
  "identifier": [{"use": "official", "system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
  "basedOn": [{"reference": "ServiceRequest/plan-1"}],
  "status": "completed",
  "category": {"coding": [{"system": "http://snomed.info/sct", "code": "1287742003"}]},
  "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1297069006"}]},
  "subject": {"reference": "Patient/p-1"},
  "performedPeriod": {"start": "2026-10-05T08:10:00-04:00", "end": "2026-10-05T08:20:00-04:00"},
  "performer": [{"actor": {"reference": "#who"}}]
}"##;

const CHARGE: &str = r##"{
  "resourceType": "ChargeItem", "id": "charge-1",
  "identifier": [{"system": "https://example.org/id/charge", "value": "C-1"}],
  "status": "billable",
  "code": {"coding": [{"system": "https://example.org/CodeSystem/activity", "code": "TX-3D"}]},
  "subject": {"reference": "Patient/p-1"},
  "occurrenceDateTime": "2026-10-05T08:10:00-04:00",
  "quantity": {"value": 1},
  "priceOverride": {"value": 180.10, "currency": "USD"},
  "enteredDate": "2026-10-05T09:00:00-04:00"
}"##;

/// What is changed, to what, and where that is told, with which code; nothing if it is right.
/// A row that begins with `+` adds to the object.
const MUTATIONS: &[(&str, &str, &str, &str, &str)] = &[
    // document, from, to, expression, code
    ("Procedure", "", "", "", ""),
    ("ChargeItem", "", "", "", ""),
    (
        "Procedure",
        r#""status": "c"#,
        r#""colour": "red", "status": "c"#,
        "Procedure.colour",
        "structure",
    ),
    (
        "Procedure",
        r#"{"family""#,
        r#"{"colour": 1, "family""#,
        "Procedure.contained[0].name[0].colour",
        "structure",
    ),
    (
        "ChargeItem",
        r#""quantity""#,
        r#""bodySite": [{"text": "x"}], "quantity""#,
        "ChargeItem.bodySite",
        "structure",
    ),
    ("Procedure", r#""status": "completed","#, "", "Procedure.status", "required"),
    (
        "ChargeItem",
        r#""subject": {"reference": "Patient/p-1"},"#,
        "",
        "ChargeItem.subject",
        "required",
    ),
    ("Procedure", r#""resourceType": "Procedure","#, "", "Procedure", "structure"),
    (
        "Procedure",
        r#""resourceType": "Procedure""#,
        r#""resourceType": "Proceedure""#,
        "Procedure",
        "not-supported",
    ),
    (
        "Procedure",
        r#""resourceType": "Procedure""#,
        r#""resourceType": 1"#,
        "Procedure",
        "structure",
    ),
    ("Procedure", r#""completed""#, r#""done""#, "Procedure.status", "value"),
    (
        "Procedure",
        "2026-10-05T08:10:00-04:00",
        "2026-02-30T08:10:00-04:00",
        "Procedure.performed.start",
        "value",
    ),
    (
        "Procedure",
        "2026-10-05T08:10:00-04:00",
        "2026-10-05T08:10:00",
        "Procedure.performed.start",
        "value",
    ),
    (
        "Procedure",
        "2026-10-05T08:10:00-04:00",
        "2026-10-05T08:10-04:00",
        "Procedure.performed.start",
        "value",
    ),
    (
        "ChargeItem",
        r#"{"value": 1}"#,
        r#"{"value": "1"}"#,
        "ChargeItem.quantity.value",
        "structure",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""valuePositiveInt": "5""#,
        "Procedure.extension[0].value",
        "structure",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""valuePositiveInt": 0"#,
        "Procedure.extension[0].value",
        "value",
    ),
    (
        "Procedure",
        r#"[{"reference": "ServiceRequest/plan-1"}]"#,
        r#"{"reference": "ServiceRequest/plan-1"}"#,
        "Procedure.basedOn",
        "structure",
    ),
    (
        "Procedure",
        r#"{"reference": "Patient/p-1"}"#,
        r#"[{"reference": "Patient/p-1"}]"#,
        "Procedure.subject",
        "structure",
    ),
    ("Procedure", r#""id": "fraction-1""#, r#""id": """#, "Procedure.id", "value"),
    (
        "ChargeItem",
        r#""value": "C-1""#,
        r#""value": """#,
        "ChargeItem.identifier[0].value",
        "value",
    ),
    (
        "Procedure",
        r#"[{"reference": "ServiceRequest/plan-1"}]"#,
        "[]",
        "Procedure.basedOn",
        "structure",
    ),
    ("ChargeItem", r#"{"value": 1}"#, "{}", "ChargeItem.quantity", "structure"),
    ("ChargeItem", r#"{"value": 1}"#, "null", "ChargeItem.quantity", "structure"),
    ("ChargeItem", r#""2026-10-05T09:00:00-04:00""#, "null", "ChargeItem.enteredDate", "structure"),
    (
        "Procedure",
        r#"technique", "#,
        r#"technique", "valueString": "x", "#,
        "Procedure.extension[1]",
        "invariant",
    ),
    (
        "Procedure",
        r#""url": "http://example.org/number", "#,
        "",
        "Procedure.extension[0].url",
        "required",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""valuePositiveInt": 5, "valueString": "x""#,
        "Procedure.extension[0].value",
        "structure",
    ),
    (
        "Procedure",
        r#""performer""#,
        r#""performedDateTime": "2026", "performer""#,
        "Procedure.performed",
        "structure",
    ),
    ("Procedure", "performedPeriod", "occurrencePeriod", "Procedure.occurrencePeriod", "structure"),
    (
        "ChargeItem",
        r#""occurrenceDateTime": "2026-10-05T08:10:00-04:00""#,
        r#""occurrenceBoolean": true"#,
        "ChargeItem.occurrence",
        "structure",
    ),
    (
        "Procedure",
        "fraction-1",
        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345",
        "Procedure.id",
        "value",
    ),
    ("Procedure", "fraction-1", "fraction_1", "Procedure.id", "value"),
    (
        "Procedure",
        r#""status": "c"#,
        r#""_status": {"extension": [{"url": "http://x", "valueCode": "a"}]}, "status": "c"#,
        "",
        "",
    ),
    (
        "Procedure",
        r#""status": "completed""#,
        r#""_status": {"extension": [{"url": "http://x", "valueCode": "unknown"}]}"#,
        "",
        "",
    ),
    ("ChargeItem", r#""USD""#, r#""$""#, "", ""),
    ("ChargeItem", r#""USD""#, r#""US dollar""#, "ChargeItem.priceOverride.currency", "value"),
    (
        "Procedure",
        "2026-10-05T08:20:00-04:00",
        "2026-10-05T08:09:59-04:00",
        "Procedure.performed",
        "invariant",
    ),
    ("Procedure", "2026-10-05T08:20:00-04:00", "2026-10-05T07:20:00-05:00", "", ""),
    ("ChargeItem", "Patient/p-1", "Device/d-1", "ChargeItem.subject", "value"),
    (
        "ChargeItem",
        r#""code": {"coding": [{"system": "https://example.org/CodeSystem/activity", "code": "TX-3D"}]},"#,
        "",
        "ChargeItem.code",
        "required",
    ),
    ("ChargeItem", r#""TX-3D""#, r#"" TX-3D""#, "ChargeItem.code.coding[0].code", "value"),
    (
        "Procedure",
        r#""resourceType": "Practitioner""#,
        r#""resourceType": "Practicioner""#,
        "Procedure.contained[0]",
        "not-supported",
    ),
    (
        "Procedure",
        r#""use": "official""#,
        r#""use": "offical""#,
        "Procedure.identifier[0].use",
        "value",
    ),
    ("ChargeItem", "180.10", "12345678901234567.89", "", ""),
    // More that no one catches.
    (
        "Procedure",
        r#""status": "c"#,
        r#""modifierExtension": [{"url": "http://x", "valueBoolean": true}], "status": "c"#,
        "Procedure.modifierExtension",
        "extension",
    ),
    (
        "Procedure",
        r#"{"actor""#,
        r#"{"modifierExtension": [{"url": "http://x", "valueBoolean": true}], "actor""#,
        "Procedure.performer[0].modifierExtension",
        "extension",
    ),
    (
        "Procedure",
        r#""status": "c"#,
        r#""implicitRules": "http://x", "status": "c"#,
        "Procedure.implicitRules",
        "extension",
    ),
    ("Procedure", r##""#who""##, r##""#whom""##, "Procedure.performer[0].actor", "invariant"),
    (
        "Procedure",
        r#"{"reference": "Patient/p-1"}"#,
        r#"{"type": "Patient"}"#,
        "Procedure.subject",
        "invariant",
    ),
    ("Procedure", r#"{"reference": "Patient/p-1"}"#, r#"{"display": "x"}"#, "", ""),
    (
        "Procedure",
        r#"{"reference": "Patient/p-1"}"#,
        r#"{"extension": [{"url": "http://x", "valueCode": "masked"}]}"#,
        "",
        "",
    ),
    ("Procedure", "Patient/p-1", "https://a.example/fhir/Patient/p-1/_history/2", "", ""),
    (
        "Procedure",
        "Patient/p-1",
        "https://a.example/fhir/Device/p-1/_history/2",
        "Procedure.subject",
        "value",
    ),
    ("Procedure", "Patient/p-1", "Patient?identifier=x|1", "", ""),
    ("Procedure", "Patient/p-1", "Location?identifier=x|1", "Procedure.subject", "value"),
    ("Procedure", "Patient/p-1", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "", ""),
    (
        "Procedure",
        r#"["Ann", "B"]"#,
        r#"["Ann", null]"#,
        "Procedure.contained[0].name[0].given[1]",
        "structure",
    ),
    ("Procedure", r#"["Ann", "B"]"#, r#"["Ann", null], "_given": [null, {"id": "b"}]"#, "", ""),
    (
        "Procedure",
        r#"["Ann", "B"]"#,
        r#"["Ann", null], "_given": [null, null]"#,
        "Procedure.contained[0].name[0].given[1]",
        "structure",
    ),
    ("Procedure", r#"["Ann", "B"]"#, r#"["Ann", "B"], "_given": [{"id": "b"}]"#, "", ""),
    (
        "Procedure",
        r#"["Ann", "B"]"#,
        r#"["Ann", "B"], "_given": {"id": "b"}"#,
        "Procedure.contained[0].name[0].given",
        "structure",
    ),
    (
        "Procedure",
        r#"["Ann", "B"]"#,
        r#"["Ann", "B"], "_family": [{"id": "b"}]"#,
        "Procedure.contained[0].name[0].family",
        "structure",
    ),
    (
        "Procedure",
        r#"["Ann", "B"]"#,
        r#"["Ann", "B"], "_family": {"colour": 1}"#,
        "Procedure.contained[0].name[0].family.colour",
        "structure",
    ),
    (
        "Procedure",
        r#""status": "c"#,
        r#""_subject": {"id": "x"}, "status": "c"#,
        "Procedure._subject",
        "structure",
    ),
    (
        "Procedure",
        r#""status": "completed""#,
        r#""status": ["completed"]"#,
        "Procedure.status",
        "structure",
    ),
    (
        "Procedure",
        r#""status": "completed""#,
        r#""status": {"value": "completed"}"#,
        "Procedure.status",
        "structure",
    ),
    ("Procedure", r#""status": "completed""#, r#""status": true"#, "Procedure.status", "structure"),
    (
        "Procedure",
        r#"{"actor": {"reference": "#,
        r#"{"function": {}, "actor": {"reference": "#,
        "Procedure.performer[0].function",
        "structure",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""id": "x""#,
        "Procedure.extension[0]",
        "invariant",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""valueColour": 5"#,
        "Procedure.extension[0].valueColour",
        "structure",
    ),
    (
        "Procedure",
        r#""valuePositiveInt": 5"#,
        r#""_valuePositiveInt": {"extension": [{"url": "http://x", "valueCode": "masked"}]}"#,
        "",
        "",
    ),
    ("Procedure", r#"<div xmlns"#, r#"<p xmlns"#, "Procedure.text.div", "value"),
    (
        "Procedure",
        r#"2026-10-05T13:00:00.050Z"#,
        "2026-10-05",
        "Procedure.meta.lastUpdated",
        "value",
    ),
    (
        "Procedure",
        r#"{"resourceType": "Practitioner", "id": "who""#,
        r#"{"resourceType": "Practitioner", "id": "who", "contained": [{"resourceType": "Basic"}]"#,
        "Procedure.contained[0].contained",
        "invariant",
    ),
    (
        "Procedure",
        r#"{"resourceType": "Practitioner", "id": "who""#,
        r#"{"resourceType": "Medication"}, {"resourceType": "Practitioner", "id": "who""#,
        "",
        "",
    ),
];

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
