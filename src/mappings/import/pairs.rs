//! Pairs: a release is a whole state, in several parts, of one family.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Before, Brought, Changes, Family, Imported, Told, csv, grid, quarter, reason};
use crate::domain::ProcedureCode;

const HEADINGS: [&str; 7] = ["column_1", "column_2", "indicator", "claims", "from", "until", "why"];

/// Two codes and the day from which something holds of them.
type Key = (ProcedureCode, ProcedureCode, Date);

#[derive(Debug, Clone)]
struct Pair {
    never: bool,
    until: Option<Date>,
    why: String,
}

#[derive(Default)]
struct Release {
    pairs: BTreeMap<Key, Pair>,
    read: u64,
    skipped: BTreeMap<&'static str, u64>,
}

/// Reads the parts of releases, family by family.
pub(super) fn import(
    brought: &[Brought],
    told: Told,
    before: &Before<'_>,
) -> Result<Vec<Imported>, String> {
    let mut releases: BTreeMap<Family, Release> = BTreeMap::new();
    for file in brought {
        let mut title = String::new();
        grid::rows(file, &mut |name, cells| {
            let Some((codes, from)) = data(cells) else {
                title.push_str(&cells.join(" "));
                title.push(' ');
                return Ok(());
            };
            let known = told.family.or_else(|| Family::told_by(name));
            let family = known
                .or_else(|| Family::told_by(&file.name))
                .or_else(|| Family::told_by(&title))
                .ok_or_else(|| {
                    format!(
                        "{name}: neither name nor title says whose pairs these are: \
                         add --claims facility or --claims practitioner"
                    )
                })?;
            releases.entry(family).or_default().take(codes, from, cells, before);
            Ok(())
        })?;
    }
    if releases.is_empty() {
        return Err("no row of a table of pairs was found".to_owned());
    }
    releases.into_iter().map(|(family, release)| release.table(family, before)).collect()
}

/// A row of data: its first two cells have the shape of a code, its fourth is a day.
fn data(cells: &[String]) -> Option<((ProcedureCode, ProcedureCode), Date)> {
    let first = cells.first()?.parse().ok()?;
    let second = cells.get(1)?.parse().ok()?;
    Some(((first, second), day(cells.get(3)?)?))
}

fn day(text: &str) -> Option<Date> {
    (text.len() == 8).then(|| quarter::compact(text)).flatten()
}

impl Release {
    fn take(
        &mut self,
        codes: (ProcedureCode, ProcedureCode),
        from: Date,
        cells: &[String],
        before: &Before<'_>,
    ) {
        self.read += 1;
        let cell = |at: usize| cells.get(at).map_or("", String::as_str);
        let until = day(cell(4));
        let never = match cell(5) {
            "0" => true,
            "1" => false,
            "9" => return self.skip("never in force (modifier 9)"),
            _ => return self.skip("the modifier column is none of 0, 1 and 9"),
        };
        if !before.codes.contains(&codes.0) || !before.codes.contains(&codes.1) {
            return self.skip("a code that codes.csv does not have: the two never meet here");
        }
        if codes.0 == codes.1 {
            return self.skip("a code against itself");
        }
        if until.is_some_and(|until| until < from) {
            return self.skip("ends before it begins");
        }
        let pair = Pair { never, until, why: reason(cell(6)) };
        if self.pairs.insert((codes.0, codes.1, from), pair).is_some() {
            self.skip("said again with the same first day");
        }
    }

    fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }

    fn table(self, family: Family, before: &Before<'_>) -> Result<Imported, String> {
        self.windows_are_apart()?;
        let file = format!("imports/ptp-{}.csv", family.as_str());
        let rows = self.pairs.iter().map(|((first, second, from), pair)| {
            let why = format!("CMS NCCI PTP, {}: {}", family.as_str(), pair.why);
            vec![
                first.to_string(),
                second.to_string(),
                if pair.never { "0" } else { "1" }.to_owned(),
                family.as_str().to_owned(),
                from.to_string(),
                pair.until.map(|day| day.to_string()).unwrap_or_default(),
                why,
            ]
        });
        let content = csv(&HEADINGS, rows);
        let was = before.tables.get(&file).map(Vec::as_slice).unwrap_or_default();
        let changes = Changes::between(&said(was), &said(content.as_bytes()));
        Ok(Imported {
            file,
            kept: self.pairs.len() as u64,
            content,
            read: self.read,
            skipped: self.skipped,
            changes,
        })
    }

    /// Windows of one pair never overlap in what CMS publishes; if they do here, two releases were
    /// brought at once.
    fn windows_are_apart(&self) -> Result<(), String> {
        let mut last: Option<(&Key, &Pair)> = None;
        for (key, pair) in &self.pairs {
            let overlaps = last.filter(|(it, ended)| {
                (it.0, it.1) == (key.0, key.1) && ended.until.is_none_or(|until| until >= key.2)
            });
            if let Some((before, _)) = overlaps {
                return Err(format!(
                    "{} with {} holds from {} and again from {}: bring the parts of one release, \
                     not two releases",
                    key.0, key.1, before.2, key.2
                ));
            }
            last = Some((key, pair));
        }
        Ok(())
    }
}

/// What a table says of each pair: its windows in order.
fn said(table: &[u8]) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_reader(table);
    let mut pairs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in reader.records().flatten() {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let until = Some(cell(5)).filter(|until| !until.is_empty());
        let until = until.map_or(String::new(), |until| format!(" until {until}"));
        let says = format!("from {}{until} indicator {}", cell(4), cell(2));
        pairs.entry(format!("{} with {}", cell(0), cell(1))).or_default().insert(says);
    }
    let joined = |windows: BTreeSet<String>| windows.into_iter().collect::<Vec<_>>().join(", ");
    pairs.into_iter().map(|(pair, windows)| (pair, joined(windows))).collect()
}
