//! Every key of the settings, in one list: what the reader knows, what the JSON Schema says, and
//! what a person may look up.

use serde_json::{Map, Value, json};

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A whole number from the first to the last.
    Number(u64, u64),
    /// A table with the keys of this one.
    Table(&'static str),
    /// A list of tables with the keys of this one.
    Tables(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The table it stands in, as in `[[source]]` or `[[site.department]]`.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub holds: Holds,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, with its default.
    pub says: &'static str,
}

const fn key(table: &'static str, name: &'static str, holds: Holds, says: &'static str) -> Key {
    Key { table, name, holds, required: false, says }
}

const fn must(table: &'static str, name: &'static str, holds: Holds, says: &'static str) -> Key {
    Key { table, name, holds, required: true, says }
}

/// The most connections to one destination.
pub const CONNECTIONS_MAX: u64 = 64;

/// The longest time for an answer, in seconds.
pub const ANSWER_SECONDS_MAX: u64 = 600;

/// A limit of a source.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The key.
    pub key: &'static str,
    /// The least that may be written.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// What counts where nothing is.
    pub default: u64,
}

/// The limits of a source that connects: bytes of a message, connections, seconds of silence,
/// seconds for a message that has begun, seconds that a fragment waits for the others, seconds of
/// silence before a connection gives way, milliseconds after an end that is not whole (0: none).
pub const LIMITS: [Limit; 7] = [
    Limit { key: "message_bytes_max", least: 1_024, most: 16 << 20, default: 16 << 20 },
    Limit { key: "connections_max", least: 1, most: 4_096, default: 256 },
    Limit { key: "idle_seconds_max", least: 1, most: 86_400, default: 3_600 },
    Limit { key: "frame_seconds_max", least: 1, most: 600, default: 60 },
    Limit { key: "continuation_seconds_max", least: 1, most: 86_400, default: 600 },
    Limit { key: "close_idle_seconds_min", least: 1, most: 86_400, default: 60 },
    Limit { key: "frame_end_quiet_ms", least: 10, most: 60_000, default: 0 },
];

/// The most lines of one file that is put into a folder.
pub const BATCH_LINES_MAX: u64 = 10_000;

const CAMPUS: Holds = Holds::Word(&["on", "off-excepted", "off-not-excepted"]);

const IDENTITY_FILE: &str = "For sftp://: the file of the private key by which `ssh` shows that it is us; those that it knows of by default.";
const KNOWN_HOSTS: &str = "For sftp://: the file of the host keys that `ssh` believes, and no others; those that it knows of by default.";

