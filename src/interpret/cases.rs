//! Messages as the field sends them, and what they tell. The people are invented; the numbers
//! `k_01` to `k_48` are those of the collected cases of trouble.

use proptest::prelude::*;

use crate::domain::{Degree, DocumentKind, Fact, Field, MessageId, PatientClass, Share, Standing};
use crate::table::rows;

use super::Told;
use super::samples::{
    ARIA, FT1, MOSAIQ, PID, PV1, ZRT, activities, credits, documents, ft1, headed, line, listed,
    mosaiq, one, refused, told, told_by,
};

#[test]
fn a_charge_tells_what_was_done_for_whom_by_whom_and_where() {
    let told = told("DFT^P03^DFT_P03", &["EVN|P03", PID, PV1, "IN1|1|MEDB|medicare", FT1, ZRT]);
    assert_eq!((told.control_id.as_str(), told.trigger.as_str()), ("K010010", "DFT^P03"));
    assert_eq!((told.version.as_str(), &told.ignored, told.notes.len()), ("2.5.1", &None, 0));
    let person = one(&told);
    assert_eq!(
        (person.identifier.authority.as_str(), person.identifier.number.as_str()),
        ("EXAMPLE", "4410101")
    );
    assert!(!person.registration.registered);
    assert_eq!(person.registration.payer.as_deref(), Some("medicare"));
    let activity = activities(&told)[0];
    assert_eq!(
        (activity.key.system.as_str(), activity.key.number.as_str(), activity.key.name.as_str()),
        ("site", "K01-1", "TX-2D")
    );
    assert_eq!(
        (activity.done.date.to_string(), activity.done.time.unwrap().to_string()),
        ("2026-10-08".into(), "10:15:00".into())
    );
    assert_eq!(listed(&activity.diagnoses), "Z51.0 C79.51");
    assert_eq!(activity.performer.as_ref().unwrap().number, "1999000528");
    assert_eq!(activity.orderer.as_ref().unwrap().degree, Degree::Physician);
    assert_eq!(
        (activity.course.as_deref(), activity.plan.as_deref(), activity.session.as_deref()),
        (Some("C1"), Some("P1"), Some("2.25.77"))
    );
    assert_eq!((activity.fraction, activity.prescribed), (Some(1), Some(5)));
    assert_eq!(
        (activity.account.as_deref(), activity.visit.as_deref()),
        (Some("A4410101"), Some("V4410101"))
    );
    assert_eq!(
        (activity.department.as_deref(), activity.location.as_deref()),
        (Some("RADONC"), Some("RADONC^LINAC2^^EXAMPLE"))
    );
    assert_eq!((activity.class, activity.share), (PatientClass::Outpatient, Share::Whole));
    assert_eq!(
        (activity.posted, activity.told, activity.message),
        (told.made, told.made, MessageId(7))
    );
    assert!(activity.unreadable.is_empty());
}

#[test]
fn k_01_names_with_backslashes_lose_nothing() {
    let pid = PID.replace("Ottery", "\\");
    let told = told("DFT^P03", &[&pid, &ft1(&[(7, r"CONSULT^Visit 4\5 re.^L")]), ZRT]);
    let name = one(&told).registration.name.clone().unwrap();
    assert_eq!(name.open_for_person()[..2], ["\\".to_owned(), "Ottilie".to_owned()]);
    assert_eq!(activities(&told)[0].key.name, "CONSULT");
    assert_eq!(line(&[(7, r"TX-2D^Beam\X0D0A\on^L")]).key.name, "TX-2D");
}

#[test]
fn k_02_a_course_belongs_to_the_last_charge_before_it_whatever_stands_between() {
    let told = told(
        "DFT^P03^DFT_P03",
        &[
            PID,
            "EVN|P03",
            PV1,
            "OBR|1||OK02",
            "DG1|1||C79.51^^I10",
            FT1,
            "PR1|1||99998^^C4",
            "NTE|1|L|Couch moved",
            "ZXP|LINAC2",
            ZRT,
            &ft1(&[(1, "2"), (2, "K02-6"), (7, "PHYS-WEEKLY")]),
            "ROL|1|AD",
            "PR1|1||99997",
            "ZRT|C1|P1",
            "GT1|1",
            "ZZZ|end",
        ],
    );
    let activities = activities(&told);
    assert_eq!(activities.len(), 2);
    assert_eq!(activities[0].session.as_deref(), Some("2.25.77"));
    assert_eq!(
        (activities[1].plan.as_deref(), activities[1].session.as_deref()),
        (Some("P1"), None)
    );
    assert_eq!(told.kept, ["OBR", "PR1", "NTE", "ZXP", "ROL", "GT1", "ZZZ"]);
}

