//! A document and how it stands: there is one way to make one, whichever message tells it.

use crate::domain::{
    Document, DocumentKey, DocumentKind, Moment, ProcedureCode, Refusal, Standing,
};
use crate::mappings::source::Spot;

use super::opened::{Opened, Part};
use super::{clinician, finding, moment};

/// Where in a part the things of its document stand; of several places the first that tells counts.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) number: &'a [Spot],
    pub(super) moment: &'a [Spot],
    pub(super) author: &'a [Spot],
}

/// What is known of a document before it is read.
pub(super) struct Outline {
    /// What stands before its number, where it is numbered beside the documents of the source.
    pub(super) prefix: &'static str,
    pub(super) kind: DocumentKind,
    pub(super) standing: Standing,
    pub(super) account: Option<String>,
}

/// The document that a part of a message tells.
pub(super) fn document(
    opened: &Opened<'_>,
    part: &Part<'_>,
    places: Places<'_>,
    Outline { prefix, kind, standing, account }: Outline,
) -> Result<Document, Refusal> {
    let profile = opened.reading.profile;
    let missing = || refuse(101, part, places.number, "the document has no number");
    let number = part.first_code(places.number).ok_or_else(missing)?;
    let course = profile.course.as_ref();
    let named = |spot: Option<&Spot>| spot.and_then(|spot| part.code(spot));
    Ok(Document {
        key: DocumentKey {
            system: opened.reading.system.to_owned(),
            number: format!("{prefix}{number}"),
        },
        kind,
        moment: dated(opened, part, places.moment, (kind, standing))?,
        author: part.first(places.author, |value| clinician::clinician(value, profile)),
        standing,
        course: named(course.map(|it| &it.course)),
        plan: named(course.map(|it| &it.plan)),
        session: named(course.map(|it| &it.session)),
        codes: if kind == DocumentKind::Authorization { codes(opened, part) } else { Vec::new() },
        account,
        posted: opened.made,
        message: opened.reading.message,
    })
}

/// The codes that an authorization names, one in each segment; what is no code is no code.
fn codes(opened: &Opened<'_>, part: &Part<'_>) -> Vec<ProcedureCode> {
    let Some(spot) = &opened.reading.profile.document.codes else {
        return Vec::new();
    };
    let told = part.groups(&spot.segment).into_iter();
    told.filter_map(|one| one.code(spot)?.parse().ok()).collect()
}

/// When the exam or approval was. A document that counts must tell it; one that counts for
/// nothing need not, and is then as old as its message.
fn dated(
    opened: &Opened<'_>,
    part: &Part<'_>,
    spots: &[Spot],
    (kind, standing): (DocumentKind, Standing),
) -> Result<Moment, Refusal> {
    let counts = kind != DocumentKind::Other && standing == Standing::InForce;
    match part.first(spots, moment::local) {
        Some(moment) => Ok(moment),
        None if !counts => Ok(opened.made),
        None if part.first_code(spots).is_none() => {
            Err(refuse(101, part, spots, "the document has no date"))
        }
        None => Err(refuse(102, part, spots, "the date of the document is no date")),
    }
}

/// A refusal at the place that tells, else at the first that could.
fn refuse(code: u16, part: &Part<'_>, spots: &[Spot], text: &str) -> Refusal {
    let told = spots.iter().find(|spot| part.code(spot).is_some()).or(spots.first());
    let place = told.map(|spot| finding::place(part, spot)).unwrap_or_default();
    finding::error(code, &place.segment, place.occurrence, place.field, text)
}
