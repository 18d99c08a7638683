//! What sources say over FHIR: the status of each answer, and what is then known.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use collimator::domain::{LineState, Setting};
use collimator::pipeline;
use collimator::receive::{FhirAnswer, FhirRequest, Method};

use crate::support::carry::{self, Desk};
use crate::support::daemon::{Target, TestDaemon};
use crate::support::fhir::web;
use crate::support::receiver::Receiver;
use crate::support::told::fhir_course_of;

pub fn case(name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read(path).unwrap().into()
}

/// A site that is told things over FHIR.
pub struct Site(pub Desk);

impl Site {
    pub fn new() -> Site {
        Site(Desk::new(Setting::Hospital))
    }

    pub fn ask(&mut self, request: FhirRequest) -> FhirAnswer {
        let answer = self.0.stock.ask(&request);
        self.0.carry(64);
        answer
    }

    pub fn post(&mut self, body: impl Into<Bytes>) -> FhirAnswer {
        self.ask(FhirRequest::new(Method::Post, "", body.into()))
    }

    pub fn put(&mut self, place: &str, body: impl Into<Bytes>) -> FhirAnswer {
        self.ask(FhirRequest::new(Method::Put, place, body.into()))
    }

    /// Patient, day, code, units and state of each line.
    pub fn lines(&self) -> Vec<String> {
        let rows = self.0.rows();
        rows.iter().map(|row| [0, 2, 4, 6, 9].map(|n| row[n].clone()).join(" ")).collect()
    }
}

fn json(answer: &FhirAnswer) -> serde_json::Value {
    serde_json::from_str(answer.body.as_deref().unwrap_or("null")).unwrap()
}

/// The statuses of a Bundle of answers, and the expressions of what is wrong.
pub fn entries(answer: &FhirAnswer) -> Vec<String> {
    let bundle = json(answer);
    let entries = bundle["entry"].as_array().unwrap();
    let said = entries.iter().map(|entry| {
        let response = &entry["response"];
        let status = response["status"].as_str().unwrap()[..3].to_owned();
        let issues = response["outcome"]["issue"].as_array().cloned().unwrap_or_default();
        let wrong = issues.iter().filter(|issue| issue["severity"] == "error");
        let places: Vec<String> =
            wrong.map(|issue| issue["expression"][0].as_str().unwrap().to_owned()).collect();
        [vec![status], places].concat().join(" ")
    });
    said.collect()
}

pub fn expressions(answer: &FhirAnswer) -> Vec<String> {
    let issues = json(answer)["issue"].as_array().cloned().unwrap_or_default();
    let told = issues.iter().map(|issue| issue["expression"][0].as_str().unwrap_or("").to_owned());
    told.collect()
}

const CHARGE: &str = r#"{"resourceType":"ChargeItem","id":"c1","status":"billable",
    "identifier":[{"system":"https://example.org/id/charge","value":"C-1"}],
    "code":{"coding":[{"system":"https://example.org/CodeSystem/activity","code":"CALC"}]},
    "subject":{"identifier":{"system":"https://example.org/id/mrn","value":"4419901"}},
    "occurrenceDateTime":"2026-10-08T10:15:00-04:00","enteredDate":"2026-10-08T18:00:00-04:00",
    "quantity":{"value":2}}"#;

