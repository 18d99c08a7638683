//! Accounts that are merged, numbered anew or moved to another person.
//!
//! An account is what stands where the source's profile says that the account stands: PID-18, or the
//! visit number (PV1-19), or the alternate visit number (PV1-50). Each has events and a field of MRG
//! of its own; what an event says of another number is no word about accounts.

use crate::domain::{AccountOf, Link, Place};

use super::opened::{Opened, Part};
use super::{Note, person};

/// Where accounts stand, the events that are about them, and where MRG names the one given up.
struct Way {
    segment: &'static str,
    field: u16,
    prior: u16,
    events: &'static [&'static str],
}

const WAYS: [Way; 3] = [
    Way { segment: "PID", field: 18, prior: 3, events: &["A35", "A36", "A41", "A44", "A49"] },
    Way { segment: "PV1", field: 19, prior: 5, events: &["A42", "A45", "A50"] },
    Way { segment: "PV1", field: 50, prior: 6, events: &["A51"] },
];

/// The event that moves an account from one person to another.
const TO_ANOTHER: &str = "A44";

/// The event that makes one of two people, and perhaps of two of their accounts.
const WITH_PEOPLE: &str = "A36";

/// What a message says about accounts, and what is to be known of it.
pub(super) fn moves(opened: &Opened<'_>) -> (Vec<Link>, Vec<Note>) {
    let (mut links, mut notes) = (Vec::new(), Vec::new());
    let told = WAYS.iter().find(|way| way.events.contains(&opened.event));
    let Some(way) = told else { return (links, notes) };
    let spot = &opened.reading.profile.person.account;
    let is_ours = spot.segment == way.segment && spot.field == way.field;
    for part in opened.persons() {
        for group in part.groups("MRG") {
            let occurrence = group.segment("MRG").map_or(1, |segment| segment.occurrence());
            let mut note = |field, words: &str| {
                let place = Place { segment: "MRG".to_owned(), occurrence, field };
                notes.push(Note { place, words: words.to_owned() });
            };
            if !is_ours {
                if opened.event != WITH_PEOPLE {
                    note(
                        way.prior,
                        &format!("not where this source's accounts stand ({spot}): kept, not used"),
                    );
                }
                continue;
            }
            match one(opened, way, (&part, &group)) {
                Ok(Some(link)) => {
                    links.push(link);
                    note(way.prior, STAYS);
                }
                Ok(None) => {}
                Err((field, words)) => note(field, words),
            }
        }
    }
    (links, notes)
}

const STAYS: &str = "an account was moved: charges and documents told on it follow; what names no \
                     account stays where it was told";

/// What one MRG says; nothing where it names no account and need not.
fn one(
    opened: &Opened<'_>,
    way: &Way,
    (part, group): (&Part<'_>, &Part<'_>),
) -> Result<Option<Link>, (u16, &'static str)> {
    let survivor = person::identifier(part.field("PID", 3))
        .ok_or((1, "whose account goes on is missing: nothing is moved"))?;
    let Some(given_up) = prior(group, way) else {
        return match opened.event {
            WITH_PEOPLE => Ok(None),
            _ => Err((way.prior, "the account that is given up is missing: nothing is moved")),
        };
    };
    let spot = &opened.reading.profile.person.account;
    let goes_on = group.code(spot).or_else(|| part.code(spot));
    let (giver, number) = if opened.event == TO_ANOTHER {
        let giver = person::identifier(group.field("MRG", 1))
            .ok_or((1, "whose the account was is missing: nothing is moved"))?;
        (person::with_authority(giver, &survivor), given_up.clone())
    } else {
        let words = "the account that goes on is missing: nothing is moved";
        (survivor.clone(), goes_on.ok_or((way.prior, words))?)
    };
    let from = AccountOf { whose: giver, number: given_up };
    let to = AccountOf { whose: survivor, number };
    if from == to {
        return match opened.event {
            WITH_PEOPLE => Ok(None),
            _ => Err((way.prior, "an account that stays what it is: nothing is moved")),
        };
    }
    let (told, message) = (opened.made, opened.reading.message);
    Ok(Some(Link::Move { from, to, told, message }))
}

