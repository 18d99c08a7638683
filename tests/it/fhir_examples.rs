//! The public examples of FHIR R4, read and examined, where they lie beside the repository or in
//! the folder that `FHIR_EXAMPLES` names.

use std::fs;
use std::path::PathBuf;

use collimator::wire::fhir::{Unknown, entries, examine, is_known_type};
use collimator::wire::json::{Node, read};

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