/// Each fault of a body, the status it gets, and the place that is named.
#[test]
fn what_is_wrong_gets_its_status_and_its_place() {
    let deep = format!("{{\"a\":{}", "[".repeat(10_000));
    for (from, to, status, place) in [
        ("", "", 201, ""),
        ("\"quantity\"", "\"status\":\"billed\",\"quantity\"", 400, ""),
        ("}", "", 400, ""),
        ("\"resourceType\":\"ChargeItem\",", "", 400, "resourceType"),
        ("\"id\":\"c1\"", "\"id\":\"c2\"", 400, "ChargeItem.id"),
        ("\"ChargeItem\"", "\"Task\"", 400, "Task"),
        ("\"value\":2", "\"value\":\"2\"", 422, "ChargeItem.quantity.value"),
        ("\"billable\"", "\"done\"", 422, "ChargeItem.status"),
        ("\"quantity\"", "\"bodySite\":[],\"quantity\"", 422, "ChargeItem.bodySite"),
        ("T10:15:00-04:00", "T10:15:00", 422, "ChargeItem.occurrence"),
        ("\"occurrenceDateTime\":\"2026-10-08T10:15:00-04:00\",", "", 422, "ChargeItem.occurrence"),
        ("2026-10-08T10:15:00-04:00", "2026-10", 422, "ChargeItem.occurrence"),
        (
            "\"subject\":{\"identifier\"",
            "\"subject\":{\"reference\":\"Patient/9\"},\"context\":{\"identifier\"",
            422,
            "ChargeItem.subject",
        ),
        (
            "\"quantity\"",
            "\"modifierExtension\":[{\"url\":\"urn:x\",\"valueBoolean\":true}],\"quantity\"",
            422,
            "ChargeItem.modifierExtension",
        ),
        (
            "\"quantity\"",
            "\"implicitRules\":\"urn:x\",\"quantity\"",
            422,
            "ChargeItem.implicitRules",
        ),
    ] {
        let mut site = Site::new();
        let body = CHARGE.replacen(from, to, 1);
        let answer = site.put("ChargeItem/c1", body.clone());
        assert_eq!(answer.status, status, "{from} -> {to}: {:?}", answer.body);
        if !place.is_empty() {
            assert!(
                expressions(&answer).iter().any(|it| it.starts_with(place)),
                "{:?}",
                answer.body
            );
        }
        let known = site.0.stock.intake.last().0;
        assert!(known == 1, "{from} -> {to}: what is refused is kept for a person to see");
        assert_eq!(site.lines().len(), 2 * usize::from(status == 201), "{from} -> {to}");
    }
    assert_eq!(Site::new().put("ChargeItem/c1", deep).status, 400);
    assert_eq!(Site::new().put("Nothing/c1", CHARGE.replace("ChargeItem", "Nothing")).status, 404);
}

#[test]
fn versions_count_in_whatever_order_they_come() {
    let version = |number: u32, quantity: &str| {
        let meta = format!("\"id\":\"c1\",\"meta\":{{\"versionId\":\"{number}\"}}");
        CHARGE.replacen("\"id\":\"c1\"", &meta, 1).replace("\"value\":2", quantity)
    };
    let mut site = Site::new();
    let say = |site: &mut Site, number, units: &str| {
        let answer = site.put("ChargeItem/c1", version(number, &format!("\"value\":{units}")));
        let units = site.0.rows().first().map(|row| row[6].clone()).unwrap_or_default();
        format!("{} {units}", answer.status)
    };
    assert_eq!(say(&mut site, 3, "3"), "201 3");
    assert_eq!(say(&mut site, 3, "3"), "200 3", "known already");
    assert_eq!(say(&mut site, 2, "2"), "409 3", "older");
    assert_eq!(say(&mut site, 10, "4"), "200 4", "ten is more than three");
    let mut request =
        FhirRequest::new(Method::Put, "ChargeItem/c1", version(11, "\"value\":5").into());
    request.if_match = Some("W/\"3\"".to_owned());
    assert_eq!(site.ask(request.clone()).status, 412);
    request.if_match = Some("W/\"10\"".to_owned());
    assert_eq!(site.ask(request).status, 200);
    assert_eq!(site.0.rows()[0][6], "5");
}

/// What the source says of the status of a charge, one word after the other, and what stands then.
#[test]
fn the_status_of_a_charge_says_whether_it_stands() {
    for (statuses, units) in [
        ("planned", ""),
        ("planned billable", "2"),
        ("billable billed", "2"),
        ("billable not-billable", ""),
        ("billable aborted", ""),
        ("billable entered-in-error", ""),
        ("billable entered-in-error billable", "2"),
        ("billable planned", ""),
    ] {
        let mut site = Site::new();
        for (n, status) in statuses.split(' ').enumerate() {
            let body =
                CHARGE.replace("billable", status).replace("T18:00:00", &format!("T18:0{n}:00"));
            assert!(site.put("ChargeItem/c1", body).status < 300, "{statuses}");
        }
        let known = site.0.rows();
        assert_eq!(known.first().map_or("", |row| &*row[6]), units, "{statuses}");
    }
}

#[test]
fn another_name_under_the_same_number_takes_the_place_of_the_first() {
    let mut site = Site::new();
    site.put("ChargeItem/c1", CHARGE);
    let other = CHARGE.replace("CALC", "DEVICE-SIMPLE").replace("T18:00", "T18:05");
    site.put("ChargeItem/c1", other);
    let known = site.0.rows();
    assert!(!known.is_empty() && known.iter().all(|row| row[3] == "dosimetry"), "{known:?}");
    assert!(known.iter().all(|row| !row[10].contains("TWICE")), "{known:?}");
}

