//! What an import changes, said row by row where it is short, and counted where it is long.

use std::collections::BTreeMap;

/// Changes that are told one by one.
const TOLD_MAX: usize = 40;

/// What is otherwise than before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What was not there before.
    pub added: u64,
    /// What is there no more.
    pub removed: u64,
    /// What says something else.
    pub changed: u64,
    /// The first of them, in words.
    pub told: Vec<String>,
}

impl Changes {
    /// Compares two tables, each a text for what it says of a thing.
    pub(super) fn between(
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) -> Changes {
        let mut changes = Changes::default();
        for (thing, says) in after {
            match before.get(thing) {
                None => changes.tell("added", thing, says),
                Some(said) if said != says => {
                    changes.tell("changed", thing, &format!("{said}; now {says}"));
                }
                Some(_) => {}
            }
        }
        for (thing, said) in before.iter().filter(|(thing, _)| !after.contains_key(*thing)) {
            changes.tell("removed", thing, said);
        }
        changes
    }

    fn tell(&mut self, what: &str, thing: &str, says: &str) {
        match what {
            "added" => self.added += 1,
            "removed" => self.removed += 1,
            _ => self.changed += 1,
        }
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{what} {thing}: {says}"));
        }
    }
}
