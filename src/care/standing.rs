//! Which activities stand: what the source took back is gone, and a charge outweighs a schedule
//! that names the same number.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{Activity, Share, Weight};

/// The activities that stand, in their order; `None` if all of them do.
pub(super) fn standing(activities: &[Arc<Activity>]) -> Option<Vec<Arc<Activity>>> {
    let is_plain = |one: &Arc<Activity>| {
        one.standing.is_done() && one.weight.is_charged() && one.share == Share::Whole
    };
    if activities.iter().all(is_plain) {
        return None;
    }
    let charged = numbers(activities, |one| one.weight == Weight::Charged);
    let whole = numbers(activities, |one| one.share == Share::Whole && one.standing.is_done());
    let stands = |one: &&Arc<Activity>| {
        let number = number(one);
        let outweighed = one.weight == Weight::Scheduled && charged.contains(&number);
        let within = one.share != Share::Whole
            && whole.contains(&number)
            && activities.iter().any(|other| other.share == Share::Whole && other.key == one.key);
        one.standing.is_done() && !outweighed && !within
    };
    Some(activities.iter().filter(stands).cloned().collect())
}

fn number(activity: &Activity) -> (&str, &str) {
    (&activity.key.system, &activity.key.number)
}

fn numbers(
    activities: &[Arc<Activity>],
    counts: impl Fn(&Activity) -> bool,
) -> HashSet<(&str, &str)> {
    activities.iter().filter(|one| counts(one)).map(|one| number(one)).collect()
}
