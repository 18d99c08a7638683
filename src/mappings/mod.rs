//! Reads the tables of `mappings/`, and refuses wrong ones.
//!
//! **In:** a folder of tables, or the tables inside the program. **Out:** [`Tables`] to look things
//! up in, or every [`Problem`] of every file at once.
//!
//! **Never:** starts with a wrong table; lets two rows claim one case, or none; knows a procedure
//! code; opens a file outside `open.rs`.
//!
//! **Start at** [`Tables`]; what each column means is in `mappings/README.md`. A new table is a file
//! here, a line in `load.rs`, and a section of that page.

mod alternatives;
mod cell;
pub mod character_sets;
mod codes;
mod context;
mod coverage;
mod decisions;
mod derived;
pub mod destination;
mod diagnoses;
mod dictionary;
mod examples;
pub mod fhir;
mod holds;
pub mod import;
mod in_force;
mod load;
mod once;
mod open;
mod pages;
mod pairs;
mod payers;
mod period;
mod problem;
mod sheet;
pub mod source;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::FxHashMap as HashMap;

use crate::domain::{Claim, Diagnosis, Family, Meaning, ProcedureCode, Setting, TableRow};

pub use alternatives::Alternative;
pub use codes::{CodeRow, Found};
pub use decisions::{Case, Earning};
pub use destination::DestinationProfile;
pub use diagnoses::{DiagnosisGroup, Side};
pub use examples::Examined;
pub use fhir::FhirProfile;
pub use in_force::InForce;
pub use open::Folder;
pub use pairs::{Indicator, Limit, Pair};
pub use problem::Problem;
use source::Names;
pub use source::SourceProfile;

/// All tables, read and found sound.
#[derive(Debug)]
pub struct Tables {
    digest: String,
    codes: codes::Codes,
    pairs: pairs::Pairs,
    limits: pairs::Limits,
    diagnoses: diagnoses::Diagnoses,
    derived: derived::Derived,
    decisions: decisions::Decisions,
    dictionaries: HashMap<String, dictionary::Dictionary>,
    dictionary_of: HashMap<String, String>,
    profiles: HashMap<String, SourceProfile>,
    fhir_profiles: HashMap<String, FhirProfile>,
    destinations: HashMap<String, DestinationProfile>,
    payers: HashMap<String, payers::Parameters>,
    holds: holds::Holds,
    texts: HashMap<String, String>,
}

impl Tables {
    /// The tables of a folder.
    pub fn open(folder: &Path) -> Result<Tables, Vec<Problem>> {
        Tables::of(open::Files::of_folder(folder)?)
    }

    /// The tables inside the program.
    pub fn embedded() -> Result<Tables, Vec<Problem>> {
        Tables::of(open::Files::embedded())
    }

