//! MDM: a document stands, or no longer stands.

use std::slice;
use std::sync::Arc;

use crate::domain::{Document, DocumentKey, DocumentKind, Fact, Refusal, Standing};
use crate::mappings::source::Spelling;

use super::document::{self, Outline, Places};
use super::opened::{Opened, Part};
use super::{Note, Reader, Told, finding, person};

pub(super) const READER: Reader = Reader {
    kind: "MDM",
    says: "Each TXA, with the course segment behind it, is a document and how it stands.",
    uses: &["MSH", "EVN", "PID", "PV1", "IN1", "TXA", "ZRT", "OBX"],
    read,
};

/// The event that takes a document back.
const CANCEL: &str = "T11";

/// Events that add to a document: what was done is told by the document itself.
const ADDENDA: [&str; 2] = ["T05", "T06"];

/// Events that put a document in the place of another.
const REPLACEMENTS: [&str; 2] = ["T09", "T10"];

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    for part in opened.persons() {
        let mut person = person::person(opened, &part)?;
        let account = part.code(&opened.reading.profile.person.account);
        for group in part.groups("TXA") {
            let document = document(opened, &group, account.clone(), &mut told.notes)?;
            let replaced = replaced(opened, &group, &document);
            person.facts.extend(replaced.map(|it| Fact::Document(Arc::new(it))));
            person.facts.push(Fact::Document(Arc::new(document)));
        }
        told.people.push(person);
    }
    Ok(())
}

/// The document that an addendum adds to, or a replacement stands for (TXA-13), if it is another.
fn parent(part: &Part<'_>, own: &str) -> Option<String> {
    let parent = part.field("TXA", 13).code().into_owned();
    (!parent.is_empty() && parent != own).then_some(parent)
}

/// What a replacement leaves of the document before it: nothing.
fn replaced(opened: &Opened<'_>, part: &Part<'_>, document: &Document) -> Option<Document> {
    let number = parent(part, &document.key.number)?;
    let key = DocumentKey { number, ..document.key.clone() };
    let is_replaced = REPLACEMENTS.contains(&opened.event);
    is_replaced.then(|| Document { key, standing: Standing::Withdrawn, ..document.clone() })
}

fn document(
    opened: &Opened<'_>,
    part: &Part<'_>,
    account: Option<String>,
    notes: &mut Vec<Note>,
) -> Result<Document, Refusal> {
    let profile = opened.reading.profile;
    let spots = &profile.document;
    let told = profile.document(&part.at(&spots.kind).code()).unwrap_or(DocumentKind::Other);
    let number = part.code(&spots.number).unwrap_or_default();
    let is_addendum = ADDENDA.contains(&opened.event) && parent(part, &number).is_some();
    let kind = if is_addendum { DocumentKind::Other } else { told };
    let places = Places {
        number: slice::from_ref(&spots.number),
        moment: slice::from_ref(&spots.moment),
        author: slice::from_ref(&spots.author),
    };
    let outline = Outline { prefix: "", kind, standing: standing(opened, part), account };
    let document = document::document(opened, part, places, outline)?;
    if kind == DocumentKind::Other {
        let place = finding::place(part, &spots.kind);
        notes
            .push(Note { place, words: "a type of document that is kept and not used".to_owned() });
    }
    Ok(document)
}

