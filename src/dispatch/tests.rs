//! A line written by each profile, and read back.

use std::sync::{Arc, OnceLock};

use jiff::civil::date;

use crate::domain::{
    BookedLine, ChargeLine, Claim, Clinician, Clock, Component, CourseId, Degree, Identifier,
    LineId, LineState, MessageId, Moment, PatientClass, PersonId, Phi, ProcedureCode, Quantity,
    Registration, SessionId,
};
use crate::mappings::destination::Hl7Profile;
use crate::mappings::{DestinationProfile, Found, InForce, Tables};
use crate::store::{Books, Intake, Queued};
use crate::table::rows;
use crate::telemetry::Metrics;
use crate::wire::hl7::Message;

use super::dft::{self, Letter};
use super::{Desk, passed};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        "2026-10-09T16:00:00Z".parse().unwrap()
    }
}

fn desk() -> Desk {
    Desk {
        books: Arc::new(Books::open_in_memory().unwrap()),
        intake: Arc::new(Intake::open_in_memory().unwrap()),
        clock: Arc::new(Noon),
        metrics: Arc::new(Metrics::new()),
        site: "Example Cancer Center".into(),
        time_zone: jiff::tz::TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap(),
        tables: Arc::new(InForce::new(Arc::new(Tables::embedded().unwrap()))),
        sources: Arc::default(),
    }
}

/// A code with two shares, whichever of the tables: the first that has them on the day of the line.
fn divided() -> ProcedureCode {
    static CODE: OnceLock<ProcedureCode> = OnceLock::new();
    *CODE.get_or_init(|| {
        let tables = Tables::embedded().unwrap();
        let is_divided = |code: &ProcedureCode| match tables.code(*code, date(2026, 10, 8)) {
            Found::InForce(row) => row.component == Component::Split,
            Found::NotInForce(_) | Found::Unknown => false,
        };
        tables.known_codes().into_iter().filter(is_divided).min().unwrap()
    })
}

/// A text of a table, with that code where `CODE` stands.
fn coded(text: &str) -> String {
    text.replace("CODE", divided().as_str())
}

fn clinician(number: &str, family: &str) -> Clinician {
    Clinician {
        number: number.into(),
        family: family.into(),
        given: "Maud".into(),
        degree: Degree::Physician,
    }
}

fn line() -> ChargeLine {
    ChargeLine {
        course: CourseId("C1".into()),
        claim: Some(Claim::Global),
        code: Some(divided()),
        family: None,
        step: None,
        modifiers: vec!["59".parse().unwrap()],
        units: Quantity::ONE,
        service: Moment::at(date(2026, 10, 8).at(10, 15, 0, 0)),
        revenue: None,
        diagnoses: vec!["Z51.0".parse().unwrap(), "C79.51".parse().unwrap()],
        rendering: Some(clinician("1999000510", "Tolliver")),
        orderer: Some(clinician("1999000510", "Tolliver")),
        account: Some("A1".into()),
        account_told: true,
        class: PatientClass::Outpatient,
        payer: "medicare".into(),
        plan: Some("P1".into()),
        session: Some(SessionId("2.25.7".into())),
        department: Some("RADONC".into()),
        location: Some("RADONC^CT1".into()),
        filler_order: Some("OK1".into()),
        anchor: "a".into(),
        evidence: vec!["T1".into()],
        documents: vec![],
        message: MessageId(1),
        control_id: "K1".into(),
        posted: Some(Moment::day(date(2026, 10, 20))),
        told_day: None,
        row: None,
        goes_with: None,
        flaws: Vec::new(),
    }
}

fn queued(line: ChargeLine, reverses: Option<i64>) -> Queued {
    let registration = Registration {
        name: Some(Phi::new(vec!["O\u{2019}Ttery & Söhne".into(), "Zoé".into()])),
        ..Registration::default()
    };
    Queued {
        line: BookedLine {
            id: LineId(17),
            person: PersonId(1),
            line,
            state: LineState::Queued,
            findings: vec![],
            destination: Some("billing".into()),
            reverses: reverses.map(LineId),
            reversed_by: None,
            after: None,
            decision: None,
        },
        attempts: 0,
        lane: "A1".into(),
        identifiers: vec![Identifier { authority: "EX".into(), number: "441".into() }],
        registration,
    }
}

