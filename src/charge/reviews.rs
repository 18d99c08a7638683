//! One image review for each session with guidance, however many images were made.

use super::Desk;
use crate::domain::{ChargeLine, Course, DocumentKind, Flaw, Modifier, Review, Session, Step};

impl Desk<'_> {
    /// The review of a session's guidance.
    pub(super) fn review(&self, course: &Course, session: &Session) -> Vec<ChargeLine> {
        let steps: Vec<&Step> =
            session.guidance.iter().map(|index| &course.steps[*index]).collect();
        let Some(first) = steps.first() else {
            return Vec::new();
        };
        let mut blank = self.blank(&course.id, &first.activity);
        blank.anchor = format!("g {}", session.id.0);
        blank.session = Some(session.id.clone());
        blank.evidence = steps.iter().map(|step| step.activity.key.number.clone()).collect();
        blank.orderer = steps.iter().find_map(|step| step.activity.orderer.clone());
        blank.documents = course
            .documents_of(DocumentKind::ImageReview)
            .filter(|document| document.session.as_deref() == Some(session.id.0.as_str()))
            .map(|document| document.key.number.clone())
            .collect();
        if steps.iter().any(|step| step.number_is_shared) {
            blank.flaws.push(Flaw::SharedNumber);
        }
        if session.review == Review::Second && !blank.has(Modifier::REPEAT) {
            blank.modifiers.push(Modifier::REPEAT);
        }
        match &first.meaning {
            Some(meaning) => self.earned(&blank, first, meaning),
            None => Vec::new(),
        }
    }
}
