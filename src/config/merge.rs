//! Lays the environment over the file.

use config::{Config, File, FileFormat, Map, Source as _, Value};

use super::Problem;
use super::places::Places;

/// What a variable of ours begins with.
const PREFIX: &str = "COLLIMATOR__";

/// The tables that stand many times, and are counted or named in a variable:
/// `COLLIMATOR__SOURCE__0__LISTEN`, `COLLIMATOR__DESTINATION__HOSPITAL_BILLING__SEND`.
const LISTS: [&str; 2] = ["source", "destination"];

/// The values of file and environment together. A variable that speaks of nothing is a problem,
/// and the others are read on.
pub(super) fn merged(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    places: &mut Places,
    problems: &mut Vec<Problem>,
) -> Result<Map<String, Value>, Vec<Problem>> {
    let whole = |error: config::ConfigError| vec![places_problem(&error)];
    let file = Config::builder().add_source(File::from_str(text, FileFormat::Toml));
    let values = file.clone().build().and_then(|it| it.collect()).map_err(whole)?;
    let mut builder = file;
    let mut ours: Vec<(String, String)> =
        environment.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    for (variable, value) in ours {
        match path_of(&variable, &values) {
            Ok(path) => {
                places.set_by_variable(&path, &variable);
                builder = builder.set_override(&path, value).map_err(whole)?;
            }
            Err(text) => problems.push(Problem { file: variable, line: 0, text }),
        }
    }
    builder.build().and_then(|it| it.collect()).map_err(whole)
}

fn places_problem(error: &config::ConfigError) -> Problem {
    Problem {
        file: "settings".to_owned(),
        line: 0,
        text: format!("cannot be put together: {error}"),
    }
}

/// The path that a variable speaks of.
fn path_of(variable: &str, values: &Map<String, Value>) -> Result<String, String> {
    let lower = variable[PREFIX.len()..].to_ascii_lowercase();
    let parts: Vec<&str> = lower.split("__").collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if parts.len() < 2 || !parts.iter().all(plain) {
        return Err(format!("is no key of the settings: write {PREFIX}SECTION__KEY"));
    }
    match parts.split_first() {
        Some((list, [which, rest @ ..])) if LISTS.contains(list) && !rest.is_empty() => {
            let at = index(list, which, values)?;
            Ok(format!("{list}[{at}].{}", rest.join(".")))
        }
        _ => Ok(parts.join(".")),
    }
}

/// Which of a list: by its number, from 0, or by its name.
fn index(list: &str, which: &str, values: &Map<String, Value>) -> Result<usize, String> {
    let items =
        values.get(list).and_then(|items| items.clone().into_array().ok()).unwrap_or_default();
    let named = |item: Value| {
        let table = item.into_table().ok()?;
        let name = table.get("name")?.clone().into_string().ok()?;
        Some(name.to_ascii_lowercase().replace(|sign: char| !sign.is_ascii_alphanumeric(), "_"))
    };
    let count = items.len();
    let at = which.parse().ok().filter(|at| *at < count);
    let at =
        at.or_else(|| items.into_iter().position(|item| named(item).as_deref() == Some(which)));
    at.ok_or_else(|| {
        format!("speaks of {list} `{which}`, but the file has no such [[{list}]] among its {count}")
    })
}
