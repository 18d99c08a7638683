//! Parts of messages that are told in several: which of them are one message.
//!
//! It is decided once, in the transaction that keeps the part with which all are there, so that it
//! is the same however often, and whenever, they are read.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction};

use crate::domain::MessageId;
use crate::store::Error;

use super::{FORMAT, Intake, NewMessage, StoredMessage, stored};

/// Parts of one message, at most.
const FRAGMENTS_MAX: usize = 1_000;
/// Bytes of all parts of one message, at most.
const FRAGMENTS_BYTES_MAX: i64 = 16 << 20;
/// Parts that are given up at a time.
const GIVEN_UP_MAX: i64 = 256;

/// How a part of a message hangs together with the others.
#[derive(Clone, PartialEq, Eq)]
pub struct NewFragment {
    /// Whose the pointers are.
    pub sender: Vec<u8>,
    /// What it goes on from; empty in the first.
    pub comes_from: Vec<u8>,
    /// Under what it goes on; empty in the last.
    pub goes_on: Vec<u8>,
    /// Bytes at its beginning in which the same part may differ when it is sent again.
    pub head_bytes: usize,
    /// How long it waits for the others.
    pub until: Timestamp,
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentStanding {
    /// The message that said the same before, if one did.
    pub repeats: Option<MessageId>,
    /// The message with which all parts were there, or could not be one; its number is that of the
    /// last one to come.
    pub whole: Option<MessageId>,
    /// Why they could not be one message, said of that last one.
    pub fault: Option<String>,
}

/// A part as the others look for it.
struct Part {
    message: i64,
    comes_from: Vec<u8>,
    goes_on: Vec<u8>,
    bytes: i64,
}

/// What looking for the others comes to.
enum Found {
    Nobody,
    One(Part),
    Several,
}

/// What a part comes to once it is kept.
enum Chain {
    /// Others are missing.
    Open,
    /// All are there, in this order.
    Whole(Vec<i64>),
    /// These cannot be one message.
    Faulty(Vec<i64>, &'static str),
}

const MANY: &str = "a message in more than 1000 fragments is not put together";
const LONG: &str = "the fragments of the message are longer than 16777216 bytes together";
const AMBIGUOUS: &str = "two fragments that differ carry the same continuation pointer";

impl Intake {
    /// What is known of a part of a message; `None` for one that is no part.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn fragment(&self, message: MessageId) -> Result<Option<FragmentStanding>, Error> {
        self.readers.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT own.repeats, coalesce(own.whole, first.whole), own.fault
                 FROM fragment AS own LEFT JOIN fragment AS first ON first.message = own.repeats
                 WHERE own.message = ?1",
            )?;
            let standing = |row: &Row<'_>| {
                Ok(FragmentStanding {
                    repeats: row.get::<_, Option<i64>>(0)?.map(MessageId),
                    whole: row.get::<_, Option<i64>>(1)?.map(MessageId),
                    fault: row.get(2)?,
                })
            };
            Ok(select.query_row([message.0], standing).optional()?)
        })
    }

    /// The parts that were one message with this one, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn fragments_of(&self, whole: MessageId) -> Result<Vec<StoredMessage>, Error> {
        self.parts("whole = ?1 ORDER BY place", [whole.0])
    }

    /// The first of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_fragment_of(&self, whole: MessageId) -> Result<Option<StoredMessage>, Error> {
        let mut first = self.parts("whole = ?1 ORDER BY place LIMIT 1", [whole.0])?;
        Ok(first.pop())
    }

    fn parts<P: rusqlite::Params>(
        &self,
        which: &str,
        params: P,
    ) -> Result<Vec<StoredMessage>, Error> {
        self.readers.read(|connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT id, message.source, received_at, control_id, answer, reason, raw
                 FROM fragment JOIN message ON id = fragment.message WHERE {which}"
            ))?;
            let mut rows = select.query(params)?;
            let mut parts = Vec::new();
            while let Some(row) = rows.next()? {
                parts.push(stored(row)?);
            }
            Ok(parts)
        })
    }

    /// Parts up to a message whose others did not come in time, some at a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn overdue_fragments(
        &self,
        (now, last): (Timestamp, MessageId),
    ) -> Result<Vec<StoredMessage>, Error> {
        let which = "whole IS NULL AND repeats IS NULL AND given_up = 0
            AND until < ?1 AND fragment.message <= ?2 ORDER BY until LIMIT ?3";
        self.parts(which, (now.as_millisecond(), last.0, GIVEN_UP_MAX))
    }

    /// Gives parts up: nobody waits for the others any more. It is for rare moves: each opens a
    /// connection of its own.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn give_up_fragments(&self, messages: &[MessageId]) -> Result<(), Error> {
        let mut connection = self.shared.place.open_for_writing(&FORMAT)?;
        let transaction = connection.transaction()?;
        for message in messages {
            let update = "UPDATE fragment SET given_up = 1 WHERE message = ?1";
            transaction.prepare_cached(update)?.execute([message.0])?;
        }
        transaction.commit().map_err(Error::of_commit)
    }
}

