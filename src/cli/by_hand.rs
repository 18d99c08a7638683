//! `collimator add`, `close`, `reopen`: what a person tells is kept like a message, and carried,
//! judged and explained like one, whether the daemon runs or not.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    Activity, ActivityKey, ActivityStanding, Answer, BY_HAND, Clinician, Course, Degree, Diagnosis,
    Document, DocumentKey, DocumentKind, Fact, Field, Identifier, MessageId, Modifier, Moment,
    PatientClass, ProcedureCode, Quantity, Share, Standing, ToldByHand, Weight, Who,
};
use crate::pipeline::{self, Setup};
use crate::store::{Books, LineFilter, NewMessage};

use super::decide::name;
use super::desk::{self, Config};
use super::filter::day;
use super::{Error, FOUND_WRONG};

/// What all of these need.
#[derive(Debug, Args)]
struct Whose {
    #[command(flatten)]
    config: Config,
    /// The patient's number
    #[arg(long, value_name = "NUMBER")]
    mrn: String,
    /// Why; written into the ledger with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Close a course: what is left over is earned, and nothing after it is billed unasked
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator close --config site.toml --mrn 100200 --course C1 \
    --day 2026-10-30 --reason 'the patient stopped'")]
pub(super) struct Close {
    #[command(flatten)]
    whose: Whose,
    /// The course
    #[arg(long, value_name = "NAME")]
    course: String,
    /// The day on which it ended; the day of its last fraction if left out
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Option<Date>,
}

/// Take the end of a course back
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator reopen --config site.toml --mrn 100200 --course C1 \
    --reason 'treatment goes on'")]
pub(super) struct Reopen {
    #[command(flatten)]
    whose: Whose,
    /// The course
    #[arg(long, value_name = "NAME")]
    course: String,
}

/// Add work that no source has told; it is judged like any other
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator add --config site.toml --mrn 100200 --course C1 \
    --day 2026-10-05 --activity DEVICE-SIMPLE --diagnoses C61 --orderer 1999000114 \
    --reason 'charged on paper'")]
pub(super) struct Add {
    #[command(flatten)]
    whose: Whose,
    /// The course
    #[arg(long, value_name = "NAME")]
    course: Option<String>,
    /// The day of service
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Date,
    /// What was done, as the source calls it
    #[arg(long, value_name = "NAME", required_unless_present = "code")]
    activity: Option<String>,
    /// The code, where a person chose it
    #[arg(long, value_name = "CODE")]
    code: Option<ProcedureCode>,
    /// The source whose dictionary explains the name; the first of the settings if left out
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1)]
    units: u16,
    /// Modifiers, parted by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    modifiers: Vec<Modifier>,
    /// Diagnoses, in order, parted by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    diagnoses: Vec<Diagnosis>,
    /// The plan
    #[arg(long, value_name = "NAME")]
    plan: Option<String>,
    /// The physician who did it: their NPI
    #[arg(long, value_name = "NPI")]
    performer: Option<String>,
    /// The physician who ordered it: their NPI
    #[arg(long, value_name = "NPI")]
    orderer: Option<String>,
    /// The account, if not the one of the registration
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
}

impl Close {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let found = match self.whose.course(&self.course)? {
            Ok(found) => found,
            Err(why) => return refuse(&why),
        };
        let last = found.course.sessions.iter().filter(|it| it.delivered.is_some());
        let last = last.map(|session| session.moment.date).max();
        let Some(day) = self.day.or(last) else {
            return refuse("nothing was delivered in the course: say its last day with --day");
        };
        if last.is_some_and(|last| last > day) {
            return refuse(&format!(
                "a fraction was delivered after {day}: it would open it again"
            ));
        }
        let by_name = found.course.steps.iter().find_map(|step| step.activity.course.clone());
        let session = found.course.sessions.iter().rfind(|session| session.is_named);
        let number = number();
        let document = Document {
            key: DocumentKey { system: BY_HAND.into(), number: number.clone() },
            kind: DocumentKind::EndOfTreatment,
            moment: Moment::day(day),
            author: None,
            standing: Standing::InForce,
            session: session.filter(|_| by_name.is_none()).map(|session| session.id.0.clone()),
            course: by_name,
            plan: None,
            codes: Vec::new(),
            account: None,
            posted: self.whose.made()?,
            message: MessageId(0),
        };
        self.whose.tell("close", (found.patient, number), vec![Fact::Document(Arc::new(document))])
    }
}

impl Reopen {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let found = match self.whose.course(&self.course)? {
            Ok(found) => found,
            Err(why) => return refuse(&why),
        };
        let posted = self.whose.made()?;
        let taken_back = |end: &Arc<Document>| {
            let end = (**end).clone();
            Fact::Document(Arc::new(Document { standing: Standing::Withdrawn, posted, ..end }))
        };
        let ends: Vec<Fact> =
            found.course.documents_of(DocumentKind::EndOfTreatment).map(taken_back).collect();
        if ends.is_empty() {
            return refuse("the course is not closed");
        }
        self.whose.tell("reopen", (found.patient, number()), ends)
    }
}

