//! Dates and times as FHIR writes them, and which of two was first.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// A clock anywhere on earth is at most this far from Greenwich.
const OFFSET_HOURS_MAX: i64 = 14;

/// Whether a text is a `dateTime`: a year, a month, a day that exists, or a time with its
/// seconds and its offset.
pub fn is_date_time(text: &str) -> bool {
    moment(text).is_some()
}

/// Whether a text is a `date`.
pub(super) fn is_date(text: &str) -> bool {
    day(text).is_some()
}

/// Whether a text is an `instant`: a whole `dateTime`.
pub(super) fn is_instant(text: &str) -> bool {
    moment(text).is_some_and(|moment| moment.offset.is_some())
}

/// Whether a text is a `time`.
pub(super) fn is_time(text: &str) -> bool {
    clock(text).is_some()
}

/// Whether a period ends before it begins, whatever clocks its ends were read from. What was
/// told in days is given the benefit of all of the day.
pub(super) fn is_backward(start: &str, end: &str) -> bool {
    let (Some(start), Some(end)) = (moment(start), moment(end)) else {
        return false;
    };
    match (start.offset, end.offset) {
        (Some(one), Some(other)) => end.at(other).is_some_and(|end| Some(end) < start.at(one)),
        (None, None) => end.last < start.first,
        (Some(offset), None) => {
            let latest = end.last.checked_add(SignedDuration::from_hours(OFFSET_HOURS_MAX));
            let start = start.at(offset).map(|start| Offset::UTC.to_datetime(start));
            latest.ok().is_some_and(|latest| start.is_some_and(|start| latest < start))
        }
        (None, Some(offset)) => {
            let earliest = start.first.checked_sub(SignedDuration::from_hours(OFFSET_HOURS_MAX));
            let end = end.at(offset).map(|end| Offset::UTC.to_datetime(end));
            earliest.ok().is_some_and(|earliest| end.is_some_and(|end| end < earliest))
        }
    }
}

/// A `dateTime`: all of what was told of a year, month or day, or one moment.
struct Moment {
    first: DateTime,
    last: DateTime,
    offset: Option<Offset>,
}

impl Moment {
    fn at(&self, offset: Offset) -> Option<Timestamp> {
        offset.to_timestamp(self.first).ok()
    }
}

fn moment(text: &str) -> Option<Moment> {
    let Some((date, rest)) = text.split_once('T') else {
        let (first, last) = day(text)?;
        let last = last.to_datetime(Time::MAX);
        return Some(Moment { first: first.to_datetime(Time::MIN), last, offset: None });
    };
    let date = (date.len() == 10).then(|| day(date))??.0;
    let zone = rest.find(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at_checked(zone)?;
    let at = date.to_datetime(clock(time)?);
    Some(Moment { first: at, last: at, offset: Some(offset(zone)?) })
}

/// The first and the last day of what was told.
fn day(text: &str) -> Option<(Date, Date)> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4).filter(|year| *year > 0)?;
    let month = parts.next().map(|part| number(part, 2).ok_or(())).transpose().ok()?;
    let day = parts.next().map(|part| number(part, 2).ok_or(())).transpose().ok()?;
    if parts.next().is_some() {
        return None;
    }
    let date = |month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    match (month, day) {
        (Some(month), Some(day)) => date(month, day).map(|day| (day, day)),
        (Some(month), None) => date(month, 1).map(|first| (first, first.last_of_month())),
        (None, _) => Some((date(1, 1)?, date(12, 31)?)),
    }
}

/// `hh:mm:ss`, perhaps with a fraction. The sixtieth second, which a clock may have, is the
/// fifty-ninth here.
fn clock(text: &str) -> Option<Time> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || second > 60 {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    let nanoseconds = fraction.map_or(Some(0), nanoseconds)?;
    Time::new(small(hour)?, small(minute)?, small(second.min(59))?, nanoseconds).ok()
}

/// A fraction of a second; what is finer than can be told is cut off.
fn nanoseconds(digits: &str) -> Option<i32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(nine.fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
}

fn offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let is_real = minutes < 60 && (hours < 14 || (hours == 14 && minutes == 0));
    let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    let seconds = if sign == "-" { -seconds } else { seconds };
    is_real.then(|| Offset::from_seconds(seconds).ok()).flatten()
}

/// So many digits, and nothing else.
fn number(text: &str, digits: usize) -> Option<i16> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_exists_is_a_time() {
        for text in [
            "2026",
            "2026-10",
            "2026-10-05",
            "2024-02-29",
            "2026-10-05T08:10:00Z",
            "2026-10-05T08:10:00.123456789012-04:00",
            "2026-10-05T23:59:60+14:00",
            "0001-01-01",
        ] {
            assert!(is_date_time(text), "{text}");
        }
        for text in [
            "",
            "0000",
            "26",
            "2026-1-05",
            "2026-13",
            "2026-02-29",
            "2026-10-05T08:10:00",
            "2026-10-05T08:10Z",
            "2026-10T08:10:00Z",
            "2026-10-05T24:00:00Z",
            "2026-10-05T08:10:00.Z",
            "2026-10-05T08:10:00+14:30",
            "2026-10-05T08:10:00+0400",
            "2026-10-05T08:10:00+04:00Z",
            "2026-10-05 08:10:00Z",
            "2026-10-05T08:10:00z",
            " 2026-10-05",
            "2026-10-05T",
            "2026-10-05-01",
            "２０２６",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
        assert!(is_date("2026-10") && !is_date("2026-10-05T08:10:00Z"));
        assert!(is_instant("2026-10-05T08:10:00Z") && !is_instant("2026-10-05"));
        assert!(is_time("08:10:00.5") && !is_time("08:10") && !is_time("08:10:00Z"));
    }

    #[test]
    fn a_period_ends_before_it_begins_by_the_clock_of_the_world() {
        for (start, end, expected) in [
            ("2026-10-05T10:00:00Z", "2026-10-05T09:59:59Z", true),
            ("2026-10-05T10:00:00Z", "2026-10-05T10:00:00Z", false),
            ("2026-11-01T01:54:00-04:00", "2026-11-01T01:06:00-05:00", false),
            ("2026-11-01T01:54:00-05:00", "2026-11-01T01:56:00-04:00", true),
            ("2026-10-05", "2026-10-04", true),
            ("2026-10-05", "2026-10", false),
            ("2026-10", "2026-10-05", false),
            ("2026", "2025-12", true),
            ("2026-10-05T10:00:00Z", "2026-10-05", false),
            ("2026-10-06T10:00:00Z", "2026-10-05", false),
            ("2026-10-07T10:00:00Z", "2026-10-05", true),
            ("2026-10-05", "2026-10-04T20:00:00Z", false),
            ("2026-10-05", "2026-10-03T20:00:00Z", true),
            ("2026-10-05T10:00:00.1Z", "2026-10-05T10:00:00.09Z", true),
            ("no time", "2026", false),
            ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", false),
        ] {
            assert_eq!(is_backward(start, end), expected, "{start} to {end}");
        }
    }
}
