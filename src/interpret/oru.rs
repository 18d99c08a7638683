//! ORU: documents that come as results, where the profile says which results are documents.

use std::slice;
use std::sync::Arc;

use crate::domain::{DocumentKind, Fact, Refusal, Standing};
use crate::mappings::source::{ResultSpots, Spelling};

use super::document::{self, Outline, Places};
use super::opened::{Opened, Part};
use super::{Note, Person, Reader, Told, finding, person};

pub(super) const READER: Reader = Reader {
    kind: "ORU",
    says: "Each OBR that the profile knows as a document is one, with its status; other results are \
           kept. What stands in OBX-5 is not opened.",
    uses: &["MSH", "EVN", "PID", "PV1", "IN1", "OBR", "OBX", "ZRT"],
    read,
};

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    let Some(spots) = &opened.reading.profile.result else {
        told.ignored =
            Some("results (ORU) are kept and not used: no place of them is named".into());
        told.people = person::known(opened);
        return Ok(());
    };
    let mut others = Vec::new();
    for part in opened.persons() {
        let account = part.code(&opened.reading.profile.person.account);
        let mut documents = Vec::new();
        for group in part.groups("OBR") {
            let Some(kind) = kind(opened, spots, &group) else {
                others.push(finding::place(&group, &spots.kind));
                continue;
            };
            let standing = standing(spots, &group);
            let outline = Outline { prefix: "", kind, standing, account: account.clone() };
            let places = Places {
                number: slice::from_ref(&spots.number),
                moment: &spots.moment,
                author: &spots.author,
            };
            let document = document::document(opened, &group, places, outline)?;
            documents.push(Fact::Document(Arc::new(document)));
        }
        match person::person(opened, &part) {
            Ok(person) => told.people.push(Person { facts: documents, ..person }),
            Err(refusal) if !documents.is_empty() => return Err(refusal),
            Err(_) => {}
        }
    }
    if told.people.iter().all(|person| person.facts.is_empty()) {
        told.ignored = Some("results (ORU) that are no documents are kept and not used".into());
    } else if let Some(place) = others.first() {
        let words = format!("{} results are no documents; kept, not used", others.len());
        told.notes.push(Note { place: place.clone(), words });
    }
    Ok(())
}

/// What document a result is, if it is one.
fn kind(opened: &Opened<'_>, spots: &ResultSpots, group: &Part<'_>) -> Option<DocumentKind> {
    opened.reading.profile.document(&group.code(&spots.kind)?)
}

fn standing(spots: &ResultSpots, group: &Part<'_>) -> Standing {
    let status = group.first_code(&spots.status).unwrap_or_default();
    if Spelling::is(&spots.withdrawn, &status) {
        Standing::Withdrawn
    } else if Spelling::is(&spots.signed, &status) {
        Standing::InForce
    } else {
        Standing::Unsigned
    }
}

#[cfg(test)]
mod tests {
    use crate::interpret::samples::{
        ARIA, MOSAIQ, PID, documents, headed, one, reading, told, told_by,
    };
    use crate::interpret::{Coverage, Use};
    use crate::mappings::SourceProfile;
    use crate::table::rows;

    fn obr(number: &str, kind: &str, day: &str, status: &str) -> String {
        let reader = "1999000510&Tolliver&Maud&&&&MD";
        format!("OBR|1|P1|{number}^M|{kind}^x^L|||{day}{}{status}|||||||{reader}", "|".repeat(18))
    }

