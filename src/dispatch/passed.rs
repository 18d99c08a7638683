//! Segments that are passed on as the newest message told them.

use crate::domain::ChargeLine;
use crate::store::{Error, MessageFilter};
use crate::wire::hl7::{Message, Segment};

use super::Desk;

/// Messages that are looked through, newest first.
const MESSAGES_MAX: usize = 50;

/// The newest message of the line's account that has one of these segments; without an account
/// nobody can say whose guarantor it would be.
pub(super) fn told(
    line: &ChargeLine,
    names: &[String],
    desk: &Desk,
) -> Result<Option<Message>, Error> {
    let (Some(account), false) = (line.account.clone(), names.is_empty()) else {
        return Ok(None);
    };
    let filter = MessageFilter {
        account: Some(account),
        limit: Some(MESSAGES_MAX),
        ..MessageFilter::default()
    };
    for booked in desk.books.messages(filter) {
        let Some(stored) = desk.intake.get(booked?.id)? else { continue };
        let tables = desk.tables.now();
        let profile = desk.sources.get(&*stored.source).and_then(|name| tables.profile(name));
        let character_set = profile.map_or("", |profile| &profile.character_set);
        let Ok(message) = Message::parse_as(&stored.raw, character_set) else { continue };
        if !segments(Some(&message), names).is_empty() {
            return Ok(Some(message));
        }
    }
    Ok(None)
}

/// The segments of these names, in the order of the message.
pub(super) fn segments<'m>(message: Option<&'m Message>, names: &[String]) -> Vec<Segment<'m>> {
    let all = message.into_iter().flat_map(Message::segments);
    all.filter(|segment| names.iter().any(|name| name == segment.name())).collect()
}
