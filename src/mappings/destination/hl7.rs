//! A profile of a destination that takes HL7 v2: what its receiver wants where.

use serde::Deserialize;

use super::super::character_sets;
use super::extra::{Extra, When};
use super::maps::Maps;
use super::policy::Policy;

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
    /// MSH-4; empty for the site's name.
    #[serde(default)]
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6; empty for the destination's name.
    #[serde(default)]
    pub receiving_facility: String,
    /// MSH-11.
    pub processing_id: String,
    /// MSH-15: when an answer is wanted at once; empty for original mode.
    #[serde(default)]
    pub accept_acknowledgment: String,
    /// MSH-16: when a word on the content is wanted.
    #[serde(default)]
    pub application_acknowledgment: String,
    /// MSH-18, and the characters that are written.
    pub character_set: String,
    /// MSH-1 and MSH-2.
    #[serde(default = "usual")]
    pub delimiters: String,
    /// What becomes of delimiters within a value.
    #[serde(default)]
    pub escapes: Escapes,
    /// Whether times are written with their offset from UTC.
    #[serde(default)]
    pub time_offset: bool,
    /// Whether the time of the service is written too (FT1-4), where it was told.
    #[serde(default)]
    pub service_time: bool,
    /// How many FT1 a message has.
    #[serde(default)]
    pub layout: Layout,
    /// Lines of one message, at most, where it tells of a visit.
    #[serde(default = "some_lines")]
    pub lines_max: usize,
    /// How long the first line of a visit's message waits for others, in seconds.
    #[serde(default)]
    pub gather_seconds: u32,
    /// Where the account is written.
    pub account: Vec<AccountPlace>,
    /// Where the procedure code is written.
    pub code: Vec<CodePlace>,
    /// What the code's system is called.
    pub code_system: String,
    /// What the system of codes that begin with a letter is called; empty for the same.
    #[serde(default)]
    pub hcpcs_system: String,
    /// What the system of the charge numbers of `maps.charge` is called.
    #[serde(default)]
    pub charge_system: String,
    /// Where diagnoses are written.
    #[serde(default = "in_ft1")]
    pub diagnosis: Vec<DiagnosisPlace>,
    /// What the diagnoses' system is called.
    pub diagnosis_system: String,
    /// Whether diagnoses are written with their dot.
    pub diagnosis_dot: bool,
    /// Diagnoses of one line, at most.
    pub diagnoses_max: usize,
    /// Where modifiers are written.
    #[serde(default)]
    pub modifiers: ModifierPlace,
    /// Modifiers of one line, at most.
    pub modifiers_max: usize,
    /// The segment whose first field holds the revenue code; empty for none.
    pub revenue_segment: String,
    /// Whether the receiver takes credits.
    pub credits: bool,
    /// Where a credit names what it takes back.
    #[serde(default)]
    pub credit_link: CreditLink,
    /// How the receiver recognizes a message that comes again.
    pub recognizes_repeat: Repeat,
    /// What becomes of a line that is told late.
    #[serde(default)]
    pub late: Late,
    /// Late is more than so many days after the service.
    #[serde(default)]
    pub late_days: u16,
    /// Where ORC and OBR of the order stand.
    #[serde(default)]
    pub order: OrderPlace,
    /// ORC-1: the state of the order; never one that makes a new one.
    #[serde(default = "status_changed")]
    pub order_control: String,
    /// Whether a PR1 follows each FT1.
    #[serde(default)]
    pub procedure_segment: bool,
    /// Segments of the newest message that told them, passed on as they were told.
    #[serde(default)]
    pub pass: Vec<String>,
    /// What the receiver calls things.
    #[serde(default)]
    pub maps: Maps,
    /// Further fields.
    #[serde(default)]
    pub write: Vec<Extra>,
    /// What follows from each answer.
    #[serde(default)]
    pub policy: Policy,
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
    /// PV1-50.
    #[serde(rename = "PV1.50")]
    AlternateVisit,
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

/// A place of the diagnoses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DiagnosisPlace {
    /// FT1-19, repeated.
    #[serde(rename = "FT1.19")]
    Transaction,
    /// DG1, one each.
    #[serde(rename = "DG1")]
    Segments,
}

/// The place of the modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum ModifierPlace {
    /// FT1-26, repeated.
    #[default]
    #[serde(rename = "FT1.26")]
    Repeated,
    /// The components of FT1-25 behind the code's system, at most three.
    #[serde(rename = "FT1.25.4")]
    Components,
    /// With the code, as `CODE-26`.
    #[serde(rename = "with-code")]
    WithCode,
}

