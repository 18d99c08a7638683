//! A profile of a destination, of one of two kinds: a file `mappings/destinations/<name>.toml`.

mod extra;
mod fhir;
mod fit;
mod hl7;
mod maps;
mod policy;

pub use extra::{Extra, Told, When};
pub use fhir::{Ask, Call, FhirProfile, Identifiers};
pub use hl7::{
    AccountPlace, CodePlace, CreditLink, DiagnosisPlace, Escapes, Hl7Profile, Late, Layout,
    ModifierPlace, OrderPlace, Repeat,
};
pub use maps::{Map, Maps};
pub use policy::{After, Mismatch, Partial, Policy};

/// What is peculiar to one kind of receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationProfile {
    /// It takes messages of HL7 v2.
    Hl7(Box<Hl7Profile>),
    /// It takes resources of FHIR R4.
    Fhir(Box<FhirProfile>),
}

impl DestinationProfile {
    /// Reads a profile.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<DestinationProfile, String> {
        let read = |error: toml::de::Error| error.message().to_owned();
        let mut table: toml::Table = toml::from_str(text).map_err(read)?;
        match table.remove("kind") {
            None => Hl7Profile::of(table).map(Box::new).map(DestinationProfile::Hl7),
            Some(toml::Value::String(kind)) if kind == "hl7" => {
                Hl7Profile::of(table).map(Box::new).map(DestinationProfile::Hl7)
            }
            Some(toml::Value::String(kind)) if kind == "fhir" => {
                FhirProfile::of(table).map(Box::new).map(DestinationProfile::Fhir)
            }
            Some(_) => Err("kind is none: write \"hl7\" or \"fhir\"".to_owned()),
        }
    }

    /// The profile, if it is of HL7 v2.
    pub fn hl7(&self) -> Option<&Hl7Profile> {
        match self {
            DestinationProfile::Hl7(profile) => Some(profile),
            DestinationProfile::Fhir(_) => None,
        }
    }

    /// The profile, if it is of FHIR.
    pub fn fhir(&self) -> Option<&FhirProfile> {
        match self {
            DestinationProfile::Fhir(profile) => Some(profile),
            DestinationProfile::Hl7(_) => None,
        }
    }

    /// Whether the receiver takes credits.
    pub fn credits(&self) -> bool {
        match self {
            DestinationProfile::Hl7(profile) => profile.credits,
            DestinationProfile::Fhir(profile) => profile.credits,
        }
    }
}
