//! Settings as people write them.

use super::*;

const SOUND: &str = r#"
[site]
name = "Example Cancer Center"
time_zone = "America/New_York"
setting = "hospital"
payer = "medicare"

[store]
path = "collimator-data"

[mappings]
path = "mappings"

[[source]]
name = "aria"
profile = "aria"
listen = "mllp://127.0.0.1:2575"

[[destination]]
name = "hospital-billing"
claims = ["facility"]
profile = "dft-2.5.1"
send = "mllp://127.0.0.1:6661"

[[destination]]
name = "physician-billing"
claims = ["professional"]
profile = "dft-2.5.1"
send = "mllp://127.0.0.1:6662"

[console]
listen = "http://127.0.0.1:8080"
"#;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Settings::of("c.toml", text, environment)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn sound_settings_are_read() {
    let settings = read(SOUND, &[]).unwrap();
    assert_eq!(settings.site.time_zone_name, "America/New_York");
    assert_eq!(settings.sources[0].system, "");
    assert_eq!(settings.destinations[1].claims, [Claim::Professional]);
    assert_eq!(
        (settings.destinations[0].connections, settings.destinations[0].answer_seconds),
        (1, 30)
    );
    assert_eq!(settings.claims_without_destination(), []);
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let cases = [
        (
            "name = \"Example",
            "nmae = \"Example",
            "c.toml:3: the key `nmae` is not known: did you mean `name`?",
        ),
        ("name = \"Example", "nmae = \"Example", "c.toml:2: `name` is missing"),
        (
            "America/New_York",
            "America/NewYork",
            "c.toml:4: `time_zone` is `America/NewYork`, which no table of time zones has: did you mean \"America/New_York\"?",
        ),
        ("\"hospital\"", "\"clinic\"", "c.toml:5: `setting` is `clinic`"),
        (
            "\"hospital\"",
            "\"freestanding\"",
            "c.toml:21: `claims` has facility, which a freestanding site does not make: write global",
        ),
        (
            "[store]\npath",
            "[store]\nurl",
            "c.toml:9: `url`: a store for many nodes is not built yet",
        ),
        ("[store]\npath = \"collimator-data\"\n", "", "c.toml: the table [store] is missing"),
        ("[[source]]", "[source]", "c.toml:14: must stand in double brackets: write [[source]]"),
        (
            "listen = \"mllp:",
            "listen = \"mllps:",
            "c.toml:17: `listen`: MLLP within TLS is not built yet",
        ),
        (
            "listen = \"mllp://127.0.0.1:2575\"",
            "poll = \"fhir+https://a/r4\"\nevery = \"60s\"",
            "c.toml:17: `poll`: asking a FHIR server is not built yet",
        ),
        (
            "127.0.0.1:2575",
            "127.0.0.1:8080",
            "c.toml:32: `listen` opens port 8080, which another listener opens too",
        ),
        (
            "physician-billing",
            "hospital-billing",
            "c.toml:26: `name` is `hospital-billing`, as of another destination",
        ),
        ("[\"professional\"]", "[\"profesional\"]", "c.toml:27: `claims` has `profesional`"),
        ("[\"professional\"]", "\"professional\"", "c.toml:27: `claims` must be a list"),
        (
            "127.0.0.1:8080",
            "0.0.0.0:8080",
            "c.toml:32: `listen` is `http://0.0.0.0:8080`: the console asks nobody who he is",
        ),
        (
            "[console]",
            "[consol]",
            "c.toml:31: the key `consol` is not known: did you mean `console`?",
        ),
        ("payer = \"medicare\"", "payer = medicare", "c.toml:6: is not TOML"),
        ("profile = \"aria\"", "profile = 7", "c.toml:16: `profile` must be a text"),
        (
            "send = \"mllp://127.0.0.1:6661\"",
            "send = \"mllp://127.0.0.1:6661\"\nconnections = \"2\"",
            "c.toml:24: `connections` must be a whole number from 1 to 64",
        ),
    ];
    for (from, to, expected) in cases {
        let wrong = SOUND.replacen(from, to, 1);
        assert_ne!(wrong, SOUND, "{from}");
        let problems = read(&wrong, &[]).err().unwrap_or_default();
        assert!(
            problems.lines().any(|line| line.starts_with(expected)),
            "{expected}\nbut:\n{problems}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let wrong = SOUND.replace("New_York", "Nowhere").replace("2575", "x").replace("6661", "70000");
    assert_eq!(read(&wrong, &[]).unwrap_err().lines().count(), 3);
    let wrong =
        SOUND.replace("New_York", "Nowhere").replace("\"physician-billing", "\"hospital-billing");
    assert_eq!(read(&wrong, &[]).unwrap_err().lines().count(), 2);
}

#[test]
fn the_environment_lies_over_the_file() {
    let settings = read(
        SOUND,
        &[
            ("COLLIMATOR__STORE__PATH", "/var/lib/c"),
            ("COLLIMATOR__SOURCE__0__SYSTEM", "west"),
            ("COLLIMATOR__DESTINATION__PHYSICIAN_BILLING__SEND", "mllp://b:1"),
            ("COLLIMATOR__DESTINATION__1__CONNECTIONS", "4"),
            ("COLLIMATOR_LOG", "debug"),
        ],
    )
    .unwrap();
    assert_eq!(settings.store.path, Path::new("/var/lib/c"));
    assert_eq!(settings.sources[0].system, "west");
    assert_eq!(settings.destinations[1].send.to_string(), "mllp://b:1");
    assert_eq!(settings.destinations[1].connections, 4);
}

#[test]
fn a_mistake_in_the_environment_is_named_by_its_variable() {
    for (variable, value, expected) in [
        ("COLLIMATOR__SITE__SETTING", "x", "COLLIMATOR__SITE__SETTING: `setting` is `x`"),
        (
            "COLLIMATOR__STORE__PAHT",
            "x",
            "COLLIMATOR__STORE__PAHT: the key `paht` is not known: did you mean `path`?",
        ),
        (
            "COLLIMATOR__SOURCE__7__LISTEN",
            "x",
            "COLLIMATOR__SOURCE__7__LISTEN: speaks of source `7`",
        ),
        (
            "COLLIMATOR__SOURCE__MOSAIQ__LISTEN",
            "x",
            "COLLIMATOR__SOURCE__MOSAIQ__LISTEN: speaks of source `mosaiq`",
        ),
        ("COLLIMATOR__STORE", "x", "COLLIMATOR__STORE: is no key"),
    ] {
        let problems = read(SOUND, &[(variable, value)]).err().unwrap_or_default();
        assert!(problems.starts_with(expected), "{expected}\nbut:\n{problems}");
    }
}

#[test]
fn a_profile_that_no_table_has_is_named() {
    let settings = read(SOUND, &[]).unwrap();
    assert!(settings.unknown_profiles(&["aria"], &["dft-2.5.1"]).is_empty());
    let problems = settings.unknown_profiles(&["arai"], &["dft-2.5.1"]);
    assert_eq!(
        problems[0].to_string(),
        "c.toml:16: `profile` is `aria`, which the tables do not have: did you mean \"arai\"?"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let problems = Settings::read(Path::new("no/such.toml"), []).unwrap_err();
    assert!(problems[0].to_string().starts_with("no/such.toml: the settings cannot be read"));
}
