//! A profile of a source: where it writes things, and how it spells them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::character_sets;
use crate::domain::DocumentKind;

pub use super::context::{OrderSpots, Participation, ResultSpots};

/// What is peculiar to one kind of oncology system: a file `mappings/sources/<name>.toml`. What
/// its names of activities mean stands in the dictionary beside it, `<name>.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceProfile {
    /// The name that settings call it by.
    pub name: String,
    /// The character set that it writes in, whatever MSH-18 says; empty for what that says.
    #[serde(default)]
    pub character_set: String,
    /// Where it says what a message is.
    #[serde(default)]
    pub trigger: Trigger,
    /// Whether it sends the shares of one piece of work as one line or as two.
    pub shares: Shares,
    /// What a credit takes back that names no charge.
    pub credits: Credits,
    /// What it writes where the activity's name belongs.
    pub names: Names,
    /// Where in a name (data type XCN) the degree stands.
    pub degree_component: u16,
    /// Where things stand that hold for all of a message.
    pub person: PersonSpots,
    /// Where a charge's things stand.
    pub activity: ActivitySpots,
    /// Where a document's things stand.
    pub document: DocumentSpots,
    /// Where an appointment's things stand; left out if appointments are only kept.
    #[serde(default)]
    pub appointment: Option<AppointmentSpots>,
    /// Where a result's things stand; left out if results are only kept.
    #[serde(default)]
    pub result: Option<ResultSpots>,
    /// Where an order's things stand, if not where the standard has them.
    #[serde(default)]
    pub order: OrderSpots,
    /// Which people behind a charge did the work, and which ordered it.
    #[serde(default)]
    pub participation: Participation,
    /// Where course, plan and session stand; left out if it names no course.
    pub course: Option<CourseSpots>,
    /// How it spells what we must tell apart.
    pub spelling: Spelling,
    /// What its types of document are. Others are kept and mean nothing.
    pub documents: BTreeMap<String, Document>,
    /// Which orders are evidence, by what is ordered. Others only tell who ordered.
    #[serde(default)]
    pub orders: BTreeMap<String, Document>,
}

/// Where a source says what a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Trigger {
    /// In MSH-9.
    #[default]
    #[serde(rename = "MSH.9")]
    Header,
    /// In EVN-1: MSH-9 is always the same, whatever the message is.
    #[serde(rename = "EVN.1")]
    Event,
}

/// Whether the shares of one piece of work come as one line or as two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shares {
    /// One line stands for all; modifiers are what they are.
    Whole,
    /// A line with modifier 26 is the physician's share, one with TC the technical; the modifier
    /// says only that.
    Apart,
}

/// What a credit takes back that names no charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credits {
    /// Nothing: it must name one.
    Named,
    /// The charge of the same number.
    OwnNumber,
}

/// What is written where the activity's name belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// Names of the dictionary.
    Dictionary,
    /// Names of the dictionary, or procedure codes.
    DictionaryOrCode,
}

/// A place in a message, `FT1.7.1`: the segment, the field, and perhaps a component and a
/// subcomponent. Without those, the first counts, or the whole list where lists are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Spot {
    /// Segment name.
    pub segment: String,
    /// Field, from 1.
    pub field: u16,
    /// Component, from 1; 0 if none is named.
    pub component: u16,
    /// Subcomponent, from 1; 0 if none is named.
    pub subcomponent: u16,
}

/// A kind of document, spelled as in [`DocumentKind::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Document(pub DocumentKind);

/// Places that hold for all of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonSpots {
    /// Billing account.
    pub account: Spot,
    /// Visit number.
    pub visit: Spot,
    /// Patient class.
    pub class: Spot,
    /// Payer id.
    pub payer: Spot,
}

/// Places in FT1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivitySpots {
    /// Transaction id.
    pub number: Spot,
    /// Batch id: tells lines without a number apart.
    pub batch: Spot,
    /// Date of service.
    pub done: Spot,
    /// Charge or credit.
    pub direction: Spot,
    /// Name of the activity.
    pub name: Spot,
    /// Quantity.
    pub quantity: Spot,
    /// Department.
    pub department: Spot,
    /// Location.
    pub location: Spot,
    /// Diagnoses, a list.
    pub diagnoses: Spot,
    /// Who did it.
    pub performer: Spot,
    /// Who ordered it.
    pub orderer: Spot,
    /// Filler order.
    pub filler_order: Spot,
    /// Procedure code that the source chose.
    pub code: Spot,
    /// Modifiers, a list.
    pub modifiers: Spot,
    /// The number of the charge that a credit takes back.
    pub takes_back: Spot,
}

/// Places in TXA.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSpots {
    /// Type.
    pub kind: Spot,
    /// When the exam or approval was.
    pub moment: Spot,
    /// Who wrote it.
    pub author: Spot,
    /// Document number.
    pub number: Spot,
    /// Completion status.
    pub completion: Spot,
    /// Availability status.
    pub availability: Spot,
    /// The codes of an authorization, one in each segment of this name.
    #[serde(default)]
    pub codes: Option<Spot>,
}

