//! Where something stands in a message, as people write it: `PID.3.1`, `FT1[2].25`.

use std::fmt;
use std::str::FromStr;

/// A place in a message. Numbers count from 1; 0 means that the text does not say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// Segment name.
    pub segment: String,
    /// Which segment of that name.
    pub occurrence: u16,
    /// Field.
    pub field: u16,
    /// Repetition of the field.
    pub repetition: u16,
    /// Component.
    pub component: u16,
    /// Subcomponent.
    pub subcomponent: u16,
}

/// The text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in a message; one is written as PID.3, PID.3.1 or FT1[2].25.1")]
pub struct NotAPosition(String);

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Position, NotAPosition> {
        read(text).ok_or_else(|| NotAPosition(text.chars().take(40).collect()))
    }
}

fn read(text: &str) -> Option<Position> {
    let mut parts = text.split('.');
    let (name, occurrence) = indexed(parts.next()?)?;
    let (field, repetition) = indexed(parts.next()?)?;
    let rest: Vec<u16> = parts.map(number).collect::<Option<_>>()?;
    let is_name = name.len() == 3
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_name && rest.len() <= 2).then_some(Position {
        segment: name.to_owned(),
        occurrence,
        field: number(field)?,
        repetition,
        component: rest.first().copied().unwrap_or(0),
        subcomponent: rest.get(1).copied().unwrap_or(0),
    })
}

fn indexed(part: &str) -> Option<(&str, u16)> {
    match part.split_once('[') {
        Some((before, index)) => Some((before, number(index.strip_suffix(']')?)?)),
        None => Some((part, 0)),
    }
}

fn number(text: &str) -> Option<u16> {
    let sound = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| sound && *number > 0)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = |number: u16| if number > 0 { format!("[{number}]") } else { String::new() };
        let (segment, repetition) = (index(self.occurrence), index(self.repetition));
        write!(f, "{}{segment}.{}{repetition}", self.segment, self.field)?;
        for part in [self.component, self.subcomponent].into_iter().take_while(|it| *it > 0) {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finding_11_a_position_is_read_whole_or_not_at_all() {
        for text in ["PID.3", "PID.3.1", "FT1.25.1", "FT1[2].7.1", "PID.3[2].4.1", "ZRT.1"] {
            assert_eq!(text.parse::<Position>().map(|it| it.to_string()).as_deref(), Ok(text));
        }
        for text in [
            "PID.99999999999999999999",
            "PID.5.1xyz",
            "PID.0",
            "PID.",
            "PID",
            "",
            ".",
            "pid.3",
            "PIDX.3",
            "PID.3.1.1.1",
            "PID[].3",
            "PID[2.3",
            "PID.-1",
            "PID.+1",
            "1ID.3",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r"[A-Z0-9.\[\]é]{0,20}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert!(position.to_string().parse::<Position>() == Ok(position));
            }
        }
    }
}
