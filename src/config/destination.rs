//! The tables `[[destination]]`: who takes charges, and how they are reached.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::keys::{self, ANSWER_SECONDS_MAX, CONNECTIONS_MAX};
use super::read::{read, texts, unique};
use super::source::span;
use super::tree::Tree;
use super::{Destination, Grant, Send, Tls, folder, peer};
use crate::domain::Claim;

/// Keys that only a FHIR server has.
const FHIR_ONLY: [&str; 8] = [
    "read_back",
    "token_file",
    "token_url",
    "client_id",
    "client_secret_file",
    "private_key",
    "key_id",
    "scope",
];

/// Keys that only a receiver has that is connected to.
const ANSWERED_ONLY: [&str; 2] = ["connections", "answer_seconds"];

/// How often a server is asked what became of its charges, at least and at most, and by default.
const READ_BACK_SECONDS: (u64, u64, &str) = (0, 604_800, "6h");

/// Reads every destination; `may` holds the claims that the site has lines on.
pub(super) fn destinations(
    tree: &mut Tree<'_>,
    value: Option<&Value>,
    may: Option<&'static [Claim]>,
) -> Vec<Destination> {
    let mut names = HashSet::new();
    let mut destinations = Vec::new();
    for (at, one) in tree.list(value, "destination") {
        let table = tree.table(Some(one), &at, &keys::of_table("destination"));
        let name = unique(tree, table, &at, &mut names);
        let profile = tree.text(table, &at, "profile");
        let claims = claims(tree, table, (&at, may));
        let mut send = read(tree, (table, &at, "send"), Send::parse);
        folder::keyed(tree, (table, &at), send.as_mut());
        let connections = tree.number_or(table, &at, ("connections", 1, 1..=CONNECTIONS_MAX));
        let answer = tree.number_or(table, &at, ("answer_seconds", 30, 1..=ANSWER_SECONDS_MAX));
        let read_back = span(tree, (table, &at, "read_back"), READ_BACK_SECONDS);
        let secured = secured(tree, (table, &at), send.as_ref());
        let batches = folder::batches(tree, (table, &at), send.as_ref());
        if let (
            Some(name),
            Some(profile),
            Some(send),
            Some(connections),
            Some(answer_seconds),
            Some((tls, grant)),
            Some(read_back),
            Some(batches),
        ) = (name, profile, send, connections, answer, secured, read_back, batches)
        {
            let connections = usize::try_from(connections).unwrap_or(1);
            destinations.push(Destination {
                name,
                profile,
                claims,
                send,
                connections,
                answer_seconds,
                tls,
                grant,
                batches,
                read_back: Some(read_back).filter(|every| !every.is_zero()),
            });
        }
    }
    destinations
}

/// How the receiver is known and knows us; only where it is reached in such a way.
fn secured(
    tree: &mut Tree<'_>,
    (table, at): (Option<&Map<String, Value>>, &str),
    send: Option<&Send>,
) -> Option<(Tls, Grant)> {
    let tls = peer::tls(tree, (table, at), &["certificate", "key", "authority"]);
    let is_secure = match send {
        Some(Send::Mllp(_) | Send::Dir(_)) => false,
        Some(Send::Fhir(base)) => base.scheme() == "https",
        Some(Send::Mllps(_)) | None => true,
    };
    if !is_secure && tls != Tls::default() {
        let text = "is for mllps:// and fhir+https://: write send with one of them";
        tree.wrong(&format!("{at}.tls"), text);
    }
    let has = |key: &&&str| table.is_some_and(|table| table.contains_key(**key));
    if send.is_some_and(Send::is_dir) {
        for key in ANSWERED_ONLY.iter().filter(has) {
            tree.wrong(
                &format!("{at}.{key}"),
                "has no place beside a folder, which does not answer",
            );
        }
    }
    if send.is_some_and(|send| !send.is_fhir()) {
        for key in FHIR_ONLY.iter().filter(has) {
            tree.wrong(&format!("{at}.{key}"), "is for a destination with fhir+https://");
        }
        return Some((tls, Grant::Nothing));
    }
    let grant = peer::grant(tree, (table, at))?;
    Some((tls, grant))
}

fn claims(
    tree: &mut Tree<'_>,
    table: Option<&Map<String, Value>>,
    (at, may): (&str, Option<&'static [Claim]>),
) -> Vec<Claim> {
    let key = format!("{at}.claims");
    let told = table.and_then(|table| table.get("claims"));
    let Some(named) = told.and_then(|told| texts(told, tree.lines.is_set_by_variable(&key))) else {
        tree.wrong(&key, "is missing, or no list: write [\"facility\"], for example");
        return Vec::new();
    };
    let may = may.unwrap_or(&Claim::ALL);
    let mut claims = Vec::new();
    for text in &named {
        match text.parse::<Claim>().ok().filter(|claim| may.contains(claim)) {
            Some(claim) if claims.contains(&claim) => tree.wrong(&key, format!("`{text}` twice")),
            Some(claim) => claims.push(claim),
            None => {
                let names: Vec<&str> = may.iter().map(|claim| claim.as_str()).collect();
                tree.wrong(
                    &key,
                    format!("`{text}`: a site of this setting has {}", names.join(", ")),
                );
            }
        }
    }
    if named.is_empty() {
        tree.wrong(&key, "is empty: a destination takes at least one claim");
    }
    claims
}
