//! A moment in the site's own calendar: always a day, and a time where one was told.

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

/// A day in the site's calendar, with the time of day if the source told it. Precision is
/// meaning: a day without a time is not midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment {
    /// The day.
    pub date: Date,
    /// The time of day; `None` where only the day was told.
    pub time: Option<Time>,
}

impl Moment {
    /// A day without a time.
    pub fn day(date: Date) -> Moment {
        Moment { date, time: None }
    }

    /// A day with its time.
    pub fn at(at: DateTime) -> Moment {
        Moment { date: at.date(), time: Some(at.time()) }
    }

    /// Whole minutes from `earlier` to this moment; `None` unless both tell a time.
    pub fn minutes_since(&self, earlier: &Moment) -> Option<i64> {
        let (to, from) = (self.time?, earlier.time?);
        let days = i64::from((self.date - earlier.date).get_days());
        let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
        Some(days * 24 * 60 + minutes(to) - minutes(from))
    }
}
