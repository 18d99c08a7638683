//! A message: a Bundle with its header, the patient, and one charge.

use fhir_sdk::r4b::codes::{AdministrativeGender, BundleType};
use fhir_sdk::r4b::resources::{
    Bundle, BundleEntry, MessageHeader, MessageHeaderDestination, MessageHeaderEvent,
    MessageHeaderSource, Patient as PatientResource, Resource,
};
use fhir_sdk::r4b::types::{HumanName, Reference};

use super::charge::item;
use super::parts::identifier;
use super::text::written;
use super::{Charge, Error, Named};

/// Who the patient is.
#[derive(Clone, Default)]
pub struct Patient<'a> {
    /// Their number.
    pub number: Option<Named<'a>>,
    /// Family name; may be empty.
    pub family: &'a str,
    /// Given names.
    pub given: Vec<&'a str>,
    /// `YYYY-MM-DD`.
    pub birth_date: Option<&'a str>,
    /// `female`, `male`, `other` or `unknown`.
    pub gender: Option<&'a str>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Its number, a UUID: the same in every repeat.
    pub number: &'a str,
    /// When it was made: an instant.
    pub made: &'a str,
    /// What it tells: the address of its kind.
    pub event: &'a str,
    /// Who sends it: an address, and a name for people.
    pub from: (&'a str, &'a str),
    /// Where it goes: an address.
    pub to: &'a str,
    /// The patient.
    pub patient: Patient<'a>,
    /// The charge.
    pub charge: Charge<'a>,
}

/// A message as text.
///
/// # Errors
/// When a value is none of its kind.
pub fn message(message: &Message<'_>) -> Result<String, Error> {
    let patient = format!("urn:uuid:{}", named(message.number, 1));
    let charge = format!("urn:uuid:{}", named(message.number, 2));
    let mut header = MessageHeader::builder()
        .event(MessageHeaderEvent::Uri(message.event.into()))
        .source(
            MessageHeaderSource::builder()
                .name(message.from.1.into())
                .endpoint(message.from.0.into())
                .build()?,
        )
        .build()?;
    header.id = Some(message.number.to_owned());
    let to = MessageHeaderDestination::builder().endpoint(message.to.into()).build()?;
    header.destination = vec![Some(to)];
    header.focus = vec![Some(Reference::builder().reference(charge.clone()).build()?)];
    let mut told = item(&message.charge)?;
    told.subject.reference = Some(patient.clone());
    let header_url = format!("urn:uuid:{}", message.number);
    let entries = [
        entry(header_url, Resource::from(header))?,
        entry(patient, Resource::from(person(&message.patient)?))?,
        entry(charge, Resource::from(told))?,
    ];
    let mut bundle = Bundle::builder().r#type(BundleType::Message).build()?;
    bundle.id = Some(message.number.to_owned());
    let made = message.made.parse();
    let made = made.map_err(|_| Error::Value { element: "timestamp", kind: "instant" })?;
    bundle.timestamp = Some(made);
    bundle.entry = entries.into_iter().map(Some).collect();
    written(&Resource::from(bundle))
}

fn entry(url: String, resource: Resource) -> Result<BundleEntry, Error> {
    Ok(BundleEntry::builder().full_url(url).resource(resource).build()?)
}

/// A UUID beside another: its last digit is another one.
fn named(number: &str, place: u8) -> String {
    let (kept, last) = number.split_at(number.len().saturating_sub(1));
    let digit = char::to_digit(last.chars().next().unwrap_or('0'), 16).unwrap_or(0);
    let other = char::from_digit((digit + u32::from(place)) % 16, 16).unwrap_or('0');
    format!("{kept}{other}")
}

fn person(patient: &Patient<'_>) -> Result<PatientResource, Error> {
    let mut person = PatientResource::builder().build()?;
    if let Some(number) = patient.number {
        person.identifier = vec![Some(identifier(number, Some("MR"))?)];
    }
    if !patient.family.is_empty() || !patient.given.is_empty() {
        let mut name = HumanName::builder().build()?;
        if !patient.family.is_empty() {
            name.family = Some(patient.family.to_owned());
        }
        name.given = patient.given.iter().map(|given| Some((*given).to_owned())).collect();
        person.name = vec![Some(name)];
    }
    person.birth_date = match patient.birth_date {
        None => None,
        Some(text) => {
            let day = text.parse();
            Some(day.map_err(|_| Error::Value { element: "birthDate", kind: "date" })?)
        }
    };
    person.gender = patient.gender.and_then(gender);
    Ok(person)
}

fn gender(text: &str) -> Option<AdministrativeGender> {
    match text {
        "female" => Some(AdministrativeGender::Female),
        "male" => Some(AdministrativeGender::Male),
        "other" => Some(AdministrativeGender::Other),
        "unknown" => Some(AdministrativeGender::Unknown),
        _ => None,
    }
}

/// Not a word of a patient in any error or log.
impl std::fmt::Debug for Patient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Patient")
    }
}
