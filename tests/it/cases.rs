//! Trouble that people in the field reported, told again as small inputs: each with its right
//! outcome. Here are those whose outcome is lines; what leaves and what is answered is tested with
//! the daemon (`daemon.rs`, `peers.rs`).

use std::collections::BTreeMap;
use std::path::Path;

use collimator::domain::Setting;

use crate::support::carry::Desk;

/// A line without its patient: dos, code, modifiers, units, claim, revenue, state.
type Line = [String; 7];

#[test]
fn k01_escapes_in_a_name_lose_nothing() {
    only(&carried("K-01"), &ten());
}

#[test]
fn k02_segments_come_in_any_sensible_order() {
    let desk = carried("K-02");
    only(&desk, &ten());
    let notes: Vec<String> = messages(&desk).into_iter().flat_map(|one| one.notes).collect();
    for segment in ["OBR", "PR1", "NTE", "ROL", "ZXP", "GT1", "ZZZ"] {
        assert!(notes.iter().any(|note| note.contains(segment)), "{segment}: {notes:?}");
    }
}

#[test]
fn k04_a_diagnosis_is_the_same_with_and_without_its_dot() {
    only(&carried("K-04"), &ten());
}

#[test]
fn k05_two_quotes_tell_that_there_is_none() {
    let desk = carried("K-05");
    only(&desk, &ten());
    assert_eq!(by_patient(&desk).into_keys().collect::<Vec<_>>(), ["4410501"]);
}

#[test]
fn k07_one_number_of_two_authorities_is_two_people() {
    let desk = carried("K-07");
    assert_eq!(all(&desk).len(), 30);
    assert!(all(&desk).iter().all(|(_, line)| line[6] == "ready"), "{:?}", all(&desk));
    let patients: Vec<String> = by_patient(&desk).into_keys().collect();
    assert!(patients.iter().any(|number| number.starts_with("000")), "{patients:?}");
}

#[test]
fn k08_blanks_at_the_ends_mean_nothing() {
    only(&carried("K-08"), &ten());
}

#[test]
fn k09_times_with_more_parts_are_read() {
    only(&carried("K-09"), &ten());
}

#[test]
fn k11_one_number_for_two_activities_swallows_neither() {
    let desk = carried("K-11");
    for code in ["77402", "77336"] {
        let found = all(&desk);
        let line = found.iter().find(|(_, line)| line[1] == code).expect(code);
        assert_eq!(line.1[6], "held", "{code}");
        assert!(reasons(&desk, code).contains("TWICE-01"), "{code}");
    }
    assert_eq!(all(&desk).iter().filter(|(_, line)| line[6] == "ready").count(), 8);
}

#[test]
fn k12_a_control_id_may_repeat() {
    let mut desk = carried("K-12");
    only(&desk, &ten());
    desk.file("aria", &input("K-12"), 1);
    only(&desk, &ten());
}

#[test]
fn k14_only_a_signed_document_in_force_counts() {
    let desk = carried("K-14");
    for (patient, lines) in by_patient(&desk) {
        let held: Vec<_> = lines.iter().filter(|line| line[6] == "held").collect();
        assert_eq!(held.len(), 1, "{patient}");
        assert_eq!(held[0][1], "77261", "{patient}");
        assert_eq!(lines.iter().filter(|line| line[6] == "ready").count(), 9, "{patient}");
    }
    assert!(reasons(&desk, "77261").contains("DOS-07"));
}

#[test]
fn k16_merges_in_a_circle_end_with_one_person() {
    let desk = carried("K-16");
    only(&desk, &ten());
    assert_eq!(by_patient(&desk).into_keys().collect::<Vec<_>>(), ["4411602"]);
    assert_eq!(desk.refused.len(), 1);
    let reason = &desk.refused[0];
    assert_eq!(reason.code, 205);
}

#[test]
fn k18_a_number_that_changes_in_the_course_splits_nothing() {
    let desk = carried("K-18");
    only(&desk, &fourteen());
    assert_eq!(by_patient(&desk).len(), 1);
}

