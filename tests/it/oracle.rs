//! A calculator of another make: small, slow and plain. It takes a course as a list of facts and
//! counts what should be billed, by the rules as people read them; random courses must agree with
//! it, told in any order, doubled and credited.
//!
//! `COLLIMATOR_COURSES=10000 cargo test --release --test it oracle` runs that many; a failure
//! prints its seed (`COLLIMATOR_SEED=…` begins there) and the course, made as small as it gets.

use std::collections::BTreeMap;

use collimator::domain::Setting;
use collimator::wire::hl7;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::carry::Desk;
use crate::support::clinic::messages;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Technique {
    Isodose,
    Volume,
    Gated,
    Modulated,
    Electrons,
    Stereotactic,
}

/// One session as it was given.
#[derive(Debug, Clone)]
struct Session {
    day: Date,
    /// Minutes of the day.
    at: u32,
    credited: bool,
    lying_in: bool,
    guided: bool,
    /// Days after the session on which its images were approved, at seven in the evening.
    reviewed_after: Option<i32>,
}

#[derive(Debug, Clone)]
struct Course {
    setting: Setting,
    technique: Technique,
    sessions: Vec<Session>,
    /// Exams: the day, and whether a physician saw the patient.
    exams: Vec<(Date, bool)>,
    checks: Vec<Date>,
    /// The day from which motion management is on record.
    motion: Option<Date>,
    closed: Option<Date>,
}

/// A day of service, code with modifiers, claim, state; and how often.
type Lines = BTreeMap<(Date, String, &'static str, &'static str), u32>;

const SIX_HOURS: u32 = 6 * 60;

impl Course {
    fn random(rng: &mut fastrand::Rng) -> Course {
        let setting = if rng.bool() { Setting::Hospital } else { Setting::Freestanding };
        let across = rng.u8(..5) == 0;
        let technique = match rng.u8(..7) {
            _ if across => Technique::Modulated,
            0 => Technique::Isodose,
            1 => Technique::Volume,
            2 => Technique::Gated,
            3 => Technique::Electrons,
            4 => Technique::Stereotactic,
            _ => Technique::Modulated,
        };
        let most = if technique == Technique::Stereotactic { 6 } else { 34 };
        let mut day =
            if across { date(2025, 12, rng.i8(8..30)) } else { date(2026, 3, rng.i8(2..28)) };
        let twice_daily = !across && rng.u8(..6) == 0;
        let mut sessions = Vec::new();
        for _ in 0..rng.usize(1..=most) {
            let first = 8 * 60 + rng.u32(..90);
            let mut times = vec![first];
            if twice_daily && rng.u8(..3) > 0 {
                times.push(first + if rng.u8(..5) == 0 { 200 } else { SIX_HOURS + rng.u32(..90) });
            }
            for at in times {
                sessions.push(Session {
                    day,
                    at,
                    credited: rng.u8(..12) == 0,
                    lying_in: rng.u8(..15) == 0,
                    guided: !across && rng.u8(..3) > 0,
                    reviewed_after: [Some(0), Some(0), Some(0), Some(1), Some(3), None]
                        [rng.usize(..6)],
                });
            }
            let pause = if rng.u8(..10) == 0 { rng.i32(2..9) } else { 1 };
            day = day.saturating_add(pause.days());
        }
        let last = sessions.iter().map(|it| it.day).max().unwrap();
        let first = sessions[0].day;
        let span = (last - first).get_days();
        let within = |rng: &mut fastrand::Rng| first.saturating_add(rng.i32(0..=span).days());
        let exams = (0..rng.usize(..=sessions.len() / 4 + 1))
            .map(|_| (within(rng), rng.u8(..5) > 0))
            .collect();
        let checks = (0..rng.usize(..=sessions.len() / 5 + 2)).map(|_| within(rng)).collect();
        let motion = (technique == Technique::Gated && rng.u8(..4) > 0).then(|| within(rng));
        let closed = rng.bool().then(|| last.saturating_add(rng.i32(-1..4).days()));
        Course { setting, technique, sessions, exams, checks, motion, closed }
    }

    /// Sessions that stand, in the order of their times.
    fn standing(&self) -> Vec<&Session> {
        let mut standing: Vec<&Session> = self.sessions.iter().filter(|it| !it.credited).collect();
        standing.sort_by_key(|session| (session.day, session.at));
        standing
    }

    /// What each standing session is on its day: the first, the second, or too soon.
    fn places(&self) -> Vec<(&Session, Place)> {
        let mut places = Vec::new();
        let mut before: Option<&Session> = None;
        for session in self.standing() {
            let same_day = before.filter(|other| other.day == session.day);
            let place = match same_day {
                None => Place::First,
                Some(other) if session.at - other.at < SIX_HOURS => Place::TooSoon,
                Some(_) => Place::Second,
            };
            if place != Place::TooSoon {
                before = Some(session);
            }
            places.push((session, place));
        }
        places
    }

