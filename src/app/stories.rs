//! The reference courses, inside the program.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use crate::wire::hl7;

#[derive(RustEmbed)]
#[folder = "tests/stories"]
struct Files;

/// A course told in messages.
pub(super) struct Story {
    /// Its name.
    pub(super) name: String,
    /// The profile of the source that tells it.
    pub(super) source: String,
    /// What is told, in order.
    pub(super) messages: Vec<Told>,
}

/// One thing that a source tells.
pub(super) enum Told {
    /// A message of HL7 v2.
    Hl7(Vec<u8>),
    /// A Bundle of FHIR.
    Fhir(Vec<u8>),
}

/// Every story, by name.
pub(super) fn all() -> Vec<Story> {
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    for name in names {
        let (Some(file), Some((folder, rest))) = (Files::get(&name), name.split_once('/')) else {
            continue;
        };
        let is_fhir = rest.ends_with(".json");
        if rest != "source" && !rest.ends_with(".hl7") && !is_fhir {
            continue;
        }
        let story = stories.entry(folder.to_owned()).or_insert_with(|| Story {
            name: folder.to_owned(),
            source: "aria".to_owned(),
            messages: Vec::new(),
        });
        if rest == "source" {
            story.source = String::from_utf8_lossy(&file.data).trim().to_owned();
        } else if is_fhir {
            story.messages.push(Told::Fhir(file.data.into_owned()));
        } else {
            let messages = hl7::split(&file.data).into_iter();
            story.messages.extend(messages.map(|raw| Told::Hl7(raw.to_vec())));
        }
    }
    stories.into_values().collect()
}
