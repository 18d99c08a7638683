//! Treated fractions over FHIR, one by one and in one Bundle, beside the same over HL7 v2: durable
//! when answered, in the whole daemon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use collimator::app::{Daemon, FhirSystem, OncologySystem, Plan, SourcePlan};
use collimator::domain::{Setting, Site};
use collimator::mappings::Tables;
use collimator::pipeline::{Setup, SourceSetup};
use collimator::telemetry::SystemClock;
use tokio::runtime::Runtime;

const FRACTIONS: usize = 1_000;
const ROUNDS: usize = 3;

/// Measures, and prints as it goes.
pub(crate) fn tell() {
    let runtime = Runtime::new().unwrap();
    println!("{FRACTIONS} treated fractions, one sender     messages/s");
    for round in 0..ROUNDS {
        let (one, many, hl7) = runtime.block_on(round_of(round));
        println!("HL7 v2, a DFT each                        {hl7:>10}");
        println!("FHIR, a Procedure each                    {one:>10}");
        println!("FHIR, all in one Bundle                   {many:>10}");
    }
}

async fn round_of(round: usize) -> (u128, u128, u128) {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(plan(folder.path()), Arc::new(SystemClock)).await.unwrap();
    let port = |name: &str| daemon.sources.iter().find(|(known, _)| known == name).unwrap().1;
    let fhir = FhirSystem::new(port("fhir")).unwrap();
    let mut hl7 = OncologySystem::connect(port("aria")).await.unwrap();
    assert!(fhir.post(bundle(&[patient()]).as_bytes()).await.unwrap());
    let began = Instant::now();
    for number in 0..FRACTIONS {
        assert!(hl7.send(dft(round, number).as_bytes()).await.unwrap());
    }
    let of_hl7 = per_second(began);
    let began = Instant::now();
    for number in 0..FRACTIONS {
        let procedure = procedure(number);
        assert!(fhir.post(procedure.as_bytes()).await.unwrap());
    }
    let one_by_one = per_second(began);
    let all: Vec<String> = (FRACTIONS..2 * FRACTIONS).map(procedure).collect();
    let whole = bundle(&all);
    let began = Instant::now();
    assert!(fhir.post(whole.as_bytes()).await.unwrap());
    let together = per_second(began);
    daemon.stop().await;
    (one_by_one, together, of_hl7)
}

fn per_second(began: Instant) -> u128 {
    FRACTIONS as u128 * 1_000_000 / began.elapsed().as_micros().max(1)
}

fn plan(store: &std::path::Path) -> Plan {
    let free: SocketAddr = ([127, 0, 0, 1], 0).into();
    let source = |name: &str| SourceSetup {
        name: name.into(),
        profile: name.into(),
        system: String::new(),
        bills: true,
        takes_unknown: false,
    };
    Plan {
        mappings: None,
        site_name: "Example".into(),
        store: store.to_owned(),
        sources: vec![SourcePlan::mllp("aria", free), SourcePlan::http("fhir", free)],
        console: None,
        destinations: Vec::new(),
        setup: Setup {
            tables: Arc::new(Tables::embedded().unwrap()),
            site: Site::plain(Setting::Hospital, "medicare"),
            time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
            sources: vec![source("aria"), source("fhir")],
            routes: Vec::new(),
        },
    }
}

fn bundle(resources: &[String]) -> String {
    let entries: Vec<String> =
        resources.iter().map(|one| format!("{{\"resource\":{one}}}")).collect();
    let head = "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[";
    format!("{head}{}]}}", entries.join(","))
}

fn patient() -> String {
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"system\":\
     \"https://example.org/id/mrn\",\"value\":\"9900001\"}],\"name\":[{\"family\":\"Invented\"}]}"
        .to_owned()
}

/// A treated fraction of CodeX RT, one a day of a hundred people's courses.
fn procedure(number: usize) -> String {
    let (person, day) = (number / 25, number % 25 + 1);
    format!(
        r#"{{"resourceType":"Procedure","id":"fx{number}","meta":{{"lastUpdated":"2026-09-{day:02}T18:10:00-04:00",
"profile":["http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-treated-fraction"]}},
"extension":[{{"url":"http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-modality-and-technique","extension":[
{{"url":"http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-modality","valueCodeableConcept":{{"coding":[{{"system":"http://snomed.info/sct","code":"1156506007"}}]}}}},
{{"url":"http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-technique","valueCodeableConcept":{{"coding":[{{"system":"http://snomed.info/sct","code":"1162782007"}}]}}}}]}},
{{"url":"http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-image-guided-radiotherapy-modality","extension":[
{{"url":"modality","valueCodeableConcept":{{"coding":[{{"system":"http://snomed.info/sct","code":"717193008"}}]}}}}]}},
{{"url":"http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy-fraction-number-in-phase","valuePositiveInt":{day}}}],
"identifier":[{{"use":"official","system":"urn:dicom:uid","value":"urn:oid:2.25.9{number:09}"}}],
"status":"completed","category":{{"coding":[{{"system":"http://snomed.info/sct","code":"1287742003"}}]}},
"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"1297069006"}}]}},
"subject":{{"identifier":{{"system":"https://example.org/id/mrn","value":"99{person:05}"}}}},
"performedPeriod":{{"start":"2026-09-{day:02}T10:15:00-04:00","end":"2026-09-{day:02}T10:27:00-04:00"}},
"reasonCode":[{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"C50.412"}}]}}],
"performer":[{{"actor":{{"identifier":{{"system":"http://hl7.org/fhir/sid/us-npi","value":"1999000510"}}}}}}]}}"#
    )
    .replace('\n', "")
}

/// The same as a DFT.
fn dft(round: usize, number: usize) -> String {
    let (person, day) = (number / 25, number % 25 + 1);
    format!(
        "MSH|^~\\&|ARIA|RAD|COL|EX|202609{day:02}181000||DFT^P03^DFT_P03|R{round}{number:08}|P|2.5.1\r\
         EVN|P03|202609{day:02}181000\r\
         PID|1||98{person:05}^^^EXAMPLE^MR||Invented^Person||19600101|F|||||||||A98{person:05}\r\
         FT1|1|T{number:08}||202609{day:02}1015|202609{day:02}181000|CG|TX-3D|||1|||RADONC||||||C50.412^^I10|1999000510^Tolliver^Maud^^^^MD|1999000510^Tolliver^Maud^^^^MD\r\
         ZRT|C1|P1|{day}|25|2.25.8{number:09}\r"
    )
}
