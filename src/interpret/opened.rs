//! A message taken apart, with everything that its readers ask for.

use crate::domain::Moment;
use crate::mappings::source::Spot;
use crate::wire::hl7::{Message, Segment, Value};

use super::Reading;

/// A message being read.
pub(super) struct Opened<'a> {
    pub(super) message: &'a Message,
    pub(super) reading: &'a Reading<'a>,
    pub(super) made: Moment,
    pub(super) control_id: String,
    pub(super) event: &'a str,
}

/// Segments that belong together.
#[derive(Clone)]
pub(super) struct Part<'m> {
    pub(super) segments: Vec<Segment<'m>>,
    nothing: Value<'m>,
}

impl<'a> Opened<'a> {
    /// The parts of the message that tell of one person each: from PID to PID. Where only one
    /// person is told of, everything is theirs, whatever stands before PID.
    pub(super) fn persons(&self) -> Vec<Part<'a>> {
        let nothing = self.message.nothing();
        let groups = self.message.groups("PID");
        let single = groups.len() == 1;
        let whole = || self.message.segments().collect();
        groups
            .into_iter()
            .map(|group| Part { segments: if single { whole() } else { group }, nothing })
            .collect()
    }

    /// Names of segments that are not among these, each once, in order.
    pub(super) fn unused(&self, used: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.message.segments().map(|segment| segment.name()) {
            if !used.contains(&name) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

impl<'m> Part<'m> {
    /// The first segment of a name.
    pub(super) fn segment(&self, name: &str) -> Option<Segment<'m>> {
        self.segments.iter().copied().find(|segment| segment.name() == name)
    }

    /// What stands at a place.
    pub(super) fn at(&self, spot: &Spot) -> Value<'m> {
        let Some(segment) = self.segment(&spot.segment) else {
            return self.nothing;
        };
        let field = segment.field(spot.field);
        match (spot.component, spot.subcomponent) {
            (0, _) => field,
            (component, 0) => field.component(component),
            (component, subcomponent) => field.component(component).subcomponent(subcomponent),
        }
    }

    /// What is made of the first of these places that gives anything.
    pub(super) fn first<T>(
        &self,
        spots: &[Spot],
        made: impl Fn(Value<'m>) -> Option<T>,
    ) -> Option<T> {
        spots.iter().find_map(|spot| made(self.at(spot)))
    }

    /// The code, id or number at the first of these places that tells one.
    pub(super) fn first_code(&self, spots: &[Spot]) -> Option<String> {
        spots.iter().find_map(|spot| self.code(spot))
    }

    /// The code, id or number at a place, if one is told.
    pub(super) fn code(&self, spot: &Spot) -> Option<String> {
        Some(self.at(spot).code().into_owned()).filter(|text| !text.is_empty())
    }

    /// A field of the first segment of a name.
    pub(super) fn field(&self, name: &str, number: u16) -> Value<'m> {
        self.segment(name).map_or(self.nothing, |segment| segment.field(number))
    }

    /// What stands before the first segment of a name.
    pub(super) fn before(&self, name: &str) -> Part<'m> {
        let head = self.segments.iter().take_while(|segment| segment.name() != name);
        Part { segments: head.copied().collect(), nothing: self.nothing }
    }

    /// The groups that begin with a segment of this name.
    pub(super) fn groups(&self, name: &str) -> Vec<Part<'m>> {
        let mut groups: Vec<Part<'m>> = Vec::new();
        for segment in self.segments.iter().copied() {
            if segment.name() == name {
                groups.push(Part { segments: vec![segment], nothing: self.nothing });
            } else if let Some(group) = groups.last_mut() {
                group.segments.push(segment);
            }
        }
        groups
    }
}