#[test]
fn k_05_a_null_names_nothing() {
    let pid = PID.replace("4410101^^^", "\"\"^^^NATREG^NI~4410501^^^") + "||||||||||||\"\"";
    let pid = pid.replacen("^MR", "^MR~\"\"^^^OLDSYS^MR", 1);
    let pv1 = format!("{PV1}{}\"\"|\"\"", "|".repeat(25));
    let told = told(
        "DFT^P03",
        &[
            &pid,
            &pv1,
            &ft1(&[(13, "\"\""), (14, "\"\""), (16, "\"\""), (25, "\"\""), (26, "\"\"")]),
            ZRT,
        ],
    );
    assert_eq!(one(&told).identifier.number, "4410501");
    let activity = activities(&told)[0];
    assert_eq!((&activity.department, &activity.location, &activity.chosen), (&None, &None, &None));
    assert!(activity.modifiers.is_empty() && activity.unreadable.is_empty());
}

#[test]
fn k_08_blanks_at_the_ends_mean_nothing() {
    let told = told(
        "DFT^P03",
        &[
            &PID.replace("4410101^^^EXAMPLE^MR", " 4410801 ^^^EXAMPLE^MR "),
            &ft1(&[
                (6, "CG "),
                (7, "TX-2D  ^Fraction^ L"),
                (10, " 1 "),
                (21, "1999000510^Tolliver^Maud^^^^ MD ^^NPPES^L^^^NPI"),
            ]),
            "ZRT|C1 |P1|1|1|2.25.7",
        ],
    );
    assert_eq!(one(&told).identifier.number, "4410801");
    let activity = activities(&told)[0];
    assert_eq!((activity.key.name.as_str(), activity.course.as_deref()), ("TX-2D", Some("C1")));
    assert!(activity.orderer.as_ref().unwrap().is_physician());
    assert!(matches!(activity.quantity, Field::Read(quantity) if quantity.get() == 1));
    let document = "TXA|1|CONSULT |TX|20261006170500|||||1999000510|||K08-D1^ARIA||||| LA ||AV";
    let told = super::samples::told("MDM^T02", &[PID, document, "ZRT|C1 "]);
    assert_eq!(
        (documents(&told)[0].standing, documents(&told)[0].kind),
        (Standing::InForce, DocumentKind::VisitNote)
    );
}

#[test]
fn k_09_times_with_more_parts_keep_their_days() {
    for row in rows(
        "
        | told                          | date       | time     |
        | 20261006&D^20261006&D         | 2026-10-06 | -        |
        | 202610081015&M^202610081030&M | 2026-10-08 | 10:15:00 |
        | 20261008^S                    | 2026-10-08 | -        |
        | 202610082350-0900             | 2026-10-08 | 23:50:00 |
        ",
    ) {
        let done = line(&[(4, &row["told"])]).done;
        let time = done.time.map_or("-".into(), |time| time.to_string());
        assert_eq!(
            (done.date.to_string(), time),
            (row["date"].clone(), row["time"].clone()),
            "{row}"
        );
    }
}

#[test]
fn a_message_is_made_when_its_header_says_in_the_sites_time() {
    for row in rows(
        "
        | header                     | made                    |
        | 20261008181000             | 2026-10-08 18:10:00     |
        | 20261008181000.1234-0400^S | 2026-10-08 18:10:00.1234 |
        | 20261009021000+0000        | 2026-10-08 22:10:00     |
        | 20261008                   | 2026-10-08 -            |
        | yesterday                  | 2026-10-08 23:30:00     |
        |                            | 2026-10-08 23:30:00     |
        ",
    ) {
        let text = headed("DFT^P03", &[PID, FT1])
            .replace("20261008181000||DFT", &format!("{}||DFT", row["header"]));
        let made = told_by(ARIA, text.as_bytes()).unwrap().made;
        let time = made.time.map_or("-".into(), |time| time.to_string());
        assert_eq!(format!("{} {time}", made.date), row["made"], "{row}");
    }
}