    fn fractions(&self) -> Vec<&Session> {
        let counted = self.places().into_iter().filter(|(_, place)| *place != Place::TooSoon);
        counted.map(|(session, _)| session).collect()
    }

    fn is_closed(&self) -> bool {
        let last = self.standing().last().map(|session| session.day);
        self.closed.is_some_and(|closed| last.is_none_or(|last| closed >= last))
    }

    fn facility(&self) -> &'static str {
        if self.setting == Setting::Hospital { "facility" } else { "global" }
    }

    fn professional(&self) -> &'static str {
        if self.setting == Setting::Hospital { "professional" } else { "global" }
    }

    /// What should be billed.
    fn billed(&self) -> Lines {
        let mut lines = Lines::new();
        self.bill_plan(&mut lines);
        self.bill_deliveries(&mut lines);
        self.bill_reviews(&mut lines);
        self.bill_management(&mut lines);
        self.bill_checks(&mut lines);
        lines
    }

    fn planned_on(&self) -> Date {
        self.sessions[0].day.saturating_sub(3.days())
    }

    fn bill_plan(&self, lines: &mut Lines) {
        let code = match self.technique {
            Technique::Isodose | Technique::Electrons => "77306",
            Technique::Volume | Technique::Gated | Technique::Stereotactic => "77295",
            Technique::Modulated => "77301",
        };
        let day = self.planned_on();
        if self.setting == Setting::Hospital {
            add(lines, (day, code, "facility", "ready"));
            add(lines, (day, &format!("{code}-26"), "professional", "ready"));
        } else {
            add(lines, (day, code, "global", "ready"));
        }
    }

    fn level(&self, day: Date) -> &'static str {
        match (self.technique, day.year() < 2026, self.setting) {
            (Technique::Modulated, true, Setting::Hospital) => "77385",
            (Technique::Modulated, true, Setting::Freestanding) => "G6015",
            (Technique::Modulated | Technique::Volume, ..) => "77407",
            (Technique::Isodose | Technique::Electrons, ..) => "77402",
            (Technique::Gated, ..) => "77412",
            (Technique::Stereotactic, ..) => "77373",
        }
    }

    fn bill_deliveries(&self, lines: &mut Lines) {
        let too_many = self.technique == Technique::Stereotactic && self.standing().len() > 5;
        for (session, place) in self.places() {
            let unrecorded = self.technique == Technique::Gated
                && self.motion.is_none_or(|since| since > session.day);
            let held = place == Place::TooSoon || unrecorded || too_many;
            let inside = session.lying_in && self.setting == Setting::Hospital;
            let state = match (inside, held) {
                (true, _) => "suppressed",
                (false, true) => "held",
                (false, false) => "ready",
            };
            // Two stereotactic fractions of a day are one more than a claim bears; what is
            // suppressed is on no claim.
            let second = place == Place::Second;
            let on_claim = |other: &&Session| {
                other.day == session.day
                    && other.at < session.at
                    && !(other.lying_in && self.setting == Setting::Hospital)
            };
            let full = second && self.standing().iter().any(on_claim);
            let stereotactic = self.technique == Technique::Stereotactic;
            let state = if full && stereotactic && state == "ready" { "held" } else { state };
            let code = self.level(session.day);
            let code = if second { format!("{code}-76") } else { code.to_owned() };
            add(lines, (session.day, &code, self.facility(), state));
        }
    }

    fn bill_reviews(&self, lines: &mut Lines) {
        let standing = self.standing();
        for (session, place) in self.places() {
            if !session.guided {
                continue;
            }
            let next = standing.iter().find(|it| (it.day, it.at) > (session.day, session.at));
            let evening = 19 * 60;
            let approved = session
                .reviewed_after
                .map(|days| (session.day.saturating_add(days.days()), evening));
            let state = match (self.technique, approved, next) {
                (Technique::Stereotactic, ..) => "rejected",
                (_, None, _) => "held",
                (_, Some(approved), Some(next)) if approved >= (next.day, next.at) => "rejected",
                (_, Some(_), _) => "ready",
            };
            let code = if place == Place::Second { "77387-26-76" } else { "77387-26" };
            add(lines, (session.day, code, self.professional(), state));
        }
    }

    fn bill_management(&self, lines: &mut Lines) {
        let fractions = self.fractions();
        let claim = self.professional();
        let Some(last) = fractions.last() else { return };
        if self.technique == Technique::Stereotactic {
            let given = self.sessions.len();
            let complete = fractions.len() == given || self.last_prescribed_is_given();
            if self.is_closed() || complete {
                let state = if self.standing().len() > 5 { "held" } else { "ready" };
                add(lines, (last.day, "77435", claim, state));
            }
            return;
        }
        if self.is_closed() && fractions.len() < 3 {
            add(lines, (last.day, "77431", claim, "ready"));
        }
        let mut blocks: Vec<(&[&Session], bool)> =
            fractions.chunks(5).map(|block| (block, false)).collect();
        let mut exams: Vec<Date> =
            self.exams.iter().filter(|(_, by_md)| *by_md).map(|(day, _)| *day).collect();
        exams.sort();
        for exam in exams {
            let lacks = blocks.iter_mut().find(|(block, seen)| {
                !seen && block[0].day <= exam && exam <= block[block.len() - 1].day
            });
            if let Some(block) = lacks {
                block.1 = true;
            }
        }
        for (block, seen) in blocks {
            let left_over = self.is_closed() && block.len() >= 3 && fractions.len() >= 3;
            if block.len() == 5 || left_over {
                let day = block[block.len() - 1].day;
                add(lines, (day, "77427", claim, if seen { "ready" } else { "held" }));
            }
        }
    }

    /// The session with the last number prescribed stands.
    fn last_prescribed_is_given(&self) -> bool {
        let counted = self.fractions();
        self.sessions.last().is_some_and(|last| counted.iter().any(|it| std::ptr::eq(*it, last)))
    }

    fn bill_checks(&self, lines: &mut Lines) {
        let fractions = self.fractions().len();
        let mut checks = self.checks.clone();
        checks.sort();
        let mut days: Vec<Date> = Vec::new();
        for day in checks {
            let again = days.last() == Some(&day);
            let number = days.len();
            let earned = if fractions == 0 { 0 } else { (fractions / 5).max(1) };
            let left_over = fractions >= 5 && !fractions.is_multiple_of(5);
            let late = self.is_closed() && self.closed.is_some_and(|it| (day - it).get_days() > 7);
            let state = if again {
                "rejected"
            } else if fractions == 0 {
                "held"
            } else if number < earned {
                if late { "held" } else { "ready" }
            } else if number == earned && left_over {
                "held"
            } else {
                "rejected"
            };
            if !again {
                days.push(day);
            }
            add(lines, (day, "77336", self.facility(), state));
        }
    }

    /// The course in shorthand: one thing a line.
    fn told(&self) -> String {
        let name = match self.technique {
            Technique::Isodose => "TX-2D",
            Technique::Volume => "TX-3D",
            Technique::Gated => "TX-3D-GATED",
            Technique::Modulated => "TX-VMAT",
            Technique::Electrons => "TX-ELECTRON",
            Technique::Stereotactic => "TX-SBRT",
        };
        let plan = match self.technique {
            Technique::Isodose | Technique::Electrons => "PLAN-ISO-S",
            Technique::Volume | Technique::Gated | Technique::Stereotactic => "PLAN-3D",
            Technique::Modulated => "PLAN-VMAT",
        };
        let mut told = format!("{} {plan} P1\n", self.planned_on());
        let of = self.sessions.len();
        for (n, session) in self.sessions.iter().enumerate() {
            let (day, number) = (session.day, n + 1);
            let class = if session.lying_in { "class=I" } else { "" };
            let at = format!("{:02}{:02}", session.at / 60, session.at % 60);
            told.push_str(&format!(
                "{day} {name} P1 at={at} fx={number}/{of} session=s{number} id=T{number} {class}\n"
            ));
            if session.guided {
                told.push_str(&format!(
                    "{day} IGRT-CBCT P1 at={at} session=s{number} id=G{number}\n"
                ));
            }
            if let Some(days) = session.reviewed_after.filter(|_| session.guided) {
                let on = day.saturating_add(days.days());
                told.push_str(&format!("{on} doc IMGREV session=s{number} id=R{number}\n"));
            }
            if session.credited {
                told.push_str(&format!("{day} credit of=T{number} id=C{number}\n"));
                if session.guided {
                    told.push_str(&format!("{day} credit of=G{number} id=D{number}\n"));
                }
            }
        }
        for (n, (day, by_md)) in self.exams.iter().enumerate() {
            let by = if *by_md { "MD" } else { "NP" };
            told.push_str(&format!("{day} doc OTV by={by} id=E{n}\n"));
        }
        for (n, day) in self.checks.iter().enumerate() {
            told.push_str(&format!("{day} PHYS-WEEKLY P1 id=K{n}\n"));
        }
        if let Some(since) = self.motion {
            told.push_str(&format!("{since} doc MOTION P1 id=MO\n"));
        }
        if let Some(closed) = self.closed {
            told.push_str(&format!("{closed} doc EOT id=EO\n"));
        }
        told
    }

    /// The course with one thing less, in every way.
    fn smaller(&self) -> Vec<Course> {
        let mut smaller = Vec::new();
        for n in 0..self.sessions.len() {
            if self.sessions.len() > 1 {
                let mut less = self.clone();
                less.sessions.remove(n);
                smaller.push(less);
            }
            for change in [
                |it: &mut Session| it.credited = false,
                |it: &mut Session| it.lying_in = false,
                |it: &mut Session| it.guided = false,
            ] {
                let mut less = self.clone();
                change(&mut less.sessions[n]);
                smaller.push(less);
            }
        }
        for n in 0..self.exams.len() {
            let mut less = self.clone();
            less.exams.remove(n);
            smaller.push(less);
        }
        for n in 0..self.checks.len() {
            let mut less = self.clone();
            less.checks.remove(n);
            smaller.push(less);
        }
        smaller.push(Course { closed: None, ..self.clone() });
        smaller.push(Course { motion: None, ..self.clone() });
        smaller.retain(|less| format!("{less:?}") != format!("{self:?}"));
        smaller
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    First,
    Second,
    TooSoon,
}

