//! Examples beside a source profile: messages, and what they must tell.
//!
//! `sources/NAME.examples/CASE.hl7` holds messages; `CASE.expected` beside it holds what is read of
//! them, a row for each activity, as CSV.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::Error;
use crate::domain::{Activity, Fact, Field, MessageId, Modifier, Order, OrderStanding};
use crate::interpret::{self, Reading};
use crate::mappings::{SourceProfile, Tables};
use crate::wire::hl7::split;

/// What came of the examples of all profiles.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How many files there are.
    pub(super) examples: usize,
    /// What comes out otherwise.
    pub(super) wrong: Vec<String>,
}

const HEADING: &str = "number,name,day,course,code,modifiers,diagnoses,quantity,account";

/// Reads every example below a folder of tables.
pub(super) fn examine(tables: &Tables, folder: &Path) -> Result<Told, Error> {
    let mut told = Told::default();
    for name in tables.profile_names() {
        let Some(profile) = tables.profile(name) else { continue };
        let inside = format!("sources/{name}.examples");
        for case in cases(&folder.join(&inside))? {
            let shown = format!("{inside}/{}", case.file_name().unwrap_or_default().display());
            let raw = read(&case)?;
            let wanted = String::from_utf8_lossy(&read(&case.with_extension("expected"))?)
                .replace("\r\n", "\n");
            told.examples += 1;
            told.wrong.extend(differences(&shown, &rows(&raw, profile), wanted.trim_end()));
        }
    }
    Ok(told)
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unread = |source| Error::File { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unread)?;
    let mut cases: Vec<PathBuf> =
        entries.map(|entry| entry.map(|it| it.path())).collect::<Result<_, _>>().map_err(unread)?;
    cases.retain(|path| path.extension().is_some_and(|ending| ending == "hl7"));
    cases.sort();
    Ok(cases)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// What messages tell, row by row.
fn rows(raw: &[u8], profile: &SourceProfile) -> Vec<String> {
    let mut rows = vec![HEADING.to_owned()];
    for message in split(raw) {
        let reading = Reading {
            profile,
            system: "",
            time_zone: &TimeZone::UTC,
            message: MessageId(0),
            received: Timestamp::UNIX_EPOCH,
        };
        match interpret::read(message, &reading) {
            Ok(told) => {
                let facts = told.people.iter().flat_map(|person| &person.facts);
                rows.extend(facts.filter_map(row));
            }
            Err(refusal) => rows.push(format!("refused: {}", refusal.reason.text)),
        }
    }
    rows
}

fn row(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Activity(activity) => Some(activity_row(activity)),
        Fact::Credit(credit) => {
            Some(format!("{},credit of {},{},,,,,,", credit.number, credit.of, credit.done.date))
        }
        Fact::Document(document) => {
            Some(format!("{},document,{},,,,,,", document.key.number, document.moment.date))
        }
        Fact::Order(order) => Some(order_row(order)),
        Fact::Tally(_) => None,
    }
}

fn order_row(order: &Order) -> String {
    let number = order.filler.as_ref().or(order.placer.as_ref());
    let number = number.cloned().unwrap_or_default();
    let what = match order.standing {
        OrderStanding::InForce => "order",
        OrderStanding::Canceled => "canceled order",
    };
    let name = order.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let account = order.account.clone().unwrap_or_default();
    format!("{number},{what}{name},{},,,,,,{account}", order.posted.date)
}

fn activity_row(activity: &Activity) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let modifiers: Vec<&str> = activity.modifiers.iter().map(Modifier::as_str).collect();
    let diagnoses: Vec<&str> = activity.diagnoses.iter().map(|one| one.as_str()).collect();
    let quantity = match &activity.quantity {
        Field::Read(quantity) => quantity.get().to_string(),
        Field::Unreadable(_) => "unreadable".to_owned(),
    };
    [
        activity.key.number.clone(),
        activity.key.name.clone(),
        activity.done.date.to_string(),
        or_none(&activity.course),
        activity.chosen.map(|code| code.to_string()).unwrap_or_default(),
        modifiers.join(" "),
        diagnoses.join(" "),
        quantity,
        or_none(&activity.account),
    ]
    .join(",")
}

/// The first row that comes out otherwise.
fn differences(shown: &str, told: &[String], wanted: &str) -> Option<String> {
    let wanted: Vec<&str> = wanted.lines().collect();
    let most = told.len().max(wanted.len());
    (0..most).find_map(|at| {
        let (is, says) = (told.get(at).map(String::as_str), wanted.get(at).copied());
        let nothing = "nothing";
        (is != says).then(|| {
            let line = at + 1;
            format!(
                "{shown}: row {line} is read as `{}`, and the example says `{}`",
                is.unwrap_or(nothing),
                says.unwrap_or(nothing)
            )
        })
    })
}
