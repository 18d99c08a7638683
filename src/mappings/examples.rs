//! Examples beside the tables: what a thing earns, as a person says it must.

use super::cell::{self, Cells};
use super::sheet::{Shape, Sheet};
use super::{Case, Earning, Folder, Problem, Tables};
use crate::domain::{Diagnosis, Kind};

/// The folder of examples.
pub(super) const FOLDER: &str = "examples/";

const SHAPE: Shape = Shape {
    columns: &["source", "activity", "day", "setting", "diagnoses", "earns", "why"],
    more: false,
};

/// What is said of work that earns no line of its own, of work whose code the source chooses, and
/// of work whose code needs a fact that is not sent.
const NOTHING: &str = "-";
const FROM_SOURCE: &str = "from-source";
const MISSING: &str = "missing";

/// What came of running the examples.
#[derive(Debug, Default)]
pub struct Examined {
    /// How many there are.
    pub examples: usize,
    /// Those that come out otherwise, each as a problem with its line.
    pub wrong: Vec<Problem>,
}

impl Folder {
    /// Runs every example.
    ///
    /// # Errors
    /// Every problem of the tables, or of the examples themselves.
    pub fn examine(&self) -> Result<Examined, Vec<Problem>> {
        let tables = self.tables()?;
        let mut problems = Vec::new();
        let mut examined = Examined::default();
        for (file, bytes) in self.beginning(FOLDER) {
            let sheet = Sheet::read(&file, &bytes, &SHAPE, &mut problems);
            let told = sheet.each(&mut problems, |cells| Some(example(cells, &tables)));
            examined.examples += told.len();
            let wrong = told.into_iter().flatten();
            examined.wrong.extend(wrong.map(|(line, text)| Problem::new(&file, line, text)));
        }
        if problems.is_empty() { Ok(examined) } else { Err(problems) }
    }
}

/// What is wrong with one example, with its line.
fn example(cells: &mut Cells<'_>, tables: &Tables) -> Option<(u64, String)> {
    let day = cells.read("day", cell::date);
    let setting = cells.setting();
    let diagnoses = cells.read("diagnoses", |text| {
        let all: Result<Vec<Diagnosis>, _> = text.split(' ').map(str::parse).collect();
        all.map_err(|error| error.to_string())
    });
    let (source, activity) = (cells.text("source").to_owned(), cells.text("activity").to_owned());
    let wanted = cells.text("earns").to_owned();
    let (day, setting, diagnoses) = (day?, setting?, diagnoses?);
    let Some(setting) = setting else {
        cells.wrong("`setting` must be hospital or freestanding: an example is of one site");
        return None;
    };
    let Some(meaning) = tables.meaning(&source, &activity, day) else {
        return Some((cells.line, format!("no dictionary of {source} knows {activity} on {day}")));
    };
    let case = Case {
        kind: meaning.kind,
        attributes: &meaning.attributes,
        setting,
        diagnoses: &diagnoses,
        day,
    };
    let (earned, row) = match (meaning.kind, tables.earns(&case)) {
        (Kind::NoCharge, _) => (NOTHING.to_owned(), String::new()),
        (Kind::Visit | Kind::AsCoded, _) => (FROM_SOURCE.to_owned(), String::new()),
        (_, Some(Earning { code: Ok(code), row })) => (code.to_string(), row.0.clone()),
        (_, Some(Earning { code: Err(_), row })) => (MISSING.to_owned(), row.0.clone()),
        (_, None) => (MISSING.to_owned(), "no row".to_owned()),
    };
    let because = if row.is_empty() { String::new() } else { format!(" ({row})") };
    (earned != wanted).then(|| {
        let what = format!("{activity} on {day} in a {} setting", setting.as_str());
        (cells.line, format!("{what} earns {earned}{because}, and the example says {wanted}"))
    })
}
