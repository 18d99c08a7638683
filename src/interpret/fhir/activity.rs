//! ChargeItem, Appointment and Task: what was done, by a name of the dictionary or by a code.

use std::sync::Arc;

use crate::domain::{
    Activity, ActivityKey, ActivityStanding, Clinician, Diagnosis, Fact, Field, Identifier,
    Modifier, Moment, PatientClass, ProcedureCode, Quantity, Share, Weight,
};
use crate::wire::json::Node;

use super::chain::Chain;
use super::node;
use super::objection::OF_ANOTHER;
use super::opened::{Desk, Opened};
use super::{Heard, note};

/// Classes of an encounter in which the patient lies in (HL7's ActEncounterCode).
const INPATIENT: &[&str] = &["IMP", "ACUTE", "NONAC"];
/// A period this long is the day of a visit, not the time of the work.
pub(super) const LONG_HOURS: i64 = 8;

/// What the resources of the schedule, charges and treatments have in common.
pub(super) struct Done {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) at: Moment,
    pub(super) diagnoses: Vec<Diagnosis>,
    pub(super) performer: Option<Clinician>,
    pub(super) orderer: Option<Clinician>,
    pub(super) unreadable: Vec<String>,
}

/// What was done, as far as codings tell.
struct Work {
    name: Option<String>,
    chosen: Option<ProcedureCode>,
    modifiers: Vec<Modifier>,
}

