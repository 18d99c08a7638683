//! A resource opened, and where everything that it refers to is found.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::domain::{Identifier, Moment, Objection, Resource};
use crate::wire::json::{self, Node};

use super::FhirReading;
use super::node::{self, identifier};

/// A message being read: what was opened once is not opened again.
pub(super) struct Desk<'a> {
    pub(super) reading: &'a FhirReading<'a>,
    opened: RefCell<Known>,
    pub(super) courses: RefCell<HashMap<String, Rc<super::chain::Prescription>>>,
}

/// The type under which the shelf keeps who refers to an identifier.
const BY_IDENTIFIER: &str = "identifier";

/// Types whose identifiers are unique.
const PEOPLE: &[&str] = &["Practitioner", "Patient"];

/// Types whose identifiers are unique within a patient.
const OF_PATIENTS: &[&str] = &["ServiceRequest", "Procedure", "Encounter"];

/// Resources by type and id; nothing where there is none.
type Known = HashMap<(String, String), Option<Rc<Opened>>>;

/// A resource with its content.
pub(super) struct Opened {
    resource: Arc<Resource>,
    pub(super) body: Node,
}

impl<'a> Desk<'a> {
    pub(super) fn new(reading: &'a FhirReading<'a>) -> Desk<'a> {
        let (opened, courses) = (RefCell::default(), RefCell::default());
        Desk { reading, opened, courses }
    }

    /// The newest version of a resource.
    pub(super) fn at(&self, kind: &str, id: &str) -> Option<Rc<Opened>> {
        let key = (kind.to_owned(), id.to_owned());
        if let Some(known) = self.opened.borrow().get(&key) {
            return known.clone();
        }
        let found = self.reading.shelf.resource(kind, id);
        let found = found.and_then(|resource| self.opened(&resource));
        self.opened.borrow_mut().insert(key, found.clone());
        found
    }

    /// A resource, opened.
    pub(super) fn opened(&self, resource: &Arc<Resource>) -> Option<Rc<Opened>> {
        let body = json::read(resource.body.as_bytes()).ok()?;
        Some(Rc::new(Opened { resource: Arc::clone(resource), body }))
    }

    /// A resource that may not stand on the shelf.
    pub(super) fn fresh(&self, resource: &Resource) -> Option<Rc<Opened>> {
        self.opened(&Arc::new(resource.clone()))
    }

    /// The patient that a resource is about, as the shelf keeps it.
    pub(super) fn whose(&self, one: &Opened) -> String {
        let named = ["subject", "for", "patient"].iter().find_map(|it| self.subject(one, it));
        let actors = one.body.list("participant").iter().filter_map(|it| it.get("actor"));
        let mut actors = actors.filter(|actor| {
            let told = actor.text_of("reference").unwrap_or_default();
            told.starts_with("Patient/") || actor.text_of("type") == Some("Patient")
        });
        let who = named.or_else(|| actors.find_map(|actor| self.patient(one, actor)));
        who.map_or(String::new(), |who| format!("{}|{}", who.authority, who.number))
    }

    /// What a reference leads to: within the resource, on the shelf, or by an identifier. Numbers
    /// of people are unique; others, such as a course's, only within their patient.
    pub(super) fn referred(&self, holder: &Opened, reference: &Node) -> Option<Rc<Opened>> {
        if let Some(told) = reference.text_of("reference") {
            if let Some(id) = told.strip_prefix('#') {
                return holder.contained(id);
            }
            let (kind, id) = told.split_once('/')?;
            return self.at(kind, id).filter(|one| !one.is_gone());
        }
        let (system, value) = identifier(reference.get("identifier")?)?;
        let fits = |kind: &&&str| is_of_kind(reference, kind);
        let found = self.person(reference).or_else(|| {
            let whose = self.whose(holder);
            let mut kinds = OF_PATIENTS.iter().filter(fits);
            kinds.find_map(|kind| self.identified_of(&whose, (kind, system, value)))
        });
        found.filter(|one| !one.is_gone())
    }

    /// The patient or clinician that a reference names by an identifier.
    fn person(&self, reference: &Node) -> Option<Rc<Opened>> {
        let (system, value) = identifier(reference.get("identifier")?)?;
        let mut kinds = PEOPLE.iter().filter(|kind| is_of_kind(reference, kind));
        let found = kinds.find_map(|kind| {
            let found = self.reading.shelf.identified(kind, system, value)?;
            self.at(kind, &found.id)
        });
        found.filter(|one| !one.is_gone())
    }

    /// The resource about a patient that bears an identifier; one that came before its patient was
    /// known counts if it is about them after all.
    fn identified_of(
        &self,
        whose: &str,
        (kind, system, value): (&str, &str, &str),
    ) -> Option<Rc<Opened>> {
        let shelf = self.reading.shelf;
        let find = |of: &str| shelf.identified_of(of, kind, system, value);
        if let Some(found) = find(whose).filter(|_| !whose.is_empty()) {
            return self.at(kind, &found.id);
        }
        let found = self.at(kind, &find("")?.id)?;
        (self.whose(&found) == whose).then_some(found)
    }

    /// Everything that refers to what a patient's resource is called by an identifier.
    pub(super) fn referring_to_identifier(
        &self,
        whose: &str,
        (system, value): (&str, &str),
    ) -> Vec<Arc<Resource>> {
        let key = |whose: &str| format!("{whose}|{system}|{value}");
        let shelf = self.reading.shelf;
        let mut found = shelf.referring(BY_IDENTIFIER, &key(whose));
        if !whose.is_empty() {
            let of_nobody = shelf.referring(BY_IDENTIFIER, &key(""));
            let is_theirs = |one: &Arc<Resource>| {
                self.at(&one.kind, &one.id).is_some_and(|opened| self.whose(&opened) == whose)
            };
            found.extend(of_nobody.into_iter().filter(is_theirs));
        }
        found
    }

    /// Every identifier that a reference leads to: its own, and those of the resource.
    pub(super) fn identifiers_of(
        &self,
        holder: &Opened,
        reference: &Node,
    ) -> Vec<(String, String)> {
        let pair = |(system, value): (&str, &str)| (system.to_owned(), value.to_owned());
        let own = reference.get("identifier").and_then(identifier).map(pair);
        let resource = self.referred(holder, reference);
        let of_resource = resource.iter().flat_map(|one| node::identifiers(&one.body).map(pair));
        own.into_iter().chain(of_resource).collect()
    }

    /// The value that a reference leads to in a system.
    pub(super) fn value_of(
        &self,
        holder: &Opened,
        reference: Option<&Node>,
        system: &str,
    ) -> Option<String> {
        let found = self.identifiers_of(holder, reference?);
        found.into_iter().find(|(it, _)| it == system).map(|(_, value)| value)
    }

    /// A moment of the site's calendar.
    pub(super) fn moment(&self, text: Option<&str>) -> Option<Moment> {
        node::moment(text?, self.reading.time_zone)
    }

    /// The patient's number that an element leads to.
    pub(super) fn subject(&self, one: &Opened, element: &str) -> Option<Identifier> {
        self.patient(one, one.body.get(element)?)
    }

    /// The patient's number that a reference leads to.
    pub(super) fn patient(&self, one: &Opened, reference: &Node) -> Option<Identifier> {
        let profile = &self.reading.profile.identifiers;
        if let Some((system, value)) = reference.get("identifier").and_then(identifier)
            && system == profile.mrn
        {
            let (authority, number) = (profile.mrn_authority.clone(), value.to_owned());
            return Some(Identifier { authority, number });
        }
        // By an identifier it names a person or nobody: whose anything else is, is asked of it.
        let patient = match reference.text_of("reference") {
            Some(_) => self.referred(one, reference)?,
            None => self.person(reference)?,
        };
        self.number_of(&patient.body)
    }

    /// What stands against a patient that an element is to lead to.
    pub(super) fn object_to_patient(
        &self,
        one: &Opened,
        element: &str,
        reference: Option<&Node>,
    ) -> Option<Objection> {
        let expression = format!("{}.{element}", one.kind());
        let Some(reference) = reference else {
            let words = "nobody is named for whom it was done".to_owned();
            return Some(Objection { code: "required", expression, words, missing: None });
        };
        if self.patient(one, reference).is_some() {
            return None;
        }
        let known = self.referred(one, reference).is_some();
        let words = match known {
            true => "the patient has no number that is known here",
            false => "the patient is not known: send the Patient first, or with it",
        };
        let missing = reference.text_of("reference").filter(|_| !known);
        Some(Objection {
            code: if known { "business-rule" } else { "not-found" },
            expression,
            words: words.to_owned(),
            missing: missing.filter(|told| told.contains('/')).map(str::to_owned),
        })
    }
}

