//! Rules of pairs, visits, sources and papers, each on both sides of its figures.

use collimator::domain::Setting::{Freestanding, Hospital};

use crate::support::clinic::{expect, fractions, planned, warned};

#[test]
fn em_01_a_visit_beside_other_work_bears_25() {
    let told = planned("10-01 CONSULT code=99205\n");
    expect(&told, Hospital, "10-01 99205 professional held EM-01\n10-01 G0463 facility held EM-01");
    let told = planned("10-01 CONSULT code=99205 mods=25\n");
    expect(&told, Hospital, "10-01 99205-25 professional ready\n10-01 G0463-25 facility ready");
    let told = "10-01 CONSULT code=99244\n";
    expect(told, Hospital, "10-01 99244 professional held EM-05\n10-01 G0463 facility held EM-05");
    let told = "10-01 FOLLOWUP code=99213\n10-01 VISIT-ONGOING\n";
    expect(told, Hospital, "10-01 G2211 professional ready");
    let told = "10-01 FOLLOWUP code=99213 mods=25\n10-01 VISIT-ONGOING\n";
    expect(told, Hospital, "10-01 G2211 professional held EM-06");
}

#[test]
fn section_e_pairs_by_claim() {
    let told = "10-02 PLAN-ISO-C P1\n10-02 CALC P1 qty=2\n";
    expect(
        told,
        Hospital,
        "10-02 77300 x2 facility rejected PTP-01\n10-02 77300-26 x2 professional rejected PTP-01",
    );
    let told = "10-02 PLAN-3D P1\n10-02 PLAN-ISO-C P2\n";
    expect(
        told,
        Hospital,
        "10-02 77307 facility held PTP-02\n10-02 77307-26 professional held PTP-02",
    );
    let told = "10-02 PLAN-3D P1\n10-02 PLAN-ISO-C P2 mods=59\n";
    expect(told, Hospital, "10-02 77307-59 facility ready\n10-02 77307-26-59 professional ready");
    let told = "10-02 PLAN-3D P1\n10-02 CALC P1 qty=12\n";
    expect(
        told,
        Hospital,
        "10-02 77300 x12 facility held UNIT-01\n10-02 77300-26 x12 professional held UNIT-01",
    );
}

#[test]
fn brachytherapy() {
    let told = "
        10-02 PLAN-BRACHY-I H1
        10-02 TX-HDR-MULTI H1 at=1500
        10-02 SOURCE-HANDLING H1
        10-02 PHYS-WEEKLY H1
        10-09 PLAN-BRACHY-I H1
        10-09 TX-HDR-MULTI H1 at=1500
        10-12 PHYS-WEEKLY H1
    ";
    expect(
        told,
        Hospital,
        "10-02 77771 facility ready
         10-09 77771 facility ready
         10-02 77771-26 professional ready
         10-09 77771-26 professional ready
         10-02 C1717 facility ready
         10-09 C1717 facility ready
         10-02 77790 facility rejected PTP-01
         10-02 77317 facility ready
         10-02 77317-26 professional ready
         10-09 77317 facility rejected BRA-04
         10-09 77317-26 professional rejected BRA-04
         10-02 77336 facility held BRA-03 PTP-02
         10-12 77336 facility rejected BRA-03",
    );
}

#[test]
fn papers_of_special_work() {
    let told = "10-01 PHYS-CONSULT\n10-02 SPECIAL-TX\n";
    expect(
        told,
        Hospital,
        "10-01 77370 facility held ORD-04
         10-02 77470 facility held FREQ-18
         10-02 77470-26 professional held FREQ-18",
    );
    let told = format!("{told}10-03 doc PHYSREQ\n10-03 doc PHYSREP\n10-03 doc SPECIAL\n");
    expect(
        &told,
        Hospital,
        "10-01 77370 facility ready
         10-02 77470 facility ready
         10-02 77470-26 professional ready",
    );
    let twice = format!("{told}10-06 PHYS-CONSULT\n10-06 SPECIAL-TX\n");
    expect(
        &twice,
        Hospital,
        "10-01 77370 facility ready
         10-02 77470 facility ready
         10-02 77470-26 professional ready
         10-06 77370 facility rejected FREQ-17
         10-06 77470 facility rejected FREQ-18
         10-06 77470-26 professional rejected FREQ-18",
    );
}

#[test]
fn portal_images_by_setting() {
    let told = planned(&fractions(5, 5)) + "10-05 PORTAL P1\n";
    expect(&told, Hospital, "10-05 77417 facility ready");
    expect(&told, Freestanding, "10-05 77417 global suppressed FREQ-16");
}

#[test]
fn a_fraction_needs_its_plan() {
    expect("10-05 TX-2D P1 at=1015\n", Hospital, "10-05 77402 facility held SEQ-02");
    expect("10-05 PLAN-ISO-S P1\n10-05 TX-2D P1 at=1015\n", Hospital, "10-05 77402 facility ready");
    expect(
        "10-06 PLAN-ISO-S P1\n10-05 TX-2D P1 at=1015\n",
        Hospital,
        "10-05 77402 facility held SEQ-02",
    );
    expect(
        "10-02 PLAN-ISO-S P2\n10-05 TX-2D P1 at=1015\n",
        Hospital,
        "10-05 77402 facility held SEQ-02",
    );
}

