//! Application acknowledgments that are owed: what came of a message, told to its sender over the
//! same connection once it has been carried through the rules.
//!
//! They are owed as long as the connection is open. A sender that goes sends the message again if
//! it must know: it is told then. Of a message in several parts one answer is owed, by the part
//! with which all are there; it names the first.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{MessageId, MessageState, Reason};
use crate::store::{Books, Error, Intake};
use crate::wire::hl7::{
    Acknowledgment, MsaCode, Objection, Style, Terms, Wish, acknowledge, scan_on,
};

/// The most that are owed over one connection; until some are told, nothing more is read from it.
pub(super) const OWED_MAX: usize = 256;

/// The code of a message on which we failed ourselves.
const OUR_FAULT: u16 = 207;

/// One that is owed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Owed {
    /// The message that it is about.
    pub(super) message: MessageId,
    /// Header and event of that message, which the acknowledgment repeats.
    pub(super) head: Vec<u8>,
    /// When it is wanted.
    pub(super) wish: Wish,
    /// Whether its type is written bare.
    pub(super) bare_type: bool,
    /// Whether it is a part of a message.
    pub(super) is_part: bool,
    /// What was noted of it, if that is told.
    pub(super) notes: Vec<Objection>,
}

/// Those of the oldest messages of which it is known what became of them, in their order, and
/// what their senders are told; nothing where one does not want to hear of it.
pub(super) fn known(
    (books, intake): (&Arc<Books>, &Arc<Intake>),
    owed: &mut VecDeque<Owed>,
    made: &str,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut told = Vec::new();
    while let Some(first) = owed.front() {
        match first.known((books, intake), made)? {
            Known::NotYet => break,
            Known::Nothing => {}
            Known::Said(answer) => told.push(answer),
        }
        owed.pop_front();
    }
    Ok(told)
}

/// What is known of what came of a message.
pub(super) enum Known {
    /// It waits.
    NotYet,
    /// Its sender does not want to hear of it, or hears of it by another part.
    Nothing,
    /// What its sender is told.
    Said(Vec<u8>),
}

impl Owed {
    /// What its sender is told by now.
    pub(super) fn known(
        &self,
        (books, intake): (&Arc<Books>, &Arc<Intake>),
        made: &str,
    ) -> Result<Known, Error> {
        let Some(booked) = books.message(self.message)? else {
            return Ok(Known::NotYet);
        };
        if !self.is_part {
            return Ok(self.told(&booked.state, made).map_or(Known::Nothing, Known::Said));
        }
        let Some(whole) = self.whole(intake)? else {
            return Ok(Known::Nothing);
        };
        let booked = books.message(whole.message)?;
        let told = booked.and_then(|booked| whole.told(&booked.state, made));
        Ok(told.map_or(Known::Nothing, Known::Said))
    }

    /// What is owed of the whole by this part: by the one with which all were there, and by one
    /// that came again after that.
    fn whole(&self, intake: &Arc<Intake>) -> Result<Option<Owed>, Error> {
        let Some(standing) = intake.fragment(self.message)? else {
            return Ok(None);
        };
        let is_told_here = |whole: &MessageId| {
            *whole == self.message || (standing.repeats.is_some() && *whole < self.message)
        };
        let Some(whole) = standing.whole.filter(is_told_here) else {
            return Ok(None);
        };
        let first = intake.first_fragment_of(whole)?;
        Ok(first.map(|first| Owed {
            message: whole,
            head: scan_on(&first.raw, &Terms::TAKEN).head(),
            ..self.clone()
        }))
    }

    /// What is said of a message that has come to this; nothing while it waits.
    fn told(&self, state: &MessageState, made: &str) -> Option<Vec<u8>> {
        let objection = match state {
            MessageState::Waiting => return None,
            MessageState::Done | MessageState::Ignored(_) => None,
            MessageState::Refused(reason) => Some(objection(reason)),
            MessageState::Stuck(_) => {
                let text = "the message is stored, and a person here must look at it";
                Some(Objection::error(OUR_FAULT, text))
            }
        };
        let code = objection.as_ref().map_or(MsaCode::Accept, |it| it.answer);
        let head = scan_on(&self.head, &Terms::TAKEN);
        let told = Acknowledgment {
            code,
            objection: objection.as_ref(),
            notes: &self.notes,
            made,
            control_id: &format!("R{}", self.message),
            style: Style { bare_type: self.bare_type, later: true, expected: None },
        };
        self.wish.wants(code.accepts()).then(|| acknowledge(&head, &told))
    }
}

/// A refusal of ours in HL7's words. What could not be taken for its type was told at once; all
/// that is found later is an error in the message.
fn objection(reason: &Reason) -> Objection {
    let said = Objection::error(reason.code, reason.text.clone());
    match &reason.place {
        Some(place) => said.at(&place.segment, place.occurrence, place.field),
        None => said,
    }
}

/// What a header says is a patient's or a sender's, and no matter for a log.
impl std::fmt::Debug for Owed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Owed({}, {:?})", self.message, self.wish)
    }
}
