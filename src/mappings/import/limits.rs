//! Unit limits: one file a quarter and family, without days of its own; a value carries on until it
//! changes, and a code that is gone from a later quarter ends with the quarter before.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Before, Brought, Changes, Family, Imported, Told, csv, grid, quarter, reason};
use crate::domain::ProcedureCode;

const HEADINGS: [&str; 7] = ["code", "claims", "units", "indicator", "from", "until", "why"];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    units: u16,
    indicator: char,
    why: String,
}

#[derive(Debug, Clone)]
struct Window {
    from: Date,
    until: Option<Date>,
    limit: Limit,
}

/// One quarter of one family.
#[derive(Default)]
struct Quarter {
    limits: BTreeMap<ProcedureCode, Limit>,
    read: u64,
    skipped: BTreeMap<&'static str, u64>,
}

/// Reads quarters, the oldest first.
pub(super) fn import(
    brought: &[Brought],
    told: Told,
    before: &Before<'_>,
) -> Result<Vec<Imported>, String> {
    let mut quarters: BTreeMap<(Family, Date), Quarter> = BTreeMap::new();
    for file in brought {
        let mut title = String::new();
        grid::rows(file, &mut |name, cells| {
            let Some(code) = data(cells) else {
                title.push_str(&cells.join(" "));
                title.push(' ');
                return Ok(());
            };
            let family = family(told, [name, &file.name, &title])?;
            let day = effective(told, [name, &file.name, &title])?;
            quarters.entry((family, day)).or_default().take(code, cells, before);
            Ok(())
        })?;
    }
    if quarters.is_empty() {
        return Err("no row of a table of unit limits was found".to_owned());
    }
    let mut tables: BTreeMap<Family, Vec<(Date, Quarter)>> = BTreeMap::new();
    for ((family, day), quarter) in quarters {
        tables.entry(family).or_default().push((day, quarter));
    }
    tables.into_iter().map(|(family, quarters)| table(family, quarters, before)).collect()
}

/// A row of data: a code, a number, and an indicator of 1, 2 or 3.
fn data(cells: &[String]) -> Option<ProcedureCode> {
    let code = cells.first()?.parse().ok()?;
    cells.get(1)?.parse::<u32>().ok()?;
    indicator(cells.get(2)?)?;
    Some(code)
}

fn indicator(text: &str) -> Option<char> {
    text.chars().next().filter(|sign| matches!(sign, '1' | '2' | '3'))
}

fn family(told: Told, texts: [&str; 3]) -> Result<Family, String> {
    let supplier = |text: &&str| text.to_lowercase().contains("supplier");
    if texts.iter().any(supplier) && told.family.is_none() {
        return Err(format!(
            "{}: supplier tables judge no claim here: bring the practitioner or hospital one",
            texts[0]
        ));
    }
    told.family.or_else(|| texts.iter().find_map(|text| Family::told_by(text))).ok_or_else(|| {
        format!(
            "{}: neither name nor title says whose limits these are: add --claims facility or \
             --claims practitioner",
            texts[0]
        )
    })
}

fn effective(told: Told, texts: [&str; 3]) -> Result<Date, String> {
    let found = told.effective.or_else(|| texts.iter().find_map(|text| quarter::told_by(text)));
    let day = found.ok_or_else(|| {
        format!(
            "{}: neither name nor title says which quarter this is: add --effective 2026-10-01, \
             for example",
            texts[0]
        )
    })?;
    if quarter::is_first_of_quarter(day) {
        Ok(day)
    } else {
        Err(format!(
            "{day} is not the first day of a quarter: write January, April, July or October 1"
        ))
    }
}

impl Quarter {
    fn take(&mut self, code: ProcedureCode, cells: &[String], before: &Before<'_>) {
        self.read += 1;
        let cell = |at: usize| cells.get(at).map_or("", String::as_str);
        let (Ok(units), Some(indicator)) = (cell(1).parse(), indicator(cell(2))) else {
            return self.skip("a number of units that no claim can carry");
        };
        if !before.codes.contains(&code) {
            return self.skip("a code that codes.csv does not have");
        }
        let limit = Limit { units, indicator, why: format!("CMS NCCI MUE: {}", reason(cell(3))) };
        if self.limits.insert(code, limit).is_some() {
            self.skip("said again in the same quarter");
        }
    }

    fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }
}

fn table(
    family: Family,
    quarters: Vec<(Date, Quarter)>,
    before: &Before<'_>,
) -> Result<Imported, String> {
    let file = format!("imports/mue-{}.csv", family.as_str());
    let was = before.tables.get(&file).map(Vec::as_slice).unwrap_or_default();
    let mut windows = windows(was);
    let newest = windows.values().flatten().map(|window| window.from).max();
    let (mut read, mut skipped) = (0, BTreeMap::new());
    for (day, quarter) in quarters {
        if newest.is_some_and(|newest| day < newest) {
            return Err(format!(
                "{file} has a quarter from {} already: bring quarters in their order",
                newest.unwrap_or(day)
            ));
        }
        read += quarter.read;
        for (why, count) in &quarter.skipped {
            *skipped.entry(*why).or_default() += count;
        }
        carry_on(&mut windows, day, &quarter.limits);
    }
    let rows: Vec<Vec<String>> = windows
        .iter()
        .flat_map(|(code, windows)| windows.iter().map(move |window| row(*code, family, window)))
        .collect();
    let kept = rows.len() as u64;
    let content = csv(&HEADINGS, rows.into_iter());
    let changes = Changes::between(&said(was), &said(content.as_bytes()));
    Ok(Imported { file, content, read, kept, skipped, changes })
}

/// A new quarter over what was known: values that stay go on, others end with the day before.
fn carry_on(
    windows: &mut BTreeMap<ProcedureCode, Vec<Window>>,
    day: Date,
    quarter: &BTreeMap<ProcedureCode, Limit>,
) {
    for known in windows.values_mut() {
        // The same quarter again replaces itself.
        known.retain(|window| window.from < day);
    }
    for (code, known) in windows.iter_mut() {
        let Some(open) = known.iter_mut().find(|it| it.until.is_none_or(|until| until >= day))
        else {
            continue;
        };
        let same = quarter.get(code).is_some_and(|limit| {
            (limit.units, limit.indicator) == (open.limit.units, open.limit.indicator)
        });
        open.until = (!same).then(|| quarter::day_before(day));
    }
    for (code, limit) in quarter {
        let known = windows.entry(*code).or_default();
        if known.iter().all(|window| window.until.is_some()) {
            known.push(Window { from: day, until: None, limit: limit.clone() });
        }
    }
    windows.retain(|_, known| !known.is_empty());
}

fn row(code: ProcedureCode, family: Family, window: &Window) -> Vec<String> {
    vec![
        code.to_string(),
        family.as_str().to_owned(),
        window.limit.units.to_string(),
        window.limit.indicator.to_string(),
        window.from.to_string(),
        window.until.map(|day| day.to_string()).unwrap_or_default(),
        window.limit.why.clone(),
    ]
}

/// What an imported table says so far.
fn windows(table: &[u8]) -> BTreeMap<ProcedureCode, Vec<Window>> {
    let mut windows: BTreeMap<ProcedureCode, Vec<Window>> = BTreeMap::new();
    for row in csv::Reader::from_reader(table).records().flatten() {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let read = (cell(0).parse(), cell(2).parse(), indicator(cell(3)), cell(4).parse());
        if let (Ok(code), Ok(units), Some(indicator), Ok(from)) = read {
            let limit = Limit { units, indicator, why: cell(6).to_owned() };
            let until = cell(5).parse().ok();
            windows.entry(code).or_default().push(Window { from, until, limit });
        }
    }
    windows
}

fn said(table: &[u8]) -> BTreeMap<String, String> {
    let told = |window: &Window| {
        let until = window.until.map_or(String::new(), |until| format!(" until {until}"));
        let (units, indicator) = (window.limit.units, window.limit.indicator);
        format!("{units} units, indicator {indicator}, from {}{until}", window.from)
    };
    windows(table)
        .into_iter()
        .map(|(code, known)| {
            (code.to_string(), known.iter().map(told).collect::<Vec<_>>().join("; "))
        })
        .collect()
}