/// Every key, table by table.
pub const KEYS: &[Key] = &[
    must("site", "name", Holds::Text, "The site's name; it signs what is sent (MSH-4)."),
    must("site", "time_zone", Holds::Text, "Days of service are days of this calendar."),
    must(
        "site",
        "setting",
        Holds::Word(&["hospital", "freestanding"]),
        "hospital: facility and professional claims part; freestanding: one global claim.",
    ),
    key("site", "payer", Holds::Text, "Used where a message names no payer; medicare by default."),
    key(
        "site",
        "entities",
        Holds::Word(&["one", "apart"]),
        "Whether a freestanding center and its physicians bill as one (default) or apart.",
    ),
    key("site", "campus", CAMPUS, "Where a hospital's departments lie; on by default (COMP-09)."),
    key("site", "department", Holds::Tables("site.department"), "Departments that differ."),
    must("site.department", "code", Holds::Text, "The department's code, as in FT1-13."),
    key("site.department", "campus", CAMPUS, "Where it lies; as the site by default."),
    key("site.department", "place_of_service", Holds::Text, "Two digits, if not the usual place."),
    must("store", "path", Holds::Text, "The folder of the embedded store."),
    key("mappings", "path", Holds::Text, "The folder of the tables; mappings by default."),
    must("source", "name", Holds::Text, "The source's name, unique."),
    must("source", "profile", Holds::Text, "A profile in mappings/sources/."),
    key(
        "source",
        "listen",
        Holds::Text,
        "Where it is listened for: mllp://host:port, mllps:// over TLS, http:// and https:// (HL7 v2 at /hl7, FHIR at /fhir), or a folder into which it drops files, dir:/path or sftp://user@host/path.",
    ),
    key("source", "system", Holds::Text, "Its own numbering, if it collides with another's."),
    key(
        "source",
        "charges",
        Holds::Word(&["bill", "compare"]),
        "Whether what it tells is billed (default), or only held against what other sources tell (`collimator feeds`).",
    ),
    key("source", "tls", Holds::Table("tls"), "The files of TLS."),
    key(
        "source",
        "acknowledge",
        Holds::Word(&["automatic", "original", "enhanced"]),
        "How its messages are answered: AA, AE or AR at once (original); first CA, CE or CR, and what came of the message later (enhanced); or enhanced where MSH-16 wants an application acknowledgment, else original (automatic, by default).",
    ),
    key(
        "source",
        "acknowledgment_type",
        Holds::Word(&["by-version", "bare"]),
        "Whether MSH-9 of an answer is ACK^P03^ACK from version 2.4 on (by default), or ACK alone.",
    ),
    key(
        "source",
        "mllp_release",
        Holds::Number(1, 2),
        "With 2, each block is answered with a block that says that it is stored, before any acknowledgment of HL7.",
    ),
    key(
        "source",
        "frame_start",
        Holds::Text,
        "Bytes that begin a frame, in hexadecimal; 0b by default.",
    ),
    key("source", "frame_end", Holds::Text, "Bytes that end a frame; 1c0d by default."),
    key(
        "source",
        "frame_restart",
        Holds::Word(&["data", "anew"]),
        "What a beginning within a frame is: data (default), or the frame begun anew.",
    ),
    key(
        "source",
        "garbage",
        Holds::Word(&["answer", "close"]),
        "What is done over a frame that is no HL7: AR (default), or the connection is closed without a word.",
    ),
    key(
        "source",
        "processing",
        Holds::Words(&["P", "T", "D"]),
        "What MSH-11 may be: [\"P\"] by default; with \"T\" or \"D\" messages of training or debugging are billed too.",
    ),
    key(
        "source",
        "control_id",
        Holds::Word(&["required", "optional"]),
        "Whether a message without MSH-10 is refused (default) or taken.",
    ),
    key(
        "source",
        "versions",
        Holds::Word(&["known", "any"]),
        "Whether versions other than 2.1 to 2.9 are refused (default) or taken.",
    ),
    key(
        "source",
        "sequence",
        Holds::Word(&["ignore", "follow"]),
        "Whether sequence numbers (MSH-13) mean nothing (default), or a gap in them is refused.",
    ),
    key(
        "source",
        "continuation",
        Holds::Word(&["refuse", "join"]),
        "Whether a part of a message (MSH-14, DSC) is refused (default), or kept until all are there and can be read as one.",
    ),
    key(
        "source",
        "continuation_seconds_max",
        Holds::Number(LIMITS[4].least, LIMITS[4].most),
        "Seconds that a part waits for the others; 600 by default. Then it is refused where a person can see it.",
    ),
    key(
        "source",
        "when_full",
        Holds::Word(&["refuse", "close-idle"]),
        "What becomes of a connection beyond connections_max: it is turned away (default), or takes the place of the one that is silent for the longest time.",
    ),
    key(
        "source",
        "close_idle_seconds_min",
        Holds::Number(LIMITS[5].least, LIMITS[5].most),
        "Seconds of silence before a connection may have to give way to a new one; 60 by default.",
    ),
    key(
        "source",
        "frame_end_quiet_ms",
        Holds::Number(LIMITS[6].least, LIMITS[6].most),
        "Milliseconds of silence after which the end of a frame that lacks its last byte counts as its end; never by default.",
    ),
    key(
        "source",
        "warnings",
        Holds::Word(&["keep", "tell"]),
        "Whether what is noted of a message that is taken stays with us (default), or its AA tells it too, as ERR of severity W or I.",
    ),
    key(
        "source",
        "without_charges",
        Holds::Word(&["error", "ignore"]),
        "Whether a DFT without FT1 is an error (default), or taken as one that says that there is nothing to do.",
    ),
    key(
        "source",
        "application_answers_to",
        Holds::Text,
        "Where a sender is told what came of its messages, if not over its own connection: mllp://host:port, or mllps:// over TLS.",
    ),
    key(
        "source",
        "message_bytes_max",
        Holds::Number(LIMITS[0].least, LIMITS[0].most),
        "Bytes of one message; 16777216 by default.",
    ),
    key(
        "source",
        "connections_max",
        Holds::Number(LIMITS[1].least, LIMITS[1].most),
        "Connections at a time; 256 by default.",
    ),
    key(
        "source",
        "idle_seconds_max",
        Holds::Number(LIMITS[2].least, LIMITS[2].most),
        "Seconds after which a silent connection is closed; 3600 by default.",
    ),
    key(
        "source",
        "frame_seconds_max",
        Holds::Number(LIMITS[3].least, LIMITS[3].most),
        "Seconds that a message which has begun may take to come; 60 by default.",
    ),
    key(
        "source",
        "tokens_file",
        Holds::Text,
        "Of its lines, a request must bring one as its bearer token.",
    ),
    key(
        "source",
        "unknown_elements",
        Holds::Word(&["refuse", "take"]),
        "Whether a resource with elements that FHIR R4 does not have is refused (default) or taken, and what it earns held.",
    ),
    key(
        "source",
        "poll",
        Holds::Text,
        "Instead of listen: the FHIR server that is asked, fhir+https://host/base.",
    ),
    key(
        "source",
        "every",
        Holds::Text,
        "Time between two rounds: 60s by default, also 5m, 1h; between two looks at a drop folder, 5s, or 30s over SFTP.",
    ),
    key(
        "source",
        "resources",
        Holds::Texts,
        "The types that are asked for, in order; by default all that earn or show a charge.",
    ),
    key(
        "source",
        "overlap",
        Holds::Text,
        "How far each round reaches back behind the last; 5m by default.",
    ),
    key(
        "source",
        "charges_by",
        Holds::Word(&["_lastUpdated", "completedOn"]),
        "The search parameter that says what is new among charges; _lastUpdated by default.",
    ),
    key(
        "source",
        "since",
        Holds::Text,
        "The day before which the first round asks for nothing; everything by default.",
    ),
    key("source", "identity_file", Holds::Text, IDENTITY_FILE),
    key("source", "known_hosts", Holds::Text, KNOWN_HOSTS),
    key("source", "token_file", Holds::Text, "The file of the bearer token, if it stays the same."),
    key("source", "token_url", Holds::Text, "The token service, https://."),
    key("source", "client_id", Holds::Text, "The name that the token service knows us by."),
    key(
        "source",
        "client_secret_file",
        Holds::Text,
        "The file of the secret for the token service.",
    ),
    key(
        "source",
        "private_key",
        Holds::Text,
        "The file of the key for the token service (SMART Backend Services): RSA, or elliptic on P-384.",
    ),
    key(
        "source",
        "key_id",
        Holds::Text,
        "The name of that key; the console shows its public half at /jwks.json.",
    ),
    key("source", "scope", Holds::Text, "What the token service is asked for."),
    key(
        "tls",
        "certificate",
        Holds::Text,
        "Our certificate first, then those between it and its authority (PEM).",
    ),
    key("tls", "key", Holds::Text, "Its private key (PEM: PKCS#8, PKCS#1 or SEC1)."),
    key(
        "tls",
        "client_authority",
        Holds::Text,
        "Whoever connects must show a certificate that is signed by one of these (PEM).",
    ),
    key(
        "tls",
        "authority",
        Holds::Text,
        "The server that is asked must show a certificate that is signed by one of these; the machine's list by default.",
    ),
    must("destination", "name", Holds::Text, "The name by which lines wait for it, unique."),
    must(
        "destination",
        "claims",
        Holds::Words(&["facility", "professional", "global"]),
        "The claims it takes.",
    ),
    must("destination", "profile", Holds::Text, "A profile in mappings/destinations/."),
    must(
        "destination",
        "send",
        Holds::Text,
        "Where it is: mllp://host:port, mllps:// over TLS, fhir+https://host/base, or a folder into which files are put, dir:/path or sftp://user@host/path.",
    ),
    key(
        "destination",
        "tls",
        Holds::Table("tls"),
        "The files of TLS, for mllps:// and fhir+https://.",
    ),
    key(
        "destination",
        "token_file",
        Holds::Text,
        "The file of the bearer token, if it stays the same.",
    ),
    key("destination", "token_url", Holds::Text, "The token service, https://."),
    key("destination", "client_id", Holds::Text, "The name that the token service knows us by."),
    key(
        "destination",
        "client_secret_file",
        Holds::Text,
        "The file of the secret for the token service.",
    ),
    key(
        "destination",
        "private_key",
        Holds::Text,
        "The file of the key for the token service (SMART Backend Services): RSA, or elliptic on P-384.",
    ),
    key(
        "destination",
        "key_id",
        Holds::Text,
        "The name of that key; the console shows its public half at /jwks.json.",
    ),
    key(
        "destination",
        "read_back",
        Holds::Text,
        "How often a FHIR server is asked what became of the charges that it took; 6h by default, 0s for never.",
    ),
    key("destination", "scope", Holds::Text, "What the token service is asked for."),
    key(
        "destination",
        "connections",
        Holds::Number(1, CONNECTIONS_MAX),
        "Connections at a time, over which accounts are spread; 1 by default.",
    ),
    key(
        "destination",
        "answer_seconds",
        Holds::Number(1, ANSWER_SECONDS_MAX),
        "Seconds that an answer may take; 30 by default.",
    ),
    key(
        "destination",
        "batch_lines",
        Holds::Number(1, BATCH_LINES_MAX),
        "Lines of one file at most; 500 by default.",
    ),
    key(
        "destination",
        "batch_every",
        Holds::Text,
        "How long the first line of a file waits for others; 60s by default.",
    ),
    key(
        "destination",
        "trigger",
        Holds::Text,
        "What ends the name of an empty file beside it that says that it is whole, such as .ok; none by default.",
    ),
    key("destination", "identity_file", Holds::Text, IDENTITY_FILE),
    key("destination", "known_hosts", Holds::Text, KNOWN_HOSTS),
    must("console", "listen", Holds::Text, "Where the console listens: http://127.0.0.1:port."),
];