#[test]
fn k_11_one_number_for_two_things_loses_none_of_them() {
    let told = told(
        "DFT^P03",
        &[PID, &ft1(&[(2, "ORD-1")]), ZRT, &ft1(&[(2, "ORD-1"), (7, "PHYS-WEEKLY")]), "ZRT|C1"],
    );
    let names: Vec<&str> = activities(&told).iter().map(|it| it.key.name.as_str()).collect();
    assert_eq!(names, ["TX-2D", "PHYS-WEEKLY"]);
    let told = super::samples::told(
        "DFT^P03",
        &[
            PID,
            &ft1(&[(2, "ORD-1")]),
            &ft1(&[(2, "ORD-1"), (4, "20261009")]),
            &ft1(&[(2, "ORD-1")]),
        ],
    );
    let keys: Vec<(&str, usize)> =
        activities(&told).iter().map(|it| (it.key.number.as_str(), it.unreadable.len())).collect();
    assert_eq!(keys, [("ORD-1", 0), ("ORD-1~2", 1), ("ORD-1", 0)]);
}

#[test]
fn k_24_a_modifier_beside_its_code_is_a_modifier() {
    for row in rows(
        "
        | code     | modifiers | chosen | read  | faults                                      |
        | 99995    | 25        | 99995  | 25    |                                             |
        | 99995-25 |           | 99995  | 25    |                                             |
        | 99995-25 | 25~GC     | 99995  | 25 GC |                                             |
        | 99995    | 25,GC     | 99995  | 25 GC |                                             |
        | 99995    | 25 gc     | 99995  | 25 GC |                                             |
        | VISIT    | 25        | -      | 25    | FT1-25: no procedure code                   |
        | 99995    | 255       | 99995  |       | FT1-26: a modifier is two letters or digits |
        ",
    ) {
        let activity = line(&[(25, &format!("{}^^C4", row["code"])), (26, &row["modifiers"])]);
        let chosen = activity.chosen.map_or("-".into(), |code| code.to_string());
        assert_eq!(
            (chosen, listed(&activity.modifiers)),
            (row["chosen"].clone(), row["read"].clone()),
            "{row}"
        );
        assert_eq!(activity.unreadable.join("; "), row["faults"], "{row}");
    }
}

#[test]
fn k_25_one_is_one_however_it_is_spelled_and_a_comma_is_no_sign() {
    for text in ["1", "1.0", "01", "+1", "", "1."] {
        assert!(matches!(line(&[(10, text)]).quantity, Field::Read(it) if it.get() == 1), "{text}");
    }
    let comma = line(&[(10, "1,0")]).quantity;
    assert_eq!(comma, Field::Unreadable("FT1-10: no whole number from 1 to 999".into()));
}

#[test]
fn k_27_a_header_alone_is_refused_by_name() {
    assert_eq!(refused("DFT^P03^DFT_P03", &[]), "AE 101 PID-3");
    assert_eq!(refused("DFT^P03^DFT_P03", &[FT1]), "AE 101 PID-3");
}

#[test]
fn in_03_charges_without_a_charge_that_were_taken_are_nothing_to_do() {
    let told = told("DFT^P03^DFT_P03", &[PID]);
    assert_eq!(told.ignored.as_deref(), Some("there is no FT1: there is nothing to do"));
}

#[test]
fn k_48_an_account_that_nobody_told_is_none() {
    let pid = "PID|1||4414801^^^EXAMPLE^MR||Nemoson^Ulric^^^^^L||19520202|M||||||||||";
    let told = told("DFT^P03", &[pid, "PV1|1|O|RADONC||||||||||||||||", FT1]);
    assert_eq!((&activities(&told)[0].account, &activities(&told)[0].visit), (&None, &None));
    assert_eq!(one(&told).registration.account, None);
}

