//! One image review for each session with guidance, however many images were made.

use super::Desk;
use crate::domain::{
    ChargeLine, Course, DocumentKind, Flaw, Modifier, Review, Session, SessionId, Step,
};
use crate::mappings::Found;

impl Desk<'_> {
    /// The review of a session's guidance. What the source coded by a code that no review bears on
    /// that day is no part of it, and comes out as a line that a rule speaks about.
    pub(super) fn review(&self, course: &Course, session: &Session) -> Vec<ChargeLine> {
        let steps = session.guidance.iter().map(|index| &course.steps[*index]);
        let (odd, steps): (Vec<&Step>, Vec<&Step>) = steps.partition(|step| self.is_odd(step));
        let mut lines: Vec<ChargeLine> =
            odd.iter().flat_map(|step| self.odd(course, session, step)).collect();
        lines.extend(self.review_of(course, session, &steps));
        lines
    }

    fn review_of(&self, course: &Course, session: &Session, steps: &[&Step]) -> Vec<ChargeLine> {
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

    /// A code that is not in force on the day, or the technical share of a review.
    fn is_odd(&self, step: &Step) -> bool {
        let found = step.as_coded.map(|code| self.tables.code(code, step.activity.done.date));
        let ended = matches!(found, Some(Found::NotInForce(_)));
        let technical = step.activity.modifiers.contains(&Modifier::TECHNICAL);
        ended || (found.is_some() && technical)
    }

    fn odd(&self, course: &Course, session: &Session, step: &Step) -> Vec<ChargeLine> {
        let mut blank = self.blank(&course.id, &step.activity);
        blank.session = Some(SessionId(session.id.0.clone()));
        if step.number_is_shared {
            blank.flaws.push(Flaw::SharedNumber);
        }
        step.meaning.as_ref().map_or(Vec::new(), |meaning| self.earned(&blank, step, meaning))
    }
}
