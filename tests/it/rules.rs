//! Rules of pairs, visits, sources and papers, each on both sides of its figures.

use collimator::domain::Setting::{Freestanding, Hospital};

use crate::support::clinic::{expect, fractions, planned};

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
    expect(told, Hospital, "10-01 G2211 professional rejected EM-06");
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