fn standing(opened: &Opened<'_>, part: &Part<'_>) -> Standing {
    let (spots, spelling) = (&opened.reading.profile.document, &opened.reading.profile.spelling);
    let says = |spot, spellings| Spelling::is(spellings, &part.at(spot).code());
    if opened.event == CANCEL || says(&spots.availability, &spelling.withdrawn) {
        Standing::Withdrawn
    } else if says(&spots.completion, &spelling.signed) {
        Standing::InForce
    } else {
        Standing::Unsigned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::samples::{PID, documents, refused, told};
    use crate::table::rows;

    #[test]
    fn a_document_stands_as_its_status_says() {
        for row in rows(
            "
            | event | status | availability | standing  |
            | T02   | LA     | AV           | InForce   |
            | T02   | AU     | AV           | InForce   |
            | T02   | IP     | AV           | Unsigned  |
            | T02   | PA     | AV           | Unsigned  |
            | T02   |        |              | Unsigned  |
            | T01   | LA     | AV           | InForce   |
            | T03   | LA     | AV           | InForce   |
            | T04   | IP     | AV           | Unsigned  |
            | T05   | LA     | AV           | InForce   |
            | T07   | LA     | AV           | InForce   |
            | T09   | LA     | AV           | InForce   |
            | T10   | AU     | AV           | InForce   |
            | T08   | LA     | CA           | Withdrawn |
            | T11   | LA     | AV           | Withdrawn |
            ",
        ) {
            let txa = format!(
                "TXA|1|OTV|TX|20261008164500|||||1999000510^T^M^^^^MD|||D4^ARIA|||||{}||{}",
                row["status"], row["availability"]
            );
            let told = told(
                &format!("MDM^{}", row["event"]),
                &[PID, &txa, "ZRT|C1|P1|||2.25.7", "OBX|1|TX", "NTE|1"],
            );
            let document = documents(&told)[0];
            assert_eq!(format!("{:?}", document.standing), row["standing"], "{row}");
            assert_eq!(
                (document.key.number.as_str(), document.kind),
                ("D4", DocumentKind::TreatmentVisit)
            );
            assert_eq!(
                (document.course.as_deref(), document.session.as_deref()),
                (Some("C1"), Some("2.25.7"))
            );
            assert!(document.author.as_ref().unwrap().is_physician());
            assert_eq!(told.kept, ["NTE"]);
        }
    }

    #[test]
    fn an_addendum_is_no_second_visit_and_a_replacement_takes_the_place_of_the_first() {
        let txa =
            "TXA|1|OTV|TX|20261008164500|||||1999000510^T^M^^^^MD|||D5^ARIA|D4^ARIA||||LA||AV";
        for row in rows(
            "
            | event | told                                                  |
            | T02   | D5 TreatmentVisit InForce                             |
            | T06   | D5 Other InForce                                      |
            | T10   | D4 TreatmentVisit Withdrawn, D5 TreatmentVisit InForce |
            ",
        ) {
            let told = told(&format!("MDM^{}", row["event"]), &[PID, txa]);
            let documents: Vec<String> = documents(&told)
                .iter()
                .map(|it| format!("{} {:?} {:?}", it.key.number, it.kind, it.standing))
                .collect();
            assert_eq!(documents.join(", "), row["told"], "{row}");
        }
    }

    #[test]
    fn an_authorization_names_its_codes() {
        let txa = "TXA|1|AUTH|TX|20261001|||||PAYER|||D9^ARIA|||||LA";
        let coded = ["OBX|1|CE|AUTH||99998^x^C4", "OBX|2|CE|AUTH||99999", "OBX|3|TX|||thanks"];
        let told = told("MDM^T02", &[PID, txa, coded[0], coded[1], coded[2]]);
        let codes: Vec<&str> = documents(&told)[0].codes.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes, ["99998", "99999"]);
    }

    #[test]
    fn a_document_that_counts_tells_its_number_and_its_date() {
        let refused = |txa: &str| refused("MDM^T02", &[PID, txa]);
        assert_eq!(refused("TXA|1|OTV|TX|20261008||||||||||||||LA"), "AE 101 TXA-12");
        assert_eq!(refused("TXA|1|OTV|TX|||||||||D4|||||LA"), "AE 101 TXA-4");
        assert_eq!(refused("TXA|1|OTV|TX|soon||||||||D4|||||LA"), "AE 102 TXA-4");
        let unknown = told("MDM^T02", &[PID, "TXA|1|LETTER|TX|||||||||D4|||||LA"]);
        assert_eq!((documents(&unknown)[0].kind, unknown.notes.len()), (DocumentKind::Other, 1));
    }
}
