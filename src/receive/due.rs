//! What a sender is told, and when: at once, later, or not at all (tables 0008 and 0155).

use crate::config::Acknowledge;
use crate::wire::hl7::{MsaCode, Objection, Scan, Wish};

/// What is due to the sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// What is said at once, if anything.
    pub(super) now: Option<MsaCode>,
    /// When it is to be told what came of the message, if at all.
    pub(super) later: Option<Wish>,
}

/// Whether there is a way to tell a sender something later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A connection that stays.
    Open,
    /// One answer to one request.
    Once,
}

/// What is due to the sender of a message against which this stands. What was not stored is
/// refused in either mode.
pub(super) fn due(
    mode: Acknowledge,
    line: Line,
    scan: &Scan<'_>,
    objection: Option<&Objection>,
) -> Due {
    match is_enhanced(mode, line, scan) {
        false => original(scan, objection),
        true => enhanced(line, scan, objection),
    }
}

fn is_enhanced(mode: Acknowledge, line: Line, scan: &Scan<'_>) -> bool {
    let wants_more = scan.wishes_application().is_some_and(|wish| wish != Wish::Never);
    match mode {
        Acknowledge::Original => false,
        Acknowledge::Enhanced => true,
        Acknowledge::Automatic => wants_more && line == Line::Open,
    }
}

/// One answer that says all. It is left out only where the sender says so: by NE twice, or by
/// wishes of which none fits.
fn original(scan: &Scan<'_>, objection: Option<&Objection>) -> Due {
    let code = objection.map_or(MsaCode::Accept, |it| it.answer);
    let said = match (scan.wishes_commit(), scan.wishes_application()) {
        (None, None) | (Some(Wish::Never), None) | (None, Some(Wish::Never)) => true,
        (commit, application) => {
            [commit, application].into_iter().flatten().any(|wish| wish.wants(code.accepts()))
        }
    };
    Due { now: said.then_some(code), later: None }
}

/// First a word on the storing alone. A fault in the content is told later if the sender wants to
/// hear of it then, and else at once: it must be told somewhere.
fn enhanced(line: Line, scan: &Scan<'_>, objection: Option<&Objection>) -> Due {
    let asked = scan.wishes_application().unwrap_or(Wish::Never);
    let is_content = objection.is_some_and(|it| it.answer == MsaCode::Error);
    let is_later = line == Line::Open && asked.wants(objection.is_none());
    let code = match objection {
        None => MsaCode::CommitAccept,
        Some(_) if is_content && is_later => MsaCode::CommitAccept,
        Some(it) if (200..=203).contains(&it.code) => MsaCode::CommitReject,
        Some(_) => MsaCode::CommitError,
    };
    let said = scan.wishes_commit().unwrap_or(Wish::Always).wants(code.accepts());
    let later = (line == Line::Open && asked != Wish::Never && code.accepts()).then_some(asked);
    Due { now: said.then_some(code), later }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use crate::wire::hl7::scan;

    #[test]
    fn what_is_said_at_once_and_later_is_what_mode_and_wishes_come_to() {
        for row in rows(
            "
            | mode      | 15 | 16 | fault | now | later |
            | automatic |    |    | -     | AA  | -     |
            | automatic |    |    | FT1-4 | AE  | -     |
            | automatic |    |    | MSH-9 | AR  | -     |
            | automatic | AL | NE | -     | AA  | -     |
            | automatic | AL |    | -     | AA  | -     |
            | automatic | NE | NE | -     | -   | -     |
            | automatic | NE | NE | FT1-4 | -   | -     |
            | automatic | NE |    | -     | AA  | -     |
            | automatic | ER | NE | -     | -   | -     |
            | automatic | ER | NE | FT1-4 | AE  | -     |
            | automatic | SU | NE | -     | AA  | -     |
            | automatic | SU | NE | FT1-4 | -   | -     |
            | automatic | AL | AL | -     | CA  | Always |
            | automatic | AL | ER | -     | CA  | OnError |
            | automatic | AL | AL | FT1-4 | CA  | Always |
            | automatic | AL | SU | FT1-4 | CE  | -     |
            | automatic | AL | AL | MSH-9 | CR  | -     |
            | automatic | NE | AL | -     | -   | Always |
            | automatic | ER | AL | -     | -   | Always |
            | automatic | ER | AL | MSH-9 | CR  | -     |
            | original  | AL | AL | -     | AA  | -     |
            | original  | NE | AL | -     | AA  | -     |
            | original  | AL | AL | FT1-4 | AE  | -     |
            | enhanced  | AL | NE | -     | CA  | -     |
            | enhanced  | AL | NE | FT1-4 | CE  | -     |
            | enhanced  | AL | NE | MSH-9 | CR  | -     |
            | enhanced  |    |    | -     | CA  | -     |
            | enhanced  | NE | NE | -     | -   | -     |
            ",
        ) {
            let mode = match row["mode"].as_str() {
                "original" => Acknowledge::Original,
                "enhanced" => Acknowledge::Enhanced,
                _ => Acknowledge::Automatic,
            };
            let (kind, day) = match row["fault"].as_str() {
                "MSH-9" => ("XYZ", "20261008"),
                "FT1-4" => ("DFT^P03", "x"),
                _ => ("DFT^P03", "20261008"),
            };
            let text = format!(
                "MSH|^~\\&|A|B|C|D|2026||{kind}|7|P|2.5|||{}|{}\rPID|||5\rFT1||1||{day}",
                row["15"], row["16"]
            );
            let found = scan(text.as_bytes());
            let due = due(mode, Line::Open, &found, found.verdict.as_ref().err());
            let now = due.now.map_or("-", MsaCode::as_str);
            let later = due.later.map_or("-".into(), |wish| format!("{wish:?}"));
            assert_eq!((now, &later), (row["now"].as_str(), &row["later"]), "{row}");
        }
    }

    #[test]
    fn one_request_has_one_answer() {
        let text = "MSH|^~\\&|A|B|C|D|2026||ADT^A08|7|P|2.5|||AL|AL\rPID|||5";
        let found = scan(text.as_bytes());
        let told = |mode| due(mode, Line::Once, &found, None);
        assert_eq!(told(Acknowledge::Automatic).now, Some(MsaCode::Accept));
        assert_eq!(told(Acknowledge::Automatic).later, None);
        assert_eq!(told(Acknowledge::Enhanced).later, None);
    }
}
