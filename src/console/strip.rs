//! The two sums that must come out, in figures.

use std::collections::BTreeMap;

use crate::domain::LineState;

use super::Desk;
use super::asked::MESSAGE_STATES;
use super::failure::Failure;

/// A figure of a sum.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) count: u64,
    /// The page with what is counted; empty where there is none.
    pub(super) link: String,
    /// Whether a person should look if it is more than none.
    pub(super) calls: bool,
}

/// Both sums.
pub(super) struct Sums {
    pub(super) stored: u64,
    pub(super) messages: Vec<Figure>,
    pub(super) drafted: u64,
    pub(super) lines: Vec<Figure>,
    pub(super) entries: u64,
    pub(super) come_out: bool,
}

impl Sums {
    /// The sums at this moment. The books are asked first: what is stored can only grow.
    pub(super) fn ask(desk: &Desk) -> Result<Sums, Failure> {
        let balance = desk.books.balance()?;
        let stored = u64::try_from(desk.intake.last().0).unwrap_or(0);
        let booked: u64 = balance.messages.values().sum();
        let mut messages: Vec<Figure> =
            MESSAGE_STATES.iter().map(|name| of_messages(name, &balance.messages)).collect();
        let ended: u64 = messages.iter().map(|figure| figure.count).sum();
        let waiting = stored.saturating_sub(booked);
        messages.push(Figure {
            name: "waiting",
            count: waiting,
            link: String::new(),
            calls: false,
        });
        Ok(Sums {
            stored,
            messages,
            drafted: balance.drafted,
            lines: LINE_STATES.iter().map(|state| of_lines(*state, &balance.lines)).collect(),
            entries: balance.entries,
            come_out: ended + waiting == stored
                && balance.lines.values().sum::<u64>() == balance.drafted,
        })
    }

    /// The figures that call for a person.
    pub(super) fn calls(&self) -> Vec<&Figure> {
        let figures = self.messages.iter().chain(&self.lines);
        figures.filter(|figure| figure.calls && figure.count > 0).collect()
    }
}

/// The states of a line, in the order of the sum.
const LINE_STATES: [LineState; 9] = [
    LineState::Held,
    LineState::Suppressed,
    LineState::Rejected,
    LineState::Withdrawn,
    LineState::Queued,
    LineState::Sent,
    LineState::Unknown,
    LineState::Accepted,
    LineState::Declined,
];

fn of_messages(name: &'static str, counts: &BTreeMap<String, u64>) -> Figure {
    Figure {
        name,
        count: counts.get(name).copied().unwrap_or(0),
        link: format!("/?state={name}"),
        calls: matches!(name, "refused" | "stuck"),
    }
}

fn of_lines(state: LineState, counts: &BTreeMap<LineState, u64>) -> Figure {
    let word = match state {
        LineState::Queued => "waiting",
        LineState::Withdrawn => "credited",
        LineState::Held
        | LineState::Suppressed
        | LineState::Rejected
        | LineState::Sent
        | LineState::Unknown
        | LineState::Accepted
        | LineState::Declined => state.as_str(),
    };
    Figure {
        name: state.as_str(),
        count: counts.get(&state).copied().unwrap_or(0),
        link: format!("/lines?state={word}"),
        calls: matches!(state, LineState::Held | LineState::Unknown | LineState::Declined),
    }
}