#[test]
fn k19_a_merge_taken_back_leaves_nothing_with_the_wrong_man() {
    let desk = carried("K-19");
    let found = by_patient(&desk);
    let mut first = found["4411901"].clone();
    first.sort();
    assert_eq!(first, sorted(ten()));
    let mut second: Vec<(String, String)> =
        found["4411902"].iter().map(|line| (line[1].clone(), line[6].clone())).collect();
    second.sort();
    let ready = |code: &str| (code.to_owned(), "ready".to_owned());
    assert_eq!(second, [ready("99204"), ready("99213"), ready("G0463"), ready("G0463")]);
}

#[test]
fn k20_a_second_credit_takes_no_other_fraction() {
    let desk = carried("K-20");
    let mut found: Vec<Line> = all(&desk).into_iter().map(|(_, line)| line).collect();
    let held = found.iter().position(|line| line[6] == "held").expect("the second credit is held");
    let credit = found.swap_remove(held);
    assert_eq!((credit[1].as_str(), credit[3].as_str(), credit[4].as_str()), ("", "1", ""));
    let treated = ["2026-10-08", "2026-10-09", "2026-10-13", "2026-10-14", "2026-10-15"];
    assert_eq!(sorted(found), sorted(course(&["2026-10-06", "2026-10-07"], &treated)));
}

#[test]
fn k22_what_is_ahead_of_its_day_waits_but_clocks_may_differ() {
    let desk = carried("K-22");
    let held: Vec<_> = all(&desk).into_iter().filter(|(_, line)| line[6] == "held").collect();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].1[0].as_str(), held[0].1[1].as_str()), ("2026-10-09", "77336"));
    assert_eq!(all(&desk).iter().filter(|(_, line)| line[6] == "ready").count(), 9);
    assert!(reasons(&desk, "77336").contains("AHEAD-01"));
}

#[test]
fn k23_a_number_whose_check_digit_fails_names_nobody() {
    let desk = carried("K-23");
    let found = by_patient(&desk);
    let mut right = found["4412301"].clone();
    right.sort();
    assert_eq!(right, sorted(ten()));
    for line in &found["4412302"] {
        let facility = line[4] == "facility" && line[1] != "G0463";
        assert_eq!(line[6], if facility { "ready" } else { "held" }, "{line:?}");
    }
    assert_eq!(found["4412302"].len(), 10);
    assert!(reasons(&desk, "77261").contains("ORD-02"));
}

#[test]
fn k24_a_modifier_in_another_field_is_found() {
    let desk = carried("K-24");
    let found = by_patient(&desk);
    let mut first = found["4412401"].clone();
    first.sort();
    assert_eq!(first, sorted(ten()));
    let visit = found["4412402"].iter().find(|line| line[1] == "99205").expect("a visit");
    assert_eq!((visit[2].as_str(), visit[6].as_str()), ("25 GC", "ready"));
}

#[test]
fn k25_a_comma_is_no_decimal_sign() {
    let desk = carried("K-25");
    let found: Vec<Line> = all(&desk).into_iter().map(|(_, line)| line).collect();
    let deliveries = found.iter().filter(|line| line[1] == "77402" && line[6] == "ready");
    assert_eq!(deliveries.filter(|line| line[3] == "1").count(), 5);
    assert!(found.iter().any(|line| line[1] == "77427" && line[6] == "ready"));
    let check = found.iter().find(|line| line[1] == "77336").expect("a check");
    assert_eq!((check[3].as_str(), check[6].as_str()), ("1", "held"));
    assert!(reasons(&desk, "77336").contains("READ-01"));
}

#[test]
fn k27_a_file_cut_from_a_socket_loses_only_its_last_word() {
    let desk = carried("K-27");
    only(&desk, &ten());
    assert_eq!(desk.refused.len(), 1);
}

#[test]
fn k28_k30_k31_k46_tell_the_plain_course() {
    for case in ["K-28", "K-30", "K-31", "K-46"] {
        only(&carried(case), &ten());
    }
}

