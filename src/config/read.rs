//! Reads the settings: the file by the `config` crate, the environment over it, then every key.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::environment;
use super::keys;
use super::lines::Lines;
use super::tree::Tree;
use super::{Console, Folder, Problem, Settings, Source, Way, destination, folder, site, source};
use crate::domain::{Claim, Setting};

const TABLES: &[&str] = &["site", "store", "mappings", "source", "destination", "console"];

impl Settings {
    /// Reads the settings of a file, and what the environment says instead.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn read(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| vec![Problem::new(&file, 0, format!("cannot be read: {error}"))])?;
        Settings::parse(&file, &text, environment)
    }

    fn parse(
        file: &str,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Settings, Vec<Problem>> {
        let mut lines = Lines::read(file, text).map_err(|(line, what)| {
            vec![Problem::new(file, line, format!("is no TOML: {what}"))]
        })?;
        let mut problems = Vec::new();
        let whole = environment::merged(text, environment, &mut lines, &mut problems)
            .map_err(|error| vec![Problem::new(file, 0, error.to_string())])?;
        let mut tree = Tree { lines: &lines, problems };
        let read = settings(&mut tree, &whole);
        let mut problems = tree.problems;
        problems.sort();
        match read {
            Some(read) if problems.is_empty() => Ok(Settings { lines: lines.clone(), ..read }),
            Some(_) | None => Err(problems),
        }
    }
}

fn settings(tree: &mut Tree<'_>, whole: &Value) -> Option<Settings> {
    let top = tree.table(Some(whole), "", TABLES)?;
    for key in ["site", "store"] {
        if !top.contains_key(key) {
            tree.wrong(key, format!("is missing: write a table [{key}]"));
        }
    }
    let site = site::site(tree, top.get("site"));
    let store = store(tree, top.get("store"));
    let mappings = mappings(tree, top.get("mappings"));
    let claims = claims_of(top.get("site"));
    let sources = source::sources(tree, top.get("source"));
    let destinations = destination::destinations(tree, top.get("destination"), claims);
    let console = console(tree, top.get("console"));
    ports(tree, &sources, console);
    folder::alone(tree, &sources, &destinations, store.as_ref().map(|store| store.path.as_path()));
    Some(Settings {
        site: site?,
        store: store?,
        mappings: mappings?,
        sources: sources.into_iter().map(|(_, source)| source).collect(),
        destinations,
        console,
        lines: Lines::default(),
    })
}

fn store(tree: &mut Tree<'_>, value: Option<&Value>) -> Option<Folder> {
    let table = tree.table(value, "store", &["path", "url"]);
    if table.is_some_and(|table| table.contains_key("url")) {
        tree.wrong("store.url", "is not built into this version yet; write path = \"a folder\"");
        return None;
    }
    let path = tree.text(table, "store", "path")?;
    Some(Folder { path: PathBuf::from(path) })
}

fn mappings(tree: &mut Tree<'_>, value: Option<&Value>) -> Option<Folder> {
    let table = tree.table(value, "mappings", &keys::of_table("mappings"));
    let path = tree.text_or(table, "mappings", ("path", "mappings"))?;
    Some(Folder { path: PathBuf::from(path) })
}

/// No two listeners open one port; port 0 is any free one.
fn ports(tree: &mut Tree<'_>, sources: &[(String, Source)], console: Option<Console>) {
    let socket = |source: &Source| match &source.way {
        Way::Listened(listened) => Some(listened.listen.socket()),
        Way::Polled(_) | Way::Dropped(_) => None,
    };
    let sources = sources.iter().map(|(at, source)| (format!("{at}.listen"), socket(source)));
    let console = ("console.listen".to_owned(), console.map(|console| console.listen));
    let mut opened: Vec<SocketAddr> = Vec::new();
    for (key, socket) in sources.chain([console]) {
        let Some(socket) = socket.filter(|socket| socket.port() != 0) else { continue };
        if opened.iter().any(|other| clash(*other, socket)) {
            tree.wrong(&key, format!("{socket} is opened by another listener already"));
        }
        opened.push(socket);
    }
}

fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (everywhere || one.ip() == other.ip())
}

