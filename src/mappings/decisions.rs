//! What an activity earns: the decision tables in `charges/`.

use rustc_hash::FxHashMap as HashMap;
use std::hash::{Hash, Hasher};

use jiff::civil::Date;

use crate::domain::{Attributes, Diagnosis, Kind, ProcedureCode, Setting, TableRow};

use super::Problem;
use super::cell::{self, Cells};
use super::codes::Codes;
use super::dictionary::KEYS;
use super::period::Period;
use super::sheet::{Shape, Sheet};

/// What was done, where and when: what a decision table is asked.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What kind of thing was done.
    pub kind: Kind,
    /// Further facts about it.
    pub attributes: &'a Attributes,
    /// How the site bills.
    pub setting: Setting,
    /// The diagnoses, in order.
    pub diagnoses: &'a [Diagnosis],
    /// The day of service.
    pub day: Date,
}

/// What the tables decide.
#[derive(Debug, Clone, Copy)]
pub struct Earning<'a> {
    /// The code; or, where nobody can tell it, the fact that is missing, in plain words.
    pub code: Result<ProcedureCode, &'a str>,
    /// The row that decided.
    pub row: &'a TableRow,
}

/// In a cell of an attribute: the dictionary does not tell it, or tells that there is none.
/// In the cell of the code: nobody can tell it.
const NONE: &str = "none";

/// One row of a decision table.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) kind: Kind,
    /// Attributes that must have a value, or must be absent; those that may be any are left out.
    facts: Vec<(String, Option<String>)>,
    setting: Option<Setting>,
    /// The group of the diagnosis, or any.
    site: Option<String>,
    code: Result<ProcedureCode, String>,
    pub(super) period: Period,
    pub(super) row: TableRow,
    pub(super) line: u64,
    pub(super) file: String,
}

/// All decision tables together.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    rows: Vec<Decision>,
    by_kind: HashMap<Kind, Vec<usize>>,
    /// The rows that fit what a dictionary can say, worked out beforehand.
    known: HashMap<u64, Vec<(Attributes, Vec<usize>)>>,
}

const SHAPE: Shape = Shape {
    columns: &["kind", "setting", "diagnosis", "code", "missing", "from", "until", "why"],
    more: true,
};

impl Decision {
    /// Whether the row speaks of such a thing, whatever the day.
    pub(super) fn fits(&self, attributes: &Attributes, setting: Setting, site: &str) -> bool {
        self.fits_what(attributes) && self.fits_where(setting, site)
    }

    fn fits_what(&self, attributes: &Attributes) -> bool {
        let told = |key: &str| attributes.get(key).filter(|value| *value != NONE);
        self.facts.iter().all(|(key, value)| told(key) == value.as_deref())
    }

    fn fits_where(&self, setting: Setting, site: &str) -> bool {
        self.setting.is_none_or(|it| it == setting)
            && self.site.as_deref().is_none_or(|it| it == site)
    }

    /// The code, if the row names one.
    pub(super) fn code(&self) -> Option<ProcedureCode> {
        self.code.as_ref().ok().copied()
    }

    /// Everything by which a case misses the row, in plain words.
    pub(super) fn misses(&self, case: &Case<'_>, site: &str) -> Vec<String> {
        let word = |value: Option<&str>| value.unwrap_or(NONE).to_owned();
        let told = |key: &str| case.attributes.get(key).filter(|value| *value != NONE);
        let mut misses: Vec<String> = self
            .facts
            .iter()
            .filter(|(key, value)| told(key) != value.as_deref())
            .map(|(key, value)| {
                format!("{key} is {}, not {}", word(told(key)), word(value.as_deref()))
            })
            .collect();
        if let Some(setting) = self.setting.filter(|setting| *setting != case.setting) {
            misses.push(format!("only in a {} setting", setting.as_str()));
        }
        if let Some(wanted) = self.site.as_deref().filter(|wanted| *wanted != site) {
            misses.push(format!("the first diagnosis is of {site}, not of {wanted}"));
        }
        if !self.period.contains(case.day) {
            misses.push(format!("in force {}", self.period));
        }
        misses
    }

    /// A case that both rows claim, in words.
    pub(super) fn common(&self, other: &Decision) -> Option<String> {
        let days = self.period.common(&other.period)?;
        let mut case = vec![format!("kind={}", self.kind.as_str())];
        let keys = self.facts.iter().chain(&other.facts).map(|(key, _)| key.as_str());
        for key in keys {
            let word =
                |value: &Option<String>| format!("{key}={}", value.as_deref().unwrap_or(NONE));
            case.push(word(agreed(self.fact(key), other.fact(key))??));
        }
        let setting = agreed(self.setting.as_ref(), other.setting.as_ref())?;
        let site = agreed(self.site.as_ref(), other.site.as_ref())?;
        case.extend(setting.map(|setting| format!("setting={}", setting.as_str())));
        case.extend(site.map(|site| format!("diagnosis={site}")));
        case.sort();
        case.dedup();
        Some(format!("{} {days}", case.join(" ")))
    }

    fn fact(&self, key: &str) -> Option<&Option<String>> {
        self.facts.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// What two rows that each want something or anything agree upon; `None` if they do not.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        (one, other) => Some(one.or(other)),
    }
}

