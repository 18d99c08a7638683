//! A message while it is put together: fields in any order, written in theirs.

use std::collections::BTreeMap;

use crate::wire::hl7::{Delimiters, Segment, Writer};

/// A field: repetitions of components.
type Field = Vec<Vec<String>>;

/// The segments so far.
pub(super) struct Draft {
    segments: Vec<Drafted>,
    /// Whether delimiters within a value become blanks.
    blank: bool,
}

#[derive(PartialEq, Eq)]
struct Drafted {
    name: String,
    fields: BTreeMap<u16, Field>,
}

/// A segment that is being filled.
pub(super) struct Filling<'d> {
    fields: &'d mut BTreeMap<u16, Field>,
}

impl Draft {
    pub(super) fn new(blank: bool) -> Draft {
        Draft { segments: Vec::new(), blank }
    }

    /// How many segments there are.
    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Takes away the segments from a place on.
    pub(super) fn split_off(&mut self, from: usize) -> Draft {
        Draft { segments: self.segments.split_off(from), blank: self.blank }
    }

    /// Adds the segments of another.
    pub(super) fn append(&mut self, other: Draft) {
        self.segments.extend(other.segments);
    }

    /// Whether another says the same.
    pub(super) fn says_the_same(&self, other: &Draft) -> bool {
        self.segments == other.segments
    }

    /// A new segment.
    pub(super) fn segment(&mut self, name: &str) -> Filling<'_> {
        let at = self.segments.len();
        self.segments.push(Drafted { name: name.to_owned(), fields: BTreeMap::new() });
        Filling { fields: &mut self.segments[at].fields }
    }

    /// A segment of this name at or behind a place, or one before it if it stands once in a
    /// message; a new one if there is none.
    pub(super) fn find(&mut self, name: &str, from: usize) -> Filling<'_> {
        let same = |one: &Drafted| one.name == name;
        let behind = self.segments.iter().skip(from).position(same).map(|at| at + from);
        let at = behind.or_else(|| self.segments.iter().position(same).filter(|_| name != "FT1"));
        match at.filter(|at| *at >= from || !name.starts_with('Z')) {
            Some(at) => Filling { fields: &mut self.segments[at].fields },
            None => self.segment(name),
        }
    }

    /// A segment as another message told it; what it knows to be none is left out.
    pub(super) fn copy(&mut self, segment: Segment<'_>) {
        let last = u16::try_from(segment.fields()).unwrap_or(u16::MAX);
        let fields = (1..=last).filter_map(|number| {
            let field = segment.field(number);
            let told = field.repetitions().filter(|one| one.is_valued());
            let told: Field = told
                .map(|one| one.components().map(|part| part.text().into_owned()).collect())
                .collect();
            (!told.is_empty()).then_some((number, told))
        });
        let fields = fields.collect();
        self.segments.push(Drafted { name: segment.name().to_owned(), fields });
    }

    /// The message, of FT1 no field behind the last.
    pub(super) fn written(&self, delimiters: &str, ft1_fields: u16) -> String {
        let delimiters = delimiters_of(delimiters);
        let mut writer = Writer::new(delimiters);
        for (place, segment) in self.segments.iter().enumerate() {
            let last = if segment.name == "FT1" { ft1_fields } else { u16::MAX };
            let mut out = if place == 0 { writer.header() } else { writer.segment(&segment.name) };
            for (number, field) in segment.fields.range(..=last) {
                if self.blank {
                    let field: Vec<Vec<String>> = field
                        .iter()
                        .map(|one| one.iter().map(|text| bare(text, &delimiters)).collect())
                        .collect();
                    out.list(*number, &field);
                } else {
                    out.list(*number, field);
                }
            }
        }
        writer.finish()
    }
}

impl Filling<'_> {
    /// A field of one value.
    pub(super) fn text(&mut self, number: u16, value: &str) -> &mut Self {
        self.parts(number, &[value])
    }

    /// A field of components.
    pub(super) fn parts<S: AsRef<str>>(&mut self, number: u16, components: &[S]) -> &mut Self {
        self.list(number, &[components])
    }

    /// A field of repetitions of components.
    pub(super) fn list<C: AsRef<[S]>, S: AsRef<str>>(
        &mut self,
        number: u16,
        repetitions: &[C],
    ) -> &mut Self {
        let owned = |one: &C| one.as_ref().iter().map(|it| it.as_ref().to_owned()).collect();
        self.fields.insert(number, repetitions.iter().map(owned).collect());
        self
    }

    /// One component of a field; the others stay.
    pub(super) fn component(&mut self, number: u16, component: u16, value: &str) {
        let field = self.fields.entry(number).or_default();
        if field.is_empty() {
            field.push(Vec::new());
        }
        let place = usize::from(component.max(1)) - 1;
        if let Some(first) = field.first_mut() {
            first.resize(first.len().max(place + 1), String::new());
            value.clone_into(&mut first[place]);
        }
    }
}

/// Five signs as they stand in MSH-1 and MSH-2.
pub(super) fn delimiters_of(signs: &str) -> Delimiters {
    Delimiters::read(format!("MSH{signs}").as_bytes()).unwrap_or_default()
}

/// A value without what parts a message.
fn bare(text: &str, delimiters: &Delimiters) -> String {
    let parts = |sign: char| {
        u8::try_from(sign)
            .is_ok_and(|byte| delimiters.parts(byte) || Some(byte) == delimiters.escape)
    };
    text.chars().map(|sign| if parts(sign) { ' ' } else { sign }).collect()
}
