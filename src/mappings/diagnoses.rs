//! What kind of disease a diagnosis names, which site, and which side: `diagnoses.csv`,
//! `diagnosis-sites.csv` and `diagnosis-sides.csv`. A diagnosis does not change its group from day to day.

use crate::domain::Diagnosis;

use super::Problem;
use super::cell::{self, Cells};
use super::decisions::ELSEWHERE;
use super::sheet::{Shape, Sheet};

/// What kind of disease a diagnosis names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiagnosisGroup {
    /// A malignant neoplasm.
    Malignant,
    /// A neoplasm in situ.
    InSitu,
    /// A benign neoplasm, or one of uncertain behavior.
    BenignOrUncertain,
    /// A benign disease that is treated with radiation.
    BenignIndication,
    /// The encounter for radiation treatment, which names no disease.
    Encounter,
    /// A malignant neoplasm that the patient had.
    History,
    /// Anything else.
    Other,
}

/// A diagnosis without its dot, and zeros behind it.
type Bare = [u8; 8];

/// A range of diagnoses and what it stands for.
#[derive(Debug)]
struct Range<T> {
    first: Bare,
    last: Bare,
    group: T,
    row: String,
    line: u64,
}

/// Ranges that do not overlap, in order.
#[derive(Debug)]
struct Ranges<T>(Vec<Range<T>>);

/// The side of the body that a diagnosis names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Right.
    Right,
    /// Left.
    Left,
}

/// All three tables.
#[derive(Debug, Default)]
pub(super) struct Diagnoses {
    kinds: Ranges<DiagnosisGroup>,
    sites: Ranges<String>,
    sides: Ranges<usize>,
}

impl<T> Default for Ranges<T> {
    fn default() -> Ranges<T> {
        Ranges(Vec::new())
    }
}

const SHAPE: Shape =
    Shape { columns: &["from_code", "until_code", "group", "from", "until", "why"], more: false };

impl Diagnoses {
    pub(super) fn read_kinds(&mut self, file: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let rows = sheet.each(problems, |cells| range(cells, kind));
        self.kinds = Ranges::sorted(file, rows, problems);
    }

    pub(super) fn read_sites(&mut self, file: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let rows = sheet.each(problems, |cells| range(cells, site_name));
        self.sites = Ranges::sorted(file, rows, problems);
    }

    pub(super) fn read_sides(&mut self, file: &str, bytes: &[u8], problems: &mut Vec<Problem>) {
        let sheet = Sheet::read(file, bytes, &SHAPE, problems);
        let rows = sheet.each(problems, |cells| range(cells, character));
        self.sides = Ranges::sorted(file, rows, problems);
    }

    /// The side that it names; `None` if it names both, neither, or has no sides.
    pub(super) fn side(&self, diagnosis: &Diagnosis) -> Option<Side> {
        let place = *self.sides.find(diagnosis)?;
        match diagnosis.bare().get(place - 1) {
            Some(b'1') => Some(Side::Right),
            Some(b'2') => Some(Side::Left),
            Some(_) | None => None,
        }
    }

    /// What kind of disease it is.
    pub(super) fn kind(&self, diagnosis: &Diagnosis) -> DiagnosisGroup {
        self.kinds.find(diagnosis).copied().unwrap_or(DiagnosisGroup::Other)
    }

    /// The site that is treated: that of the first diagnosis which names a disease.
    pub(super) fn site(&self, diagnoses: &[Diagnosis]) -> &str {
        let treated = diagnoses.iter().find(|it| self.kind(it) != DiagnosisGroup::Encounter);
        treated.and_then(|it| self.sites.find(it)).map_or(ELSEWHERE, String::as_str)
    }

    /// The names of all sites.
    pub(super) fn site_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.sites.0.iter().map(|range| range.group.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl<T> Ranges<T> {
    fn sorted(file: &str, mut ranges: Vec<Range<T>>, problems: &mut Vec<Problem>) -> Ranges<T> {
        ranges.sort_by_key(|range| range.first);
        for two in ranges.windows(2) {
            if within(&two[1].first, &two[0].last) {
                let text =
                    format!("has a diagnosis that {} has too: part the two ranges", two[0].row);
                problems.push(Problem::new(file, two[1].line, text));
            }
        }
        Ranges(ranges)
    }

    fn find(&self, diagnosis: &Diagnosis) -> Option<&T> {
        let bare = diagnosis.bare();
        let at = self.0.partition_point(|range| range.first <= bare).checked_sub(1)?;
        let range = self.0.get(at)?;
        within(&bare, &range.last).then_some(&range.group)
    }
}

/// Whether a code, without its dot, does not lie behind the last of a range: `C969` is in `…–C96`.
fn within(code: &Bare, last: &Bare) -> bool {
    let length = last.iter().position(|sign| *sign == 0).unwrap_or(last.len());
    code[..length] <= last[..length]
}

/// As a person writes it, without its dot.
fn spelled(bare: &Bare) -> String {
    bare.iter().take_while(|sign| **sign != 0).map(|sign| char::from(*sign)).collect()
}

fn range<T>(cells: &mut Cells<'_>, group: impl Fn(&str) -> Result<T, String>) -> Option<Range<T>> {
    let first = cells.read("from_code", bare);
    let last = cells.read("until_code", bare);
    let group = cells.read("group", group);
    let period = cells.period();
    let (first, last) = (first?, last?);
    if period?.until.is_some() {
        cells.wrong("`until` must be blank: the group of a diagnosis does not change with the day");
    }
    if !within(&first, &last) {
        let (first, last) = (spelled(&first), spelled(&last));
        cells.wrong(format!("begins with {first}, behind its end {last}: change the two"));
    }
    Some(Range { first, last, group: group?, row: cells.row().0, line: cells.line })
}

fn bare(text: &str) -> Result<Bare, String> {
    match text.parse::<Diagnosis>() {
        Ok(diagnosis) if diagnosis.as_str() == text => Ok(diagnosis.bare()),
        Ok(diagnosis) => Err(format!("is `{text}`: write it as `{diagnosis}`")),
        Err(_) => Err(format!("is `{text}`: write a diagnosis code, such as C61 or C79.51")),
    }
}

const GROUPS: [(&str, DiagnosisGroup); 6] = [
    ("malignant", DiagnosisGroup::Malignant),
    ("in-situ", DiagnosisGroup::InSitu),
    ("benign-or-uncertain", DiagnosisGroup::BenignOrUncertain),
    ("benign-indication", DiagnosisGroup::BenignIndication),
    ("encounter", DiagnosisGroup::Encounter),
    ("history", DiagnosisGroup::History),
];

fn kind(text: &str) -> Result<DiagnosisGroup, String> {
    let found = GROUPS.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, group)| *group)
        .ok_or_else(|| cell::not_one_of(text, &GROUPS.map(|(name, _)| name)))
}

/// Which character, counted without the dot, tells the side.
fn character(text: &str) -> Result<usize, String> {
    match text {
        "4" => Ok(4),
        "5" => Ok(5),
        "6" => Ok(6),
        _ => Err(cell::not_one_of(text, &["4", "5", "6"])),
    }
}

fn site_name(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match text {
        "any" | ELSEWHERE => {
            Err(format!("is `{text}`, which means something else: choose another name"))
        }
        _ if plain => Ok(text.to_owned()),
        _ => Err(format!("is `{text}`: write small letters, joined by `-`")),
    }
}