impl Decisions {
    /// Reads one file and adds its rows.
    pub(super) fn add(
        &mut self,
        (file, bytes): (&str, &[u8]),
        codes: &Codes,
        sites: &[String],
        problems: &mut Vec<Problem>,
    ) {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let attributes = sheet.headings.iter().filter(|it| !SHAPE.columns.contains(&it.as_str()));
        for heading in attributes.filter(|heading| !KEYS.contains(&heading.as_str())) {
            let text = format!(
                "the heading {}",
                cell::not_one_of(heading, KEYS).trim_start_matches("is ")
            );
            problems.push(Problem::new(file, 1, text));
        }
        for decision in sheet.each(problems, |cells| decision(cells, codes, sites)) {
            self.by_kind.entry(decision.kind).or_default().push(self.rows.len());
            self.rows.push(decision);
        }
    }

    /// Works out beforehand which rows fit what a dictionary says.
    pub(super) fn learn(&mut self, kind: Kind, attributes: &Attributes) {
        let rows = self.of_kind(kind).filter(|(_, row)| row.fits_what(attributes));
        let rows: Vec<usize> = rows.map(|(at, _)| at).collect();
        let known = self.known.entry(fingerprint(kind, attributes)).or_default();
        if !known.iter().any(|(same, _)| same == attributes) {
            known.push((attributes.clone(), rows));
        }
    }

    /// What a case earns; `None` if no row speaks of it.
    pub(super) fn earns(&self, case: &Case<'_>, site: &str) -> Option<Earning<'_>> {
        let known = self.known.get(&fingerprint(case.kind, case.attributes));
        let known = known.and_then(|all| all.iter().find(|(same, _)| same == case.attributes));
        let here =
            |row: &&Decision| row.fits_where(case.setting, site) && row.period.contains(case.day);
        let row = match known {
            Some((_, rows)) => rows.iter().map(|at| &self.rows[*at]).find(here),
            None => self
                .of_kind(case.kind)
                .map(|(_, row)| row)
                .filter(|row| row.fits_what(case.attributes))
                .find(here),
        }?;
        Some(Earning { code: row.code.as_ref().copied().map_err(String::as_str), row: &row.row })
    }

    /// The code of the row that fits the case on the nearest other day.
    pub(super) fn on_another_day(&self, case: &Case<'_>, site: &str) -> Option<ProcedureCode> {
        let rows = self.of_kind(case.kind).map(|(_, row)| row);
        let fitting = rows.filter(|row| row.fits(case.attributes, case.setting, site));
        let coded = fitting
            .filter_map(|row| Some((row.period.days_away(case.day), row.code.as_ref().ok()?)));
        coded.min_by_key(|(days, _)| *days).map(|(_, code)| *code)
    }

    /// The rows of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (usize, &Decision)> {
        self.by_kind.get(&kind).into_iter().flatten().map(|at| (*at, &self.rows[*at]))
    }
}

fn fingerprint(kind: Kind, attributes: &Attributes) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    kind.hash(&mut hasher);
    attributes.iter().for_each(|pair| pair.hash(&mut hasher));
    hasher.finish()
}

fn decision(cells: &mut Cells<'_>, codes: &Codes, sites: &[String]) -> Option<Decision> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let kind = cells.word("kind", &kinds);
    let setting = cells.setting();
    let site = cells.read("diagnosis", |text| site(text, sites));
    let code = outcome(cells);
    let period = cells.period();
    let (code, period) = (code?, period?);
    if let Ok(code) = code {
        codes.check_in_force(code, period, cells);
    }
    Some(Decision {
        kind: kind?,
        facts: facts(cells),
        setting: setting?,
        site: site?,
        code,
        period,
        row: cells.row(),
        line: cells.line,
        file: cells.file.to_owned(),
    })
}

fn facts(cells: &Cells<'_>) -> Vec<(String, Option<String>)> {
    let attributes = cells.all().filter(|(heading, _)| KEYS.contains(heading));
    attributes
        .filter(|(_, cell)| *cell != "any")
        .map(|(key, cell)| (key.to_owned(), (cell != NONE).then(|| cell.to_owned())))
        .collect()
}

fn site(text: &str, sites: &[String]) -> Result<Option<String>, String> {
    let known = text == ELSEWHERE || sites.iter().any(|site| site == text);
    match text {
        "any" => Ok(None),
        _ if known => Ok(Some(text.to_owned())),
        _ => {
            let mut all: Vec<&str> = sites.iter().map(String::as_str).collect();
            all.extend(["any", ELSEWHERE]);
            Err(cell::not_one_of(text, &all))
        }
    }
}

/// What the tables call a diagnosis that is in no group of `diagnosis-sites.csv`.
pub(super) const ELSEWHERE: &str = "elsewhere";

fn outcome(cells: &mut Cells<'_>) -> Option<Result<ProcedureCode, String>> {
    let missing = cells.text("missing");
    match (cells.text("code"), missing) {
        (NONE, "-") => {
            cells
                .wrong("`missing` must say which fact the code would need, since `code` is `none`");
            None
        }
        (NONE, _) => Some(Err(missing.to_owned())),
        (_, "-") => cells.code("code").map(Ok),
        (_, _) => {
            cells.wrong("`missing` must be `-`, since `code` names a code");
            None
        }
    }
}
