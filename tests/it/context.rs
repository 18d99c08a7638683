//! What orders and results add to charges: whoever ordered, and documents that come as results.

use collimator::domain::Setting;
use collimator::mappings::Tables;

use crate::support::carry::{Desk, copy_tables, setup};
use crate::support::told::course_of;

const BY: &str = "1999000510^Tolliver^Maud^^^^MD^^NPPES^L^^^NPI";

fn message(kind: &str, id: &str, made: &str, segments: &str) -> Vec<u8> {
    let text = format!(
        "MSH|^~\\&|EHR|H|COLLIMATOR|EXAMPLE|{made}||{kind}|{id}|P|2.5.1\r\
         PID|1||5000001^^^EXAMPLE^MR|||||||||||||||A5000001\r{segments}\r"
    );
    text.into_bytes()
}

/// The course of one fraction, whose fraction names nobody who ordered it.
fn unordered() -> Vec<Vec<u8>> {
    let without = |message: Vec<u8>| {
        let text = String::from_utf8(message).unwrap();
        let lines = text.split('\r').map(|line| {
            if !line.starts_with("FT1|") || !line.contains("|TX-2D^") {
                return line.to_owned();
            }
            let mut fields: Vec<&str> = line.split('|').collect();
            fields[21] = "";
            fields.resize(24, "");
            fields[23] = "F7^RO";
            fields.join("|")
        });
        lines.collect::<Vec<_>>().join("\r").into_bytes()
    };
    course_of(1).into_iter().map(without).collect()
}

fn carried(messages: &[Vec<u8>], at_once: usize) -> Desk {
    let mut desk = Desk::new(Setting::Hospital);
    let all: Vec<u8> = messages.iter().flat_map(|one| [one.as_slice(), b"\r"].concat()).collect();
    desk.file("aria", &all, at_once);
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    desk
}

/// State and reasons of the delivery.
fn delivery(desk: &Desk) -> String {
    let rows = desk.rows();
    let row = rows.iter().find(|row| row[4] == "77402").unwrap();
    format!("{} {}", row[9], row[10]).trim_end().to_owned()
}

#[test]
fn whoever_ordered_is_found_by_the_number_of_the_order_whenever_it_comes() {
    let order = |control: &str, numbers: &str, hour: u8, by: &str| {
        let orc = format!("ORC|{control}|{numbers}||||||20261001|||{by}\rOBR|1|||RT^Radiation");
        message("ORM^O01", &format!("O{hour}{control}"), &format!("202610010{hour}"), &orc)
    };
    let ready = "ready";
    let held = "held ORD-01";
    for (orders, expected) in [
        (vec![], held),
        (vec![order("NW", "P7^EHR|F7^RO", 1, BY)], ready),
        (vec![order("NW", "P7^EHR|", 1, BY), order("OK", "P7^EHR|F7^RO", 2, "")], ready),
        (vec![order("NW", "P7|F8", 1, BY)], held),
        (vec![order("NW", "P7|F7", 1, BY), order("CA", "P7|F7", 2, BY)], held),
        (vec![order("NW", "P7|F7", 1, BY), order("DC", "P7|", 2, BY)], held),
        (
            vec![
                order("NW", "P7|F7", 1, BY),
                order("CA", "P7|F7", 2, BY),
                order("NW", "P7|F7", 3, BY),
            ],
            ready,
        ),
    ] {
        for at_once in [1, 100] {
            let before: Vec<_> = orders.iter().cloned().chain(unordered()).collect();
            let behind: Vec<_> =
                unordered().into_iter().chain(orders.iter().rev().cloned()).collect();
            for messages in [before, behind] {
                let desk = carried(&messages, at_once);
                assert_eq!(delivery(&desk), expected, "{} orders", orders.len());
            }
        }
    }
}

