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

kept!(ORM, "ORM", "orders");
kept!(OMG, "OMG", "clinical orders");
kept!(OML, "OML", "laboratory orders");
kept!(ORU, "ORU", "results");
kept!(MFN, "MFN", "master files");

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
    use crate::interpret::samples::{PID, one, told};

    #[test]
    fn what_is_not_used_yet_is_kept_and_says_so() {
        let order = told("ORM^O01", &[PID, "ORC|NW"]);
        assert_eq!(order.ignored.as_deref(), Some("orders (ORM) are kept and not used yet"));
        assert_eq!((order.kept.len(), one(&order).facts.len()), (1, 0));
        assert!(told("MFN^M02", &["MFI|1"]).people.is_empty());
    }
}
