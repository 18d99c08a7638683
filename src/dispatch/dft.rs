//! A line as a DFT^P03, by the profile of its destination.

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::{
    BookedLine, Claim, Clinician, Component, Diagnosis, Modifier, PatientClass, ProcedureCode,
    Revenue,
};
use crate::mappings::destination::{
    AccountPlace, CodePlace, CreditLink, DiagnosisPlace, Escapes, Hl7Profile, Layout, Map,
    ModifierPlace, OrderPlace,
};
use crate::store::Queued;
use crate::wire::hl7::{self, Segment};

use super::draft::Draft;
use super::further;
use super::{Desk, transaction_id};

/// How a message is to look, and who it is from and for.
pub(super) struct Letter<'a> {
    pub(super) profile: &'a Hl7Profile,
    /// The destination's name.
    pub(super) name: &'a str,
    pub(super) desk: &'a Desk,
    pub(super) control_id: &'a str,
    /// Segments that are passed on as they were told.
    pub(super) passed: &'a [Segment<'a>],
}

/// A line, or one of its two halves, as one FT1.
pub(super) struct Share<'a> {
    pub(super) booked: &'a BookedLine,
    /// What its numbers end in.
    half: &'static str,
    modifiers: Vec<Modifier>,
}

/// The message for the first of the lines, and for as many of those behind it as may stand in it:
/// what stands once in a message must be the same for all, but for the room, which is the first one's in
/// PV1-3 and each one's own in FT1-16. How many they are stands beside it.
pub(super) fn write(lines: &[Queued], letter: &Letter<'_>) -> (Bytes, usize) {
    let now = letter.now();
    let mut whole: Option<Draft> = None;
    let (mut taken, mut first_number) = (0, 1);
    let mut groups = Vec::new();
    for queued in lines {
        let room = lines.first().and_then(|first| first.line.line.location.as_deref());
        let mut head = letter.head(queued, (room, &now));
        let from = head.len();
        let written = letter.group(&mut head, queued, (first_number, &now));
        let group = head.split_off(from);
        if whole.as_ref().is_some_and(|whole| !whole.says_the_same(&head)) {
            break;
        }
        whole.get_or_insert(head);
        groups.push(group);
        (taken, first_number) = (taken + 1, first_number + written);
    }
    let mut whole = whole.unwrap_or_else(|| Draft::new(false));
    groups.into_iter().for_each(|group| whole.append(group));
    (letter.bytes(whole), taken)
}

/// A message that nobody can bill: it is a test, it names nobody, and it tells of nothing done.
pub(super) fn test(letter: &Letter<'_>) -> Bytes {
    let now = letter.now();
    let mut draft = Draft::new(false);
    letter.header(&mut draft, &now, "T");
    draft.segment("EVN").text(1, "P03").text(2, &now);
    draft.segment("PID").text(1, "1").parts(3, &["COLLIMATOR-TEST", "", "", "COLLIMATOR", "MR"]);
    draft.segment("PV1").text(1, "1").text(2, "O");
    letter.bytes(draft)
}

impl Letter<'_> {
    fn now(&self) -> String {
        let format = if self.profile.time_offset { "%Y%m%d%H%M%S%z" } else { "%Y%m%d%H%M%S" };
        local(self.desk.clock.now(), self.desk, format)
    }

    /// What stands once in the message of a line.
    fn head(&self, queued: &Queued, (room, now): (Option<&str>, &str)) -> Draft {
        let mut draft = Draft::new(self.profile.escapes == Escapes::Blank);
        self.header(&mut draft, now, &self.profile.processing_id);
        draft.segment("EVN").text(1, "P03").text(2, now);
        patient(&mut draft, queued, self.profile);
        visit(&mut draft, queued, room, self.profile);
        if self.profile.diagnosis.contains(&DiagnosisPlace::Segments) {
            diagnosis_segments(&mut draft, &queued.line.line.diagnoses, self.profile);
        }
        for segment in self.passed {
            draft.copy(*segment);
        }
        draft
    }

    /// The FT1 of a line, with what belongs to it, behind what stands once; how many FT1 they are.
    fn group(&self, draft: &mut Draft, queued: &Queued, (first, now): (u16, &str)) -> u16 {
        let shares = shares(&queued.line, self);
        if self.profile.order == OrderPlace::Before {
            order(draft, &queued.line, self.profile);
        }
        let mut number = first;
        for share in &shares {
            let from = draft.len();
            transaction(draft, share, self.profile, (number, now));
            if self.profile.procedure_segment {
                procedure(draft, share, self.profile);
            }
            if self.profile.order == OrderPlace::Behind {
                order(draft, share.booked, self.profile);
            }
            let revenue = self.revenue(&queued.line);
            if !self.profile.revenue_segment.is_empty() && !revenue.is_empty() {
                draft.segment(&self.profile.revenue_segment).text(1, revenue);
            }
            further::write(draft, share, self.profile, from);
            number = number.saturating_add(1);
        }
        number - first
    }

    fn header(&self, draft: &mut Draft, now: &str, processing_id: &str) {
        let profile = self.profile;
        let kind: Vec<&str> = profile.message_type.iter().map(String::as_str).collect();
        let or = |text: &'_ str, otherwise: &'_ str| {
            if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
        };
        draft
            .segment("MSH")
            .text(3, &profile.sending_application)
            .text(4, &or(&profile.sending_facility, &self.desk.site))
            .text(5, &profile.receiving_application)
            .text(6, &or(&profile.receiving_facility, self.name))
            .text(7, now)
            .parts(9, &kind)
            .text(10, self.control_id)
            .text(11, processing_id)
            .text(12, &profile.version)
            .text(15, &profile.accept_acknowledgment)
            .text(16, &profile.application_acknowledgment)
            .text(18, &profile.character_set);
    }

    fn revenue<'a>(&'a self, booked: &'a BookedLine) -> &'a str {
        let told = booked.line.revenue.as_ref().map_or("", Revenue::as_str);
        self.profile.maps.of(Map::Revenue, told)
    }

    fn bytes(&self, draft: Draft) -> Bytes {
        let text = draft.written(&self.profile.delimiters, self.profile.ft1_fields());
        Bytes::from(hl7::encode(&text, &self.profile.character_set))
    }
}

