//! The rules, and their list.

mod as_drafted;
mod claims;
mod codes_of_the_day;
mod course_counts;
mod delivery;
mod diagnoses;
mod guidance;
mod modulated;
mod pairs;
mod people;
mod physics;
mod planning;
mod plans;
mod shares;
mod simulation;
mod timing;
mod units;
mod visits;

use super::Rule;

/// Every rule of the house, in the order in which people read them.
pub const RULES: &[&Rule] = &[
    &as_drafted::UNKNOWN_NAME,
    &as_drafted::ACTIVITY,
    &as_drafted::FIELD,
    &as_drafted::UNDATED,
    &as_drafted::NUMBER,
    &as_drafted::CODE,
    &as_drafted::FACT,
    &as_drafted::CREDIT,
    &as_drafted::SENT_MANAGEMENT,
    &as_drafted::LONE_SHARE,
    &claims::ACCOUNT,
    &claims::CAMPUS,
    &timing::AHEAD,
    &timing::LATE,
    &timing::FILING,
    &timing::ADJUSTMENT,
    &codes_of_the_day::IN_FORCE,
    &codes_of_the_day::AUTHORIZED,
    &codes_of_the_day::FACILITY,
    &codes_of_the_day::ROBOTIC,
    &codes_of_the_day::SETTING,
    &codes_of_the_day::UNLISTED,
    &codes_of_the_day::DRUG,
    &shares::GUIDANCE,
    &shares::DELIVERY,
    &shares::ANY,
    &codes_of_the_day::SEPARATE_VISIT,
    &people::ORDERED,
    &people::RENDERED,
    &people::SUPERVISED,
    &people::WHO,
    &diagnoses::ACTIVE,
    &diagnoses::ENCOUNTER_FIRST,
    &diagnoses::DISEASE_FIRST,
    &diagnoses::METASTASIS,
    &diagnoses::NOT_ALONE,
    &diagnoses::SIDE,
    &visits::ON_TREATMENT,
    &visits::FOLLOW_UP,
    &visits::GLOBAL_PERIOD,
    &visits::CONSULTATION,
    &visits::ADDITION,
    &planning::NOTE,
    &planning::SURFACE,
    &planning::ONCE,
    &simulation::NOTE,
    &simulation::AFTER_FIRST_FRACTION,
    &simulation::WAITS,
    &modulated::SERVED,
    &modulated::FIELD_CHECK,
    &modulated::SAME_DAY,
    &modulated::LEAVES_NEED_PLAN,
    &plans::MODULATED,
    &plans::VOLUME,
    &plans::SOURCES,
    &plans::MOTION_STUDY,
    &plans::MOVED,
    &plans::APPROVED,
    &delivery::MOTION,
    &delivery::BREAK,
    &delivery::CODED,
    &delivery::LEVEL,
    &delivery::UNITS,
    &delivery::DAY,
    &course_counts::SIXTH,
    &course_counts::RADIOSURGERY_ONCE,
    &course_counts::STOPPED_EARLY,
    &course_counts::MEGAVOLTAGE,
    &course_counts::FRACTION_NUMBER,
    &course_counts::ENDED,
    &guidance::NO_BEAM,
    &guidance::STEREOTACTIC,
    &guidance::REVIEWED,
    &course_counts::PORTAL,
    &course_counts::SURFACE_ONCE,
    &course_counts::SURFACE_POLICY,
    &physics::ONE_A_DAY,
    &physics::EARNED,
    &physics::REMAINDER,
    &physics::SOURCES_ALONE,
    &physics::CONSULT_PAPERS,
    &physics::CONSULT_ONCE,
    &course_counts::VISIT_IN_BLOCK,
    &course_counts::NARRATIVE,
    &course_counts::WITH_STEREOTACTIC,
    &claims::INPATIENT,
    &pairs::NEVER,
    &pairs::REASONED,
    &pairs::REPEATED,
    &visits::SEPARATE,
    &units::A_DAY,
];
