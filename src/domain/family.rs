//! The kind of work a code stands for. Codes change every January; families do not.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! families {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kind of work a code stands for; rules speak of families, never of codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Family {
            $($(#[$doc])* $name,)*
        }

        impl Family {
            /// Every family.
            pub const ALL: &[Family] = &[$(Family::$name,)*];

            /// As written in `mappings/codes.csv`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Family::$name => $text,)*
                }
            }
        }
    };
}

families! {
    /// A visit in the office or clinic.
    OfficeVisit = "office-visit",
    /// A visit on the ward.
    WardVisit = "ward-visit",
    /// A consultation by request of a colleague.
    Consultation = "consultation",
    /// The hospital's side of a clinic visit.
    ClinicVisit = "clinic-visit",
    /// Added to a visit.
    VisitAddition = "visit-addition",
    /// The physician's planning work.
    Planning = "planning",
    /// Position, images and marks.
    Simulation = "simulation",
    /// The same with PET for PET-steered treatment.
    PetSimulation = "pet-simulation",
    /// Breathing motion over time; added to a plan.
    MotionStudy = "motion-study",
    /// Planning and set-up of surface treatment in one.
    SurfacePlanning = "surface-planning",
    /// An aid or a shaped field.
    Device = "device",
    /// The leaf patterns of an intensity-modulated plan.
    LeafPatterns = "leaf-patterns",
    /// A plan by isodoses.
    IsodosePlan = "isodose-plan",
    /// A plan by volumes.
    VolumePlan = "volume-plan",
    /// An intensity-modulated plan.
    ModulatedPlan = "modulated-plan",
    /// A plan of sources.
    BrachyPlan = "brachy-plan",
    /// A plan of a special field.
    PortPlan = "port-plan",
    /// A dose worked out.
    Calculation = "calculation",
    /// A dose measured on the patient.
    Measurement = "measurement",
    /// The physicist's check of every five fractions.
    PhysicsCheck = "physics-check",
    /// The physicist's answer to a written question.
    PhysicsConsult = "physics-consult",
    /// The physician's review of guidance images.
    GuidanceReview = "guidance-review",
    /// Images of the field with the treatment beam.
    PortalImage = "portal-image",
    /// Ultrasound of the lesion for surface treatment.
    SurfaceUltrasound = "surface-ultrasound",
    /// Ultrasound for or during an implant.
    BrachyImaging = "brachy-imaging",
    /// A conventional fraction of photons or electrons.
    Beam = "beam",
    /// A fraction of protons.
    Proton = "proton",
    /// A fraction of neutrons.
    Neutron = "neutron",
    /// A stereotactic fraction of a course of up to five.
    Stereotactic = "stereotactic",
    /// Radiosurgery of the head in one session.
    Radiosurgery = "radiosurgery",
    /// A fraction of surface x-rays.
    Surface = "surface",
    /// Treatment during an operation.
    Intraoperative = "intraoperative",
    /// A fraction at high dose rate.
    HighDoseRate = "high-dose-rate",
    /// A fraction of electronic brachytherapy, which needs no source.
    ElectronicBrachytherapy = "electronic-brachytherapy",
    /// An application at low dose rate.
    LowDoseRate = "low-dose-rate",
    /// A radioactive liquid instilled.
    Instillation = "instillation",
    /// Hyperthermia.
    Hyperthermia = "hyperthermia",
    /// A radiopharmaceutical given.
    Radiopharmaceutical = "radiopharmaceutical",
    /// The drug itself.
    Drug = "drug",
    /// A source left in or used up.
    Source = "source",
    /// Sources prepared and loaded.
    SourceHandling = "source-handling",
    /// Applicators put in place.
    Insertion = "insertion",
    /// Markers placed.
    MarkerPlacement = "marker-placement",
    /// The marker itself.
    Marker = "marker",
    /// A spacer placed.
    Spacer = "spacer",
    /// Management of five fractions.
    WeeklyManagement = "weekly-management",
    /// Management of a whole course of one or two fractions.
    ShortManagement = "short-management",
    /// Management of radiosurgery in one session.
    RadiosurgeryManagement = "radiosurgery-management",
    /// Management of a stereotactic course.
    StereotacticManagement = "stereotactic-management",
    /// Management of treatment during an operation.
    IntraoperativeManagement = "intraoperative-management",
    /// Extra work around a course.
    SpecialTreatment = "special-treatment",
    /// A service that has no code of its own.
    Unlisted = "unlisted",
}

impl Family {
    /// A fraction or an application: the beam or the source was on.
    pub fn is_delivery(self) -> bool {
        matches!(
            self,
            Family::Beam
                | Family::Proton
                | Family::Neutron
                | Family::Stereotactic
                | Family::Radiosurgery
                | Family::Surface
                | Family::Intraoperative
                | Family::HighDoseRate
                | Family::ElectronicBrachytherapy
                | Family::LowDoseRate
                | Family::Instillation
        )
    }

    /// A plan, finished and approved.
    pub fn is_plan(self) -> bool {
        matches!(
            self,
            Family::IsodosePlan
                | Family::VolumePlan
                | Family::ModulatedPlan
                | Family::BrachyPlan
                | Family::PortPlan
                | Family::SurfacePlanning
        )
    }

    /// Management that fractions and documents earn; a source never sends it.
    pub fn is_management(self) -> bool {
        matches!(
            self,
            Family::WeeklyManagement
                | Family::ShortManagement
                | Family::RadiosurgeryManagement
                | Family::StereotacticManagement
                | Family::IntraoperativeManagement
        )
    }

    /// A visit whose level the physician chose.
    pub fn is_visit(self) -> bool {
        matches!(self, Family::OfficeVisit | Family::WardVisit | Family::Consultation)
    }
}

impl FromStr for Family {
    type Err = ();

    fn from_str(text: &str) -> Result<Family, ()> {
        Family::ALL.iter().copied().find(|family| family.as_str() == text).ok_or(())
    }
}