/// Keeps a part, in the transaction that keeps its message, and decides what it comes to.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    message: &NewMessage,
    id: i64,
) -> Result<(), Error> {
    let Some(one) = &message.fragment else {
        return Ok(());
    };
    let bytes = i64::try_from(message.raw.len()).unwrap_or(i64::MAX);
    let head = i64::try_from(one.head_bytes).unwrap_or(i64::MAX);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO fragment
            (message, source, sender, comes_from, goes_on, head_bytes, bytes, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let until = one.until.as_millisecond();
    let source = &*message.source;
    insert.execute((id, source, &one.sender, &one.comes_from, &one.goes_on, head, bytes, until))?;
    let looking = Looking { transaction, message, one };
    if let Some(before) = looking.said_before(id)? {
        let update = "UPDATE fragment SET repeats = ?2 WHERE message = ?1";
        transaction.prepare_cached(update)?.execute([id, before])?;
        return Ok(());
    }
    let (comes_from, goes_on) = (one.comes_from.clone(), one.goes_on.clone());
    match looking.chain(Part { message: id, comes_from, goes_on, bytes })? {
        Chain::Open => {}
        Chain::Whole(parts) => one_message(transaction, (id, &parts), None)?,
        Chain::Faulty(parts, fault) => one_message(transaction, (id, &parts), Some(fault))?,
    }
    Ok(())
}

fn one_message(
    transaction: &Transaction<'_>,
    (whole, parts): (i64, &[i64]),
    fault: Option<&str>,
) -> Result<(), Error> {
    let update = "UPDATE fragment SET whole = ?2, place = ?3, fault = ?4 WHERE message = ?1";
    let mut update = transaction.prepare_cached(update)?;
    for (place, part) in (0_i64..).zip(parts) {
        update.execute((part, whole, place, fault.filter(|_| *part == whole)))?;
    }
    Ok(())
}

/// Looks for the other parts of a message among those that still wait.
struct Looking<'a> {
    transaction: &'a Transaction<'a>,
    message: &'a NewMessage,
    one: &'a NewFragment,
}

