//! Charge and credit cancel out, in whatever order they come.

use std::collections::HashSet;
use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;

use crate::domain::{Activity, Credit};

/// What stands after every credit took back what it names.
pub(super) struct Taken {
    /// Activities that no credit took back, in the order in which they were told.
    pub(super) standing: Vec<Arc<Activity>>,
    /// Credits that took nothing back.
    pub(super) empty: Vec<Empty>,
    /// Numbers that several names of activities bear, by system and number.
    pub(super) shared_numbers: HashSet<(String, String)>,
}

/// A credit that took nothing back.
pub(super) struct Empty {
    /// The credit.
    pub(super) credit: Arc<Credit>,
    /// The charge that it names, if that is known but already taken back.
    pub(super) named: Option<Arc<Activity>>,
}

/// Lets each credit, the oldest first, take back one activity of the number that it names.
pub(super) fn take_back(activities: &[Arc<Activity>], credits: &[Arc<Credit>]) -> Taken {
    let mut by_number: HashMap<(&str, &str), Vec<usize>> = HashMap::default();
    for (index, activity) in activities.iter().enumerate() {
        let number = (activity.key.system.as_str(), activity.key.number.as_str());
        by_number.entry(number).or_default().push(index);
    }
    let mut oldest_first: Vec<&Arc<Credit>> = credits.iter().collect();
    oldest_first.sort_by_key(|credit| (credit.posted, credit.message));
    let mut gone = HashSet::new();
    let mut empty = Vec::new();
    for credit in oldest_first {
        let named = by_number.get(&(credit.system.as_str(), credit.of.as_str()));
        let named = named.map(Vec::as_slice).unwrap_or_default();
        match named.iter().find(|index| !gone.contains(*index)) {
            Some(index) => {
                gone.insert(*index);
            }
            None => empty.push(Empty {
                credit: Arc::clone(credit),
                named: named.first().map(|index| Arc::clone(&activities[*index])),
            }),
        }
    }
    let standing = activities.iter().enumerate().filter(|(index, _)| !gone.contains(index));
    Taken {
        standing: standing.map(|(_, activity)| Arc::clone(activity)).collect(),
        empty,
        shared_numbers: by_number
            .into_iter()
            .filter(|(_, all)| all.len() > 1 && names(activities, all) > 1)
            .map(|((system, number), _)| (system.to_owned(), number.to_owned()))
            .collect(),
    }
}

/// How many names stand among activities of one number; two shares of one work bear one name.
fn names(activities: &[Arc<Activity>], places: &[usize]) -> usize {
    let names: HashSet<&str> =
        places.iter().map(|place| activities[*place].key.name.as_str()).collect();
    names.len()
}
