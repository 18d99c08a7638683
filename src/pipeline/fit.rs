//! Whether lines fit into what their destinations take: what would be cut, or is late there, waits
//! for a person.

use crate::domain::{BookedLine, Finding, JudgedLine, Outcome};
use crate::mappings::DestinationProfile;
use crate::mappings::destination::Hl7Profile;

use super::Setup;

/// The reason for a line that its destination cannot take whole.
const UNFIT: &str = "SEND-01";

/// The reason for a line that is late by its destination's measure.
const LATE: &str = "SEND-02";

/// Puts what is found to the lines. What has left has left: nothing is found against that.
pub(super) fn look(due: &mut [JudgedLine], booked: &[BookedLine], setup: &Setup) {
    for judged in due {
        let found: Vec<Finding> =
            profiles(judged, setup).flat_map(|profile| findings(judged, profile)).collect();
        if !found.is_empty() && !has_left(judged, booked) {
            judged.findings.extend(found);
        }
    }
}

fn has_left(judged: &JudgedLine, booked: &[BookedLine]) -> bool {
    let same = |line: &BookedLine| line.line.same_charge() == judged.line.same_charge();
    booked.iter().any(|line| line.state.is_out() && same(line))
}

/// The profiles of the destinations that take a line.
fn profiles<'a>(
    judged: &JudgedLine,
    setup: &'a Setup,
) -> impl Iterator<Item = &'a Hl7Profile> + use<'a> {
    let claim = judged.line.claim;
    let takes = move |claims: &[_]| claim.is_some_and(|claim| claims.contains(&claim));
    let routes = setup.routes.iter().filter(move |route| takes(&route.claims));
    routes.filter_map(|route| {
        setup.tables.destination(&route.profile).and_then(DestinationProfile::hl7)
    })
}

fn findings(judged: &JudgedLine, profile: &Hl7Profile) -> Vec<Finding> {
    let unfit = profile.misfits(&judged.line).into_iter();
    let unfit = unfit.map(|because| Finding::new(UNFIT, Outcome::Hold, because));
    let late = profile.holds_late(&judged.line).into_iter();
    unfit.chain(late.map(|because| Finding::new(LATE, Outcome::Hold, because))).collect()
}
