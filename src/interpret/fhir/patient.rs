//! Patient: who a person is, and whose numbers are whose.

use crate::domain::{Identifier, Link, Phi, Registration};
use crate::wire::json::Node;

use super::node;
use super::opened::{Desk, Opened};
use super::{Note, Told, note, person};

/// A medical record number, and a billing account (table 0203).
const MEDICAL_RECORD: &str = "MR";
const ACCOUNT: &str = "AN";

impl Desk<'_> {
    /// Takes in who a person is.
    pub(super) fn registered(&self, now: &Opened, before: Option<&Opened>, told: &mut Told) {
        if now.is_gone() {
            told.notes.push(note(now, "", "deleted at the source; what was done stays"));
            return;
        }
        let Some(who) = self.number_of(&now.body) else {
            told.notes.push(unnumbered(now));
            return;
        };
        let registration = self.registration(&now.body);
        person(told, &who).registration = registration;
        if let Some(old) = before.and_then(|it| self.number_of(&it.body)).filter(|it| *it != who) {
            told.links.push(Link::Merge { survivor: who.clone(), old });
        }
        for link in now.body.list("link") {
            let other = link.get("other").and_then(|other| self.patient(now, other));
            let merge = match (link.text_of("type"), other) {
                (Some("replaced-by"), Some(survivor)) => (survivor, who.clone()),
                (Some("replaces"), Some(old)) => (who.clone(), old),
                (_, _) => continue,
            };
            told.links.push(Link::Merge { survivor: merge.0, old: merge.1 });
        }
    }

    /// The number that counts: that of the site's system, else one that says it is a medical
    /// record number, else the first of any other system.
    pub(super) fn number_of(&self, body: &Node) -> Option<Identifier> {
        let profile = &self.reading.profile.identifiers;
        if let Some(number) = node::valued(body, &profile.mrn) {
            let (authority, number) = (profile.mrn_authority.clone(), number.to_owned());
            return Some(Identifier { authority, number });
        }
        let listed = body.list("identifier");
        let is_record = |one: &&Node| node::has_code(one.get("type"), MEDICAL_RECORD);
        let is_other = |one: &&Node| one.text_of("system") != Some(&profile.account);
        let one = listed.iter().find(is_record).or_else(|| listed.iter().find(is_other))?;
        let (authority, number) = node::identifier(one)?;
        Some(Identifier { authority: authority.to_owned(), number: number.to_owned() })
    }

    fn registration(&self, body: &Node) -> Registration {
        let account = node::valued(body, &self.reading.profile.identifiers.account);
        let typed = |one: &&Node| node::has_code(one.get("type"), ACCOUNT);
        let by_type = || body.list("identifier").iter().find(typed).and_then(node::identifier);
        let account = account.or_else(|| by_type().map(|(_, value)| value));
        let birth_date = body.text_of("birthDate");
        Registration {
            name: name(body),
            birth_date: birth_date
                .map(|text| Phi::new(text.chars().filter(char::is_ascii_digit).collect())),
            sex: body.text_of("gender").and_then(sex).map(str::to_owned),
            account: account.map(str::to_owned),
            payer: None,
            registered: true,
        }
    }
}

fn unnumbered(one: &Opened) -> Note {
    note(one, "identifier", "the patient has no number; nothing can be billed for them")
}

/// Family name, then the given ones: the usual or official name, else the first.
fn name(body: &Node) -> Option<Phi<Vec<String>>> {
    let names = body.list("name");
    let usual = |one: &&Node| matches!(one.text_of("use"), Some("usual" | "official"));
    let name = names.iter().find(usual).or_else(|| names.first())?;
    let given = name.list("given").iter().filter_map(Node::text).map(str::to_owned);
    let parts = name.text_of("family").map(str::to_owned).into_iter().chain(given);
    Some(Phi::new(parts.collect()))
}

/// As HL7 v2 spells it (table 0001).
fn sex(gender: &str) -> Option<&'static str> {
    match gender {
        "female" => Some("F"),
        "male" => Some("M"),
        "other" => Some("O"),
        "unknown" => Some("U"),
        _ => None,
    }
}
