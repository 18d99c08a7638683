//! Management is earned by fractions and documents, never by the calendar.

use super::Desk;
use super::claims::Coded;
use crate::domain::{
    ChargeLine, Course, Delivered, Document, DocumentKind, Family, Flaw, Fraction, Kind, Moment,
    Quantity, Session, Share,
};

/// Five fractions are one unit of weekly management (FREQ-01).
const BLOCK: usize = 5;

/// Fractions left over at the end of a course that earn one unit more (FREQ-01, FREQ-02).
const LEFT_OVER_MIN: usize = 3;

/// One block of fractions that earns a unit.
struct Block<'a> {
    fractions: &'a [Fraction],
    visit: Option<&'a Document>,
}

impl Desk<'_> {
    /// Every unit of management that a course has earned so far.
    pub(super) fn management(&self, course: &Course) -> Vec<ChargeLine> {
        let mut lines = self.weekly(course);
        lines.extend(self.short(course));
        lines.extend(self.stereotactic(course));
        let of_session = [
            (Delivered::Radiosurgery, Family::RadiosurgeryManagement),
            (Delivered::Intraoperative, Family::IntraoperativeManagement),
        ];
        for (delivered, family) in of_session {
            let first = course.delivered(delivered).next();
            lines.extend(first.and_then(|session| {
                self.unit(course, family, family.as_str(), std::slice::from_ref(&session))
            }));
        }
        lines
    }

    fn weekly(&self, course: &Course) -> Vec<ChargeLine> {
        let conventional: Vec<Fraction> = course.conventional().copied().collect();
        let blocks = blocks(course, &conventional);
        let earned = blocks.iter().enumerate().filter(|(_, block)| {
            let size = block.fractions.len();
            let tail = course.closed.is_some() && size >= LEFT_OVER_MIN;
            let short = conventional.len() < LEFT_OVER_MIN;
            size == BLOCK || (tail && !short)
        });
        earned
            .filter_map(|(index, block)| {
                let sessions: Vec<&Session> =
                    block.fractions.iter().map(|f| &course.sessions[f.session]).collect();
                let anchor = format!("weekly {}", index + 1);
                let mut line = self.unit(course, Family::WeeklyManagement, &anchor, &sessions)?;
                line.documents = block.visit.iter().map(|d| d.key.number.clone()).collect();
                let dated = self.tables.parameter(&line.payer, "mgmt_dos", line.day());
                if let (Some("first"), Some(first)) = (dated, sessions.first()) {
                    line.service = Moment::day(first.moment.date);
                }
                Some(line)
            })
            .collect()
    }

    /// A whole course of one or two fractions (FREQ-03); dated the last one (DOS-04).
    fn short(&self, course: &Course) -> Option<ChargeLine> {
        let fractions = &course.fractions;
        let whole = course.closed.is_some() && fractions.iter().all(|f| f.conventional);
        if !whole || fractions.is_empty() || fractions.len() >= LEFT_OVER_MIN {
            return None;
        }
        let sessions: Vec<&Session> =
            fractions.iter().map(|f| &course.sessions[f.session]).collect();
        let family = Family::ShortManagement;
        self.unit(course, family, family.as_str(), &sessions)
    }

    /// A stereotactic course, once: when it closes or its last prescribed fraction is given
    /// (reading 3); dated the last fraction (DOS-04).
    fn stereotactic(&self, course: &Course) -> Option<ChargeLine> {
        let sessions: Vec<&Session> =
            course.delivered(Delivered::Stereotactic).filter(|s| s.counts()).collect();
        let last_given = sessions.iter().flat_map(|session| &session.treatments).any(|index| {
            let activity = &course.steps[*index].activity;
            activity.fraction.is_some() && activity.fraction == activity.prescribed
        });
        if sessions.is_empty() || !(last_given || course.closed.is_some()) {
            return None;
        }
        let family = Family::StereotacticManagement;
        self.unit(course, family, family.as_str(), &sessions)
    }

    /// One unit, dated the last of its sessions.
    fn unit(
        &self,
        course: &Course,
        family: Family,
        anchor: &str,
        sessions: &[&Session],
    ) -> Option<ChargeLine> {
        let last = sessions.last()?;
        let step = &course.steps[*last.treatments.first()?];
        let (code, row) = self.tables.management(family, last.moment.date)?;
        let mut blank = self.blank(&course.id, &step.activity);
        blank.service = Moment::day(last.moment.date);
        blank.units = Quantity::ONE;
        blank.modifiers.clear();
        blank.flaws.clear();
        blank.posted = None;
        blank.plan = None;
        blank.session = None;
        blank.anchor = format!("m {anchor}");
        blank.evidence = sessions
            .iter()
            .flat_map(|session| &session.treatments)
            .map(|index| course.steps[*index].activity.key.number.clone())
            .collect();
        self.spread(&blank, &Coded { code, row: Some(row), share: Share::Whole }).pop()
    }

    /// What was earned, and what the source sent itself: a source that never sends management is
    /// not believed; with one that does, an earned unit stands in place of the derived line and
    /// any other waits for a person (reading 4).
    pub(super) fn managed(&self, course: &Course, mut earned: Vec<ChargeLine>) -> Vec<ChargeLine> {
        let mut taken: Vec<String> = Vec::new();
        for step in &course.steps {
            let (Some(meaning), Some(code)) = (&step.meaning, step.as_coded) else {
                continue;
            };
            if meaning.kind != Kind::Management {
                continue;
            }
            let activity = &step.activity;
            let checked = self.tables.names_may_be_codes(&activity.profile);
            let mut blank = self.blank(&course.id, activity);
            blank.flaws.push(if checked { Flaw::UnearnedManagement } else { Flaw::SentManagement });
            let sent = self.spread(&blank, &Coded { code, row: None, share: activity.share });
            let place = earned.iter().position(|line| {
                checked
                    && line.code == Some(code)
                    && !taken.contains(&line.anchor)
                    && line.day() <= activity.done.date
            });
            match place {
                Some(place) => {
                    taken.push(earned[place].anchor.clone());
                    earned[place].evidence.push(activity.key.number.clone());
                }
                None => earned.extend(sent),
            }
        }
        earned
    }
}

/// The blocks of five, the last one perhaps shorter, each with its visit. A visit serves one
/// block: the earliest whose days hold it and that lacks one (reading 10).
fn blocks<'a>(course: &'a Course, conventional: &'a [Fraction]) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> =
        conventional.chunks(BLOCK).map(|fractions| Block { fractions, visit: None }).collect();
    let visits = course.documents_of(DocumentKind::TreatmentVisit);
    let by_physician =
        visits.filter(|visit| visit.author.as_ref().is_some_and(|a| a.is_physician()));
    for visit in by_physician {
        let day = visit.moment.date;
        let lacking = blocks.iter_mut().find(|block| {
            let (first, last) = (block.fractions.first(), block.fractions.last());
            let holds = first.is_some_and(|first| first.moment.date <= day)
                && last.is_some_and(|last| last.moment.date >= day);
            holds && block.visit.is_none()
        });
        if let Some(block) = lacking {
            block.visit = Some(visit);
        }
    }
    blocks
}