/// Places in an appointment (SIU), and how it spells what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppointmentSpots {
    /// The number that a charge for the same work has too: then the charge outweighs it.
    pub number: Spot,
    /// Name of the activity.
    pub name: Spot,
    /// When it was.
    pub done: Spot,
    /// Status.
    pub status: Spot,
    /// Who did it.
    pub performer: Spot,
    /// Statuses that say that it was done.
    pub completed: Vec<String>,
    /// Statuses that take it back.
    pub taken_back: Vec<String>,
    /// The order it filled.
    #[serde(default)]
    pub filler_order: Option<Spot>,
}

/// Places in the segment behind FT1 or TXA that names the course.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseSpots {
    /// Course.
    pub course: Spot,
    /// Plan.
    pub plan: Spot,
    /// Number of the fraction.
    pub fraction: Spot,
    /// Fractions prescribed.
    pub prescribed: Spot,
    /// Treatment session.
    pub session: Spot,
}

/// How a source spells things. Case is no matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spelling {
    /// A charge.
    pub charge: Vec<String>,
    /// A credit.
    pub credit: Vec<String>,
    /// Money that moves without anything done: payments, adjustments.
    pub not_ours: Vec<String>,
    /// The patient lies in.
    pub inpatient: Vec<String>,
    /// A document is signed.
    pub signed: Vec<String>,
    /// A document is taken back.
    pub withdrawn: Vec<String>,
}

impl SourceProfile {
    /// Reads a profile; the error says every fault that it finds, one in a line.
    pub fn parse(text: &str) -> Result<SourceProfile, String> {
        let profile: SourceProfile = toml::from_str(text).map_err(|error| error.to_string())?;
        let faults = profile.faults();
        if faults.is_empty() { Ok(profile) } else { Err(faults.join("\n")) }
    }

    /// What a type of document is.
    pub fn document(&self, kind: &str) -> Option<DocumentKind> {
        of(&self.documents, kind)
    }

    /// What an order is evidence of, by what is ordered.
    pub fn evidence(&self, ordered: &str) -> Option<DocumentKind> {
        of(&self.orders, ordered)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.spelling.faults();
        let misplaced = |spot: &&Spot, segment: &str| spot.segment != segment;
        for spot in self.activity.all().iter().filter(|spot| misplaced(spot, "FT1")) {
            faults.push(format!("{spot}: what belongs to an activity stands in FT1"));
        }
        for spot in self.document.all().iter().filter(|spot| misplaced(spot, "TXA")) {
            faults.push(format!("{spot}: what belongs to a document stands in TXA"));
        }
        let set = self.character_set.as_str();
        if !set.is_empty() && character_sets::read().all(|known| known != set) {
            let known: Vec<&str> = character_sets::read().collect();
            let known = known.join(", ");
            faults.push(format!("character_set is none that can be read: write one of {known}"));
        }
        faults.extend(self.order.faults());
        faults.extend(self.result.iter().flat_map(ResultSpots::faults));
        faults.extend(self.participation.faults());
        if self.degree_component == 0 {
            faults.push("degree_component: components count from 1".to_owned());
        }
        faults
    }
}

fn of(named: &BTreeMap<String, Document>, name: &str) -> Option<DocumentKind> {
    let same = |(known, _): &(&String, &Document)| known.eq_ignore_ascii_case(name);
    named.iter().find(same).map(|(_, document)| document.0)
}

impl Spot {
    /// A field of a segment.
    pub(super) fn of(segment: &str, field: u16) -> Spot {
        Spot { segment: segment.to_owned(), field, component: 0, subcomponent: 0 }
    }
}

impl ActivitySpots {
    fn all(&self) -> [&Spot; 15] {
        [
            &self.number,
            &self.batch,
            &self.done,
            &self.direction,
            &self.name,
            &self.quantity,
            &self.department,
            &self.location,
            &self.diagnoses,
            &self.performer,
            &self.orderer,
            &self.filler_order,
            &self.code,
            &self.modifiers,
            &self.takes_back,
        ]
    }
}

impl DocumentSpots {
    fn all(&self) -> [&Spot; 6] {
        [&self.kind, &self.moment, &self.author, &self.number, &self.completion, &self.availability]
    }
}

impl Spelling {
    /// Whether a text is one of these spellings.
    pub fn is(spellings: &[String], text: &str) -> bool {
        spellings.iter().any(|one| one.eq_ignore_ascii_case(text))
    }

    fn faults(&self) -> Vec<String> {
        let directions = [&self.charge, &self.credit, &self.not_ours];
        let all: Vec<&String> = directions.into_iter().flatten().collect();
        let mut faults: Vec<String> = all
            .iter()
            .enumerate()
            .filter(|(place, one)| all[..*place].iter().any(|it| it.eq_ignore_ascii_case(one)))
            .map(|(_, one)| format!("spelling: `{one}` cannot mean two things"))
            .collect();
        if self.charge.is_empty() {
            faults.push("spelling.charge: write at least one, such as \"CG\"".to_owned());
        }
        faults
    }
}

impl TryFrom<String> for Spot {
    type Error = String;

