//! Times of a message, in the site's calendar.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::Moment;
use crate::wire::hl7::time::{self, Stamp};
use crate::wire::hl7::{Message, Value};

use super::Reading;

/// When a message was made: MSH-7, else when it came.
pub(super) fn made(message: &Message, reading: &Reading<'_>) -> Moment {
    let stamp = time::read(&message.field("MSH", 7).code());
    let told = stamp.and_then(|stamp| at_site(&stamp, reading.time_zone));
    told.unwrap_or_else(|| {
        Moment::at(reading.received.to_zoned(reading.time_zone.clone()).datetime())
    })
}

/// What a value tells, as the site's calendar has it: an offset is never reckoned with, for a day
/// of service is the day on which it was done where it was done.
pub(super) fn local(value: Value<'_>) -> Option<Moment> {
    let stamp = time::read(&value.code())?;
    Some(Moment { date: stamp.day()?, time: stamp.time })
}

/// The same instant on the site's clocks; without an offset it is told by them already.
fn at_site(stamp: &Stamp, zone: &TimeZone) -> Option<Moment> {
    let date = stamp.day()?;
    match (stamp.time, stamp.offset) {
        (Some(time), Some(offset)) => {
            let instant = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
            Some(Moment::at(instant.to_zoned(zone.clone()).datetime()))
        }
        (time, _) => Some(Moment { date, time }),
    }
}
