//! Codes of procedures, modifiers and diagnoses: shapes only. What a code means, and when it
//! may be billed, is for the tables to say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A procedure code: five characters, of the shape `99999`, `9999A` or `A9999`.
///
/// The type promises the shape and no more. Whether a code may be billed on a given day
/// is for the code table to say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProcedureCode([u8; 5]);

/// The text does not have the shape of what it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` does not have the shape of {expected}")]
pub struct NotACode {
    text: String,
    expected: &'static str,
}

impl NotACode {
    fn new(text: &str, expected: &'static str) -> NotACode {
        NotACode { text: text.chars().take(40).collect(), expected }
    }
}

impl ProcedureCode {
    /// The five characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("?????")
    }
}

impl FromStr for ProcedureCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotACode::new(text, "a procedure code, such as 99999, 9999A or A9999");
        let shape: [u8; 5] = text.as_bytes().try_into().map_err(|_| refuse())?;
        let [first, middle @ .., last] = shape;
        let letters = [first, last].iter().filter(|c| c.is_ascii_uppercase()).count();
        let ends_are_sound =
            [first, last].iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        if ends_are_sound && letters <= 1 && middle.iter().all(u8::is_ascii_digit) {
            Ok(ProcedureCode(shape))
        } else {
            Err(refuse())
        }
    }
}

impl TryFrom<String> for ProcedureCode {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ProcedureCode> for String {
    fn from(code: ProcedureCode) -> String {
        code.as_str().to_owned()
    }
}

impl fmt::Display for ProcedureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ProcedureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A modifier: two characters that say something further about a billed code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Modifier([u8; 2]);

impl Modifier {
    /// The physician's share.
    pub const PROFESSIONAL: Modifier = Modifier(*b"26");
    /// The share of equipment, staff and room.
    pub const TECHNICAL: Modifier = Modifier(*b"TC");
    /// A visit of its own on the day of another service.
    pub const SEPARATE_VISIT: Modifier = Modifier(*b"25");
    /// The same service again on the same day, by the same physician.
    pub const REPEAT: Modifier = Modifier(*b"76");
    /// The same service again on the same day, by another physician.
    pub const REPEAT_BY_OTHER: Modifier = Modifier(*b"77");
    /// Of a department off the campus that is paid as before (excepted).
    pub const OFF_CAMPUS_EXCEPTED: Modifier = Modifier(*b"PO");
    /// Of a department off the campus that is not excepted.
    pub const OFF_CAMPUS: Modifier = Modifier(*b"PN");
    /// A visit shared by a physician and a nurse practitioner or physician assistant.
    pub const SHARED_VISIT: Modifier = Modifier(*b"FS");
    /// Done in part by a resident, under a teaching physician.
    pub const RESIDENT: Modifier = Modifier(*b"GC");
    /// By a substitute whom the regular physician pays back in kind.
    pub const SUBSTITUTE: Modifier = Modifier(*b"Q5");
    /// By a substitute who is paid by time (locum tenens).
    pub const LOCUM: Modifier = Modifier(*b"Q6");
    /// Several procedures in one operation; not used on radiation codes.
    pub const SEVERAL_PROCEDURES: Modifier = Modifier(*b"51");
    /// A visit that has nothing to do with the procedure whose follow-up time runs.
    pub const UNRELATED: Modifier = Modifier(*b"24");

    /// The two characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Says that two services of one day were distinct (`59` and the four that refine it).
    pub fn is_distinct_service(self) -> bool {
        [*b"59", *b"XE", *b"XS", *b"XP", *b"XU"].contains(&self.0)
    }
}

impl FromStr for Modifier {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotACode::new(text, "a modifier, two letters or digits");
        let shape: [u8; 2] = text.as_bytes().try_into().map_err(|_| refuse())?;
        let shape = shape.map(|byte| byte.to_ascii_uppercase());
        shape.iter().all(u8::is_ascii_alphanumeric).then_some(Modifier(shape)).ok_or_else(refuse)
    }
}

