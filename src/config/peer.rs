//! How the other side of a connection is known, and how it knows us: TLS, and tokens.

use std::path::PathBuf;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::keys;
use super::tree::Tree;

/// Files of TLS; none of them is read here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Our certificate, and those between it and its authority.
    pub certificate: Option<PathBuf>,
    /// The private key of our certificate.
    pub key: Option<PathBuf>,
    /// Who signs the certificates of those that connect to us.
    pub client_authority: Option<PathBuf>,
    /// Who signs the certificate of the server that we connect to; the machine's own list if none.
    pub authority: Option<PathBuf>,
}

/// What opens a server to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Nothing, or our certificate.
    Nothing,
    /// A token that stands in a file.
    Token(PathBuf),
    /// A token that a token service gives.
    Asked(Asked),
}

/// How a token service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where it is.
    pub token_url: Url,
    /// The name that it knows us by.
    pub client_id: String,
    /// What is asked for; empty for what it gives by itself.
    pub scope: String,
    /// What shows that it is us.
    pub proof: Proof,
}

/// What shows a token service that it is us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A secret that stands in a file.
    Secret(PathBuf),
    /// A signature (SMART Backend Services).
    Signature {
        /// The file of the private key: RSA, or elliptic on P-384.
        private_key: PathBuf,
        /// The name of the key.
        key_id: String,
    },
}

type Table<'a> = (Option<&'a Map<String, Value>>, &'a str);

/// Reads `tls = { … }` of a table, with the keys that it may have there.
pub(super) fn tls(tree: &mut Tree<'_>, (table, at): Table<'_>, may: &[&str]) -> Tls {
    let path = format!("{at}.tls");
    let inner = table.and_then(|table| table.get("tls"));
    let inner = tree.table(inner, &path, &keys::of_table("tls"));
    for key in inner.into_iter().flat_map(|inner| inner.keys()) {
        if keys::of_table("tls").contains(&key.as_str()) && !may.contains(&key.as_str()) {
            let text = format!("has no place here: write one of {}", may.join(", "));
            tree.wrong(&format!("{path}.{key}"), text);
        }
    }
    let tls = Tls {
        certificate: file(tree, (inner, &path), "certificate"),
        key: file(tree, (inner, &path), "key"),
        client_authority: file(tree, (inner, &path), "client_authority"),
        authority: file(tree, (inner, &path), "authority"),
    };
    for (has, lacks, key) in
        [(&tls.certificate, &tls.key, "key"), (&tls.key, &tls.certificate, "certificate")]
    {
        if has.is_some() && lacks.is_none() {
            tree.wrong(&path, format!("lacks `{key}`: a certificate and its key go together"));
        }
    }
    tls
}

/// The file that a key names, if it is there.
pub(super) fn file(tree: &mut Tree<'_>, table: Table<'_>, key: &str) -> Option<PathBuf> {
    text(tree, table, key).map(PathBuf::from)
}

/// A text, if it is there.
pub(super) fn text(tree: &mut Tree<'_>, (table, at): Table<'_>, key: &str) -> Option<String> {
    table?.contains_key(key).then(|| tree.text(table, at, key)).flatten()
}

/// Keys of which one at most says what opens the server.
const GRANTS: [&str; 3] = ["token_file", "client_secret_file", "private_key"];

/// Keys that only a token service needs.
const ASKING: [&str; 3] = ["token_url", "client_id", "scope"];

/// Reads what opens a server to us.
pub(super) fn grant(tree: &mut Tree<'_>, (table, at): Table<'_>) -> Option<Grant> {
    let has = |key: &&str| table.is_some_and(|table| table.contains_key(*key));
    let told: Vec<&str> = GRANTS.into_iter().filter(has).collect();
    if let [_, second, ..] = told[..] {
        let text = format!("stands beside `{}`: one of them opens the server", told[0]);
        tree.wrong(&format!("{at}.{second}"), text);
        return None;
    }
    let asks = told.first().is_some_and(|key| *key != "token_file");
    for key in ASKING.iter().filter(|key| !asks && has(key)) {
        let text = "needs `private_key` or `client_secret_file` beside it";
        tree.wrong(&format!("{at}.{key}"), text);
    }
    if has(&"key_id") && told != ["private_key"] {
        tree.wrong(&format!("{at}.key_id"), "names a key: write `private_key` beside it");
    }
    if !asks {
        return Some(file(tree, (table, at), "token_file").map_or(Grant::Nothing, Grant::Token));
    }
    asked(tree, (table, at)).map(Grant::Asked)
}

fn asked(tree: &mut Tree<'_>, (table, at): Table<'_>) -> Option<Asked> {
    let token_url = tree.text(table, at, "token_url").and_then(|text| {
        let read = server(&text, ["https", "http"]);
        read.map_err(|wrong| tree.wrong(&format!("{at}.token_url"), wrong)).ok()
    });
    let client_id = tree.text(table, at, "client_id");
    let scope = text(tree, (table, at), "scope").unwrap_or_default();
    let proof = match file(tree, (table, at), "client_secret_file") {
        Some(secret) => Some(Proof::Secret(secret)),
        None => {
            let private_key = tree.text(table, at, "private_key").map(PathBuf::from);
            let key_id = tree.text(table, at, "key_id");
            private_key
                .zip(key_id)
                .map(|(private_key, key_id)| Proof::Signature { private_key, key_id })
        }
    };
    Some(Asked { token_url: token_url?, client_id: client_id?, scope, proof: proof? })
}

/// Reads the address of a server: the first of the two ways, or on this machine the second. What is
/// given has the way of the web.
pub(super) fn server(text: &str, [secure, plain]: [&str; 2]) -> Result<Url, String> {
    let (way, rest) = text.split_once("://").unwrap_or((text, ""));
    if way != secure && way != plain {
        return Err(format!("`{text}` is no address: write {secure}://host/path"));
    }
    let web = if way == secure { "https" } else { "http" };
    let url = Url::parse(&format!("{web}://{rest}"))
        .map_err(|error| format!("`{text}` is no address: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a name or a password: write them into a file of their own".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{text}` has a `?` or a `#`: write the address alone"));
    }
    if way == plain && !is_here(&url) {
        return Err(format!("`{plain}:` is for this machine alone: write {secure}://"));
    }
    Ok(url)
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
