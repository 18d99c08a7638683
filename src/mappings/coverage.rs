//! Sees that the decision tables leave nothing out and say nothing twice.

use jiff::civil::{Date, date};

use crate::domain::{Attributes, Kind, Setting};

use super::Problem;
use super::decisions::{Decision, Decisions, ELSEWHERE};
use super::dictionary::{Dictionary, Word};
use super::period::Period;

/// From this day on, everything that a dictionary can say must be decided.
const DECIDED_FROM: Date = date(2024, 1, 1);

const SETTINGS: [Setting; 2] = [Setting::Freestanding, Setting::Hospital];

/// Whether a decision table must speak of it: not of visits and charges whose code the source
/// chooses, nor of what earns nothing or is earned otherwise.
fn needs_a_row(kind: Kind, attributes: &Attributes) -> bool {
    let elsewhere = [Kind::Visit, Kind::AsCoded, Kind::NoCharge, Kind::Management];
    !elsewhere.contains(&kind) && !attributes.is("level", "from-source")
}

/// Names every two rows that claim one case, with the case.
pub(super) fn overlaps(decisions: &Decisions, problems: &mut Vec<Problem>) {
    for kind in Kind::ALL {
        let rows: Vec<&Decision> = decisions.of_kind(*kind).map(|(_, row)| row).collect();
        for (at, row) in rows.iter().enumerate() {
            for other in &rows[..at] {
                if let Some(case) = row.common(other) {
                    let text = format!(
                        "claims a case that {} claims too ({case}): change one of the two",
                        other.row.0
                    );
                    problems.push(Problem::new(&row.file, row.line, text));
                }
            }
        }
    }
}

/// Names every row of a dictionary that nothing decides, with the first such case.
pub(super) fn gaps(
    dictionary: &Dictionary,
    decisions: &Decisions,
    sites: &[String],
    problems: &mut Vec<Problem>,
) {
    let words =
        dictionary.words().filter(|word| needs_a_row(word.meaning.kind, &word.meaning.attributes));
    for word in words {
        if let Some(case) = first_gap(word, decisions, sites) {
            let text = format!("{} is decided by no row of charges/ ({case}): add one", word.name);
            problems.push(Problem::new(&word.file, word.line, text));
        }
    }
}

fn first_gap(word: &Word, decisions: &Decisions, sites: &[String]) -> Option<String> {
    let since = Period { from: DECIDED_FROM, until: None };
    let wanted = word.period.common(&since)?;
    let sites = sites.iter().map(String::as_str).chain([ELSEWHERE]);
    let places = sites.flat_map(|site| SETTINGS.map(|setting| (setting, site)));
    places.into_iter().find_map(|(setting, site)| {
        let rows = decisions.of_kind(word.meaning.kind).map(|(_, row)| row);
        let fitting = rows.filter(|row| row.fits(&word.meaning.attributes, setting, site));
        let gap = wanted.first_gap(fitting.map(|row| row.period))?;
        Some(format!(
            "kind={} {} setting={} diagnosis={site} {gap}",
            word.meaning.kind.as_str(),
            spelled(&word.meaning.attributes),
            setting.as_str()
        ))
    })
}

fn spelled(attributes: &Attributes) -> String {
    let pairs: Vec<String> =
        attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(" ")
}
