//! The public examples of FHIR R4, read and examined, where they lie beside the repository or in
//! the folder that `FHIR_EXAMPLES` names.

use std::fs;
use std::path::PathBuf;

use collimator::domain::{MessageState, Setting};
use collimator::store::MessageFilter;
use collimator::wire::fhir::{Unknown, entries, examine, is_known_type};
use collimator::wire::json::{Node, read};

use crate::support::carry::Desk;

#[test]
fn every_public_example_is_right() {
    let files = examples();
    if files.is_empty() {
        eprintln!("no public examples beside the repository: nothing was compared");
        return;
    }
    let (mut unexpected, mut examined) = (Vec::new(), 0);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let node =
            read(&fs::read(&file).unwrap()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(read(node.write().as_bytes()), Ok(node.clone()), "{name}");
        examined += usize::from(node.text_of("resourceType").is_some_and(is_known_type));
        let faults = faults(&node);
        if !faults.is_empty() {
            unexpected.push(format!("{name}: {}", faults.join("; ")));
        }
    }
    eprintln!("{examined} examples were examined");
    assert!(unexpected.is_empty(), "\n{}\n", unexpected.join("\n"));
}

/// What is wrong with a resource, and with those it carries.
fn faults(node: &Node) -> Vec<String> {
    let name = node.text_of("resourceType").unwrap_or_default();
    if !is_known_type(name) {
        return Vec::new();
    }
    let told = examine(node, name, Unknown::Refused).issues;
    let mut all: Vec<_> =
        told.into_iter().map(|issue| format!("{} {}", issue.expression, issue.words)).collect();
    if name == "Bundle" {
        all.extend(entries(node).iter().filter_map(|entry| entry.resource).flat_map(faults));
    }
    all
}

fn examples() -> Vec<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fhir-examples");
    let folder = std::env::var_os("FHIR_EXAMPLES").map_or(beside, PathBuf::from);
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = folders
        .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
        .map(|file| file.path())
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
}

/// Whatever a source sends of these, each message ends: understood, ignored, or refused with a
/// reason; what is earned by them is held, for they name no order and no plan.
#[test]
fn every_public_example_comes_to_an_end() {
    let files = examples();
    if files.is_empty() {
        eprintln!("no public examples beside the repository: nothing was told");
        return;
    }
    let is_patient = |file: &&PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().to_lowercase();
        name.starts_with("patient")
    };
    let (first, then): (Vec<_>, Vec<_>) = files.iter().partition(is_patient);
    let mut desk = Desk::new(Setting::Hospital);
    for file in first.into_iter().chain(then) {
        desk.stock.put(file).unwrap();
        desk.carry(1);
    }
    let mut ends = std::collections::BTreeMap::<&str, usize>::new();
    for message in desk.books.messages(MessageFilter::default()) {
        let message = message.unwrap();
        let why = match &message.state {
            MessageState::Refused(reason) => reason.text.clone(),
            MessageState::Ignored(why) | MessageState::Stuck(why) => why.clone(),
            MessageState::Done | MessageState::Waiting => "-".to_owned(),
        };
        assert!(!why.is_empty(), "{}", message.control_id);
        *ends.entry(message.state.name()).or_default() += 1;
    }
    eprintln!("{ends:?}");
    assert_eq!((ends.get("stuck"), ends.get("waiting")), (None, None), "{ends:?}");
    let open: Vec<_> = desk.rows().into_iter().filter(|row| row[9] != "held").collect();
    assert!(open.is_empty(), "{open:?}");
}