/// The claims that a site has lines on, whatever else is wrong with it.
fn claims_of(site: Option<&Value>) -> Option<&'static [Claim]> {
    let word = |key: &str| site?.get(key)?.as_str();
    let apart = word("entities") == Some("apart");
    let setting: Setting = word("setting")?.parse().ok()?;
    Some(match (setting, apart) {
        (Setting::Hospital, _) => &[Claim::Facility, Claim::Professional],
        (Setting::Freestanding, false) => &[Claim::Global],
        (Setting::Freestanding, true) => &[Claim::Global, Claim::Professional],
    })
}

/// The texts of a list; from a variable, parted by commas.
pub(super) fn texts(value: &Value, from_variable: bool) -> Option<Vec<String>> {
    match value {
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        Value::String(text) if from_variable => {
            Some(text.split(',').map(|one| one.trim().to_owned()).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            None
        }
    }
}

fn console(tree: &mut Tree<'_>, value: Option<&Value>) -> Option<Console> {
    let table = tree.table(value, "console", &keys::of_table("console"))?;
    let text = tree.text(Some(table), "console", "listen")?;
    let address = text.strip_prefix("http://").and_then(|address| address.parse().ok());
    match address {
        Some(listen) if is_loopback(listen) => Some(Console { listen }),
        Some(_) => {
            tree.wrong("console.listen", "is not on this machine alone: write 127.0.0.1");
            None
        }
        None => {
            let text = format!("`{text}` is no address: write \"http://127.0.0.1:8080\"");
            tree.wrong("console.listen", text);
            None
        }
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

pub(super) fn unique(
    tree: &mut Tree<'_>,
    table: Option<&Map<String, Value>>,
    at: &str,
    names: &mut HashSet<String>,
) -> Option<String> {
    let name = tree.text(table, at, "name")?;
    if !names.insert(name.clone()) {
        tree.wrong(&format!("{at}.name"), format!("`{name}` is taken: names tell them apart"));
    }
    Some(name)
}

pub(super) fn read<T>(
    tree: &mut Tree<'_>,
    (table, at, key): (Option<&Map<String, Value>>, &str, &str),
    parse: fn(&str) -> Result<T, String>,
) -> Option<T> {
    let text = tree.text(table, at, key)?;
    match parse(&text) {
        Ok(read) => Some(read),
        Err(wrong) => {
            tree.wrong(&format!("{at}.{key}"), wrong);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
[site]
name = "Example"
time_zone = "America/New_York"
setting = "hospital"

[store]
path = "data"

[[source]]
name = "aria"
profile = "aria"
listen = "mllp://127.0.0.1:2575"

[[destination]]
name = "billing"
claims = ["facility"]
profile = "dft-2.5.1"
send = "mllp://127.0.0.1:6661"

[console]
listen = "http://127.0.0.1:8080"
"#;

    fn read(text: &str) -> Result<Settings, Vec<String>> {
        let read = Settings::parse("site.toml", text, std::iter::empty());
        read.map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings = read(SOUND).unwrap();
        assert_eq!(settings.mappings.path, PathBuf::from("mappings"));
        assert_eq!(settings.site.billing.payer, "medicare");
        assert_eq!(settings.destinations[0].connections, 1);
        assert_eq!(settings.destinations[0].answer_seconds, 30);
        assert!(settings.check_profiles(&["aria"], &["dft-2.5.1"]).is_empty());
        let wrong = settings.check_profiles(&["mosaiq"], &["dft-2.5.1"]);
        assert!(
            wrong[0].to_string().starts_with("site.toml:12: source[0].profile"),
            "{}",
            wrong[0]
        );
    }

    fn read_with(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let read = Settings::parse("site.toml", SOUND, variables);
        read.map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_environment_says_it_instead() {
        let settings = read_with(&[
            ("COLLIMATOR__STORE__PATH", "elsewhere"),
            ("COLLIMATOR__SOURCE__0__LISTEN", "mllp://127.0.0.1:9"),
            ("COLLIMATOR__SOURCE__ARIA__SYSTEM", "west"),
            ("COLLIMATOR__DESTINATION__BILLING__CONNECTIONS", "4"),
            ("COLLIMATOR__DESTINATION__BILLING__CLAIMS", "facility, professional"),
            ("COLLIMATOR_LOG", "debug"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(settings.store.path, PathBuf::from("elsewhere"));
        let Way::Listened(listened) = &settings.sources[0].way else { panic!() };
        assert_eq!(listened.listen.socket().port(), 9);
        assert_eq!(settings.sources[0].system, "west");
        assert_eq!(settings.destinations[0].connections, 4);
        assert_eq!(settings.destinations[0].claims, [Claim::Facility, Claim::Professional]);
    }

    #[test]
    fn a_problem_of_the_environment_names_its_variable() {
        for (variable, value, says) in [
            ("COLLIMATOR__SITE__SETTING", "x", "site.setting: is `x`"),
            ("COLLIMATOR__STORE__PAHT", "x", "store.paht: is no key of the settings; did you mean"),
            ("COLLIMATOR__SOURCE__7__LISTEN", "x", "speaks of `7`"),
            ("COLLIMATOR__SOURCE__MOSAIQ__LISTEN", "x", "speaks of `mosaiq`"),
            ("COLLIMATOR__SOURCE__0", "x", "names no key"),
            ("COLLIMATOR__STORE", "x", "is no key"),
        ] {
            let said = read_with(&[(variable, value)]).unwrap_err();
            assert!(said[0].starts_with(&format!("{variable}: {says}")), "{said:?}");
        }
    }

    #[test]
    fn two_listeners_do_not_share_a_port() {
        for (listen, free) in [
            ("127.0.0.1:8080", false),
            ("0.0.0.0:8080", false),
            ("127.0.0.2:8080", true),
            ("127.0.0.1:0", true),
        ] {
            let said = read(&SOUND.replace("127.0.0.1:2575", listen)).err().unwrap_or_default();
            assert_eq!(said.is_empty(), free, "{listen}: {said:?}");
            assert!(free || said[0].starts_with("site.toml:22: console.listen: "), "{said:?}");
        }
    }

    #[test]
    fn a_folder_is_taken_from_or_put_into_and_used_once() {
        for (listen, send, expected) in [
            ("dir:/drop", "dir:/out", ""),
            ("dir:/drop\"\nevery = \"1m", "mllp://127.0.0.1:6661", ""),
            ("mllp://127.0.0.1:2575", "dir:out\"\nbatch_lines = 1\nbatch_every = \"0s", ""),
            ("mllp://127.0.0.1:2575", "dir:/out\"\ntrigger = \".ok", ""),
            ("mllp://127.0.0.1:2575", "dir:/out\"\ntrigger = \"/ok", "ends no name"),
            ("mllp://127.0.0.1:2575", "dir:/out\"\nbatch_lines = 0\nn = \"", "1 to 10000"),
            ("mllp://127.0.0.1:2575", "dir:/out\"\nread_back = \"1h", "with fhir+https://"),
            ("mllp://127.0.0.1:2575", "dir:/out\"\nanswer_seconds = 5\n#", "does not answer"),
            ("mllp://127.0.0.1:2575", "mllp://127.0.0.1:6661\"\ntrigger = \".ok", "dir:/path"),
            ("dir:/drop\"\nevery = \"0s", "dir:/out", "is no time from 1"),
            ("dir:/drop\"\noverlap = \"1m", "dir:/out", "is for a source with `poll`"),
            ("dir:/drop\"\ntokens_file = \"t", "dir:/out", "beside a folder"),
            ("sftp://me@a.test/in", "sftp://me@a.test/out", ""),
            ("sftp://me@a.test/in\"\nevery = \"5m", "dir:/in", ""),
            ("sftp://me@a.test/in\"\nidentity_file = \"k\"\nknown_hosts = \"h", "dir:/out", ""),
            ("dir:/in", "sftp://a.test/out\"\nidentity_file = \"k\"\ntrigger = \".ok", ""),
            ("sftp://me@a.test/a", "sftp://me@a.test:22/a/b", "is used already"),
            ("sftp://me@a.test/a", "sftp://me@a.test/~/a", ""),
            ("sftp://me:secret@a.test/in", "dir:/out", "holds a password"),
            ("sftp://me@a.test", "dir:/out", "names no folder"),
            ("dir:/in", "sftp://me@a.test", "names no folder"),
            ("sftp://me@a.test/in\"\ntokens_file = \"t", "dir:/out", "beside a folder"),
            ("sftp://me@a.test/in\"\nidentity_file = \"a key", "dir:/out", "read otherwise"),
            ("sftp://me@a.test/in\"\noverlap = \"1m", "dir:/out", "is for a source with `poll`"),
            ("dir:/in\"\nidentity_file = \"k", "dir:/out", "is for sftp://"),
            ("mllp://127.0.0.1:2575\"\nknown_hosts = \"k", "dir:/out", "is for sftp://"),
            ("dir:/in", "mllp://127.0.0.1:6661\"\nknown_hosts = \"k", "is for sftp://"),
            ("dir:/in", "sftp://a.test/out\"\nanswer_seconds = 5\n#", "does not answer"),
            ("dir:/in", "sftp://a.test/out\"\ntls = { authority = \"a\" }\n#", "is for mllps://"),
            ("dir:", "dir:/out", "names no folder"),
            ("dir:/a", "dir:/a/", "is used already"),
            ("dir:/a", "dir:/b/../a/done", "is used already"),
            ("dir:/a/b", "dir:/a", "is used already"),
            ("dir:data", "dir:/a", "is used already"),
        ] {
            let text = SOUND.replace("mllp://127.0.0.1:2575", listen);
            let said = read(&text.replace("mllp://127.0.0.1:6661", send)).err().unwrap_or_default();
            let fits = expected.is_empty() == said.is_empty();
            let names = said.iter().any(|one| one.contains(expected)) || said.is_empty();
            assert!(fits && names, "{listen} {send}: {said:?}");
        }
    }

    /// Problems of a source that says this instead of its address.
    fn told(listen: &str) -> Vec<String> {
        let text = SOUND.replace("listen = \"mllp://127.0.0.1:2575\"", listen);
        read(&text).err().unwrap_or_default()
    }

    #[test]
    fn beyond_this_machine_nothing_is_taken_from_just_anybody() {
        let server = "tls = { certificate = \"c.pem\", key = \"k.pem\" }";
        let mutual = "tls = { certificate = \"c\", key = \"k\", client_authority = \"a\" }";
        let cases = [
            ("http://127.0.0.1:2580", "", ""),
            ("http://10.0.0.1:2580", "", "other machines: write https://"),
            ("http://10.0.0.1:2580", "tokens_file = \"t\"", "other machines: write https://"),
            ("https://127.0.0.1:2580", "", "speaks TLS: write tls"),
            ("https://127.0.0.1:2580", server, ""),
            ("https://10.0.0.1:2580", server, "other machines: say who may"),
            ("https://10.0.0.1:2580", mutual, ""),
            ("https://10.0.0.1:2580", &format!("{server}\ntokens_file = \"t\""), ""),
            ("mllps://10.0.0.1:2575", server, ""),
            ("mllps://10.0.0.1:2575", mutual, ""),
            ("mllp://127.0.0.1:2575", server, "source[0].tls: is for mllps://"),
            ("http://127.0.0.1:2575", server, "source[0].tls: is for https://"),
            ("mllp://127.0.0.1:2575", "tokens_file = \"t\"", "is for http:// and https://"),
            ("mllps://127.0.0.1:2575", "tls = { certificate = \"c\" }", "lacks `key`"),
            ("mllp://127.0.0.1:2575", "every = \"60s\"", "is for a source with `poll`"),
        ];
        for (listen, more, expected) in cases {
            let said = told(&format!("listen = \"{listen}\"\n{more}"));
            let fits = if expected.is_empty() { said.is_empty() } else { said.len() == 1 };
            assert!(fits && said.iter().all(|one| one.contains(expected)), "{listen}: {said:?}");
        }
    }

    #[test]
    fn a_manner_of_a_source_is_taken_or_refused_in_words() {
        let mllp = "mllp://127.0.0.1:2575";
        let calls = "application_answers_to = \"mllps://oncology:2576\"";
        let tls = "tls = { authority = \"a.pem\" }";
        let cases = [
            (mllp, "continuation = \"join\"\ncontinuation_seconds_max = 60", ""),
            (mllp, "continuation_seconds_max = 60", "has no place without continuation"),
            (mllp, "continuation = \"join\"\ncontinuation_seconds_max = 0", "1 to 86400"),
            (mllp, "continuation = \"yes\"", "write \"refuse\" or \"join\""),
            (mllp, "when_full = \"close-idle\"\nclose_idle_seconds_min = 5", ""),
            (mllp, "close_idle_seconds_min = 5", "has no place without when_full"),
            ("http://127.0.0.1:2575", "when_full = \"close-idle\"", "is for mllp://"),
            (mllp, "frame_end_quiet_ms = 500", ""),
            (mllp, "frame_end_quiet_ms = 5", "10 to 60000"),
            (mllp, "frame_end_quiet_ms = 500\nframe_end = \"1c\"", "one byte ends a frame"),
            (mllp, "warnings = \"tell\"\nwithout_charges = \"ignore\"", ""),
            (mllp, "application_answers_to = \"mllp://oncology:2576\"", ""),
            (mllp, "application_answers_to = \"https://oncology\"", "says not what is sent"),
            (mllp, "application_answers_to = \"dir:/out\"", "write mllp://host:port"),
            (mllp, &format!("acknowledge = \"original\"\n{calls}"), "says all at once"),
            (mllp, &format!("{calls}\n{tls}"), ""),
            (mllp, tls, "has no place here"),
            ("dir:/drop", "continuation = \"join\"", "has no place beside a folder"),
        ];
        for (listen, more, expected) in cases {
            let said = told(&format!("listen = \"{listen}\"\n{more}"));
            let fits = expected.is_empty() == said.is_empty();
            let names = said.iter().any(|one| one.contains(expected)) || said.is_empty();
            assert!(fits && names, "{listen} {more}: {said:?}");
        }
    }

    #[test]
    fn a_source_that_is_asked_says_all_that_is_needed() {
        let poll = "poll = \"fhir+https://a.example/r4/\"";
        let token = "token_url = \"https://a.example/token\"\nclient_id = \"c\"";
        for (more, expected) in [
            (String::new(), ""),
            ("every = \"5m\"\noverlap = \"0s\"\nresources = [\"ChargeItem\"]".into(), ""),
            ("charges_by = \"completedOn\"\nsince = \"2026-01-31\"".into(), ""),
            ("token_file = \"t\"".into(), ""),
            (format!("client_secret_file = \"s\"\n{token}"), ""),
            (format!("private_key = \"p\"\nkey_id = \"1\"\n{token}\nscope = \"s\""), ""),
            ("every = \"1s\"".into(), "is no time from 5"),
            ("every = \"soon\"".into(), "is no time from 5"),
            ("resources = [\"charges\"]".into(), "is no list of types"),
            ("since = \"yesterday\"".into(), "is no day"),
            ("charges_by = \"date\"".into(), "write \"_lastUpdated\""),
            ("unknown_elements = \"keep\"".into(), "write \"refuse\""),
            ("client_secret_file = \"s\"\ntoken_file = \"t\"".into(), "stands beside"),
            (token.into(), "needs `private_key`"),
            (format!("private_key = \"p\"\n{token}"), "key_id: is missing"),
            ("tls = { client_authority = \"a\" }".into(), "has no place here"),
            ("tls = { autority = \"a\" }".into(), "did you mean `authority`"),
            ("tokens_file = \"t\"".into(), "is for a source with `listen`"),
            ("listen = \"mllp://127.0.0.1:2575\"".into(), "a source has one of them"),
        ] {
            let said = told(&format!("{poll}\n{more}"));
            let fits = expected.is_empty() == said.is_empty();
            assert!(fits && said.iter().all(|one| one.contains(expected)), "{more}: {said:?}");
        }
        for (poll, expected) in [
            ("fhir+http://a.example/r4", "is for this machine alone"),
            ("fhir+http://127.0.0.1:9/r4", ""),
            ("https://a.example/r4", "write fhir+https://"),
            ("fhir+https://me:secret@a.example/r4", "holds a name or a password"),
            ("fhir+https://a.example/r4?x=1", "has a `?`"),
            ("fhir+https://a.example:443:443/r4", "is no address"),
        ] {
            let said = told(&format!("poll = \"{poll}\""));
            let fits = expected.is_empty() == said.is_empty();
            assert!(fits && said.iter().all(|one| one.contains(expected)), "{poll}: {said:?}");
        }
        assert!(told("").iter().any(|one| one.contains("or `poll` to ask")));
    }

    #[test]
    fn a_destination_says_how_it_is_known_and_opened() {
        let token = "token_url = \"https://a.example/token\"\nclient_id = \"c\"";
        for (send, more, expected) in [
            ("fhir+https://a.example/r4", String::new(), ""),
            ("fhir+http://127.0.0.1:9/r4", "read_back = \"0s\"".into(), ""),
            ("fhir+https://a.example/r4", "token_file = \"t\"\nread_back = \"1h\"".into(), ""),
            ("fhir+https://a.example/r4", format!("client_secret_file = \"s\"\n{token}"), ""),
            ("fhir+https://a.example/r4", "tls = { authority = \"a\" }".into(), ""),
            ("mllps://a.example:1", "tls = { authority = \"a\" }".into(), ""),
            ("mllps://a.example:1", String::new(), ""),
            ("mllp://a.example:1", "tls = { authority = \"a\" }".into(), "is for mllps://"),
            ("fhir+http://127.0.0.1:9", "tls = { authority = \"a\" }".into(), "is for mllps://"),
            ("mllps://a.example:1", "token_file = \"t\"".into(), "with fhir+https://"),
            ("mllp://a.example:1", "read_back = \"1h\"".into(), "with fhir+https://"),
            ("fhir+https://a.example/r4", "read_back = \"often\"".into(), "is no time from 0"),
            ("fhir+https://a.example/r4", token.into(), "needs `private_key`"),
            ("fhir+https://a.example", "tls = { client_authority = \"a\" }".into(), "no place"),
            ("fhir+http://a.example/r4", String::new(), "is for this machine alone"),
            ("https://a.example/r4", String::new(), "write fhir+https://a.example/r4"),
        ] {
            let text = SOUND.replace("mllp://127.0.0.1:6661\"", &format!("{send}\"\n{more}"));
            let said = read(&text).err().unwrap_or_default();
            let fits = expected.is_empty() == said.is_empty();
            let names =
                said.iter().all(|one| one.contains(expected) && one.contains("destination"));
            assert!(fits && names, "{send} {more}: {said:?}");
        }
    }

    #[test]
    fn every_problem_is_named_with_its_line() {
        let wrong = SOUND
            .replace("time_zone = \"America/New_York\"", "time_zone = \"Mars/Olympus\"")
            .replace("path = \"data\"", "pth = \"data\"")
            .replace("listen = \"mllp://127.0.0.1:2575\"", "listen = \"dir:\"")
            .replace("claims = [\"facility\"]", "claims = [\"global\"]")
            .replace("http://127.0.0.1:8080", "http://0.0.0.0:8080");
        let said = read(&wrong).unwrap_err();
        for expected in [
            "site.toml:4: site.time_zone: `Mars/Olympus` is no time zone",
            "site.toml:8: store.pth: is no key of the settings; did you mean `path`?",
            "site.toml:7: store.path: is missing",
            "site.toml:13: source[0].listen: `dir:` names no folder",
            "site.toml:17: destination[0].claims: `global`",
            "site.toml:22: console.listen: is not on this machine alone",
        ] {
            assert!(said.iter().any(|one| one.starts_with(expected)), "{expected}: {said:#?}");
        }
        assert_eq!(said.len(), 6, "{said:#?}");
    }

    #[test]
    fn wrong_grammar_has_its_line_too() {
        let said = read("[site]\nname = \n").unwrap_err();
        assert!(said[0].starts_with("site.toml:2: is no TOML"), "{said:?}");
    }
}
