//! Codes that exclude one another on a day, and how many units a day allows: `pairs.csv` and
//! `limits.csv`, each claim by its own table.

use rustc_hash::FxHashMap as HashMap;

use jiff::civil::Date;

use crate::domain::{Claim, ProcedureCode, TableRow};

use super::Problem;
use super::cell::{self, Cells};
use super::once::Once;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// Two codes that do not stand together: the second is denied.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// Whether no modifier helps.
    pub never: bool,
    /// Where it stands.
    pub row: &'a TableRow,
}

/// How a limit is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Indicator {
    /// For each line.
    Line,
    /// For the day, and nobody lifts it.
    DayAbsolute,
    /// For the day; a person may justify more.
    Day,
}

/// How many units of a code are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Limit<'a> {
    /// The most.
    pub units: u16,
    /// For a line or a day.
    pub indicator: Indicator,
    /// Where it stands.
    pub row: &'a TableRow,
}

/// The two families of tables: hospital, and practitioner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Facility,
    Practitioner,
}

impl Side {
    const BOTH: [Side; 2] = [Side::Facility, Side::Practitioner];

    pub(super) fn of(claim: Claim) -> Side {
        match claim {
            Claim::Facility => Side::Facility,
            Claim::Professional | Claim::Global => Side::Practitioner,
        }
    }
}

#[derive(Debug)]
struct PairRow {
    side: Option<Side>,
    never: bool,
    period: Period,
    row: TableRow,
}

#[derive(Debug)]
struct LimitRow {
    units: u16,
    indicator: Indicator,
    period: Period,
    row: TableRow,
}

/// Pairs as one file has them.
type PairRows = HashMap<(ProcedureCode, ProcedureCode), Vec<PairRow>>;

/// Limits as one file has them.
type LimitRows = HashMap<(ProcedureCode, Side), Vec<LimitRow>>;

/// The tables of pairs: kept by hand, and imported. An imported table outweighs the other wherever
/// it speaks of a pair at all.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    by_hand: PairRows,
    imported: PairRows,
}

/// The tables of limits, in the same way; an imported one speaks from its first quarter on.
#[derive(Debug, Default)]
pub(super) struct Limits {
    by_hand: LimitRows,
    imported: LimitRows,
}

const PAIRS: Shape = Shape {
    columns: &["column_1", "column_2", "indicator", "claims", "from", "until", "why"],
    more: false,
};

const LIMITS: Shape = Shape {
    columns: &["code", "claims", "units", "indicator", "from", "until", "why"],
    more: false,
};

impl Pairs {
    pub(super) fn read(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Pairs {
        Pairs { by_hand: pair_rows(file, bytes, problems), imported: PairRows::default() }
    }

    /// Adds an imported table.
    pub(super) fn import(&mut self, file: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        for (codes, rows) in pair_rows(file, bytes, problems) {
            self.imported.entry(codes).or_default().extend(rows);
        }
    }

    pub(super) fn find(
        &self,
        codes: (ProcedureCode, ProcedureCode),
        claim: Claim,
        day: Date,
    ) -> Option<Pair<'_>> {
        let side = Side::of(claim);
        let mine = |rows: &&PairRow| rows.side.is_none_or(|it| it == side);
        let of =
            |rows: &'_ PairRows| rows.get(&codes).is_some_and(|it| it.iter().any(|r| mine(&r)));
        let rows = if of(&self.imported) { &self.imported } else { &self.by_hand };
        let rows = rows.get(&codes)?.iter().filter(mine);
        let mut in_force = rows.filter(|row| row.period.contains(day));
        in_force.next().map(|row| Pair { never: row.never, row: &row.row })
    }
}