/// The FT1 of a line: one, or where its receiver wants a pair, two.
fn shares<'a>(booked: &'a BookedLine, letter: &Letter<'_>) -> Vec<Share<'a>> {
    let line = &booked.line;
    let share = |half, modifiers| Share { booked, half, modifiers };
    let told = |modifiers: &[Modifier]| {
        modifiers.iter().take(letter.profile.modifiers_max).copied().collect::<Vec<_>>()
    };
    let tables = letter.desk.tables.now();
    let row = line.code.and_then(|code| tables.code(code, line.day()).row());
    let has_two = row.is_some_and(|row| row.component == Component::Split)
        && line.claim == Some(Claim::Global)
        && !line.has(Modifier::PROFESSIONAL)
        && !line.has(Modifier::TECHNICAL);
    if letter.profile.layout != Layout::Pair || !has_two {
        return vec![share("", told(&line.modifiers))];
    }
    let with = |first| [&[first][..], &line.modifiers].concat();
    vec![
        share("P", told(&with(Modifier::PROFESSIONAL))),
        share("T", told(&with(Modifier::TECHNICAL))),
    ]
}

fn patient(draft: &mut Draft, queued: &Queued, profile: &Hl7Profile) {
    let who = &queued.registration;
    let mut segment = draft.segment("PID");
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

fn visit(draft: &mut Draft, queued: &Queued, room: Option<&str>, profile: &Hl7Profile) {
    let line = &queued.line.line;
    let class = match line.class {
        PatientClass::Outpatient => "O",
        PatientClass::Inpatient => "I",
    };
    let mut segment = draft.segment("PV1");
    segment.text(1, "1").text(2, class);
    segment.parts(3, &spots(room, profile));
    for (place, field) in [(AccountPlace::Visit, 19), (AccountPlace::AlternateVisit, 50)] {
        if profile.account.contains(&place) {
            segment.text(field, account(&queued.line));
        }
    }
}

fn transaction(
    draft: &mut Draft,
    share: &Share<'_>,
    profile: &Hl7Profile,
    (number, now): (u16, &str),
) {
    let line = &share.booked.line;
    let kind = if share.booked.reverses.is_some() { "CD" } else { "CG" };
    let coded = coded(share, profile);
    let mut segment = draft.segment("FT1");
    segment.text(1, &number.to_string()).text(2, &share.own(profile));
    segment.text(4, &service(share, profile)).text(5, now).text(6, kind);
    if profile.code.contains(&CodePlace::Transaction) {
        match profile.charge_number(line) {
            Some(charge) => segment.parts(7, &[charge, "", &profile.charge_system]),
            None => segment.parts(7, &coded[..3]),
        };
    }
    segment.text(10, &line.units.get().to_string());
    let department = line.department.as_deref().unwrap_or_default();
    segment.text(13, profile.maps.of(Map::Department, department));
    segment.parts(16, &spots(line.location.as_deref(), profile));
    if profile.diagnosis.contains(&DiagnosisPlace::Transaction) {
        segment.list(19, &diagnoses(&line.diagnoses, profile));
    }
    segment.parts(20, &clinician(line.rendering.as_ref(), profile));
    segment.parts(21, &clinician(line.orderer.as_ref(), profile));
    segment.text(23, line.filler_order.as_deref().unwrap_or_default());
    if profile.code.contains(&CodePlace::Procedure) {
        segment.parts(25, &coded);
    }
    if profile.modifiers == ModifierPlace::Repeated {
        let modifiers: Vec<[&str; 1]> = share.modifiers.iter().map(|it| [it.as_str()]).collect();
        segment.list(26, &modifiers);
    }
    if let Some(original) = share.booked.reverses {
        let original = format!("{}{}", transaction_id(original), share.half);
        match profile.credit_link {
            CreditLink::Reference => segment.text(31, &original),
            CreditLink::Batch => segment.text(3, &original),
            CreditLink::OwnNumber => &mut segment,
        };
    }
}

impl Share<'_> {
    /// Its own number (FT1-2).
    fn own(&self, profile: &Hl7Profile) -> String {
        let of = self.booked.reverses.filter(|_| profile.credit_link == CreditLink::OwnNumber);
        format!("{}{}", transaction_id(of.unwrap_or(self.booked.id)), self.half)
    }
}

