//! `collimator mappings import`: the quarterly tables of CMS beside those kept by hand.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use collimator::domain::Claim::{Facility, Global, Professional};
use collimator::domain::Setting::Hospital;
use collimator::mappings::Tables;
use collimator::pipeline::Setup;

use crate::support::carry::{self, copy_tables};
use crate::support::clinic::expect_by;
use crate::support::program::{Program, program};
use crate::support::receiver::Receiver;
use crate::support::sender::Sender;
use crate::support::told::case;
use crate::support::wait::until_so;

const HEAD: &str = "Column 1\tColumn 2\t*\tEffective\tDeletion\tModifier\tRationale\n";

fn tables(folder: &Path) {
    copy_tables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings"), folder);
}

fn import(folder: &Path, what: &str, file: &str, text: &str) -> Output {
    let path = folder.join(file);
    std::fs::write(&path, text).unwrap();
    let tables = folder.join("tables");
    let mut command = program();
    command.args(["mappings", "import", what, "--tables"]).arg(tables).arg(path);
    command.output().unwrap()
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn an_imported_table_outweighs_the_one_kept_by_hand_wherever_it_speaks() {
    let folder = tempfile::tempdir().unwrap();
    tables(&folder.path().join("tables"));
    // By hand 77300 never stands beside 77307; the release lets it with a modifier from August on.
    let pairs = format!(
        "{HEAD}77307\t77300\t\t20150101\t20260731\t0\tx\n77307\t77300\t\t20260801\t*\t1\tx\n"
    );
    let done = import(folder.path(), "ptp", "ccihos-f1.txt", &pairs);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(said(&done).contains("imports/ptp-facility.csv: 2 rows read, 2 kept"));
    let limits = "HCPCS/CPT Code,Outpatient Hospital Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n\
                  77300,4,3 Date of Service Edit: Clinical,Clinical: Data\n";
    let done = import(folder.path(), "mue", "MUE_Eff_10-01-2026.csv", limits);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));

    let read = Tables::open(&folder.path().join("tables")).unwrap_or_else(|it| panic!("{it:?}"));
    let code = |text: &str| text.parse().unwrap();
    let day = |text: &str| text.parse().unwrap();
    let never = |claim, at: &str| {
        read.pair(code("77307"), code("77300"), claim, day(at)).map(|pair| pair.never)
    };
    assert_eq!(never(Facility, "2026-07-31"), Some(true));
    assert_eq!(never(Facility, "2026-08-01"), Some(false));
    assert_eq!(never(Professional, "2026-08-01"), Some(true), "another family");
    let other = read.pair(code("77301"), code("77290"), Facility, day("2026-08-01"));
    assert!(other.unwrap().never, "of other pairs the table kept by hand speaks");
    let units = |claim, at: &str| read.limit(code("77300"), claim, day(at)).unwrap().units;
    assert_eq!(units(Facility, "2026-09-30"), 10, "before its first quarter");
    assert_eq!((units(Facility, "2026-10-01"), units(Global, "2026-10-01")), (4, 10));

    let setup = Setup { tables: Arc::new(read), ..carry::setup(Hospital) };
    expect_by(
        "10-02 PLAN-ISO-C P1\n10-02 CALC P1 qty=5\n",
        setup,
        "10-02 77300 x5 facility held PTP-02 UNIT-01
         10-02 77300-26 x5 professional rejected PTP-01",
    );
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    tables(&folder.path().join("tables"));
    let done = import(folder.path(), "ptp", "edits.txt", "77307\t77300\t\t20150101\t*\t0\tx\n");
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("--claims"));
    assert!(!folder.path().join("tables/imports").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_which_waiting_lines_it_would_judge_otherwise() {
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with_own_tables(&facility, &professional);
    program.go().await;
    let mut sender = Sender::connect(program.source).await;
    // Planning without its note is held.
    for message in case("K-14") {
        sender.ask(&message).await;
    }
    until_so("two lines are held", || {
        let done = program.ask(&["lines", "--json"]);
        let lines: Vec<serde_json::Value> = serde_json::from_slice(&done.stdout).unwrap();
        let held = lines.iter().filter(|line| line["state"] == "held").count();
        let on_their_way =
            lines.iter().filter(|line| line["sent"] == "waiting" || line["sent"] == "sent");
        held == 2 && lines.len() == 20 && on_their_way.count() == 0
    })
    .await;
    let file = program.tables().join("ccipra-f1.txt");
    let day = "20261006";
    std::fs::write(&file, format!("{HEAD}99205\t77261\t\t{day}\t*\t0\tx\n")).unwrap();
    let done = program.ask(&["mappings", "import", "ptp", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let told = said(&done);
    assert!(told.contains("2 of 2 lines that have not left would be judged otherwise"), "{told}");
    assert!(told.contains("held DOS-07; now rejected DOS-07 PTP-01"), "{told}");
    assert!(!program.tables().join("imports").exists(), "nothing was written");
}