    fn try_from(text: String) -> Result<Spot, String> {
        spot(&text).ok_or_else(|| {
            format!("`{text}` is no place in a message; write one as FT1.7 or FT1.7.1")
        })
    }
}

fn spot(text: &str) -> Option<Spot> {
    let mut parts = text.split('.');
    let segment = parts.next()?;
    let numbers: Vec<u16> = parts.map(number).collect::<Option<_>>()?;
    let sound = segment.len() == 3
        && segment.starts_with(|c: char| c.is_ascii_uppercase())
        && segment.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && numbers.len() <= 3;
    let part = |place: usize| numbers.get(place).copied().unwrap_or(0);
    let field = numbers.first().copied()?;
    let segment = segment.to_owned();
    sound.then(|| Spot { segment, field, component: part(1), subcomponent: part(2) })
}

fn number(text: &str) -> Option<u16> {
    let sound = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| sound && *number > 0)
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.segment, self.field)?;
        for part in [self.component, self.subcomponent].into_iter().take_while(|it| *it > 0) {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Document {
    type Error = String;

    fn try_from(text: String) -> Result<Document, String> {
        let known: Vec<&str> = DocumentKind::ALL.iter().map(|(_, name)| *name).collect();
        text.parse().map(Document).map_err(|()| {
            format!("`{text}` is no kind of document; write one of {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARIA: &str = include_str!("../../mappings/sources/aria.toml");
    const MOSAIQ: &str = include_str!("../../mappings/sources/mosaiq.toml");

    #[test]
    fn the_profiles_that_ship_are_sound() {
        let aria = SourceProfile::parse(ARIA).unwrap();
        assert_eq!((aria.name.as_str(), aria.shares), ("aria", Shares::Whole));
        assert_eq!(aria.document("otv"), Some(DocumentKind::TreatmentVisit));
        assert_eq!(aria.document("LETTER"), None);
        let mosaiq = SourceProfile::parse(MOSAIQ).unwrap();
        assert_eq!((mosaiq.name.as_str(), mosaiq.shares), ("mosaiq", Shares::Apart));
        assert!(mosaiq.course.is_none() && mosaiq.result.is_some() && aria.result.is_none());
        assert_eq!((&aria.order, &mosaiq.order), (&OrderSpots::default(), &OrderSpots::default()));
        let orders = format!("{MOSAIQ}[orders]\nPHYSCONS = \"physics-request\"\n");
        let orders = SourceProfile::parse(&orders).unwrap();
        assert_eq!(orders.evidence("physcons"), Some(DocumentKind::PhysicsRequest));
    }

    #[test]
    fn a_wrong_profile_says_what_is_wrong_with_it() {
        for (right, wrong, says) in [
            ("\"FT1.7\"", "\"FT1.0\"", "`FT1.0` is no place"),
            ("\"FT1.7\"", "\"FT1.7.1.1.1\"", "is no place"),
            ("\"FT1.7\"", "\"FT1.99999999999\"", "is no place"),
            ("\"FT1.7\"", "\"PID.7\"", "stands in FT1"),
            ("\"TXA.2\"", "\"FT1.2\"", "stands in TXA"),
            ("[\"CG\"]", "[]", "write at least one"),
            ("[\"CG\"]", "[\"cd\"]", "cannot mean two things"),
            ("\"visit-note\"", "\"letter\"", "is no kind of document"),
            ("shares =", "share =", "unknown field `share`"),
            ("degree_component = 7", "degree_component = 0", "count from 1"),
            (
                "degree_component = 7",
                "degree_component = 7\ncharacter_set = \"EBCDIC\"",
                "character_set is none that can be read",
            ),
            ("[\"OBR.25\"", "[\"PID.5\"", "a result stands in OBR or OBX"),
            ("number = \"OBR.3\"", "number = \"OBX.3\"", "a result stands in OBR"),
            ("[\"F\", \"C\"]", "[]", "result.signed: write at least one"),
            ("[\"F\", \"C\"]", "[\"F\", \"x\"]", "`x` cannot mean two things"),
            ("[\"OBR.7\", \"OBR.22\"]", "[]", "result.moment: write at least one place"),
            ("[\"OBR.7\", \"OBR.22\"]", "\"OBR.7\"", "expected a sequence"),
            (
                "[result]",
                "[order]\nfiller = [\"FT1.23\"]\n[result]",
                "an order stands in ORC or OBR",
            ),
            ("[result]", "[order]\nfiller = []\n[result]", "order.filler: write at least one"),
            ("[result]", "[order]\nstate = \"ORC.5\"\n[result]", "unknown field `state`"),
            ("[result]", "[orders]\nX = \"letter\"\n[result]", "is no kind of document"),
            ("[result]", "[participation]\nperformer = [\"OP\"]\n[result]", "`OP` cannot mean two"),
        ] {
            let profile = if ARIA.contains(right) { ARIA } else { MOSAIQ };
            let text = profile.replacen(right, wrong, 1);
            assert_ne!(text, profile, "{right}");
            let error = SourceProfile::parse(&text).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
