//! What a profile of a source says of orders, of results and of people who took part.

use serde::Deserialize;

use super::source::Spot;

/// Places in an order (ORM, OMG, OML, OMI): of each, the first that tells counts. What a profile
/// leaves out is where the standard has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderSpots {
    /// The number that whoever ordered gave it.
    pub placer: Vec<Spot>,
    /// The number that whoever fills it gave it: what a charge names it by.
    pub filler: Vec<Spot>,
    /// Who ordered.
    pub orderer: Vec<Spot>,
    /// What is ordered.
    pub name: Vec<Spot>,
    /// When it was ordered.
    pub moment: Vec<Spot>,
    /// What is said about it (table 0119).
    pub control: Spot,
    /// How it stands (table 0038).
    pub status: Spot,
    /// What in either place says that it does not stand.
    pub canceled: Vec<String>,
}

/// Places in a result (ORU) that is a document, and how it spells where that stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultSpots {
    /// Type: one that the types of document name.
    pub kind: Spot,
    /// Document number.
    pub number: Spot,
    /// When the exam or approval was: the first place that tells a day counts.
    pub moment: Vec<Spot>,
    /// Who wrote it: the first place that tells somebody counts.
    pub author: Vec<Spot>,
    /// Status: the first place that tells one counts.
    pub status: Vec<Spot>,
    /// Statuses that say that it is signed.
    pub signed: Vec<String>,
    /// Statuses that take it back.
    pub withdrawn: Vec<String>,
}

/// What people behind a charge are called (PRT-4, table 0912) who stand in where FT1-20 or FT1-21
/// is empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Participation {
    /// Whoever did it.
    pub performer: Vec<String>,
    /// Whoever ordered it.
    pub orderer: Vec<String>,
}

/// Request to cancel, canceled as requested or by the filler; the same for discontinued; replaced;
/// never taken.
const CANCELED: [&str; 10] = ["CA", "CR", "OC", "DC", "DR", "OD", "RP", "RU", "RQ", "UA"];

/// Authorized performing health professional, administering provider.
const PERFORMERS: [&str; 2] = ["AHP", "AP"];

const ORDERERS: [&str; 1] = ["OP"];

impl Default for OrderSpots {
    fn default() -> OrderSpots {
        OrderSpots {
            placer: vec![Spot::of("ORC", 2), Spot::of("OBR", 2)],
            filler: vec![Spot::of("ORC", 3), Spot::of("OBR", 3)],
            orderer: vec![Spot::of("ORC", 12), Spot::of("OBR", 16)],
            name: vec![Spot::of("OBR", 4)],
            moment: vec![Spot::of("ORC", 9), Spot::of("OBR", 7)],
            control: Spot::of("ORC", 1),
            status: Spot::of("ORC", 5),
            canceled: CANCELED.map(str::to_owned).to_vec(),
        }
    }
}

impl Default for Participation {
    fn default() -> Participation {
        Participation {
            performer: PERFORMERS.map(str::to_owned).to_vec(),
            orderer: ORDERERS.map(str::to_owned).to_vec(),
        }
    }
}

impl OrderSpots {
    pub(super) fn faults(&self) -> Vec<String> {
        let lists = [
            ("placer", &self.placer),
            ("filler", &self.filler),
            ("orderer", &self.orderer),
            ("name", &self.name),
            ("moment", &self.moment),
        ];
        let mut faults = places("order", &lists, &["ORC", "OBR"]);
        let single = [&self.control, &self.status];
        faults.extend(
            single.into_iter().filter_map(|spot| misplaced("an order", spot, &["ORC", "OBR"])),
        );
        faults
    }
}

impl ResultSpots {
    pub(super) fn faults(&self) -> Vec<String> {
        let lists = [("moment", &self.moment), ("author", &self.author), ("status", &self.status)];
        let mut faults = places("result", &lists, &["OBR", "OBX"]);
        let single = [&self.kind, &self.number];
        faults.extend(single.into_iter().filter_map(|spot| misplaced("a result", spot, &["OBR"])));
        if self.signed.is_empty() {
            faults.push("result.signed: write at least one, such as \"F\"".to_owned());
        }
        let both = |one: &&String| self.withdrawn.iter().any(|it| it.eq_ignore_ascii_case(one));
        faults.extend(
            self.signed
                .iter()
                .filter(both)
                .map(|one| format!("result: `{one}` cannot mean two things")),
        );
        faults
    }
}

impl Participation {
    pub(super) fn faults(&self) -> Vec<String> {
        let both = |one: &&String| self.orderer.iter().any(|it| it.eq_ignore_ascii_case(one));
        let twice = self.performer.iter().filter(both);
        twice.map(|one| format!("participation: `{one}` cannot mean two things")).collect()
    }
}

/// What is wrong with lists of places: none at all, or one in another segment.
fn places(table: &str, lists: &[(&str, &Vec<Spot>)], segments: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, spots) in lists {
        if spots.is_empty() {
            let place = segments.first().unwrap_or(&"OBR");
            faults.push(format!("{table}.{key}: write at least one place, such as \"{place}.2\""));
        }
        let what = if table == "order" { "an order" } else { "a result" };
        faults.extend(spots.iter().filter_map(|spot| misplaced(what, spot, segments)));
    }
    faults
}

fn misplaced(what: &str, spot: &Spot, segments: &[&str]) -> Option<String> {
    let stands = segments.contains(&spot.segment.as_str());
    (!stands).then(|| format!("{spot}: what belongs to {what} stands in {}", segments.join(" or ")))
}