fn write(queued: &Queued, profile: &Hl7Profile, desk: &Desk, passed: Option<&Message>) -> Message {
    let letter = Letter {
        profile,
        name: "billing",
        desk,
        control_id: "CL17-1",
        passed: &passed::segments(passed, &profile.pass),
    };
    Message::parse(&dft::write(std::slice::from_ref(queued), &letter).0).unwrap()
}

fn by(text: &str) -> Hl7Profile {
    let plain = include_str!("../../mappings/destinations/dft-2.5.1.toml");
    let mut table: toml::Table = plain.parse().unwrap();
    table.extend(text.parse::<toml::Table>().unwrap());
    let read = DestinationProfile::parse(&table.to_string()).unwrap();
    read.hl7().unwrap().clone()
}

fn at(message: &Message, position: &str) -> String {
    message.at(&position.parse().unwrap()).text().into_owned()
}

#[test]
fn a_line_written_by_each_ready_profile_is_read_back() {
    let desk = desk();
    let tables = desk.tables.now();
    let mut seen = 0;
    for name in tables.destination_names() {
        let Some(profile) = tables.destination(name).and_then(DestinationProfile::hl7) else {
            continue;
        };
        seen += 1;
        let queued = queued(line(), None);
        assert!(profile.misfits(&queued.line.line).is_empty(), "{name}");
        let message = write(&queued, profile, &desk, None);
        let last = message.segment("FT1").unwrap().fields();
        assert!(last <= usize::from(profile.ft1_fields()), "{name}: FT1 has {last} fields");
        assert_eq!(at(&message, "MSH.12"), profile.version, "{name}");
        assert!(at(&message, "FT1.2").starts_with("CL17"), "{name}");
        assert_eq!(
            (at(&message, "FT1.4").as_str(), at(&message, "FT1.10").as_str()),
            ("20261008", "1")
        );
        assert_eq!(at(&message, "FT1.6"), "CG", "{name}");
        assert_eq!(at(&message, "FT1.19.1"), "Z51.0", "{name}");
        let account = [at(&message, "PID.18"), at(&message, "PV1.19"), at(&message, "PV1.50")];
        assert!(account.contains(&"A1".to_owned()), "{name}");
        let code = [at(&message, "FT1.7.1"), at(&message, "FT1.25.1")];
        assert!(code.iter().any(|code| code.starts_with(divided().as_str())), "{name}: {code:?}");
        let whole: Vec<String> = (1..=31).map(|n| at(&message, &format!("FT1.{n}"))).collect();
        assert!(whole.iter().any(|field| field.contains("59")), "{name}: a modifier is never lost");
    }
    assert!(seen >= 10, "{seen} profiles");
}

