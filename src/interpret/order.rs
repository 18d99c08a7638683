//! Orders (ORM, OMG, OML, OMI): who ordered what, and whether that stands.

use std::sync::Arc;

use crate::domain::{Fact, Order, OrderStanding, Refusal, Standing};
use crate::mappings::source::{OrderSpots, Spelling};

use super::document::{self, Outline, Places};
use super::opened::{Opened, Part};
use super::{Note, Reader, Told, clinician, finding, person};

const SAYS: &str = "Each ORC, with its OBR, is an order: who ordered it, by which numbers charges name \
                    it, and whether it stands; what the profile says is evidence too.";

const USES: &[&str] = &["MSH", "EVN", "PID", "PV1", "IN1", "ORC", "OBR", "ZRT"];

pub(super) const ORM: Reader = Reader { kind: "ORM", says: SAYS, uses: USES, read };
pub(super) const OMG: Reader = Reader { kind: "OMG", says: SAYS, uses: USES, read };
pub(super) const OML: Reader = Reader { kind: "OML", says: SAYS, uses: USES, read };
pub(super) const OMI: Reader = Reader { kind: "OMI", says: SAYS, uses: USES, read };

/// What stands before the number of an order that is a document too: orders are numbered beside
/// the documents of the source.
const ORDER: &str = "order ";

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    for part in opened.persons() {
        let Ok(mut person) = person::person(opened, &part) else {
            continue;
        };
        for group in orders(&part) {
            match order(opened, (&part, &group)) {
                Some(order) => {
                    person.facts.extend(evidence(opened, (&part, &group), &order)?);
                    person.facts.push(Fact::Order(Arc::new(order)));
                }
                None => told.notes.push(Note {
                    place: finding::place(&group, &spots(opened).control),
                    words: "the order has no number: nothing can name it; kept, not used".into(),
                }),
            }
        }
        told.people.push(person);
    }
    if told.people.iter().all(|person| person.facts.is_empty()) {
        told.ignored = Some("no order of a patient is told by its number".into());
    }
    Ok(())
}

fn spots<'a>(opened: &Opened<'a>) -> &'a OrderSpots {
    &opened.reading.profile.order
}

/// An order begins with its ORC; old senders leave it out, and it begins with its OBR.
fn orders<'m>(part: &Part<'m>) -> Vec<Part<'m>> {
    let orders = part.groups("ORC");
    if orders.is_empty() { part.groups("OBR") } else { orders }
}

fn order(opened: &Opened<'_>, (part, group): (&Part<'_>, &Part<'_>)) -> Option<Order> {
    let (profile, spots) = (opened.reading.profile, spots(opened));
    let (placer, filler) = (group.first_code(&spots.placer), group.first_code(&spots.filler));
    (placer.is_some() || filler.is_some()).then(|| Order {
        system: opened.reading.system.to_owned(),
        placer,
        filler,
        orderer: group.first(&spots.orderer, |value| clinician::clinician(value, profile)),
        name: group.first_code(&spots.name),
        standing: standing(spots, group),
        account: part.code(&profile.person.account),
        posted: opened.made,
        message: opened.reading.message,
    })
}

fn standing(spots: &OrderSpots, group: &Part<'_>) -> OrderStanding {
    let says = |spot| Spelling::is(&spots.canceled, &group.at(spot).code());
    match says(&spots.control) || says(&spots.status) {
        true => OrderStanding::Canceled,
        false => OrderStanding::InForce,
    }
}

