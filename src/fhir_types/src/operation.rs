//! The Parameters of an operation on charges: create, credit, modify.

use fhir_sdk::r4b::resources::{
    Parameters, ParametersParameter, ParametersParameterValue, Resource,
};

use super::charge::item;
use super::parts::reference;
use super::text::written;
use super::{Charge, Error, Target};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    /// The number of the request, a UUID: the same in every repeat.
    pub transaction: &'a str,
    /// What is to be done.
    pub change: Change<'a>,
}

/// What is to be done with a charge.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// A new one.
    Create(&'a Charge<'a>),
    /// One that is there becomes this one.
    Modify(&'a Charge<'a>),
    /// One that is there is taken back; the address of the request names it.
    Credit {
        /// The version that is taken back, if it is known.
        version: Option<&'a str>,
        /// The patient.
        subject: Target<'a>,
        /// The visit.
        context: Option<Target<'a>>,
    },
}

/// An operation as text.
///
/// # Errors
/// When a value is none of its kind.
pub fn operation(operation: &Operation<'_>) -> Result<String, Error> {
    let uuid = ParametersParameterValue::Uuid(format!("urn:uuid:{}", operation.transaction));
    let mut told = vec![valued("transactionId", uuid)?];
    match &operation.change {
        Change::Create(charge) | Change::Modify(charge) => {
            let resource = Resource::from(item(charge)?);
            let parameter = ParametersParameter::builder().name("chargeItem".into());
            told.push(parameter.resource(resource).build()?);
        }
        Change::Credit { version, subject, context } => {
            if let Some(version) = version {
                let version = ParametersParameterValue::String((*version).to_owned());
                told.push(valued("versionId", version)?);
            }
            let subject = reference(*subject, ("Patient", Some("MR")))?;
            told.push(valued("subject", ParametersParameterValue::Reference(subject))?);
            if let Some(context) = context {
                let context = reference(*context, ("Encounter", Some("VN")))?;
                told.push(valued("context", ParametersParameterValue::Reference(context))?);
            }
        }
    }
    let told = told.into_iter().map(Some).collect();
    written(&Resource::from(Parameters::builder().parameter(told).build()?))
}

fn valued(name: &str, value: ParametersParameterValue) -> Result<ParametersParameter, Error> {
    Ok(ParametersParameter::builder().name(name.into()).value(value).build()?)
}
