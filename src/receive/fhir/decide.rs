//! What becomes of each resource: taken, known already, older than what is known, or refused.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Answer, MessageId, Resource, Shelf};
use crate::store::{Error, NewResource, SourceShelf, Standing};
use crate::wire::fhir::{self, Unknown};
use crate::wire::json::{self, Node};

use super::super::FhirRequest;
use super::answer::{self, Outcome, Problem, Said};
use super::item::{Asked, Item, Whole, condition, rewritten, untagged};
use super::{FhirDesk, Taken, key, reason};

/// References of one resource that the shelf knows by, at most.
const REFERENCES_MAX: usize = 1_000;

/// The name under which it is kept who refers to an identifier.
const BY_IDENTIFIER: &str = "identifier";

/// Decides about a request.
pub(super) fn decide(
    desk: &FhirDesk,
    request: &FhirRequest,
    mut asked: Asked,
    now: Timestamp,
) -> Taken {
    let source = desk.reception.source().to_owned();
    let shelf = desk.intake().shelf(&source);
    let decided = Deciding::new(desk, &shelf, &mut asked).decide();
    let decided = decided.and_then(|outcomes| shelf.whole().map(|()| outcomes));
    let (outcomes, told) = match decided {
        Ok(decided) => decided,
        Err(error) => {
            tracing::error!(
                source.name = desk.reception.source(),
                error = &error as &dyn std::error::Error,
                "The store could not be read; a sender was told to send again."
            );
            return Taken { answer: answer::unavailable(super::AGAIN_SECONDS), kept: None };
        }
    };
    let all_or_nothing = matches!(asked.whole, Whole::Transaction | Whole::One | Whole::Message);
    let is_refused = !asked.problems.is_empty() || outcomes.iter().any(|one| one.is_refused());
    let none_taken = is_refused && !outcomes.iter().any(|one| !one.is_refused());
    let fails = (all_or_nothing && is_refused) || !asked.problems.is_empty() || none_taken;
    let told = if fails { Vec::new() } else { told };
    let answer = answer::of(&asked, &outcomes, now);
    let words = answer::words(&asked, &outcomes);
    let kept_as = if fails { Answer::Error } else { Answer::Accept };
    let reason = (!words.is_empty()).then(|| reason(&words));
    let message = desk.message(request, (asked.name.as_bytes(), kept_as, reason), now);
    Taken { answer, kept: Some((message, told)) }
}

struct Deciding<'a> {
    desk: &'a FhirDesk,
    shelf: &'a SourceShelf<'a>,
    asked: &'a mut Asked,
    strange: Vec<String>,
    whose: Vec<String>,
}