#[test]
fn a_resource_that_changes_hands_goes_with_its_patient() {
    let mut site = Site::new();
    site.put("ChargeItem/c1", CHARGE);
    let other = CHARGE.replace("4419901", "4419902").replace("T18:00", "T18:05");
    site.put("ChargeItem/c1", other);
    let whose: Vec<String> = site.0.rows().iter().map(|row| row[0].clone()).collect();
    assert!(whose.iter().all(|mrn| mrn == "4419902") && !whose.is_empty(), "{whose:?}");
}

#[test]
fn a_count_without_days_is_held_until_the_days_come() {
    let phase = |delivered: u32| {
        format!(
            r#"{{"resourceType":"Procedure","id":"p1","status":"in-progress",
            "meta":{{"profile":["http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-treated-phase"]}},
            "extension":[{{"url":"http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-fractions-delivered","valueUnsignedInt":{delivered}}}],
            "subject":{{"identifier":{{"system":"https://example.org/id/mrn","value":"4413901"}}}},
            "code":{{"coding":[{{"system":"http://snomed.info/sct","code":"1222565005"}}]}}}}"#
        )
    };
    let mut site = Site::new();
    site.put("Procedure/p1", phase(2));
    let reasons = |site: &Site| site.0.rows().iter().map(|row| row[10].clone()).collect::<Vec<_>>();
    assert_eq!(reasons(&site).len(), 1);
    assert!(reasons(&site)[0].contains("FRAC-01"));
    assert_eq!(site.0.rows()[0][4], "", "no code, since no day is known");
    site.post(case("K-39.json"));
    assert!(!reasons(&site).iter().any(|it| it.contains("FRAC-01")), "{:?}", reasons(&site));
    site.put("Procedure/p1", phase(5));
    assert_eq!(reasons(&site).iter().filter(|it| it.contains("FRAC-01")).count(), 1);
    site.put("Procedure/p1", phase(1));
    assert!(!reasons(&site).iter().any(|it| it.contains("FRAC-01")));
}

#[test]
fn a_fraction_that_lasts_a_day_is_held() {
    let mut site = Site::new();
    let told = String::from_utf8(case("K-39.json").to_vec()).unwrap();
    site.post(told.replace("2026-10-09T01:44:00Z", "2026-10-10T01:44:00Z"));
    let known = site.0.rows();
    assert!(known[0][10].contains("READ-01") && known[0][9] == "held", "{known:?}");
    assert!(!known[1][10].contains("READ-01"));
}

/// What the schedule says counts until the charge of the same number comes.
#[test]
fn a_charge_outweighs_the_schedule() {
    let task = r#"{"resourceType":"Task","id":"t1","status":"completed","intent":"order",
        "identifier":[{"system":"https://example.org/id/charge","value":"C-1"}],
        "code":{"coding":[{"system":"https://example.org/CodeSystem/activity","code":"CALC"}]},
        "for":{"identifier":{"system":"https://example.org/id/mrn","value":"4419901"}},
        "executionPeriod":{"end":"2026-10-09T10:15:00-04:00"}}"#;
    for order in [[0, 1], [1, 0]] {
        let mut site = Site::new();
        for which in order {
            match which {
                0 => site.put("Task/t1", task),
                _ => site.put("ChargeItem/c1", CHARGE),
            };
        }
        let known = site.0.rows();
        assert!(known.iter().all(|row| row[2] == "2026-10-08" && row[6] == "2"), "{known:?}");
    }
    let mut site = Site::new();
    site.put("Task/t1", task);
    assert_eq!(site.0.rows()[0][2], "2026-10-09");
}

