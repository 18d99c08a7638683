//! What the settings of a site and the table of a payer change.

use std::path::Path;
use std::sync::Arc;

use collimator::domain::Setting::{Freestanding, Hospital};
use collimator::domain::{Campus, Department, Entities, Setting, Site};
use collimator::mappings::Tables;
use collimator::pipeline::Setup;

use crate::support::carry::{self, copy_tables};
use crate::support::clinic::{expect, expect_by, fractions, planned};

fn at(site: Site) -> Setup {
    Setup { site, ..carry::setup(Setting::Hospital) }
}

#[test]
fn comp_09_a_department_off_the_campus_says_so() {
    let told = planned("10-05 TX-2D P1 at=1015\n");
    let site = |campus| Site { campus, ..Site::plain(Hospital, "medicare") };
    expect_by(&told, at(site(Campus::On)), "10-05 77402 facility ready");
    expect_by(&told, at(site(Campus::OffExcepted)), "10-05 77402-PO facility ready");
    expect_by(&told, at(site(Campus::OffNotExcepted)), "10-05 77402-PN facility ready");
    let west =
        Department { code: "WEST".into(), campus: Campus::OffNotExcepted, place_of_service: None };
    let home = Department { code: "RADONC".into(), campus: Campus::On, place_of_service: None };
    let both = Site { departments: vec![west, home], ..Site::plain(Hospital, "medicare") };
    let told = planned(
        "10-05 TX-2D P1 at=1015
         10-06 TX-2D P1 at=1015 dept=WEST
         10-07 TX-2D P1 at=1015 dept=EAST
         10-08 TX-2D P1 at=1015 mods=PN",
    );
    expect_by(
        &told,
        at(both),
        "10-05 77402 facility ready
         10-06 77402-PN facility ready
         10-07 77402 facility held COMP-09
         10-08 77402-PN facility held COMP-09",
    );
}

#[test]
fn comp_03_physicians_who_bill_apart_from_their_center() {
    let site = Site { entities: Entities::Apart, ..Site::plain(Freestanding, "medicare") };
    let told = planned("10-05 TX-2D P1 at=1015\n10-05 IGRT-KV P1\n10-05 doc IMGREV\n10-06 doc EOT");
    expect_by(
        &told,
        at(site),
        "10-01 77261 professional ready
         10-01 77280-TC global ready
         10-01 77280-26 professional ready
         10-02 77306-TC global ready
         10-02 77306-26 professional ready
         10-05 77402 global ready
         10-05 77387-26 professional ready
         10-05 77431 professional ready",
    );
    expect(&told, Freestanding, "10-01 77280 global ready\n10-02 77306 global ready");
}

/// Tables with a payer that wants things otherwise.
pub fn payer(rows: &str) -> Setup {
    let folder = tempfile::tempdir().unwrap();
    copy_tables(Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings").as_path(), folder.path());
    let head = std::fs::read_to_string(folder.path().join("payers/medicare.csv")).unwrap();
    let columns = head.lines().next().unwrap().split(',').count();
    assert_eq!(columns, 8);
    let rest = ",somebody,an example,2099-12-31,an example";
    let table: String = std::iter::once(head.lines().next().unwrap().to_owned())
        .chain(rows.lines().map(str::trim).filter(|row| !row.is_empty()).map(|row| {
            let (name, value) = row.split_once(' ').unwrap();
            format!("{name},{value},2000-01-01,{rest}")
        }))
        .collect::<Vec<_>>()
        .join("\n");
    std::fs::write(folder.path().join("payers/acme.csv"), table).unwrap();
    let tables = Tables::open(folder.path()).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    Setup { tables: Arc::new(tables), ..carry::setup(Setting::Hospital) }
}

#[test]
fn parameters_are_the_payers() {
    let told = planned(&fractions(8, 8).replace("fx=", "payer=acme fx="))
        + "10-09 PHYS-WEEKLY P1 payer=acme\n10-14 PHYS-WEEKLY P1 payer=acme\n10-30 doc EOT\n";
    for (value, state) in [("strict", "held FREQ-09"), ("mirror", "ready"), ("ceil", "ready")] {
        let rows = format!("physics_tail {value}");
        let expected = format!("10-09 77336 facility ready\n10-14 77336 facility {state}");
        expect_by(&told, payer(&rows), &expected);
    }
    let told = planned(&fractions(5, 5).replace("fx=", "payer=acme fx=")) + "10-06 doc OTV\n";
    for (value, day) in [("last", "10-09"), ("first", "10-05")] {
        let expected = format!("{day} 77427 professional ready");
        expect_by(&told, payer(&format!("mgmt_dos {value}")), &expected);
    }
    let simulated = "
        10-01 doc SIMNOTE payer=acme
        10-01 SIM-COMPLEX payer=acme
        10-22 PLAN-IMRT P1 payer=acme
    ";
    for (value, state) in
        [("none", "rejected IMRT-01"), ("21", "rejected IMRT-01"), ("20", "ready")]
    {
        let expected =
            format!("10-01 77290 facility rejected IMRT-01\n10-01 77290-26 professional {state}");
        expect_by(simulated, payer(&format!("imrt_window_days {value}")), &expected);
    }
    let late = planned("10-05 TX-2D P1 at=1015 payer=acme posted=10-16\n");
    for (value, state) in [("10", "held LATE-03"), ("11", "ready")] {
        let expected = format!("10-05 77402 facility {state}");
        expect_by(&late, payer(&format!("final_bill_days {value}")), &expected);
    }
}

#[test]
fn em_05_a_payer_may_take_consultation_codes() {
    let told = "10-05 CONSULT code=99244 payer=acme\n";
    expect_by(
        told,
        payer("consultation_codes recognized"),
        "10-05 99244 professional ready\n10-05 G0463 facility ready",
    );
    expect_by(
        told,
        payer("consultation_codes not-recognized"),
        "10-05 99244 professional held EM-05\n10-05 G0463 facility held EM-05",
    );
}
