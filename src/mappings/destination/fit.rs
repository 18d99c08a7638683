//! Whether a line fits into what a destination takes: nothing is cut in silence.

use super::hl7::{Hl7Profile, Late};
use super::maps::Map;
use crate::domain::{ChargeLine, Clinician, Modifier, ProcedureCode};

impl Hl7Profile {
    /// What of a line this destination cannot take whole, each in a sentence with its figures.
    pub fn misfits(&self, line: &ChargeLine) -> Vec<String> {
        let mut misfits = Vec::new();
        let mut count = |what: &str, has: usize, most: usize| {
            if has > most {
                misfits.push(format!("its receiver takes {most} {what}, and the line has {has}"));
            }
        };
        count("modifiers", line.modifiers.len(), self.modifiers_max);
        count("diagnoses", line.diagnoses.len(), self.diagnoses_max);
        let revenue = line.revenue.as_ref().map_or("", |revenue| revenue.as_str());
        let told = [
            (Map::Department, line.department.as_deref().unwrap_or_default()),
            (Map::Location, line.location.as_deref().unwrap_or_default()),
            (Map::Physician, number(line.rendering.as_ref())),
            (Map::Physician, number(line.orderer.as_ref())),
            (Map::Revenue, revenue),
        ];
        let lacks = |(map, value): &(Map, &str)| self.maps.lacks(*map, value);
        misfits.extend(told.into_iter().filter(lacks).map(|(map, value)| unknown(map, value)));
        if self.maps.closed.contains(&Map::Charge) && self.charge_number(line).is_none() {
            let code = line.code.as_ref().map_or("", ProcedureCode::as_str);
            misfits.push(unknown(Map::Charge, code));
        }
        misfits
    }

    /// Whether a line is late, by this destination's own measure.
    pub fn is_late(&self, line: &ChargeLine) -> bool {
        self.late_by(line).is_some()
    }

    /// How late a line is that must wait for a person therefore, in a sentence.
    pub fn holds_late(&self, line: &ChargeLine) -> Option<String> {
        let days = self.late_by(line).filter(|_| self.late == Late::Hold)?;
        let most = self.late_days;
        Some(format!("told {days} days after the service; its receiver wants it within {most}"))
    }

    fn late_by(&self, line: &ChargeLine) -> Option<i32> {
        let posted = line.posted.as_ref()?;
        let days = (posted.date - line.day()).get_days();
        (self.late != Late::Send && days > i32::from(self.late_days)).then_some(days)
    }

    /// The charge number of a line: by code and first modifier, else by code.
    pub fn charge_number(&self, line: &ChargeLine) -> Option<&str> {
        let code = line.code.as_ref()?.as_str();
        let with = line.modifiers.first().map(|it: &Modifier| format!("{code}-{}", it.as_str()));
        let numbers = self.maps.table(Map::Charge);
        let of = |key: &str| numbers.get(key).map(String::as_str);
        with.and_then(|key| of(&key)).or_else(|| of(code))
    }
}

fn number(one: Option<&Clinician>) -> &str {
    one.map_or("", |one| &one.number)
}

fn unknown(map: Map, value: &str) -> String {
    format!("its receiver has no word for the {} {value}", map.as_str())
}
