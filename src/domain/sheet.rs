//! How a line is shown in a list: the columns and states of the contract, and cells that no
//! spreadsheet runs.

use std::borrow::Cow;
use std::str::FromStr;

use super::{BookedLine, Claim, Finding, LineState, Modifier, Outcome, ProcedureCode, Revenue};

/// The columns that every list of lines begins with.
pub const LINE_COLUMNS: [&str; 12] = [
    "patient",
    "course",
    "dos",
    "care_step",
    "code",
    "modifiers",
    "units",
    "claim",
    "revenue",
    "state",
    "reasons",
    "message",
];

/// The columns that follow where a store is asked.
pub const STORE_COLUMNS: [&str; 3] = ["line", "destination", "sent"];

/// A word for where a line stands, as lists show it and filters take it: five for what it is to
/// billing, five for how far it got on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Nothing is against it.
    Ready,
    /// A person must look.
    Held,
    /// Kept for statistics, by rule not billed.
    Suppressed,
    /// Must never be sent.
    Rejected,
    /// Taken back, takes another back, or taken off: counts as nothing.
    Credited,
    /// Not yet sent.
    Waiting,
    /// Sent, no answer yet.
    Sent,
    /// Nobody knows whether it arrived.
    Unknown,
    /// The receiver said yes.
    Accepted,
    /// The receiver said no.
    Declined,
}

impl Shown {
    /// Every word: the five states, then how far it got.
    pub const ALL: [Shown; 10] = [
        Shown::Ready,
        Shown::Held,
        Shown::Suppressed,
        Shown::Rejected,
        Shown::Credited,
        Shown::Waiting,
        Shown::Sent,
        Shown::Unknown,
        Shown::Accepted,
        Shown::Declined,
    ];

    /// The state of a line. A line taken back, and the one that takes it back, count as nothing;
    /// one that is only proposed to take another back is held.
    pub fn state_of(line: &BookedLine) -> Shown {
        let takes_back = line.reverses.is_some() && line.state != LineState::Held;
        if takes_back || line.reversed_by.is_some() {
            return Shown::Credited;
        }
        match line.state {
            LineState::Held => Shown::Held,
            LineState::Suppressed => Shown::Suppressed,
            LineState::Rejected => Shown::Rejected,
            LineState::Withdrawn => Shown::Credited,
            LineState::Queued
            | LineState::Sent
            | LineState::Unknown
            | LineState::Accepted
            | LineState::Declined => Shown::Ready,
        }
    }

    /// How far a line got on its way; `None` if it is on none.
    pub fn way_of(state: LineState) -> Option<Shown> {
        match state {
            LineState::Held
            | LineState::Suppressed
            | LineState::Rejected
            | LineState::Withdrawn => None,
            LineState::Queued => Some(Shown::Waiting),
            LineState::Sent => Some(Shown::Sent),
            LineState::Unknown => Some(Shown::Unknown),
            LineState::Accepted => Some(Shown::Accepted),
            LineState::Declined => Some(Shown::Declined),
        }
    }

    /// Whether a line is shown with this word.
    pub fn fits(self, line: &BookedLine) -> bool {
        Shown::state_of(line) == self || Shown::way_of(line.state) == Some(self)
    }

    /// The states that a line shown with this word can be in; all, if that limits nothing.
    pub fn among(self) -> &'static [LineState] {
        match self {
            Shown::Ready => &[
                LineState::Queued,
                LineState::Sent,
                LineState::Unknown,
                LineState::Accepted,
                LineState::Declined,
            ],
            Shown::Held => &[LineState::Held],
            Shown::Suppressed => &[LineState::Suppressed],
            Shown::Rejected => &[LineState::Rejected],
            Shown::Credited => &LineState::ALL,
            Shown::Waiting => &[LineState::Queued],
            Shown::Sent => &[LineState::Sent],
            Shown::Unknown => &[LineState::Unknown],
            Shown::Accepted => &[LineState::Accepted],
            Shown::Declined => &[LineState::Declined],
        }
    }

    /// The states to ask a store for, so that no line shown with one of these words is missed.
    pub fn among_any(words: &[Shown]) -> Vec<LineState> {
        let asked = |state: &LineState| words.iter().any(|word| word.among().contains(state));
        LineState::ALL.into_iter().filter(asked).collect()
    }

    /// As shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Shown::Ready => "ready",
            Shown::Held => "held",
            Shown::Suppressed => "suppressed",
            Shown::Rejected => "rejected",
            Shown::Credited => "credited",
            Shown::Waiting => "waiting",
            Shown::Sent => "sent",
            Shown::Unknown => "unknown",
            Shown::Accepted => "accepted",
            Shown::Declined => "declined",
        }
    }
}

impl FromStr for Shown {
    type Err = ();

    fn from_str(text: &str) -> Result<Shown, ()> {
        Shown::ALL.into_iter().find(|word| word.as_str() == text).ok_or(())
    }
}

