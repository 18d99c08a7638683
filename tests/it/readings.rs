//! How the rules are read where they leave room: each reading of the stories' page, and each
//! rule, on both sides of its figures.

use collimator::domain::Setting::{Freestanding, Hospital};

use crate::support::clinic::{expect, fractions, planned};

#[test]
fn reading_1_late_charges_warn_then_wait_then_are_rejected() {
    for (posted, state) in [
        ("10-05", "ready"),
        ("10-09", "ready"),
        ("2026-11-04", "ready"),
        ("2026-11-05", "held LATE-01"),
        ("2027-10-05", "held LATE-01"),
        ("2027-10-06", "rejected LATE-01 LATE-02"),
    ] {
        let told = planned(&format!("10-05 TX-2D P1 at=1015 posted={posted}"));
        expect(&told, Hospital, &format!("10-05 77402 facility {state}"));
    }
}

#[test]
fn reading_3_management_is_earned() {
    let sbrt = "
        10-01 doc SIMNOTE
        10-01 SIM-COMPLEX
        10-02 PLAN-3D P1
        10-05 TX-SBRT P1 at=1000 fx=1/3
        10-07 TX-SBRT P1 at=1000 fx=2/3
    ";
    expect(sbrt, Hospital, "10-05 77373 facility ready\n10-07 77373 facility ready");
    let given = format!("{sbrt}10-09 TX-SBRT P1 at=1000 fx=3/3");
    expect(&given, Hospital, "10-09 77435 professional ready");
    let closed = format!("{sbrt}10-10 doc EOT");
    expect(&closed, Hospital, "10-07 77435 professional ready");
    let radiosurgery = "
        10-02 PLAN-3D P1
        10-05 TX-SRS-LINAC P1 at=1000
    ";
    expect(radiosurgery, Hospital, "10-05 77372 facility ready\n10-05 77432 professional ready");
    expect(
        "10-05 TX-IORT-E at=1000",
        Hospital,
        "10-05 77425 facility ready\n10-05 77469 professional ready",
    );
}

#[test]
fn freq_01_02_03_units_of_management() {
    for (count, closed, units) in [
        (4, false, 0),
        (5, false, 1),
        (8, false, 1),
        (8, true, 2),
        (7, true, 1),
        (10, true, 2),
        (12, true, 2),
        (13, true, 3),
    ] {
        let mut told = planned(&fractions(count, 20));
        for day in ["10-05", "10-12", "10-19"] {
            told.push_str(&format!("{day} doc OTV\n"));
        }
        if closed {
            told.push_str("10-30 doc EOT\n");
        }
        let came = crate::support::clinic::lines(&told, Hospital);
        let found = came.iter().filter(|line| line.contains(" 77427 ")).count();
        assert_eq!(found, units, "{count} {closed}: {came:?}");
    }
    for (count, found) in [(1, "10-05"), (2, "10-06")] {
        let told = planned(&fractions(count, count)) + "10-30 doc EOT\n";
        expect(&told, Hospital, &format!("{found} 77431 professional ready"));
    }
}

#[test]
fn reading_4_physics_checks_in_order() {
    let check = |days: &[&str]| -> String {
        days.iter().map(|day| format!("{day} PHYS-WEEKLY P1\n")).collect()
    };
    let told = planned(&check(&["10-02"]));
    expect(&told, Hospital, "10-02 77336 facility held FREQ-08 PTP-02");
    let told = planned(&fractions(3, 10)) + &check(&["10-07", "10-08"]);
    expect(&told, Hospital, "10-07 77336 facility ready\n10-08 77336 facility rejected FREQ-08");
    let told = planned(&fractions(12, 20)) + &check(&["10-09", "10-16", "10-20", "10-21"]);
    expect(
        &told,
        Hospital,
        "10-09 77336 facility ready
         10-16 77336 facility ready
         10-20 77336 facility held FREQ-09
         10-21 77336 facility rejected FREQ-08",
    );
    let told = planned(&fractions(10, 20)) + &check(&["10-09", "10-09", "10-16"]);
    expect(
        &told,
        Hospital,
        "10-09 77336 facility ready
         10-09 77336 facility rejected DOS-05
         10-16 77336 facility ready",
    );
}