    #[test]
    fn a_result_that_is_a_document_stands_as_its_status_says() {
        for row in rows(
            "
            | type     | day          | obr | obx | is                         |
            | OTV      | 202610081645 | F   | F   | TreatmentVisit InForce     |
            | otv      | 202610081645 | f   |     | TreatmentVisit InForce     |
            | SIMNOTE  | 20261008     | C   |     | SimulationNote InForce     |
            | OTV      | 20261008     | P   | F   | TreatmentVisit Unsigned    |
            | OTV      | 20261008     |     | F   | TreatmentVisit InForce     |
            | OTV      | 20261008     |     |     | TreatmentVisit Unsigned    |
            | OTV      | 20261008     | X   | F   | TreatmentVisit Withdrawn   |
            | OTV      | 20261008     |     | W   | TreatmentVisit Withdrawn   |
            | OTV      |              | P   |     | TreatmentVisit Unsigned    |
            | OTV      |              | F   |     | AE 101 OBR-7               |
            | OTV      | soon         | F   |     | AE 102 OBR-7               |
            | CBC      | 20261008     | F   | F   | kept                       |
            ",
        ) {
            let obr = obr("R4", &row["type"], &row["day"], &row["obr"]);
            let obx = format!("OBX|1|ED|PDF||^application^pdf^Base64^JVBERi0x||||||{}", row["obx"]);
            let text = headed("ORU^R01", &[PID, &obr, &obx]);
            let read = told_by(MOSAIQ, text.as_bytes());
            let is = match &read {
                Err(refusal) => {
                    let place = refusal.reason.place.clone().unwrap_or_default();
                    format!("{} {} {place}", refusal.answer.as_str(), refusal.reason.code)
                }
                Ok(told) => match documents(told).first() {
                    Some(it) => format!("{:?} {:?}", it.kind, it.standing),
                    None => "kept".to_owned(),
                },
            };
            assert_eq!(is, row["is"], "{row}");
            let Ok(told) = read else { continue };
            assert_eq!(told.ignored.is_some(), is == "kept", "{row}");
            if let Some(document) = documents(&told).first() {
                let author = document.author.as_ref().unwrap();
                assert_eq!((author.number.as_str(), author.given.as_str()), ("1999000510", "Maud"));
                assert!(author.is_physician());
                assert_eq!(
                    (document.key.number.as_str(), &document.key.system[..]),
                    ("R4", "site")
                );
                assert_eq!(document.account.as_deref(), Some("A4410101"));
            }
        }
    }

    #[test]
    fn a_laboratory_beside_documents_is_counted_and_a_pdf_is_not_opened() {
        let (note, blood) = (obr("R4", "OTV", "20261008", "F"), obr("R5", "CBC", "20261008", "F"));
        let text = headed("ORU^R01", &[PID, &blood, "OBX|1|NM", &note, "OBX|1|ED", &blood]);
        let read = told_by(MOSAIQ, text.as_bytes()).unwrap();
        assert_eq!((documents(&read).len(), &read.ignored), (1, &None));
        assert_eq!(read.notes.len(), 1);
        assert!(read.notes[0].words.starts_with("2 results are no documents"));
        let mut coverage = Coverage::default();
        let pdf = headed("ORU^R01", &[PID, &note, "OBX|1|ED|PDF||^AP^PDF^Base64^JVBERi0x||||||F"]);
        coverage.add(pdf.as_bytes(), &reading(&SourceProfile::parse(MOSAIQ).unwrap()));
        let of = |segment: &str, field| {
            let fields = coverage.fields();
            fields.iter().find(|one| one.segment == segment && one.field == field).map(|one| one.is)
        };
        assert_eq!((of("OBX", 5), of("OBR", 4)), (Some(Use::Kept), Some(Use::Used)));
    }

    #[test]
    fn without_places_of_results_they_are_kept() {
        let kept = told("ORU^R01", &[PID, &obr("R4", "OTV", "20261008", "F")]);
        assert!(kept.ignored.is_some() && one(&kept).facts.is_empty());
        assert_eq!(kept.kept, ["OBR"]);
        let nobody = headed("ORU^R01", &["PID|1", &obr("R4", "CBC", "20261008", "F")]);
        assert!(told_by(MOSAIQ, nobody.as_bytes()).unwrap().people.is_empty());
        assert!(told_by(ARIA, nobody.as_bytes()).unwrap().people.is_empty());
        let whose = headed("ORU^R01", &["PID|1", &obr("R4", "OTV", "20261008", "F")]);
        assert!(told_by(MOSAIQ, whose.as_bytes()).is_err());
    }
}
