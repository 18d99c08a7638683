//! What is wrong in a message, with its place: refusals, and notes that refuse nothing.

use crate::domain::{Answer, Place, Reason, Refusal};
use crate::mappings::source::Spot;
use crate::mappings::source::Trigger;
use crate::wire::hl7::{Message, MsaCode, Objection};

use super::Note;
use super::opened::Part;

/// An objection, in the words of the house.
pub(super) fn refusal(objection: Objection) -> Refusal {
    let answer = match objection.answer {
        MsaCode::Accept | MsaCode::CommitAccept => Answer::Accept,
        MsaCode::Error | MsaCode::CommitError => Answer::Error,
        MsaCode::Reject | MsaCode::CommitReject => Answer::Reject,
    };
    let place = objection.location.map(|it| Place {
        segment: it.segment,
        occurrence: it.occurrence,
        field: it.field,
    });
    Refusal { answer, reason: Reason { place, code: objection.code, text: objection.text } }
}

/// A refusal for an error in the message.
pub(super) fn error(code: u16, segment: &str, occurrence: u16, field: u16, text: &str) -> Refusal {
    let place = Place { segment: segment.to_owned(), occurrence, field };
    let reason = Reason { place: Some(place), code, text: text.to_owned() };
    Refusal { answer: Answer::Error, reason }
}

/// Where in the message a part's spot is.
pub(super) fn place(part: &Part<'_>, spot: &Spot) -> Place {
    let occurrence = part.segment(&spot.segment).map_or(1, |segment| segment.occurrence());
    Place { segment: spot.segment.clone(), occurrence, field: spot.field }
}

/// A sentence with its place.
pub(super) fn words(part: &Part<'_>, spot: &Spot, text: &str) -> String {
    format!("{}: {text}", place(part, spot))
}

/// What is to be noted of any message.
pub(super) fn of_message(message: &Message, event: &str, trigger: Trigger) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |segment: &str, field, words: String| {
        let place = Place { segment: segment.to_owned(), occurrence: 1, field };
        notes.push(Note { place, words });
    };
    let told = message.field("EVN", 1).code().to_ascii_uppercase();
    if !told.is_empty() && told != event {
        let counts = match trigger {
            Trigger::Header => "MSH-9",
            Trigger::Event => "EVN-1",
        };
        note("EVN", 1, format!("EVN-1 says {told}, MSH-9 says {event}; {counts} counts"));
    }
    if message.is_damaged() {
        let words = format!("some bytes stand for nothing in {}", message.charset());
        note("MSH", 18, words);
    }
    notes
}