impl<'a> Deciding<'a> {
    fn new(desk: &'a FhirDesk, shelf: &'a SourceShelf<'a>, asked: &'a mut Asked) -> Deciding<'a> {
        Deciding { desk, shelf, asked, strange: Vec::new(), whose: Vec::new() }
    }

    fn decide(mut self) -> Result<(Vec<Outcome>, Vec<NewResource>), Error> {
        self.find_conditional_references();
        let mut problems = self.examine();
        self.object(&mut problems);
        let mut outcomes = Vec::new();
        let mut told: Vec<NewResource> = Vec::new();
        let mut newest: HashMap<(String, String), Standing> = HashMap::new();
        for (place, problems) in problems.into_iter().enumerate() {
            let item = &self.asked.items[place];
            let said = match problems.is_empty() {
                false => Said::Refused(problems),
                true => {
                    let key = (item.kind.clone(), item.id.clone());
                    let known = match newest.get(&key) {
                        Some(known) => Some(known.clone()),
                        None => self.shelf.standing(&item.kind, &item.id)?,
                    };
                    let said = self.held_against(item, known.as_ref());
                    if let Said::Created | Said::Updated | Said::Deleted = said {
                        let of = (&*self.strange[place], &*self.whose[place]);
                        let new = new_resource(item, of, known.as_ref());
                        newest.insert(key, standing(&new, known.as_ref()));
                        told.push(new);
                    }
                    said
                }
            };
            let revision = newest
                .get(&(item.kind.clone(), item.id.clone()))
                .map(|it| it.revision)
                .unwrap_or_default();
            outcomes.push(Outcome { said, revision });
        }
        Ok((outcomes, told))
    }

    /// References by a search: to what the shelf knows by that identifier.
    fn find_conditional_references(&mut self) {
        let shelf = self.shelf;
        let place = |told: &str| {
            let (kind, query) = told.split_once('?')?;
            let (system, value) = condition(query)?;
            let found = shelf.identified(kind, &system, &value)?;
            Some(format!("{kind}/{}", found.id))
        };
        for item in &mut self.asked.items {
            let resource = std::mem::replace(&mut item.resource, Node::Null);
            item.resource = rewritten(resource, &place);
        }
    }

    /// Holds every resource against the standard.
    fn examine(&mut self) -> Vec<Vec<Problem>> {
        let unknown = self.desk.unknown;
        let examined = self.asked.bundle.as_ref().map(|it| fhir::examine(it, "Bundle", unknown));
        let of_bundle = examined.map(|it| it.issues).unwrap_or_default();
        self.asked.problems.extend(of_bundle.iter().map(Problem::of));
        let mut problems = Vec::new();
        for item in &self.asked.items {
            if let Some((status, words)) = item.verdict {
                self.strange.push(String::new());
                problems.push(vec![Problem::with_status(status, &item.at, words)]);
                continue;
            }
            if item.is_gone {
                self.strange.push(String::new());
                problems.push(Vec::new());
                continue;
            }
            let examined = fhir::examine(&item.resource, &item.at, unknown);
            let strange: Vec<&str> = match unknown {
                Unknown::Refused => Vec::new(),
                Unknown::Taken => {
                    examined.unknown_elements.iter().map(|it| it.expression.as_str()).collect()
                }
            };
            self.strange.push(strange.join("\n"));
            problems.push(examined.issues.iter().map(Problem::of).collect());
        }
        problems
    }

    /// Asks what else stands against those that the standard has nothing against, together with
    /// everything that comes with them.
    fn object(&mut self, problems: &mut [Vec<Problem>]) {
        let sound: Vec<Arc<Resource>> = self
            .asked
            .items
            .iter()
            .zip(problems.iter())
            .filter(|(item, problems)| problems.is_empty() && !item.is_gone)
            .map(|(item, _)| Arc::new(resource(item, "")))
            .collect();
        let together = Together { shelf: self.shelf, new: by_place(&sound) };
        for (item, problems) in self.asked.items.iter().zip(problems.iter_mut()) {
            if !problems.is_empty() || item.is_gone {
                self.whose.push(String::new());
                continue;
            }
            let resource = resource(item, "");
            let objected = self.desk.objects.objections(&resource, &together);
            problems.extend(objected.into_iter().map(|one| Problem::objected(item, one)));
            self.whose.push(self.desk.objects.whose(&resource, &together));
        }
    }

    /// What becomes of a sound resource, by what is known of it already.
    fn held_against(&self, item: &Item, known: Option<&Standing>) -> Said {
        if let Some(wanted) = &item.if_match {
            let is_that = known.is_some_and(|known| answer::etag_of(known) == untagged(wanted));
            if !is_that {
                return Said::OtherVersion;
            }
        }
        if let Some(told) = &item.if_none_exist {
            let named = condition(told);
            let found = named.and_then(|(system, value)| {
                self.shelf.identified(&item.kind, &system, &value).filter(|one| !one.is_gone)
            });
            if found.is_some() || known.is_some_and(|known| !known.resource.is_gone) {
                return Said::Known;
            }
        }
        let Some(known) = known else {
            return if item.is_gone { Said::Deleted } else { Said::Created };
        };
        let is_same = match item.is_gone {
            true => known.resource.is_gone,
            false => !known.resource.is_gone && item.resource.write() == *known.resource.body,
        };
        if is_same {
            return Said::Known;
        }
        match is_older(item, &known.resource) {
            true => Said::Older,
            false if item.is_gone => Said::Deleted,
            false => Said::Updated,
        }
    }
}

/// Whether a word of a resource is older than the one that is known: by the version where both
/// are numbers, else by the time where both tell it.
fn is_older(item: &Item, known: &Resource) -> bool {
    let number = |version: &str| version.parse::<u64>().ok();
    match (number(&item.version), number(&known.version)) {
        (Some(new), Some(old)) if new != old => new < old,
        (_, _) => {
            let body = json::read(known.body.as_bytes()).ok();
            let updated = body.as_ref().and_then(|it| it.at(&["meta", "lastUpdated"])?.text());
            let is_told = updated.is_some() || (known.is_gone && !known.version.is_empty());
            item.is_dated && is_told && item.said < known.said
        }
    }
}

