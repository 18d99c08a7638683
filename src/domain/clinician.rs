//! Who did the work, and who ordered it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person who works for the patient, as a message names them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clinician {
    /// The number as told, right or wrong; empty if none was told.
    pub number: String,
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// What they are.
    pub degree: Degree,
}

/// What a clinician is, as far as billing asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Degree {
    /// A physician (MD or DO).
    Physician,
    /// A nurse practitioner.
    NursePractitioner,
    /// A physician assistant.
    PhysicianAssistant,
    /// Anyone else: therapist, physicist, dosimetrist, resident.
    Other,
    /// Nothing was told.
    Untold,
}

/// A National Provider Identifier whose check digit is right.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Npi(String);

impl Clinician {
    /// The identifier, if the number told is one.
    pub fn npi(&self) -> Option<Npi> {
        Npi::parse(&self.number)
    }

    /// Whether they are a physician.
    pub fn is_physician(&self) -> bool {
        self.degree == Degree::Physician
    }
}

impl Degree {
    /// Reads the degree of a name, `MD`, `M.D.`, `NP`, …; dots and case are spelling.
    pub fn parse(text: &str) -> Degree {
        let plain: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        match plain.to_ascii_uppercase().as_str() {
            "MD" | "DO" => Degree::Physician,
            "NP" | "APRN" | "ARNP" | "CRNP" | "FNP" => Degree::NursePractitioner,
            "PA" | "PAC" => Degree::PhysicianAssistant,
            "" => Degree::Untold,
            _ => Degree::Other,
        }
    }
}

impl Npi {
    /// Ten digits whose last is the Luhn check digit over `80840` and the first nine
    /// (45 CFR 162.406).
    pub fn parse(text: &str) -> Option<Npi> {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
        if text.len() != 10 || digits.len() != 10 {
            return None;
        }
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit })
            .sum();
        ((sum + PREFIX_SUM).is_multiple_of(10)).then(|| Npi(text.to_owned()))
    }
}

/// What the prefix `80840` adds to the sum.
const PREFIX_SUM: u32 = 24;

fn doubled(digit: u32) -> u32 {
    let twice = digit * 2;
    if twice > 9 { twice - 9 } else { twice }
}

impl fmt::Display for Npi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Npi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Clinician {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clinician({:?})", self.degree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn an_npi_is_told_by_its_check_digit() {
        for row in rows(
            "
            | number      | is an npi |
            | 1234567893  | yes       |
            | 1999000650  | yes       |
            | 1999000114  | yes       |
            | 1999000516  | no        |
            | 1234567890  | no        |
            | 123456789   | no        |
            | 12345678931 | no        |
            | 12345 7893  | no        |
            ",
        ) {
            let is = Npi::parse(&row["number"]).is_some();
            assert_eq!(is, row["is an npi"] == "yes", "{row}");
        }
    }
}
