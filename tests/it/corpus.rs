//! The corpus of the fuzz target, replayed: what it once found, and what it began with.

#[path = "../fuzz/carried.rs"]
mod carried;

use std::fs;
use std::path::Path;

#[test]
fn every_input_of_the_corpus_goes_all_the_way() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        carried::carry(&bytes);
        count += 1;
    }
    assert!(count >= 36, "{count} inputs");
}

#[test]
fn every_truncation_of_the_corpus_goes_all_the_way() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for end in (0..bytes.len()).step_by(7) {
            carried::carry(&bytes[..end]);
        }
    }
}
