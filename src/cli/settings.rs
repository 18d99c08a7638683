//! What a command asks of the settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::config;
use crate::domain::Site;
use crate::mappings::Tables;
use crate::pipeline::{Route, Setup, SourceSetup};

use super::Error;

/// What commands must know.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) store: PathBuf,
    pub(super) mappings: PathBuf,
    pub(super) time_zone: TimeZone,
    pub(super) site: Site,
    pub(super) sources: Vec<SourceSetup>,
    pub(super) routes: Vec<Route>,
}

impl Settings {
    /// What the pipeline judges by, with these tables.
    pub(super) fn setup(&self, tables: Arc<Tables>) -> Setup {
        Setup {
            tables,
            site: self.site.clone(),
            time_zone: self.time_zone.clone(),
            sources: self.sources.clone(),
            routes: self.routes.clone(),
        }
    }
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Settings, Error> {
    let read = config::Settings::read(path, std::env::vars());
    let settings = read.map_err(|wrong| Error::Wrong {
        problems: wrong.iter().map(ToString::to_string).collect(),
    })?;
    let sources = settings.sources.into_iter().map(|source| SourceSetup {
        name: source.name,
        profile: source.profile,
        system: source.system,
        bills: source.charges == config::Charges::Bill,
        takes_unknown: source.unknown_elements == config::UnknownElements::Take,
    });
    let routes = settings.destinations.into_iter().map(|destination| Route {
        destination: destination.name,
        claims: destination.claims,
        profile: destination.profile,
    });
    Ok(Settings {
        store: settings.store.path,
        mappings: settings.mappings.path,
        time_zone: settings.site.time_zone,
        site: settings.site.billing,
        sources: sources.collect(),
        routes: routes.collect(),
    })
}
