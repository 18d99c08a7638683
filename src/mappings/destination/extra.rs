//! Further fields that a destination wants: constant, or told of the line.

use serde::Deserialize;

use super::super::source::Spot;

/// One further field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// Where, as `ZFT.2` or `FT1.18.1`.
    pub place: Spot,
    /// A constant.
    #[serde(default)]
    pub text: Option<String>,
    /// What of the line.
    #[serde(default)]
    pub from: Option<Told>,
    /// When it is written.
    #[serde(default)]
    pub when: When,
}

/// What is told of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The account.
    Account,
    /// The claim it goes on.
    Claim,
    /// The code.
    Code,
    /// The source's control id of the message that earned it.
    ControlId,
    /// The course.
    Course,
    /// The day of service, eight digits.
    Day,
    /// The department, by its map.
    Department,
    /// The line's number.
    Line,
    /// The location, by its map.
    Location,
    /// The payer.
    Payer,
    /// The plan.
    Plan,
    /// The revenue code, by its map.
    Revenue,
    /// The session.
    Session,
    /// The units.
    Units,
}

/// When a further field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// On every line.
    #[default]
    Always,
    /// On a late one.
    Late,
    /// On one that takes another back.
    Credit,
}

/// Segments in which further fields may stand, beside those that begin with Z.
const SEGMENTS: [&str; 5] = ["MSH", "EVN", "PID", "PV1", "FT1"];

/// Fields that hold a message together: nobody writes them twice.
const OURS: [(&str, u16); 11] = [
    ("MSH", 1),
    ("MSH", 2),
    ("MSH", 7),
    ("MSH", 9),
    ("MSH", 10),
    ("MSH", 12),
    ("MSH", 18),
    ("FT1", 2),
    ("FT1", 4),
    ("FT1", 6),
    ("FT1", 10),
];

impl Extra {
    pub(super) fn problem(&self) -> Option<String> {
        let place = &self.place;
        let known = SEGMENTS.contains(&place.segment.as_str()) || place.segment.starts_with('Z');
        let ours = OURS.contains(&(place.segment.as_str(), place.field));
        match (self.text.is_some(), self.from.is_some()) {
            _ if !known => Some(format!("write: {place} is in no segment that is sent")),
            _ if ours => Some(format!("write: {place} holds the message together")),
            _ if place.subcomponent > 0 => Some(format!("write: {place} is too deep")),
            (true, true) | (false, false) => {
                Some(format!("write: {place} has one of `text` and `from`"))
            }
            (true, false) | (false, true) => None,
        }
    }
}
