//! What is due of a person and not here yet.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{BookedLine, Course, CourseId, Finding, LineId, LineState, Outcome};

use super::{CourseStanding, Judged, standings};

/// One thing that is due and not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Since when.
    pub since: Date,
    /// In which course.
    pub course: CourseId,
    /// The reason that has a page.
    pub reason: String,
    /// What is missing, in plain words.
    pub what: String,
    /// Lines that wait for it.
    pub lines: Vec<LineId>,
}

/// Reasons of lines that wait for something which is still to come, and what that is.
const AWAITED: &[(&str, &str)] = &[
    ("ORD-03", "the physician's review of the images of a session"),
    ("FREQ-06", "the physician's exam within a block of five fractions"),
    ("SEQ-06", "the note of a simulation"),
    ("DOS-07", "the physician's planning note"),
    ("DEL-06", "the record of motion management"),
    ("ORD-04", "the request or the report of a physics consult"),
    ("FREQ-18", "the narrative of a special treatment"),
    ("SEQ-02", "the finished plan of a fraction"),
    ("WAIT-01", "the plan that a simulation was made for"),
    ("FREQ-08", "fractions that earn a physics check"),
    ("ACCT-01", "the patient's account"),
    ("PART-01", "the other share of a charge"),
    ("FREQ-12", "the reason for a new plan"),
    ("DRUG-01", "the administration of a drug"),
];

/// Fractions of one block of physics.
const BLOCK: u32 = 5;

/// What is due of a person by a day, and not here. A course is silent after so many days without
/// a fraction.
pub fn expected(
    judged: &Judged,
    booked: &[BookedLine],
    (today, silent_days): (Date, i32),
) -> Vec<Missing> {
    let mut missing = awaited(booked);
    for standing in standings(judged, booked) {
        let course = judged.record.courses.iter().find(|course| course.id == standing.course);
        if let Some(course) = course {
            missing.extend(of_course(course, &standing, (today, silent_days)));
        }
    }
    missing.extend(unanswered(booked));
    missing.sort_by(|a, b| (a.since, &a.course, &a.reason).cmp(&(b.since, &b.course, &b.reason)));
    missing
}

/// What held lines wait for, one row for each reason and day.
fn awaited(booked: &[BookedLine]) -> Vec<Missing> {
    let mut rows: BTreeMap<(Date, CourseId, &str), Missing> = BTreeMap::new();
    for line in booked.iter().filter(|line| line.state == LineState::Held) {
        let holds = line.findings.iter().filter(|finding| finding.outcome == Outcome::Hold);
        for (reason, what) in holds.filter_map(awaits) {
            let (since, course) = (line.line.day(), line.line.course.clone());
            let row = rows.entry((since, course.clone(), reason)).or_insert_with(|| Missing {
                since,
                course,
                reason: reason.to_owned(),
                what: what.to_owned(),
                lines: Vec::new(),
            });
            row.lines.push(line.id);
        }
    }
    rows.into_values().collect()
}

fn awaits(finding: &Finding) -> Option<(&'static str, &'static str)> {
    AWAITED.iter().find(|(reason, _)| *reason == finding.rule).copied()
}

fn of_course(
    course: &Course,
    standing: &CourseStanding,
    (today, silent_days): (Date, i32),
) -> Vec<Missing> {
    let Some(last) = standing.last_fraction else {
        return Vec::new();
    };
    let row = |reason: &str, what: String| Missing {
        since: last,
        course: course.id.clone(),
        reason: reason.to_owned(),
        what,
        lines: Vec::new(),
    };
    let mut rows = Vec::new();
    let prescribed = standing.prescribed.unwrap_or(0);
    let complete = prescribed > 0 && standing.delivered >= prescribed;
    let silent = (today - last).get_days();
    match standing.closed {
        None if complete => {
            rows.push(row(
                "SEQ-07",
                "all fractions are given, and nothing closes the course".into(),
            ));
        }
        None if silent > silent_days => rows.push(row(
            "SEQ-07",
            format!("no fraction for {silent} days, and nothing closes the course"),
        )),
        Some(_) if standing.delivered < prescribed => rows.push(row(
            "SEQ-04",
            format!("closed after {} of {prescribed} fractions", standing.delivered),
        )),
        None | Some(_) => {}
    }
    if !standing.missing.is_empty() {
        let numbers: Vec<String> = standing.missing.iter().map(u16::to_string).collect();
        rows.push(row("SEQ-04", format!("fractions {} were never told", numbers.join(" "))));
    }
    let checks = standing.delivered / BLOCK;
    if checks > standing.physics.billed && !course.fractions.is_empty() {
        rows.push(row(
            "FREQ-08",
            format!("physics check {} is due and not here", standing.physics.billed + 1),
        ));
    }
    rows
}

/// Lines that have left and that nobody has answered, and deliveries that their receiver declined.
fn unanswered(booked: &[BookedLine]) -> Vec<Missing> {
    let row = |line: &BookedLine, what: &str| Missing {
        since: line.line.day(),
        course: line.line.course.clone(),
        reason: String::new(),
        what: what.to_owned(),
        lines: vec![line.id],
    };
    let told = |line: &BookedLine| match line.state {
        LineState::Unknown => Some(row(line, "the receiver's answer: nobody knows if it arrived")),
        LineState::Declined => Some(row(line, "a receiver that takes it: it was declined")),
        LineState::Held
        | LineState::Suppressed
        | LineState::Rejected
        | LineState::Queued
        | LineState::Sent
        | LineState::Accepted
        | LineState::Withdrawn => None,
    };
    booked.iter().filter_map(told).collect()
}