impl Add {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.whose.config.desk()?;
        let setup = desk.setup()?;
        let named = |name: &str| setup.sources.iter().find(|source| source.name == name);
        let source = match &self.source {
            Some(name) => named(name),
            None => setup.sources.first(),
        };
        let Some(source) = source else {
            return refuse("the settings name no such source");
        };
        let Some(units) = Quantity::new(self.units) else {
            return refuse("no claim carries so many units");
        };
        let known = self
            .activity
            .as_ref()
            .is_none_or(|name| setup.tables.meaning(&source.profile, name, self.day).is_some());
        if !known {
            return refuse("no dictionary of the source knows this activity on that day");
        }
        let patient = match self.whose.patient(&desk.books()?)? {
            Ok(patient) => patient,
            Err(why) => return refuse(&why),
        };
        let number = number();
        let activity = self.told((&source.profile, &number), units)?;
        self.whose.tell("add", (patient, number), vec![Fact::Activity(Arc::new(activity))])
    }

    fn told(&self, (profile, number): (&str, &str), quantity: Quantity) -> Result<Activity, Error> {
        let made = self.whose.made()?;
        let coded = "AS-CODED".to_owned();
        let name = self.activity.clone().unwrap_or(coded);
        Ok(Activity {
            key: ActivityKey { system: BY_HAND.into(), number: number.to_owned(), name },
            profile: profile.to_owned(),
            done: Moment::day(self.day),
            quantity: Field::Read(quantity),
            chosen: self.code,
            modifiers: self.modifiers.clone(),
            share: Share::Whole,
            diagnoses: self.diagnoses.clone(),
            performer: self.performer.as_deref().map(physician),
            orderer: self.orderer.as_deref().map(physician),
            course: self.course.clone(),
            plan: self.plan.clone(),
            fraction: None,
            prescribed: None,
            session: None,
            account: self.account.clone(),
            visit: None,
            class: PatientClass::Outpatient,
            payer: None,
            department: None,
            location: None,
            filler_order: None,
            posted: made,
            told: made,
            message: MessageId(0),
            control_id: number.to_owned(),
            unreadable: Vec::new(),
            standing: ActivityStanding::Done,
            weight: Weight::Charged,
        })
    }
}

/// A number for what is told now.
fn number() -> String {
    format!("P{}", desk::now().as_millisecond())
}

fn physician(number: &str) -> Clinician {
    Clinician {
        number: number.to_owned(),
        family: String::new(),
        given: String::new(),
        degree: Degree::Physician,
    }
}

/// A course that a person speaks of.
struct Found {
    patient: Identifier,
    course: Course,
}

impl Whose {
    /// The course of this name; or why there is none, or not one.
    fn course(&self, name: &str) -> Result<Result<Found, String>, Error> {
        let desk = self.config.desk()?;
        let (books, setup) = (desk.books()?, desk.setup()?);
        let filter = LineFilter { mrn: Some(self.mrn.clone()), ..LineFilter::default() };
        let mut found: Vec<Found> = Vec::new();
        for summary in books.courses(filter) {
            let summary = summary?;
            if summary.course.0 == name {
                found.extend(the_course(&books, &setup, &summary)?);
            }
        }
        Ok(match found.len() {
            1 => Ok(found.remove(0)),
            0 => {
                Err("this patient has no such course: `collimator courses --mrn` lists them".into())
            }
            _ => Err("two patients with this number have such a course".into()),
        })
    }

    fn patient(&self, books: &Books) -> Result<Result<Identifier, String>, Error> {
        let filter = LineFilter { mrn: Some(self.mrn.clone()), ..LineFilter::default() };
        let mut patients: Vec<Identifier> = Vec::new();
        for listed in books.lines(filter) {
            let patient = listed?.patient;
            if !patients.contains(&patient) {
                patients.push(patient);
            }
        }
        Ok(match patients.len() {
            1 => Ok(patients.remove(0)),
            0 => Err("no line of a patient with this number is on the books".into()),
            _ => Err("two patients have this number".into()),
        })
    }

    fn made(&self) -> Result<Moment, Error> {
        let zone = self.config.settings()?.time_zone;
        Ok(Moment::at(desk::now().to_zoned(zone).datetime()))
    }

    /// Keeps what is told, as a message of its own.
    fn tell(
        &self,
        what: &str,
        (patient, number): (Identifier, String),
        facts: Vec<Fact>,
    ) -> Result<ExitCode, Error> {
        let reason = self.reason.trim();
        if reason.is_empty() {
            return Err(Error::NoReason);
        }
        let who =
            Who::Person { name: name(&|key| std::env::var(key).ok()), reason: reason.to_owned() };
        let told = ToldByHand { what: what.to_owned(), who, patient, facts };
        let raw = serde_json::to_vec(&told).unwrap_or_default();
        let received: Timestamp = desk::now();
        let message = NewMessage {
            source: BY_HAND.into(),
            received,
            control_id: number.into_bytes(),
            answer: Answer::Accept,
            reason: None,
            raw: raw.into(),
            fragment: None,
        };
        let id = self.config.desk()?.intake()?.append_blocking(message)?;
        writeln!(std::io::stdout().lock(), "message {id}: {what} is kept; the daemon carries it")?;
        Ok(ExitCode::SUCCESS)
    }
}

fn the_course(
    books: &Books,
    setup: &Setup,
    summary: &crate::store::CourseSummary,
) -> Result<Option<Found>, Error> {
    let facts = books.load(summary.person)?.facts;
    let record = pipeline::judged(&facts, setup).record;
    let course = record.courses.into_iter().find(|course| course.id == summary.course);
    Ok(course.map(|course| Found { patient: summary.patient.clone(), course }))
}

fn refuse(why: &str) -> Result<ExitCode, Error> {
    eprintln!("{why}");
    Ok(ExitCode::from(FOUND_WRONG))
}
