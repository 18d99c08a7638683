//! A source profile drafted from a few of its messages: where things seem to be, with counts.
//!
//! Nothing of a patient is in the draft: of values it shows those of types, statuses and versions,
//! and names of activities; and of these none that a message tells of the patient.

mod draft;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use crate::mappings::Tables;
use crate::wire::hl7::{Message, Segment, scan};

use super::moment;
use seen::Seen;

/// Fields of FT1 that are looked at.
const FT1_FIELDS: u16 = 43;

/// OBR of an order; that of a result is an OBR.
const ORDERED: &str = "OBR of an order";

/// Names of activities that are remembered.
const NAMES_MAX: usize = 2_000;

/// What was seen of a source so far.
#[derive(Debug, Default)]
pub struct Survey {
    messages: u64,
    unreadable: u64,
    triggers: Seen,
    versions: Seen,
    character_sets: Seen,
    /// Segments, in how many messages.
    segments: BTreeMap<String, u64>,
    /// Charge lines.
    lines: u64,
    /// Documents.
    documents: u64,
    /// Results, one to an OBR, and orders, one to an ORC.
    results: u64,
    orders: u64,
    /// First components, by segment and field; of people also the components.
    places: BTreeMap<(String, u16, u16), Seen>,
    /// Z segments that follow a charge line.
    behind_lines: BTreeMap<String, u64>,
    /// Activities by the text in each place where a name may be.
    names: BTreeMap<u16, BTreeMap<String, Named>>,
    /// Charge numbers, and credits that bear one of them.
    charges: BTreeSet<String>,
    credits: u64,
    credits_of_own_number: u64,
    /// Everything that messages tell of patients: shown nowhere.
    of_patients: BTreeSet<String>,
}

/// A name of an activity.
#[derive(Debug, Default, Clone)]
struct Named {
    count: u64,
    texts: Seen,
    codes: Seen,
    first: Option<jiff::civil::Date>,
    last: Option<jiff::civil::Date>,
}

/// What a survey comes to.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// A profile, as a file.
    pub profile: String,
    /// A dictionary of the names that no dictionary knows, as a file: what they are must be filled
    /// in by a person.
    pub dictionary: String,
    /// How many names that are.
    pub unknown: usize,
}

impl Survey {
    /// Looks at a message.
    pub fn add(&mut self, raw: &[u8]) {
        let Ok(message) = Message::parse(raw) else {
            self.unreadable += 1;
            return;
        };
        self.messages += 1;
        self.triggers.add(&scan(raw).trigger());
        self.versions.add(&message.field("MSH", 12).code());
        self.character_sets.add(&message.field("MSH", 18).code());
        self.remember_patient(&message);
        let names: BTreeSet<&str> = message.segments().map(|segment| segment.name()).collect();
        for name in names {
            *self.segments.entry(name.to_owned()).or_default() += 1;
        }
        let kind = message.field("MSH", 9).code().to_ascii_uppercase();
        for segment in message.segments() {
            self.segment(segment);
            self.context(&kind, segment);
        }
        for group in message.groups("FT1") {
            self.line(&group);
        }
    }

    /// How many messages were looked at, and how many could not be read.
    pub fn messages(&self) -> (u64, u64) {
        (self.messages, self.unreadable)
    }

    /// The profile, by the dictionaries and kinds of documents that the tables know.
    pub fn draft(&self, name: &str, tables: &Tables) -> Drafted {
        draft::draft(self, name, tables)
    }

    fn remember_patient(&mut self, message: &Message) {
        for field in [2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 18, 19] {
            for repetition in message.field("PID", field).repetitions() {
                let told = repetition.components().map(|part| part.code().into_owned());
                self.of_patients.extend(told.filter(|text| text.len() > 1));
            }
        }
        for field in [19, 50] {
            self.of_patients.insert(message.field("PV1", field).code().into_owned());
        }
    }

    fn segment(&mut self, segment: Segment<'_>) {
        let name = segment.name();
        let people: &[u16] = match name {
            "FT1" => &[20, 21],
            "TXA" => &[9],
            "PID" | "PV1" | "IN1" | "DG1" => &[],
            name if name.starts_with('Z') => &[],
            _ => return,
        };
        self.documents += u64::from(name == "TXA");
        let last = u16::try_from(segment.fields()).unwrap_or(u16::MAX).min(60);
        for field in 1..=last {
            let value = segment.field(field);
            self.place(name, (field, 0), &value.code());
            if people.contains(&field) {
                for (component, part) in (1_u16..=15).zip(value.components()) {
                    self.place(name, (field, component), &part.code());
                }
            }
        }
    }