/// Tables of which there may be several.
const SEVERAL: [&str; 2] = ["source", "destination"];

/// Tables that must be there.
const REQUIRED: [&str; 2] = ["site", "store"];

/// The names of the keys of a table.
pub fn of_table(table: &str) -> Vec<&'static str> {
    KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect()
}

/// The settings as a JSON Schema (draft 2020-12).
pub fn schema() -> Value {
    let mut tables = Map::new();
    for name in ["site", "store", "mappings", "source", "destination", "console"] {
        let table = object(name);
        let table = if SEVERAL.contains(&name) {
            json!({ "type": "array", "items": table })
        } else {
            table
        };
        tables.insert(name.to_owned(), table);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Collimator",
        "type": "object",
        "properties": tables,
        "required": REQUIRED,
        "additionalProperties": false,
    })
}

fn object(table: &str) -> Value {
    let keys = || KEYS.iter().filter(|key| key.table == table);
    let required: Vec<&str> = keys().filter(|key| key.required).map(|key| key.name).collect();
    let properties: Map<String, Value> =
        keys().map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut value = match key.holds {
        Holds::Text => json!({ "type": "string", "minLength": 1 }),
        Holds::Word(words) => json!({ "enum": words }),
        Holds::Words(words) => json!({
            "type": "array",
            "items": { "enum": words },
            "minItems": 1,
            "uniqueItems": true,
        }),
        Holds::Texts => json!({
            "type": "array",
            "items": { "type": "string", "minLength": 1 },
            "minItems": 1,
            "uniqueItems": true,
        }),
        Holds::Number(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Holds::Table(table) => object(table),
        Holds::Tables(table) => json!({ "type": "array", "items": object(table) }),
    };
    value["description"] = json!(key.says);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a value fits a schema of the kind that is made here; what does not, by its path.
    fn misfits(value: &Value, schema: &Value, at: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        match (value, schema["type"].as_str()) {
            (Value::Object(table), Some("object")) => {
                let properties = schema["properties"].as_object().unwrap();
                for (name, inner) in table {
                    match properties.get(name) {
                        Some(schema) => {
                            wrong.extend(misfits(inner, schema, &format!("{at}.{name}")))
                        }
                        None => wrong.push(format!("{at}.{name} is unknown")),
                    }
                }
                for name in schema["required"].as_array().unwrap() {
                    if !table.contains_key(name.as_str().unwrap()) {
                        wrong.push(format!("{at}.{name} is missing"));
                    }
                }
            }
            (Value::Array(all), Some("array")) => {
                for one in all {
                    wrong.extend(misfits(one, &schema["items"], at));
                }
            }
            (Value::String(_), Some("string")) => {}
            (Value::Number(number), Some("integer")) => {
                let number = number.as_u64().unwrap();
                let fits = schema["minimum"].as_u64() <= Some(number)
                    && Some(number) <= schema["maximum"].as_u64();
                wrong.extend((!fits).then(|| format!("{at} is {number}")));
            }
            (value, None) if schema["enum"].as_array().unwrap().contains(value) => {}
            (value, _) => wrong.push(format!("{at} is {value}")),
        }
        wrong
    }

    #[test]
    fn the_example_settings_fit_the_schema_and_others_do_not() {
        let schema = schema();
        let read = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        for text in [
            include_str!("../../deploy/hospital.toml"),
            include_str!("../../deploy/freestanding.toml"),
            include_str!("../../tests/stories/hospital.toml"),
            include_str!("../../tests/stories/freestanding.toml"),
        ] {
            assert_eq!(misfits(&read(text), &schema, ""), [""; 0]);
        }
        let wrong = read(
            "[site]\nname = \"x\"\ntime_zone = \"UTC\"\nsetting = \"clinic\"\n[store]\npth = \"x\"\n\
             [[destination]]\nname = \"b\"\nclaims = [\"all\"]\nprofile = \"p\"\nsend = \"s\"\n\
             connections = 65\n",
        );
        let mut said = misfits(&wrong, &schema, "");
        said.sort();
        let expected = [
            ".destination.claims is \"all\"",
            ".destination.connections is 65",
            ".site.setting is \"clinic\"",
            ".store.\"path\" is missing",
            ".store.pth is unknown",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn the_example_settings_name_every_key_of_the_site() {
        let told = [
            include_str!("../../deploy/hospital.toml"),
            include_str!("../../deploy/freestanding.toml"),
        ]
        .concat();
        let missing: Vec<&str> =
            KEYS.iter().map(|key| key.name).filter(|name| !told.contains(*name)).collect();
        assert_eq!(missing, [""; 0]);
    }
}