#[test]
fn seq_02_what_begins_in_haste_is_warned_of() {
    let same_day = "10-05 PLAN-ISO-S P1\n10-05 TX-2D P1 at=1015\n10-06 TX-2D P1 at=1015\n";
    expect(same_day, Hospital, "10-05 77402 facility ready\n10-06 77402 facility ready");
    assert_eq!(warned(same_day, Hospital), ["10-05 77402 SEQ-02"]);
    let saturday = "10-02 PLAN-ISO-S P1\n10-03 TX-2D P1 at=1015\n10-05 TX-2D P1 at=1015\n";
    assert_eq!(warned(saturday, Hospital), ["10-03 77402 SEQ-02"]);
    let planned = "10-02 PLAN-ISO-S P1\n10-05 TX-2D P1 at=1015\n";
    assert_eq!(warned(planned, Hospital), [""; 0]);
    let seen_again = "10-05 PLAN-3D P1\n10-05 TX-SRS-LINAC P1 at=1015\n";
    assert_eq!(warned(seen_again, Hospital), [""; 0]);
}

#[test]
fn what_contradicts_the_course() {
    let course = planned(&fractions(5, 5)) + "10-09 doc EOT\n";
    let after = |what: &str| format!("{course}{what}\n");
    expect(
        &after("10-10 SIM-SIMPLE\n10-10 doc SIMNOTE"),
        Hospital,
        "10-01 77280 facility ready
         10-01 77280-26 professional ready
         10-10 77280 facility held ENDED-01
         10-10 77280-26 professional held ENDED-01",
    );
    expect(
        &after("10-09 SIM-SIMPLE\n10-09 doc SIMNOTE"),
        Hospital,
        "10-01 77280 facility ready
         10-01 77280-26 professional ready
         10-09 77280 facility ready
         10-09 77280-26 professional ready",
    );
    expect(&after("10-16 PHYS-WEEKLY P1"), Hospital, "10-16 77336 facility ready");
    expect(&after("10-17 PHYS-WEEKLY P1"), Hospital, "10-17 77336 facility held ENDED-01");
    // Treatment that goes on opens the course again.
    let resumed = after("10-12 SIM-SIMPLE\n10-12 doc SIMNOTE\n10-13 TX-2D P1 at=1015 fx=6/6");
    expect(
        &resumed,
        Hospital,
        "10-01 77280 facility ready
         10-01 77280-26 professional ready
         10-12 77280 facility ready
         10-12 77280-26 professional ready",
    );
    let numbers = planned(
        "10-05 TX-2D P1 at=1015 fx=1/2\n10-06 TX-2D P1 at=1015 fx=1/2\n10-07 TX-2D P1 at=1015 fx=3/2\n",
    );
    expect(
        &numbers,
        Hospital,
        "10-05 77402 facility ready
         10-06 77402 facility ready
         10-07 77402 facility held SEQ-04",
    );
    assert_eq!(warned(&numbers, Hospital), ["10-06 77402 SEQ-04"]);
}

#[test]
fn dx_05_the_side_of_the_plan() {
    for (planned, treated, state) in [
        ("C50.912", "C50.912", "ready"),
        ("C50.912", "C50.911", "held DX-05"),
        ("C50.412", "C50.911", "held DX-05"),
        ("C50.912,C50.911", "C50.911", "ready"),
        ("C50.919", "C50.911", "ready"),
        ("C34.12", "C34.11", "held DX-05"),
        ("C61", "C61", "ready"),
    ] {
        let told =
            format!("10-02 PLAN-3D P1 dx={planned}\n10-05 TX-3D P1 at=1015 dx=Z51.0,{treated}\n");
        expect(&told, Hospital, &format!("10-05 77407 facility {state}"));
    }
}

#[test]
fn date_09_an_authorization_covers_the_code() {
    let treated = planned("10-05 TX-2D P1 at=1015\n");
    let with = |codes: &str| format!("{treated}10-01 doc AUTH codes={codes}\n");
    expect(&with("77402"), Hospital, "10-05 77402 facility ready");
    expect(&with("77386"), Hospital, "10-05 77402 facility held DATE-09");
    expect(&with("77386,77402"), Hospital, "10-05 77402 facility ready");
    // It speaks of its own step of care.
    expect(
        &with("77386"),
        Hospital,
        "10-02 77306 facility ready\n10-02 77306-26 professional ready",
    );
    let unsigned = format!("{treated}10-01 doc AUTH codes=77386 status=IP\n");
    expect(&unsigned, Hospital, "10-05 77402 facility ready");
}

