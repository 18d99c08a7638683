//! Tables and certificates read anew while the daemon runs: whole, or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::Clock;
use crate::mappings::{InForce, Tables};
use crate::telemetry::{CERTIFICATE_DAYS_MIN, Metrics, Reload};
use crate::trust::Renewed;

/// What is needed to read the tables anew.
#[derive(Clone)]
pub(super) struct Reloading {
    pub(super) folder: Option<PathBuf>,
    pub(super) in_force: Arc<InForce>,
    pub(super) sources: Vec<String>,
    pub(super) destinations: Vec<String>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) identities: Identities,
}

/// Certificates that may be renewed while the daemon runs, by the names of their connections.
#[derive(Clone)]
pub(super) struct Identities {
    pub(super) all: Vec<(String, Arc<dyn Renewed>)>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Whole days until a certificate ends; none left on its last day.
pub(super) fn days_left(until: Timestamp, now: Timestamp) -> i64 {
    until.duration_since(now).as_secs() / (24 * 60 * 60)
}

impl Identities {
    /// Reads every certificate anew whose files were written, or all of them. Wrong files change
    /// nothing, and every problem is logged.
    pub(super) fn renew(&self, only_changed: bool) {
        for (name, tls) in &self.all {
            let has_changed = tls.has_changed();
            if only_changed && !has_changed {
                continue;
            }
            match tls.renew(self.clock.now()) {
                Ok(()) => tracing::info!(connection.name = %name, "a certificate was read anew"),
                Err(problems) => {
                    for problem in problems {
                        tracing::error!(
                            connection.name = %name,
                            problem = %problem.text,
                            "a certificate is wrong: the old one stays in use"
                        );
                    }
                }
            }
        }
    }

    /// Counts the days that each certificate has left, and warns when they are few.
    pub(super) fn count_days(&self, metrics: &Metrics, warns: bool) {
        let now = self.clock.now();
        for (name, tls) in &self.all {
            let Some(until) = tls.valid_until() else {
                continue;
            };
            let days = days_left(until, now);
            metrics.certificate_days_left(name, days);
            if warns && days < CERTIFICATE_DAYS_MIN {
                tracing::warn!(
                    connection.name = %name,
                    days.left = days,
                    "a certificate ends soon: ask for a new one"
                );
            }
        }
    }
}

impl Reloading {
    /// Reads the folder. Sound tables are in force from the next message on; wrong ones change
    /// nothing, and every problem is logged.
    pub(super) fn reload(&self) -> Result<String, Vec<String>> {
        self.identities.renew(false);
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
