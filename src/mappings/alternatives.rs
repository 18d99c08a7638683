//! Which other codes a case came near to, and what it would have taken.

use crate::domain::ProcedureCode;

use super::decisions::{Case, Decision};

/// A code that a case did not earn, and the one thing that would have to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The code.
    pub code: ProcedureCode,
    /// Why not, in plain words.
    pub why: String,
    /// The row that would have decided.
    pub row: String,
}

/// The codes of rows that the case misses by one thing alone, each code once.
pub(super) fn near<'a>(
    rows: impl Iterator<Item = &'a Decision>,
    case: &Case<'_>,
    site: &str,
    earned: Option<ProcedureCode>,
) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    for row in rows {
        let Some(code) = row.code().filter(|code| Some(*code) != earned) else {
            continue;
        };
        let mut misses = row.misses(case, site).into_iter();
        if let (Some(why), None) = (misses.next(), misses.next())
            && found.iter().all(|known| known.code != code || known.why != why)
        {
            found.push(Alternative { code, why, row: row.row.0.clone() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Setting;
    use crate::mappings::Tables;
    use crate::table::rows;

    #[test]
    fn a_case_is_told_what_it_came_near_to() {
        let tables = Tables::embedded().unwrap();
        for row in rows(
            "
            | activity   | day        | near to the code of | why                               |
            | TX-2D      | 2026-10-08 | TX-3D-GATED         | motion is none, not gated         |
            | TX-2D      | 2026-10-08 | TX-3D               | technique is 2d, not 3d           |
            | TX-2D      | 2026-10-08 | TX-2D               | -                                 |
            | SIM-SIMPLE | 2026-10-08 | SIM-COMPLEX         | complexity is simple, not complex |
            ",
        ) {
            let day = row["day"].parse().unwrap();
            let case = |activity: &str| {
                let Some(meaning) = tables.meaning("aria", activity, day) else { panic!("{row}") };
                let (kind, attributes) = (meaning.kind, &meaning.attributes);
                Case { kind, attributes, setting: Setting::Hospital, diagnoses: &[], day }
            };
            let other = tables.earns(&case(&row["near to the code of"])).unwrap().code.unwrap();
            let near = tables.alternatives(&case(&row["activity"]));
            let why = near.iter().find(|one| one.code == other);
            assert_eq!(why.map_or("-", |one| one.why.as_str()), row["why"], "{row} {near:?}");
        }
    }
}