#[test]
fn k44_formulas_are_only_text() {
    let desk = carried("K-44");
    let ready = all(&desk).iter().filter(|(_, line)| line[6] == "ready").count();
    assert_eq!(ready, 10, "{:?}", all(&desk));
    assert_eq!(by_patient(&desk).into_keys().collect::<Vec<_>>(), ["+4414401"]);
}

#[test]
fn k48_without_an_account_nothing_leaves_until_one_is_known() {
    let mut desk = carried("K-48-a");
    assert!(all(&desk).iter().all(|(_, line)| line[6] == "held"), "{:?}", all(&desk));
    assert_eq!(all(&desk).len(), 10);
    assert!(reasons(&desk, "77402").contains("ACCT-01"));
    desk.file("aria", &input("K-48-b"), 1);
    only(&desk, &ten());
    let lines = desk.books.lines(Default::default()).map(|line| line.unwrap());
    for listed in lines.filter(|listed| collimator::cli::rows::row(listed)[9] == "ready") {
        assert_eq!(listed.line.line.account.as_deref(), Some("A4414801"));
    }
}

/// The ten lines of a course of one fraction.
fn ten() -> Vec<Line> {
    course(&["2026-10-06", "2026-10-07"], &["2026-10-08"])
}

fn fourteen() -> Vec<Line> {
    let treated = ["2026-10-08", "2026-10-09", "2026-10-12", "2026-10-13", "2026-10-14"];
    course(&["2026-10-06", "2026-10-07"], &treated)
}

/// Seen and simulated on the first day, planned on the second, treated on the days that follow.
fn course(planned: &[&str; 2], treated: &[&str]) -> Vec<Line> {
    let last = treated.last().unwrap();
    let managed = if treated.len() < 3 { "77431" } else { "77427" };
    let mut lines = vec![
        line(planned[0], "77280", "", "facility", "0333"),
        line(planned[0], "G0463", "25", "facility", "0510"),
        line(planned[0], "77261", "", "professional", ""),
        line(planned[0], "77280", "26", "professional", ""),
        line(planned[0], "99205", "25", "professional", ""),
        line(planned[1], "77306", "", "facility", "0333"),
        line(planned[1], "77306", "26", "professional", ""),
        line(last, "77336", "", "facility", "0333"),
        line(last, managed, "", "professional", ""),
    ];
    lines.extend(treated.iter().map(|day| line(day, "77402", "", "facility", "0333")));
    lines
}

fn line(dos: &str, code: &str, modifiers: &str, claim: &str, revenue: &str) -> Line {
    [dos, code, modifiers, "1", claim, revenue, "ready"].map(str::to_owned)
}

fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort();
    lines
}

fn only(desk: &Desk, expected: &[Line]) {
    let found: Vec<Line> = all(desk).into_iter().map(|(_, line)| line).collect();
    assert_eq!(sorted(found), sorted(expected.to_vec()));
}

fn by_patient(desk: &Desk) -> BTreeMap<String, Vec<Line>> {
    let mut found: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for (patient, line) in all(desk) {
        found.entry(patient).or_default().push(line);
    }
    found
}

fn all(desk: &Desk) -> Vec<(String, Line)> {
    let line = |row: [String; 12]| {
        let compared = [2, 4, 5, 6, 7, 8, 9].map(|column: usize| row[column].clone());
        (row[0].clone(), compared)
    };
    desk.rows().into_iter().map(line).collect()
}

fn reasons(desk: &Desk, code: &str) -> String {
    let rows = desk.rows();
    let held = rows.iter().find(|row| row[4] == code && row[9] != "ready");
    held.map_or(String::new(), |row| row[10].clone())
}

fn messages(desk: &Desk) -> Vec<collimator::store::BookedMessage> {
    desk.books.messages(Default::default()).map(|message| message.unwrap()).collect()
}

fn carried(case: &str) -> Desk {
    let mut desk = Desk::new(Setting::Hospital);
    desk.file("aria", &input(case), 1);
    desk
}

fn input(case: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    std::fs::read(folder.join(format!("{case}.hl7"))).unwrap()
}