#[test]
fn what_the_server_says_of_itself_is_true() {
    let site = Site::new();
    let get = |path: &str, query: Option<&str>| {
        let mut request = FhirRequest::new(Method::Get, path, Bytes::new());
        request.query = query.map(str::to_owned);
        collimator::receive::TakesFhir::take(site.0.stock.desk(), request)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    site.0.stock.ask(&FhirRequest::new(Method::Put, "ChargeItem/c1", CHARGE.into()));
    let metadata = json(&runtime.block_on(get("metadata", None)));
    assert_eq!(metadata["fhirVersion"], "4.0.1");
    for resource in metadata["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        let codes: Vec<&str> = resource["interaction"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["code"].as_str().unwrap())
            .collect();
        let read = runtime.block_on(get(&format!("{kind}/nobody"), None)).status;
        assert_eq!(read == 404, codes.contains(&"read"), "{kind}: {read}");
        let search = runtime.block_on(get(kind, Some("_id=nobody"))).status;
        assert_eq!(search == 200, codes.contains(&"search-type"), "{kind}: {search}");
    }
    let read = runtime.block_on(get("ChargeItem/c1", None));
    assert_eq!((read.status, read.etag.as_deref()), (200, Some("W/\"1\"")));
    let query = Some("identifier=https://example.org/id/charge%7CC-1");
    let found = json(&runtime.block_on(get("ChargeItem", query)));
    assert_eq!((&found["total"], &found["entry"][0]["resource"]["id"]), (&1.into(), &"c1".into()));
    assert_eq!(runtime.block_on(get("ChargeItem", Some("subject=1"))).status, 400);
}

#[test]
fn a_message_is_answered_by_a_message() {
    let mut site = Site::new();
    let message = format!(
        r#"{{"resourceType":"Bundle","type":"message","entry":[
        {{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001","resource":{{"resourceType":"MessageHeader","id":"m1",
          "eventCoding":{{"system":"urn:x","code":"charge"}},"source":{{"endpoint":"urn:ois"}}}}}},
        {{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000002","resource":{CHARGE}}}]}}"#
    );
    let answer = site.ask(FhirRequest::new(Method::Post, "$process-message", message.into()));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let told = &json(&answer)["entry"][0]["resource"];
    assert_eq!(
        (&told["response"]["identifier"], &told["response"]["code"]),
        (&"m1".into(), &"ok".into())
    );
    assert_eq!(site.lines().len(), 2, "{:?}", site.lines());
}

/// Thirty-two clients, each with the same charge: one of them is told that it is new.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_tell_one_charge_leave_one() {
    let daemon = TestDaemon::start(Vec::new()).await;
    let url = format!("http://{}/fhir/ChargeItem", daemon.source("fhir"));
    let client = web();
    let body = CHARGE.replace("\"id\":\"c1\",", "");
    let mut posts = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let request = client.post(&url).header("content-type", "application/fhir+json");
        let request = request.body(body.clone());
        posts.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let mut statuses = posts.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 31], vec![201]].concat());
    daemon.carried().await;
    let codes: Vec<String> =
        daemon.lines().iter().map(|line| line.line.line.code.unwrap().to_string()).collect();
    assert_eq!(codes, ["77300", "77300"], "one for each claim");
}

/// What comes over HL7 v2 and over FHIR meets in the same charge.
#[test]
fn the_same_number_is_the_same_charge_whichever_way_it_comes() {
    let hl7 = "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261008120000||DFT^P03^DFT_P03|M1|P|2.5.1\r\
        PID|1||4419901^^^EXAMPLE^MR||Twice^Told||19500101|F||||||||||A4419901\r\
        FT1|1|C-1||202610081015|20261008120000|CG|CALC|||2\r";
    let mut site = Site::new();
    site.0.file("aria", hl7.as_bytes(), 1);
    assert_eq!(site.lines().len(), 2);
    site.put("ChargeItem/c1", CHARGE);
    assert_eq!(site.lines().len(), 2, "{:?}", site.lines());
    site.put("ChargeItem/c1", CHARGE.replace("billable", "entered-in-error").replace("T18", "T19"));
    assert!(site.lines().is_empty());
}