    /// The SHA-256 of all files: what an entry of the ledger names, so that it can be explained
    /// by the tables of its day.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The text of a file that another room reads, by its name within the folder:
    /// `sources/aria.toml`, `destinations/dft-2.5.1.toml`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The names of such files in a folder, without folder and ending, in order.
    pub fn text_names(&self, folder: &str) -> Vec<&str> {
        let inside = |name: &'_ String| -> Option<usize> {
            let rest = name.strip_prefix(folder)?.strip_prefix('/')?;
            rest.strip_suffix(".toml").map(str::len)
        };
        let mut names: Vec<&str> = self
            .texts
            .keys()
            .filter_map(|name| Some(&name[folder.len() + 1..folder.len() + 1 + inside(name)?]))
            .collect();
        names.sort_unstable();
        names
    }

    /// The profile of a source that speaks HL7 v2.
    pub fn profile(&self, name: &str) -> Option<&SourceProfile> {
        self.profiles.get(name)
    }

    /// The names of all source profiles, in order.
    pub fn profile_names(&self) -> Vec<&str> {
        let names = self.profiles.keys().chain(self.fhir_profiles.keys());
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The profile of a source that speaks FHIR.
    pub fn fhir_profile(&self, name: &str) -> Option<&FhirProfile> {
        self.fhir_profiles.get(name)
    }

    /// Whether there is a profile of a source.
    pub fn has_profile(&self, name: &str) -> bool {
        self.profiles.contains_key(name) || self.fhir_profiles.contains_key(name)
    }

    /// A destination profile.
    pub fn destination(&self, name: &str) -> Option<&DestinationProfile> {
        self.destinations.get(name)
    }

    /// The names of all destination profiles, in order.
    pub fn destination_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.destinations.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether a source may send a procedure code where the activity's name belongs.
    pub fn names_may_be_codes(&self, profile: &str) -> bool {
        let of_hl7 = self.profile(profile).map(|profile| profile.names);
        let names = of_hl7.or_else(|| self.fhir_profile(profile).map(|profile| profile.names));
        names == Some(Names::DictionaryOrCode)
    }

    /// What a source calls something; `None` if its dictionary does not have it on that day.
    pub fn meaning(&self, profile: &str, name: &str, day: Date) -> Option<&Arc<Meaning>> {
        let dictionary = self.dictionary_of.get(profile)?;
        self.dictionaries.get(dictionary)?.meaning(name, day)
    }

    /// What is known of a code on a day of service.
    pub fn code(&self, code: ProcedureCode, day: Date) -> Found<'_> {
        self.codes.find(code, day)
    }

    /// Every code that any version of the table knows.
    pub fn known_codes(&self) -> HashSet<ProcedureCode> {
        self.codes.all().collect()
    }

    /// What an activity earns; `None` if no row speaks of it.
    pub fn earns(&self, case: &Case<'_>) -> Option<Earning<'_>> {
        self.decisions.earns(case, self.diagnoses.site(case.diagnoses))
    }

    /// The codes that the case came near to, and what it would have taken.
    pub fn alternatives(&self, case: &Case<'_>) -> Vec<Alternative> {
        let site = self.diagnoses.site(case.diagnoses);
        let earned = self.earns(case).and_then(|earning| earning.code.ok());
        let rows = self.decisions.of_kind(case.kind).map(|(_, row)| row);
        alternatives::near(rows, case, site, earned)
    }

    /// The code that the same work earns on the nearest day on which it earns one.
    pub fn earns_on_another_day(&self, case: &Case<'_>) -> Option<ProcedureCode> {
        self.decisions.on_another_day(case, self.diagnoses.site(case.diagnoses))
    }

    /// The codes that go along with a line of a family. A place that nobody told is no place.
    pub fn goes_with(
        &self,
        family: Family,
        place: Option<&str>,
        setting: Setting,
        day: Date,
    ) -> impl Iterator<Item = (ProcedureCode, &TableRow)> {
        self.derived.goes_with(family, place, setting, day)
    }

    /// The code of management that fractions and documents have earned.
    pub fn management(&self, family: Family, day: Date) -> Option<(ProcedureCode, &TableRow)> {
        self.derived.management(family, day)
    }

    /// Whether the second code is denied beside the first, on one claim and day.
    pub fn pair(
        &self,
        column_1: ProcedureCode,
        column_2: ProcedureCode,
        claim: Claim,
        day: Date,
    ) -> Option<Pair<'_>> {
        self.pairs.find((column_1, column_2), claim, day)
    }

    /// How many units of a code a claim may bear.
    pub fn limit(&self, code: ProcedureCode, claim: Claim, day: Date) -> Option<Limit<'_>> {
        self.limits.find(code, claim, day)
    }

    /// What kind of disease a diagnosis names.
    pub fn diagnosis(&self, diagnosis: &Diagnosis) -> DiagnosisGroup {
        self.diagnoses.kind(diagnosis)
    }

    /// The side of the body that a diagnosis names, if it names one.
    pub fn side(&self, diagnosis: &Diagnosis) -> Option<Side> {
        self.diagnoses.side(diagnosis)
    }

    /// What a payer wants; where its table says nothing, what Medicare wants.
    pub fn parameter(&self, payer: &str, name: &str, day: Date) -> Option<&str> {
        let of = |payer: &str| self.payers.get(payer)?.get(name, day);
        of(payer).or_else(|| of(payers::BASE))
    }

    /// Rows of payers that somebody was to look at again before a day, in order.
    pub fn reviews_due(&self, today: Date) -> Vec<String> {
        let rows = self.payers.values().flat_map(|payer| payer.reviews_due(today));
        let mut rows: Vec<String> = rows.map(str::to_owned).collect();
        rows.sort();
        rows
    }

    /// The page of a reason.
    pub fn hold_page(&self, id: &str) -> Option<&str> {
        self.holds.page(id)
    }

    /// Every reason that has a page, in order.
    pub fn hold_ids(&self) -> impl Iterator<Item = &str> {
        self.holds.ids()
    }
}

#[cfg(test)]
mod tests;