fn resource(item: &Item, strange: &str) -> Resource {
    Resource {
        kind: item.kind.clone(),
        id: item.id.clone(),
        message: MessageId(i64::MAX),
        version: item.version.clone(),
        said: item.said,
        is_gone: item.is_gone,
        body: item.resource.write().into(),
        strange: strange.to_owned(),
    }
}

/// What is put on the shelf. Of what is gone the last known content stays, to tell what it was.
fn new_resource(
    item: &Item,
    (strange, whose): (&str, &str),
    known: Option<&Standing>,
) -> NewResource {
    let mut resource = resource(item, strange);
    if let (true, Some(known)) = (item.is_gone, known) {
        resource.body = Arc::clone(&known.resource.body);
    }
    NewResource {
        resource,
        whose: whose.to_owned(),
        identifiers: identifiers(&item.resource),
        references: references(&item.resource, whose),
    }
}

fn standing(new: &NewResource, known: Option<&Standing>) -> Standing {
    let revision = known.map_or(0, |known| known.revision) + 1;
    Standing { resource: Arc::new(new.resource.clone()), revision }
}

fn identifiers(resource: &Node) -> Vec<(String, String)> {
    let identifiers = resource.list("identifier").iter();
    let pairs = identifiers.filter_map(|one| {
        let value = one.text_of("value")?.trim().to_owned();
        Some((one.text_of("system").unwrap_or_default().to_owned(), value))
    });
    pairs.collect()
}

/// What a resource refers to: resources, and identifiers. Patients are left out: nobody asks what
/// refers to them.
fn references(resource: &Node, whose: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(resource, whose, &mut found);
    found.sort();
    found.dedup();
    found.truncate(REFERENCES_MAX);
    found
}

fn collect(node: &Node, whose: &str, found: &mut Vec<(String, String)>) {
    for item in node.items() {
        collect(item, whose, found);
    }
    let told = node.text_of("reference").and_then(|told| told.split_once('/'));
    if let Some((kind, id)) = told.filter(|(kind, _)| *kind != "Patient") {
        found.push((kind.to_owned(), id.to_owned()));
    }
    for (key, value) in node.entries() {
        let named = (key == "identifier").then(|| {
            let (system, value) = (value.text_of("system")?, value.text_of("value")?);
            Some(format!("{whose}|{system}|{value}"))
        });
        found.extend(named.flatten().map(|it| (BY_IDENTIFIER.to_owned(), it)));
        collect(value, whose, found);
    }
}

/// The shelf, with what comes now put before it.
struct Together<'a> {
    shelf: &'a SourceShelf<'a>,
    new: HashMap<(&'a str, &'a str), Arc<Resource>>,
}

fn by_place(new: &[Arc<Resource>]) -> HashMap<(&str, &str), Arc<Resource>> {
    new.iter().map(|one| ((one.kind.as_str(), one.id.as_str()), Arc::clone(one))).collect()
}

impl Shelf for Together<'_> {
    fn resource(&self, kind: &str, id: &str) -> Option<Arc<Resource>> {
        self.new.get(&(kind, id)).cloned().or_else(|| self.shelf.resource(kind, id))
    }

    fn before(&self, kind: &str, id: &str, message: MessageId) -> Option<Arc<Resource>> {
        self.shelf.before(kind, id, message)
    }

    fn identified(&self, kind: &str, system: &str, value: &str) -> Option<Arc<Resource>> {
        let posted = key::by_identifier(kind, system, value);
        let new = self.new.get(&(kind, posted.as_str())).cloned();
        new.or_else(|| self.shelf.identified(kind, system, value))
    }

    fn identified_of(
        &self,
        whose: &str,
        kind: &str,
        system: &str,
        value: &str,
    ) -> Option<Arc<Resource>> {
        self.shelf.identified_of(whose, kind, system, value)
    }

    fn referring(&self, kind: &str, id: &str) -> Vec<Arc<Resource>> {
        self.shelf.referring(kind, id)
    }

    fn told_by(&self, message: MessageId) -> Vec<Arc<Resource>> {
        self.shelf.told_by(message)
    }
}
