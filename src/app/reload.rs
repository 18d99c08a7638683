//! The tables read anew while the daemon runs: whole, or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use crate::mappings::{InForce, Tables};
use crate::telemetry::{Metrics, Reload};

/// What is needed to read the tables anew.
#[derive(Clone)]
pub(super) struct Reloading {
    pub(super) folder: Option<PathBuf>,
    pub(super) in_force: Arc<InForce>,
    pub(super) sources: Vec<String>,
    pub(super) destinations: Vec<String>,
    pub(super) metrics: Arc<Metrics>,
}

impl Reloading {
    /// Reads the folder. Sound tables are in force from the next message on; wrong ones change
    /// nothing, and every problem is logged.
    pub(super) fn reload(&self) -> Result<String, Vec<String>> {
        let read = self.read();
        match &read {
            Ok(tables) => {
                self.in_force.put(Arc::clone(tables));
                self.metrics.reloaded(Reload::Taken);
                tracing::info!(digest = tables.digest(), "the tables were read anew");
            }
            Err(problems) => {
                self.metrics.reloaded(Reload::Refused);
                for problem in problems {
                    tracing::error!(%problem, "a table is wrong: the old tables stay in force");
                }
            }
        }
        read.map(|tables| tables.digest().to_owned())
    }

    fn read(&self) -> Result<Arc<Tables>, Vec<String>> {
        let read = match &self.folder {
            Some(folder) => Tables::open(folder),
            None => Tables::embedded(),
        };
        let tables =
            read.map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let sources = self.sources.iter().filter(|name| !tables.has_profile(name));
        let lost = sources.map(|name| format!("sources/{name}.toml is gone, and a source uses it"));
        let destinations =
            self.destinations.iter().filter(|name| tables.destination(name).is_none());
        let gone =
            |name: &String| format!("destinations/{name}.toml is gone, and a destination uses it");
        let problems: Vec<String> = lost.chain(destinations.map(gone)).collect();
        if problems.is_empty() { Ok(Arc::new(tables)) } else { Err(problems) }
    }
}
