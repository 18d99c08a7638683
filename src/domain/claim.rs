//! Which claim a line goes on, and which step of the care it bills.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the site bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// An outpatient department: facility and professional claims part.
    Hospital,
    /// One entity owns all: one global claim.
    Freestanding,
}

/// The claim a line goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// The hospital's: rooms, equipment, staff.
    Facility,
    /// Physician and technical shares on one claim.
    Global,
    /// The physician's.
    Professional,
}

/// Whose share of the work a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Component {
    /// Has both shares, which can be billed apart.
    Split,
    /// Equipment, staff and room only.
    TechnicalOnly,
    /// The physician's work only.
    ProfessionalOnly,
    /// Stands unmodified on each claim (visits: on the physician's alone).
    Global,
}

/// One step of the radiation-oncology process of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CareStep {
    /// Deciding whether and how to treat.
    Evaluation,
    /// The physician's thinking work.
    TreatmentPlanning,
    /// Position, images and marks.
    Simulation,
    /// Plan, doses and devices.
    Dosimetry,
    /// Where the target is, before and during a fraction.
    Verification,
    /// The beam or the source was on.
    TreatmentDelivery,
    /// The physicist's checks and answers.
    Physics,
    /// The physician's care during a course.
    TreatmentManagement,
}

/// A revenue code of the facility claim: four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revenue([u8; 4]);

impl Claim {
    /// Every claim.
    pub const ALL: [Claim; 3] = [Claim::Facility, Claim::Global, Claim::Professional];

    /// As written in settings and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Claim::Facility => "facility",
            Claim::Global => "global",
            Claim::Professional => "professional",
        }
    }
}

impl FromStr for Claim {
    type Err = ();

    fn from_str(text: &str) -> Result<Claim, ()> {
        Claim::ALL.into_iter().find(|claim| claim.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Setting {
    /// As written in settings and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Setting::Hospital => "hospital",
            Setting::Freestanding => "freestanding",
        }
    }
}

impl FromStr for Setting {
    type Err = ();

    fn from_str(text: &str) -> Result<Setting, ()> {
        [Setting::Hospital, Setting::Freestanding]
            .into_iter()
            .find(|setting| setting.as_str() == text)
            .ok_or(())
    }
}

impl FromStr for Component {
    type Err = ();

    fn from_str(text: &str) -> Result<Component, ()> {
        match text {
            "split" => Ok(Component::Split),
            "technical_only" => Ok(Component::TechnicalOnly),
            "professional_only" => Ok(Component::ProfessionalOnly),
            "global" => Ok(Component::Global),
            _ => Err(()),
        }
    }
}

impl CareStep {
    /// The seven steps, the last in its two halves, in the order of a course.
    pub const ALL: [CareStep; 8] = [
        CareStep::Evaluation,
        CareStep::TreatmentPlanning,
        CareStep::Simulation,
        CareStep::Dosimetry,
        CareStep::Verification,
        CareStep::TreatmentDelivery,
        CareStep::Physics,
        CareStep::TreatmentManagement,
    ];

    /// As written in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            CareStep::Evaluation => "evaluation",
            CareStep::TreatmentPlanning => "treatment_planning",
            CareStep::Simulation => "simulation",
            CareStep::Dosimetry => "dosimetry",
            CareStep::Verification => "verification",
            CareStep::TreatmentDelivery => "treatment_delivery",
            CareStep::Physics => "physics",
            CareStep::TreatmentManagement => "treatment_management",
        }
    }
}

impl FromStr for CareStep {
    type Err = ();

    fn from_str(text: &str) -> Result<CareStep, ()> {
        CareStep::ALL.into_iter().find(|step| step.as_str() == text).ok_or(())
    }
}

impl fmt::Display for CareStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Revenue {
    /// The four digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("????")
    }
}

impl FromStr for Revenue {
    type Err = ();

    fn from_str(text: &str) -> Result<Revenue, ()> {
        let digits: [u8; 4] = text.as_bytes().try_into().map_err(|_| ())?;
        digits.iter().all(u8::is_ascii_digit).then_some(Revenue(digits)).ok_or(())
    }
}
