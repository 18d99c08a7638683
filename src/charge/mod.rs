//! Drafts lines from what was done.
//!
//! **In:** the [`Record`] of a person. **Out:** every [`ChargeLine`] that it earns, by the tables
//! of the day, on every claim it belongs on.
//!
//! **Never:** asks whether a line is allowed; that is for `check`. What is odd already here goes
//! along as a [`Flaw`].
//!
//! **Start at** [`draft`].

mod claims;
mod deliveries;
mod management;
mod motion;
mod reviews;
mod shares;
mod steps;
mod visits;

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{
    Activity, ChargeLine, Course, CourseId, Credit, Field, Flaw, MessageId, Moment, PatientClass,
    Quantity, Record, SessionId, Site, Undated,
};
use crate::mappings::Tables;

/// Everything that drafting needs beside the course.
struct Desk<'a> {
    record: &'a Record,
    tables: &'a Tables,
    site: &'a Site,
}

/// Every line that a person's record earns, ready or not.
pub fn draft(record: &Record, tables: &Tables, site: &Site) -> Vec<ChargeLine> {
    let desk = Desk { record, tables, site };
    let mut lines: Vec<ChargeLine> =
        record.courses.iter().flat_map(|course| desk.course(course)).collect();
    let empty = record.empty_credits.iter();
    lines.extend(empty.map(|(course, credit, named)| desk.empty_credit(course, credit, named)));
    lines.extend(record.undated.iter().map(|undated| desk.undated(undated)));
    lines
}

impl Desk<'_> {
    fn course(&self, course: &Course) -> Vec<ChargeLine> {
        let mut lines = Vec::new();
        for (index, step) in course.steps.iter().enumerate() {
            lines.extend(self.step(course, index, step));
        }
        for session in &course.sessions {
            lines.extend(self.delivery(course, session));
            lines.extend(self.review(course, session));
        }
        let earned = self.management(course);
        lines.extend(self.managed(course, earned));
        motion::move_to_plans(&mut lines);
        shares::join(lines, self.site)
    }

    /// A line with everything that its activity tells, but without a code.
    fn blank(&self, course: &CourseId, activity: &Activity) -> ChargeLine {
        let units = match &activity.quantity {
            Field::Read(quantity) => *quantity,
            Field::Unreadable(_) => Quantity::ONE,
        };
        ChargeLine {
            course: course.clone(),
            claim: None,
            code: None,
            family: None,
            step: None,
            modifiers: activity.modifiers.clone(),
            units,
            service: activity.done,
            revenue: None,
            diagnoses: activity.diagnoses.clone(),
            rendering: activity.performer.clone(),
            orderer: activity.orderer.clone(),
            account: self.account(activity),
            account_told: activity.account.as_ref().is_some_and(|account| !account.is_empty()),
            class: activity.class,
            payer: self.payer(activity),
            plan: activity.plan.clone(),
            session: activity.session.clone().map(SessionId),
            department: activity.department.clone(),
            location: activity.location.clone(),
            filler_order: activity.filler_order.clone(),
            anchor: format!("a {} {}", activity.key.number, activity.key.name),
            evidence: vec![activity.key.number.clone()],
            documents: Vec::new(),
            message: activity.message,
            control_id: activity.control_id.clone(),
            posted: Some(activity.posted),
            told_day: None,
            row: None,
            goes_with: None,
            flaws: flaws(activity),
        }
    }

    /// The account: as the message says, else as registered, else the visit (reading 27).
    fn account(&self, activity: &Activity) -> Option<String> {
        let told = [&activity.account, &self.record.account, &activity.visit];
        told.into_iter().flatten().find(|account| !account.is_empty()).cloned()
    }

    fn payer(&self, activity: &Activity) -> String {
        let told = [&activity.payer, &self.record.payer];
        let told = told.into_iter().flatten().find(|payer| !payer.is_empty());
        told.unwrap_or(&self.site.payer).clone()
    }

    /// The one held line of a credit that takes nothing back (reading 30).
    fn empty_credit(
        &self,
        course: &CourseId,
        credit: &Credit,
        named: &Option<Arc<Activity>>,
    ) -> ChargeLine {
        let told = named.as_ref().map_or(&credit.quantity, |activity| &activity.quantity);
        let units = match told {
            Field::Read(quantity) => *quantity,
            Field::Unreadable(_) => Quantity::ONE,
        };
        let why = match named {
            Some(_) => "the charge it names was taken back before",
            None => "no charge of the number it names is known",
        };
        ChargeLine {
            units,
            account: credit.account.clone().or_else(|| self.record.account.clone()),
            account_told: credit.account.is_some(),
            anchor: format!("c {} {}", credit.number, credit.of),
            evidence: vec![credit.number.clone()],
            message: credit.message,
            control_id: credit.control_id.clone(),
            flaws: vec![Flaw::EmptyCredit(why.to_owned())],
            ..self.nameless(course, credit.done.date)
        }
    }

    /// The one held line of fractions that are counted, and whose days nobody told. No day is
    /// made up: it stands on the day of the newest count.
    fn undated(&self, undated: &Undated) -> ChargeLine {
        let Undated { course, counted, dated, tally } = undated;
        let days = match dated {
            0 => "no day of any is known".to_owned(),
            dated => format!("the days of {dated} are known"),
        };
        let why = format!("the source counts {counted} fractions as delivered; {days}");
        ChargeLine {
            units: Quantity::new(counted.saturating_sub(*dated)).unwrap_or(Quantity::ONE),
            account: tally.account.clone().or_else(|| self.record.account.clone()),
            account_told: tally.account.is_some(),
            anchor: format!("t {} {}", tally.system, tally.number),
            evidence: vec![tally.number.clone()],
            message: tally.message,
            control_id: tally.control_id.clone(),
            flaws: vec![Flaw::UndatedFractions(why)],
            ..self.nameless(course, tally.told.date)
        }
    }

    /// A line that says nothing but its course and its day.
    fn nameless(&self, course: &CourseId, day: Date) -> ChargeLine {
        ChargeLine {
            course: course.clone(),
            claim: None,
            code: None,
            family: None,
            step: None,
            modifiers: Vec::new(),
            units: Quantity::ONE,
            service: Moment::day(day),
            revenue: None,
            diagnoses: Vec::new(),
            rendering: None,
            orderer: None,
            account: self.record.account.clone(),
            account_told: false,
            class: PatientClass::Outpatient,
            payer: self.site.payer.clone(),
            plan: None,
            session: None,
            department: None,
            location: None,
            filler_order: None,
            anchor: String::new(),
            evidence: Vec::new(),
            documents: Vec::new(),
            message: MessageId(0),
            control_id: String::new(),
            posted: None,
            told_day: None,
            row: None,
            goes_with: None,
            flaws: Vec::new(),
        }
    }
}

fn flaws(activity: &Activity) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> =
        activity.unreadable.iter().cloned().map(Flaw::UnreadableField).collect();
    if let Field::Unreadable(why) = &activity.quantity {
        flaws.push(Flaw::UnreadableField(why.clone()));
    }
    flaws
}
