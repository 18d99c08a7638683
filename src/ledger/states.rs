//! Which state follows which, and who may push.

use crate::domain::LineState;

/// Why a line moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Rules looked at it again, since its course changed.
    Judged,
    /// It was sent, or its receiver answered.
    Sent,
    /// A person decided.
    Person,
}

/// Whether an arrow exists. `STATES.md` draws all of them; a test compares.
pub fn may_move(from: LineState, to: LineState, cause: Cause) -> bool {
    use LineState::{
        Accepted, Declined, Held, Queued, Rejected, Sent, Suppressed, Unknown, Withdrawn,
    };
    match (cause, from, to) {
        (Cause::Judged, from, to) if from.is_unsent() => to.is_unsent() || to == Withdrawn,
        (Cause::Judged, Declined, Withdrawn) => true,
        (Cause::Sent, Queued, Sent)
        | (Cause::Sent, Sent, Accepted | Declined | Unknown | Queued)
        | (Cause::Sent, Unknown, Sent | Queued | Accepted | Declined)
        | (Cause::Sent, Accepted, Declined) => true,
        (Cause::Person, Held, Queued | Withdrawn) => true,
        (Cause::Person, Rejected, Queued) => true,
        (Cause::Person, Queued, Held | Withdrawn) => true,
        (Cause::Person, Declined | Unknown, Queued | Withdrawn) => true,
        (Cause::Person, Unknown, Accepted) => true,
        (
            Cause::Judged | Cause::Sent | Cause::Person,
            Held | Queued | Suppressed | Rejected | Sent | Unknown | Accepted | Declined
            | Withdrawn,
            _,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `STATES.md` says of every arrow who may push it; no other arrow exists.
    #[test]
    fn every_arrow_stands_in_the_table_of_states() {
        let table = include_str!("STATES.md");
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter(|line| line.starts_with("| ") && !line.starts_with("| from"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let told = |from: LineState, to: LineState, cause: Cause| {
            let cause = match cause {
                Cause::Judged => "rules",
                Cause::Sent => "sending",
                Cause::Person => "a person",
            };
            rows.iter().any(|row| {
                let has = |cell: &str, state: LineState| {
                    cell.split([',', ' ']).any(|word| word == state.as_str())
                };
                has(row[0], from) && has(row[1], to) && row[2].starts_with(cause)
            })
        };
        for from in LineState::ALL {
            for to in LineState::ALL {
                for cause in [Cause::Judged, Cause::Sent, Cause::Person] {
                    let may = may_move(from, to, cause);
                    let stays = from == to;
                    assert_eq!(
                        may && !stays,
                        told(from, to, cause) && !stays,
                        "{from:?} {to:?} {cause:?}"
                    );
                }
            }
        }
    }
}
