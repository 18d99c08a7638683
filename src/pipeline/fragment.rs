//! Messages that are told in several: what is read of each part, and what when all are there.

use jiff::Timestamp;

use crate::domain::{MessageId, Reason};
use crate::interpret::{self, Note, Reading};
use crate::store::{Error, StoredMessage, Work};
use crate::wire::hl7;

use super::read::{Outcome, Read};
use super::{Pipeline, book};

/// A part is given up only so long after its time: one that came in time may still be on its way.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// The code of a message that cannot be put together.
const NOT_WHOLE: u16 = 207;

/// What is to be read of a message.
pub(super) enum ToRead {
    /// It alone.
    Itself,
    /// What it and the parts before it are together, and which those are.
    Together(Vec<u8>, Vec<MessageId>),
    /// Nothing: this is what it comes to.
    Nothing(Outcome),
}

impl Pipeline {
    /// What is to be read of a message: of a part that came before others nothing, and of the last
    /// one to come all of them.
    pub(super) fn to_read(
        &self,
        stored: &StoredMessage,
        reading: &Reading<'_>,
    ) -> Result<ToRead, Error> {
        let Some(intake) =
            self.intake.as_ref().filter(|_| hl7::Fragment::of(&stored.raw).is_some())
        else {
            return Ok(ToRead::Itself);
        };
        let Some(standing) = intake.fragment(stored.id)? else {
            return Ok(ToRead::Itself);
        };
        let unread = |why: String| {
            let told = interpret::unread(&stored.raw, reading, why);
            ToRead::Nothing(Outcome::Told(Box::new(told)))
        };
        if let Some(before) = standing.repeats {
            return Ok(unread(format!("a fragment that came before, as message {before}")));
        }
        if standing.whole != Some(stored.id) {
            let why = "a fragment: it is read with the rest of its message".to_owned();
            return Ok(unread(why));
        }
        if let Some(fault) = standing.fault {
            return Ok(ToRead::Nothing(Outcome::Refused(reason(NOT_WHOLE, fault))));
        }
        let parts = intake.fragments_of(stored.id)?;
        let raws: Vec<&[u8]> = parts.iter().map(|part| part.raw.as_slice()).collect();
        Ok(match hl7::join(&raws) {
            Ok(whole) => ToRead::Together(whole, parts.iter().map(|part| part.id).collect()),
            Err(found) => ToRead::Nothing(Outcome::Refused(reason(found.code, found.text))),
        })
    }

    /// Refuses parts whose others did not come in time, once everything before is carried.
    pub(super) fn give_up_fragments(&mut self, carried: MessageId) -> Result<(), Error> {
        let Some(intake) = self.intake.clone() else {
            return Ok(());
        };
        let now = self.clock.now();
        let overdue = intake.overdue_fragments((now - GRACE, carried))?;
        if overdue.is_empty() {
            return Ok(());
        }
        let text = "a fragment: the rest of its message did not come in time";
        let refused = |stored: &StoredMessage| {
            let outcome = Outcome::Refused(reason(NOT_WHOLE, text.to_owned()));
            let day = self.day_of(stored.received);
            let booked = book::message(&Read { stored, outcome, day }, None);
            let entries = vec![book::entry_of(&booked)];
            crate::store::Part { messages: vec![booked], entries, ..Default::default() }
        };
        let parts = overdue.iter().map(refused).map(std::sync::Arc::new).collect();
        self.books.apply(Work { at: now, parts, cursor: None })?;
        let given_up: Vec<MessageId> = overdue.iter().map(|stored| stored.id).collect();
        intake.give_up_fragments(&given_up)?;
        tracing::warn!(
            messages = given_up.len(),
            "Fragments were refused: the rest of their messages did not come in time."
        );
        Ok(())
    }

    /// The day of a time in the site's calendar.
    pub(super) fn day_of(&self, at: Timestamp) -> jiff::civil::Date {
        at.to_zoned(self.setup.time_zone.clone()).date()
    }
}

/// Of which messages a whole was put together.
pub(super) fn note(parts: &[MessageId]) -> Note {
    let named: Vec<String> = parts.iter().map(ToString::to_string).collect();
    let words = format!("put together from the fragments {}", named.join(" "));
    Note { place: crate::domain::Place::default(), words }
}

fn reason(code: u16, text: String) -> Reason {
    Reason { place: None, code, text }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::domain::{Answer, Clock, MessageState, Setting, Site};
    use crate::mappings::Tables;
    use crate::pipeline::{Setup, SourceSetup};
    use crate::store::{Books, Intake, NewFragment, NewMessage};

    /// A clock that is set, in seconds.
    struct Set(AtomicI64);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_790_000_000 + self.0.load(Ordering::Relaxed)).unwrap()
        }
    }

    fn setup() -> Setup {
        Setup {
            tables: Arc::new(Tables::embedded().unwrap()),
            site: Site::plain(Setting::Hospital, "medicare"),
            time_zone: jiff::tz::TimeZone::UTC,
            sources: vec![SourceSetup {
                name: "aria".into(),
                profile: "aria".into(),
                system: String::new(),
                bills: true,
                takes_unknown: false,
            }],
            routes: Vec::new(),
        }
    }

    #[test]
    fn c_13_a_part_whose_rest_does_not_come_is_refused_where_a_person_sees_it() {
        let clock = Arc::new(Set(AtomicI64::new(0)));
        let (books, intake) = (Books::open_in_memory().unwrap(), Intake::open_in_memory().unwrap());
        let (books, intake) = (Arc::new(books), Arc::new(intake));
        let raw = "MSH|^~\\&|A|B|C|D|2026||DFT^P03|7|P|2.5.1\rPID|||5\rDSC|P1|F\r";
        let message = NewMessage {
            source: "aria".into(),
            received: clock.now(),
            control_id: b"7".to_vec(),
            answer: Answer::Accept,
            reason: None,
            raw: raw.into(),
            fragment: Some(NewFragment {
                sender: b"A|B".to_vec(),
                comes_from: Vec::new(),
                goes_on: b"P1".to_vec(),
                head_bytes: raw.find('\r').unwrap(),
                until: clock.now() + std::time::Duration::from_secs(60),
            }),
        };
        let id = intake.append_blocking(message).unwrap();
        let mut pipeline =
            Pipeline::new(Arc::clone(&books), setup(), clock.clone()).reading(Arc::clone(&intake));
        pipeline.carry(&intake.read_after(MessageId(0), 9, 9_999).unwrap()).unwrap();
        let state = || books.message(id).unwrap().unwrap().state;
        for (seconds, is) in [(0, "ignored"), (64, "ignored"), (66, "refused"), (99, "refused")] {
            clock.0.store(seconds, Ordering::Relaxed);
            pipeline.give_up_fragments(id).unwrap();
            assert_eq!(state().name(), is, "after {seconds} seconds");
        }
        assert!(matches!(state(), MessageState::Refused(it) if it.text.contains("in time")));
        let balance = books.balance().unwrap();
        assert_eq!(balance.messages.values().sum::<u64>(), 1);
        assert!(books.verify().unwrap().tally_is_right);
    }
}