#[test]
fn reading_4_what_a_source_codes_itself() {
    let told = planned(&fractions(5, 5)) + "10-09 AS-CODED code=77427 by=MD\n";
    expect(
        &told,
        Hospital,
        "10-09 77427 professional held FREQ-06\n10-09 77427 professional rejected SRC-01",
    );
    // A delivery as coded beside a treatment of its session, and one that stands alone.
    let told = planned(
        "10-05 TX-2D P1 at=1015\n10-05 AS-CODED P1 code=77407 at=1015 session=20261005 dx=Z51.0,C61\n",
    );
    expect(&told, Hospital, "10-05 77402 facility ready\n10-05 77407 facility held DATE-05");
    let told = planned(
        "10-05 TX-2D P1 at=1015\n10-05 AS-CODED P1 code=77402 at=1015 session=20261005 dx=Z51.0,C61\n",
    );
    expect(&told, Hospital, "10-05 77402 facility ready\n10-05 77402 facility rejected DEL-07");
    let told =
        planned("10-05 AS-CODED P1 code=77402 at=1015 session=S1 dx=Z51.0,C61\n10-06 doc EOT\n");
    expect(&told, Hospital, "10-05 77402 facility ready\n10-05 77431 professional ready");
    let told = planned("10-05 AS-CODED P1 code=77402 mods=26 at=1015 session=S1 dx=Z51.0,C61\n");
    expect(&told, Hospital, "10-05 77402-26 facility rejected DEL-11");
}

#[test]
fn reading_6_and_7_sessions_of_a_day() {
    let one = "10-05 TX-2D P1 at=0900 session=S1\n10-05 TX-ELECTRON P1 at=0905 session=S1\n";
    expect(&planned(one), Hospital, "10-05 77412 facility ready");
    let apart = "10-05 TX-2D P1 at=0900 session=S1\n10-05 TX-2D P1 at=1500 session=S2\n";
    expect(&planned(apart), Hospital, "10-05 77402 facility ready\n10-05 77402-76 facility ready");
    let near = "10-05 TX-2D P1 at=0900 session=S1\n10-05 TX-2D P1 at=1459 session=S2\n";
    expect(
        &planned(near),
        Hospital,
        "10-05 77402 facility ready\n10-05 77402 facility held DEL-08",
    );
    let three = format!("{apart}10-05 TX-2D P1 at=2100 session=S3\n");
    expect(
        &planned(&three),
        Hospital,
        "10-05 77402 facility ready
         10-05 77402-76 facility ready
         10-05 77402 facility rejected DEL-08 UNIT-01",
    );
    let guided = format!(
        "{apart}
        10-05 IGRT-CBCT P1 session=S1 at=0855
        10-05 IGRT-KV P1 session=S1 at=0856
        10-05 IGRT-CBCT P1 session=S2 at=1455
        10-05 doc IMGREV session=S1 at=1200
        10-05 doc IMGREV session=S2 at=1900
        "
    );
    expect(
        &planned(&guided),
        Hospital,
        "10-05 77387-26 professional ready\n10-05 77387-26-76 professional ready",
    );
}

#[test]
fn reading_8_two_courses_without_a_break_are_one_fraction() {
    let mut told = planned(&fractions(5, 10));
    for day in ["06", "07", "08", "09", "12"] {
        told.push_str(&format!("10-{day} TX-2D P2 at=1030 course=C2 session=B{day}\n"));
    }
    told.push_str("10-02 PLAN-ISO-S P2 course=C2\n10-06 doc OTV\n");
    expect(&told, Hospital, "10-09 77427 professional ready");
    let came = crate::support::clinic::lines(&told, Hospital);
    let held = came.iter().filter(|line| line.contains("77402 facility held")).count();
    assert_eq!(held, 4, "{came:?}");
}

#[test]
fn reading_10_documents() {
    for (document, state) in [
        ("10-05 doc OTV", "ready"),
        ("10-09 doc OTV", "ready"),
        ("10-02 doc OTV", "held FREQ-06"),
        ("10-10 doc OTV", "held FREQ-06"),
        ("10-07 doc OTV by=NP", "held FREQ-06"),
        ("10-07 doc OTV status=IP", "held FREQ-06"),
        ("10-07 doc OTV status=AU", "ready"),
    ] {
        let told = planned(&fractions(5, 5)) + document;
        expect(&told, Hospital, &format!("10-09 77427 professional {state}"));
    }
    // A later message with the same number replaces the earlier one.
    let told = planned(&fractions(5, 5))
        + "10-07 doc OTV id=D9 status=IP\n10-07 doc OTV id=D9 status=LA posted=10-08\n";
    expect(&told, Hospital, "10-09 77427 professional ready");
    // One visit serves one block.
    let told = planned(&fractions(10, 10)) + "10-09 doc OTV\n";
    expect(
        &told,
        Hospital,
        "10-09 77427 professional ready\n10-16 77427 professional held FREQ-06",
    );
}