    /// Orders, results and people behind charges: each is counted for itself.
    fn context(&mut self, kind: &str, segment: Segment<'_>) {
        let (place, fields): (&str, &[u16]) = match (kind, segment.name()) {
            ("ORU", "OBR") => ("OBR", &[3, 4, 7, 16, 22, 25, 32]),
            // What is observed may be a whole PDF, and is not looked at.
            ("ORU", "OBX") => ("OBX", &[11, 16]),
            ("ORM" | "OMG" | "OML" | "OMI", "ORC") => ("ORC", &[1, 2, 3, 5, 9, 12]),
            ("ORM" | "OMG" | "OML" | "OMI", "OBR") => (ORDERED, &[2, 3, 4, 7, 16]),
            ("DFT", "PRT") => ("PRT", &[4]),
            _ => return,
        };
        self.results += u64::from(place == "OBR");
        self.orders += u64::from(place == "ORC");
        for field in fields {
            self.place(place, (*field, 0), &segment.field(*field).code());
        }
    }

    fn place(&mut self, segment: &str, (field, component): (u16, u16), value: &str) {
        if !value.is_empty() {
            self.places.entry((segment.to_owned(), field, component)).or_default().add(value);
        }
    }

    fn line(&mut self, group: &[Segment<'_>]) {
        let Some(ft1) = group.first() else { return };
        self.lines += 1;
        let behind: BTreeSet<&str> =
            group.iter().map(|one| one.name()).filter(|name| name.starts_with('Z')).collect();
        for name in behind {
            *self.behind_lines.entry(name.to_owned()).or_default() += 1;
        }
        let day = moment::local(ft1.field(4)).map(|moment| moment.date);
        let number = ft1.field(2).code().into_owned();
        if ft1.field(6).code().to_ascii_uppercase().starts_with("CD") {
            self.credits += 1;
            self.credits_of_own_number += u64::from(self.charges.contains(&number));
        } else {
            self.charges.insert(number);
        }
        for field in [7, 8, 13, 25] {
            let name = ft1.field(field).code().into_owned();
            let names = self.names.entry(field).or_default();
            if name.is_empty() || (names.len() >= NAMES_MAX && !names.contains_key(&name)) {
                continue;
            }
            let named = names.entry(name).or_default();
            named.count += 1;
            named.first = named.first.min(day).or(day);
            named.last = named.last.max(day);
            let text = ft1.field(field).component(2).code().into_owned();
            if !text.is_empty() {
                named.texts.add(&text);
            }
            let code = ft1.field(25).code();
            if !code.is_empty() && field != 25 {
                named.codes.add(&code);
            }
        }
    }

    fn seen(&self, segment: &str, field: u16) -> Seen {
        self.seen_at(segment, field, 0)
    }

    fn seen_at(&self, segment: &str, field: u16, component: u16) -> Seen {
        self.places.get(&(segment.to_owned(), field, component)).cloned().unwrap_or_default()
    }

    /// A value that may be shown.
    fn shown(&self, value: &str) -> String {
        let plain = |sign: char| !sign.is_control() && sign != '"' && sign != '\\';
        match self.of_patients.contains(value) || !value.chars().all(plain) {
            true => "(not shown)".to_owned(),
            false => value.chars().take(60).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mappings::SourceProfile;
    use crate::mappings::source::{Credits, Names, Shares};
    use crate::wire::hl7::split;

    const STORY: &[u8] = include_bytes!("../../../tests/cases/K-28.hl7");

    fn learned(messages: &[u8]) -> (Drafted, SourceProfile) {
        let mut survey = Survey::default();
        split(messages).into_iter().for_each(|message| survey.add(message));
        let tables = Tables::embedded().unwrap();
        let drafted = survey.draft("site", &tables);
        let profile = SourceProfile::parse(&drafted.profile)
            .unwrap_or_else(|error| panic!("{error}\n{}", drafted.profile));
        (drafted, profile)
    }

    #[test]
    fn the_reference_site_is_learned_as_it_writes() {
        let (drafted, profile) = learned(STORY);
        let aria =
            SourceProfile::parse(include_str!("../../../mappings/sources/aria.toml")).unwrap();
        assert_eq!(profile.activity, aria.activity, "{}", drafted.profile);
        assert_eq!(profile.course, aria.course, "{}", drafted.profile);
        assert_eq!(profile.person.account, aria.person.account);
        assert_eq!((profile.shares, profile.names), (Shares::Whole, Names::Dictionary));
        assert_eq!(profile.degree_component, 7);
        assert_eq!(drafted.unknown, 0, "{}", drafted.dictionary);
        for told in ["4412801", "Ottery"] {
            assert!(!drafted.profile.contains(told), "{told} is of a patient");
        }
    }

    #[test]
    fn a_source_that_sends_codes_and_shares_apart_is_learned_so() {
        let line = |number: u8, more: &str| {
            format!(
                "MSH|^~\\&|M|H|C|E|20261008||DFT^P03|M{number}|P|2.3.1\rPID|1||99998^^^E^MR||Doe^Jo\r\
                 PV1|1|O|||||||||||||||||V9\r\
                 FT1|1|T{number}||20261008||CG|99999^Set^C4|||1|||RAD|||||{more}\r"
            )
        };
        let all = [
            line(1, "|C61^^I10|1999000528^A^B^^^^^MD|||||99999|26"),
            line(2, "|C61^^I10|1999000528^A^B^^^^^MD|||||99999|TC"),
            line(3, "|C61^^I10|1999000528^A^B^^^^^MD|||||99999|TC"),
        ]
        .concat();
        let (drafted, profile) = learned(all.as_bytes());
        assert_eq!(profile.shares, Shares::Apart);
        assert_eq!(profile.names, Names::DictionaryOrCode);
        assert_eq!(profile.credits, Credits::OwnNumber);
        assert_eq!(profile.degree_component, 8, "{}", drafted.profile);
        assert_eq!(profile.person.account.to_string(), "PV1.19", "PID-18 is empty");
        assert!(profile.course.is_none(), "no segment names a course");
        assert!(!drafted.profile.contains("Doe") && !drafted.profile.contains("99998"));
    }

    #[test]
    fn documents_that_come_as_results_and_orders_are_found() {
        let header = |kind: &str, id: u8| {
            format!(
                "MSH|^~\\&|M|H|C|E|20261008||{kind}|M{id}|P|2.5.1\rPID|1||99998^^^E^MR||Doe^Jo\r"
            )
        };
        let tail = "|".repeat(18);
        let results = format!(
            "{}OBR|1||R1|OTV^Visit|||202610081645{tail}F\rOBX|1|ED|PDF||x||||||F\r\
             OBR|2||R2|CBC^Blood|||20261008{tail}F\r",
            header("ORU^R01", 1)
        );
        let order = format!("{}ORC|NW|P1|F1\rOBR|1|P1|F1|SIM^Simulation\r", header("ORM^O01", 2));
        let charge = format!(
            "{}FT1|1|T1||20261008||CG|SIM|||1|||||||||||||F1\rPRT|1|AD||OP|1^A\r",
            header("DFT^P03", 3)
        );
        let (drafted, profile) = learned([results, order, charge].concat().as_bytes());
        let text = &drafted.profile;
        let result = profile.result.as_ref().unwrap();
        let mosaiq = include_str!("../../../mappings/sources/mosaiq.toml");
        assert_eq!(
            result,
            SourceProfile::parse(mosaiq).unwrap().result.as_ref().unwrap(),
            "{text}"
        );
        assert!(profile.document("OTV").is_some() && profile.document("CBC").is_none(), "{text}");
        assert!(text.contains("\"CBC\" = \"…\""), "{text}");
        assert!(text.contains("1 of 1 lines that name an order name one of these"), "{text}");
        assert!(text.contains("OP 1") && text.contains("NW 1"), "{text}");
        let (drafted, profile) = learned(STORY);
        assert!(profile.result.is_none() && !drafted.profile.contains("[result]"));
    }

    #[test]
    fn names_that_no_dictionary_knows_are_listed_for_a_person() {
        let strange = String::from_utf8(STORY.to_vec()).unwrap().replace("TX-3D", "FRAKTION-3D");
        let strange = strange.replace("TX-2D", "FRAKTION-3D");
        let (drafted, _) = learned(strange.as_bytes());
        assert_eq!(drafted.unknown, 1, "{}", drafted.dictionary);
        assert!(drafted.dictionary.starts_with("activity,label,kind,attributes,from,until,why\n"));
        assert!(drafted.dictionary.contains("\nFRAKTION-3D,"), "{}", drafted.dictionary);
    }
}
