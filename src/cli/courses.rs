//! `collimator courses`: where each course stands.

use std::process::ExitCode;

use clap::Args;

use crate::domain::sheet::Shown;
use crate::domain::{Claim, CourseId, Family, LineState, PersonId, Record};
use crate::pipeline::{self, Setup};
use crate::store::{Books, CourseSummary, Loaded};

use super::Error;
use super::desk::Config;
use super::filter::{WhichLines, Written};
use super::paper::{Column, Form, Paper};
use super::waiting::Waiting;

/// List courses: days, fractions prescribed, delivered and charged, lines in each state
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator courses --config site.toml --mrn 100200")]
pub(super) struct Courses {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    which: WhichLines,
    #[command(flatten)]
    written: Written,
}

impl Courses {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let (books, setup) = (desk.books()?, desk.setup()?);
        let form = self.written.form();
        let waiting = Waiting::on("courses");
        let mut paper = Paper::standard(form, &columns(form))?;
        let mut known: Option<Known> = None;
        for course in books.courses(self.which.filter()).take(self.which.limit()) {
            let course = course?;
            let person = match known.take().filter(|known| known.person == course.person) {
                Some(person) => person,
                None => Known::load(&books, &setup, course.person)?,
            };
            paper.row(row(&course, &person, form))?;
            known = Some(person);
            waiting.one_more();
        }
        if paper.end()? == 0 {
            eprintln!("no course fits");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A person as the rules see them; one at a time.
struct Known {
    person: PersonId,
    loaded: Loaded,
    record: Record,
}

impl Known {
    fn load(books: &Books, setup: &Setup, person: PersonId) -> Result<Known, Error> {
        let loaded = books.load(person)?;
        let record = pipeline::judged(&loaded.facts, setup).record;
        Ok(Known { person, loaded, record })
    }

    /// Fractions that are billed, by the lines of the hospital or the center.
    fn charged(&self, course: &CourseId) -> u64 {
        let lines = self.loaded.lines.iter().filter(|line| {
            line.line.course == *course
                && line.line.family.is_some_and(Family::is_delivery)
                && line.line.claim != Some(Claim::Professional)
                && Shown::state_of(line) == Shown::Ready
        });
        lines.map(|line| u64::from(line.line.units.get())).sum()
    }
}

fn columns(form: Form) -> Vec<Column> {
    let mut columns = vec![
        Column::Text("patient"),
        Column::Text("course"),
        Column::Text("first_day"),
        Column::Text("last_day"),
        Column::Count("prescribed"),
        Column::Count("delivered"),
        Column::Count("charged"),
        Column::Text("closed"),
    ];
    match form {
        Form::Table => columns.push(Column::Text("lines")),
        Form::Csv | Form::Plain | Form::Json => {
            columns.extend(LineState::ALL.map(|state| Column::Count(state.as_str())));
        }
    }
    columns
}

fn row(summary: &CourseSummary, person: &Known, form: Form) -> Vec<String> {
    let course = person.record.courses.iter().find(|course| course.id == summary.course);
    let steps = course.into_iter().flat_map(|course| &course.steps);
    let prescribed = steps.filter_map(|step| step.activity.prescribed).max();
    let delivered = course.map(|course| {
        let sessions = course.sessions.iter().filter(|session| session.delivered.is_some());
        sessions.filter(|session| session.counts()).count()
    });
    let mut row = vec![
        summary.patient.number.clone(),
        summary.course.0.clone(),
        summary.first_day.to_string(),
        summary.last_day.to_string(),
        prescribed.map(|count| count.to_string()).unwrap_or_default(),
        delivered.map(|count| count.to_string()).unwrap_or_default(),
        person.charged(&summary.course).to_string(),
        course.and_then(|course| course.closed).map(|day| day.to_string()).unwrap_or_default(),
    ];
    let count = |state: &LineState| summary.lines.get(state).copied().unwrap_or(0);
    match form {
        Form::Table => {
            let some = LineState::ALL.iter().filter(|state| count(state) > 0);
            let lines: Vec<String> =
                some.map(|state| format!("{} {}", count(state), state.as_str())).collect();
            row.push(lines.join(", "));
        }
        Form::Csv | Form::Plain | Form::Json => {
            row.extend(LineState::ALL.iter().map(|s| count(s).to_string()))
        }
    }
    row
}