fn add(lines: &mut Lines, (day, code, claim, state): (Date, &str, &'static str, &'static str)) {
    *lines.entry((day, code.to_owned(), claim, state)).or_insert(0) += 1;
}

/// The messages, each once or twice, in an order of their own.
fn shuffled(told: &str, rng: &mut fastrand::Rng) -> Vec<Vec<u8>> {
    let text = messages(told);
    let mut all: Vec<Vec<u8>> =
        hl7::split(text.as_bytes()).into_iter().map(<[u8]>::to_vec).collect();
    let doubled: Vec<Vec<u8>> = all.iter().filter(|_| rng.u8(..8) == 0).cloned().collect();
    all.extend(doubled);
    if rng.u8(..4) > 0 {
        rng.shuffle(&mut all);
    }
    all
}

/// What the program bills.
fn program(course: &Course, rng: &mut fastrand::Rng) -> Lines {
    let mut desk = Desk::new(course.setting);
    let all = shuffled(&course.told(), rng);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rng.usize(1..=rest.len().min(40)));
        desk.file("aria", &now.join(&b'\n'), now.len());
        rest = later;
    }
    assert!(desk.refused.is_empty(), "{:?}", desk.refused);
    let mut lines = Lines::new();
    for row in desk.rows() {
        if row[9] == "credited" {
            continue;
        }
        let modifiers: String =
            row[5].split(' ').filter(|it| !it.is_empty()).map(|it| format!("-{it}")).collect();
        let claim = match row[7].as_str() {
            "facility" => "facility",
            "professional" => "professional",
            _ => "global",
        };
        let state = match row[9].as_str() {
            "ready" => "ready",
            "held" => "held",
            "suppressed" => "suppressed",
            _ => "rejected",
        };
        add(&mut lines, (row[2].parse().unwrap(), &format!("{}{modifiers}", row[4]), claim, state));
    }
    lines
}

