//! What a command asks of the settings. Until the room `config` is there, read from the file here,
//! and in no other place.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use toml::{Table, Value};

use crate::domain::{Claim, Setting, Site};
use crate::pipeline::{Route, SourceSetup};

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

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Settings, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Settings { path: path.to_owned(), source })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| Error::Wrong {
        problems: vec![format!("{}: {}", path.display(), error.message())],
    })?;
    let wrong = |what: &str| Error::Wrong { problems: vec![format!("{}: {what}", path.display())] };
    let text = |room: &str, key: &str| {
        table.get(room).and_then(|it| it.get(key)).and_then(Value::as_str).map(str::to_owned)
    };
    let zone = text("site", "time_zone").unwrap_or_else(|| "America/New_York".into());
    let setting = text("site", "setting").unwrap_or_else(|| "hospital".into());
    Ok(Settings {
        store: text("store", "path").unwrap_or_else(|| "collimator-data".into()).into(),
        mappings: text("mappings", "path").unwrap_or_else(|| "mappings".into()).into(),
        time_zone: TimeZone::get(&zone).map_err(|_| wrong("site.time_zone names no time zone"))?,
        site: Site {
            setting: setting
                .parse::<Setting>()
                .map_err(|()| wrong("site.setting is `hospital` or `freestanding`"))?,
            payer: text("site", "payer").unwrap_or_else(|| "medicare".into()),
        },
        sources: each(&table, "source").map(source).collect(),
        routes: each(&table, "destination").map(route).collect(),
    })
}

fn each<'t>(table: &'t Table, name: &str) -> impl Iterator<Item = &'t Value> {
    table.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn source(value: &Value) -> SourceSetup {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    SourceSetup { name: text("name"), profile: text("profile"), system: String::new() }
}

fn route(value: &Value) -> Route {
    let claims = value.get("claims").and_then(Value::as_array).into_iter().flatten();
    let claims: Vec<Claim> =
        claims.filter_map(|claim| claim.as_str().and_then(|claim| claim.parse().ok())).collect();
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Route { destination: name, claims }
}