/// A source that only repeats what another sends bills nothing; where the two differ is listed.
#[test]
fn two_feeds_are_held_against_each_other() {
    let mut setup = carry::setup(Setting::Hospital);
    for source in setup.sources.iter_mut().filter(|source| source.name == "fhir") {
        source.bills = false;
    }
    let mut site = Site(Desk::of(setup.clone()));
    let hl7 = |number: u32, day: u32| {
        format!(
            "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261020120000||DFT^P03^DFT_P03|M{number}|P|2.5.1\r\
             PID|1||4419901^^^EXAMPLE^MR||Twice^Told||19500101|F||||||||||A4419901\r\
             FT1|1|C-{number}||202610{day:02}1015|20261020120000|CG|CALC|||2\r"
        )
    };
    for (number, day) in [(1, 8), (2, 9), (3, 9), (4, 12)] {
        site.0.file("aria", hl7(number, day).as_bytes(), 1);
    }
    let fhir = |number: &str, day: &str, units: &str| {
        let told = CHARGE.replace("C-1", number).replace("2026-10-08T10", &format!("{day}T10"));
        told.replace("\"value\":2", units).replace("\"c1\"", &format!("\"{number}\""))
    };
    for (number, day, units) in [
        ("C-1", "2026-10-08", "\"value\":2"),
        ("C-2", "2026-10-09", "\"value\":3"),
        ("C-4", "2026-10-13", "\"value\":2"),
        ("C-5", "2026-10-09", "\"value\":1"),
    ] {
        assert_eq!(site.put(&format!("ChargeItem/{number}"), fhir(number, day, units)).status, 201);
    }
    let billed = site.0.rows();
    assert!(billed.iter().all(|row| row[6] == "2") && billed.len() == 8, "{billed:?}");
    let found = pipeline::feeds(&site.0.stock.intake, setup, &|_| {}).unwrap();
    let told: Vec<String> =
        found.iter().map(|one| format!("{} {}: {}", one.number, one.sources.0, one.what)).collect();
    assert_eq!(
        told,
        [
            "C-2 aria: units 2 and 3",
            "C-3 aria: fhir does not tell it",
            "C-4 aria: day 2026-10-12 and 2026-10-13",
            "C-5 fhir: aria does not tell it"
        ]
    );
}

#[test]
fn elements_that_r4_does_not_have_are_taken_and_held_where_the_settings_say_so() {
    let mut setup = carry::setup(Setting::Hospital);
    for source in setup.sources.iter_mut().filter(|source| source.name == "fhir") {
        source.takes_unknown = true;
    }
    let mut site = Site(Desk::of(setup));
    let body = CHARGE.replace("\"quantity\"", "\"bodySite\":[],\"quantity\"");
    assert_eq!(site.put("ChargeItem/c1", body).status, 201);
    let known = site.0.rows();
    assert!(known.iter().all(|row| row[10].contains("READ-01")) && !known.is_empty(), "{known:?}");
}

#[test]
fn a_condition_finds_what_is_known_by_its_identifier() {
    let mut site = Site::new();
    assert_eq!(site.put("ChargeItem/c1", CHARGE).status, 201);
    let mut create =
        FhirRequest::new(Method::Post, "ChargeItem", CHARGE.replace("c1", "c9").into());
    create.if_none_exist = Some("identifier=https://example.org/id/charge|C-1".into());
    assert_eq!(site.ask(create).status, 200);
    assert_eq!(site.lines().len(), 2);
    let body = CHARGE.replace("\"id\":\"c1\",", "");
    let mut update = FhirRequest::new(Method::Put, "ChargeItem", body.replace("C-1", "C-2").into());
    update.query = Some("identifier=https%3A%2F%2Fexample.org%2Fid%2Fcharge%7CC-2".into());
    assert_eq!(site.ask(update.clone()).status, 201);
    assert_eq!(site.ask(update).status, 200);
    assert_eq!(site.lines().len(), 4);
}

#[test]
fn what_belongs_to_another_patient_is_not_taken_or_held() {
    let plan = r#"{"resourceType":"ServiceRequest","id":"p1","status":"active","intent":"plan",
        "identifier":[{"system":"https://example.org/id/plan","value":"P1"}],
        "subject":{"identifier":{"system":"https://example.org/id/mrn","value":"4419902"}}}"#;
    let charge = CHARGE.replace(
        "\"quantity\"",
        "\"supportingInformation\":[{\"reference\":\"ServiceRequest/p1\"}],\"quantity\"",
    );
    let mut site = Site::new();
    site.put("ServiceRequest/p1", plan);
    let answer = site.put("ChargeItem/c1", charge.clone());
    assert_eq!(answer.status, 422);
    assert_eq!(expressions(&answer), ["ChargeItem.supportingInformation[0]"]);
    let mut site = Site::new();
    assert_eq!(site.put("ChargeItem/c1", charge).status, 201);
    assert!(site.0.rows().iter().all(|row| !row[10].contains("READ-01")));
    site.put("ServiceRequest/p1", plan);
    assert!(site.0.rows().iter().all(|row| row[10].contains("READ-01")), "{:?}", site.0.rows());
}

