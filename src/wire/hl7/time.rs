//! Times as HL7 writes them: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`, precision kept.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// How much of a time was told. Precision is meaning: a day is not midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// A year.
    Year,
    /// A month.
    Month,
    /// A day.
    Day,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// A second, or a part of one.
    Second,
}

/// A time as told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The day; where less was told, the first one of it.
    pub date: Date,
    /// The time of day, if told.
    pub time: Option<Time>,
    /// How far the clock was from Greenwich, if told.
    pub offset: Option<Offset>,
    /// How much was told.
    pub precision: Precision,
}

impl Stamp {
    /// The day, if at least a day was told.
    pub fn day(&self) -> Option<Date> {
        (self.precision >= Precision::Day).then_some(self.date)
    }
}

/// Reads a time. `None` if it is none; nothing is guessed but what senders are known to leave
/// out: the dot before a fraction, a half of the last pair, a digit of the offset.
pub fn read(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (clock, offset) = parted(text)?;
    let (digits, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let dotted = clock.contains('.');
    if !all_digits(digits) || !all_digits(fraction) || (dotted && digits.len() < 14) {
        return None;
    }
    let (digits, fraction) = match digits.split_at_checked(14) {
        Some((whole, more)) if !dotted => (whole, more),
        Some((_, more)) if !more.is_empty() => return None,
        Some(_) | None => (digits, fraction),
    };
    stamp(digits, fraction, offset)
}

/// The clock's part, and the offset's.
fn parted(text: &str) -> Option<(&str, Option<Offset>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(Offset::UTC)));
    }
    match text.find(['+', '-']) {
        None => Some((text, None)),
        Some(at) => {
            let (clock, zone) = text.split_at(at);
            Some((clock, Some(offset(zone)?)))
        }
    }
}

fn offset(zone: &str) -> Option<Offset> {
    let (sign, digits) = zone.split_at_checked(1)?;
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !(2..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hour_digits = if digits.len() == 3 { 1 } else { 2 };
    let hours: i32 = digits[..hour_digits].parse().ok()?;
    let minutes: i32 = if digits.len() > 2 { digits[hour_digits..].parse().ok()? } else { 0 };
    if hours > 18 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

fn stamp(digits: &str, fraction: &str, offset: Option<Offset>) -> Option<Stamp> {
    let precision = match digits.len() {
        4 => Precision::Year,
        6 => Precision::Month,
        8 => Precision::Day,
        10 => Precision::Hour,
        12 | 13 => Precision::Minute,
        14 => Precision::Second,
        _ => return None,
    };
    let pair = |from: usize, missing: i8| match digits.get(from..from + 2) {
        Some(pair) => pair.parse::<i8>().ok(),
        None => Some(missing),
    };
    let date = Date::new(digits.get(..4)?.parse().ok()?, pair(4, 1)?, pair(6, 1)?).ok()?;
    let second = pair(12, 0)?.min(59);
    let time = Time::new(pair(8, 0)?, pair(10, 0)?, second, nanoseconds(fraction)?).ok()?;
    let second_is_sound = pair(12, 0)? <= 60;
    second_is_sound.then_some(Stamp {
        date,
        time: (precision > Precision::Day).then_some(time),
        offset,
        precision,
    })
}

/// Any number of digits of a second; what is finer than a nanosecond is cut.
fn nanoseconds(fraction: &str) -> Option<i32> {
    let digits = fraction.get(..fraction.len().min(9))?;
    format!("{digits:0<9}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use proptest::prelude::*;

    #[test]
    fn finding_10_times_are_read_as_told_or_not_at_all() {
        for row in rows(
            "
            | text                     | date       | time               | offset |
            | 2026                     | 2026-01-01 | -                  | -      |
            | 202610                   | 2026-10-01 | -                  | -      |
            | 20261006                 | 2026-10-06 | -                  | -      |
            | 2026100610               | 2026-10-06 | 10:00:00           | -      |
            | 202610061015             | 2026-10-06 | 10:15:00           | -      |
            | 202610061015-0400        | 2026-10-06 | 10:15:00           | -04    |
            | 20261006101530           | 2026-10-06 | 10:15:30           | -      |
            | 20261006101530.1         | 2026-10-06 | 10:15:30.1         | -      |
            | 20261006101530.1234-0400 | 2026-10-06 | 10:15:30.1234      | -04    |
            | 20261006101530.12        | 2026-10-06 | 10:15:30.12        | -      |
            | 20261006101530123        | 2026-10-06 | 10:15:30.123       | -      |
            | 2026100610153            | 2026-10-06 | 10:15:00           | -      |
            | 20261006101530+0800      | 2026-10-06 | 10:15:30           | +08    |
            | 20261006101530-0330      | 2026-10-06 | 10:15:30           | -03:30 |
            | 20261006101530-0030      | 2026-10-06 | 10:15:30           | -00:30 |
            | 20261006101530-04        | 2026-10-06 | 10:15:30           | -04    |
            | 20261006101530-400       | 2026-10-06 | 10:15:30           | -04    |
            | 20261006101560           | 2026-10-06 | 10:15:59           | -      |
            | 20240229                 | 2024-02-29 | -                  | -      |
            | 20261332                 | -          | -                  | -      |
            | 202613                   | -          | -                  | -      |
            | 20260229                 | -          | -                  | -      |
            | 2026100625               | -          | -                  | -      |
            | 20261006101561           | -          | -                  | -      |
            | 20261006.5               | -          | -                  | -      |
            | 2026-10-06               | -          | -                  | -      |
            | 20261006101530-9900      | -          | -                  | -      |
            | today                    | -          | -                  | -      |
            | 202                      | -          | -                  | -      |
            |                          | -          | -                  | -      |
            ",
        ) {
            let read = read(&row["text"]);
            let date = read.map_or("-".into(), |it| it.date.to_string());
            let time = read.and_then(|it| it.time).map_or("-".into(), |it| it.to_string());
            let offset = read.and_then(|it| it.offset).map_or("-".into(), |it| it.to_string());
            assert_eq!(
                (date, time, offset),
                (row["date"].clone(), row["time"].clone(), row["offset"].clone()),
                "{row}"
            );
        }
    }

    #[test]
    fn a_year_is_no_day() {
        assert_eq!(read("2026").and_then(|it| it.day()), None);
        assert!(read(" 20261006 ").and_then(|it| it.day()).is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r"[0-9+\-.Zé:]{0,30}") {
            read(&text);
        }
    }
}
