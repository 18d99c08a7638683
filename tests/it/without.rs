//! Each rule taken out: the story, or the case below, that fails without it. The table in
//! `tests/README.md` is made here and compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use collimator::care;
use collimator::charge;
use collimator::check::{self, Bench, LAWS, RULES};
use collimator::domain::{Campus, Facts, JudgedLine, Setting, Site};
use collimator::pipeline::Setup;
use collimator::store::LineFilter;

use crate::sites::payer;
use crate::support::carry::{self, Desk};
use crate::support::clinic::{fractions, messages, planned};

/// Cases for what no story tells: rules that only warn, and rules of sites and payers.
fn cases() -> Vec<(&'static str, String, Setup)> {
    let hospital = || carry::setup(Setting::Hospital);
    let center = || carry::setup(Setting::Freestanding);
    let department = collimator::domain::Department {
        code: "WEST".into(),
        campus: Campus::OffNotExcepted,
        place_of_service: None,
    };
    let site = Site { departments: vec![department], ..Site::plain(Setting::Hospital, "medicare") };
    let treated = || planned("10-05 TX-2D P1 at=1015 payer=acme posted=10-16\n");
    let stopped = "
        10-02 PLAN-3D P1
        10-05 TX-SBRT P1 at=1000 fx=1/3
        10-07 doc EOT
    ";
    let radiosurgery = "
        10-02 PLAN-3D P1
        10-05 TX-SRS-LINAC P1 at=1000
        10-07 TX-SRS-LINAC P1 at=1000
    ";
    vec![
        ("COMP-09", planned(&fractions(1, 1)), Setup { site, ..hospital() }),
        ("LATE-03", treated(), payer("final_bill_days 10")),
        ("SRT-04", "10-05 SURFACE-US payer=acme\n".into(), payer("surface_ultrasound hold")),
        ("ORD-05", planned("10-05 TX-2D P1 at=1015 orderer=none\n"), center()),
        ("SRS-05", stopped.into(), hospital()),
        ("DX-04", "10-02 PLAN-3D P1 dx=C61,C79.51\n".into(), hospital()),
        ("DOS-06", "10-01 SIM-4D\n10-02 PLAN-3D P1\n".into(), hospital()),
        ("FREQ-16", planned(&fractions(5, 5)) + "10-05 PORTAL P1\n", center()),
        ("READ-01", planned("10-05 TX-2D P1 at=1015 qty=1,0\n"), hospital()),
        ("SEQ-01", planned("10-05 TX-2D P1 at=1015\n10-06 SIM-SIMPLE\n"), hospital()),
        ("READ-02", planned("10-05 EMPTY P1\n"), hospital()),
        ("CODE-01", "10-01 CONSULT\n".into(), hospital()),
        ("SRC-01", planned(&fractions(5, 5)) + "10-09 AS-CODED code=77427 by=MD\n", hospital()),
        ("PART-01", "10-02 AS-CODED P1 code=77295 mods=TC\n".into(), center()),
        ("ACCT-01", "10-02 PLAN-3D P1 account=none\n".into(), hospital()),
        ("DATE-09", planned("10-05 TX-2D P1\n10-01 doc AUTH codes=77386\n"), hospital()),
        ("COMP-04", "10-02 AS-CODED code=77499 mods=TC\n".into(), hospital()),
        ("BRA-06", "10-02 AS-CODED code=Q3001\n".into(), hospital()),
        ("SRS-07", coded("G0339", ""), hospital()),
        ("DEL-11", coded("77402", "mods=26"), hospital()),
        ("UNIT-04", coded("77402", "qty=3"), hospital()),
        ("COMP-06", "10-02 AS-CODED code=77336 mods=26\n".into(), hospital()),
        ("WHO-01", "10-01 CONSULT code=99204 mods=FS\n".into(), center()),
        ("EM-05", "10-01 CONSULT code=99244\n".into(), hospital()),
        ("EM-01", planned("10-01 CONSULT code=99205\n"), hospital()),
        ("IMRT-02", modulated("10-05 SIM-SIMPLE\n10-05 doc SIMNOTE\n"), hospital()),
        ("IMRT-03", modulated("10-02 PLAN-NOTE-S\n10-02 doc PLANNOTE\n"), hospital()),
        ("DEL-07", planned(&beside("77402", "10-05")), hospital()),
        ("DATE-05", planned(&beside("77407", "10-05")), hospital()),
        ("DOS-01", planned(&beside("77407", "10-06")), hospital()),
        ("FREQ-20", radiosurgery.into(), hospital()),
        (
            "DOS-05",
            planned(&fractions(5, 5)) + "10-09 PHYS-WEEKLY\n10-09 PHYS-WEEKLY\n",
            hospital(),
        ),
        ("TWICE-01", planned("10-05 CALC P1 id=X1\n10-05 INVIVO P1 id=X1\n"), hospital()),
    ]
}

