//! `collimator courses`: where each course stands, and whether every delivered fraction is billed
//! exactly once.

use std::process::ExitCode;

use clap::Args;

use crate::domain::{LineState, PersonId};
use crate::pipeline::{self, CourseStanding, Setup};
use crate::store::{Books, CourseSummary};

use super::Error;
use super::desk::Config;
use super::filter::{WhichLines, Written};
use super::paper::{Column, Form, Paper};
use super::waiting::Waiting;

/// List courses: fractions prescribed, delivered, charged, sent and accepted; what is off
///
/// `billed_once` says `ok` where every delivered fraction is billed exactly once, else what is off:
/// fractions delivered whose line waits, billed and not delivered, missing below the highest number,
/// given twice, or beyond those prescribed. Units of management and physics are provisional until
/// the course is closed; `…_next` is the fraction after which the next one is due.
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
        let mut known: Option<(PersonId, Vec<CourseStanding>)> = None;
        for summary in books.courses(self.which.filter()).take(self.which.limit()) {
            let summary = summary?;
            let standings = match known.take().filter(|(person, _)| *person == summary.person) {
                Some((_, standings)) => standings,
                None => of_person(&books, &setup, summary.person)?,
            };
            let standing = standings.iter().find(|standing| standing.course == summary.course);
            paper.row(row(&summary, standing, form))?;
            known = Some((summary.person, standings));
            waiting.one_more();
        }
        if paper.end()? == 0 {
            eprintln!("no course fits");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// How many lines of the course are in each state, in the order of [`LineState::ALL`].
const LINES_IN: [&str; 9] = [
    "lines_held",
    "lines_suppressed",
    "lines_rejected",
    "lines_queued",
    "lines_sent",
    "lines_unknown",
    "lines_accepted",
    "lines_declined",
    "lines_withdrawn",
];

/// Where the courses of a person stand.
pub(super) fn of_person(
    books: &Books,
    setup: &Setup,
    person: PersonId,
) -> Result<Vec<CourseStanding>, Error> {
    let loaded = books.load(person)?;
    Ok(pipeline::standings(&pipeline::judged(&loaded.facts, setup), &loaded.lines))
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
        Column::Count("sent"),
        Column::Count("accepted"),
        Column::Text("closed"),
        Column::Text("billed_once"),
    ];
    if form != Form::Table {
        columns.extend([
            Column::Text("closed_by"),
            Column::Text("last_fraction"),
            Column::Text("missing"),
            Column::Text("doubled"),
            Column::Text("waiting"),
            Column::Count("management_earned"),
            Column::Count("management_billed"),
            Column::Count("management_next"),
            Column::Count("physics_earned"),
            Column::Count("physics_billed"),
            Column::Count("physics_next"),
        ]);
        columns.extend(LINES_IN.map(Column::Count));
    }
    columns
}

fn row(summary: &CourseSummary, standing: Option<&CourseStanding>, form: Form) -> Vec<String> {
    let said = |say: &dyn Fn(&CourseStanding) -> String| standing.map(say).unwrap_or_default();
    let mut row = vec![
        summary.patient.number.clone(),
        summary.course.0.clone(),
        summary.first_day.to_string(),
        summary.last_day.to_string(),
        said(&|it| it.prescribed.map(|count| count.to_string()).unwrap_or_default()),
        said(&|it| it.delivered.to_string()),
        said(&|it| it.charged.to_string()),
        said(&|it| it.sent.to_string()),
        said(&|it| it.accepted.to_string()),
        said(&|it| it.closed.map(|(day, _)| day.to_string()).unwrap_or_default()),
        said(&CourseStanding::verdict),
    ];
    if form == Form::Table {
        return row;
    }
    let listed = |numbers: &[u16]| numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    row.extend([
        said(&|it| it.closed.map(|(_, by)| by.as_str().to_owned()).unwrap_or_default()),
        said(&|it| it.last_fraction.map(|day| day.to_string()).unwrap_or_default()),
        said(&|it| listed(&it.missing)),
        said(&|it| listed(&it.doubled)),
        said(&|it| it.waiting.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
    ]);
    for pick in [|it: &CourseStanding| it.management, |it: &CourseStanding| it.physics] {
        row.extend([
            said(&|it| pick(it).earned.to_string()),
            said(&|it| pick(it).billed.to_string()),
            said(&|it| pick(it).next_due.map(|next| next.to_string()).unwrap_or_default()),
        ]);
    }
    let count = |state: &LineState| summary.lines.get(state).copied().unwrap_or(0).to_string();
    row.extend(LineState::ALL.iter().map(count));
    row
}