#[test]
fn charges_are_told_from_credits_and_from_what_is_neither() {
    for row in rows(
        "
        | direction         | reference | is       | of    |
        | CG^Charge^HL70017 |           | activity |       |
        | cg                |           | activity |       |
        | CD                | K01-1     | credit   | K01-1 |
        | CD                |           | credit   | K09   |
        | PY                |           | note     |       |
        | AJ                |           | note     |       |
        | XX                |           | held     |       |
        |                   |           | held     |       |
        ",
    ) {
        let told = told(
            "DFT^P03",
            &[PID, &ft1(&[(2, "K09"), (6, &row["direction"]), (31, &row["reference"])]), ZRT],
        );
        let is = match one(&told).facts.first() {
            Some(Fact::Activity(it)) if it.unreadable.is_empty() => "activity",
            Some(Fact::Activity(_)) => "held",
            Some(Fact::Credit(_)) => "credit",
            Some(Fact::Document(_)) => "document",
            Some(Fact::Tally(_)) => "tally",
            Some(Fact::Order(_)) => "order",
            None => "note",
        };
        assert_eq!(is, row["is"], "{row}");
        assert_eq!(credits(&told).first().map_or("", |it| it.of.as_str()), row["of"], "{row}");
        assert_eq!(told.ignored.is_some(), is == "note", "{row}");
    }
}

#[test]
fn a_line_without_a_number_gets_one_that_a_resent_message_gets_too() {
    let send = || {
        told(
            "DFT^P03",
            &[PID, &ft1(&[(2, "")]), &ft1(&[(2, "")]), &ft1(&[(2, "\"\""), (7, "PHYS")])],
        )
    };
    let keys = |told: &Told| activities(told).iter().map(|it| it.key.clone()).collect::<Vec<_>>();
    let (first, again) = (keys(&send()), keys(&send()));
    assert_eq!(first, again);
    assert!(first[0] != first[1] && first[1].number.starts_with('~'));
    let earlier =
        headed("DFT^P03", &[PID, &ft1(&[(2, "")])]).replace("20261008181000||", "20261009||");
    assert_eq!(activities(&told_by(ARIA, earlier.as_bytes()).unwrap())[0].key, first[0]);
}

#[test]
fn diagnoses_are_those_of_the_line_or_of_its_segments() {
    for (listed_there, segments, expected, faults) in [
        ("Z510~c7951", &["DG1|1||C61"][..], "Z51.0 C79.51", 0),
        ("", &["DG1|1||C61^^I10", "DG1|2||Z510"], "C61 Z51.0", 0),
        ("\"\"", &[], "", 0),
        ("254837009^^SCT~C61", &[], "C61", 1),
    ] {
        let charge = ft1(&[(19, listed_there)]);
        let all = [&[PID, charge.as_str()], segments].concat();
        let told = told("DFT^P03", &all);
        let activity = activities(&told)[0];
        assert_eq!(listed(&activity.diagnoses), expected, "{listed_there}");
        assert_eq!(activity.unreadable.len(), faults, "{listed_there}");
    }
    let bare = ft1(&[(19, ""), (2, "B")]);
    let before = told("DFT^P03", &[PID, "DG1|1||C61", &bare, &ft1(&[(19, "")])]);
    assert!(activities(&before).iter().all(|it| listed(&it.diagnoses) == "C61"));
    let others = told("DFT^P03", &[PID, &bare, "DG1|1||C61", &ft1(&[(19, "")])]);
    assert_eq!(listed(&activities(&others)[1].diagnoses), "");
}

#[test]
fn a_clinician_is_known_by_the_number_that_is_an_npi() {
    for row in rows(
        "
        | list                                              | number     | degree            |
        | 1999000510^Tolliver^Maud^^^^MD^^NPPES^L^^^NPI     | 1999000510 | Physician         |
        | 77^Tolliver^^^^^MD~1999000510^Tolliver^^^^^NP^^^^^^NPI | 1999000510 | NursePractitioner |
        | 77^Tolliver^Maud^^^^RT                            | 77         | Other             |
        | ^Tolliver^Maud^^^^MD                              |            | Physician         |
        | ^^^                                               | -          | -                 |
        ",
    ) {
        let told = line(&[(20, &row["list"])]).performer;
        let number = told.as_ref().map_or("-", |it| it.number.as_str());
        let degree = told.as_ref().map_or("-".into(), |it| format!("{:?}", it.degree));
        assert_eq!((number, degree), (row["number"].as_str(), row["degree"].clone()), "{row}");
    }
    assert!(line(&[(20, "\"\"")]).performer.is_none());
}