/// A delivery that the source coded itself.
fn coded(code: &str, more: &str) -> String {
    planned(&format!("10-05 AS-CODED P1 code={code} {more} at=1015 session=S1 dx=Z51.0,C61\n"))
}

/// A delivery that the source coded beside a treatment of its session.
fn beside(code: &str, day: &str) -> String {
    format!(
        "10-05 TX-2D P1 at=1015 session=S1
         {day} AS-CODED P1 code={code} at=1015 session=S1 dx=Z51.0,C61\n"
    )
}

fn modulated(more: &str) -> String {
    format!("10-02 PLAN-IMRT P1\n10-05 TX-IMRT P1 at=1000\n{more}")
}

/// What is compared: a story compares states, a case every reason.
#[derive(Clone, Copy, PartialEq)]
enum Compared {
    States,
    Reasons,
}

/// What a set of lines amounts to: each line with its state, or with every reason.
fn told(lines: &[JudgedLine], compared: Compared) -> Vec<String> {
    let mut told: Vec<String> = lines
        .iter()
        .map(|judged| {
            let reasons = judged.findings.iter().filter(|_| compared == Compared::Reasons);
            let reasons: Vec<&str> = reasons.map(|finding| finding.rule.as_str()).collect();
            format!("{} {:?} {}", judged.line.key().0, judged.outcome(), reasons.join(" "))
        })
        .collect();
    told.sort();
    told
}

/// The rules without which the lines of a person are others, by themselves.
fn proven(facts: &Facts, setup: &Setup, compared: Compared) -> Vec<String> {
    let record = care::record(facts, &setup.tables);
    let bench = Bench { record: &record, tables: &setup.tables, site: &setup.site };
    let judged = |without: Option<&str>| {
        let drafted = charge::draft(&record, &setup.tables, &setup.site);
        check::judge_without(drafted, &bench, without)
    };
    let whole = judged(None);
    let mut spoke: Vec<String> =
        whole.iter().flat_map(|one| &one.findings).map(|finding| finding.rule.clone()).collect();
    spoke.sort();
    spoke.dedup();
    let expected = told(&whole, compared);
    spoke.retain(|rule| told(&judged(Some(rule)), compared) != expected);
    spoke
}

fn people(desk: &Desk) -> Vec<Facts> {
    let mut people = Vec::new();
    for course in desk.books.courses(LineFilter::default()) {
        people.push(course.unwrap().person);
    }
    people.dedup();
    people.into_iter().map(|person| desk.books.load(person).unwrap().facts).collect()
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut stories: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.retain(|path| path.join("in").is_dir());
    stories.sort();
    stories
}

/// Each rule with the first test that fails without it.
fn by_rule() -> BTreeMap<String, String> {
    let mut by_rule: BTreeMap<String, String> = BTreeMap::new();
    for (rule, shorthand, setup) in cases() {
        let mut desk = Desk::of(setup.clone());
        let text = messages(&shorthand).replace("EMPTY^x^L", "");
        desk.file("aria", text.as_bytes(), 1);
        let proven: Vec<String> = people(&desk)
            .iter()
            .flat_map(|facts| proven(facts, &setup, Compared::Reasons))
            .collect();
        assert!(proven.iter().any(|it| it == rule), "{rule} is not proven by its case: {proven:?}");
        by_rule.insert(rule.to_owned(), "`it/without.rs`".to_owned());
    }
    for story in stories() {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(story.join("source")).unwrap_or("aria".into());
        for setting in [Setting::Hospital, Setting::Freestanding] {
            if !story.join(format!("{}.csv", setting.as_str())).is_file() {
                continue;
            }
            let setup = carry::setup(setting);
            let mut desk = Desk::of(setup.clone());
            desk.folder(source.trim(), &story.join("in"), 64);
            for rule in
                people(&desk).iter().flat_map(|facts| proven(facts, &setup, Compared::States))
            {
                by_rule.entry(rule).or_insert_with(|| format!("`stories/{name}`"));
            }
        }
    }
    by_rule
}

