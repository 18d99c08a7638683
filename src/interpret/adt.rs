//! ADT: who a person is, and whose numbers are whose.

use crate::domain::{Identifier, Link, Refusal};
use crate::wire::hl7::MERGE_EVENTS;

use super::opened::Opened;
use super::{Reader, Told, accounts, finding, person};

pub(super) const READER: Reader = Reader {
    kind: "ADT",
    says: "Who a person is; that one number means another (merge), or no longer does (unlink); that \
           an account is another, or another person's.",
    uses: &["MSH", "EVN", "PID", "PV1", "IN1", "MRG"],
    read,
};

/// The event that says of two people that they are two.
const UNLINK: &str = "A37";

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    for part in opened.persons() {
        told.people.push(person::person(opened, &part)?);
    }
    if MERGE_EVENTS.contains(&opened.event) {
        told.links = merges(opened)?;
    }
    let (moves, notes) = accounts::moves(opened);
    told.links.extend(moves);
    told.notes.extend(notes);
    if opened.event == UNLINK {
        told.links = vec![split(told)?];
    }
    Ok(())
}

/// Each MRG gives up its number for that of the PID before it.
fn merges(opened: &Opened<'_>) -> Result<Vec<Link>, Refusal> {
    let mut links = Vec::new();
    let mut survivor: Option<Identifier> = None;
    for segment in opened.message.segments() {
        if segment.name() == "PID" {
            survivor = person::identifier(segment.field(3));
        }
        if segment.name() == "MRG" {
            let refuse = |text| finding::error(101, "MRG", segment.occurrence(), 1, text);
            let survivor =
                survivor.clone().ok_or_else(|| refuse("the number that goes on is missing"))?;
            let old = person::identifier(segment.field(1))
                .ok_or_else(|| refuse("the number that is given up is missing"))?;
            let old = person::with_authority(old, &survivor);
            links.push(Link::Merge { survivor, old });
        }
    }
    Ok(links)
}

fn split(told: &Told) -> Result<Link, Refusal> {
    match told.people.as_slice() {
        [one, other] => {
            Ok(Link::Split { one: one.identifier.clone(), other: other.identifier.clone() })
        }
        _ => Err(finding::error(101, "PID", 2, 3, "an unlink names two patients")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::samples::{PID, PV1, one, refused, told};

    #[test]
    fn what_is_known_to_be_none_is_told_of_a_person() {
        let pid = "PID|1||5^^^X^MR||\"\"||\"\"|\"\"||||||||||\"\"";
        let person = one(&told("ADT^A08", &[pid])).registration.clone();
        assert_eq!(
            (person.account.as_deref(), person.sex.as_deref(), person.payer),
            (Some(""), Some(""), None)
        );
        assert!(person.name.unwrap().open_for_person().is_empty() && person.registered);
        let silent = one(&told("ADT^A08", &["PID|1||5^^^X^MR"])).registration.clone();
        assert!(silent.name.is_none() && silent.account.is_none() && silent.birth_date.is_none());
    }

    #[test]
    fn a_billing_account_is_registered_by_bar_too() {
        let bar = told("BAR^P01", &[PID, PV1]);
        assert!(one(&bar).registration.registered && bar.ignored.is_none());
        assert_eq!(one(&bar).registration.account.as_deref(), Some("A4410101"));
        let ended = told("BAR^P06", &[PID, PV1]);
        assert!(!one(&ended).registration.registered && ended.ignored.is_some());
    }

    #[test]
    fn registration_links_and_unlinks_numbers() {
        let update = told("ADT^A08^ADT_A01", &["EVN|A08", PID, PV1]);
        assert!(update.links.is_empty() && one(&update).registration.registered);
        assert_eq!(one(&update).registration.account.as_deref(), Some("A4410101"));
        for event in ["A18", "A30", "A34", "A36", "A40", "A47"] {
            let merge = told(&format!("ADT^{event}"), &["PID|1||2^^^X^MR", "MRG|1"]);
            let [Link::Merge { survivor, old }] = &merge.links[..] else { panic!("{event}") };
            assert_eq!(
                (survivor.number.as_str(), old.number.as_str(), old.authority.as_str()),
                ("2", "1", "X")
            );
        }
        let split = told("ADT^A37", &["PID|1||1^^^X^MR", PV1, "PID|2||2^^^X^MR", PV1]);
        let [Link::Split { one, other }] = &split.links[..] else { panic!("no split") };
        assert_eq!((one.number.as_str(), other.number.as_str(), split.people.len()), ("1", "2", 2));
        assert_eq!(refused("ADT^A37", &["PID|1||1^^^X^MR"]), "AE 101 PID[2]-3");
        assert_eq!(refused("ADT^A40", &["PID|1||1^^^X^MR", "MRG|1^^^X^MR"]), "AE 205 MRG-1");
    }
}