impl Looking<'_> {
    /// The part that said the same, but for its header. Once all are there a part comes again only
    /// under its own control id: another may be the beginning of another message.
    fn said_before(&self, id: i64) -> Result<Option<i64>, Error> {
        let mut select = self.transaction.prepare_cached(
            "SELECT fragment.message FROM fragment JOIN message ON id = fragment.message
             WHERE fragment.source = ?1 AND sender = ?2 AND comes_from = ?3 AND goes_on = ?4
                AND id < ?5 AND until >= ?6 AND repeats IS NULL AND fault IS NULL
                AND substr(raw, head_bytes + 1) = ?7 AND (whole IS NULL OR control_id = ?8)
             ORDER BY id DESC LIMIT 1",
        )?;
        let body = self.message.raw.get(self.one.head_bytes..).unwrap_or_default();
        let received = self.message.received.as_millisecond();
        let (source, one) = (&*self.message.source, self.one);
        let control_id = &self.message.control_id;
        let (sender, from, to) = (&one.sender, &one.comes_from, &one.goes_on);
        let key = (source, sender, from, to, id, received, body, control_id);
        Ok(select.query_row(key, |row| row.get(0)).optional()?)
    }

    /// From a part on to the last, and then back to the first.
    fn chain(&self, one: Part) -> Result<Chain, Error> {
        let mut seen = HashSet::from([one.message]);
        let mut bytes = one.bytes;
        let (mut behind, mut before) = (Vec::new(), Vec::new());
        let (mut ahead, mut back) = (one.goes_on.clone(), one.comes_from.clone());
        while !ahead.is_empty() || !back.is_empty() {
            let is_ahead = !ahead.is_empty();
            let found = if is_ahead {
                self.waiting("comes_from", &ahead)
            } else {
                self.waiting("goes_on", &back)
            };
            let part = match found? {
                Found::Nobody => return Ok(Chain::Open),
                Found::One(part) if !seen.insert(part.message) => return Ok(Chain::Open),
                Found::Several => return Ok(Chain::Faulty(vec![one.message], AMBIGUOUS)),
                Found::One(part) => part,
            };
            bytes = bytes.saturating_add(part.bytes);
            let fault = match (seen.len() > FRAGMENTS_MAX, bytes > FRAGMENTS_BYTES_MAX) {
                (true, _) => Some(MANY),
                (false, true) => Some(LONG),
                (false, false) => None,
            };
            if is_ahead {
                ahead = part.goes_on;
                behind.push(part.message);
            } else {
                back = part.comes_from;
                before.push(part.message);
            }
            if let Some(fault) = fault {
                return Ok(Chain::Faulty(in_order(before, one.message, behind), fault));
            }
        }
        Ok(Chain::Whole(in_order(before, one.message, behind)))
    }

    /// The part that waits at one end of a pointer.
    fn waiting(&self, end: &str, pointer: &[u8]) -> Result<Found, Error> {
        let select = format!(
            "SELECT message, comes_from, goes_on, bytes FROM fragment
             WHERE source = ?1 AND sender = ?2 AND {end} = ?3 AND until >= ?4
                AND whole IS NULL AND repeats IS NULL AND given_up = 0
             LIMIT 2"
        );
        let mut select = self.transaction.prepare_cached(&select)?;
        let received = self.message.received.as_millisecond();
        let mut rows =
            select.query((&*self.message.source, &self.one.sender, pointer, received))?;
        let Some(row) = rows.next()? else {
            return Ok(Found::Nobody);
        };
        let part = Part {
            message: row.get(0)?,
            comes_from: row.get(1)?,
            goes_on: row.get(2)?,
            bytes: row.get(3)?,
        };
        Ok(if rows.next()?.is_some() { Found::Several } else { Found::One(part) })
    }
}

fn in_order(mut before: Vec<i64>, one: i64, behind: Vec<i64>) -> Vec<i64> {
    before.reverse();
    before.push(one);
    before.extend(behind);
    before
}