impl TryFrom<String> for Modifier {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Modifier> for String {
    fn from(modifier: Modifier) -> String {
        modifier.as_str().to_owned()
    }
}

impl fmt::Display for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A diagnosis of ICD-10-CM in its canonical spelling: capitals, a dot after the third
/// character. The dot and the case are spelling only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Diagnosis {
    /// The characters, and zeros behind them.
    text: [u8; DIAGNOSIS_BYTES_MAX],
}

/// Three characters, a dot, and four more.
const DIAGNOSIS_BYTES_MAX: usize = 8;

impl Diagnosis {
    /// With its dot.
    pub fn as_str(&self) -> &str {
        let length = self.text.iter().position(|byte| *byte == 0).unwrap_or(self.text.len());
        std::str::from_utf8(&self.text[..length]).unwrap_or("???")
    }

    /// The first three characters: the kind of disease.
    pub fn category(&self) -> &str {
        std::str::from_utf8(&self.text[..3]).unwrap_or("???")
    }

    /// Without its dot, and zeros behind.
    pub(crate) fn bare(&self) -> [u8; DIAGNOSIS_BYTES_MAX] {
        let mut bare = [0; DIAGNOSIS_BYTES_MAX];
        bare[..3].copy_from_slice(&self.text[..3]);
        bare[3..7].copy_from_slice(&self.text[4..]);
        bare
    }
}

impl FromStr for Diagnosis {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || NotACode::new(text, "a diagnosis code");
        let signs = text.trim().bytes().filter(|sign| *sign != b'.');
        let mut bare = [0_u8; DIAGNOSIS_BYTES_MAX];
        let mut length = 0;
        for sign in signs {
            *bare.get_mut(length).ok_or_else(refuse)? = sign.to_ascii_uppercase();
            length += 1;
        }
        let sound = (3..=7).contains(&length)
            && bare[..length].iter().all(u8::is_ascii_alphanumeric)
            && bare[0].is_ascii_uppercase()
            && bare[1].is_ascii_digit();
        if !sound {
            return Err(refuse());
        }
        let mut spelled = [0; DIAGNOSIS_BYTES_MAX];
        spelled[..3].copy_from_slice(&bare[..3]);
        if length > 3 {
            spelled[3] = b'.';
            spelled[4..=length].copy_from_slice(&bare[3..length]);
        }
        Ok(Diagnosis { text: spelled })
    }
}

impl TryFrom<String> for Diagnosis {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Diagnosis> for String {
    fn from(diagnosis: Diagnosis) -> String {
        diagnosis.as_str().to_owned()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹phi›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn a_procedure_code_has_one_of_three_shapes() {
        for row in rows(
            "
            | text   | is a code |
            | 99999  | yes       |
            | 9999A  | yes       |
            | A9999  | yes       |
            | A999A  | no        |
            | 9999   | no        |
            | 99999A | no        |
            | 9A999  | no        |
            | a9999  | no        |
            | 9999é  | no        |
            ",
        ) {
            let read = row["text"].parse::<ProcedureCode>();
            assert_eq!(read.is_ok(), row["is a code"] == "yes", "{row}");
            if let Ok(code) = read {
                assert_eq!(code.to_string(), row["text"], "{row}");
            }
        }
    }

    #[test]
    fn the_dot_and_the_case_of_a_diagnosis_are_spelling() {
        for row in rows(
            "
            | text    | reads   |
            | C79.51  | C79.51  |
            | C7951   | C79.51  |
            | c79.51  | C79.51  |
            | Z510    | Z51.0   |
            | C61     | C61     |
            | C6      | -       |
            | 162.9   | -       |
            | hello   | -       |
            ",
        ) {
            let read = row["text"].parse::<Diagnosis>();
            assert_eq!(read.map_or("-".into(), |d| d.to_string()), row["reads"], "{row}");
        }
    }
}
