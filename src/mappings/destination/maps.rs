//! What a receiver calls things that the source calls otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Values by value, field by field. What a map does not have stays as it is, unless it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Maps {
    /// Departments (FT1-13).
    pub department: BTreeMap<String, String>,
    /// Locations (FT1-16, PV1-3), with their `^`.
    pub location: BTreeMap<String, String>,
    /// Physicians (FT1-20, FT1-21), by the number that the source tells.
    pub physician: BTreeMap<String, String>,
    /// Revenue codes.
    pub revenue: BTreeMap<String, String>,
    /// Charge numbers for FT1-7, by code or by code and modifier (`CODE-26`).
    pub charge: BTreeMap<String, String>,
    /// The maps that must have every value: a line with another is held.
    pub closed: Vec<Map>,
}

/// Which map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Map {
    /// Of departments.
    Department,
    /// Of locations.
    Location,
    /// Of physicians.
    Physician,
    /// Of revenue codes.
    Revenue,
    /// Of charge numbers.
    Charge,
}

impl Map {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Map::Department => "department",
            Map::Location => "location",
            Map::Physician => "physician",
            Map::Revenue => "revenue",
            Map::Charge => "charge",
        }
    }
}

impl Maps {
    /// What the receiver calls a value.
    pub fn of<'a>(&'a self, map: Map, value: &'a str) -> &'a str {
        self.table(map).get(value).map_or(value, String::as_str)
    }

    /// Whether a closed map lacks a value. Nothing told is no value.
    pub fn lacks(&self, map: Map, value: &str) -> bool {
        !value.is_empty() && self.closed.contains(&map) && !self.table(map).contains_key(value)
    }

    pub(super) fn table(&self, map: Map) -> &BTreeMap<String, String> {
        match map {
            Map::Department => &self.department,
            Map::Location => &self.location,
            Map::Physician => &self.physician,
            Map::Revenue => &self.revenue,
            Map::Charge => &self.charge,
        }
    }

    pub(super) fn problem(&self) -> Option<String> {
        let empty = self.closed.iter().find(|map| self.table(**map).is_empty())?;
        Some(format!("maps.closed names {}, and that map is empty", empty.as_str()))
    }
}
