//! A line as a DFT^P03, by the profile of its destination.

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::{
    BookedLine, Clinician, Diagnosis, Modifier, PatientClass, ProcedureCode, Revenue,
};
use crate::mappings::destination::{AccountPlace, CodePlace, Hl7Profile};
use crate::store::Queued;
use crate::wire::hl7::{Delimiters, Writer};

use super::{Desk, Destination, transaction_id};

/// The message for one line.
pub(super) fn write(
    queued: &Queued,
    (profile, destination): (&Hl7Profile, &Destination),
    desk: &Desk,
    control_id: &str,
) -> Bytes {
    let now = local(desk.clock.now(), desk);
    let mut writer = Writer::new(Delimiters::default());
    header(&mut writer, (profile, &destination.name), desk, (&now, control_id));
    writer.segment("EVN").text(1, "P03").text(2, &now);
    patient(&mut writer, queued, profile);
    visit(&mut writer, &queued.line, profile);
    transaction(&mut writer, &queued.line, profile, &now);
    let revenue = queued.line.line.revenue.as_ref().map_or("", Revenue::as_str);
    if !profile.revenue_segment.is_empty() && !revenue.is_empty() {
        writer.segment(&profile.revenue_segment).text(1, revenue);
    }
    Bytes::from(writer.finish())
}

fn header(
    writer: &mut Writer,
    (profile, name): (&Hl7Profile, &str),
    desk: &Desk,
    (now, control_id): (&str, &str),
) {
    let kind: Vec<&str> = profile.message_type.iter().map(String::as_str).collect();
    writer
        .header()
        .text(3, &profile.sending_application)
        .text(4, &desk.site)
        .text(5, &profile.receiving_application)
        .text(6, name)
        .text(7, now)
        .parts(9, &kind)
        .text(10, control_id)
        .text(11, &profile.processing_id)
        .text(12, &profile.version)
        .text(18, &profile.character_set);
}

fn patient(writer: &mut Writer, queued: &Queued, profile: &Hl7Profile) {
    let who = &queued.registration;
    let mut segment = writer.segment("PID");
    segment.text(1, "1");
    if let Some(number) = queued.identifiers.first() {
        segment.parts(3, &[&number.number, "", "", &number.authority, "MR"]);
    }
    if let Some(name) = &who.name {
        let parts: Vec<&str> = name.open_for_billing().iter().map(String::as_str).collect();
        segment.parts(5, &parts);
    }
    if let Some(birth) = &who.birth_date {
        segment.text(7, birth.open_for_billing());
    }
    if let Some(sex) = &who.sex {
        segment.text(8, sex);
    }
    if profile.account.contains(&AccountPlace::Patient) {
        segment.text(18, account(&queued.line));
    }
}

fn visit(writer: &mut Writer, booked: &BookedLine, profile: &Hl7Profile) {
    let line = &booked.line;
    let class = match line.class {
        PatientClass::Outpatient => "O",
        PatientClass::Inpatient => "I",
    };
    let mut segment = writer.segment("PV1");
    segment.text(1, "1").text(2, class);
    segment.parts(3, &spots(&line.location));
    if profile.account.contains(&AccountPlace::Visit) {
        segment.text(19, account(booked));
    }
}

fn transaction(writer: &mut Writer, booked: &BookedLine, profile: &Hl7Profile, now: &str) {
    let line = &booked.line;
    let own = transaction_id(booked.id);
    let code = line.code.as_ref().map_or("", ProcedureCode::as_str);
    let coded = [code, "", &profile.code_system];
    let kind = if booked.reverses.is_some() { "CD" } else { "CG" };
    let day = line.day().strftime("%Y%m%d").to_string();
    let mut segment = writer.segment("FT1");
    segment.text(1, "1").text(2, &own).text(4, &day).text(5, now).text(6, kind);
    if profile.code.contains(&CodePlace::Transaction) {
        segment.parts(7, &coded);
    }
    segment.text(10, &line.units.get().to_string());
    segment.text(13, line.department.as_deref().unwrap_or_default());
    segment.parts(16, &spots(&line.location));
    segment.list(19, &diagnoses(&line.diagnoses, profile));
    segment.parts(20, &clinician(line.rendering.as_ref()));
    segment.parts(21, &clinician(line.orderer.as_ref()));
    segment.text(23, line.filler_order.as_deref().unwrap_or_default());
    if profile.code.contains(&CodePlace::Procedure) {
        segment.parts(25, &coded);
    }
    let modifiers: Vec<[&str; 1]> = line
        .modifiers
        .iter()
        .take(profile.modifiers_max)
        .map(|modifier: &Modifier| [modifier.as_str()])
        .collect();
    segment.list(26, &modifiers);
    if let Some(original) = booked.reverses {
        segment.text(31, &transaction_id(original));
    }
}

fn account(booked: &BookedLine) -> &str {
    booked.line.account.as_deref().unwrap_or_default()
}

fn spots(location: &Option<String>) -> Vec<&str> {
    location.as_deref().unwrap_or_default().split('^').collect()
}

fn diagnoses(all: &[Diagnosis], profile: &Hl7Profile) -> Vec<[String; 3]> {
    let spelled = |one: &Diagnosis| {
        let code = if profile.diagnosis_dot {
            one.as_str().to_owned()
        } else {
            one.as_str().replace('.', "")
        };
        [code, String::new(), profile.diagnosis_system.clone()]
    };
    all.iter().take(profile.diagnoses_max).map(spelled).collect()
}

fn clinician(one: Option<&Clinician>) -> [&str; 13] {
    let mut parts = [""; 13];
    if let Some(one) = one {
        parts[0] = &one.number;
        parts[1] = &one.family;
        parts[2] = &one.given;
        if one.npi().is_some() {
            parts[8] = "NPPES";
            parts[12] = "NPI";
        }
    }
    parts
}

/// An instant in the site's own time, to the second.
fn local(at: Timestamp, desk: &Desk) -> String {
    at.to_zoned(desk.time_zone.clone()).strftime("%Y%m%d%H%M%S").to_string()
}
