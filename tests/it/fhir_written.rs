//! Every kind of resource that we write, into files that other validators read: `tests/validators`.

use std::path::PathBuf;

use collimator::domain::LineState::Accepted;
use collimator::domain::Setting;
use collimator::receive::{FhirRequest, Method, TakesFhir};
use collimator_fhir_types as types;
use collimator_fhir_types::{Capability, Change, Charge, Code, Issue, Modifiers, Named, Operation};
use collimator_fhir_types::{Performer, Resource, Severity, Status, Target as Meant};

use crate::support::carry::Desk;
use crate::support::charges::ChargeServer;
use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::Receiver;
use crate::support::told::case;

/// Where the files are: `tests/run` looks there.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fhir-out");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(name: &str, text: &str) {
    std::fs::write(folder().join(format!("{name}.json")), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_daemon_sends_is_written_out_for_other_validators() {
    for (profile, update_create) in
        [("fhir-r4", true), ("fhir-r4", false), ("oracle-health", false), ("fhir-message", false)]
    {
        let (server, professional) =
            (ChargeServer::start(update_create, []).await, Receiver::yes());
        let targets = vec![Target::fhir(profile, &server), Target::professional(&professional)];
        let daemon = TestDaemon::start(targets).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 10)]).await;
        if profile != "fhir-message" {
            daemon.tell(&[super::fhir_out::taken_back()]).await;
            daemon.settled().await;
        }
        for (nth, one) in server.told().iter().enumerate() {
            write(&format!("{profile}-{update_create}-{nth}"), &one.body);
        }
    }
}

fn charge<'a>() -> Charge<'a> {
    let named = |system, value| Named { system, value };
    let cpt = |code| Code { system: "http://www.ama-assn.org/go/cpt", code };
    let icd = |code| Code { system: "http://hl7.org/fhir/sid/icd-10-cm", code };
    Charge {
        id: Some("CL7"),
        number: named("urn:collimator:charge", "CL7"),
        status: Status::EnteredInError,
        code: cpt("00000"),
        modifiers: vec!["26", "59"],
        modifiers_system: "http://www.ama-assn.org/go/cpt",
        modifiers_as: Modifiers::Extension("https://example.org/modifier"),
        subject: Meant::Number(named("https://example.org/id/mrn", "4400001")),
        context: Some(Meant::Number(named("https://example.org/id/visit", "V1"))),
        account: Some(Meant::Number(named("https://example.org/id/account", "A1"))),
        day: "2026-10-08",
        entered: Some("2026-10-08T12:00:00-04:00"),
        quantity: 10,
        cost_center: Some(named("https://example.org/id/department", "RADONC")),
        performers: vec![
            Performer {
                number: named("http://hl7.org/fhir/sid/us-npi", "1234567893"),
                name: "Plain",
                ordered: false,
            },
            Performer { number: named("", "17"), name: "", ordered: true },
        ],
        reasons: vec![icd("C61"), icd("C79.51")],
        revenue: Some(types::Revenue {
            extension: "https://example.org/revenue",
            code: Code { system: "https://www.nubc.org/CodeSystem/RevenueCodes", code: "0333" },
        }),
        place: Some(("https://example.org/place", named("https://example.org/id/place", "V^1"))),
    }
}

#[test]
fn what_the_types_can_write_is_written_out_for_other_validators() {
    let charge = charge();
    let text = types::charge_item(&charge).unwrap();
    assert!(text.contains(r#""quantity":{"value":10}"#), "{text}");
    assert!(text.contains(r#""enteredDate":"2026-10-08T12:00:00-04:00""#), "{text}");
    assert!(text.contains(r#""occurrenceDateTime":"2026-10-08""#), "{text}");
    write("charge", &text);
    let transaction = "0b3a8f52-6d1c-4c5e-9b1f-0f2d6a7c8e90";
    for (name, change) in [
        ("create", Change::Create(&charge)),
        ("modify", Change::Modify(&charge)),
        (
            "credit",
            Change::Credit { version: Some("3"), subject: charge.subject, context: charge.context },
        ),
    ] {
        write(name, &types::operation(&Operation { transaction, change }).unwrap());
    }
    let issue = Issue {
        severity: Severity::Error,
        code: "required",
        words: "there is no subject",
        expression: "ChargeItem.subject",
    };
    write("outcome", &types::operation_outcome(&[issue]).unwrap());
    let resource = Resource {
        kind: "ChargeItem",
        interactions: vec!["create", "update"],
        update_create: true,
        conditional_create: true,
        tokens: vec!["identifier"],
    };
    let capability = Capability {
        says: "Takes what was done.",
        date: "2026-10-08",
        software: ("collimator", "0.1.0"),
        interactions: vec!["batch"],
        operations: Vec::new(),
        resources: vec![resource],
    };
    write("capability", &types::capability_statement(&capability).unwrap());
}

#[test]
fn a_value_of_the_wrong_kind_is_not_written_and_not_told() {
    let wrong = Charge { day: "yesterday", ..charge() };
    let error = types::charge_item(&wrong).unwrap_err().to_string();
    assert!(error.contains("occurrence") && !error.contains("yesterday"), "{error}");
    let issue = Issue { severity: Severity::Error, code: "bad", words: "", expression: "" };
    assert!(types::operation_outcome(&[issue]).is_err());
}

/// What a source over FHIR is answered.
#[test]
fn what_is_answered_is_written_out_for_other_validators() {
    let desk = Desk::new(Setting::Hospital);
    let case = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
        bytes::Bytes::from(std::fs::read(path).unwrap())
    };
    let transaction = |name: &str| {
        let text = String::from_utf8(case(name).to_vec()).unwrap();
        text.replace("\"batch\"", "\"transaction\"").into()
    };
    let post = |body| FhirRequest::new(Method::Post, "", body);
    let asked = [
        ("known", FhirRequest::new(Method::Put, "Patient/k35", case("K-35-a.json"))),
        ("duplicate", FhirRequest::new(Method::Put, "Patient/k35", case("K-35-a.json"))),
        ("batch", post(case("K-35-b.json"))),
        ("transaction-refused", post(transaction("K-35-b.json"))),
        ("transaction", post(case("K-36-a.json"))),
        ("history", post(case("K-41-a.json"))),
        ("unreadable", post("{".into())),
        ("metadata", FhirRequest::new(Method::Get, "metadata", bytes::Bytes::new())),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, request) in asked {
        let answer = runtime.block_on(desk.stock.desk().take(request));
        if let Some(body) = answer.body {
            write(&format!("answer-{name}"), &body);
        }
    }
}
