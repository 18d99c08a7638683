//! A profile of a destination that takes HL7 v2: what its receiver wants where.

use serde::Deserialize;

/// What a receiver of DFT messages wants.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hl7Profile {
    /// HL7 version (MSH-12).
    pub version: String,
    /// The components of MSH-9.
    pub message_type: Vec<String>,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-11.
    pub processing_id: String,
    /// MSH-18.
    pub character_set: String,
    /// Where the account is written.
    pub account: Vec<AccountPlace>,
    /// Where the procedure code is written.
    pub code: Vec<CodePlace>,
    /// What the code's system is called.
    pub code_system: String,
    /// What the diagnoses' system is called.
    pub diagnosis_system: String,
    /// Whether diagnoses are written with their dot.
    pub diagnosis_dot: bool,
    /// Diagnoses of one line, at most.
    pub diagnoses_max: usize,
    /// Modifiers of one line, at most.
    pub modifiers_max: usize,
    /// The segment whose first field holds the revenue code; empty for none.
    pub revenue_segment: String,
    /// Whether the receiver takes credits.
    pub credits: bool,
    /// How the receiver recognizes a message that comes again.
    pub recognizes_repeat: Repeat,
}

/// A place of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AccountPlace {
    /// PID-18.
    #[serde(rename = "PID.18")]
    Patient,
    /// PV1-19.
    #[serde(rename = "PV1.19")]
    Visit,
}

/// A place of the procedure code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CodePlace {
    /// FT1-7.
    #[serde(rename = "FT1.7")]
    Transaction,
    /// FT1-25.
    #[serde(rename = "FT1.25")]
    Procedure,
}

/// How a receiver recognizes a message that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// It does not: what is in doubt waits for a person.
    No,
    /// By MSH-10.
    ControlId,
    /// By FT1-2.
    Transaction,
}

impl Hl7Profile {
    /// A profile from its table.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn of(table: toml::Table) -> Result<Hl7Profile, String> {
        let profile: Hl7Profile =
            table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let problem = match &profile {
            it if it.message_type.is_empty() => "message_type names no message",
            it if it.code.is_empty() => "code names no place: write \"FT1.7\" or \"FT1.25\"",
            it if it.account.is_empty() => "account names no place: write \"PID.18\" or \"PV1.19\"",
            it if it.diagnoses_max == 0 => "diagnoses_max is 0: every line has a diagnosis",
            it if !is_segment(&it.revenue_segment) => {
                "revenue_segment is no Z segment: write three characters such as \"ZFT\", or \"\""
            }
            _ => return Ok(profile),
        };
        Err(problem.to_owned())
    }
}

fn is_segment(name: &str) -> bool {
    let sound =
        name.len() == 3 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    name.is_empty() || (sound && name.starts_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::super::DestinationProfile;
    use crate::table::rows;

    const SOUND: &str = include_str!("../../../mappings/destinations/dft-2.5.1.toml");

    #[test]
    fn a_profile_says_what_is_wrong_with_it() {
        assert!(DestinationProfile::parse(SOUND).is_ok());
        for row in rows(
            "
            | instead of                          | written                    | says                   |
            | account = [\"PID.18\", \"PV1.19\"]  | account = []               | account names no place |
            | account = [\"PID.18\", \"PV1.19\"]  | account = [\"PID.3\"]      | unknown variant        |
            | code = [\"FT1.7\", \"FT1.25\"]      | code = []                  | code names no place    |
            | diagnoses_max = 12                  | diagnoses_max = 0          | diagnoses_max is 0     |
            | revenue_segment = \"ZFT\"           | revenue_segment = \"PV1\"  | no Z segment           |
            | credits = true                      | creditz = true             | unknown field          |
            | recognizes_repeat = \"no\"          | recognizes_repeat = \"x\"  | unknown variant        |
            ",
        ) {
            let text = SOUND.replace(&row["instead of"], &row["written"]);
            assert_ne!(text, SOUND, "{row}");
            let said = DestinationProfile::parse(&text).unwrap_err();
            assert!(said.contains(&row["says"]), "{row}: {said}");
        }
    }
}