#[test]
fn reading_10_image_reviews() {
    let base =
        planned("10-05 TX-2D P1 at=1015\n10-05 IGRT-CBCT P1 at=1010\n10-06 TX-2D P1 at=1015\n");
    for (review, state) in [
        ("10-05 doc IMGREV at=1800", "ready"),
        ("10-06 doc IMGREV at=1014 session=20261005", "ready"),
        ("10-06 doc IMGREV at=1015 session=20261005", "rejected ORD-03"),
        ("10-05 doc IMGREV by=NP", "held ORD-03"),
        ("10-05 doc IMGREV session=OTHER", "held ORD-03"),
        ("", "held ORD-03"),
    ] {
        let told = format!("{base}{review}\n");
        expect(&told, Hospital, &format!("10-05 77387-26 professional {state}"));
    }
    let untreated = planned("10-05 IGRT-CBCT P1 at=1010\n10-05 doc IMGREV\n");
    expect(&untreated, Hospital, "10-05 77387-26 professional rejected SEQ-05");
}

#[test]
fn reading_10_motion_records() {
    let base = "10-02 PLAN-3D P1\n10-05 TX-3D-GATED P1 at=1015\n";
    for (record, state) in [
        ("", "held DEL-06"),
        ("10-05 doc MOTION P1", "ready"),
        ("10-02 doc MOTION P1", "ready"),
        ("10-06 doc MOTION P1", "held DEL-06"),
        ("10-02 doc MOTION P2", "held DEL-06"),
    ] {
        let told = format!("{base}{record}\n");
        expect(&told, Hospital, &format!("10-05 77412 facility {state}"));
        expect(&told, Freestanding, &format!("10-05 77412 global {state}"));
    }
    expect(
        "10-02 PLAN-3D P1\n10-05 TX-3D-2ISO P1 at=1015\n",
        Hospital,
        "10-05 77412 facility ready",
    );
}

#[test]
fn reading_12_and_26_people() {
    let told = planned("").replace("10-02 PLAN-ISO-S P1", "10-02 PLAN-ISO-S P1 orderer=none");
    expect(
        &told,
        Hospital,
        "10-02 77306 facility held ORD-01\n10-02 77306-26 professional held ORD-01 ORD-02",
    );
    let nurse = "10-01 FOLLOWUP code=99213 by=NP dx=C61\n";
    expect(nurse, Hospital, "10-01 99213 professional ready\n10-01 G0463 facility ready");
}

#[test]
fn reading_13_diagnoses() {
    for (dx, state) in [
        ("Z51.0,C61", "ready"),
        ("C61,Z51.0", "held DX-02"),
        ("C61", "held DX-02"),
        ("Z51.0", "rejected DX-06"),
        ("none", "rejected DX-01"),
        ("Z510,c61", "ready"),
        ("Z51.0,I10", "held DX-01"),
    ] {
        let told = planned(&format!("10-05 TX-2D P1 at=1015 dx={dx}\n"));
        expect(&told, Hospital, &format!("10-05 77402 facility {state}"));
    }
}

#[test]
fn reading_14_inpatients() {
    let told = "10-01 INPT-INITIAL code=99222 class=I\n10-02 PLAN-ISO-S P1 class=I\n";
    expect(
        told,
        Hospital,
        "10-01 99222 professional ready
         10-02 77306 facility suppressed COMP-08
         10-02 77306-26 professional ready",
    );
    expect("10-01 CONSULT code=99205 class=I\n", Hospital, "10-01 99205 professional ready");
    let came = crate::support::clinic::lines("10-01 CONSULT code=99205 class=I\n", Hospital);
    assert_eq!(came.len(), 1, "{came:?}");
}

#[test]
fn reading_15_before_2026() {
    for (dx, code) in
        [("Z51.0,C61", "77385"), ("Z51.0,C50.412", "77385"), ("Z51.0,C34.11", "77386")]
    {
        let told =
            format!("2025-12-01 PLAN-IMRT P1 dx=C61\n2025-12-10 TX-VMAT P1 at=1015 dx={dx}\n");
        expect(&told, Hospital, &format!("12-10 {code} facility ready"));
        expect(&told, Freestanding, "12-10 G6015 global ready");
    }
    let told = "2025-12-01 PLAN-3D P1\n2025-12-10 TX-3D P1 at=1015\n";
    expect(told, Hospital, "12-10 none facility held FACT-01");
    let told = "2025-12-01 AS-CODED code=77407\n";
    let came = crate::support::clinic::lines(told, Hospital);
    assert_eq!(came.len(), 1);
    let told = "01-05 AS-CODED P1 code=77386 dx=Z51.0,C61\n";
    let came = crate::support::clinic::lines(told, Hospital);
    assert!(came[0].contains("rejected") && came[0].contains("DATE-01"), "{came:?}");
}

