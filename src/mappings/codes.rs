//! Every code that may ever be billed, in its versions: `codes.csv`.

use rustc_hash::FxHashMap as HashMap;

use jiff::civil::Date;

use crate::domain::{CareStep, Component, Family, ProcedureCode, Revenue, Setting, TableRow};

use super::Problem;
use super::cell::{self, Cells};
use super::once::Once;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// One version of a code: what it means from one day to another.
#[derive(Debug, Clone)]
pub struct CodeRow {
    /// The code.
    pub code: ProcedureCode,
    /// What kind of work it stands for.
    pub family: Family,
    /// The step of care it bills.
    pub step: CareStep,
    /// Whose share it stands for.
    pub component: Component,
    /// Whether a hospital's claim has a line of it.
    pub facility_line: bool,
    /// The revenue code of that line, also where the line comes in by mistake and is rejected.
    pub revenue: Option<Revenue>,
    /// Whose code it is, if not everybody's: a hospital's or a freestanding center's alone.
    pub only: Option<Setting>,
    /// Days after the service that hold related visits.
    pub global_days: u16,
    /// What it is, in our own words.
    pub label: String,
    /// What to bill on a day when this version is not in force, parted by `/`; `-` for nothing.
    pub instead: String,
    /// The first day of service.
    pub from: Date,
    /// The last day of service; `None` while in force.
    pub until: Option<Date>,
    /// Where it stands.
    pub row: TableRow,
}

/// What the table knows of a code on a day.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// In force.
    InForce(&'a CodeRow),
    /// Known, but not on that day; the version nearest to it.
    NotInForce(&'a CodeRow),
    /// No table knows it.
    Unknown,
}

impl<'a> Found<'a> {
    /// The version, in force or not.
    pub fn row(self) -> Option<&'a CodeRow> {
        match self {
            Found::InForce(row) | Found::NotInForce(row) => Some(row),
            Found::Unknown => None,
        }
    }
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Codes {
    by_code: HashMap<ProcedureCode, Vec<CodeRow>>,
}

const SHAPE: Shape = Shape {
    columns: &[
        "code",
        "system",
        "family",
        "care_step",
        "component",
        "facility_line",
        "revenue",
        "setting",
        "global_days",
        "label",
        "instead",
        "from",
        "until",
        "why",
    ],
    more: false,
};

impl CodeRow {
    fn period(&self) -> Period {
        Period { from: self.from, until: self.until }
    }
}

impl Codes {
    /// Every code, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = ProcedureCode> + '_ {
        self.by_code.keys().copied()
    }

    pub(super) fn read(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Codes {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let mut once = Once::default();
        let mut codes = Codes::default();
        for row in sheet.each(problems, |cells| code_row(cells, &mut once)) {
            codes.by_code.entry(row.code).or_default().push(row);
        }
        sheet.each(problems, |cells| codes.check_instead(cells));
        codes
    }

    /// What is known of a code on a day.
    pub(super) fn find(&self, code: ProcedureCode, day: Date) -> Found<'_> {
        let Some(versions) = self.by_code.get(&code) else { return Found::Unknown };
        match versions.iter().find(|row| row.period().contains(day)) {
            Some(row) => Found::InForce(row),
            None => versions
                .iter()
                .min_by_key(|row| row.period().days_away(day))
                .map_or(Found::Unknown, Found::NotInForce),
        }
    }

    /// Whether the table has the code at all.
    pub(super) fn knows(&self, code: ProcedureCode) -> bool {
        self.by_code.contains_key(&code)
    }

    /// Complains of a code that is unknown, or not in force on every day of a row that names it.
    pub(super) fn check_in_force(
        &self,
        code: ProcedureCode,
        period: Period,
        cells: &mut Cells<'_>,
    ) {
        let Some(versions) = self.by_code.get(&code) else {
            return cells
                .wrong(format!("names {code}, which codes.csv does not have: add it there first"));
        };
        if let Some(gap) = period.first_gap(versions.iter().map(CodeRow::period)) {
            cells.wrong(format!(
                "names {code}, which is not in force {gap}: set `from` and `until` as in codes.csv"
            ));
        }
    }

    fn check_instead(&self, cells: &mut Cells<'_>) -> Option<()> {
        for text in cells.text("instead").split('/').filter(|text| *text != "-") {
            match cell::code(text) {
                Ok(code) if self.knows(code) => {}
                Ok(code) => {
                    cells.wrong(format!("`instead` names {code}, which this table does not have"))
                }
                Err(text) => cells.wrong(format!("`instead` {text}; part several by `/`")),
            }
        }
        None
    }
}

fn code_row(cells: &mut Cells<'_>, once: &mut Once<ProcedureCode>) -> Option<CodeRow> {
    let families: Vec<&str> = Family::ALL.iter().map(|family| family.as_str()).collect();
    let steps = CareStep::ALL.map(CareStep::as_str);
    let code = cells.code("code");
    let family = cells.word("family", &families);
    let step = cells.word("care_step", &steps);
    let component =
        cells.word("component", &["global", "professional_only", "split", "technical_only"]);
    let facility_line = cells.read("facility_line", yes_or_no);
    let revenue = cells.read("revenue", cell::revenue);
    let only = cells.setting();
    let global_days = cells.read("global_days", cell::number);
    let period = cells.period();
    let (code, facility_line, revenue, period) = (code?, facility_line?, revenue?, period?);
    if facility_line && revenue.is_none() {
        cells.wrong("makes a facility line and has no revenue code: write its four digits");
    }
    once.add([code], period, cells);
    Some(CodeRow {
        code,
        family: family?,
        step: step?,
        component: component?,
        facility_line,
        revenue,
        only: only?,
        global_days: global_days?,
        label: cells.text("label").to_owned(),
        instead: cells.text("instead").to_owned(),
        from: period.from,
        until: period.until,
        row: cells.row(),
    })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("is `{text}`: write `yes` or `no`")),
    }
}
