//! Reads all files into tables, and finds every problem in all of them.

use rustc_hash::FxHashMap as HashMap;
use sha2::{Digest, Sha256};

use super::cell;
use super::codes::Codes;
use super::coverage;
use super::decisions::Decisions;
use super::derived::Derived;
use super::destination::DestinationProfile;
use super::diagnoses::Diagnoses;
use super::dictionary::Dictionary;
use super::examples;
use super::fhir::FhirProfile;
use super::holds::Holds;
use super::open::Files;
use super::pairs::{Limits, Pairs};
use super::payers::{self, Parameters};
use super::source::SourceProfile;
use super::{Problem, Tables};

const CODES: &str = "codes.csv";
const PAIRS: &str = "pairs.csv";
const LIMITS: &str = "limits.csv";
const DIAGNOSES: &str = "diagnoses.csv";
const SITES: &str = "diagnosis-sites.csv";
const SIDES: &str = "diagnosis-sides.csv";
const DERIVED: &str = "charges/derived.csv";
const MANAGEMENT: &str = "charges/management.csv";
const CARE_STEPS: &str = "care-steps.csv";

/// Tables of which there is one.
const ONLY: &[&str] =
    &[CARE_STEPS, CODES, DIAGNOSES, SITES, SIDES, LIMITS, PAIRS, DERIVED, MANAGEMENT];

/// Folders that may hold any number of tables.
const FOLDERS: &[&str] = &["charges/", "payers/", "sources/", IMPORTS, examples::FOLDER];

/// Quarterly tables as `mappings import` writes them.
const IMPORTS: &str = "imports/";

impl Tables {
    pub(super) fn of(files: Files) -> Result<Tables, Vec<Problem>> {
        let mut loading = Loading { files: &files, problems: Vec::new() };
        let tables = loading.tables();
        let mut problems = loading.problems;
        for problem in &mut problems {
            problem.file = format!("{}/{}", files.root, problem.file);
        }
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(tables) } else { Err(problems) }
    }
}

struct Loading<'a> {
    files: &'a Files,
    problems: Vec<Problem>,
}

impl<'a> Loading<'a> {
    fn tables(&mut self) -> Tables {
        self.complain_of_strangers();
        let codes = Codes::read(CODES, self.file(CODES), &mut self.problems);
        let pairs = Pairs::read(PAIRS, self.file(PAIRS), &mut self.problems);
        let limits = Limits::read(LIMITS, self.file(LIMITS), &mut self.problems);
        let (pairs, limits) = self.imported(pairs, limits);
        let mut diagnoses = Diagnoses::default();
        diagnoses.read_kinds(DIAGNOSES, self.file(DIAGNOSES), &mut self.problems);
        diagnoses.read_sites(SITES, self.file(SITES), &mut self.problems);
        diagnoses.read_sides(SIDES, self.file(SIDES), &mut self.problems);
        let mut derived = Derived::default();
        derived.read_companions((DERIVED, self.file(DERIVED)), &codes, &mut self.problems);
        derived.read_management((MANAGEMENT, self.file(MANAGEMENT)), &codes, &mut self.problems);
        let sites = diagnoses.site_names();
        let dictionaries = self.dictionaries();
        let decisions = self.decisions(&codes, &sites, &dictionaries);
        Tables {
            digest: digest(self.files),
            dictionary_of: self.dictionary_names(&dictionaries),
            texts: self.texts(),
            profiles: self.profiles("sources/", is_hl7, SourceProfile::parse),
            fhir_profiles: self.profiles("sources/", FhirProfile::is_meant_by, FhirProfile::parse),
            destinations: self.profiles("destinations/", |_| true, DestinationProfile::parse),
            payers: self.payers(),
            holds: self.holds(),
            codes,
            pairs,
            limits,
            diagnoses,
            derived,
            dictionaries,
            decisions,
        }
    }