fn pair_rows(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> PairRows {
    let sheet = Sheet::read(file, bytes, &PAIRS, problems);
    let mut once = Once::default();
    let mut pairs = PairRows::default();
    for (codes, row) in sheet.each(problems, |cells| pair_row(cells, &mut once)) {
        pairs.entry(codes).or_default().push(row);
    }
    pairs
}

fn limit_rows(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> LimitRows {
    let sheet = Sheet::read(file, bytes, &LIMITS, problems);
    let mut once = Once::default();
    let mut limits = LimitRows::default();
    for (code, side, row) in
        sheet.each(problems, |cells| limit_row(cells, &mut once)).into_iter().flatten()
    {
        limits.entry((code, side)).or_default().push(row);
    }
    limits
}

impl Limits {
    pub(super) fn read(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Limits {
        Limits { by_hand: limit_rows(file, bytes, problems), imported: LimitRows::default() }
    }

    /// Adds an imported table.
    pub(super) fn import(&mut self, file: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        for (key, rows) in limit_rows(file, bytes, problems) {
            self.imported.entry(key).or_default().extend(rows);
        }
    }

    pub(super) fn find(&self, code: ProcedureCode, claim: Claim, day: Date) -> Option<Limit<'_>> {
        let key = (code, Side::of(claim));
        let speaks = |rows: &Vec<LimitRow>| rows.iter().any(|row| row.period.from <= day);
        let imported = self.imported.get(&key).filter(|rows| speaks(rows));
        let rows = imported.or_else(|| self.by_hand.get(&key))?;
        let row = rows.iter().find(|row| row.period.contains(day))?;
        Some(Limit { units: row.units, indicator: row.indicator, row: &row.row })
    }
}

type PairCase = (ProcedureCode, ProcedureCode, Side);

fn pair_row(
    cells: &mut Cells<'_>,
    once: &mut Once<PairCase>,
) -> Option<((ProcedureCode, ProcedureCode), PairRow)> {
    let first = cells.code("column_1");
    let second = cells.code("column_2");
    let never = cells.read("indicator", never);
    let side = cells.read("claims", side);
    let period = cells.period();
    let (first, second, side, period) = (first?, second?, side?, period?);
    if first == second {
        cells.wrong("sets a code against itself: use limits.csv");
    }
    let claimed = Side::BOTH.into_iter().filter(|it| side.is_none_or(|wanted| wanted == *it));
    once.add(claimed.map(|it| (first, second, it)), period, cells);
    Some(((first, second), PairRow { side, never: never?, period, row: cells.row() }))
}

fn limit_row(
    cells: &mut Cells<'_>,
    once: &mut Once<(ProcedureCode, Side)>,
) -> Option<Vec<(ProcedureCode, Side, LimitRow)>> {
    let code = cells.code("code");
    let side = cells.read("claims", side);
    let units = cells.read("units", cell::number);
    let indicator = cells.read("indicator", indicator);
    let period = cells.period();
    let (code, side, units, indicator, period) = (code?, side?, units?, indicator?, period?);
    let sides = Side::BOTH.into_iter().filter(|it| side.is_none_or(|wanted| wanted == *it));
    once.add(sides.clone().map(|side| (code, side)), period, cells);
    let row = |side| (code, side, LimitRow { units, indicator, period, row: cells.row() });
    Some(sides.map(row).collect())
}

fn side(text: &str) -> Result<Option<Side>, String> {
    match text {
        "any" => Ok(None),
        "facility" => Ok(Some(Side::Facility)),
        "practitioner" => Ok(Some(Side::Practitioner)),
        _ => Err(cell::not_one_of(text, &["any", "facility", "practitioner"])),
    }
}

fn never(text: &str) -> Result<bool, String> {
    match text {
        "0" => Ok(true),
        "1" => Ok(false),
        _ => Err(format!("is `{text}`: write 0 (never together) or 1 (together with a modifier)")),
    }
}

fn indicator(text: &str) -> Result<Indicator, String> {
    match text {
        "1" => Ok(Indicator::Line),
        "2" => Ok(Indicator::DayAbsolute),
        "3" => Ok(Indicator::Day),
        _ => Err(format!("is `{text}`: write 1 (each line), 2 (the day, absolute) or 3 (the day)")),
    }
}
