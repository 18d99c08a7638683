//! A profile of a destination that takes FHIR R4: what its server wants where.

use serde::Deserialize;
use url::Url;

/// What a server that takes charges wants.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FhirProfile {
    /// How a charge is brought to it.
    pub call: Call,
    /// Where a message or a new charge is posted, below the base; empty for the usual place.
    #[serde(default)]
    pub post_to: String,
    /// What a message tells (MessageHeader.event); only for messages.
    #[serde(default)]
    pub event: String,
    /// Who numbers what.
    pub identifiers: Identifiers,
    /// The system of procedure codes, and of their modifiers.
    pub code_system: String,
    /// The system of procedure codes that begin with a letter.
    pub hcpcs_system: String,
    /// The system of diagnoses.
    pub diagnosis_system: String,
    /// Whether diagnoses are written with their dot.
    pub diagnosis_dot: bool,
    /// Diagnoses of one line, at most.
    pub diagnoses_max: usize,
    /// Modifiers of one line, at most.
    pub modifiers_max: usize,
    /// The extension that holds a modifier; empty for further codings of the code.
    pub modifier_extension: String,
    /// The extension that holds the revenue code; empty for none.
    pub revenue_extension: String,
    /// The system of revenue codes.
    pub revenue_system: String,
    /// The extension that names the place; empty for none.
    pub location_extension: String,
    /// By what the server can be asked for a charge.
    pub ask: Ask,
    /// Whether it takes credits.
    pub credits: bool,
}

/// Who numbers what: the system of each kind of number. An empty one leaves out what it numbers,
/// but for the charge and the patient, who are always told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiers {
    /// Our charges: what FT1-2 is.
    pub charge: String,
    /// Patients.
    pub patient: String,
    /// Accounts.
    pub account: String,
    /// Visits; their number is the account's, as in PV1-19.
    pub visit: String,
    /// Departments.
    pub department: String,
    /// Places.
    pub location: String,
    /// Clinicians with a National Provider Identifier.
    pub clinician: String,
}

/// How a charge is brought to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Put to an id of our own if the server allows that, else created on condition.
    PutOrCreate,
    /// The operations of Oracle Health.
    Oracle,
    /// A message.
    Message,
}

/// By what a server can be asked for a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// By the charge's number.
    Identifier,
    /// By the visit: all charges of it.
    Visit,
    /// By the account: all charges of it.
    Account,
    /// By nothing: what is in doubt waits for a person.
    No,
}

impl FhirProfile {
    /// A profile from its table.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn of(table: toml::Table) -> Result<FhirProfile, String> {
        let profile: FhirProfile =
            table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        match profile.problem() {
            None => Ok(profile),
            Some(problem) => Err(problem),
        }
    }

    fn problem(&self) -> Option<String> {
        let numbers = &self.identifiers;
        let addresses = [
            ("identifiers.charge", &numbers.charge),
            ("code_system", &self.code_system),
            ("hcpcs_system", &self.hcpcs_system),
            ("diagnosis_system", &self.diagnosis_system),
        ];
        let maybe = [
            ("event", &self.event),
            ("identifiers.patient", &numbers.patient),
            ("identifiers.account", &numbers.account),
            ("identifiers.visit", &numbers.visit),
            ("identifiers.department", &numbers.department),
            ("identifiers.location", &numbers.location),
            ("identifiers.clinician", &numbers.clinician),
            ("modifier_extension", &self.modifier_extension),
            ("revenue_extension", &self.revenue_extension),
            ("revenue_system", &self.revenue_system),
            ("location_extension", &self.location_extension),
        ];
        let told = maybe.into_iter().filter(|(_, text)| !text.is_empty());
        let wrong = addresses.into_iter().chain(told).find(|(_, text)| !is_address(text));
        if let Some((key, _)) = wrong {
            return Some(format!("{key} is no address: write one such as \"urn:oid:1.2.3\""));
        }
        let text = match self {
            it if it.diagnoses_max == 0 => "diagnoses_max is 0: every line has a diagnosis",
            it if it.event.is_empty() && it.call == Call::Message => {
                "event is missing: a message says what it tells"
            }
            it if it.credits && it.call == Call::Message => {
                "credits is true: a message takes nothing back"
            }
            it if it.ask == Ask::Visit && it.identifiers.visit.is_empty() => {
                "ask is \"visit\", and identifiers.visit is empty"
            }
            it if it.ask == Ask::Account && it.identifiers.account.is_empty() => {
                "ask is \"account\", and identifiers.account is empty"
            }
            it if it.call == Call::Oracle && it.identifiers.visit.is_empty() => {
                "identifiers.visit is empty: every charge names its visit here"
            }
            it if it.post_to.starts_with('/') || it.post_to.contains(['?', '#', ':']) => {
                "post_to is no place below the base: write one such as \"$process-message\""
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// An address of a system or an extension.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok() && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::super::DestinationProfile;
    use crate::table::rows;

    const GENERIC: &str = include_str!("../../../mappings/destinations/fhir-r4.toml");
    const ORACLE: &str = include_str!("../../../mappings/destinations/oracle-health.toml");
    const MESSAGE: &str = include_str!("../../../mappings/destinations/fhir-message.toml");

    #[test]
    fn a_wrong_profile_says_what_is_wrong() {
        for text in [GENERIC, ORACLE, MESSAGE] {
            assert!(DestinationProfile::parse(text).is_ok_and(|read| read.fhir().is_some()));
        }
        for row in rows(
            "
            | of      | instead of            | written             | says                         |
            | generic | kind = \"fhir\"       | kind = \"rest\"     | kind is none                 |
            | generic | call = \"put-or-create\" | call = \"put\"   | unknown variant              |
            | generic | ask = \"identifier\"  | ask = \"visit\"     | identifiers.visit is empty   |
            | generic | ask = \"identifier\"  | ask = \"name\"      | unknown variant              |
            | generic | charge = \"urn        | charge = \"o r      | identifiers.charge is no     |
            | generic | diagnoses_max = 12    | diagnoses_max = 0   | diagnoses_max is 0           |
            | generic | credits = true        | creditz = true      | unknown field                |
            | message | credits = false       | credits = true      | takes nothing back           |
            | message | event = \"h           | #event = \"h        | event is missing             |
            | oracle  | visit = \"h           | visit = \"\" #      | identifiers.visit is empty   |
            | message | post_to = \"          | post_to = \"/       | post_to is no place          |
            ",
        ) {
            let sound = match row["of"].as_str() {
                "generic" => GENERIC,
                "oracle" => ORACLE,
                _ => MESSAGE,
            };
            let text = sound.replace(&row["instead of"], &row["written"]);
            assert_ne!(text, sound, "{row}");
            let said = DestinationProfile::parse(&text).unwrap_err();
            assert!(said.contains(&row["says"]), "{row}: {said}");
        }
    }
}
