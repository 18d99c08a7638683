//! Types of message that are taken and kept, and of which only the person is read.

use crate::domain::Refusal;

use super::opened::Opened;
use super::{Reader, Told, person};

pub(super) const USES: &[&str] = &["MSH", "EVN", "PID", "PV1", "IN1"];

pub(super) const MFN: Reader = Reader {
    kind: "MFN",
    says: "master files: kept, not used yet but for who the person is.",
    uses: USES,
    read: |opened, told| {
        told.ignored = Some("master files (MFN) are kept and not used yet".into());
        registration(opened, told)
    },
};

/// BAR: an account is opened or changed; what else becomes of accounts is kept.
pub(super) const BAR: Reader = Reader {
    kind: "BAR",
    says: "Who a person is and what their billing account is (P01, P05); other events are kept.",
    uses: USES,
    read: |opened, told| {
        if !matches!(opened.event, "P01" | "P05") {
            told.ignored = Some("what ends or purges an account (BAR) is kept and not used".into());
        }
        registration(opened, told)
    },
};

fn registration(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    told.people = person::known(opened);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::interpret::samples::told;

    #[test]
    fn what_is_not_used_yet_is_kept_and_says_so() {
        let masters = told("MFN^M02", &["MFI|1"]);
        assert_eq!(
            masters.ignored.as_deref(),
            Some("master files (MFN) are kept and not used yet")
        );
        assert!(masters.people.is_empty() && masters.kept == ["MFI"]);
    }
}
