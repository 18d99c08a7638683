//! The days on which a row of a table is in force.

use std::fmt;

use jiff::civil::Date;

/// From a first day to a last day, both included; without a last day it is still in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Date,
    pub(super) until: Option<Date>,
}

impl Period {
    /// The last day; the end of all calendars where none is set.
    pub(super) fn last(&self) -> Date {
        self.until.unwrap_or(Date::MAX)
    }

    pub(super) fn contains(&self, day: Date) -> bool {
        self.from <= day && day <= self.last()
    }

    /// The days that both have.
    pub(super) fn common(&self, other: &Period) -> Option<Period> {
        let from = self.from.max(other.from);
        let last = self.last().min(other.last());
        (from <= last).then_some(Period { from, until: (last < Date::MAX).then_some(last) })
    }

    /// How many days the nearer end is away; nothing while in force.
    pub(super) fn days_away(&self, day: Date) -> i32 {
        if day < self.from {
            (self.from - day).get_days()
        } else if self.last() < day {
            (day - self.last()).get_days()
        } else {
            0
        }
    }

    /// The days of this period that none of the others has; the first such stretch.
    pub(super) fn first_gap(&self, others: impl Iterator<Item = Period>) -> Option<Period> {
        let mut others: Vec<Period> = others.collect();
        others.sort_by_key(|other| other.from);
        let mut next = self.from;
        for other in others.iter().filter(|other| other.last() >= self.from) {
            if other.from > next {
                break;
            }
            match other.last().tomorrow() {
                Ok(day) => next = next.max(day),
                Err(_) => return None,
            }
        }
        if next > self.last() {
            return None;
        }
        let begins = others.iter().map(|other| other.from).filter(|from| *from > next).min();
        let end = begins
            .and_then(|from| from.yesterday().ok())
            .map_or(self.last(), |d| d.min(self.last()));
        Some(Period { from: next, until: (end < Date::MAX).then_some(end) })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(until) if until == self.from => write!(f, "on {until}"),
            Some(until) => write!(f, "from {} to {until}", self.from),
            None => write!(f, "from {} on", self.from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn period(text: &str) -> Period {
        let (from, until) = text.split_once("..").unwrap();
        Period { from: from.parse().unwrap(), until: until.parse().ok() }
    }

    #[test]
    fn a_gap_is_found_at_either_end_and_between() {
        for row in rows(
            "
            | whole                  | parts                                          | gap                           |
            | 2024-01-01..2026-12-31 | 2000-01-01..                                   | -                             |
            | 2024-01-01..           | 2000-01-01..2025-12-31 2026-01-01..            | -                             |
            | 2024-01-01..           | 2000-01-01..2025-12-30 2026-01-01..            | on 2025-12-31                 |
            | 2024-01-01..           | 2026-01-01..                                   | from 2024-01-01 to 2025-12-31 |
            | 2024-01-01..           | 2000-01-01..2025-12-31                         | from 2026-01-01 on            |
            | 2024-01-01..2024-12-31 | 2000-01-01..2023-12-31                         | from 2024-01-01 to 2024-12-31 |
            | 2024-01-01..           | 2024-06-01.. 2000-01-01..2024-12-31            | -                             |
            ",
        ) {
            let parts = row["parts"].split(' ').filter(|part| !part.is_empty()).map(period);
            let gap = period(&row["whole"]).first_gap(parts);
            assert_eq!(gap.map_or("-".into(), |gap| gap.to_string()), row["gap"], "{row}");
        }
    }
}