#[test]
fn reading_16_charge_and_credit_cancel_in_any_order() {
    let told =
        planned("10-06 credit of=X1\n10-05 TX-2D P1 at=1015 id=X1\n10-06 TX-2D P1 at=1015 id=X2\n");
    expect(&told, Hospital, "10-06 77402 facility ready");
    let came = crate::support::clinic::lines(&told, Hospital);
    assert!(!came.iter().any(|line| line.contains("none")), "{came:?}");
}

#[test]
fn reading_18_sixth_stereotactic_and_second_modulated_plan() {
    let mut told = "10-02 PLAN-3D P1\n".to_owned();
    for day in 5..10 {
        told.push_str(&format!("10-{day:02} TX-SBRT P1 at=1000 fx={}/5\n", day - 4));
    }
    expect(&told, Hospital, "10-09 77435 professional ready");
    told.push_str("10-12 TX-SBRT P1 at=1000\n");
    expect(
        &told,
        Hospital,
        "10-09 77373 facility held FREQ-19
        10-05 77373 facility held FREQ-19
        10-06 77373 facility held FREQ-19
        10-07 77373 facility held FREQ-19
        10-08 77373 facility held FREQ-19
        10-12 77373 facility held FREQ-19
        10-12 77435 professional held FREQ-19",
    );
    let plans = "10-01 PLAN-IMRT P1\n10-01 MLC-IMRT P1\n10-12 PLAN-IMRT P2\n10-12 MLC-IMRT P2\n";
    let second = |state: &str| {
        format!(
            "
        10-01 77301 facility ready
        10-01 77301-26 professional ready
        10-12 77301 facility {state}
        10-12 77301-26 professional {state}
        10-01 77338 facility ready
        10-01 77338-26 professional ready
        10-12 77338 facility {state}
        10-12 77338-26 professional {state}"
        )
    };
    expect(plans, Hospital, &second("held FREQ-12"));
    expect(&format!("{plans}10-11 doc REPLAN"), Hospital, &second("ready"));
}

#[test]
fn reading_18_follow_up_visits() {
    let course = planned(&fractions(5, 5)) + "10-09 doc EOT\n";
    for (visit, state) in [
        ("10-12 FOLLOWUP code=99213 dx=C61", "12 99213 professional rejected EM-03"),
        ("10-07 FOLLOWUP code=99213 mods=25 dx=C61", "07 99213-25 professional rejected EM-02"),
        ("10-07 FOLLOWUP code=99213 mods=25 dx=E11.9", "07 99213-25 professional held EM-02"),
        ("10-12 FOLLOWUP code=99213 dx=E11.9", "12 99213 professional ready"),
    ] {
        expect(&format!("{course}{visit}\n"), Hospital, &format!("10-{state}"));
    }
    let late = format!("{course}2027-01-07 FOLLOWUP code=99213 dx=C61\n");
    expect(&late, Hospital, "01-07 99213 professional rejected EM-03");
    let later = format!("{course}2027-01-08 FOLLOWUP code=99213 dx=C61\n");
    expect(&later, Hospital, "01-08 99213 professional ready");
}

#[test]
fn reading_19_a_motion_study_moves_to_its_plan() {
    let told = "10-01 SIM-4D\n10-05 PLAN-3D P1\n";
    expect(told, Hospital, "10-05 77293 facility ready\n10-05 77293-26 professional ready");
    let told = "10-01 SIM-4D\n10-05 PLAN-ISO-C P1\n";
    expect(
        told,
        Hospital,
        "10-01 77293 facility rejected FREQ-23\n10-01 77293-26 professional rejected FREQ-23",
    );
    let told = "10-01 SIM-4D\n";
    expect(
        told,
        Hospital,
        "10-01 77293 facility held FREQ-23\n10-01 77293-26 professional held FREQ-23",
    );
}

