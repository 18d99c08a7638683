//! One line as a rule sees it: with its course, its day, and what was said so far.

use super::Bench;
use super::index::Index;
use crate::domain::{
    Activity, Attributes, ChargeLine, Claim, Course, Document, DocumentKind, Family, Outcome,
    ProcedureCode, Session, Step,
};
use crate::mappings::{CodeRow, Found};

/// A line in the light of its course.
pub(super) struct View<'a> {
    /// The line that is judged.
    pub(super) line: &'a ChargeLine,
    /// What rules look at beside it.
    pub(super) bench: &'a Bench<'a>,
    lines: &'a [ChargeLine],
    index: &'a Index<'a>,
    outcomes: &'a [Option<Outcome>],
    place: usize,
}

impl<'a> View<'a> {
    pub(super) fn new(
        bench: &'a Bench<'a>,
        lines: &'a [ChargeLine],
        index: &'a Index<'a>,
        outcomes: &'a [Option<Outcome>],
        place: usize,
    ) -> View<'a> {
        View { line: &lines[place], bench, lines, index, outcomes, place }
    }

    /// The course of the line.
    pub(super) fn course(&self) -> Option<&'a Course> {
        self.index.course(self.place)
    }

    /// Every line of the person, in no order.
    pub(super) fn all_lines(&self) -> &'a [ChargeLine] {
        self.lines
    }

    /// Every line of the course, this one too, by service.
    pub(super) fn course_lines(&self) -> impl Iterator<Item = &'a ChargeLine> {
        let places = self.index.of_course(self.place).iter();
        places.map(|place| &self.lines[*place])
    }

    /// Lines of the course, of one family.
    pub(super) fn course_family(&self, family: Family) -> impl Iterator<Item = &'a ChargeLine> {
        let places = self.index.of_family(self.place, family).iter();
        places.map(|place| &self.lines[*place])
    }

    /// Lines that stand before this one in its course, on its claim, of these families, and that
    /// no rule has rejected.
    pub(super) fn earlier<'f>(
        &self,
        families: &'f [Family],
    ) -> impl Iterator<Item = &'a ChargeLine> + use<'a, 'f> {
        let (lines, outcomes, claim, place) =
            (self.lines, self.outcomes, self.line.claim, self.place);
        let places = self.index.of_course(self.place).iter().copied();
        places
            .take_while(move |other| *other != place)
            .filter(move |other| outcomes[*other] != Some(Outcome::Reject))
            .map(move |other| &lines[other])
            .filter(move |line| line.claim == claim)
            .filter(move |line| line.family.is_some_and(|family| families.contains(&family)))
    }

    /// Lines of the same claim and day, but for this one, with what was said of them so far.
    pub(super) fn beside(&self) -> impl Iterator<Item = (&'a ChargeLine, Option<Outcome>)> {
        let places = self.index.of_day(self.line.claim, self.line.day()).iter().copied();
        places
            .filter(|place| *place != self.place)
            .map(|place| (&self.lines[place], self.outcomes[place]))
    }

    /// Lines of the same claim and day that were drafted and judged before this one.
    pub(super) fn beside_before(&self) -> impl Iterator<Item = (&'a ChargeLine, Option<Outcome>)> {
        let places = self.index.of_day(self.line.claim, self.line.day()).iter().copied();
        places
            .take_while(|place| *place != self.place)
            .map(|place| (&self.lines[place], self.outcomes[place]))
    }

    /// Lines of the same day on every claim, but for this one, that no rule has rejected.
    pub(super) fn same_day(&self) -> impl Iterator<Item = &'a ChargeLine> {
        Claim::ALL
            .into_iter()
            .flat_map(|claim| self.index.of_day(Some(claim), self.line.day()))
            .filter(|place| **place != self.place)
            .filter(|place| self.outcomes[**place] != Some(Outcome::Reject))
            .map(|place| &self.lines[*place])
    }

    /// The row of a code, whether in force on the line's day or not.
    pub(super) fn code_row(&self, code: ProcedureCode) -> Option<&'a CodeRow> {
        match self.bench.tables.code(code, self.line.day()) {
            Found::InForce(row) | Found::NotInForce(row) => Some(row),
            Found::Unknown => None,
        }
    }

    /// The session in which the line's work was done.
    pub(super) fn session(&self) -> Option<&'a Session> {
        self.course()?.sessions.get(self.index.session(self.place)?)
    }

    /// Documents of the course, of one kind.
    pub(super) fn documents(&self, kind: DocumentKind) -> impl Iterator<Item = &'a Document> {
        let course = self.course().into_iter();
        course.flat_map(move |course| course.documents_of(kind)).map(std::sync::Arc::as_ref)
    }

    /// Whether the course has a document of a kind on the line's day.
    pub(super) fn has_document_that_day(&self, kind: DocumentKind) -> bool {
        self.documents(kind).any(|document| document.moment.date == self.line.day())
    }

    /// The activity that earned the line first, with what its name says of it.
    pub(super) fn first_activity(&self) -> Option<(&'a Activity, Option<&'a Attributes>)> {
        let step = self.first_step()?;
        Some((&step.activity, step.meaning.as_ref().map(|meaning| &meaning.attributes)))
    }

    /// The activity that earned the line first, with all that is known of it.
    pub(super) fn first_step(&self) -> Option<&'a Step> {
        self.course()?.steps.get(self.index.step(self.place)?)
    }

    /// Whether a line of the families is of this one's course.
    pub(super) fn course_has(&self, family: Family) -> bool {
        self.course_family(family).next().is_some()
    }

    /// A parameter of the line's payer on its day.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.bench.tables.parameter(&self.line.payer, name, self.line.day())
    }

    /// A whole number among the payer's parameters.
    pub(super) fn number(&self, name: &str) -> Option<i32> {
        self.parameter(name)?.parse().ok()
    }

    /// Whether the line's family is one of these.
    pub(super) fn is_any(&self, families: &[Family]) -> bool {
        self.line.family.is_some_and(|family| families.contains(&family))
    }
}