#[test]
fn out_1_a_profile_says_where_each_thing_stands() {
    let desk = desk();
    for row in rows(
        r##"
        | profile                                             | place      | is              |
        | account = ["PV1.50"]                                | PV1.50     | A1              |
        | account = ["PV1.50"]                                | PID.18     |                 |
        | code = ["FT1.25"]                                   | FT1.7      |                 |
        | code_system = "CPT4"                                | FT1.25.3   | CPT4            |
        | service_time = true                                 | FT1.4      | 202610081015    |
        | time_offset = true                                  | MSH.7      | 20261009120000-0400 |
        | sending_facility = "F9"                             | MSH.4      | F9              |
        | receiving_facility = "R9"                           | MSH.6      | R9              |
        | accept_acknowledgment = "AL"                        | MSH.15     | AL              |
        | diagnosis = ["DG1"]                                 | FT1.19     |                 |
        | diagnosis = ["DG1"]                                 | DG1[2].3.1 | C79.51          |
        | diagnosis_dot = false                               | FT1.19[2].1 | C7951          |
        | modifiers = "with-code"                             | FT1.25.1   | CODE-59         |
        | modifiers = "with-code"                             | FT1.26     |                 |
        | modifiers = "FT1.25.4"; modifiers_max = 3           | FT1.25.4   | 59              |
        | maps = { department = { RADONC = "4200" } }         | FT1.13     | 4200            |
        | maps = { location = { "RADONC^CT1" = "7^8" } }      | PV1.3.2    | 8               |
        | maps = { physician = { 1999000510 = "DR7" } }       | FT1.20.1   | DR7             |
        | maps = { physician = { 1999000510 = "DR7" } }       | FT1.20.13  |                 |
        | maps = { charge = { "CODE-59" = "420" } }           | FT1.7.1    | 420             |
        | maps = { charge = { "CODE" = "421" } }              | FT1.25.1   | CODE            |
        | order = "before"                                    | ORC.3      | OK1             |
        | order = "behind"                                    | OBR.4.1    | CODE            |
        | order = "none"                                      | ORC.1      |                 |
        | procedure_segment = true                            | PR1.3.1    | CODE            |
        | procedure_segment = true                            | PR1.16     | 59              |
        | write = [{ place = "ZFT.2", text = "x" }]           | ZFT.2      | x               |
        | write = [{ place = "ZFT.3.2", from = "course" }]    | ZFT.3.2    | C1              |
        | write = [{ place = "PV1.18", text = "R" }]          | PV1.18     | R               |
        | write = [{ place = "FT1.18", from = "payer" }]      | FT1.18     | medicare        |
        | delimiters = "#!+%@"                                | PID.5.1    | O’Ttery & Söhne |
        | escapes = "blank"                                   | PID.5.1    | O’Ttery   Söhne |
        | character_set = "ASCII"                             | PID.5.1    | O'Ttery & Sohne |
        | character_set = "8859/1"                            | PID.5.1    | O'Ttery & Söhne |
        | layout = "one"                                      | FT1[2].2   |                 |
        | layout = "pair"                                     | FT1.26     | 26~59           |
        | layout = "pair"                                     | FT1[2].26  | TC~59           |
        | layout = "pair"                                     | FT1[2].2   | CL17T           |
        "##,
    ) {
        let profile = by(&coded(&row["profile"].replace("; ", "\n")));
        let message = write(&queued(line(), None), &profile, &desk, None);
        assert_eq!(at(&message, &row["place"]), coded(&row["is"]), "{row}");
    }
}

#[test]
fn out_2_a_credit_names_what_it_takes_back_where_its_receiver_reads_it() {
    let desk = desk();
    for row in rows(
        r#"
        | link    | number | place  | is    |
        | FT1.31  | CL17   | FT1.31 | CL9   |
        | FT1.3   | CL17   | FT1.3  | CL9   |
        | FT1.2   | CL9    | FT1.31 |       |
        "#,
    ) {
        let profile = by(&format!("credit_link = \"{}\"", row["link"]));
        let message = write(&queued(line(), Some(9)), &profile, &desk, None);
        assert_eq!(at(&message, "FT1.6"), "CD", "{row}");
        assert_eq!(at(&message, "FT1.10"), "1", "{row}: never a negative quantity");
        assert_eq!(at(&message, "FT1.2"), row["number"], "{row}");
        assert_eq!(at(&message, &row["place"]), row["is"], "{row}");
    }
}

#[test]
fn out_4_a_late_line_is_sent_flagged_or_held() {
    let desk = desk();
    let flag = "write = [{ place = \"ZFT.2\", text = \"LATE\", when = \"late\" }]";
    for (text, is, holds) in [
        (String::new(), "", false),
        (format!("late = \"flag\"\nlate_days = 5\n{flag}"), "LATE", false),
        (format!("late = \"flag\"\nlate_days = 12\n{flag}"), "", false),
        ("late = \"hold\"\nlate_days = 5".to_owned(), "", true),
        ("late = \"hold\"\nlate_days = 12".to_owned(), "", false),
    ] {
        let profile = by(&text);
        assert_eq!(profile.holds_late(&line()).is_some(), holds, "{text}");
        let message = write(&queued(line(), None), &profile, &desk, None);
        assert_eq!(at(&message, "ZFT.2"), is, "{text}");
    }
}