/// Laws with the test on both sides of their figures.
const LAWS_TESTED: &[(&str, &str)] = &[
    ("DATE-02", "`stories/codes-of-yesterday`"),
    ("DATE-03", "`stories/breast-across-new-year`"),
    ("DATE-04", "`stories/prostate-arcs-across-new-year`"),
    ("DATE-07", "`stories/codes-before-their-day`"),
    ("DATE-08", "`stories/codes-of-yesterday`"),
    ("DATE-10", "`it/importing.rs`"),
    ("DEL-01", "`stories/lung-gated-tracked-two-isocenters`"),
    ("DEL-02", "`stories/prostate-imrt-28`"),
    ("DEL-03", "`stories/spine-palliative-10`"),
    ("DEL-04", "`it/readings.rs`"),
    ("DEL-05", "`stories/breast-gated-no-evidence`"),
    ("DEL-09", "`stories/simulated-and-never-treated`"),
    ("DEL-10", "`stories/breast-electron-boost-own-plan`"),
    ("FREQ-01", "`it/readings.rs`, `it/oracle.rs`"),
    ("FREQ-02", "`it/readings.rs`, `it/oracle.rs`"),
    ("FREQ-03", "`it/readings.rs`, `it/oracle.rs`"),
    ("FREQ-04", "`stories/rectum-stopped-and-resumed`"),
    ("FREQ-05", "`stories/larynx-twice-daily`"),
    ("FREQ-07", "`stories/two-sites-without-a-break`"),
    ("FREQ-11", "`it/readings.rs`"),
    ("FREQ-14", "`stories/units-on-both-sides`"),
    ("FREQ-15", "`stories/units-on-both-sides`"),
    ("FREQ-21", "`it/readings.rs`"),
    ("IMRT-04", "`stories/prostate-imrt-28`"),
    ("IMRT-05", "`stories/prostate-imrt-28`"),
    ("PTP-03", "`it/importing.rs`"),
    ("PTP-05", "`stories/pairs-and-their-modifiers`"),
    ("SRS-02", "`stories/brain-cavity-three-fractions`"),
    ("SRS-03", "`stories/brain-frameless-radiosurgery`"),
    ("SRS-06", "`stories/brain-cobalt-unit`"),
    ("BRA-01", "`stories/skin-high-dose-rate`"),
    ("BRA-02", "`stories/cervix-hdr-tandem`, `it/rules.rs`"),
    ("BRA-07", "`it/rules.rs`"),
    ("SRT-01", "`stories/skin-orthovoltage`"),
    ("SRT-03", "`stories/skin-surface-with-ultrasound`"),
    ("EM-04", "`it/readings.rs`"),
    ("COMP-01", "every story in a hospital"),
    ("COMP-02", "`stories/spine-told-by-codes`"),
    ("COMP-03", "`it/sites.rs`"),
    ("COMP-05", "`stories/liver-sbrt-3`"),
    ("COMP-07", "`it/readings.rs`"),
    ("MOD-03", "`stories/cervix-low-dose-rate-follow-up`"),
    ("DOS-02", "`it/sites.rs`"),
    ("DOS-03", "`it/readings.rs`"),
    ("DOS-04", "`it/readings.rs`"),
    ("SEQ-03", "`it/readings.rs`"),
    ("SEQ-07", "`it/readings.rs`, `it/by_hand.rs`"),
    ("DUP-01", "`stories/same-message-twice`"),
    ("DUP-02", "`stories/lung-last-fraction-taken-back`"),
    ("UNIT-02", "`stories/units-on-both-sides`"),
    ("UNIT-03", "`stories/units-on-both-sides`"),
    ("UNIT-05", "`it/importing.rs`"),
];

const BEGINS: &str = "<!-- rules -->\n";
const ENDS: &str = "<!-- end of rules -->\n";

#[test]
fn every_rule_has_a_test_that_fails_without_it() {
    let by_rule = by_rule();
    let missing: Vec<&str> =
        RULES.iter().map(|rule| rule.id).filter(|id| !by_rule.contains_key(*id)).collect();
    assert!(missing.is_empty(), "no story and no case fails without {missing:?}");
    let untold: Vec<&str> = LAWS
        .iter()
        .map(|law| law.id)
        .filter(|id| !LAWS_TESTED.iter().any(|(known, _)| known == id))
        .collect();
    assert!(untold.is_empty(), "no test is named for {untold:?}");
    let files = LAWS_TESTED.iter().flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in files {
        assert!(root.join(file).exists(), "{file} is named and not there");
    }
    let mut rows: BTreeMap<&str, &str> = LAWS_TESTED.iter().copied().collect();
    rows.extend(by_rule.iter().map(|(rule, test)| (rule.as_str(), test.as_str())));
    let mut table = String::from("| id | fails without it |\n|---|---|\n");
    for (id, test) in rows {
        table.push_str(&format!("| {id} | {test} |\n"));
    }
    let page = root.join("README.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGINS).expect("the page has the mark of the table");
    let (known, after) = rest.split_once(ENDS).expect("the page has the end of the table");
    if known != table && std::env::var_os("COLLIMATOR_WRITE_TABLES").is_some() {
        std::fs::write(&page, format!("{before}{BEGINS}{table}{ENDS}{after}")).unwrap();
        return;
    }
    assert_eq!(known, table, "set COLLIMATOR_WRITE_TABLES=1 to write the table anew");
}
