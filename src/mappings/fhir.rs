//! A profile of a source that speaks FHIR: whose systems mean what, and what it delivers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::source::{Document, Names};
use crate::domain::DocumentKind;

/// What is peculiar to one source over FHIR R4: a file `mappings/sources/<name>.toml` whose
/// `format` is `fhir-r4`. What its names of activities mean stands in the dictionary it names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FhirProfile {
    /// The name that settings call it by.
    pub name: String,
    /// `fhir-r4`.
    pub format: Format,
    /// The dictionary of its activities: a file `mappings/sources/<dictionary>.csv`.
    pub dictionary: String,
    /// What it writes where the activity's name belongs.
    pub names: Names,
    /// The systems of its identifiers.
    pub identifiers: Identifiers,
    /// The systems of its codes.
    pub codes: Codes,
    /// What its types of document are. Others are kept and mean nothing.
    pub documents: BTreeMap<String, Document>,
    /// Which activity of the dictionary a treated fraction is. One that no row fits is held.
    pub treatment: Vec<Treatment>,
    /// Which activity of the dictionary image guidance is.
    pub guidance: Vec<Guidance>,
}

/// How a source is read that this file describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Format {
    /// FHIR R4, JSON.
    #[serde(rename = "fhir-r4")]
    FhirR4,
}

/// Systems of identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiers {
    /// The patient's number.
    pub mrn: String,
    /// The authority that gives that number, as HL7 v2 messages of the site name it.
    pub mrn_authority: String,
    /// The billing account.
    pub account: String,
    /// The visit.
    pub visit: String,
    /// The course.
    pub course: String,
    /// The plan.
    pub plan: String,
    /// The transaction number of a charge.
    pub charge: String,
    /// The number of a document.
    pub document: String,
    /// The treatment session.
    pub session: String,
    /// A clinician's national number.
    pub npi: String,
}

/// Systems of codes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    /// Names of activities.
    pub activity: String,
    /// Types of document.
    pub document: String,
    /// Procedure codes and their modifiers.
    pub procedure: Vec<String>,
    /// Diagnoses.
    pub diagnosis: String,
}

/// A row: what was treated with, and what that is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// The modality's code.
    pub modality: String,
    /// The technique's codes, any of them; none for a modality whose technique tells nothing.
    #[serde(default)]
    pub technique: Vec<String>,
    /// How motion was managed.
    #[serde(default)]
    pub motion: Motion,
    /// The activity of the dictionary.
    pub activity: String,
}

/// A row: what was imaged with, and what that is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// The modality's code.
    pub modality: String,
    /// The activity of the dictionary.
    pub activity: String,
}

/// How motion was managed while the beam was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    /// Not by the beam.
    #[default]
    None,
    /// The beam waits for the patient.
    Gated,
    /// The beam follows the patient.
    Tracked,
}

impl FhirProfile {
    /// Whether a file describes a source that speaks FHIR.
    pub fn is_meant_by(text: &str) -> bool {
        let read = text.parse::<toml::Table>().ok();
        read.is_some_and(|table| table.contains_key("format"))
    }

    /// Reads a profile; the error says every fault that it finds, one in a line.
    pub fn parse(text: &str) -> Result<FhirProfile, String> {
        let profile: FhirProfile = toml::from_str(text).map_err(|error| error.to_string())?;
        let faults = profile.faults();
        if faults.is_empty() { Ok(profile) } else { Err(faults.join("\n")) }
    }

    /// What a type of document is.
    pub fn document(&self, kind: &str) -> Option<DocumentKind> {
        let same = |(name, _): &(&String, &Document)| name.eq_ignore_ascii_case(kind);
        self.documents.iter().find(same).map(|(_, document)| document.0)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (place, row) in self.treatment.iter().enumerate() {
            let same = |other: &Treatment| {
                let shares = row.technique.iter().any(|one| other.technique.contains(one));
                let any = row.technique.is_empty() || other.technique.is_empty();
                other.modality == row.modality && other.motion == row.motion && (shares || any)
            };
            if self.treatment[..place].iter().any(same) {
                let name = &row.activity;
                faults.push(format!("treatment: two rows claim what `{name}` is made of"));
            }
        }
        for (place, row) in self.guidance.iter().enumerate() {
            if self.guidance[..place].iter().any(|other| other.modality == row.modality) {
                faults.push(format!("guidance: two rows claim the modality {}", row.modality));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FHIR: &str = include_str!("../../mappings/sources/fhir.toml");

    #[test]
    fn the_profile_that_ships_is_sound() {
        let profile = FhirProfile::parse(FHIR).unwrap();
        assert!(FhirProfile::is_meant_by(FHIR));
        assert_eq!((profile.name.as_str(), profile.dictionary.as_str()), ("fhir", "aria"));
        assert_eq!(profile.document("otv"), Some(DocumentKind::TreatmentVisit));
    }

    #[test]
    fn a_wrong_profile_says_what_is_wrong_with_it() {
        for (right, wrong, says) in [
            ("\"fhir-r4\"", "\"fhir-r5\"", "fhir-r5"),
            ("dictionary =", "dictionaries =", "unknown field `dictionaries`"),
            ("\"TX-3D-GATED\"", "\"TX-3D-GATED\"\nmotions = 1", "unknown field `motions`"),
            ("motion = \"gated\"", "motion = \"none\"", "two rows claim"),
            ("modality = \"113091000\"", "modality = \"717193008\"", "two rows claim"),
            ("\"visit-note\"", "\"letter\"", "is no kind of document"),
        ] {
            let text = FHIR.replacen(right, wrong, 1);
            assert_ne!(text, FHIR, "{right}");
            let error = FhirProfile::parse(&text).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
