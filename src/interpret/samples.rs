//! Messages that tests are made of. The people are invented.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::domain::{Activity, Credit, Document, Fact, MessageId, Refusal};
use crate::mappings::SourceProfile;

use super::{Person, Reading, Told, read};

pub(super) const ARIA: &str = include_str!("../../mappings/sources/aria.toml");
pub(super) const MOSAIQ: &str = include_str!("../../mappings/sources/mosaiq.toml");

pub(super) const PID: &str =
    "PID|1||4410101^^^EXAMPLE^MR||Ottery^Ottilie^^^^^L||19480317|F||||||||||A4410101";
pub(super) const PV1: &str = "PV1|1|O|RADONC^^^EXAMPLE||||||||||||||||V4410101";
pub(super) const FT1: &str = "FT1|1|K01-1|B261008|202610081015|20261008181000|CG|TX-2D^Fraction^L|||1|||RADONC^Radiation Oncology^L|||RADONC^LINAC2^^EXAMPLE|||Z51.0^^I10~C79.51^^I10|1999000528^Brackwater^Ned^^^^RT^^NPPES^L^^^NPI|1999000510^Tolliver^Maud^^^^MD^^NPPES^L^^^NPI||OK01^ARIA";
pub(super) const ZRT: &str = "ZRT|C1|P1|1|5|2.25.77";

pub(super) fn told_by(profile: &str, raw: &[u8]) -> Result<Told, Refusal> {
    read(raw, &reading(&SourceProfile::parse(profile).unwrap()))
}

pub(super) fn reading(profile: &SourceProfile) -> Reading<'_> {
    static ZONE: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap());
    Reading {
        profile,
        system: "site",
        time_zone: &ZONE,
        message: MessageId(7),
        received: "2026-10-09T03:30:00Z".parse().unwrap(),
    }
}

pub(super) fn headed(kind: &str, segments: &[&str]) -> String {
    let header = format!(
        "MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20261008181000||{kind}|K010010  |P|2.5.1|||AL|NE"
    );
    [&[header.as_str()], segments].concat().join("\r")
}

pub(super) fn told(kind: &str, segments: &[&str]) -> Told {
    told_by(ARIA, headed(kind, segments).as_bytes()).unwrap()
}

pub(super) fn refused(kind: &str, segments: &[&str]) -> String {
    let refusal = told_by(ARIA, headed(kind, segments).as_bytes()).unwrap_err();
    let place = refusal.reason.place.map(|it| it.to_string()).unwrap_or_default();
    format!("{} {} {place}", refusal.answer.as_str(), refusal.reason.code)
}

pub(super) fn one(told: &Told) -> &Person {
    assert_eq!(told.people.len(), 1);
    &told.people[0]
}

pub(super) fn activities(told: &Told) -> Vec<&Activity> {
    let facts = told.people.iter().flat_map(|person| &person.facts);
    facts
        .filter_map(|fact| if let Fact::Activity(it) = fact { Some(it.as_ref()) } else { None })
        .collect()
}

pub(super) fn credits(told: &Told) -> Vec<&Credit> {
    let facts = told.people.iter().flat_map(|person| &person.facts);
    facts
        .filter_map(|fact| if let Fact::Credit(it) = fact { Some(it.as_ref()) } else { None })
        .collect()
}

pub(super) fn documents(told: &Told) -> Vec<&Document> {
    let facts = told.people.iter().flat_map(|person| &person.facts);
    facts
        .filter_map(|fact| if let Fact::Document(it) = fact { Some(it.as_ref()) } else { None })
        .collect()
}

/// FT1 of the sample with some fields replaced.
pub(super) fn ft1(fields: &[(usize, &str)]) -> String {
    let mut parts: Vec<String> = FT1.split('|').map(str::to_owned).collect();
    parts.resize(32, String::new());
    for (number, value) in fields {
        parts[*number] = (*value).to_owned();
    }
    parts.join("|")
}

pub(super) fn line(fields: &[(usize, &str)]) -> Activity {
    let told = told("DFT^P03", &[PID, PV1, &ft1(fields), ZRT]);
    activities(&told)[0].clone()
}

pub(super) fn mosaiq(fields: &[(usize, &str)]) -> Activity {
    let text = headed("DFT^P03", &[PID, PV1, &ft1(fields)]);
    activities(&told_by(MOSAIQ, text.as_bytes()).unwrap())[0].clone()
}

pub(super) fn listed<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}
