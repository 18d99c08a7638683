//! Where payers differ: `payers/<payer>.csv`.

use rustc_hash::FxHashMap as HashMap;

use jiff::civil::Date;

use super::Problem;
use super::cell::{self, Cells};
use super::once::Once;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// The payer whose rules hold where another says nothing.
pub(super) const BASE: &str = "medicare";

/// What a parameter may be.
enum Value {
    OneOf(&'static [&'static str]),
    Number,
    NumberOrNone,
}

/// Every parameter; `mappings/README.md` says what each does.
const PARAMETERS: &[(&str, Value)] = &[
    ("consultation_codes", Value::OneOf(&["not-recognized", "recognized"])),
    ("final_bill_days", Value::NumberOrNone),
    ("follow_up_days", Value::Number),
    ("guidance_form", Value::OneOf(&["26", "unmodified"])),
    ("imrt_window_days", Value::NumberOrNone),
    ("inpatient_facility", Value::OneOf(&["suppress", "bill"])),
    ("late_hold_days", Value::Number),
    ("late_reject_months", Value::Number),
    ("late_warn_days", Value::Number),
    ("mgmt_dos", Value::OneOf(&["last", "first"])),
    ("physics_tail", Value::OneOf(&["strict", "mirror", "ceil"])),
    ("portal_images_freestanding", Value::OneOf(&["suppress", "bill"])),
    ("surface_ultrasound", Value::OneOf(&["bill", "hold"])),
];

/// The parameters of one payer, by name.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: HashMap<&'static str, Vec<(Period, String)>>,
    /// Rows with the day by which their owner looks at them again.
    reviews: Vec<(Date, String)>,
}

const SHAPE: Shape = Shape {
    columns: &["parameter", "value", "from", "until", "owner", "source", "review", "why"],
    more: false,
};

impl Parameters {
    pub(super) fn read(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Parameters {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let mut once = Once::default();
        let mut parameters = Parameters::default();
        for (name, period, value) in sheet.each(problems, |cells| parameter(cells, &mut once)) {
            parameters.values.entry(name).or_default().push((period, value));
        }
        parameters.reviews = sheet.each(problems, review);
        parameters
    }

    pub(super) fn get(&self, name: &str, day: Date) -> Option<&str> {
        let values = self.values.get(name)?;
        values.iter().find(|(period, _)| period.contains(day)).map(|(_, value)| value.as_str())
    }

    /// Rows whose review is past, each with its owner.
    pub(super) fn reviews_due(&self, today: Date) -> impl Iterator<Item = &str> {
        let due = self.reviews.iter().filter(move |(day, _)| *day < today);
        due.map(|(_, row)| row.as_str())
    }

    /// The payer that all others fall back upon must say everything.
    pub(super) fn check_complete(&self, file: &str, problems: &mut Vec<Problem>) {
        let missing = PARAMETERS.iter().filter(|(name, _)| !self.values.contains_key(name));
        problems.extend(missing.map(|(name, _)| {
            Problem::new(
                file,
                0,
                format!(
                    "has no row for `{name}`: add one, since every other payer falls back upon it"
                ),
            )
        }));
    }
}

fn review(cells: &mut Cells<'_>) -> Option<(Date, String)> {
    let day = cells.read("review", cell::date)?;
    let (owner, name) = (cells.text("owner"), cells.text("parameter"));
    let text =
        format!("{}: `{name}` was to be looked at again by {day}: ask {owner}", cells.row().0);
    Some((day, text))
}

fn parameter(
    cells: &mut Cells<'_>,
    once: &mut Once<&'static str>,
) -> Option<(&'static str, Period, String)> {
    let found = cells.read("parameter", |text| {
        let known = PARAMETERS.iter().find(|(name, _)| *name == text);
        let names: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
        known.ok_or_else(|| cell::not_one_of(text, &names))
    });
    let period = cells.period();
    let ((name, value), period) = (found?, period?);
    once.add([*name], period, cells);
    let value = cells.read("value", |text| match value {
        Value::OneOf(all) if all.contains(&text) => Ok(text.to_owned()),
        Value::OneOf(all) => Err(cell::not_one_of(text, all)),
        Value::NumberOrNone if text == "none" => Ok(text.to_owned()),
        Value::Number | Value::NumberOrNone => cell::number(text).map(|number| number.to_string()),
    });
    Some((*name, period, value?))
}