#[test]
fn who_01_who_did_the_work() {
    let visit = |words: &str| format!("10-01 CONSULT code=99205 {words}\n");
    for (words, code, state) in [
        ("by=NP", "99205", "ready"),
        ("by=RT", "99205", "held ORD-02"),
        ("by=MD mods=FS", "99205-FS", "ready"),
        ("by=MD mods=GC", "99205-GC", "ready"),
        ("by=NP mods=GC", "99205-GC", "held WHO-01"),
        ("by=MD mods=Q6", "99205-Q6", "ready"),
        ("by=MD mods=Q5,Q6", "99205-Q5-Q6", "held WHO-01"),
    ] {
        expect(&visit(words), Hospital, &format!("10-01 {code} professional {state}"));
    }
    expect(&visit("by=MD mods=FS"), Freestanding, "10-01 99205-FS global held WHO-01");
    let shared = planned("10-05 TX-2D P1 at=1015 mods=FS\n");
    expect(&shared, Hospital, "10-05 77402-FS facility held WHO-01");
}

#[test]
fn codes_that_a_hospital_or_an_office_does_not_bill() {
    let robotic =
        "10-05 AS-CODED P1 code=G0339 at=1015 session=S1 dx=Z51.0,C61\n10-02 PLAN-3D P1\n";
    expect(robotic, Hospital, "10-05 G0339 facility rejected SRS-07");
    expect(robotic, Freestanding, "10-05 G0339 global ready");
    let electronic =
        "10-02 PLAN-BRACHY-S P1\n10-05 AS-CODED P1 code=0395T at=1015 session=S1\n10-05 CALC P1\n";
    expect(
        electronic,
        Hospital,
        "10-05 0395T facility ready
         10-05 0395T-26 professional ready
         10-05 77300 facility rejected PTP-01
         10-05 77300-26 professional rejected PTP-01",
    );
    assert_eq!(of_code(electronic, "C1717"), [""; 0]);
    let unsupervised = planned("10-05 TX-2D P1 at=1015 orderer=none\n");
    expect(&unsupervised, Freestanding, "10-05 77402 global held ORD-01 ORD-02 ORD-05");
    let several = "10-02 PLAN-3D P1 mods=51\n";
    expect(
        several,
        Hospital,
        "10-02 77295-51 facility held MOD-01\n10-02 77295-26-51 professional held MOD-01",
    );
}

#[test]
fn dos_01_a_coded_delivery_is_dated_the_session() {
    let told = planned(
        "10-05 TX-2D P1 at=1015 session=S1
         10-06 AS-CODED P1 code=77407 at=1015 session=S1 dx=Z51.0,C61",
    );
    expect(&told, Hospital, "10-05 77402 facility ready\n10-06 77407 facility held DATE-05 DOS-01");
}

#[test]
fn portal_images_are_bundled_from_2026_on() {
    let told = "2025-12-01 PORTAL P1\n";
    expect(told, Freestanding, "12-01 77417 global ready");
}

/// The lines of one code, whole.
fn of_code(told: &str, code: &str) -> Vec<String> {
    let mut lines = crate::support::clinic::lines(told, Hospital);
    lines.retain(|line| line.split(' ').nth(1) == Some(code));
    lines
}

#[test]
fn drug_01_a_drug_beside_its_administration() {
    let drug = "10-05 AS-CODED code=A9606 qty=84\n";
    expect(drug, Hospital, "10-05 A9606 x84 facility held DRUG-01");
    let given = format!("{drug}10-05 RX-IV\n");
    expect(
        &given,
        Hospital,
        "10-05 A9606 x84 facility ready
         10-05 79101 facility ready
         10-05 79101-26 professional ready",
    );
    let other_day = format!("{drug}10-06 RX-IV\n");
    expect(&other_day, Freestanding, "10-05 A9606 x84 global held DRUG-01");
}

#[test]
fn guidance_of_2025_is_named_by_its_method_in_a_freestanding_center() {
    let guided = |name: &str| {
        format!(
            "2025-11-03 PLAN-IMRT P1
             2025-11-04 TX-IMRT P1 at=1000
             2025-11-04 {name} P1 at=0955
             2025-11-04 doc IMGREV at=1100"
        )
    };
    for (name, code) in [("IGRT-CBCT", "77014"), ("IGRT-KV", "G6002"), ("IGRT-SURFACE", "G6017")] {
        expect(&guided(name), Freestanding, &format!("11-04 {code} global ready"));
    }
    expect(&guided("IGRT-MR"), Freestanding, "11-04 none global held FACT-01");
    expect("2025-11-04 SURFACE-US\n", Freestanding, "11-04 G6001 global ready");
}

#[test]
fn guidance_coded_by_a_code_of_yesterday_does_not_vanish_in_a_review() {
    let told = planned(
        "10-05 TX-2D P1 at=1015 session=S1
         10-05 AS-CODED P1 code=77387 mods=TC at=1014 session=none
         10-05 AS-CODED P1 code=77014 at=1013 session=none
         10-05 IGRT-KV P1 at=1012 session=S1
         10-05 doc IMGREV session=S1 at=1100",
    );
    expect(
        &told,
        Hospital,
        "10-05 77387-26 professional ready
         10-05 77387-TC professional rejected DATE-06
         10-05 77014 facility rejected DATE-01
         10-05 77014-26 professional rejected DATE-01",
    );
}