/// Where a credit names what it takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum CreditLink {
    /// FT1-31.
    #[default]
    #[serde(rename = "FT1.31")]
    Reference,
    /// FT1-3, in place of a batch.
    #[serde(rename = "FT1.3")]
    Batch,
    /// FT1-2: a credit bears the number of what it takes back.
    #[serde(rename = "FT1.2")]
    OwnNumber,
}

/// How many FT1 a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// One.
    #[default]
    One,
    /// Two, professional (26) and technical (TC), for a line on the global claim whose code has
    /// two shares; else one.
    Pair,
    /// One for each line of the account that may leave, in their order, as far as what stands once
    /// in a message is the same for all of them.
    Visit,
}

/// Where the order's segments stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderPlace {
    /// Nowhere.
    #[default]
    None,
    /// Before the FT1.
    Before,
    /// Behind the FT1.
    Behind,
}

/// What becomes of delimiters within a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escapes {
    /// They are escaped.
    #[default]
    Write,
    /// They are left out: the receiver does not read escapes.
    Blank,
}

/// What becomes of a line that is told late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Late {
    /// It is sent as any other.
    #[default]
    Send,
    /// It is sent with the further fields whose `when` is `late`.
    Flag,
    /// It waits for a person.
    Hold,
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

/// Lines of one message that can be wanted.
const LINES_MAX: usize = 200;

/// The longest time that lines can be gathered.
const GATHER_SECONDS_MAX: u32 = 86_400;

/// The versions of HL7, and the last field of FT1 in each.
const VERSIONS: [(&str, u16); 14] = [
    ("2.1", 22),
    ("2.2", 23),
    ("2.3", 25),
    ("2.3.1", 26),
    ("2.4", 26),
    ("2.5", 31),
    ("2.5.1", 31),
    ("2.6", 31),
    ("2.7", 43),
    ("2.7.1", 43),
    ("2.8", 43),
    ("2.8.1", 43),
    ("2.8.2", 43),
    ("2.9", 56),
];

/// Segments that can be passed on.
const PASSED: [&str; 6] = ["GT1", "IN1", "IN2", "IN3", "NK1", "PV2"];

impl Hl7Profile {
    /// A profile from its table.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn of(table: toml::Table) -> Result<Hl7Profile, String> {
        let profile: Hl7Profile =
            table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        match profile.problem() {
            None => Ok(profile),
            Some(problem) => Err(problem),
        }
    }

    /// The last field that FT1 has in this version; those behind it are not written.
    pub fn ft1_fields(&self) -> u16 {
        VERSIONS.iter().find(|(name, _)| *name == self.version).map_or(0, |(_, last)| *last)
    }

    fn problem(&self) -> Option<String> {
        let words = match self {
            it if it.message_type.is_empty() => "message_type names no message",
            it if it.code.is_empty() => "code names no place: write \"FT1.7\" or \"FT1.25\"",
            it if it.account.is_empty() => "account names no place: write \"PID.18\" or \"PV1.19\"",
            it if it.diagnosis.is_empty() => {
                "diagnosis names no place: write \"FT1.19\" or \"DG1\""
            }
            it if it.diagnoses_max == 0 => "diagnoses_max is 0: every line has a diagnosis",
            it if !is_segment(&it.revenue_segment) => {
                "revenue_segment is no Z segment: write three characters such as \"ZFT\", or \"\""
            }
            it if !character_sets::is_written(&it.character_set) => {
                "character_set is none that can be written: write one such as \"UNICODE UTF-8\""
            }
            it if !are_delimiters(&it.delimiters) => {
                "delimiters are not five different signs, such as \"|^~\\\\&\""
            }
            it if it.ft1_fields() == 0 => "version is none of 2.1 to 2.9",
            it if it.modifiers == ModifierPlace::Components && it.modifiers_max > 3 => {
                "modifiers_max is more than 3: FT1-25 has three components behind the system"
            }
            it if it.modifiers == ModifierPlace::Components
                && !it.code.contains(&CodePlace::Procedure) =>
            {
                "modifiers stand in FT1-25, and code does not name it"
            }
            it if it.late == Late::Flag && it.write.iter().all(|one| one.when != When::Late) => {
                "late is \"flag\", and no [[write]] has when = \"late\": nobody would see it"
            }
            it if it.lines_max == 0 || it.lines_max > LINES_MAX => "lines_max is none of 1 to 200",
            it if it.gather_seconds > GATHER_SECONDS_MAX => "gather_seconds is more than a day",
            it if it.gather_seconds > 0 && it.layout != Layout::Visit => {
                "gather_seconds is for layout = \"visit\""
            }
            it if it.layout == Layout::Pair && it.credit_link == CreditLink::OwnNumber => {
                "layout is \"pair\": its credits name the halves in FT1.3 or FT1.31"
            }
            it if ["NW", "RP", "XO"].contains(&it.order_control.as_str()) => {
                "order_control makes or changes an order: write the state it is in, such as \"SC\""
            }
            it if it.pass.iter().any(|name| !PASSED.contains(&name.as_str())) => {
                "pass names a segment that is not passed on: write some of GT1, IN1, IN2, IN3, NK1, PV2"
            }
            it => return it.deeper_problem(),
        };
        Some(words.to_owned())
    }

    fn deeper_problem(&self) -> Option<String> {
        let beyond = self.beyond_version();
        let written = self.write.iter().find_map(Extra::problem);
        let policy = || self.policy.problem(self.recognizes_repeat);
        beyond.or(written).or_else(|| self.maps.problem()).or_else(policy)
    }

    /// A field that is wanted, and that FT1 does not have in this version.
    fn beyond_version(&self) -> Option<String> {
        let last = self.ft1_fields();
        let procedure = self.code.contains(&CodePlace::Procedure).then_some((25, "code"));
        let modifiers = (self.modifiers == ModifierPlace::Repeated && self.modifiers_max > 0)
            .then_some((26, "modifiers"));
        let link = (self.credits && self.credit_link == CreditLink::Reference)
            .then_some((31, "credit_link"));
        let extra = self.write.iter().filter(|one| one.place.segment == "FT1");
        let extra = extra.map(|one| (one.place.field, "write"));
        let wanted = [procedure, modifiers, link].into_iter().flatten().chain(extra);
        let (field, key) = wanted.into_iter().find(|(field, _)| *field > last)?;
        Some(format!("{key} wants FT1-{field}, and FT1 of {} ends at FT1-{last}", self.version))
    }
}