#[test]
fn what_a_destination_cannot_take_whole_is_said() {
    for (text, says) in [
        ("modifiers_max = 0", "takes 0 modifiers, and the line has 1"),
        ("diagnoses_max = 1", "takes 1 diagnoses, and the line has 2"),
        (
            "maps = { closed = [\"department\"], department = { X = \"1\" } }",
            "the department RADONC",
        ),
        ("maps = { closed = [\"charge\"], charge = { X = \"1\" } }", "the charge CODE"),
    ] {
        let misfits = by(text).misfits(&line()).join("; ");
        assert!(misfits.contains(&coded(says)), "{text}: {misfits}");
    }
    assert!(by("").misfits(&line()).is_empty());
}

#[test]
fn guarantor_and_insurance_are_passed_on_as_they_were_told() {
    let desk = desk();
    let told =
        "MSH#!+%@#A\rPID#1##441\rIN1#1#P%T%1#medicare!Med@x#Acme | Co#\"\"\rGT1#1##Payer!Pat\r";
    let told = Message::parse(told.as_bytes()).unwrap();
    let profile = by("pass = [\"GT1\", \"IN1\"]");
    let message = write(&queued(line(), None), &profile, &desk, Some(&told));
    assert_eq!(at(&message, "IN1.3.1"), "medicare");
    assert_eq!(at(&message, "IN1.4"), "Acme | Co");
    assert_eq!(at(&message, "IN1.5"), "", "what is known to be none is not passed on as text");
    assert_eq!(at(&message, "GT1.3.2"), "Pat");
}

#[test]
fn a_test_can_never_be_billed() {
    let desk = desk();
    let profile = by("");
    let letter =
        Letter { profile: &profile, name: "billing", desk: &desk, control_id: "CLT1", passed: &[] };
    let message = Message::parse(&dft::test(&letter)).unwrap();
    assert_eq!(at(&message, "MSH.11"), "T");
    assert!(message.segment("FT1").is_none() && at(&message, "PID.18").is_empty());
}

#[test]
fn out_1_a_visit_holds_lines_of_which_everything_that_stands_once_is_the_same() {
    let desk = desk();
    let inpatient = |line: ChargeLine| ChargeLine { class: PatientClass::Inpatient, ..line };
    let elsewhere = |line: ChargeLine| ChargeLine { location: Some("LINAC^2".into()), ..line };
    let other_disease =
        |line: ChargeLine| ChargeLine { diagnoses: vec!["C61".parse().unwrap()], ..line };
    let late = "late = \"flag\"\nlate_days = 5\nwrite = [{ place = \"PV1.51\", text = \"L\", when = \"late\" }]";
    let in_time = |line: ChargeLine| ChargeLine { posted: None, ..line };
    type Change<'a> = &'a dyn Fn(ChargeLine) -> ChargeLine;
    let same: Change = &|line| line;
    for (profile, second, expected) in [
        ("", same, 2),
        ("", &elsewhere as Change, 2),
        ("", &inpatient, 1),
        ("", &other_disease, 2),
        ("diagnosis = [\"DG1\"]", same, 2),
        ("diagnosis = [\"DG1\"]", &other_disease, 1),
        (late, same, 2),
        (late, &in_time, 1),
        ("layout = \"visit\"\nprocedure_segment = true\norder = \"before\"", &elsewhere, 2),
    ] {
        let profile = by(profile);
        let letter = Letter {
            profile: &profile,
            name: "billing",
            desk: &desk,
            control_id: "CL17-1",
            passed: &[],
        };
        let lines = [queued(line(), None), queued(second(line()), None)];
        let (bytes, taken) = dft::write(&lines, &letter);
        assert_eq!(taken, expected, "{profile:?}");
        let message = Message::parse(&bytes).unwrap();
        let rooms: Vec<_> = message.all("FT1").map(|it| it.field(16).text().into_owned()).collect();
        assert_eq!(rooms.len(), expected);
        assert_eq!(at(&message, "PV1.3"), rooms[0]);
    }
}
