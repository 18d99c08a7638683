//! A value within a message: a field, or what it is made of.

use std::borrow::Cow;
use std::fmt;

use super::{Delimiters, escape};

/// What a value tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Nothing: leave what is known.
    Absent,
    /// `""`: it is known to be none.
    Null,
    /// Something.
    Valued,
}

/// A field, a repetition, a component or a subcomponent: a piece of the message, and how to take
/// it apart. A piece that is not there is empty. Each step down takes the first of what it skips,
/// so a field's component is its first repetition's.
#[derive(Clone, Copy)]
pub struct Value<'m> {
    raw: &'m str,
    delimiters: &'m Delimiters,
}

impl<'m> Value<'m> {
    pub(crate) fn new(raw: &'m str, delimiters: &'m Delimiters) -> Value<'m> {
        Value { raw, delimiters }
    }

    /// As it stands in the message, escapes and blanks and all.
    pub fn raw(&self) -> &'m str {
        self.raw
    }

    /// What it tells. Blanks tell nothing, and delimiters with nothing between them neither.
    pub fn presence(&self) -> Presence {
        let bare = |c: char| c == ' ' || u8::try_from(c).is_ok_and(|b| self.delimiters.parts(b));
        match self.raw.trim_matches(bare) {
            "" => Presence::Absent,
            "\"\"" => Presence::Null,
            _ => Presence::Valued,
        }
    }

    /// Whether it tells something.
    pub fn is_valued(&self) -> bool {
        self.presence() == Presence::Valued
    }

    /// Its repetitions; none if it is empty.
    pub fn repetitions(&self) -> impl Iterator<Item = Value<'m>> + use<'m> {
        let (raw, delimiters) = (self.raw, self.delimiters);
        let separator = char::from(delimiters.repetition);
        let nothing = raw.is_empty();
        raw.split(separator).filter(move |_| !nothing).map(|raw| Value { raw, delimiters })
    }

    /// A repetition, from 1.
    pub fn repetition(&self, number: u16) -> Value<'m> {
        self.part(Some(self.delimiters.repetition), number)
    }

    /// The components of the first repetition.
    pub fn components(&self) -> impl Iterator<Item = Value<'m>> + use<'m> {
        let first = self.repetition(1);
        let delimiters = self.delimiters;
        let separator = char::from(delimiters.component);
        first.raw.split(separator).map(|raw| Value { raw, delimiters })
    }

    /// A component of the first repetition, from 1.
    pub fn component(&self, number: u16) -> Value<'m> {
        self.repetition(1).part(Some(self.delimiters.component), number)
    }

    /// A subcomponent of the first component, from 1.
    pub fn subcomponent(&self, number: u16) -> Value<'m> {
        self.component(1).part(self.delimiters.subcomponent, number)
    }

    /// What it says, escapes read.
    pub fn text(&self) -> Cow<'m, str> {
        escape::decode(self.raw, self.delimiters)
    }

    /// The first thing in it, escapes read, without blanks at the ends: a code, an id, a number.
    /// Empty if nothing is told or if it is known to be none.
    pub fn code(&self) -> Cow<'m, str> {
        let first = self.subcomponent(1);
        match first.presence() {
            Presence::Absent | Presence::Null => Cow::Borrowed(""),
            Presence::Valued => trimmed(first.text()),
        }
    }

    fn part(&self, separator: Option<u8>, number: u16) -> Value<'m> {
        let place = usize::from(number.saturating_sub(1));
        let raw = match separator {
            Some(separator) => self.raw.split(char::from(separator)).nth(place),
            None => Some(self.raw).filter(|_| place == 0),
        };
        Value { raw: raw.unwrap_or_default(), delimiters: self.delimiters }
    }
}

/// What a value says is never written into a log by accident.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:?})", self.presence())
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// The identifier that counts of a list (data type CX, as PID-3): the first that has a value and
/// is a medical record number, else the first that has a value.
pub fn preferred_identifier<'m>(list: Value<'m>) -> Option<Value<'m>> {
    let valued = || list.repetitions().filter(|one| !one.code().is_empty());
    valued()
        .find(|one| one.component(5).code().eq_ignore_ascii_case("MR"))
        .or_else(|| valued().next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn value<'m>(raw: &'m str, delimiters: &'m Delimiters) -> Value<'m> {
        Value::new(raw, delimiters)
    }

    #[test]
    fn nothing_and_known_to_be_none_are_two_things() {
        let d = Delimiters::default();
        for row in rows(
            r#"
            | raw   | tells  |
            |       | Absent |
            | ^^    | Absent |
            | ""    | Null   |
            | ""^^  | Null   |
            | A     | Valued |
            | ^B    | Valued |
            | "" ~A | Valued |
            "#,
        ) {
            let tells = format!("{:?}", value(&row["raw"], &d).presence());
            assert_eq!(tells, row["tells"], "{row}");
        }
    }

    #[test]
    fn each_step_down_takes_the_first_of_what_it_skips() {
        let d = Delimiters::default();
        let field = value("a&b^c~d^e&f", &d);
        assert_eq!(field.component(2).raw(), "c");
        assert_eq!(field.repetition(2).component(2).subcomponent(2).raw(), "f");
        assert_eq!(field.subcomponent(2).raw(), "b");
        assert_eq!(field.code(), "a");
        assert_eq!(field.repetition(3).raw(), "");
        assert_eq!(field.repetitions().count(), 2);
        assert_eq!(value("", &d).repetitions().count(), 0);
        assert_eq!(value("202610081015&M^202610081030&M", &d).code(), "202610081015");
    }

    #[test]
    fn blanks_at_the_ends_go_only_where_one_asks() {
        let d = Delimiters::default();
        let field = value(" CG ^x", &d);
        assert_eq!(field.component(1).raw(), " CG ");
        assert_eq!(field.component(1).text(), " CG ");
        assert_eq!(field.code(), "CG");
        assert_eq!(value("\"\"", &d).code(), "");
    }

    #[test]
    fn k_05_of_identifiers_the_medical_record_number_with_a_value_counts() {
        let d = Delimiters::default();
        for row in rows(
            r#"
            | list                                                  | counts  |
            | ""^^^NATREG^NI~4410501^^^EXAMPLE^MR~""^^^OLDSYS^MR    | 4410501 |
            | 77^^^A^NI~88^^^B^MR                                   | 88      |
            | 77^^^A^NI~""^^^B^MR                                   | 77      |
            | 77                                                    | 77      |
            | ""                                                    | -       |
            | ^^^A^MR                                               | -       |
            "#,
        ) {
            let counts = preferred_identifier(value(&row["list"], &d));
            let counts = counts.map_or("-".into(), |one| one.code().into_owned());
            assert_eq!(counts, row["counts"], "{row}");
        }
    }
}
