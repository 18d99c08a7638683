//! What a name of a source's dictionary means: what happened, never how it is billed.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of thing was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// As written in the dictionary of a source.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// A visit; its level is chosen by who sees the patient.
    Visit = "visit",
    /// Added to a visit of the same day.
    VisitAddition = "visit-addition",
    /// The physician's own planning work.
    PlanningNote = "planning-note",
    /// Position, images, marks.
    Simulation = "simulation",
    /// Breathing motion over time.
    MotionStudy = "motion-study",
    /// An aid or a shaped field.
    Device = "device",
    /// The plan on the day it is finished and approved.
    Plan = "plan",
    /// Doses worked out.
    Calculation = "calculation",
    /// Doses measured.
    Measurement = "measurement",
    /// The beam or the source was on: one fraction.
    Treatment = "treatment",
    /// The position was imaged or watched for one fraction.
    Guidance = "guidance",
    /// The field was imaged with the treatment beam.
    PortalImage = "portal-image",
    /// The lesion was measured for surface treatment.
    SurfaceUltrasound = "surface-ultrasound",
    /// The check of every five fractions.
    PhysicsCheck = "physics-check",
    /// An answer to a written question.
    PhysicsConsult = "physics-consult",
    /// Extra work around a course.
    SpecialTreatment = "special-treatment",
    /// Applicators put in place.
    Insertion = "insertion",
    /// Imaging for or during an implant.
    BrachyImaging = "brachy-imaging",
    /// Sources left in or loaded by hand.
    Source = "source",
    /// Sources prepared and loaded.
    SourceHandling = "source-handling",
    /// Markers put in place.
    MarkerPlacement = "marker-placement",
    /// A marker used.
    Marker = "marker",
    /// A spacer put in place.
    SpacerPlacement = "spacer-placement",
    /// Hyperthermia.
    Hyperthermia = "hyperthermia",
    /// A radiopharmaceutical given.
    Radiopharmaceutical = "radiopharmaceutical",
    /// A drug, counted as its code counts it.
    Drug = "drug",
    /// A service that has no name of its own; a person must look.
    Unlisted = "unlisted",
    /// Management, told by the source itself.
    Management = "management",
    /// The source chose the code.
    AsCoded = "as-coded",
    /// Done, but earns nothing by itself.
    NoCharge = "no-charge",
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Kind, ()> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What an activity's name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What kind of thing was done.
    pub kind: Kind,
    /// Further facts.
    pub attributes: Attributes,
}

/// Facts about an activity, `key=value`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// From pairs; `None` if a key stands twice.
    pub fn new(mut pairs: Vec<(String, String)>) -> Option<Attributes> {
        pairs.sort();
        let twice = pairs.windows(2).any(|two| two[0].0 == two[1].0);
        (!twice).then_some(Attributes(pairs))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether a key has this value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// Every pair, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