/// Pointers are a sender's own.
impl std::fmt::Debug for NewFragment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.comes_from.len(), self.goes_on.len());
        write!(f, "NewFragment({from} bytes to {to} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Answer;
    use crate::table::rows;

    const AT: i64 = 1_790_000_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millisecond(AT + second * 1_000).unwrap()
    }

    /// A part as `from>to:text`, by a sender, at a second; it waits for ten.
    fn part(told: &str, (sender, second): (&str, i64)) -> NewMessage {
        let (pointers, text) = told.split_once(':').unwrap();
        let (from, to) = pointers.split_once('>').unwrap();
        NewMessage {
            source: "aria".into(),
            received: at(second),
            control_id: Vec::new(),
            answer: Answer::Accept,
            reason: None,
            raw: format!("{second:04}{text}").into_bytes().into(),
            fragment: Some(NewFragment {
                sender: sender.into(),
                comes_from: from.into(),
                goes_on: to.into(),
                head_bytes: 4,
                until: at(second + 10),
            }),
        }
    }

    fn came(intake: &Intake, id: i64) -> String {
        let it = intake.fragment(MessageId(id)).unwrap().unwrap();
        let whole = it.whole.map_or("-".to_owned(), |whole| whole.to_string());
        match (it.repeats, it.fault) {
            (Some(before), _) => format!("as {before} {whole}"),
            (None, Some(_)) => "fault".to_owned(),
            (None, None) => whole,
        }
    }

    /// Tells parts one after the other, a second each, and says what each came to.
    fn told(parts: &str) -> (Intake, Vec<String>) {
        let intake = Intake::open_in_memory().unwrap();
        let mut second = 0;
        for told in parts.split_whitespace() {
            if let Some(pause) = told.strip_prefix('+') {
                second += pause.parse::<i64>().unwrap();
                continue;
            }
            let (sender, told) = told.split_once('/').unwrap_or(("A", told));
            intake.append_blocking(part(told, (sender, second))).unwrap();
            second += 1;
        }
        let ids = 1..=intake.last().0;
        let came = ids.map(|id| came(&intake, id)).collect();
        (intake, came)
    }

    #[test]
    fn c_13_parts_are_one_message_once_all_are_there_and_only_then() {
        for row in rows(
            "
            | parts                                        | came to                 |
            | >1:a 1>:b                                    | 2, 2                    |
            | >1:a 1>2:b 2>:c                              | 3, 3, 3                 |
            | 2>:c >1:a 1>2:b                              | 3, 3, 3                 |
            | 1>:b                                         | -                       |
            | >1:a 2>:c                                    | -, -                    |
            | >1:a >7:x 7>:y 1>:b                          | 4, 3, 3, 4              |
            | >1:a >1:a 1>:b                               | 3, as 1 3, 3            |
            | >1:a 1>:b 1>:b >1:a                          | 2, 2, as 2 2, as 1 2    |
            | >1:a >1:x 1>:b                               | -, -, fault             |
            | A/>1:a B/>1:x A/1>:b B/1>:y                  | 3, 4, 3, 4              |
            | >1:a 1>:b +20 >1:x 1>:y                      | 2, 2, 4, 4              |
            | >1:a 1>:b >1:x 1>:y                          | 2, 2, 4, 4              |
            | >1:a +20 1>:b                                | -, -                    |
            | 1>2:a 2>1:b                                  | -, -                    |
            | 1>1:a                                        | -                       |
            ",
        ) {
            assert_eq!(told(&row["parts"]).1.join(", "), row["came to"], "{row}");
        }
    }

    #[test]
    fn c_13_the_parts_of_a_message_are_told_in_their_order_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        for (second, told) in [(0, "2>:c"), (1, ">1:a"), (2, "1>2:b")] {
            let intake = Intake::open(folder.path()).unwrap();
            intake.append_blocking(part(told, ("A", second))).unwrap();
        }
        let intake = Intake::open(folder.path()).unwrap();
        let parts = intake.fragments_of(MessageId(3)).unwrap();
        let raws: Vec<_> = parts.iter().map(|it| String::from_utf8_lossy(&it.raw[4..])).collect();
        assert_eq!(raws, ["a", "b", "c"]);
        assert_eq!(intake.fragment(MessageId(9)).unwrap(), None);
    }

    #[test]
    fn c_13_a_message_in_too_many_parts_or_bytes_is_none() {
        let many = |count: usize| {
            let part = |n: usize| {
                let from = if n == 0 { String::new() } else { n.to_string() };
                let to = if n + 1 == count { String::new() } else { (n + 1).to_string() };
                format!("{from}>{to}:x")
            };
            let intake = Intake::open_in_memory().unwrap();
            for n in 0..count {
                intake.append_blocking(self::part(&part(n), ("A", 0))).unwrap();
            }
            came(&intake, i64::try_from(count).unwrap())
        };
        assert_eq!(many(FRAGMENTS_MAX), "1000");
        assert_eq!(many(FRAGMENTS_MAX + 1), "fault");
        let long = "x".repeat(usize::try_from(FRAGMENTS_BYTES_MAX).unwrap() / 2);
        assert_eq!(told(&format!(">1:{long} 1>:{long}")).1, ["2", "fault"]);
    }

    #[test]
    fn c_13_parts_that_wait_too_long_are_told_once() {
        let (intake, _) = told(">1:a >2:b 2>:c >3:d >3:d");
        let overdue = |second, last| -> Vec<i64> {
            let parts = intake.overdue_fragments((at(second), MessageId(last))).unwrap();
            parts.iter().map(|it| it.id.0).collect()
        };
        assert_eq!(overdue(10, 9), [0; 0]);
        assert_eq!(overdue(11, 9), [1]);
        assert_eq!(overdue(30, 3), [1], "what is not carried yet is not given up");
        assert_eq!(overdue(30, 9), [1, 4]);
        intake.give_up_fragments(&[MessageId(1), MessageId(4)]).unwrap();
        assert_eq!(overdue(30, 9), [0; 0]);
    }
}