#[test]
fn reading_20_a_simulation_waits() {
    let seen = "10-01 doc SIMNOTE\n10-01 SIM-COMPLEX\n";
    expect(
        seen,
        Hospital,
        "10-01 77290 facility held WAIT-01\n10-01 77290-26 professional held WAIT-01",
    );
    let isodose = format!("{seen}10-05 PLAN-ISO-C P1\n");
    expect(&isodose, Hospital, "10-01 77290 facility ready\n10-01 77290-26 professional ready");
    let modulated = format!("{seen}10-05 PLAN-VMAT P1\n");
    expect(
        &modulated,
        Hospital,
        "10-01 77290 facility rejected IMRT-01\n10-01 77290-26 professional rejected IMRT-01",
    );
    let after = format!(
        "{modulated}10-12 TX-VMAT P1 at=1000\n10-13 TX-VMAT P1 at=1000\n10-13 doc SIMNOTE\n10-13 SIM-VERIFY\n"
    );
    expect(
        &after,
        Hospital,
        "10-13 77280 facility rejected IMRT-02\n10-13 77280-26 professional rejected IMRT-02",
    );
}

#[test]
fn reading_21_surface_fractions_count_for_nothing() {
    let mut told = "10-01 PLAN-SURFACE P1 dx=C44.311\n".to_owned();
    for day in 5..10 {
        told.push_str(&format!("10-{day:02} TX-SURFACE-LOW P1 at=1000 dx=Z51.0,C44.311\n"));
    }
    told.push_str("10-09 PHYS-WEEKLY P1 dx=C44.311\n10-10 doc EOT\n");
    expect(
        &told,
        Hospital,
        "10-09 77336 facility held FREQ-08\n10-01 77436 facility ready\n10-01 77436-26 professional ready",
    );
    let came = crate::support::clinic::lines(&told, Hospital);
    assert!(
        !came.iter().any(|line| line.contains(" 77427") || line.contains(" 77431")),
        "{came:?}"
    );
}

#[test]
fn reading_22_seeds() {
    let told = "
        10-02 PLAN-BRACHY-C P1
        10-05 TX-LDR-SEEDS P1 at=1000 by=MD
        10-05 SOURCE-I125-STRAND P1 qty=80
    ";
    expect(
        told,
        Hospital,
        "10-05 77778 facility ready
         10-05 77778-26 professional ready
         10-05 C2638 x80 facility ready",
    );
    expect(told, Freestanding, "10-05 77778 global ready\n10-05 Q3001 x80 global ready");
}

#[test]
fn reading_25_and_30_ahead_and_empty_credits() {
    let told = planned("10-06 TX-2D P1 at=1015 posted=10-05\n");
    expect(&told, Hospital, "10-06 77402 facility held AHEAD-01");
    expect("10-06 credit of=NOTHING qty=3\n", Hospital, "10-06 none x3 none held CRED-01");
}

#[test]
fn reading_6_what_names_no_session_is_placed_by_its_time() {
    let told =
        planned("10-05 TX-2D P1 at=1010 session=none\n10-05 TX-ELECTRON P1 at=1015 session=S1\n");
    expect(&told, Hospital, "10-05 77412 facility ready");
    let told = planned(
        "10-05 AS-CODED P1 code=77402 at=1015 session=none dx=Z51.0,C61\n10-05 TX-2D P1 at=1015 session=S1\n",
    );
    expect(&told, Hospital, "10-05 77402 facility ready\n10-05 77402 facility rejected DEL-07");
    let told =
        planned("10-05 TX-2D P1 at=0800 session=none\n10-05 TX-2D P1 at=1500 session=none\n");
    expect(&told, Hospital, "10-05 77402 facility ready\n10-05 77402-76 facility ready");
}

#[test]
fn reading_17_a_silent_course_is_closed_when_the_next_begins() {
    let treated = |month: u32| -> String {
        let day = |n: u32| format!("2026-{month:02}-{:02} TX-2D P{month} at=1015 course=\n", n + 5);
        format!("2026-{month:02}-02 PLAN-ISO-S P{month} course=\n")
            + &(0..3).map(day).collect::<String>()
            + &format!("2026-{month:02}-06 doc OTV course=\n")
    };
    // Three fractions earn a unit once the course is closed, which nothing says yet.
    expect_none(&treated(3), "77427");
    // Within sixty days it is still the same course; after more it is another, and the first is over.
    let told = treated(3) + &treated(6);
    expect(&told, Hospital, "03-07 77427 professional ready");
}

fn expect_none(told: &str, code: &str) {
    let lines = crate::support::clinic::lines(told, Hospital);
    assert!(!lines.iter().any(|line| line.contains(code)), "{lines:?}");
}
