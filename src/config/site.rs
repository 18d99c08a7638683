//! The table `[site]`: who bills, by which calendar, and where its departments lie.

use std::str::FromStr;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::tree::Tree;
use super::{Site, keys};
use crate::domain::{self, Campus, Department, Entities, Setting};

/// What each word of a list means to a person who misspelled it.
const SETTINGS: &str = "\"hospital\" or \"freestanding\"";
const ENTITIES: &str = "\"one\" or \"apart\"";
const CAMPUS: &str = "\"on\", \"off-excepted\" (PO) or \"off-not-excepted\" (PN)";

/// Reads the table of the site.
pub(super) fn site(tree: &mut Tree<'_>, value: Option<&Value>) -> Option<Site> {
    value?;
    let table = tree.table(value, "site", &keys::of_table("site"));
    let name = tree.text(table, "site", "name");
    let zone = tree.text(table, "site", "time_zone").and_then(|zone| {
        let known = TimeZone::get(&zone).ok();
        if known.is_none() {
            let text = format!("`{zone}` is no time zone: write one such as America/New_York");
            tree.wrong("site.time_zone", text);
        }
        known
    });
    let setting = tree
        .text(table, "site", "setting")
        .and_then(|text| word::<Setting>(tree, "site.setting", (&text, SETTINGS)));
    let payer = tree.text_or(table, "site", ("payer", "medicare"));
    let entities = word_or(tree, table, ("site", "entities", "one", ENTITIES));
    let campus = word_or(tree, table, ("site", "campus", "on", CAMPUS));
    if setting == Some(Setting::Hospital) && entities == Some(Entities::Apart) {
        tree.wrong("site.entities", "is for a freestanding center: a hospital's claims are apart");
    }
    if setting == Some(Setting::Freestanding) && campus.is_some_and(|it| it != Campus::On) {
        tree.wrong("site.campus", "is for a hospital: a freestanding center has no campus");
    }
    let departments = departments(tree, table.and_then(|table| table.get("department")), campus);
    let billing = domain::Site {
        setting: setting?,
        payer: payer?,
        entities: entities?,
        campus: campus?,
        departments,
    };
    Some(Site { name: name?, time_zone: zone?, billing })
}

fn departments(
    tree: &mut Tree<'_>,
    value: Option<&Value>,
    campus: Option<Campus>,
) -> Vec<Department> {
    let mut departments: Vec<Department> = Vec::new();
    for (at, one) in tree.list(value, "site.department") {
        let table = tree.table(Some(one), &at, &keys::of_table("site.department"));
        let code = tree.text(table, &at, "code");
        let told = table.is_some_and(|table| table.contains_key("campus"));
        let campus =
            if told { word_or(tree, table, (&at, "campus", "on", CAMPUS)) } else { campus };
        let place = table.is_some_and(|table| table.contains_key("place_of_service"));
        let place = if place { tree.text(table, &at, "place_of_service") } else { None };
        if place.as_ref().is_some_and(|place| !is_place(place)) {
            tree.wrong(&format!("{at}.place_of_service"), "is no place: write two digits");
        }
        if code.as_ref().is_some_and(|code| departments.iter().any(|it| it.code == *code)) {
            tree.wrong(&format!("{at}.code"), "is listed twice");
        }
        if let (Some(code), Some(campus)) = (code, campus) {
            departments.push(Department { code, campus, place_of_service: place });
        }
    }
    departments
}

fn is_place(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn word_or<T: FromStr>(
    tree: &mut Tree<'_>,
    table: Option<&Map<String, Value>>,
    (at, key, default, words): (&str, &str, &str, &str),
) -> Option<T> {
    let text = tree.text_or(table, at, (key, default))?;
    word(tree, &format!("{at}.{key}"), (&text, words))
}

fn word<T: FromStr>(tree: &mut Tree<'_>, key: &str, (text, words): (&str, &str)) -> Option<T> {
    let known = text.parse::<T>().ok();
    if known.is_none() {
        tree.wrong(key, format!("is `{text}`: write {words}"));
    }
    known
}