/// The code, its system, and modifiers that stand with it.
fn coded(share: &Share<'_>, profile: &Hl7Profile) -> Vec<String> {
    let code = share.booked.line.code.as_ref().map_or("", ProcedureCode::as_str);
    let is_hcpcs = code.starts_with(|c: char| c.is_ascii_alphabetic());
    let system = match profile.hcpcs_system.as_str() {
        system if is_hcpcs && !system.is_empty() => system,
        _ => &profile.code_system,
    };
    let mut whole = code.to_owned();
    let modifiers = || share.modifiers.iter().map(Modifier::as_str);
    if profile.modifiers == ModifierPlace::WithCode {
        modifiers().for_each(|modifier| whole.extend(["-", modifier]));
    }
    let mut parts = vec![whole, String::new(), system.to_owned()];
    if profile.modifiers == ModifierPlace::Components {
        parts.extend(modifiers().map(str::to_owned));
    }
    parts
}

fn service(share: &Share<'_>, profile: &Hl7Profile) -> String {
    let line = &share.booked.line;
    let day = line.day().strftime("%Y%m%d").to_string();
    match line.service.time.filter(|_| profile.service_time) {
        Some(time) => format!("{day}{}", time.strftime("%H%M")),
        None => day,
    }
}

fn procedure(draft: &mut Draft, share: &Share<'_>, profile: &Hl7Profile) {
    let coded = coded(share, profile);
    let mut segment = draft.segment("PR1");
    segment.text(1, "1").parts(3, &coded[..3]).text(5, &service(share, profile));
    if profile.modifiers == ModifierPlace::Repeated && profile.ft1_fields() > 25 {
        let modifiers: Vec<[&str; 1]> = share.modifiers.iter().map(|it| [it.as_str()]).collect();
        segment.list(16, &modifiers);
    }
}

/// The order that the line filled, in the state it is in.
fn order(draft: &mut Draft, booked: &BookedLine, profile: &Hl7Profile) {
    let line = &booked.line;
    let Some(filler) = line.filler_order.as_deref() else { return };
    let code = line.code.as_ref().map_or("", ProcedureCode::as_str);
    let orderer = clinician(line.orderer.as_ref(), profile);
    let day = line.day().strftime("%Y%m%d").to_string();
    draft.segment("ORC").text(1, &profile.order_control).text(3, filler).text(5, "CM");
    let mut segment = draft.segment("OBR");
    segment.text(1, "1").text(3, filler).parts(4, &[code, "", &profile.code_system]);
    segment.text(7, &day).parts(16, &orderer);
}

fn diagnosis_segments(draft: &mut Draft, all: &[Diagnosis], profile: &Hl7Profile) {
    for (number, coded) in (1_u16..).zip(diagnoses(all, profile)) {
        let mut segment = draft.segment("DG1");
        segment.text(1, &number.to_string()).parts(3, &coded).text(6, "F");
        segment.text(15, &number.to_string());
    }
}

pub(super) fn account(booked: &BookedLine) -> &str {
    booked.line.account.as_deref().unwrap_or_default()
}

fn spots<'a>(location: Option<&'a str>, profile: &'a Hl7Profile) -> Vec<&'a str> {
    profile.maps.of(Map::Location, location.unwrap_or_default()).split('^').collect()
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

fn clinician<'a>(one: Option<&'a Clinician>, profile: &'a Hl7Profile) -> [&'a str; 13] {
    let mut parts = [""; 13];
    if let Some(one) = one {
        parts[0] = profile.maps.of(Map::Physician, &one.number);
        parts[1] = &one.family;
        parts[2] = &one.given;
        if one.npi().is_some() && parts[0] == one.number {
            parts[8] = "NPPES";
            parts[12] = "NPI";
        }
    }
    parts
}

/// An instant in the site's own time.
fn local(at: Timestamp, desk: &Desk, format: &str) -> String {
    at.to_zoned(desk.time_zone.clone()).strftime(format).to_string()
}