/// What an order proves by its code: a document like any other, withdrawn with the order.
fn evidence(
    opened: &Opened<'_>,
    (part, group): (&Part<'_>, &Part<'_>),
    order: &Order,
) -> Result<Option<Fact>, Refusal> {
    let spots = spots(opened);
    let known = order.name.as_ref().and_then(|name| opened.reading.profile.evidence(name));
    let Some(kind) = known else { return Ok(None) };
    let standing = match order.standing {
        OrderStanding::Canceled => Standing::Withdrawn,
        OrderStanding::InForce if order.orderer.is_some() => Standing::InForce,
        OrderStanding::InForce => Standing::Unsigned,
    };
    let number = if order.placer.is_some() { &spots.placer } else { &spots.filler };
    let places = Places { number, moment: &spots.moment, author: &spots.orderer };
    let account = part.code(&opened.reading.profile.person.account);
    let outline = Outline { prefix: ORDER, kind, standing, account };
    let document = document::document(opened, group, places, outline)?;
    Ok(Some(Fact::Document(Arc::new(document))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DocumentKind;
    use crate::interpret::Told;
    use crate::interpret::samples::{ARIA, PID, documents, headed, one, told, told_by};
    use crate::table::rows;

    const BY: &str = "1999000510^Tolliver^Maud^^^^MD";

    fn all(told: &Told) -> Vec<&Order> {
        let facts = told.people.iter().flat_map(|person| &person.facts);
        facts
            .filter_map(|fact| if let Fact::Order(it) = fact { Some(it.as_ref()) } else { None })
            .collect()
    }

    #[test]
    fn an_order_stands_as_control_and_status_say() {
        for row in rows(
            "
            | kind    | control | status | is       |
            | ORM^O01 | NW      |        | InForce  |
            | ORM^O01 | XO      | IP     | InForce  |
            | OMG^O19 | SC      | CM     | InForce  |
            | OML^O21 | NW      |        | InForce  |
            | OMI^O23 | NW      |        | InForce  |
            | ORM^O01 | UC      |        | InForce  |
            | ORM^O01 | CA      |        | Canceled |
            | ORM^O01 | cr      |        | Canceled |
            | ORM^O01 | DC      |        | Canceled |
            | ORM^O01 | OC      |        | Canceled |
            | OMG^O19 | SC      | CA     | Canceled |
            | OMG^O19 | SC      | DC     | Canceled |
            | ORM^O01 | RP      |        | Canceled |
            ",
        ) {
            let orc = format!("ORC|{}|P7^EHR|F7^RO||{}|||||||{BY}", row["control"], row["status"]);
            let told = told(&row["kind"], &[PID, &orc, "OBR|1|P8|F8|CBCT^Cone beam^L", "NTE|1"]);
            let order = all(&told)[0];
            assert_eq!(format!("{:?}", order.standing), row["is"], "{row}");
            assert_eq!(
                (order.placer.as_deref(), order.filler.as_deref(), order.name.as_deref()),
                (Some("P7"), Some("F7"), Some("CBCT"))
            );
            assert!(order.orderer.as_ref().unwrap().is_physician() && told.ignored.is_none());
            assert_eq!(
                (told.kept.as_slice(), order.account.as_deref()),
                (&["NTE".to_owned()][..], Some("A4410101"))
            );
        }
    }

    #[test]
    fn numbers_and_orderer_are_those_of_orc_else_of_obr() {
        let obr = format!("OBR|1|P8|F8|SIM|||20261001|||||||||{BY}");
        let told = told("ORM^O01", &[PID, "ORC|NW", &obr, "ORC|NW|P9", "OBR|1", "ORC|NW"]);
        let orders = all(&told);
        let numbers =
            |it: &Order| (it.placer.clone().unwrap(), it.filler.clone(), it.orderer.is_some());
        assert_eq!(numbers(orders[0]), ("P8".into(), Some("F8".into()), true));
        assert_eq!(numbers(orders[1]), ("P9".into(), None, false));
        assert_eq!((orders.len(), told.notes.len()), (2, 1), "one has no number");
        let old = super::super::samples::told("ORM^O01", &[PID, &obr]);
        assert_eq!(numbers(all(&old)[0]).0, "P8", "without ORC an order begins with its OBR");
    }

    #[test]
    fn an_order_without_a_number_or_a_patient_is_kept() {
        let none = told("ORM^O01", &[PID, "ORC|NW"]);
        assert!(none.ignored.is_some() && one(&none).facts.is_empty());
        assert_eq!(none.kept, ["ORC"]);
        assert!(told("ORM^O01", &["ORC|NW|P7"]).people.is_empty());
    }

    #[test]
    fn an_order_is_evidence_where_the_profile_says_so() {
        let profile = format!("{ARIA}\n[orders]\nPHYSCONS = \"physics-request\"\n");
        for row in rows(
            "
            | control | by | day      | is         |
            | NW      | y  | 20261002 | InForce    |
            | NW      | n  | 20261002 | Unsigned   |
            | CA      | y  | 20261002 | Withdrawn  |
            | NW      | y  |          | AE 101 ORC-9 |
            ",
        ) {
            let by = if row["by"] == "y" { BY } else { "" };
            let orc = format!("ORC|{}|P7|||||||{}|||{by}", row["control"], row["day"]);
            let text = headed("ORM^O01", &[PID, &orc, "OBR|1|P7||PHYSCONS", "ZRT|C1"]);
            let is = match told_by(&profile, text.as_bytes()) {
                Err(refusal) => {
                    let place = refusal.reason.place.unwrap_or_default();
                    format!("{} {} {place}", refusal.answer.as_str(), refusal.reason.code)
                }
                Ok(told) => {
                    let document = documents(&told)[0];
                    let key = (document.key.number.as_str(), document.kind);
                    assert_eq!(key, ("order P7", DocumentKind::PhysicsRequest));
                    assert_eq!(document.course.as_deref(), Some("C1"));
                    format!("{:?}", document.standing)
                }
            };
            assert_eq!(is, row["is"], "{row}");
            assert!(documents(&told("ORM^O01", &[PID, &orc, "OBR|1|P7||PHYSCONS"])).is_empty());
        }
    }
}
