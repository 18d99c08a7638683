//! Types of message that are taken and kept, and of which only the person is read.

use crate::domain::Refusal;

use super::opened::Opened;
use super::{Reader, Told, person};

const USES: &[&str] = &["MSH", "EVN", "PID", "PV1", "IN1"];

macro_rules! kept {
    ($name:ident, $kind:literal, $what:literal) => {
        pub(super) const $name: Reader = Reader {
            kind: $kind,
            says: concat!($what, ": kept, not used yet but for who the person is."),
            uses: USES,
            read: |opened, told| {
                told.ignored =
                    Some(concat!($what, " (", $kind, ") are kept and not used yet").into());
                registration(opened, told)
            },
        };
    };
}

kept!(SIU, "SIU", "appointments");
kept!(ORM, "ORM", "orders");
kept!(OMG, "OMG", "clinical orders");
kept!(OML, "OML", "laboratory orders");
kept!(ORU, "ORU", "results");
kept!(BAR, "BAR", "billing accounts");
kept!(MFN, "MFN", "master files");

fn registration(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    told.people = person::known(opened);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::interpret::samples::{PID, one, told};

    #[test]
    fn what_is_not_used_yet_is_kept_and_says_so() {
        let siu = told("SIU^S12", &[PID, "SCH|1"]);
        assert_eq!(siu.ignored.as_deref(), Some("appointments (SIU) are kept and not used yet"));
        assert_eq!((siu.kept.len(), one(&siu).facts.len()), (1, 0));
        assert!(told("MFN^M02", &["MFI|1"]).people.is_empty());
    }
}