fn prior(group: &Part<'_>, way: &Way) -> Option<String> {
    let number = group.field("MRG", way.prior).code().into_owned();
    (!number.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Identifier;
    use crate::interpret::samples::{ARIA, headed, told_by};
    use crate::table::rows;

    const ONE: &str = "PID|1||1^^^X^MR|||||||||||||||A1";
    const NONE: &str = "PID|1||1^^^X^MR";

    fn said(link: &Link) -> String {
        let account = |it: &AccountOf<Identifier>| format!("{}/{}", it.whose.number, it.number);
        match link {
            Link::Move { from, to, .. } => format!("{}>{}", account(from), account(to)),
            Link::Merge { survivor, old } => format!("{}={}", old.number, survivor.number),
            Link::Split { one, other } => format!("{}!{}", one.number, other.number),
        }
    }

    #[test]
    fn an_account_is_moved_as_the_event_and_the_profile_say() {
        for row in rows(
            "
            | account at | event | pid  | mrg                  | pv1 | moves        | words              |
            | PID.18     | A35   | one  | 1^^^X^MR!!A0         |     | 1/A0>1/A1    | was moved          |
            | PID.18     | A35   | one  | !!A0                 |     | 1/A0>1/A1    | was moved          |
            | PID.18     | A41   | one  | 1^^^X^MR!!A0^^^H&1   |     | 1/A0>1/A1    | was moved          |
            | PID.18     | A49   | one  | 1!!A0                |     | 1/A0>1/A1    | was moved          |
            | PID.18     | A35   | one  | 1!!A1                |     | -            | stays what it is   |
            | PID.18     | A35   | one  | 1                    |     | -            | given up is missing |
            | PID.18     | A35   | none | 1!!A0                |     | -            | goes on is missing |
            | PID.18     | A36   | one  | 2!!A0                |     | 2=1 1/A0>1/A1 | was moved         |
            | PID.18     | A36   | one  | 2                    |     | 2=1          | -                  |
            | PID.18     | A36   | none | 2!!A0                |     | 2=1          | goes on is missing |
            | PID.18     | A44   | one  | 2^^^X^MR!!A0         |     | 2/A0>1/A0    | was moved          |
            | PID.18     | A44   | none | 2!!A0                |     | 2/A0>1/A0    | was moved          |
            | PID.18     | A44   | one  | 1!!A0                |     | -            | stays what it is   |
            | PID.18     | A44   | one  | !!A0                 |     | -            | whose the account  |
            | PID.18     | A44   | one  | 2                    |     | -            | given up is missing |
            | PID.18     | A50   | one  | 1!!!!V0              | V1  | -            | (PID.18)           |
            | PID.18     | A45   | one  | 1!!A0!!V0            | V0  | -            | (PID.18)           |
            | PV1.19     | A50   | one  | 1!!!!V0              | V1  | 1/V0>1/V1    | was moved          |
            | PV1.19     | A45   | one  | 1!!A0!!V0            | V1  | 1/V0>1/V1    | was moved          |
            | PV1.19     | A45   | one  | 1!!A0!!V0            | V0  | -            | stays what it is   |
            | PV1.19     | A35   | one  | 1!!A0                | V1  | -            | (PV1.19)           |
            | PV1.50     | A51   | one  | 1!!!!!W0             | W1  | 1/W0>1/W1    | was moved          |
            | PID.18     | A08   | one  | 2!!A0                |     | -            | -                  |
            ",
        ) {
            let at = &row["account at"];
            let profile = ARIA.replacen("\"PID.18\"", &format!("\"{at}\""), 1);
            let pid = if row["pid"] == "one" { ONE } else { NONE };
            let mrg = format!("MRG|{}", row["mrg"].replace('!', "|"));
            let field = if at == "PV1.50" { 50 } else { 19 };
            let pv1 = format!("PV1|1|O{}{}", "|".repeat(field - 2), row["pv1"]);
            let text = headed(&format!("ADT^{}", row["event"]), &[pid, &mrg, &pv1]);
            let told = told_by(&profile, text.as_bytes()).unwrap();
            let links: Vec<String> = told.links.iter().map(said).collect();
            let links = if links.is_empty() { "-".to_owned() } else { links.join(" ") };
            assert_eq!(links, row["moves"], "{row}");
            let words: Vec<&str> = told.notes.iter().map(|note| note.words.as_str()).collect();
            match row["words"].as_str() {
                "-" => assert!(words.is_empty(), "{row} {words:?}"),
                expected => assert!(words.join(" ").contains(expected), "{row} {words:?}"),
            }
        }
    }

    #[test]
    fn each_account_of_a_message_moves_and_says_when_it_was_said() {
        let text = headed("ADT^A44", &[NONE, "MRG|2^^^X^MR||A0", "PID|2||3^^^Y^MR", "MRG|4||A9"]);
        let told = told_by(ARIA, text.as_bytes()).unwrap();
        assert_eq!(told.links.iter().map(said).collect::<Vec<_>>(), ["2/A0>1/A0", "4/A9>3/A9"]);
        let [Link::Move { from, told: when, .. }, ..] = &told.links[1..] else { panic!("no move") };
        assert_eq!((from.whose.authority.as_str(), *when), ("Y", told.made));
    }
}
