//! Who did the work, or ordered it.

use crate::domain::{Clinician, Degree};
use crate::mappings::SourceProfile;
use crate::wire::hl7::Value;

/// The person of a list of names (data type XCN): the first whose number is marked as an NPI,
/// else the first with a number, else the first with a name. Where a name stands within a component
/// (data type NDL, as in OBR-32), it is that.
pub(super) fn clinician(list: Value<'_>, profile: &SourceProfile) -> Option<Clinician> {
    let told = |value: Value<'_>| !value.code().is_empty();
    if told(list.subcomponent(2)) {
        let part = |number| list.subcomponent(number).code().into_owned();
        let degree = Degree::parse(&part(profile.degree_component));
        return Some(Clinician { number: part(1), family: part(2), given: part(3), degree });
    }
    let has_number = |one: &Value<'_>| told(one.component(1));
    let is_npi =
        |one: &Value<'_>| has_number(one) && one.component(13).code().eq_ignore_ascii_case("NPI");
    let one = list
        .repetitions()
        .find(is_npi)
        .or_else(|| list.repetitions().find(has_number))
        .or_else(|| list.repetitions().find(|one| told(one.component(2))))?;
    let part = |number| one.component(number).code().into_owned();
    let degree = Degree::parse(&part(profile.degree_component));
    Some(Clinician { number: part(1), family: part(2), given: part(3), degree })
}
