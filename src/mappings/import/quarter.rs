//! The quarter that a table of limits is of: told by its name or its title.

use jiff::ToSpan;
use jiff::civil::Date;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first day of a quarter that a text speaks of, if it speaks of one.
pub(super) fn told_by(text: &str) -> Option<Date> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|sign: char| !sign.is_ascii_alphanumeric())
        .filter(|it| !it.is_empty())
        .collect();
    let numbers: Vec<Option<i64>> = words.iter().map(|word| word.parse().ok()).collect();
    let by_date = (0..words.len()).find_map(|at| date_at(&words, &numbers, at));
    by_date.or_else(|| by_quarter(&words)).filter(|day| is_first_of_quarter(*day))
}

/// `10-01-2026`, `2026-10-01`, `20261001`, `October 1, 2026`.
fn date_at(words: &[&str], numbers: &[Option<i64>], at: usize) -> Option<Date> {
    let three = numbers.get(at..at + 3);
    let three = three.and_then(|it| Some((it[0]?, it[1]?, it[2]?)));
    let american = three.filter(|it| it.2 >= 2000).and_then(|it| day(it.2, it.0, it.1));
    let iso = three.filter(|it| it.0 >= 2000).and_then(|it| day(it.0, it.1, it.2));
    let compact = words.get(at).filter(|word| word.len() == 8).and_then(|word| compact(word));
    let month = MONTHS.iter().position(|month| Some(month) == words.get(at));
    let named = month.and_then(|month| {
        let first = numbers.get(at + 1).copied().flatten()?;
        let second = numbers.get(at + 2).copied().flatten();
        match second {
            Some(year) if first < 32 => day(year, month as i64 + 1, first),
            _ if first >= 2000 => day(first, month as i64 + 1, 1),
            _ => None,
        }
    });
    american.or(iso).or(compact).or(named)
}

pub(super) fn compact(word: &str) -> Option<Date> {
    let number = |from: usize, to: usize| word.get(from..to)?.parse::<i64>().ok();
    day(number(0, 4)?, number(4, 6)?, number(6, 8)?)
}

/// `2026 Q4`, `Q4 2026`, `2026q4`.
fn by_quarter(words: &[&str]) -> Option<Date> {
    let quarter = |word: &str| match word {
        "q1" => Some(1),
        "q2" => Some(4),
        "q3" => Some(7),
        "q4" => Some(10),
        _ => None,
    };
    let year = |word: &str| word.parse::<i64>().ok().filter(|year| (2000..2100).contains(year));
    let joined = |word: &&str| {
        let (front, back) = (word.get(..4)?, word.get(4..)?);
        day(year(front)?, quarter(back)?, 1)
    };
    let pairs = words.windows(2).find_map(|two| {
        let forward = year(two[0]).zip(quarter(two[1]));
        let (year, month) = forward.or_else(|| year(two[1]).zip(quarter(two[0])))?;
        day(year, month, 1)
    });
    words.iter().find_map(joined).or(pairs)
}

fn day(year: i64, month: i64, day: i64) -> Option<Date> {
    let year = i16::try_from(year).ok()?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Quarters begin on the first of January, April, July and October.
pub(super) fn is_first_of_quarter(day: Date) -> bool {
    day.day() == 1 && matches!(day.month(), 1 | 4 | 7 | 10)
}

/// The day before.
pub(super) fn day_before(day: Date) -> Date {
    day.saturating_sub(1.day())
}
