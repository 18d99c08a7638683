//! What each activity means: by the dictionary of its source, or by the code it chose.

use std::sync::Arc;

use crate::domain::{Activity, Attributes, Family, Kind, Meaning, ProcedureCode, Step};
use crate::mappings::{Found, Tables};

/// The activity with its meaning.
pub(super) fn step(activity: Arc<Activity>, number_is_shared: bool, tables: &Tables) -> Step {
    let told = tables.meaning(&activity.profile, &activity.key.name, activity.done.date);
    let (meaning, as_coded) = match told {
        Some(meaning) if meaning.kind != Kind::AsCoded => (Some(Arc::clone(meaning)), None),
        Some(meaning) => by_code(&activity, Some(meaning), tables),
        None if tables.names_may_be_codes(&activity.profile) => by_code(&activity, None, tables),
        None => (None, None),
    };
    Step { activity, meaning, as_coded, session: None, number_is_shared }
}

/// The meaning of work that is known by its code. The kind follows the code's family, so that
/// every rule sees the work whichever way it was told.
fn by_code(
    activity: &Activity,
    told: Option<&Arc<Meaning>>,
    tables: &Tables,
) -> (Option<Arc<Meaning>>, Option<ProcedureCode>) {
    let Some(code) = activity.chosen.or_else(|| activity.key.name.parse().ok()) else {
        return (told.map(Arc::clone), None);
    };
    let family = match tables.code(code, activity.done.date) {
        Found::InForce(row) | Found::NotInForce(row) => row.family,
        Found::Unknown => return (told.map(Arc::clone), Some(code)),
    };
    let attributes = Attributes::new(
        attributes(family).iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    );
    let meaning = Meaning { kind: kind(family), attributes: attributes.unwrap_or_default() };
    (Some(Arc::new(meaning)), Some(code))
}

/// The kind of work that a family of codes stands for.
fn kind(family: Family) -> Kind {
    match family {
        Family::OfficeVisit | Family::WardVisit | Family::Consultation => Kind::Visit,
        Family::VisitAddition => Kind::VisitAddition,
        Family::Planning => Kind::PlanningNote,
        Family::Simulation | Family::PetSimulation => Kind::Simulation,
        Family::MotionStudy => Kind::MotionStudy,
        Family::Device | Family::LeafPatterns => Kind::Device,
        Family::IsodosePlan
        | Family::VolumePlan
        | Family::ModulatedPlan
        | Family::BrachyPlan
        | Family::PortPlan
        | Family::SurfacePlanning => Kind::Plan,
        Family::Calculation => Kind::Calculation,
        Family::Measurement => Kind::Measurement,
        Family::PhysicsCheck => Kind::PhysicsCheck,
        Family::PhysicsConsult => Kind::PhysicsConsult,
        Family::GuidanceReview => Kind::Guidance,
        Family::PortalImage => Kind::PortalImage,
        Family::SurfaceUltrasound => Kind::SurfaceUltrasound,
        Family::BrachyImaging => Kind::BrachyImaging,
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
        | Family::Instillation => Kind::Treatment,
        Family::Hyperthermia => Kind::Hyperthermia,
        Family::Radiopharmaceutical => Kind::Radiopharmaceutical,
        Family::Drug => Kind::Drug,
        Family::Source => Kind::Source,
        Family::SourceHandling => Kind::SourceHandling,
        Family::Insertion => Kind::Insertion,
        Family::MarkerPlacement => Kind::MarkerPlacement,
        Family::Marker => Kind::Marker,
        Family::Spacer => Kind::SpacerPlacement,
        Family::WeeklyManagement
        | Family::ShortManagement
        | Family::RadiosurgeryManagement
        | Family::StereotacticManagement
        | Family::IntraoperativeManagement => Kind::Management,
        Family::SpecialTreatment => Kind::SpecialTreatment,
        Family::Unlisted => Kind::Unlisted,
        Family::ClinicVisit => Kind::AsCoded,
    }
}

/// What a code's family alone tells of the work.
fn attributes(family: Family) -> &'static [(&'static str, &'static str)] {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most families tell nothing further")]
    match family {
        Family::OfficeVisit | Family::Consultation => &[("place", "clinic")],
        Family::WardVisit => &[("place", "ward")],
        Family::LeafPatterns => &[("pattern", "imrt-leaves")],
        Family::Stereotactic => &[("technique", "stereotactic"), ("fractions", "1-5")],
        Family::Radiosurgery => &[("technique", "stereotactic"), ("fractions", "1")],
        Family::Surface => &[("technique", "surface"), ("beam", "x-ray")],
        Family::Intraoperative => &[("technique", "intraoperative")],
        Family::HighDoseRate => &[("beam", "brachy"), ("rate", "high")],
        Family::ElectronicBrachytherapy => &[("beam", "brachy"), ("rate", "electronic")],
        Family::LowDoseRate => &[("beam", "brachy"), ("rate", "low")],
        Family::Instillation => {
            &[("beam", "brachy"), ("rate", "low"), ("placement", "instillation")]
        }
        Family::Proton => &[("beam", "proton")],
        Family::Neutron => &[("beam", "neutron")],
        Family::Beam => &[("beam", "photon")],
        _ => &[],
    }
}
