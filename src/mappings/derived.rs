//! What goes along with another line, and what management earns: `charges/derived.csv` and
//! `charges/management.csv`.

use rustc_hash::FxHashMap as HashMap;

use jiff::civil::Date;

use crate::domain::{Family, ProcedureCode, Setting, TableRow};

use super::Problem;
use super::cell::{self, Cells};
use super::codes::Codes;
use super::once::Once;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// A code that goes along with every line of a family.
#[derive(Debug)]
struct Companion {
    place: Option<String>,
    setting: Option<Setting>,
    code: ProcedureCode,
    period: Period,
    row: TableRow,
}

/// Both tables.
#[derive(Debug, Default)]
pub(super) struct Derived {
    companions: HashMap<Family, Vec<Companion>>,
    management: HashMap<Family, Vec<(ProcedureCode, Period, TableRow)>>,
}

const DERIVED: Shape =
    Shape { columns: &["with", "place", "setting", "code", "from", "until", "why"], more: false };

const MANAGEMENT: Shape =
    Shape { columns: &["family", "code", "from", "until", "why"], more: false };

impl Derived {
    pub(super) fn read_companions(
        &mut self,
        (file, bytes): (&str, &[u8]),
        codes: &Codes,
        problems: &mut Vec<Problem>,
    ) {
        let sheet = Sheet::read(file, bytes, &DERIVED, problems);
        let mut once = Once::default();
        for (family, companion) in sheet.each(problems, |cells| companion(cells, codes, &mut once))
        {
            self.companions.entry(family).or_default().push(companion);
        }
    }

    pub(super) fn read_management(
        &mut self,
        (file, bytes): (&str, &[u8]),
        codes: &Codes,
        problems: &mut Vec<Problem>,
    ) {
        let sheet = Sheet::read(file, bytes, &MANAGEMENT, problems);
        let mut once = Once::default();
        for (family, row) in sheet.each(problems, |cells| management(cells, codes, &mut once)) {
            self.management.entry(family).or_default().push(row);
        }
        let earned = Family::ALL.iter().filter(|family| family.is_management());
        for family in earned.filter(|family| !self.management.contains_key(family)) {
            let text = format!("has no row for {}: add one", family.as_str());
            problems.push(Problem::new(file, 0, text));
        }
    }

    pub(super) fn goes_with(
        &self,
        family: Family,
        place: Option<&str>,
        setting: Setting,
        day: Date,
    ) -> impl Iterator<Item = (ProcedureCode, &TableRow)> {
        let companions = self.companions.get(&family).into_iter().flatten();
        companions
            .filter(move |it| it.place.is_none() || it.place.as_deref() == place)
            .filter(move |it| it.setting.is_none_or(|wanted| wanted == setting))
            .filter(move |it| it.period.contains(day))
            .map(|it| (it.code, &it.row))
    }

    pub(super) fn management(
        &self,
        family: Family,
        day: Date,
    ) -> Option<(ProcedureCode, &TableRow)> {
        let rows = self.management.get(&family)?;
        rows.iter().find(|(_, period, _)| period.contains(day)).map(|(code, _, row)| (*code, row))
    }
}

type CompanionCase = (Family, Option<&'static str>, Setting, ProcedureCode);

const PLACES: [&str; 2] = ["clinic", "ward"];

fn companion(
    cells: &mut Cells<'_>,
    codes: &Codes,
    once: &mut Once<CompanionCase>,
) -> Option<(Family, Companion)> {
    let families: Vec<&str> = Family::ALL.iter().map(|family| family.as_str()).collect();
    let family: Option<Family> = cells.word("with", &families);
    let place = cells.read("place", place);
    let setting = cells.setting();
    let code = cells.code("code");
    let period = cells.period();
    let (family, place, setting, code, period) = (family?, place?, setting?, code?, period?);
    codes.check_in_force(code, period, cells);
    let places = [None, Some("clinic"), Some("ward")].into_iter();
    let cases = places
        .filter(|it| place.is_none() || *it == place)
        .flat_map(|it| [Setting::Hospital, Setting::Freestanding].map(|at| (family, it, at, code)))
        .filter(|(_, _, at, _)| setting.is_none_or(|wanted| wanted == *at));
    once.add(cases, period, cells);
    let place = place.map(str::to_owned);
    Some((family, Companion { place, setting, code, period, row: cells.row() }))
}

fn place(text: &str) -> Result<Option<&'static str>, String> {
    match PLACES.iter().find(|place| **place == text) {
        Some(place) => Ok(Some(place)),
        None if text == "any" => Ok(None),
        None => Err(cell::not_one_of(text, &["any", "clinic", "ward"])),
    }
}

fn management(
    cells: &mut Cells<'_>,
    codes: &Codes,
    once: &mut Once<Family>,
) -> Option<(Family, (ProcedureCode, Period, TableRow))> {
    let families: Vec<&str> = Family::ALL
        .iter()
        .filter(|family| family.is_management())
        .map(|family| family.as_str())
        .collect();
    let family: Option<Family> = cells.word("family", &families);
    let code = cells.code("code");
    let period = cells.period();
    let (family, code, period) = (family?, code?, period?);
    codes.check_in_force(code, period, cells);
    once.add([family], period, cells);
    Some((family, (code, period, cells.row())))
}