/// What the two say differently, if anything.
fn difference(course: &Course, seed: u64) -> Option<String> {
    let (billed, came) = (course.billed(), program(course, &mut fastrand::Rng::with_seed(seed)));
    if billed == came {
        return None;
    }
    let only = |one: &Lines, other: &Lines| -> String {
        let differing = one.iter().filter(|(line, count)| other.get(*line) != Some(count));
        differing.map(|(line, count)| format!("\n  {count} x {line:?}")).collect()
    };
    Some(format!("by hand:{}\nby the program:{}", only(&billed, &came), only(&came, &billed)))
}

/// The smallest course that still differs.
fn smallest(mut course: Course, seed: u64) -> Course {
    loop {
        match course.smaller().into_iter().find(|less| difference(less, seed).is_some()) {
            Some(less) => course = less,
            None => return course,
        }
    }
}

#[test]
fn random_courses_are_billed_as_a_plain_calculator_bills_them() {
    let told = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let count = told("COLLIMATOR_COURSES").unwrap_or(300);
    let first = told("COLLIMATOR_SEED").unwrap_or(1);
    for seed in first..first + count {
        let course = Course::random(&mut fastrand::Rng::with_seed(seed));
        if difference(&course, seed).is_some() {
            let least = smallest(course, seed);
            let difference = difference(&least, seed).unwrap();
            panic!("seed {seed}, {:?}:\n{}\n{difference}", least.setting, least.told());
        }
    }
}
