//! Lays the environment over the file.

use config::{Config, ConfigError, File, FileFormat};
use serde_json::{Map, Value};

use super::Problem;
use super::lines::Lines;

/// What every variable of ours begins with: `COLLIMATOR__STORE__PATH`.
const PREFIX: &str = "COLLIMATOR__";

/// The tables that stand many times. A variable counts them from 0, or names them:
/// `COLLIMATOR__SOURCE__0__LISTEN`, `COLLIMATOR__DESTINATION__HOSPITAL_BILLING__SEND`.
const LISTS: [&str; 2] = ["source", "destination"];

/// File and environment as one tree. A variable that speaks of nothing is a problem, and the
/// others count all the same.
pub(super) fn merged(
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
    lines: &mut Lines,
    problems: &mut Vec<Problem>,
) -> Result<Value, ConfigError> {
    let mut builder = Config::builder().add_source(File::from_str(text, FileFormat::Toml));
    let file: Map<String, Value> = builder.build_cloned()?.try_deserialize()?;
    let mut ours: Vec<(String, String)> =
        environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    for (variable, value) in ours {
        match key_of(&variable, &file) {
            Ok(key) => {
                builder = builder.set_override(&key, value)?;
                lines.set_by(key, variable);
            }
            Err(text) => problems.push(Problem::new(&variable, 0, text)),
        }
    }
    builder.build()?.try_deserialize()
}

/// The key that a variable speaks of, such as `source[0].listen`.
fn key_of(variable: &str, file: &Map<String, Value>) -> Result<String, String> {
    let lower = variable.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    let parts: Vec<&str> = lower.split("__").collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if parts.len() < 2 || !parts.iter().all(plain) {
        return Err(format!("is no key of the settings: write {PREFIX}TABLE__KEY"));
    }
    match parts.as_slice() {
        [list, which, rest @ ..] if LISTS.contains(list) => {
            if rest.is_empty() {
                return Err(format!("names no key: write {variable}__KEY"));
            }
            Ok(format!("{list}[{}].{}", position(list, which, file)?, rest.join(".")))
        }
        all => Ok(all.join(".")),
    }
}

fn position(list: &str, which: &str, file: &Map<String, Value>) -> Result<usize, String> {
    let tables = file.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let named = |table: &Value| table.get("name").and_then(Value::as_str).map(spelled);
    let counted = which.parse().ok().filter(|at| *at < tables.len());
    counted
        .or_else(|| tables.iter().position(|table| named(table).as_deref() == Some(which)))
        .ok_or_else(|| format!("speaks of `{which}`, and the file has no such table [[{list}]]"))
}

/// A name as a variable spells it.
fn spelled(name: &str) -> String {
    name.to_ascii_lowercase().replace(|sign: char| !sign.is_ascii_alphanumeric(), "_")
}
