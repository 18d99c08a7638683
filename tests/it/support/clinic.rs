//! Courses in shorthand, told as the reference site's messages.
//!
//! One line is one thing: `10-06 SIM-SIMPLE`, `10-06 doc PLANNOTE`, `10-08 TX-2D P1 at=1015`,
//! `10-09 credit of=A3`. A date is `MM-DD` of 2026, or whole. Words behind the name:
//! `P1` a plan (a letter and a digit) · `at=HHMM` · `code=` `mods=25,GC` `qty=` `dx=C61,I10`
//! `by=MD|NP|PA|RT` `orderer=none` `course=` `fx=3/10` `session=` `id=` `class=I`
//! `posted=MM-DD` `status=IP` `account=none` `dept=` `payer=` `codes=77386,77387` (of an authorization). Treatments and images of one day share a session
//! unless `session=` says otherwise.

use std::collections::BTreeMap;

use collimator::domain::{Outcome, Setting};
use collimator::pipeline::Setup;
use collimator::store::LineFilter;

use super::carry::Desk;

const PHYSICIAN: &str = "1999000114^Harrowgate^Imogen^^^^MD^^NPPES^L^^^NPI";
const NURSE: &str = "1999000650^Ashdown^Nell^^^^NP^^NPPES^L^^^NPI";
const THERAPIST: &str = "1999000312^Dunmere^Otis^^^^RT^^NPPES^L^^^NPI";

/// Planned by isodoses on 10-01 and 10-02.
const PLANNED: &str = "
    10-01 doc PLANNOTE
    10-01 PLAN-NOTE-S
    10-01 doc SIMNOTE
    10-01 SIM-SIMPLE
    10-02 PLAN-ISO-S P1
";

/// A course planned by isodoses on 10-01 and 10-02, and what follows.
pub fn planned(rest: &str) -> String {
    format!("{PLANNED}{rest}")
}

/// Fractions on weekdays of October 2026 from the fifth on.
pub fn fractions(count: usize, of: usize) -> String {
    let days = [5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30];
    days.iter()
        .take(count)
        .enumerate()
        .map(|(n, day)| format!("10-{day:02} TX-2D P1 at=1015 fx={}/{of}\n", n + 1))
        .collect()
}

/// The messages of a course in shorthand.
pub fn messages(told: &str) -> String {
    let mut out = String::new();
    for (number, line) in told.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let thing = Thing::read(line, number + 1);
        out.push_str(&thing.message());
        out.push('\n');
    }
    out
}

/// Every line that a course in shorthand earns: `dos code-mods xN claim state`.
pub fn lines(told: &str, setting: Setting) -> Vec<String> {
    let mut desk = Desk::new(setting);
    desk.file("aria", messages(told).as_bytes(), 1);
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    shown(&desk)
}

/// Every flag on a line that leaves nevertheless: `dos code rule`.
pub fn warned(told: &str, setting: Setting) -> Vec<String> {
    let mut desk = Desk::new(setting);
    desk.file("aria", messages(told).as_bytes(), 1);
    let mut warned = Vec::new();
    for listed in desk.books.lines(LineFilter::default()) {
        let booked = listed.unwrap().line;
        let flags = booked.findings.iter().filter(|finding| finding.outcome == Outcome::Warn);
        let code = booked.line.code.map_or_else(String::new, |code| code.to_string());
        let day = booked.line.day().strftime("%m-%d");
        warned.extend(flags.map(|flag| format!("{day} {code} {}", flag.rule)));
    }
    warned.sort();
    warned
}

/// The same at a site of its own kind, or by tables of its own.
pub fn expect_by(told: &str, setup: Setup, expected: &str) {
    let mut desk = Desk::of(setup);
    desk.file("aria", messages(told).as_bytes(), 1);
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    compare(&shown(&desk), expected);
}

pub fn shown(desk: &Desk) -> Vec<String> {
    let show = |row: &[String; 12]| {
        let modifiers: String =
            row[5].split(' ').filter(|m| !m.is_empty()).map(|m| format!("-{m}")).collect();
        let units = if row[6] == "1" { String::new() } else { format!(" x{}", row[6]) };
        let code = if row[4].is_empty() { "none" } else { &row[4] };
        let claim = if row[7].is_empty() { "none" } else { &row[7] };
        let reasons = if row[10].is_empty() { String::new() } else { format!(" {}", row[10]) };
        format!("{} {code}{modifiers}{units} {claim} {}{reasons}", &row[2][5..], row[9])
    };
    let mut shown: Vec<String> = desk.rows().iter().map(show).collect();
    shown.sort();
    shown
}

/// Compares the lines whose code is among those expected; `none` for a line without a code.
pub fn expect(told: &str, setting: Setting, expected: &str) {
    let came = lines(told, setting);
    compare(&came, expected);
}

pub fn compare(came: &[String], expected: &str) {
    let mut wanted: Vec<String> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    wanted.sort();
    let code = |line: &str| {
        line.split(' ').nth(1).unwrap_or_default().split('-').next().unwrap_or_default().to_owned()
    };
    let codes: Vec<String> = wanted.iter().map(|line| code(line)).collect();
    let came: Vec<&String> = came.iter().filter(|line| codes.contains(&code(line))).collect();
    let came: Vec<String> = came.into_iter().cloned().collect();
    let same = came.len() == wanted.len()
        && came
            .iter()
            .zip(&wanted)
            .all(|(came, wanted)| came == wanted || came.starts_with(&format!("{wanted} ")));
    assert!(same, "\ncame:\n  {}\nexpected:\n  {}\n", came.join("\n  "), wanted.join("\n  "));
}

