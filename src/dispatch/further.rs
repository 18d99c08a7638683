//! The further fields that a destination wants.

use crate::domain::{Claim, Revenue};
use crate::mappings::destination::{Extra, Hl7Profile, Map, Told, When};

use super::dft::{Share, account};
use super::draft::Draft;

/// Writes them into the segments from a place on, and into those that stand once.
pub(super) fn write(draft: &mut Draft, share: &Share<'_>, profile: &Hl7Profile, from: usize) {
    for extra in profile.write.iter().filter(|extra| is_due(extra, share, profile)) {
        let text = match (&extra.text, extra.from) {
            (Some(text), _) => text.clone(),
            (None, Some(told)) => told_of(told, share, profile),
            (None, None) => String::new(),
        };
        if text.is_empty() {
            continue;
        }
        let place = &extra.place;
        let mut segment = draft.find(&place.segment, from);
        match place.component {
            0 => drop(segment.text(place.field, &text)),
            component => segment.component(place.field, component, &text),
        }
    }
}

fn is_due(extra: &Extra, share: &Share<'_>, profile: &Hl7Profile) -> bool {
    match extra.when {
        When::Always => true,
        When::Late => profile.is_late(&share.booked.line),
        When::Credit => share.booked.reverses.is_some(),
    }
}

fn told_of(told: Told, share: &Share<'_>, profile: &Hl7Profile) -> String {
    let line = &share.booked.line;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let mapped = |map, text: &str| profile.maps.of(map, text).to_owned();
    match told {
        Told::Account => account(share.booked).to_owned(),
        Told::Claim => line.claim.map_or("", Claim::as_str).to_owned(),
        Told::Code => line.code.as_ref().map(ToString::to_string).unwrap_or_default(),
        Told::ControlId => line.control_id.clone(),
        Told::Course => line.course.0.clone(),
        Told::Day => line.day().strftime("%Y%m%d").to_string(),
        Told::Department => mapped(Map::Department, &or_none(&line.department)),
        Told::Line => share.booked.id.to_string(),
        Told::Location => mapped(Map::Location, &or_none(&line.location)),
        Told::Payer => line.payer.clone(),
        Told::Plan => or_none(&line.plan),
        Told::Revenue => mapped(Map::Revenue, line.revenue.as_ref().map_or("", Revenue::as_str)),
        Told::Session => line.session.as_ref().map(|it| it.0.clone()).unwrap_or_default(),
        Told::Units => line.units.get().to_string(),
    }
}
