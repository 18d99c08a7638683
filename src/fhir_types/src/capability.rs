//! What a server can do, as a CapabilityStatement.

use fhir_sdk::r4b::codes::{
    CapabilityStatementKind, FHIRVersion, PublicationStatus, RestfulCapabilityMode, SearchParamType,
};
use fhir_sdk::r4b::resources::{
    CapabilityStatement, CapabilityStatementRest, CapabilityStatementRestInteraction,
    CapabilityStatementRestResource, CapabilityStatementRestResourceInteraction,
    CapabilityStatementRestResourceOperation, CapabilityStatementRestResourceSearchParam,
    CapabilityStatementSoftware, Resource as AnyResource,
};

use super::Error;
use super::text::written;

/// What a server can do.
#[derive(Debug, Clone)]
pub struct Capability<'a> {
    /// What it is, in a sentence.
    pub says: &'a str,
    /// The day of this statement, `YYYY-MM-DD`.
    pub date: &'a str,
    /// The program and its version.
    pub software: (&'a str, &'a str),
    /// What it takes.
    pub resources: Vec<Resource<'a>>,
    /// Interactions with all of it, such as `transaction`.
    pub interactions: Vec<&'a str>,
    /// Operations, each with the address of its definition.
    pub operations: Vec<(&'a str, &'a str)>,
}

/// What it does with one type.
#[derive(Debug, Clone)]
pub struct Resource<'a> {
    /// The type, such as `ChargeItem`.
    pub kind: &'a str,
    /// Interactions, such as `create`.
    pub interactions: Vec<&'a str>,
    /// Whether a PUT to a new id creates.
    pub update_create: bool,
    /// Whether a POST on condition is understood.
    pub conditional_create: bool,
    /// Tokens by which it can be searched.
    pub tokens: Vec<&'a str>,
}

/// A statement as text.
///
/// # Errors
/// When a value is none of its kind.
pub fn capability_statement(capability: &Capability<'_>) -> Result<String, Error> {
    let resources = capability.resources.iter().map(|it| resource(it).map(Some));
    let interactions = capability.interactions.iter().map(|code| {
        let code = (*code).to_owned();
        Ok(Some(CapabilityStatementRestInteraction::builder().code(code).build()?))
    });
    let operations = capability.operations.iter().map(|(name, definition)| {
        let operation = CapabilityStatementRestResourceOperation::builder()
            .name((*name).to_owned())
            .definition((*definition).to_owned());
        Ok(Some(operation.build()?))
    });
    let rest = CapabilityStatementRest::builder()
        .mode(RestfulCapabilityMode::Server)
        .resource(resources.collect::<Result<_, _>>()?)
        .interaction(interactions.collect::<Result<_, Error>>()?)
        .operation(operations.collect::<Result<_, Error>>()?)
        .build()?;
    let (name, version) = capability.software;
    let date = capability.date.parse();
    let statement = CapabilityStatement::builder()
        .status(PublicationStatus::Active)
        .date(date.map_err(|_| Error::Value { element: "date", kind: "date" })?)
        .description(capability.says.into())
        .kind(CapabilityStatementKind::Instance)
        .software(
            CapabilityStatementSoftware::builder()
                .name(name.into())
                .version(version.into())
                .build()?,
        )
        .fhir_version(FHIRVersion::N401)
        .format(vec![Some("application/fhir+json".into()), Some("json".into())])
        .rest(vec![Some(rest)])
        .build()?;
    written(&AnyResource::from(statement))
}

fn resource(told: &Resource<'_>) -> Result<CapabilityStatementRestResource, Error> {
    let kind =
        told.kind.parse().map_err(|_| Error::Value { element: "resource.type", kind: "type" })?;
    let interaction = |code: &&str| {
        let code = (*code).to_owned();
        Ok(Some(CapabilityStatementRestResourceInteraction::builder().code(code).build()?))
    };
    let interactions = told.interactions.iter().map(interaction).collect::<Result<_, Error>>()?;
    let token = |name: &&str| {
        let token = CapabilityStatementRestResourceSearchParam::builder()
            .name((*name).to_owned())
            .r#type(SearchParamType::Token);
        Ok(Some(token.build()?))
    };
    let tokens = told.tokens.iter().map(token).collect::<Result<_, Error>>()?;
    Ok(CapabilityStatementRestResource::builder()
        .search_param(tokens)
        .r#type(kind)
        .interaction(interactions)
        .update_create(told.update_create)
        .conditional_create(told.conditional_create)
        .build()?)
}