fn some_lines() -> usize {
    20
}

fn usual() -> String {
    "|^~\\&".to_owned()
}

fn in_ft1() -> Vec<DiagnosisPlace> {
    vec![DiagnosisPlace::Transaction]
}

fn status_changed() -> String {
    "SC".to_owned()
}

fn are_delimiters(signs: &str) -> bool {
    let signs = signs.as_bytes();
    let differ = |(place, sign): (usize, &u8)| !signs[..place].contains(sign);
    signs.len() == 5
        && signs.iter().all(u8::is_ascii_punctuation)
        && signs.iter().enumerate().all(differ)
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
            | version = \"2.5.1\"                 | version = \"2.3\"         | modifiers wants FT1-26, and FT1 of 2.3 ends at FT1-25 |
            | version = \"2.5.1\"                 | version = \"2.4\"         | credit_link wants FT1-31 |
            | version = \"2.5.1\"                 | version = \"3.0\"         | none of 2.1 to 2.9     |
            | character_set = \"UNICODE UTF-8\"   | character_set = \"UTF-9\" | character_set is none  |
            | credits = true                      | credits = true\\ndelimiters = '!!~#&' | not five different |
            | credits = true                      | credits = true\\nlate = \"flag\" | nobody would see it |
            | credits = true                      | credits = true\\nlayout = \"pair\"\\ncredit_link = \"FT1.2\" | name the halves |
            | credits = true                      | credits = true\\nlines_max = 0 | none of 1 to 200 |
            | credits = true                      | credits = true\\ngather_seconds = 5 | is for layout |
            | credits = true                      | credits = true\\norder_control = \"NW\" | makes or changes an order |
            | credits = true                      | credits = true\\npass = [\"PID\"] | not passed on |
            | credits = true                      | credits = true\\nmaps = { closed = [\"department\"] } | that map is empty |
            | credits = true                      | credits = true\\nwrite = [{ place = \"MSH.10\", text = \"x\" }] | holds the message together |
            | credits = true                      | credits = true\\nwrite = [{ place = \"FT1.41\", text = \"x\" }] | write wants FT1-41 |
            | credits = true                      | credits = true\\nwrite = [{ place = \"ZFT.2\" }] | one of `text` and `from` |
            | credits = true                      | credits = true\\npolicy = { timeout = \"retry\" } | would bill twice |
            | credits = true                      | credits = true\\npolicy = { tries = 0 } | tried once |
            | credits = true                      | credits = true\\npolicy = { AF = \"retry\" } | unknown field |
            ",
        ) {
            let written = row["written"].replace("\\n", "\n");
            let text = SOUND.replace(&row["instead of"], &written);
            assert_ne!(text, SOUND, "{row}");
            let said = DestinationProfile::parse(&text).unwrap_err();
            assert!(said.contains(&row["says"]), "{row}: {said}");
        }
    }
}
