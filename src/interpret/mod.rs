//! Structure becomes facts: what happened, in clinic words.
//!
//! **In:** the bytes of one message and how its source writes ([`Reading`]). **Out:** what it
//! tells ([`Told`]), or why it can be taken no further.
//!
//! **Never:** decides what is billed, remembers another message, asks the time, guesses: a value
//! that cannot be read goes on as one that cannot be read, with its place.
//!
//! **Start at** [`READERS`]: each type of message is a file and a row in that list.

mod accounts;
mod adt;
mod by_hand;
#[cfg(test)]
mod cases;
mod charge;
mod clinician;
mod code;
mod coverage;
mod dft;
mod document;
pub mod fhir;
mod finding;
mod kept;
mod key;
mod learn;
mod mdm;
mod moment;
mod opened;
mod order;
mod oru;
mod person;
#[cfg(test)]
mod samples;
mod siu;

use crate::domain::{Fact, Identifier, Link, MessageId, Moment, Place, Refusal, Registration};
use crate::mappings::SourceProfile;
use crate::mappings::source::Trigger;
use crate::wire::hl7;

pub use by_hand::told_by_hand;
pub use coverage::{Coverage, Covered, Use};
pub use learn::{Drafted, Survey};
use opened::Opened;

/// How a message is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// How its source writes.
    pub profile: &'a SourceProfile,
    /// The numbering that its source's numbers belong to.
    pub system: &'a str,
    /// Where the site is.
    pub time_zone: &'a jiff::tz::TimeZone,
    /// The number that the message was stored under.
    pub message: MessageId,
    /// When it came.
    pub received: jiff::Timestamp,
}

/// What a message tells.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its control id, without blanks at the ends.
    pub control_id: String,
    /// Its type and event, `DFT^P03`.
    pub trigger: String,
    /// The version of HL7 that it names.
    pub version: String,
    /// When it was made, in the site's calendar; when it came, where it does not tell.
    pub made: Moment,
    /// Of whom it tells, and what.
    pub people: Vec<Person>,
    /// What it says about whose numbers are whose.
    pub links: Vec<Link>,
    /// Why nothing in it is for us, if nothing is.
    pub ignored: Option<String>,
    /// What was found that refuses nothing.
    pub notes: Vec<Note>,
    /// Names of segments that are kept with the message and were not used.
    pub kept: Vec<String>,
}

/// A person that a message tells of.
#[derive(Debug, Clone)]
pub struct Person {
    /// The number that the message knows them by.
    pub identifier: Identifier,
    /// Who they are.
    pub registration: Registration,
    /// What was done for them, in the order of the message.
    pub facts: Vec<Fact>,
}

/// Something found in a message that refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, without the patient.
    pub words: String,
}

/// Reads one type of message.
#[derive(Debug)]
pub struct Reader {
    /// The type, as in MSH-9.
    pub kind: &'static str,
    /// What is read of it, in a sentence.
    pub says: &'static str,
    /// The segments that are used.
    uses: &'static [&'static str],
    read: fn(&Opened<'_>, &mut Told) -> Result<(), Refusal>,
}

/// Every type of message that is taken.
pub const READERS: &[&Reader] = &[
    &dft::READER,
    &mdm::READER,
    &adt::READER,
    &siu::READER,
    &order::ORM,
    &order::OMG,
    &order::OML,
    &order::OMI,
    &oru::READER,
    &kept::BAR,
    &kept::MFN,
];

/// Reads a message.
pub fn read(raw: &[u8], reading: &Reading<'_>) -> Result<Told, Refusal> {
    let scan = hl7::scan_on(raw, &hl7::Terms::TAKEN);
    scan.verdict.clone().map_err(finding::refusal)?;
    let message = hl7::Message::parse_as(raw, &reading.profile.character_set);
    let message = message.map_err(finding::refusal)?;
    read_parsed(&message, &scan, reading)
}

/// What a message tells of which nothing is read, for this reason: its header alone.
pub fn unread(raw: &[u8], reading: &Reading<'_>, why: String) -> Told {
    let terms = hl7::Terms { fragments: true, ..hl7::Terms::TAKEN };
    let scan = hl7::scan_on(raw, &terms);
    let made = hl7::Message::parse(raw).map(|message| moment::made(&message, reading));
    let zoned = || reading.received.to_zoned(reading.time_zone.clone()).datetime();
    Told {
        control_id: String::from_utf8_lossy(scan.control_id()).trim().to_owned(),
        trigger: scan.trigger(),
        version: scan.version().into_owned(),
        made: made.unwrap_or_else(|_| Moment::at(zoned())),
        people: Vec::new(),
        links: Vec::new(),
        ignored: Some(why),
        notes: Vec::new(),
        kept: Vec::new(),
    }
}

/// The type of a message and its event: those of MSH-9, or where its source writes that without
/// meaning it, those of EVN-1.
fn trigger(
    message: &hl7::Message,
    scan: &hl7::Scan<'_>,
    profile: &SourceProfile,
) -> (String, String) {
    let of_header = || (scan.kind().into_owned(), scan.event().to_owned());
    let event = message.field("EVN", 1).code().to_ascii_uppercase();
    if profile.trigger == Trigger::Header || event.is_empty() {
        return of_header();
    }
    let kind = match event.as_str() {
        "P03" | "P11" => "DFT",
        "R01" => "ORU",
        "O01" => "ORM",
        "O19" => "OMG",
        "O21" => "OML",
        _ => match event.as_bytes().first() {
            Some(b'A') => "ADT",
            Some(b'P') => "BAR",
            Some(b'S') => "SIU",
            Some(b'T') => "MDM",
            Some(_) | None => return of_header(),
        },
    };
    (kind.to_owned(), event)
}

fn read_parsed(
    message: &hl7::Message,
    scan: &hl7::Scan<'_>,
    reading: &Reading<'_>,
) -> Result<Told, Refusal> {
    let made = moment::made(message, reading);
    let (kind, event) = trigger(message, scan, reading.profile);
    let mut told = Told {
        control_id: message.field("MSH", 10).text().trim().to_owned(),
        trigger: if event.is_empty() { kind.clone() } else { format!("{kind}^{event}") },
        version: scan.version().into_owned(),
        made,
        people: Vec::new(),
        links: Vec::new(),
        ignored: None,
        notes: finding::of_message(message, scan.event(), reading.profile.trigger),
        kept: Vec::new(),
    };
    let control_id = told.control_id.clone();
    let opened = Opened { message, reading, made, control_id, event: &event };
    let reader = READERS.iter().find(|reader| reader.kind == kind).copied();
    let reader =
        reader.ok_or_else(|| finding::error(200, "MSH", 1, 9, "nobody reads this type"))?;
    (reader.read)(&opened, &mut told)?;
    // What tells nothing for us is kept whole, but for who the person is.
    let uses = if told.ignored.is_some() { kept::USES } else { reader.uses };
    told.kept = opened.unused(uses);
    Ok(told)
}