#[test]
fn an_inpatient_is_told_by_the_class() {
    let told = told("DFT^P03", &[PID, "PV1|1|I", FT1]);
    assert_eq!(activities(&told)[0].class, PatientClass::Inpatient);
}

#[test]
fn mosaiq_names_codes_and_parts_the_shares() {
    for row in rows(
        "
        | name         | code  | modifiers | called | chosen | left | share        | faults |
        | 99998        |       |           | 99998  | 99998  |      | Whole        | 0      |
        | 99996        | 99996 | 26        | 99996  | 99996  |      | Professional | 0      |
        | 99996-TC     |       |           | 99996  | 99996  |      | Technical    | 0      |
        |              | 99996 | TC~59     | 99996  | 99996  | 59   | Technical    | 0      |
        | RO4001       | 99998 |           | RO4001 | 99998  |      | Whole        | 0      |
        | RO4001       |       | 26        | RO4001 | -      |      | Professional | 0      |
        | 99998        | 99994 |           | 99998  | 99994  |      | Whole        | 1      |
        |              |       |           |        | -      |      | Whole        | 1      |
        ",
    ) {
        let it = mosaiq(&[(7, &row["name"]), (25, &row["code"]), (26, &row["modifiers"])]);
        let chosen = it.chosen.map_or("-".into(), |code| code.to_string());
        assert_eq!(
            (it.key.name.as_str(), chosen),
            (row["called"].as_str(), row["chosen"].clone()),
            "{row}"
        );
        assert_eq!(listed(&it.modifiers), row["left"], "{row}");
        assert_eq!(format!("{:?}", it.share), row["share"], "{row}");
        assert_eq!(it.unreadable.len().to_string(), row["faults"], "{row}");
        assert_eq!((it.course, it.plan), (None, None), "{row}");
    }
}

#[test]
fn header_and_event_that_disagree_are_noted() {
    let told = told("DFT^P03", &["EVN|P11", PID, FT1]);
    assert_eq!(told.notes[0].words, "EVN-1 says P11, MSH-9 says P03; MSH-9 counts");
}

/// A public sender of charges writes ORU^R01 into every header (IN-1).
#[test]
fn in_1_a_source_may_say_in_its_event_what_its_header_does_not() {
    let profile = ARIA.replacen("shares =", "trigger = \"EVN.1\"\nshares =", 1);
    let message = headed("ORU^R01", &["EVN|P03", PID, PV1, FT1, ZRT]);
    let told = told_by(&profile, message.as_bytes()).unwrap();
    assert_eq!((told.trigger.as_str(), activities(&told).len()), ("DFT^P03", 1));
    assert_eq!(told.notes[0].words, "EVN-1 says P03, MSH-9 says R01; EVN-1 counts");
    let without = headed("DFT^P03", &[PID, PV1, FT1, ZRT]);
    assert_eq!(activities(&told_by(&profile, without.as_bytes()).unwrap()).len(), 1);
    let by_header = told_by(ARIA, message.as_bytes()).unwrap();
    assert_eq!((by_header.trigger.as_str(), activities(&by_header).len()), ("ORU^R01", 0));
}

proptest! {
    #[test]
    fn a_damaged_message_is_read_or_refused(at in 0usize..900, with in any::<u8>(), how in 0u8..4) {
        let sample = headed("DFT^P03", &["EVN|P03", PID, PV1, FT1, ZRT, &ft1(&[(6, "CD")])]);
        let mut bytes = sample.into_bytes();
        let at = at % bytes.len();
        match how {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, with),
            2 => { bytes.remove(at); }
            _ => bytes[at] = with,
        }
        for profile in [ARIA, MOSAIQ] {
            if let Ok(told) = told_by(profile, &bytes) {
                let lines = bytes.windows(4).filter(|it| *it == b"FT1|").count();
                let told_of = activities(&told).len() + credits(&told).len() + told.notes.len();
                prop_assert!(told_of >= lines.min(1));
            }
        }
    }
}