struct Thing {
    number: usize,
    date: String,
    kind: String,
    name: String,
    words: BTreeMap<String, String>,
}

impl Thing {
    fn read(line: &str, number: usize) -> Thing {
        let mut parts = line.split_whitespace();
        let date = whole(parts.next().unwrap());
        let mut name = parts.next().unwrap().to_owned();
        let mut kind = "activity".to_owned();
        if name == "doc" || name == "credit" {
            kind = name;
            name = parts.next().unwrap_or_default().to_owned();
        }
        let mut words = BTreeMap::new();
        let mut take = |word: &str| match word.split_once('=') {
            Some((key, value)) => words.insert(key.to_owned(), value.to_owned()),
            None => words.insert("plan".to_owned(), word.to_owned()),
        };
        if name.contains('=') {
            take(&name);
        }
        parts.for_each(|word| drop(take(word)));
        Thing { number, date, kind, name, words }
    }

    fn word(&self, key: &str) -> &str {
        self.words.get(key).map_or("", String::as_str)
    }

    fn or<'a>(&'a self, key: &str, other: &'a str) -> &'a str {
        self.words.get(key).map_or(other, String::as_str)
    }

    fn message(&self) -> String {
        let made = self.words.get("posted").map_or(self.date.clone(), |day| whole(day));
        let (trigger, structure) =
            if self.kind == "doc" { ("MDM^T02", "MDM_T02") } else { ("DFT^P03", "DFT_P03") };
        let account = if self.word("account") == "none" { "" } else { "A1" };
        let class = self.or("class", "O");
        let payer = match self.word("payer") {
            "" => String::new(),
            payer => format!("IN1|1|x|{payer}\n"),
        };
        let head = format!(
            "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|{made}2000||{trigger}^{structure}|M{:05}|P|2.5.1\n\
             PID|1||7001^^^EXAMPLE^MR||Quill^Invented||19500101|F||||||||||{account}\n\
             PV1|1|{class}\n{payer}",
            self.number
        );
        let zrt = format!(
            "ZRT|{}|{}|{}|{}|{}\n",
            self.or("course", "C1"),
            self.word("plan"),
            self.word("fx").split('/').next().unwrap_or_default(),
            self.word("fx").split('/').nth(1).unwrap_or_default(),
            self.session()
        );
        match self.kind.as_str() {
            "doc" => head + &self.document() + &zrt,
            _ => head + &self.charge() + &zrt,
        }
    }

    fn session(&self) -> String {
        let names = ["TX-", "IGRT-"].iter().any(|start| self.name.starts_with(start));
        let reviews = self.kind == "doc" && self.name == "IMGREV";
        let own = format!("2.25.{}", self.date);
        match self.words.get("session").map(String::as_str) {
            Some("none") => String::new(),
            Some(session) => format!("2.25.{session}"),
            None if names || reviews => own,
            None => String::new(),
        }
    }

    fn document(&self) -> String {
        let at = self.or("at", "1900");
        let author = person(self.or("by", "MD"));
        format!(
            "TXA|1|{}|TX|{}{at}00||||{}|{author}|||{}^ARIA|||||{}\n",
            self.name,
            self.date,
            "",
            self.or("id", &format!("D{}", self.number)),
            self.or("status", "LA"),
        ) + &self.codes()
    }

    /// The codes of an authorization.
    fn codes(&self) -> String {
        let codes = self.word("codes").split(',').filter(|code| !code.is_empty());
        codes.enumerate().map(|(n, code)| format!("OBX|{}|CE|AUTH||{code}\n", n + 1)).collect()
    }

    fn charge(&self) -> String {
        let beam = self.name.starts_with("TX-")
            && !["HDR", "LDR", "IORT"].iter().any(|it| self.name.contains(it));
        let usual = if beam { "Z51.0,C61" } else { "C61" };
        let dx: Vec<String> = self
            .or("dx", usual)
            .split(',')
            .filter(|code| *code != "none")
            .map(|code| format!("{code}^^I10"))
            .collect();
        let by_physician = [
            "CONSULT",
            "FOLLOWUP",
            "INPT",
            "VISIT",
            "PLAN-NOTE",
            "SPECIAL",
            "BR-",
            "MARKER",
            "SPACER",
            "SURFACE",
        ];
        let physician = by_physician.iter().any(|start| self.name.starts_with(start));
        let performer = person(self.or("by", if physician { "MD" } else { "RT" }));
        let orderer = if self.word("orderer") == "none" { "" } else { PHYSICIAN };
        let kind = if self.kind == "credit" { "CD" } else { "CG" };
        let mods = self.word("mods").replace(',', "~");
        let at = self.word("at");
        format!(
            "FT1|1|{}|B1|{}{at}|{}|{kind}|{}^x^L|||{}|||{}|||RADONC^ROOM||||{}|{performer}|{orderer}||O1||{}|{mods}|||||{}\n"
            ,
            self.or("id", &format!("A{}", self.number)),
            self.date,
            self.date,
            self.name,
            self.word("qty"),
            self.or("dept", "RADONC"),
            dx.join("~"),
            self.word("code"),
            self.word("of"),
        )
        .replace("|||RADONC^ROOM||||", "|||RADONC^ROOM|||")
    }
}

fn person(degree: &str) -> &'static str {
    match degree {
        "MD" => PHYSICIAN,
        "NP" => NURSE,
        "RT" => THERAPIST,
        "none" => "",
        other => panic!("who is {other}?"),
    }
}

fn whole(date: &str) -> String {
    let date = date.replace('-', "");
    if date.len() == 4 { format!("2026{date}") } else { date }
}
