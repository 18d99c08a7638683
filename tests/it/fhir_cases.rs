//! Trouble from the field, told over FHIR: K-35 to K-41.

use bytes::Bytes;
use collimator::receive::{FhirRequest, Method};

use super::fhir_in::{Site, case, entries, expressions};

#[test]
fn k35_two_of_five_are_wrong_and_three_are_taken() {
    let mut site = Site::new();
    let known = site.put("Patient/k35", case("K-35-a.json"));
    assert_eq!((known.status, known.etag.as_deref()), (201, Some("W/\"1\"")));
    let batch = site.post(case("K-35-b.json"));
    assert_eq!(batch.status, 200);
    assert_eq!(
        entries(&batch),
        [
            "201",
            "201",
            "422 Bundle.entry[2].resource.occurrence",
            "422 Bundle.entry[3].resource.subject",
            "201"
        ]
    );
    assert_eq!(
        site.lines(),
        [
            "4413501 2026-10-08 77336 1 held",
            "4413501 2026-10-08 77402 1 held",
            "4413501 2026-10-09 77402 1 held"
        ]
    );
    let again = site.post(case("K-35-b.json"));
    assert_eq!(entries(&again)[0], "200");
    assert_eq!(site.lines().len(), 3);
}

#[test]
fn k35_as_a_transaction_none_is_taken() {
    let mut site = Site::new();
    site.put("Patient/k35", case("K-35-a.json"));
    let batch = String::from_utf8(case("K-35-b.json").to_vec()).unwrap();
    let transaction = batch.replace("\"batch\"", "\"transaction\"");
    let answer = site.post(transaction);
    assert_eq!(answer.status, 422);
    assert_eq!(
        expressions(&answer),
        ["Bundle.entry[2].resource.occurrence", "Bundle.entry[3].resource.subject"]
    );
    assert!(site.lines().is_empty());
}

#[test]
fn k36_references_within_a_transaction_lead_to_the_person() {
    let mut site = Site::new();
    for name in ["K-36-a.json", "K-36-b.json"] {
        assert_eq!(site.post(case(name)).status, 200, "{name}");
    }
    let stranger = site.post(case("K-36-c.json"));
    assert_eq!(stranger.status, 422);
    assert_eq!(expressions(&stranger), ["Bundle.entry[0].resource.subject"]);
    let known = site.0.rows();
    let whom: Vec<(&str, &str)> = known.iter().map(|row| (&*row[0], &*row[2])).collect();
    assert_eq!(whom, [("4413601", "2026-10-08"), ("4413602", "2026-10-08")]);
    let patient = String::from_utf8(case("K-35-a.json").to_vec()).unwrap();
    let patient = patient.replace("4413501", "4413603").replace("k35", "k36");
    assert_eq!(site.put("Patient/k36", patient).status, 201);
    assert_eq!(site.post(case("K-36-c.json")).status, 200);
    assert!(site.lines()[2].starts_with("4413603 2026-10-08"));
}

#[test]
fn k38_ids_of_the_sender_overwrite_nothing() {
    let mut site = Site::new();
    for name in ["K-38-a.json", "K-38-b.json", "K-38-a.json", "K-38-b.json"] {
        assert_eq!(site.post(case(name)).status, 200, "{name}");
    }
    assert_eq!(
        site.lines(),
        ["4413801 2026-10-08 77402 1 held", "4413801 2026-10-09 77402 1 held"]
    );
}

#[test]
fn k39_the_day_is_that_of_the_site() {
    let mut site = Site::new();
    assert_eq!(entries(&site.post(case("K-39.json"))), ["201", "201", "201"]);
    let known = site.0.rows();
    let days: Vec<&str> = known.iter().map(|row| &*row[2]).collect();
    assert_eq!(days, ["2026-10-08", "2026-11-01"]);
    assert!(!known.iter().any(|row| row[10].contains("READ-01")), "no period is too long");
}

#[test]
fn k41_what_the_source_deletes_is_taken_back_and_stays_so() {
    let mut site = Site::new();
    site.post(case("K-41-a.json"));
    assert_eq!(site.lines(), ["4414101 2026-10-08 77402 1 held"]);
    let history = site.post(case("K-41-b.json"));
    assert_eq!(entries(&history), ["204", "200"]);
    assert!(site.lines().is_empty());
    site.post(case("K-41-a.json"));
    assert!(site.lines().is_empty(), "the older version does not revive it");
}

#[test]
fn k41_gone_when_it_was_asked_for_is_the_same() {
    let mut site = Site::new();
    site.post(case("K-41-a.json"));
    let gone = site.ask(FhirRequest::new(Method::Delete, "ChargeItem/k41a", Bytes::new()));
    assert_eq!(gone.status, 204);
    assert!(site.lines().is_empty());
}
