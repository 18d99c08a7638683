//! The site that bills: what the rules must know of it.

use std::str::FromStr;

use super::{PatientClass, Setting};

/// What rules and tables must know of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// How it bills.
    pub setting: Setting,
    /// The payer, where nobody names one.
    pub payer: String,
    /// Who owns what in a freestanding center.
    pub entities: Entities,
    /// Where it lies, seen from the hospital.
    pub campus: Campus,
    /// Departments that differ from the rest; none if all are alike.
    pub departments: Vec<Department>,
}

/// Whether a freestanding center and its physicians bill as one (COMP-02, COMP-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entities {
    /// One entity bills everything on one global claim.
    One,
    /// The center bills the technical share, the physicians' group the professional one.
    Apart,
}

/// Where a hospital's department lies, and how that is paid (COMP-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Campus {
    /// On the campus: no modifier, place of service 22.
    On,
    /// Off the campus and excepted: modifier PO, place of service 19.
    OffExcepted,
    /// Off the campus and not excepted: modifier PN, place of service 19.
    OffNotExcepted,
}

/// One department, by the code that messages name (FT1-13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Its code.
    pub code: String,
    /// Where it lies.
    pub campus: Campus,
    /// Its place of service, where that does not follow from the rest.
    pub place_of_service: Option<String>,
}

impl Site {
    /// A site without departments of its own kind: on the campus, one entity.
    pub fn plain(setting: Setting, payer: &str) -> Site {
        Site {
            setting,
            payer: payer.to_owned(),
            entities: Entities::One,
            campus: Campus::On,
            departments: Vec::new(),
        }
    }

    /// Where the department of a line lies; `None` if the settings list departments and this one
    /// is not among them.
    pub fn campus_of(&self, department: Option<&str>) -> Option<Campus> {
        match department.filter(|_| !self.departments.is_empty()) {
            None => Some(self.campus),
            Some(code) => self.department(code).map(|department| department.campus),
        }
    }

    /// The place of service (two digits, CMS place-of-service code set) of work of a department.
    pub fn place_of_service(&self, class: PatientClass, department: Option<&str>) -> &str {
        let told = department.and_then(|code| self.department(code));
        let told = told.and_then(|department| department.place_of_service.as_deref());
        match (told, self.setting, class, self.campus_of(department)) {
            (_, _, PatientClass::Inpatient, _) => "21",
            (Some(told), ..) => told,
            (None, Setting::Freestanding, PatientClass::Outpatient, _) => "11",
            (
                None,
                Setting::Hospital,
                PatientClass::Outpatient,
                Some(Campus::OffExcepted | Campus::OffNotExcepted),
            ) => "19",
            (None, Setting::Hospital, PatientClass::Outpatient, Some(Campus::On) | None) => "22",
        }
    }

    fn department(&self, code: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.code == code)
    }
}

impl FromStr for Entities {
    type Err = ();

    fn from_str(text: &str) -> Result<Entities, ()> {
        match text {
            "one" => Ok(Entities::One),
            "apart" => Ok(Entities::Apart),
            _ => Err(()),
        }
    }
}

impl FromStr for Campus {
    type Err = ();

    fn from_str(text: &str) -> Result<Campus, ()> {
        match text {
            "on" => Ok(Campus::On),
            "off-excepted" => Ok(Campus::OffExcepted),
            "off-not-excepted" => Ok(Campus::OffNotExcepted),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn the_place_of_service_follows_setting_ward_and_campus() {
        for row in rows(
            "
            | setting      | campus           | department | class | place | known |
            | hospital     | on               |            | O     | 22    | yes   |
            | hospital     | on               | WEST       | O     | 19    | yes   |
            | hospital     | on               | NORTH      | O     | 24    | yes   |
            | hospital     | on               | EAST       | O     | 22    | no    |
            | hospital     | off-excepted     |            | O     | 19    | yes   |
            | hospital     | off-not-excepted |            | O     | 19    | yes   |
            | hospital     | off-not-excepted |            | I     | 21    | yes   |
            | freestanding | on               |            | O     | 11    | yes   |
            | freestanding | on               |            | I     | 21    | yes   |
            ",
        ) {
            let department = |code: &str, place: Option<&str>| Department {
                code: code.to_owned(),
                campus: Campus::OffExcepted,
                place_of_service: place.map(str::to_owned),
            };
            let site = Site {
                campus: row["campus"].parse().unwrap(),
                departments: vec![department("WEST", None), department("NORTH", Some("24"))],
                ..Site::plain(row["setting"].parse().unwrap(), "medicare")
            };
            let class = match row["class"].as_str() {
                "I" => PatientClass::Inpatient,
                _ => PatientClass::Outpatient,
            };
            let department = Some(row["department"].as_str()).filter(|code| !code.is_empty());
            assert_eq!(site.place_of_service(class, department), row["place"], "{row}");
            assert_eq!(site.campus_of(department).is_some(), row["known"] == "yes", "{row}");
        }
    }
}
