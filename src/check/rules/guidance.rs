//! Images are reviewed by the physician before the next fraction, once for each session.

use crate::check::view::View;
use crate::check::{Rule, Stage, Verdict};
use crate::domain::{Delivered, Document, DocumentKind, Family, Kind, Moment};

pub(super) const NO_BEAM: Rule = Rule {
    id: "SEQ-05",
    says: "Image guidance is billed only for a session in which the beam was on.",
    source: "ASTRO image-guidance FAQ; DEL-09, SEQ-05.",
    stage: Stage::Own,
    judge: |view| {
        let treated = view.session().is_some_and(|session| session.delivered.is_some());
        if is_review(view) && !treated {
            Verdict::Reject("nothing was delivered in the session that was imaged".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const STEREOTACTIC: Rule = Rule {
    id: "SRS-01",
    says: "Stereotactic deliveries hold their image guidance.",
    source: "NCCI pairs, indicator 0; coding table of the stereotactic codes.",
    stage: Stage::Own,
    judge: |view| {
        let delivered = view.session().and_then(|session| session.delivered);
        let inside = matches!(delivered, Some(Delivered::Stereotactic | Delivered::Radiosurgery));
        if is_review(view) && inside {
            Verdict::Reject("image guidance is inside the stereotactic delivery".into())
        } else {
            Verdict::Clean
        }
    },
};

pub(super) const REVIEWED: Rule = Rule {
    id: "ORD-03",
    says: "A physician approves the images of a session before the next fraction.",
    source: "ASTRO image-guidance FAQ; reading 10 of the stories.",
    stage: Stage::Own,
    judge: reviewed,
};

/// Whether the line is the review of a session's images. The ultrasound of a surface lesion bore
/// the code of one before it had its own.
fn is_review(view: &View<'_>) -> bool {
    let kind = view.first_step().and_then(|step| step.meaning.as_ref()).map(|it| it.kind);
    view.line.is(Family::GuidanceReview) && kind != Some(Kind::SurfaceUltrasound)
}

fn reviewed(view: &View<'_>) -> Verdict {
    if !is_review(view) {
        return Verdict::Clean;
    }
    let Some(first) = reviews(view).map(|document| document.moment).min() else {
        return Verdict::Hold("no physician has approved the images of this session".into());
    };
    match next_delivery(view) {
        Some(next) if !before(first, next) => Verdict::Reject(format!(
            "the images were approved on {}, at or after the next fraction on {}",
            first.date, next.date
        )),
        Some(_) | None => Verdict::Clean,
    }
}

/// Reviews that name the line's session, by a physician. Where the source names no session, a
/// review of the session's day counts.
fn reviews<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Document> {
    let session = view.session();
    let documents: Vec<&'a Document> = view.documents(DocumentKind::ImageReview).collect();
    documents.into_iter().filter(move |document| {
        let names = session.is_some_and(|session| match &document.session {
            Some(name) => *name == session.id.0,
            None => !session.is_named && document.moment.date == session.moment.date,
        });
        names && document.author.as_ref().is_some_and(|author| author.is_physician())
    })
}

fn next_delivery(view: &View<'_>) -> Option<Moment> {
    let (course, session) = (view.course()?, view.session()?);
    let later = course.sessions.iter().filter(|other| {
        other.delivered.is_some() && other.id != session.id && other.moment > session.moment
    });
    later.map(|session| session.moment).min()
}

/// Whether an approval came before a fraction: by the clock where both tell a time, else by the
/// day.
fn before(approved: Moment, fraction: Moment) -> bool {
    match (approved.time, fraction.time) {
        (Some(_), Some(_)) => approved < fraction,
        (None, _) | (_, None) => approved.date < fraction.date,
    }
}
