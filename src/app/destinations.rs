//! A destination tried out, without a store and without anything to bill.

use std::path::Path;
use std::sync::Arc;

use crate::dispatch::{self, Desk, Heard};
use crate::mappings::InForce;
use crate::store::{Books, Intake};
use crate::telemetry::{Metrics, SystemClock};

use super::daemon::runtime;
use super::{Error, plan};

/// What came back from a destination of the settings that was sent what nobody can bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What came back, in a sentence.
    pub says: String,
    /// Whether the destination can be reached and answers.
    pub answers: bool,
}

/// Sends a destination a message that can never be billed; `None` if the settings have none of
/// that name. Blocks until it has answered.
///
/// # Errors
/// When the settings are wrong.
pub fn try_destination(path: &Path, name: &str) -> Result<Option<Tried>, Error> {
    let plan = plan(path)?;
    let Some(destination) = plan.destinations.iter().find(|one| one.name == name) else {
        return Ok(None);
    };
    let in_store = |source| Error::Store { folder: plan.store.clone(), source };
    let desk = Desk {
        books: Arc::new(Books::open_in_memory().map_err(in_store)?),
        intake: Arc::new(Intake::open_in_memory().map_err(in_store)?),
        clock: Arc::new(SystemClock),
        metrics: Arc::new(Metrics::new()),
        site: plan.site_name.clone(),
        time_zone: plan.setup.time_zone.clone(),
        tables: Arc::new(InForce::new(Arc::clone(&plan.setup.tables))),
        sources: Arc::default(),
    };
    let heard = runtime()?.block_on(dispatch::test(destination, &desk));
    Ok(Some(tried(heard)))
}

fn tried(heard: Heard) -> Tried {
    match heard {
        Heard::Unreachable(why) => {
            Tried { says: format!("cannot be reached: {why}"), answers: false }
        }
        Heard::Nothing(why) => {
            Tried { says: format!("can be reached, and does not answer: {why}"), answers: false }
        }
        Heard::Said { code, text, is_ours } => {
            let ours = if is_ours { "" } else { ", to a message that is not the one sent" };
            let text = if text.is_empty() { String::new() } else { format!(": {text}") };
            Tried { says: format!("answers {code}{ours}{text}"), answers: is_ours }
        }
    }
}
