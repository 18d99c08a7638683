//! The parts that every resource is made of: codes, numbers, references.

use fhir_sdk::DateTime;
use fhir_sdk::r4b::types::{CodeableConcept, Coding, Extension, Identifier, Reference};

use super::Error;

/// A code of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code<'a> {
    /// The system that gives it its meaning.
    pub system: &'a str,
    /// The code.
    pub code: &'a str,
}

/// A number that somebody gave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// Who gave it; empty if nobody says.
    pub system: &'a str,
    /// The number.
    pub value: &'a str,
}

/// What a reference means: a resource by its number, or by its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// By its number.
    Number(Named<'a>),
    /// By its place, such as `Patient/12`.
    Place(&'a str),
}

const KINDS: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

pub(super) fn coding(code: Code<'_>) -> Result<Coding, Error> {
    Ok(Coding::builder().system(code.system.into()).code(code.code.into()).build()?)
}

pub(super) fn concept(codes: &[Code<'_>]) -> Result<CodeableConcept, Error> {
    let codings = codes.iter().map(|code| coding(*code).map(Some));
    Ok(CodeableConcept::builder().coding(codings.collect::<Result<_, _>>()?).build()?)
}

/// A number with its kind of table 0203, such as `MR`.
pub(super) fn identifier(named: Named<'_>, kind: Option<&str>) -> Result<Identifier, Error> {
    let mut identifier = Identifier::builder().value(named.value.into()).build()?;
    if !named.system.is_empty() {
        identifier.system = Some(named.system.into());
    }
    if let Some(code) = kind {
        identifier.r#type = Some(concept(&[Code { system: KINDS, code }])?);
    }
    Ok(identifier)
}

/// A reference to a resource of a type.
pub(super) fn reference(
    target: Target<'_>,
    (kind, number): (&str, Option<&str>),
) -> Result<Reference, Error> {
    Ok(match target {
        Target::Place(place) => Reference::builder().reference(place.into()).build()?,
        Target::Number(named) => Reference::builder()
            .r#type(kind.into())
            .identifier(identifier(named, number)?)
            .build()?,
    })
}

/// An extension around others.
pub(super) fn around(url: &str, inner: Vec<Extension>) -> Result<Extension, Error> {
    Ok(Extension::builder().url(url.into()).extension(inner).build()?)
}

pub(super) fn moment(text: &str, element: &'static str) -> Result<DateTime, Error> {
    text.parse().map_err(|_| Error::Value { element, kind: "date" })
}

/// Not a word of a patient in any error or log.
impl std::fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Named")
    }
}

/// Not a word of a patient in any error or log.
impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target")
    }
}