impl Desk<'_> {
    pub(super) fn charge_item(&self, one: &Opened) -> Heard {
        let mut heard = Heard { who: self.subject(one, "subject"), ..Heard::default() };
        match one.status() {
            "billable" | "billed" => {}
            "not-billable" => {
                heard.notes.push(note(one, "status", "the source does not bill it; kept"));
                return heard;
            }
            _ => return heard,
        }
        let Some(at) = self.occurrence(&one.body) else { return heard };
        let mut unreadable = Vec::new();
        let work = self.work(one.body.get("code"), &mut unreadable);
        let (diagnoses, all_read) =
            self.diagnoses(node::all_codings(&one.body, "reason").collect());
        if !all_read {
            unreadable.push("ChargeItem.reason: a diagnosis that is no code of ICD-10".into());
        }
        if node::hours(one.body.get("occurrencePeriod")).is_some_and(|it| it >= LONG_HOURS) {
            let words = "the period is as long as a day; the day that it starts on counts";
            heard.notes.push(note(one, "occurrence", words));
        }
        let references: Vec<&Node> = one.body.list("supportingInformation").iter().collect();
        let chain = self.chain(one, &references);
        let done = Done {
            number: self.number(one),
            name: work.name.unwrap_or_default(),
            at,
            diagnoses,
            performer: self.performer(one),
            orderer: self.orderer(one),
            unreadable,
        };
        let encounter = one.body.get("context");
        let activity = Activity {
            quantity: quantity(&one.body),
            chosen: work.chosen,
            modifiers: work.modifiers,
            share: share(&one.body),
            account: self.account(one),
            department: self.department(one),
            ..self.activity(one, done, (chain, encounter))
        };
        heard.facts.push(Fact::Activity(Arc::new(activity)));
        heard
    }

    pub(super) fn appointment(&self, one: &Opened) -> Heard {
        let actors = one.body.list("participant").iter().filter_map(|it| it.get("actor"));
        let actors: Vec<&Node> = actors.collect();
        let mut heard = Heard {
            who: actors.iter().find_map(|actor| self.patient(one, actor)),
            ..Heard::default()
        };
        let work = self.scheduled(node::all_codings(&one.body, "serviceType").collect());
        let (Some(name), "fulfilled") = (work, one.status()) else { return heard };
        let Some(at) = self.moment(one.body.text_of("start")) else { return heard };
        let references: Vec<&Node> =
            ["supportingInformation", "basedOn"].iter().flat_map(|it| one.body.list(it)).collect();
        let chain = self.chain(one, &references);
        let performer = actors.iter().find_map(|actor| self.clinician_only(one, actor));
        let done = Done {
            number: self.number(one),
            name,
            at,
            diagnoses: self.diagnoses(node::all_codings(&one.body, "reasonCode").collect()).0,
            performer,
            orderer: self.requester(&chain),
            unreadable: Vec::new(),
        };
        let activity = self.activity(one, done, (chain, None));
        let activity = Activity { weight: Weight::Scheduled, ..activity };
        heard.facts.push(Fact::Activity(Arc::new(activity)));
        heard
    }

    pub(super) fn task(&self, one: &Opened) -> Heard {
        let mut heard = Heard { who: self.subject(one, "for"), ..Heard::default() };
        let work = self.scheduled(node::codings(one.body.get("code")).collect());
        let (Some(name), "completed") = (work, one.status()) else { return heard };
        let end = one.body.at(&["executionPeriod", "end"]).and_then(Node::text);
        let Some(at) = self.moment(end) else { return heard };
        let references: Vec<&Node> = one.body.list("basedOn").iter().collect();
        let chain = self.chain(one, &references);
        let clinician = |name: &str| self.clinician_only(one, one.body.get(name)?);
        let done = Done {
            number: self.number(one),
            name,
            at,
            diagnoses: self.diagnoses(node::codings(one.body.get("reasonCode")).collect()).0,
            performer: clinician("owner"),
            orderer: clinician("requester").or_else(|| self.requester(&chain)),
            unreadable: Vec::new(),
        };
        let encounter = one.body.get("encounter");
        let activity = self.activity(one, done, (chain, encounter));
        let activity = Activity { weight: Weight::Scheduled, ..activity };
        heard.facts.push(Fact::Activity(Arc::new(activity)));
        heard
    }

    /// One thing done, with everything that its surroundings tell.
    pub(super) fn activity(
        &self,
        one: &Opened,
        done: Done,
        (chain, encounter): (Chain, Option<&Node>),
    ) -> Activity {
        let profile = &self.reading.profile.identifiers;
        let stay = encounter.and_then(|it| self.referred(one, it));
        let class = stay.as_ref().and_then(|it| it.body.at(&["class", "code"])?.text());
        let inpatient = class.is_some_and(|class| INPATIENT.contains(&class));
        let session = || self.value_of(one, encounter, &profile.session).map(|it| node::uid(&it));
        let mut unreadable = done.unreadable;
        unreadable.extend(one.strange());
        let others = self.of_others(one).into_iter();
        unreadable.extend(others.map(|place| format!("{place}: {OF_ANOTHER}")));
        if done.name.is_empty() {
            unreadable.push(format!("{}.code: nothing says what was done", one.kind()));
        }
        let told = one.told(self);
        Activity {
            key: ActivityKey {
                system: self.reading.system.to_owned(),
                number: done.number,
                name: done.name,
            },
            profile: self.reading.profile.name.clone(),
            done: done.at,
            quantity: Field::Read(Quantity::ONE),
            chosen: None,
            modifiers: Vec::new(),
            share: Share::Whole,
            diagnoses: done.diagnoses,
            performer: done.performer,
            orderer: done.orderer,
            fraction: None,
            prescribed: None,
            session: chain.session.or_else(session),
            course: chain.course,
            plan: chain.plan,
            account: None,
            visit: self.value_of(one, encounter, &profile.visit),
            class: if inpatient { PatientClass::Inpatient } else { PatientClass::Outpatient },
            payer: None,
            department: None,
            location: None,
            filler_order: None,
            posted: told,
            told,
            message: self.reading.message,
            control_id: one.id().to_owned(),
            unreadable,
            standing: ActivityStanding::Done,
            weight: Weight::Charged,
        }
    }

    /// The source's own number of a thing; else one made of what the shelf calls it.
    pub(super) fn number(&self, one: &Opened) -> String {
        let charge = node::valued(&one.body, &self.reading.profile.identifiers.charge);
        let spelled = |(system, value): (&str, &str)| format!("{system}|{value}");
        match charge {
            Some(number) => number.to_owned(),
            None => match node::official(&one.body) {
                Some(value) => node::uid(value),
                None => node::identifiers(&one.body)
                    .next()
                    .filter(|_| one.kind() == "ChargeItem")
                    .map_or_else(|| format!("{}/{}", one.kind(), one.id()), spelled),
            },
        }
    }

    /// When a charge occurred.
    pub(super) fn occurrence(&self, body: &Node) -> Option<Moment> {
        let period = || body.at(&["occurrencePeriod", "start"])?.text();
        let timing = || body.at(&["occurrenceTiming", "event"])?.items().first()?.text();
        let told = body.text_of("occurrenceDateTime").or_else(period).or_else(timing);
        self.moment(told)
    }

    fn work(&self, concept: Option<&Node>, unreadable: &mut Vec<String>) -> Work {
        let codes = &self.reading.profile.codes;
        let mut work = Work { name: None, chosen: None, modifiers: Vec::new() };
        for (system, code) in node::codings(concept) {
            if system == codes.activity {
                work.name.get_or_insert_with(|| code.to_owned());
            } else if codes.procedure.iter().any(|it| it == system) {
                match (code.len(), code.parse(), code.to_ascii_uppercase().parse()) {
                    (2, Ok(modifier), _) if work.modifiers.contains(&modifier) => {}
                    (2, Ok(modifier), _) => work.modifiers.push(modifier),
                    (_, _, Ok(code)) => {
                        work.chosen.get_or_insert(code);
                    }
                    (_, _, Err(_)) => {
                        unreadable.push("ChargeItem.code: a procedure code that is none".into());
                    }
                }
            }
        }
        let by_code = work.chosen.map(|code| code.to_string());
        let other = || node::codings(concept).next().map(|(_, code)| code.to_owned());
        let text = || concept?.text_of("text").map(str::to_owned);
        work.name = work.name.or(by_code).or_else(other).or_else(text);
        work
    }

    /// The activity that a schedule names; nothing if it names none of the dictionary's system.
    pub(super) fn scheduled(&self, codings: Vec<node::Coding<'_>>) -> Option<String> {
        let activity = &self.reading.profile.codes.activity;
        codings.into_iter().find(|(system, _)| system == activity).map(|(_, code)| code.to_owned())
    }

    /// Diagnoses, each once; and whether all could be read.
    pub(super) fn diagnoses(&self, codings: Vec<node::Coding<'_>>) -> (Vec<Diagnosis>, bool) {
        let (mut read, mut all_read): (Vec<Diagnosis>, bool) = (Vec::new(), true);
        let system = &self.reading.profile.codes.diagnosis;
        for (_, code) in codings.into_iter().filter(|(it, _)| it == system) {
            match code.parse() {
                Ok(diagnosis) if !read.contains(&diagnosis) => read.push(diagnosis),
                Ok(_) => {}
                Err(_) => all_read = false,
            }
        }
        (read, all_read)
    }

    /// A clinician, and not a patient, a device or a room.
    fn clinician_only(&self, one: &Opened, reference: &Node) -> Option<Clinician> {
        let told = reference.text_of("reference").unwrap_or_default();
        let named = told.split('/').next().filter(|_| told.contains('/'));
        let kind = named.or_else(|| reference.text_of("type"));
        let is_clinician =
            kind.is_none_or(|kind| kind == "Practitioner" || kind == "PractitionerRole");
        self.clinician(one, reference).filter(|_| is_clinician)
    }

    fn account(&self, one: &Opened) -> Option<String> {
        let system = &self.reading.profile.identifiers.account;
        one.body.list("account").iter().find_map(|it| self.value_of(one, Some(it), system))
    }

    fn department(&self, one: &Opened) -> Option<String> {
        ["performingOrganization", "costCenter"].iter().find_map(|name| {
            let found = self.identifiers_of(one, one.body.get(name)?);
            found.into_iter().next().map(|(_, value)| value)
        })
    }

    /// The patient's number, for whoever only asks.
    pub(super) fn who(&self, one: &Opened) -> Option<Identifier> {
        self.subject(one, "subject")
    }
}

/// How many, by the digits as written.
fn quantity(body: &Node) -> Field<Quantity> {
    let told = body.at(&["quantity", "value"]).and_then(Node::number).unwrap_or_default();
    let words = || "ChargeItem.quantity: no whole number from 1 to 999".to_owned();
    Quantity::parse(told).map_or_else(|| Field::Unreadable(words()), Field::Read)
}

/// Whose share it is, by ARIA's category.
fn share(body: &Node) -> Share {
    let category = node::extensions(body, "chargeitem-category").next();
    let told = category.and_then(|it| {
        let concept = || node::codings(it.get("valueCodeableConcept")).next().map(|(_, c)| c);
        let coding = || it.at(&["valueCoding", "code"])?.text();
        let text = || it.at(&["valueCodeableConcept", "text"])?.text();
        it.text_of("valueString")
            .or_else(|| it.text_of("valueCode"))
            .or_else(coding)
            .or_else(concept)
            .or_else(text)
    });
    match told {
        Some(told) if told.eq_ignore_ascii_case("technical") => Share::Technical,
        Some(told) if told.eq_ignore_ascii_case("professional") => Share::Professional,
        Some(_) | None => Share::Whole,
    }
}