/// Whether a reference may lead to a type: it names that one, or none.
fn is_of_kind(reference: &Node, kind: &str) -> bool {
    reference.text_of("type").is_none_or(|told| told == kind)
}

impl Opened {
    pub(super) fn kind(&self) -> &str {
        &self.resource.kind
    }

    pub(super) fn id(&self) -> &str {
        &self.resource.id
    }

    pub(super) fn is_gone(&self) -> bool {
        self.resource.is_gone
    }

    /// When its newest word was said, in the site's calendar.
    pub(super) fn told(&self, desk: &Desk<'_>) -> Moment {
        let entered = desk.moment(self.body.text_of("enteredDate"));
        entered.filter(|_| !self.is_gone()).unwrap_or_else(|| {
            let zone = desk.reading.time_zone.clone();
            Moment::at(self.resource.said.to_zoned(zone).datetime())
        })
    }

    pub(super) fn status(&self) -> &str {
        self.body.text_of("status").unwrap_or_default()
    }

    /// What is said of elements that FHIR R4 does not have.
    pub(super) fn strange(&self) -> impl Iterator<Item = String> + use<'_> {
        let places = self.resource.strange.lines();
        places.map(|place| format!("{place}: FHIR R4 has no such element"))
    }

    /// Whether a profile that it names ends so.
    pub(super) fn has_profile(&self, tail: &str) -> bool {
        let profiles = self.body.at(&["meta", "profile"]).map(Node::items).unwrap_or_default();
        profiles.iter().filter_map(Node::text).any(|url| {
            let url = url.split('|').next().unwrap_or_default();
            url.ends_with(tail)
        })
    }

    fn contained(&self, id: &str) -> Option<Rc<Opened>> {
        let is = |one: &&Node| one.text_of("id") == Some(id);
        let body = self.body.list("contained").iter().find(is)?.clone();
        let kind = body.text_of("resourceType")?.to_owned();
        let resource = Resource { kind, id: format!("#{id}"), ..(*self.resource).clone() };
        Some(Rc::new(Opened { resource: Arc::new(resource), body }))
    }
}