/// A line as a row of [`LINE_COLUMNS`].
pub fn line_row(patient: &str, booked: &BookedLine) -> [String; 12] {
    let line = &booked.line;
    let modifiers: Vec<&str> = line.modifiers.iter().map(Modifier::as_str).collect();
    let known = line.claim.is_some();
    [
        patient.to_owned(),
        line.course.0.clone(),
        line.day().to_string(),
        line.step.filter(|_| known).map_or(String::new(), |step| step.to_string()),
        line.code.as_ref().filter(|_| known).map_or("", ProcedureCode::as_str).to_owned(),
        modifiers.join(" "),
        line.units.get().to_string(),
        line.claim.filter(|_| known).map_or("", Claim::as_str).to_owned(),
        revenue(booked).to_owned(),
        Shown::state_of(booked).as_str().to_owned(),
        reasons(&booked.findings).join(" "),
        line.control_id.clone(),
    ]
}

/// A line as a row of [`STORE_COLUMNS`].
pub fn store_row(line: &BookedLine) -> [String; 3] {
    let sent = Shown::way_of(line.state).map_or("", Shown::as_str);
    [line.id.to_string(), line.destination.clone().unwrap_or_default(), sent.to_owned()]
}

fn revenue(booked: &BookedLine) -> &str {
    let line = &booked.line;
    let facility = line.claim == Some(Claim::Facility);
    line.revenue.as_ref().filter(|_| facility).map_or("", Revenue::as_str)
}

/// The rules against a line, each once; what is only a flag is no reason.
pub fn reasons(findings: &[Finding]) -> Vec<&str> {
    let mut rules: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.outcome > Outcome::Warn) {
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }
    rules
}

/// A cell for a list that people open in a spreadsheet: one that would be run as a formula has a
/// `'` before it. So has one that already looks like a cell so marked, so that taking one `'` away
/// always gives back what was there.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(runs) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The signs with which a formula begins, also in the width of Chinese letters; and what
/// spreadsheets pass over before they look.
fn runs(first: char) -> bool {
    matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// JSON with a line for each value; whatever it holds, no sign of it but blanks is changed.
pub fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', 2 * depth.min(DEPTH_SHOWN_MAX)));
    };
    for sign in text.chars() {
        let is_blank = !quoted && sign.is_ascii_whitespace();
        if !quoted && matches!(sign, '}' | ']') {
            depth = depth.saturating_sub(1);
            line(&mut out, depth);
        }
        if !is_blank {
            out.push(sign);
        }
        match sign {
            '{' | '[' if !quoted => {
                depth += 1;
                line(&mut out, depth);
            }
            ',' if !quoted => line(&mut out, depth),
            ':' if !quoted => out.push(' '),
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && sign == '\\' && !escaped;
    }
    out
}

/// Deeper levels stand below each other.
const DEPTH_SHOWN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_keeps_its_signs() {
        let json = r#"{"a":[1.50,{"b":"x, \"y\": {"}],"c":[]}"#;
        let shown = "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": \"x, \\\"y\\\": {\"\n    }\n  ],\n  \"c\": [\n    \n  ]\n}";
        assert_eq!(indented(json), shown);
    }
    use crate::table::rows;

    #[test]
    fn no_cell_is_run_and_every_cell_can_be_read_back() {
        for row in rows(
            r"
            | cell       | marked      |
            | =2+5       | '=2+5       |
            | +4414401   | '+4414401   |
            | -1         | '-1         |
            | @SUM(A1)   | '@SUM(A1)   |
            | \t=1       | '\t=1       |
            | \r=1       | '\r=1       |
            | \n=1       | '\n=1       |
            | ＝1        | '＝1        |
            | '=1        | ''=1        |
            | 'n Beter   | 'n Beter    |
            | A=1        | A=1         |
            | 2026-03-02 | 2026-03-02  |
            | 77-1       | 77-1        |
            |            |             |
            ",
        ) {
            let read =
                |text: &str| text.replace(r"\t", "\t").replace(r"\r", "\r").replace(r"\n", "\n");
            let (cell, marked) = (read(&row["cell"]), read(&row["marked"]));
            assert_eq!(guarded(&cell), marked, "{row}");
            assert!(!guarded(&cell).starts_with(runs), "{row}");
        }
    }

    #[test]
    fn every_word_is_read_back_and_asks_for_the_states_it_can_be() {
        for word in Shown::ALL {
            assert_eq!(word.as_str().parse(), Ok(word));
        }
        for row in rows(
            "
            | words          | asks for                             |
            | held           | held                                 |
            | waiting        | queued                               |
            | held sent      | held sent                            |
            | ready          | queued sent unknown accepted declined |
            | ready rejected | rejected queued sent unknown accepted declined |
            | credited       | held suppressed rejected queued sent unknown accepted declined withdrawn |
            ",
        ) {
            let words: Vec<Shown> =
                row["words"].split(' ').map(|word| word.parse().unwrap()).collect();
            let asked: Vec<&str> =
                Shown::among_any(&words).into_iter().map(LineState::as_str).collect();
            assert_eq!(asked.join(" "), row["asks for"], "{row}");
        }
    }
}
