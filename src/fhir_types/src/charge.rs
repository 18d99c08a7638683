//! One charge, as a ChargeItem.

use fhir_sdk::r4b::codes::ChargeItemStatus;
use fhir_sdk::r4b::resources::{ChargeItem, ChargeItemOccurrence, ChargeItemPerformer, Resource};
use fhir_sdk::r4b::types::{Extension, ExtensionValue, Quantity};

use super::parts::{around, concept, identifier, moment, reference};
use super::text::written;
use super::{Code, Error, Named, Target};

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is to be billed.
    Billable,
    /// Its receiver says where it stands.
    Unknown,
    /// It never should have been.
    EnteredInError,
}

/// Where modifiers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifiers<'a> {
    /// As further codings of the code, in order.
    Codings,
    /// Each in an extension with this address: its `code`, and its place as `priority`.
    Extension(&'a str),
}

/// A revenue code and the extension that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revenue<'a> {
    /// The address of the extension.
    pub extension: &'a str,
    /// The code.
    pub code: Code<'a>,
}

/// Somebody who did or ordered the work.
#[derive(Debug, Clone, Copy)]
pub struct Performer<'a> {
    /// Their number.
    pub number: Named<'a>,
    /// Their name, for people to read; may be empty.
    pub name: &'a str,
    /// Whether they ordered the work; else they did it.
    pub ordered: bool,
}

/// One charge.
#[derive(Debug, Clone)]
pub struct Charge<'a> {
    /// The id of the resource, if its sender gives it.
    pub id: Option<&'a str>,
    /// Its number, the same wherever the charge is told.
    pub number: Named<'a>,
    /// Where it stands.
    pub status: Status,
    /// What is billed.
    pub code: Code<'a>,
    /// Modifiers, in order.
    pub modifiers: Vec<&'a str>,
    /// The system of modifiers.
    pub modifiers_system: &'a str,
    /// Where they are written.
    pub modifiers_as: Modifiers<'a>,
    /// The patient.
    pub subject: Target<'a>,
    /// The visit.
    pub context: Option<Target<'a>>,
    /// The account.
    pub account: Option<Target<'a>>,
    /// The day of service.
    pub day: &'a str,
    /// When the charge was entered.
    pub entered: Option<&'a str>,
    /// How many times.
    pub quantity: u16,
    /// The department, by its number.
    pub cost_center: Option<Named<'a>>,
    /// Who did it and who ordered it.
    pub performers: Vec<Performer<'a>>,
    /// Diagnoses, in order.
    pub reasons: Vec<Code<'a>>,
    /// The revenue code.
    pub revenue: Option<Revenue<'a>>,
    /// Where it was done, and the address of the extension that says so.
    pub place: Option<(&'a str, Named<'a>)>,
}

/// Table 0912: who took part and how.
const FUNCTIONS: &str = "http://terminology.hl7.org/CodeSystem/v2-0912";
const ORDERING: &str = "OP";

/// A charge as text.
///
/// # Errors
/// When a value is none of its kind.
pub fn charge_item(charge: &Charge<'_>) -> Result<String, Error> {
    written(&Resource::from(item(charge)?))
}

pub(super) fn item(charge: &Charge<'_>) -> Result<ChargeItem, Error> {
    let mut item = ChargeItem::builder()
        .status(status(charge.status))
        .code(concept(&codes(charge))?)
        .subject(reference(charge.subject, ("Patient", Some("MR")))?)
        .build()?;
    item.id = charge.id.map(str::to_owned);
    item.identifier = vec![Some(identifier(charge.number, None)?)];
    item.context = charge.context.map(|it| reference(it, ("Encounter", Some("VN")))).transpose()?;
    item.account = some(charge.account.map(|it| reference(it, ("Account", Some("AN")))))?;
    item.occurrence = Some(ChargeItemOccurrence::DateTime(moment(charge.day, "occurrence")?));
    item.entered_date = charge.entered.map(|text| moment(text, "enteredDate")).transpose()?;
    item.quantity = Some(Quantity::builder().value(charge.quantity.into()).build()?);
    item.cost_center = charge
        .cost_center
        .map(|it| reference(Target::Number(it), ("Organization", None)))
        .transpose()?;
    let performers = charge.performers.iter().map(|it| performer(it).map(Some));
    item.performer = performers.collect::<Result<_, _>>()?;
    let reasons = charge.reasons.iter().map(|code| concept(&[*code]).map(Some));
    item.reason = reasons.collect::<Result<_, _>>()?;
    item.extension = extensions(charge)?;
    Ok(item)
}

fn status(status: Status) -> ChargeItemStatus {
    match status {
        Status::Billable => ChargeItemStatus::Billable,
        Status::Unknown => ChargeItemStatus::Unknown,
        Status::EnteredInError => ChargeItemStatus::EnteredInError,
    }
}

fn some<T>(one: Option<Result<T, Error>>) -> Result<Vec<Option<T>>, Error> {
    one.map(|it| it.map(Some)).into_iter().collect()
}

/// The code, and its modifiers where they are codings.
fn codes<'a>(charge: &Charge<'a>) -> Vec<Code<'a>> {
    let mut codes = vec![charge.code];
    if charge.modifiers_as == Modifiers::Codings {
        let system = charge.modifiers_system;
        codes.extend(charge.modifiers.iter().map(|code| Code { system, code }));
    }
    codes
}

fn performer(one: &Performer<'_>) -> Result<ChargeItemPerformer, Error> {
    let mut actor = reference(Target::Number(one.number), ("Practitioner", None))?;
    if !one.name.is_empty() {
        actor.display = Some(one.name.to_owned());
    }
    let mut performer = ChargeItemPerformer::builder().actor(actor).build()?;
    if one.ordered {
        performer.function = Some(concept(&[Code { system: FUNCTIONS, code: ORDERING }])?);
    }
    Ok(performer)
}

fn extensions(charge: &Charge<'_>) -> Result<Vec<Extension>, Error> {
    let mut extensions = Vec::new();
    if let Modifiers::Extension(url) = charge.modifiers_as {
        for (place, modifier) in (1..).zip(&charge.modifiers) {
            let code = Code { system: charge.modifiers_system, code: modifier };
            let inner = vec![
                valued("code", ExtensionValue::CodeableConcept(concept(&[code])?))?,
                valued("priority", ExtensionValue::Integer(place))?,
            ];
            extensions.push(around(url, inner)?);
        }
    }
    if let Some(revenue) = &charge.revenue {
        let code = ExtensionValue::CodeableConcept(concept(&[revenue.code])?);
        extensions.push(valued(revenue.extension, code)?);
    }
    if let Some((url, number)) = charge.place {
        let place = reference(Target::Number(number), ("Location", None))?;
        extensions.push(valued(url, ExtensionValue::Reference(place))?);
    }
    Ok(extensions)
}

fn valued(url: &str, value: ExtensionValue) -> Result<Extension, Error> {
    Ok(Extension::builder().url(url.into()).value(value).build()?)
}