    /// A file that must be there.
    fn file(&mut self, name: &str) -> &'a [u8] {
        match self.files.by_name.get(name) {
            Some(bytes) => bytes,
            None => {
                self.problems.push(Problem::new(name, 0, "is missing: every set of tables has it"));
                // An empty table is complained of once, as missing.
                b"-"
            }
        }
    }

    /// The files in a folder that end so: name without folder and ending, whole name, content.
    fn all(&self, folder: &str, ending: &str) -> Vec<(&'a str, &'a str, &'a [u8])> {
        let files = self.files.by_name.iter();
        let inside = files.filter_map(|(file, bytes)| {
            let name = file.strip_prefix(folder)?.strip_suffix(ending)?;
            Some((name, file.as_str(), bytes.as_slice()))
        });
        inside.collect()
    }

    /// A table that nobody reads is a table that somebody misspelled.
    fn complain_of_strangers(&mut self) {
        for file in self.files.by_name.keys().filter(|file| file.ends_with(".csv")) {
            let in_folder = FOLDERS
                .iter()
                .any(|folder| file.strip_prefix(folder).is_some_and(|name| !name.contains('/')));
            if !in_folder && !ONLY.contains(&file.as_str()) {
                let like = cell::nearest(file, ONLY).map(|like| format!(": did you mean {like}?"));
                let text = format!("is no table that is read{}", like.unwrap_or_default());
                self.problems.push(Problem::new(file, 0, text));
            }
        }
    }

    fn imported(&mut self, mut pairs: Pairs, mut limits: Limits) -> (Pairs, Limits) {
        for (name, file, bytes) in self.all(IMPORTS, ".csv") {
            match name.split('-').next() {
                Some("ptp") => pairs.import(file, bytes, &mut self.problems),
                Some("mue") => limits.import(file, bytes, &mut self.problems),
                Some(_) | None => self.problems.push(Problem::new(
                    file,
                    0,
                    "is no imported table: their names begin with ptp- or mue-",
                )),
            }
        }
        (pairs, limits)
    }

    fn dictionaries(&mut self) -> HashMap<String, Dictionary> {
        let files = self.all("sources/", ".csv");
        let read = files.into_iter().map(|(name, file, bytes)| {
            (name.to_owned(), Dictionary::read(file, bytes, &mut self.problems))
        });
        read.collect()
    }

    fn decisions(
        &mut self,
        codes: &Codes,
        sites: &[String],
        dictionaries: &HashMap<String, Dictionary>,
    ) -> Decisions {
        let mut decisions = Decisions::default();
        for (_, file, bytes) in self.all("charges/", ".csv") {
            if file != DERIVED && file != MANAGEMENT {
                decisions.add((file, bytes), codes, sites, &mut self.problems);
            }
        }
        coverage::overlaps(&decisions, &mut self.problems);
        for dictionary in dictionaries.values() {
            coverage::gaps(dictionary, &decisions, sites, &mut self.problems);
            for word in dictionary.words() {
                decisions.learn(word.meaning.kind, &word.meaning.attributes);
            }
        }
        decisions
    }

    /// Which dictionary each profile uses: the one it names, else the one of its own name.
    fn dictionary_names(
        &mut self,
        dictionaries: &HashMap<String, Dictionary>,
    ) -> HashMap<String, String> {
        let mut names: HashMap<String, String> =
            dictionaries.keys().map(|name| (name.clone(), name.clone())).collect();
        for (profile, file, bytes) in self.all("sources/", ".toml") {
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            let read = text.parse::<toml::Table>().ok();
            let named = read.as_ref().and_then(|it| it.get("dictionary")?.as_str());
            let Some(dictionary) = named else { continue };
            if !dictionaries.contains_key(dictionary) {
                let text = format!(
                    "names the dictionary {dictionary}, but there is no sources/{dictionary}.csv"
                );
                self.problems.push(Problem::new(file, 0, text));
            }
            names.insert(profile.to_owned(), dictionary.to_owned());
        }
        names
    }

    /// The profiles of a folder, by name.
    fn profiles<T>(
        &mut self,
        folder: &str,
        is_meant: fn(&str) -> bool,
        parse: fn(&str) -> Result<T, String>,
    ) -> HashMap<String, T> {
        let mut profiles = HashMap::default();
        for (name, file, bytes) in self.all(folder, ".toml") {
            let text = String::from_utf8_lossy(bytes);
            if !is_meant(&text) {
                continue;
            }
            match parse(&text) {
                Ok(profile) => {
                    profiles.insert(name.to_owned(), profile);
                }
                Err(text) => self.problems.push(Problem::new(file, 0, text)),
            }
        }
        profiles
    }

    /// Every file that is no table of ours to read, for the rooms that understand it.
    fn texts(&self) -> HashMap<String, String> {
        let files = self.files.by_name.iter().filter(|(name, _)| name.ends_with(".toml"));
        let read =
            files.map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()));
        read.collect()
    }

    fn payers(&mut self) -> HashMap<String, Parameters> {
        let files = self.all("payers/", ".csv");
        let read = files.into_iter().map(|(name, file, bytes)| {
            (name.to_owned(), Parameters::read(file, bytes, &mut self.problems))
        });
        let payers: HashMap<String, Parameters> = read.collect();
        let base = format!("payers/{}.csv", payers::BASE);
        match payers.get(payers::BASE) {
            Some(parameters) => parameters.check_complete(&base, &mut self.problems),
            None => self.problems.push(Problem::new(
                base,
                0,
                "is missing: every other payer falls back upon it",
            )),
        }
        payers
    }

    fn holds(&mut self) -> Holds {
        let mut holds = Holds::default();
        for (id, file, bytes) in self.all("holds/", ".md") {
            holds.add(file, id, bytes, &mut self.problems);
        }
        holds
    }
}

/// Whether the file of a source describes one that speaks HL7 v2.
fn is_hl7(text: &str) -> bool {
    !FhirProfile::is_meant_by(text)
}

/// One number for all files: any changed letter changes it.
fn digest(files: &Files) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in &files.by_name {
        hasher.update(format!("{name}\n{}\n", bytes.len()));
        hasher.update(bytes);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