/// A course is called C1 of whomever it is: what is planned for one counts for no other.
#[test]
fn the_course_of_another_patient_is_another_course() {
    let extension =
        "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-";
    let phase = |mrn: &str, planned: u32| {
        format!(
            r#"{{"resourceType":"ServiceRequest","id":"phase-{mrn}","status":"active","intent":"filler-order",
            "meta":{{"profile":["{extension}planned-phase"]}},
            "extension":[{{"url":"{extension}fractions-planned","valuePositiveInt":{planned}}}],
            "subject":{{"identifier":{{"system":"https://example.org/id/mrn","value":"{mrn}"}}}},
            "basedOn":[{{"identifier":{{"system":"https://example.org/id/course","value":"C1"}}}}]}}"#
        )
    };
    let fractions = |site: &mut Site| {
        let told = String::from_utf8(case("K-39.json").to_vec()).unwrap();
        let course = r#""basedOn":[{"identifier":{"system":"https://example.org/id/course","value":"C1"}}],"status": "completed","#;
        assert_eq!(site.post(told.replace("\"status\": \"completed\",", course)).status, 200);
        site.0.rows().iter().map(|row| row[10].clone()).collect::<Vec<_>>()
    };
    let mut alone = Site::new();
    alone.put("ServiceRequest/phase-4413901", phase("4413901", 20));
    let of_its_own = fractions(&mut alone);
    for order in [["4413901", "4419999"], ["4419999", "4413901"]] {
        let mut site = Site::new();
        for mrn in order {
            let planned = if mrn == "4413901" { 20 } else { 1 };
            let place = format!("ServiceRequest/phase-{mrn}");
            assert_eq!(site.put(&place, phase(mrn, planned)).status, 201);
        }
        assert_eq!(fractions(&mut site), of_its_own);
    }
    let mut few = Site::new();
    few.put("ServiceRequest/phase-4413901", phase("4413901", 1));
    assert_ne!(fractions(&mut few), of_its_own, "two of one are too many");
}

/// What billing has taken already is taken back by a credit, once, however often it is said.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_after_it_was_sent_is_credited_once_with_what_it_earned() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let targets = vec![Target::facility(&facility), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    let base = format!("http://{}/fhir", daemon.source("fhir"));
    let client = web();
    let course = fhir_course_of(1);
    for (place, body) in &course {
        let request = client.put(format!("{base}/{place}"));
        let request = request.header("content-type", "application/fhir+json").body(body.clone());
        assert!(request.send().await.unwrap().status().is_success(), "{place}");
    }
    daemon.stands(&[(LineState::Accepted, 10)]).await;
    let fraction =
        course.iter().find(|(place, _)| place.starts_with("Procedure/fraction")).unwrap();
    for _ in 0..3 {
        let gone = client.delete(format!("{base}/{}", fraction.0)).send().await.unwrap();
        assert!(gone.status().is_success());
        daemon.settled().await;
    }
    let taken: Vec<(String, String)> =
        facility.taken().iter().map(|one| (one.field("FT1", 6), one.charge())).collect();
    let of = |wanted: &str| {
        let found = taken.iter().filter(|(direction, _)| direction == wanted);
        found.map(|(_, charge)| charge.as_str()).collect::<Vec<_>>()
    };
    // The fraction; and the physics check, which no fraction earns any more.
    assert_eq!(of("CD"), ["20261008 77402  CD", "20261008 77336  CD"], "{taken:?}");
    assert_eq!(of("CG").len(), 5, "{taken:?}");
}

/// Senders that go away before they are answered hold nobody else up, and lose nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_holds_nobody_up() {
    let daemon = TestDaemon::start(Vec::new()).await;
    let desk = daemon.source("fhir");
    let url = format!("http://{desk}/fhir/ChargeItem/c1");
    let client = web();
    let put =
        |body: String| client.put(&url).header("content-type", "application/fhir+json").body(body);
    for n in 0..60_u64 {
        let body = CHARGE.replace("T18:00:00", &format!("T18:00:{n:02}"));
        drop(put(body).timeout(Duration::from_micros(200 + 40 * n)).send().await);
    }
    let last =
        put(CHARGE.replace("T18:00", "T19:00")).timeout(Duration::from_secs(10)).send().await;
    assert!(last.unwrap().status().is_success());
    daemon.carried().await;
    assert_eq!(daemon.lines().len(), 2);
}
