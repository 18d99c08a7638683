//! Two shares of one work, told apart by the source, are one line where one claim bills both.

use crate::domain::{ChargeLine, Clinician, Entities, Flaw, Setting, Share, Site};

/// Joins a technical and a professional share of the same code, day and course into one global
/// line. A share whose other half has not come keeps its flaw.
pub(super) fn join(lines: Vec<ChargeLine>, site: &Site) -> Vec<ChargeLine> {
    if site.setting != Setting::Freestanding || site.entities == Entities::Apart {
        return lines;
    }
    let mut joined: Vec<ChargeLine> = Vec::new();
    for line in lines {
        let half = joined.iter_mut().find(|other| are_halves(other, &line));
        match half {
            Some(other) => {
                other.flaws.retain(|flaw| !matches!(flaw, Flaw::LoneShare(_)));
                other.evidence.extend(line.evidence);
                other.rendering = physician(other.rendering.take(), line.rendering);
            }
            None => joined.push(line),
        }
    }
    joined
}

fn are_halves(one: &ChargeLine, other: &ChargeLine) -> bool {
    let apart = match (lone(one), lone(other)) {
        (Some(one), Some(other)) => one != other,
        (None, _) | (_, None) => false,
    };
    apart && one.code == other.code && one.day() == other.day()
}

fn lone(line: &ChargeLine) -> Option<Share> {
    line.flaws.iter().find_map(|flaw| match flaw {
        Flaw::LoneShare(share) => Some(*share),
        Flaw::UnknownName(_)
        | Flaw::Unreadable(_)
        | Flaw::UnreadableField(_)
        | Flaw::UnknownCode(_)
        | Flaw::MissingFact(_)
        | Flaw::EmptyCredit(_)
        | Flaw::UndatedFractions(_)
        | Flaw::SharedNumber
        | Flaw::SentManagement
        | Flaw::UnearnedManagement
        | Flaw::CodedBesideNamed
        | Flaw::ShareOfUndivided => None,
    })
}

fn physician(one: Option<Clinician>, other: Option<Clinician>) -> Option<Clinician> {
    match one {
        Some(one) if one.is_physician() => Some(one),
        one => other.or(one),
    }
}
