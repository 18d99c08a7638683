//! The tables of the house as they are, and what becomes of damaged ones. Codes are read from the
//! tables, never written here.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::domain::{Attributes, Kind};
use crate::table::rows;

fn tables() -> Tables {
    Tables::embedded().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn the_embedded_tables_have_no_problem() {
    let problems: Vec<String> =
        Tables::embedded().err().unwrap_or_default().iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn a_folder_and_the_program_hold_the_same_tables() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    assert_eq!(Tables::open(&folder).unwrap().digest(), tables().digest());
    assert_eq!(tables().digest().len(), 64);
}

#[test]
fn a_folder_that_is_not_there_is_a_problem() {
    let problems = Tables::open(Path::new("no/such/folder")).unwrap_err();
    assert!(problems[0].to_string().starts_with("no/such/folder: cannot be read"), "{problems:?}");
}

/// The embedded files with one text changed.
fn damaged(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut files = open::Files::embedded();
    let text = String::from_utf8(files.by_name[file].clone()).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    files.by_name.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    told(files)
}

fn told(files: open::Files) -> Vec<String> {
    Tables::of(files).err().unwrap_or_default().iter().map(Problem::to_string).collect()
}

/// A file, what stands in it, what is written instead, and how the problem begins.
const DAMAGE: &[(&str, &str, &str, &str)] = &[
    (
        "codes.csv",
        ",yes,0333,",
        ",yes,333,",
        "mappings/codes.csv:2: `revenue` is `333`: a spreadsheet has eaten",
    ),
    (
        "codes.csv",
        "electronic-brachytherapy",
        "electronic-brachytherap",
        "mappings/codes.csv:2: `family` is `electronic-brachytherap`, which is not known: did you mean",
    ),
    (
        "codes.csv",
        ",-,2016-01-01,",
        ",-,1/1/2016,",
        "mappings/codes.csv:3: `from` is `1/1/2016`, a day turned around",
    ),
    (
        "codes.csv",
        "2016-01-01,2025-12-31",
        "2016-01-01,2015-12-31",
        "mappings/codes.csv:2: ends 2015-12-31 before it begins",
    ),
    ("limits.csv", "facility,2,3", "facility,2,4", "mappings/limits.csv:"),
    ("pairs.csv", ",any,", ",all,", "mappings/pairs.csv:2: `claims` is `all`, which is not known"),
    ("sources/aria.csv", "kind,", "kind;", "mappings/sources/aria.csv:1: the heading `kind;"),
    (
        "sources/aria.csv",
        "technique=2d;isocenters",
        "technic=2d;isocenters",
        "mappings/sources/aria.csv:32: `attributes` has the key `technic`, which is not known: did you mean `technique`?",
    ),
    (
        "sources/aria.csv",
        "TX-ELECTRON,",
        "TX-2D,",
        "mappings/sources/aria.csv:33: says again what sources/aria.csv:32 says",
    ),
    (
        "charges/device.csv",
        "complex,none",
        "complex,any",
        "mappings/charges/device.csv:5: claims a case that charges/device.csv:4 claims too (complexity=complex kind=device pattern=imrt-leaves",
    ),
    (
        "charges/device.csv",
        "complex,none",
        "complicated,none",
        "mappings/sources/aria.csv:18: DEVICE-COMPLEX is decided by no row of charges/ (kind=device complexity=complex count=quantity setting=freestanding diagnosis=prostate-or-breast from 2024-01-01 on)",
    ),
    ("charges/treatment.csv", "elsewhere", "somewhere", "mappings/charges/treatment.csv:"),
    (
        "charges/treatment.csv",
        "technique",
        "technics",
        "mappings/charges/treatment.csv:1: the heading `technics`, which is not known",
    ),
    (
        "charges/physics.csv",
        ",-,2015",
        ",why,2015",
        "mappings/charges/physics.csv:2: `missing` must be `-`",
    ),
    (
        "charges/derived.csv",
        "clinic",
        "office",
        "mappings/charges/derived.csv:2: `place` is `office`, which is not known",
    ),
    (
        "charges/management.csv",
        "short-management",
        "weekly-management",
        "mappings/charges/management.csv:3: says again",
    ),
    ("diagnoses.csv", "C00,C96", "C00,D05", "mappings/diagnoses.csv:"),
    ("diagnoses.csv", "Z51.0,Z51.0", "Z510,Z51.0", "mappings/diagnoses.csv:"),
    (
        "payers/medicare.csv",
        "physics_tail,strict",
        "physics_tail,strickt",
        "mappings/payers/medicare.csv:",
    ),
    (
        "payers/medicare.csv",
        "physics_tail",
        "physic_tail",
        "mappings/payers/medicare.csv: has no row for `physics_tail`",
    ),
    (
        "holds/FREQ-06.md",
        "**Cleared by:**",
        "Cleared by:",
        "mappings/holds/FREQ-06.md: must say who clears it",
    ),
];

#[test]
fn every_damage_is_named_with_its_file_and_line() {
    let mut missed = Vec::new();
    for (file, from, to, expected) in DAMAGE {
        let told = damaged(file, from, to);
        if !told.iter().any(|line| line.starts_with(expected)) {
            missed.push(format!(
                "{expected}
but: {told:#?}"
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_code_outside_its_days_is_named_where_a_charge_uses_it() {
    let told = damaged("charges/physics.csv", "2015-01-01,", "1999-01-01,");
    assert!(
        told[0].contains("charges/physics.csv:2: names ")
            && told[0].contains("not in force from 1999-01-01 to 1999-12-31"),
        "{told:?}"
    );
}

#[test]
fn a_gap_in_time_is_named_with_its_days() {
    let told =
        damaged("charges/guidance.csv", "guidance,any,any,any,", "guidance,any,hospital,any,");
    assert!(
        told.iter().any(|line| line.contains("IGRT-CBCT is decided by no row")
            && line.contains("from 2026-01-01 on")),
        "{told:#?}"
    );
}

#[test]
fn a_missing_file_and_a_strange_one_are_named() {
    let mut files = open::Files::embedded();
    let codes = files.by_name.remove("limits.csv").unwrap();
    files.by_name.insert("limit.csv".into(), codes);
    let told = told(files);
    assert!(
        told.iter()
            .any(|line| line
                == "mappings/limit.csv: is no table that is read: did you mean limits.csv?"),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.starts_with("mappings/limits.csv: is missing")),
        "{told:?}"
    );
}

#[test]
fn problems_of_all_files_are_told_at_once() {
    let mut files = open::Files::embedded();
    for file in ["codes.csv", "pairs.csv", "payers/medicare.csv"] {
        files.by_name.insert(file.into(), b"\xFF\xFEc\0".to_vec());
    }
    let named: BTreeSet<String> =
        told(files).iter().filter_map(|line| Some(line.split(':').next()?.to_owned())).collect();
    assert!(
        ["codes.csv", "pairs.csv", "payers/medicare.csv"]
            .iter()
            .all(|file| named.contains(&format!("mappings/{file}")))
    );
}

/// What an activity of the reference site earns: the family of its code, or what is missing.
fn earned(tables: &Tables, name: &str, setting: &str, diagnoses: &[&str], on: &str) -> String {
    let day = day(on);
    let meaning = tables.meaning("aria", name, day).unwrap();
    let diagnoses: Vec<Diagnosis> = diagnoses.iter().map(|it| it.parse().unwrap()).collect();
    let case = Case {
        kind: meaning.kind,
        attributes: &meaning.attributes,
        setting: setting.parse().unwrap(),
        diagnoses: &diagnoses,
        day,
    };
    match tables.earns(&case).unwrap().code {
        Ok(code) => code.to_string(),
        Err(_) => "none".to_owned(),
    }
}

#[test]
fn the_level_of_a_fraction_follows_what_was_done() {
    let tables = tables();
    let of = |name: &str, on: &str| earned(&tables, name, "hospital", &["Z51.0", "C61"], on);
    let (low, middle, high) =
        (of("TX-2D", "2026-01-02"), of("TX-3D", "2026-01-02"), of("TX-MIXED", "2026-01-02"));
    assert_eq!(BTreeSet::from([&low, &middle, &high]).len(), 3);
    for row in rows(
        "
        | activity      | level  |
        | TX-ELECTRON   | low    |
        | TX-IMRT       | middle |
        | TX-VMAT       | middle |
        | TX-3D-GATED   | high   |
        | TX-IMRT-TRACK | high   |
        | TX-VMAT-2ISO  | high   |
        | TX-TSE        | high   |
        ",
    ) {
        let level = HashMap::from([("low", &low), ("middle", &middle), ("high", &high)])
            [row["level"].as_str()];
        assert_eq!(&of(&row["activity"], "2026-01-02"), level, "{row}");
    }
    assert_eq!(of("TX-3D", "2025-12-31"), "none");
}

#[test]
fn before_2026_a_modulated_fraction_follows_site_and_setting() {
    let tables = tables();
    let of = |setting: &str, diagnoses: &[&str]| {
        earned(&tables, "TX-VMAT", setting, diagnoses, "2025-12-31")
    };
    let (prostate, lung) =
        (of("hospital", &["Z51.0", "C61"]), of("hospital", &["Z51.0", "C34.11"]));
    assert_ne!(prostate, lung);
    assert_eq!(of("hospital", &["Z51.0", "C50.412"]), prostate);
    assert_eq!(of("hospital", &["Z51.0", "D05.11"]), prostate);
    assert_eq!(of("hospital", &["Z51.0", "C79.51", "C61"]), lung, "the site treated comes first");
    assert_eq!(of("hospital", &[]), lung);
    assert_eq!(of("freestanding", &["C61"]), of("freestanding", &["C34.11"]));
}

#[test]
fn what_nobody_learned_beforehand_is_decided_too() {
    let tables = tables();
    let known = tables.meaning("aria", "TX-VMAT", day("2026-01-02")).unwrap();
    let mut pairs: Vec<(String, String)> =
        known.attributes.iter().map(|(k, v)| (k.into(), v.into())).collect();
    pairs.push(("guidance".into(), "cbct".into()));
    pairs.retain(|(key, _)| key != "motion");
    let attributes = Attributes::new(pairs).unwrap();
    let case = |attributes| Case {
        kind: Kind::Treatment,
        attributes,
        setting: Setting::Hospital,
        diagnoses: &[],
        day: day("2026-01-02"),
    };
    let of = |attributes| tables.earns(&case(attributes)).unwrap().code.unwrap();
    assert_eq!(of(&attributes), of(&known.attributes));
}

#[test]
fn a_code_is_found_in_its_version_of_the_day() {
    let tables = tables();
    let review = earned(&tables, "IGRT-CBCT", "hospital", &[], "2026-01-02").parse().unwrap();
    let of = |on: &str| tables.code(review, day(on));
    assert!(matches!(of("2025-12-31"), Found::InForce(row) if row.facility_line));
    assert!(matches!(of("2026-01-01"), Found::InForce(row) if !row.facility_line));
    assert!(matches!(of("2014-12-31"), Found::NotInForce(row) if row.facility_line));
    assert!(matches!(tables.code("99999".parse().unwrap(), day("2026-01-01")), Found::Unknown));
}

#[test]
fn a_clinic_visit_of_a_hospital_has_its_other_side() {
    let tables = tables();
    let count = |family, place, setting| {
        tables.goes_with(family, place, setting, day("2026-03-02")).count()
    };
    assert_eq!(count(Family::OfficeVisit, Some("clinic"), Setting::Hospital), 1);
    assert_eq!(count(Family::OfficeVisit, Some("ward"), Setting::Hospital), 0);
    assert_eq!(count(Family::OfficeVisit, None, Setting::Hospital), 0);
    assert_eq!(count(Family::OfficeVisit, Some("clinic"), Setting::Freestanding), 0);
    assert_eq!(count(Family::HighDoseRate, None, Setting::Hospital), 1);
    assert_eq!(count(Family::HighDoseRate, None, Setting::Freestanding), 0);
}

#[test]
fn pairs_and_limits_are_read_claim_by_claim() {
    let tables = tables();
    let of = |name: &str| {
        earned(&tables, name, "hospital", &[], "2026-03-02").parse::<ProcedureCode>().unwrap()
    };
    let pair = |one, other, claim| {
        tables.pair(of(one), of(other), claim, day("2026-03-02")).map(|pair| pair.never)
    };
    assert_eq!(pair("PLAN-IMRT", "SIM-COMPLEX", Claim::Professional), Some(true));
    assert_eq!(pair("PLAN-IMRT", "DEVICE-COMPLEX", Claim::Professional), Some(false));
    assert_eq!(pair("PLAN-IMRT", "DEVICE-COMPLEX", Claim::Global), Some(false));
    assert_eq!(pair("PLAN-IMRT", "DEVICE-COMPLEX", Claim::Facility), None);
    assert_eq!(pair("PLAN-IMRT", "CALC", Claim::Facility), None);
    assert_eq!(pair("SIM-COMPLEX", "PLAN-IMRT", Claim::Facility), None);
    assert_eq!(pair("TX-HDR-1CH", "BR-US-VOLUME", Claim::Facility), Some(false));
    assert_eq!(pair("TX-HDR-1CH", "BR-US-VOLUME", Claim::Professional), Some(true));
    let limit = |name, claim| {
        tables.limit(of(name), claim, day("2026-03-02")).map(|it| (it.units, it.indicator))
    };
    assert_eq!(limit("DEVICE-COMPLEX", Claim::Facility), Some((10, Indicator::Day)));
    assert_eq!(limit("PHYS-WEEKLY", Claim::Global), Some((1, Indicator::DayAbsolute)));
    assert_eq!(limit("TX-SURFACE-LOW", Claim::Professional), None);
}

#[test]
fn a_diagnosis_belongs_to_one_group() {
    let tables = tables();
    for row in rows(
        "
        | diagnosis | group             |
        | C00       | Malignant         |
        | C61       | Malignant         |
        | C79.51    | Malignant         |
        | C96.9     | Malignant         |
        | C97       | Other             |
        | D05.11    | InSitu            |
        | D09.9     | InSitu            |
        | D32.0     | BenignOrUncertain |
        | D49.9     | BenignOrUncertain |
        | D50.0     | Other             |
        | L91.0     | BenignIndication  |
        | L91.8     | Other             |
        | M17.11    | BenignIndication  |
        | M72.2     | BenignIndication  |
        | Z51.0     | Encounter         |
        | Z51.11    | Other             |
        | Z85.46    | History           |
        | R07.9     | Other             |
        ",
    ) {
        let group = tables.diagnosis(&row["diagnosis"].parse().unwrap());
        assert_eq!(format!("{group:?}"), row["group"], "{row}");
    }
}

#[test]
fn a_payer_without_a_table_wants_what_medicare_wants() {
    let tables = tables();
    let today = day("2026-03-02");
    assert_eq!(tables.parameter("medicare", "physics_tail", today), Some("strict"));
    assert_eq!(tables.parameter("somebody", "physics_tail", today), Some("strict"));
    assert_eq!(tables.parameter("medicare", "no_such", today), None);
}

#[test]
fn management_has_a_code_for_each_of_its_families() {
    let tables = tables();
    for family in Family::ALL.iter().filter(|family| family.is_management()) {
        let (code, _) = tables.management(*family, day("2026-03-02")).unwrap();
        assert!(
            matches!(tables.code(code, day("2026-03-02")), Found::InForce(row) if row.family == *family)
        );
    }
}
