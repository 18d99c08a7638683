//! Makes settings of values, and finds everything that is wrong with them.

use config::{Map, Value};
use jiff::tz::{self, TimeZone};

use crate::domain::{Claim, Setting};

use super::address::{self, Address, Listen};
use super::contradictions::Together;
use super::places::Places;
use super::section::{Section, nearest};
use super::{
    ConsoleSettings, Destination, MappingSettings, Problem, Settings, Site, Source, StoreSettings,
};

const SOURCE_KEYS: &[&str] = &[
    "name",
    "profile",
    "listen",
    "system",
    "tls",
    "poll",
    "every",
    "resources",
    "token_url",
    "client_id",
    "private_key",
    "client_secret_file",
    "token_file",
    "key_id",
    "scope",
];

const DESTINATION_KEYS: &[&str] =
    &["name", "claims", "profile", "send", "connections", "answer_seconds", "tls"];

/// Reads everything; all problems at once.
pub(super) fn settings(
    values: &Map<String, Value>,
    places: Places,
    mut problems: Vec<Problem>,
) -> Result<Settings, Vec<Problem>> {
    let read = whole(&mut Section::whole(values, &places, &mut problems), &places);
    problems.sort();
    match read {
        Some(settings) if problems.is_empty() => Ok(settings),
        Some(_) | None => Err(problems),
    }
}

fn whole(all: &mut Section<'_>, places: &Places) -> Option<Settings> {
    all.only(&["site", "store", "mappings", "source", "destination", "console"]);
    let (site, setting) = site(all.required_section("site"));
    let store = store(all.required_section("store"));
    let mappings = mappings(all);
    let sources = all.each("source", source);
    let destinations = all.each("destination", destination);
    let console = all.section("console").and_then(console);
    let together =
        Together { setting, sources: &sources, destinations: &destinations, console, places };
    all.add(together.contradictions());
    Some(Settings {
        site: site?,
        store: store?,
        mappings: mappings?,
        sources,
        destinations,
        console,
        places: places.clone(),
    })
}

/// The site, and how it bills even where something else of it is wrong.
fn site(mut section: Section<'_>) -> (Option<Site>, Option<Setting>) {
    section.only(&["name", "time_zone", "setting", "payer"]);
    let name = section.required("name", "Example Cancer Center");
    let time_zone_name =
        section.parsed("time_zone", "America/New_York", |text| Ok(text.to_owned()));
    let time_zone = time_zone_name.as_deref().and_then(|name| time_zone(&mut section, name));
    let setting = section.parsed("setting", "hospital", |text| {
        let wrong = format!("is `{text}`: write \"hospital\" or \"freestanding\"");
        text.parse::<Setting>().map_err(|()| wrong)
    });
    let payer =
        if section.has("payer") { section.text("payer") } else { Some("medicare".to_owned()) };
    let site = || {
        Some(Site {
            name: name?,
            time_zone: time_zone?,
            time_zone_name: time_zone_name?,
            setting: setting?,
            payer: payer?,
        })
    };
    (site(), setting)
}

fn time_zone(section: &mut Section<'_>, name: &str) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let known: Vec<String> = tz::db().available().map(|name| name.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let near = nearest(name, &known).unwrap_or("America/New_York");
    section.wrong(
        "time_zone",
        format!(
            "`time_zone` is `{name}`, which no table of time zones has: did you mean \"{near}\"?"
        ),
    );
    None
}

fn store(mut section: Section<'_>) -> Option<StoreSettings> {
    section.only(&["path", "url"]);
    if section.has("url") {
        section.wrong(
            "url",
            "`url`: a store for many nodes is not built yet; write path = \"collimator-data\"",
        );
        return None;
    }
    let path = section.required("path", "collimator-data")?;
    Some(StoreSettings { path: path.into() })
}

fn mappings(all: &mut Section<'_>) -> Option<MappingSettings> {
    if !all.has("mappings") {
        return Some(MappingSettings { path: "mappings".into() });
    }
    let mut section = all.section("mappings")?;
    section.only(&["path"]);
    Some(MappingSettings { path: section.path("path", "mappings")? })
}

fn source(mut section: Section<'_>) -> Option<Source> {
    section.only(SOURCE_KEYS);
    let name = section.parsed("name", "aria", name);
    let profile = section.required("profile", "aria");
    let system = if section.has("system") { section.text("system") } else { Some(String::new()) };
    let listen = match (section.has("listen"), section.has("poll")) {
        (true, true) => {
            section.wrong(
                "poll",
                "a source is heard (`listen`) or asked (`poll`), not both: remove one",
            );
            None
        }
        (false, true) => section.parsed("poll", "fhir+https://host/path", Listen::parse_poll),
        (_, false) => section.parsed("listen", "mllp://127.0.0.1:2575", Listen::parse),
    };
    if let Some(what) = listen.as_ref().and_then(Listen::not_built) {
        let key = if section.has("poll") { "poll" } else { "listen" };
        section.wrong(
            key,
            format!("`{key}`: {what} is not built yet; write listen = \"mllp://host:port\""),
        );
    }
    Some(Source {
        name: name?,
        profile: profile?,
        listen: listen?,
        system: system?,
        path: section.path,
    })
}

fn destination(mut section: Section<'_>) -> Option<Destination> {
    section.only(DESTINATION_KEYS);
    let name = section.parsed("name", "hospital-billing", name);
    let claims = claims(&mut section);
    let profile = section.required("profile", "dft-2.5.1");
    let send = section.parsed("send", "mllp://127.0.0.1:6661", Address::parse);
    if let Some(what) = send.as_ref().and_then(Address::not_built) {
        section.wrong(
            "send",
            format!("`send`: {what} is not built yet; write send = \"mllp://host:port\""),
        );
    }
    let connections = section.number("connections", 1, (1, 64));
    let answer_seconds = section.number("answer_seconds", 30, (1, 3600));
    Some(Destination {
        name: name?,
        claims: claims?,
        profile: profile?,
        send: send?,
        connections: usize::try_from(connections?).ok()?,
        answer_seconds: answer_seconds?,
        path: section.path,
    })
}

fn claims(section: &mut Section<'_>) -> Option<Vec<Claim>> {
    let texts = section.texts("claims", "facility")?;
    let all = Claim::ALL.map(Claim::as_str).join("\", \"");
    let mut claims = Vec::new();
    for text in &texts {
        match text.parse::<Claim>() {
            Ok(claim) if claims.contains(&claim) => {
                section.wrong("claims", format!("`claims` names {claim} twice"));
            }
            Ok(claim) => claims.push(claim),
            Err(()) => {
                section.wrong("claims", format!("`claims` has `{text}`: write one of \"{all}\""))
            }
        }
    }
    if texts.is_empty() {
        section.wrong("claims", format!("`claims` is empty: write one of \"{all}\""));
    }
    (!claims.is_empty()).then_some(claims)
}

fn console(mut section: Section<'_>) -> Option<ConsoleSettings> {
    section.only(&["listen"]);
    let listen = section.parsed("listen", "http://127.0.0.1:8080", address::console)?;
    Some(ConsoleSettings { listen })
}

/// Names stand in the ledger, in file names and in variables, so they are plain.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(format!("is `{text}`: write letters, digits, `-`, `_` or `.` only")),
    }
}