#[test]
fn people_behind_a_line_stand_in_where_it_names_nobody() {
    let prt = |action: &str, role: &str, by: &str| format!("PRT|1|{action}||{role}^x^HL70912|{by}");
    let (maud, ned) = ("1999000510^Tolliver^Maud^^^^MD", "1999000528^Brackwater^Ned^^^^RT");
    let bare = ft1(&[(20, ""), (21, "")]);
    let people = |lines: &[&str]| {
        let told = told("DFT^P03", &[&[PID, PV1], lines].concat());
        let of = |by: &Option<crate::domain::Clinician>| {
            by.as_ref().map_or("-".to_owned(), |by| by.given.clone())
        };
        let all = activities(&told).into_iter();
        let all: Vec<String> =
            all.map(|it| format!("{} {}", of(&it.performer), of(&it.orderer))).collect();
        assert!(!told.kept.contains(&"PRT".to_owned()));
        all.join(", ")
    };
    let (does, orders) = (prt("AD", "AP", ned), prt("AD", "OP", maud));
    assert_eq!(people(&[&bare, &does, &orders, ZRT]), "Ned Maud");
    assert_eq!(people(&[&bare, "NTE|1", &prt("UC", "ahp", ned), ZRT, &orders]), "Ned Maud");
    assert_eq!(people(&[&bare, &prt("DE", "AP", ned), &prt("AD", "PP", maud)]), "- -");
    let own = ft1(&[(20, maud)]);
    assert_eq!(people(&[&own, &does, &bare, &does]), "Maud Maud, Ned -", "the line's own counts");
    assert_eq!(people(&[&bare, "PR1|1", &does, &orders]), "- -", "those are of the procedure");
}

/// The sender says one set and writes another (C-9, case 28): what is known of the source outweighs its word.
#[test]
fn c_09_a_name_is_read_in_the_set_that_its_source_is_known_to_write() {
    let header = "MSH|^~\\&|ARIA|X|C|E|20261008181000||ADT^A08|K1|P|2.5.1||||||{}";
    let written = |set: &str, name: &[u8]| {
        let message = format!("{}\rPID|1||5^^^X^MR||", header.replace("{}", set));
        [message.as_bytes(), name, b"^Ada\r"].concat()
    };
    let utf8 = "S\u{f6}hne".as_bytes();
    let polish = b"\xb6wit";
    for (set, name, known, expected) in [
        ("8859/1", utf8, "", "S\u{c3}\u{b6}hne"),
        ("8859/1", utf8, "UNICODE UTF-8", "S\u{f6}hne"),
        ("", polish, "", "\u{b6}wit"),
        ("", polish, "8859/2", "\u{15b}wit"),
        ("ASCII", b"\x1b$B;3ED\x1b(B".as_slice(), "ISO IR87", "\u{5c71}\u{7530}"),
    ] {
        let profile = ARIA.replacen(
            "degree_component",
            &format!("character_set = \"{known}\"\ndegree_component"),
            1,
        );
        let told = told_by(&profile, &written(set, name)).unwrap();
        let name = one(&told).registration.name.clone().unwrap();
        assert_eq!(name.open_for_person()[0], expected, "{set} {known}");
    }
}

/// Every set that a profile may name is one that is read.
#[test]
fn every_set_that_a_profile_may_name_is_read() {
    for set in crate::mappings::character_sets::read() {
        let text = "MSH|^~\\&|A|B|C|D|20261008||ADT^A08|K1|P|2.5.1\rPID|1||5\rPV1|1|O";
        let message = crate::wire::hl7::Message::parse_as(text.as_bytes(), set).unwrap();
        let guessed =
            crate::wire::hl7::Message::parse_as(b"MSH|^~\\&|A\rPID|1||\xe9", set).unwrap();
        assert!(!message.is_damaged(), "{set}");
        let is_read =
            guessed.charset() != "windows-1252" || set == "WINDOWS-1252" || set == "8859/1";
        assert!(is_read, "{set} is taken for none");
    }
}