#[test]
fn an_order_goes_with_its_account_and_one_of_another_patient_is_none() {
    let orc = format!("ORC|NW|P7|F7|||||||||{BY}");
    let other = String::from_utf8(message("ORM^O01", "O1", "20261001", &orc)).unwrap();
    let other = other.replace("5000001^", "2^").into_bytes();
    let desk = carried(&[unordered(), vec![other.clone()]].concat(), 1);
    assert_eq!(delivery(&desk), "held ORD-01");
    let moves = "MRG|2^^^EXAMPLE^MR||A5000001";
    let moved = message("ADT^A44", "M1", "20261009", moves);
    let desk = carried(&[unordered(), vec![other, moved]].concat(), 1);
    assert_eq!(delivery(&desk), "ready");
}

#[test]
fn an_order_of_a_physics_consult_is_its_request_where_the_profile_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    copy_tables(&shipped, folder.path());
    let profile = folder.path().join("sources/aria.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    std::fs::write(&profile, format!("{text}\n[orders]\nPHYSCONS = \"physics-request\"\n"))
        .unwrap();
    let tables = Tables::open(folder.path()).unwrap();
    let mut site = setup(Setting::Hospital);
    site.tables = std::sync::Arc::new(tables);
    let charge = "PV1|1|O\rFT1|1|PC1||20261009|20261009|CG|PHYS-CONSULT|||1||||||||C79.51^^I10~C61^^I10|\
         1999000536^Quillon^Esther^^^^DMP|1999000510^Tolliver^Maud^^^^MD\rZRT|C1|P1";
    let report = format!("TXA|1|PHYSREP|TX|20261009|||||{BY}|||PR1|||||LA||AV\rZRT|C1");
    let order = |control: &str, hour: u8| {
        let orc =
            format!("ORC|{control}|P9|||||||20261008|||{BY}\rOBR|1|P9||PHYSCONS^Consult\rZRT|C1");
        message("ORM^O01", &format!("O{hour}"), &format!("202610080{hour}"), &orc)
    };
    let mut reasons = Vec::new();
    for orders in [vec![], vec![order("NW", 1)], vec![order("NW", 1), order("CA", 2)]] {
        let mut desk = Desk::of(site.clone());
        let mut all = course_of(1);
        all.push(message("DFT^P03", "D1", "20261009", charge));
        all.push(message("MDM^T02", "D2", "20261009", &report));
        all.extend(orders);
        let all: Vec<u8> = all.iter().flat_map(|one| [one.as_slice(), b"\r"].concat()).collect();
        desk.file("aria", &all, 100);
        let rows = desk.rows();
        let row = rows.iter().find(|row| row[4] == "77370").unwrap();
        reasons.push(row[10].contains("ORD-04"));
    }
    assert_eq!(reasons, [true, false, true], "without, with, and with a canceled one");
}

#[test]
fn a_document_that_comes_as_a_result_is_one_like_any_other() {
    let visit = |status: &str, hour: u8| {
        let obr = format!(
            "OBR|1||R9|PLANNOTE^Note|||20261006172000|||||||||{BY}|||||||||{status}\r\
             OBX|1|ED|PDF||^application^pdf^Base64^JVBERi0x||||||F"
        );
        message("ORU^R01", &format!("R{hour}"), &format!("202610070{hour}"), &obr)
    };
    let (planned, others): (Vec<_>, Vec<_>) = course_of(1)
        .into_iter()
        .partition(|one| String::from_utf8_lossy(one).contains("|PLANNOTE|"));
    assert_eq!(planned.len(), 1);
    for (results, expected) in [
        (vec![], "held"),
        (vec![visit("P", 1)], "held"),
        (vec![visit("F", 1)], "ready"),
        (vec![visit("P", 1), visit("F", 2)], "ready"),
        (vec![visit("F", 1), visit("X", 2)], "held"),
    ] {
        for backward in [false, true] {
            let mut desk = Desk::new(Setting::Hospital);
            let mut results = results.clone();
            if backward {
                results.reverse();
            }
            let file = |all: &[Vec<u8>]| -> Vec<u8> {
                all.iter().flat_map(|one| [one.as_slice(), b"\r"].concat()).collect()
            };
            desk.file("aria", &file(&others), 1);
            desk.file("mosaiq", &file(&results), 1);
            let rows = desk.rows();
            let row = rows.iter().find(|row| row[4] == "77261").unwrap();
            assert_eq!(row[9], expected, "{} results", results.len());
        }
    }
}
