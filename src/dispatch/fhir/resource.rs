//! A line as a charge of FHIR, by the profile of its destination.

use collimator_fhir_types::{
    Change, Charge, Code, Error, Message, Modifiers, Named, Operation, Patient, Performer, Revenue,
    Status, Target, charge_item, message, operation,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{BookedLine, Clinician, Diagnosis, Modifier, ProcedureCode};
use crate::mappings::destination::FhirProfile;
use crate::store::Queued;

use super::super::transaction_id;

/// The kind of sex that a message of HL7 v2 tells, and the gender that it is.
const GENDERS: [(&str, &str); 5] =
    [("F", "female"), ("M", "male"), ("O", "other"), ("A", "other"), ("U", "unknown")];

/// A line that is to be written, and for whom.
pub(super) struct Written<'a> {
    pub(super) queued: &'a Queued,
    pub(super) profile: &'a FhirProfile,
    pub(super) entered: String,
}

/// What a charge is written with, as text that the charge borrows.
struct Parts {
    number: String,
    day: String,
    diagnoses: Vec<String>,
}

impl Written<'_> {
    /// The line as a resource.
    pub(super) fn resource(
        &self,
        line: &BookedLine,
        id: Option<&str>,
        status: Status,
    ) -> Result<String, Error> {
        let parts = self.parts(line);
        charge_item(&self.charge(line, &parts, (id, status)))
    }

    /// The line as an operation that makes it.
    pub(super) fn creation(&self, transaction: &str) -> Result<String, Error> {
        let parts = self.parts(&self.queued.line);
        let charge = self.charge(&self.queued.line, &parts, (None, Status::Unknown));
        operation(&Operation { transaction, change: Change::Create(&charge) })
    }

    /// The operation that takes a charge back.
    pub(super) fn credit(&self, transaction: &str, version: Option<&str>) -> Result<String, Error> {
        let line = &self.queued.line;
        let change = Change::Credit {
            version,
            subject: Target::Number(self.patient()),
            context: self.visit(line).map(Target::Number),
        };
        operation(&Operation { transaction, change })
    }

    /// The line as a message.
    pub(super) fn message(
        &self,
        number: &str,
        (made, from): (&str, &str),
        to: &str,
    ) -> Result<String, Error> {
        let parts = self.parts(&self.queued.line);
        let who = &self.queued.registration;
        let name = who.name.as_ref().map(|name| name.open_for_billing().as_slice());
        let name = name.unwrap_or_default();
        let given = name.iter().skip(1).take(2).map(String::as_str);
        let birth = who.birth_date.as_ref().and_then(|day| iso(day.open_for_billing()));
        let sex = who.sex.as_deref().unwrap_or_default();
        let gender = GENDERS.iter().find(|(told, _)| *told == sex).map(|(_, gender)| *gender);
        message(&Message {
            number,
            made,
            event: &self.profile.event,
            from: ("urn:collimator", from),
            to,
            patient: Patient {
                number: Some(self.patient()),
                family: name.first().map_or("", String::as_str),
                given: given.filter(|part| !part.is_empty()).collect(),
                birth_date: birth.as_deref(),
                gender,
            },
            charge: self.charge(&self.queued.line, &parts, (None, Status::Billable)),
        })
    }

    fn parts(&self, line: &BookedLine) -> Parts {
        let spelled = |one: &Diagnosis| match self.profile.diagnosis_dot {
            true => one.as_str().to_owned(),
            false => one.as_str().replace('.', ""),
        };
        let diagnoses = line.line.diagnoses.iter().take(self.profile.diagnoses_max);
        Parts {
            number: transaction_id(line.id),
            day: line.line.day().to_string(),
            diagnoses: diagnoses.map(spelled).collect(),
        }
    }

    fn charge<'a>(
        &'a self,
        booked: &'a BookedLine,
        parts: &'a Parts,
        (id, status): (Option<&'a str>, Status),
    ) -> Charge<'a> {
        let (line, profile) = (&booked.line, self.profile);
        let numbers = &profile.identifiers;
        let modifiers = line.modifiers.iter().take(profile.modifiers_max);
        let diagnoses = parts.diagnoses.iter();
        let system = profile.diagnosis_system.as_str();
        Charge {
            id,
            number: Named { system: &numbers.charge, value: &parts.number },
            status,
            code: self.code(line.code.as_ref()),
            modifiers: modifiers.map(Modifier::as_str).collect(),
            modifiers_system: &profile.code_system,
            modifiers_as: match profile.modifier_extension.as_str() {
                "" => Modifiers::Codings,
                url => Modifiers::Extension(url),
            },
            subject: Target::Number(self.patient()),
            context: self.visit(booked).map(Target::Number),
            account: named(&numbers.account, line.account.as_deref()).map(Target::Number),
            day: &parts.day,
            entered: Some(&self.entered),
            quantity: line.units.get(),
            cost_center: named(&numbers.department, line.department.as_deref()),
            performers: performers((line.rendering.as_ref(), line.orderer.as_ref()), profile),
            reasons: diagnoses.map(|code| Code { system, code }).collect(),
            revenue: line.revenue.as_ref().filter(|_| !profile.revenue_extension.is_empty()).map(
                |code| Revenue {
                    extension: &profile.revenue_extension,
                    code: Code { system: &profile.revenue_system, code: code.as_str() },
                },
            ),
            place: named(&numbers.location, line.location.as_deref())
                .filter(|_| !profile.location_extension.is_empty())
                .map(|place| (profile.location_extension.as_str(), place)),
        }
    }

    fn code<'a>(&'a self, code: Option<&'a ProcedureCode>) -> Code<'a> {
        let code = code.map_or("", ProcedureCode::as_str);
        let system = match code.starts_with(|sign: char| sign.is_ascii_alphabetic()) {
            true => &self.profile.hcpcs_system,
            false => &self.profile.code_system,
        };
        Code { system, code }
    }

    fn patient(&self) -> Named<'_> {
        let number = self.queued.identifiers.first().map_or("", |one| one.number.as_str());
        Named { system: &self.profile.identifiers.patient, value: number }
    }

    /// The visit: its number is the account's, as in PV1-19.
    fn visit<'a>(&'a self, line: &'a BookedLine) -> Option<Named<'a>> {
        named(&self.profile.identifiers.visit, line.line.account.as_deref())
    }
}

/// A number, unless its kind is left out or nobody told it.
fn named<'a>(system: &'a str, value: Option<&'a str>) -> Option<Named<'a>> {
    let value = value.filter(|value| !value.is_empty() && !system.is_empty())?;
    Some(Named { system, value })
}

fn performers<'a>(
    (rendering, orderer): (Option<&'a Clinician>, Option<&'a Clinician>),
    profile: &'a FhirProfile,
) -> Vec<Performer<'a>> {
    let told = [(rendering, false), (orderer, true)];
    let told = told.into_iter().filter_map(|(one, ordered)| Some((one?, ordered)));
    told.filter(|(one, _)| !one.number.is_empty())
        .map(|(one, ordered)| {
            let system = if one.npi().is_some() { &profile.identifiers.clinician } else { "" };
            Performer { number: Named { system, value: &one.number }, name: &one.family, ordered }
        })
        .collect()
}

/// `19500101` as a date; nothing if it is none.
fn iso(digits: &str) -> Option<String> {
    let day = digits.get(..8)?;
    jiff::civil::Date::strptime("%Y%m%d", day).ok().map(|day| day.to_string())
}

/// An instant with the site's own offset, to the second.
pub(super) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
