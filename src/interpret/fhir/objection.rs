//! What stands against a resource as a source of facts, for its sender to be told.

use crate::domain::Objection;
use crate::wire::json::Node;

use super::node;
use super::opened::{Desk, Opened};

/// Why something that is referred to cannot be what is meant.
pub(super) const OF_ANOTHER: &str = "leads to what belongs to another patient";

/// By these elements a resource says what it belongs to.
const BELONGS_BY: &[&str] = &["basedOn", "partOf", "supportingInformation", "encounter", "context"];

impl Desk<'_> {
    /// What stands against a resource as a source of facts.
    pub(super) fn objections(&self, one: &Opened) -> Vec<Objection> {
        let mut found = Vec::new();
        let (patient, day) = match one.kind() {
            "ChargeItem" => {
                let done = ["billable", "billed"].contains(&one.status());
                let day = done.then(|| ("occurrence", self.occurrence(&one.body)));
                (Some("subject"), day)
            }
            "Procedure" => self.asked_of_procedure(one),
            "DocumentReference" => {
                let known = self.kind_of_document(one).is_some();
                let day = ("date", self.document_moment(one));
                (known.then_some("subject"), known.then_some(day))
            }
            "Task" => {
                let named = self.scheduled(node::codings(one.body.get("code")).collect());
                let done = named.is_some() && one.status() == "completed";
                let end = one.body.at(&["executionPeriod", "end"]).and_then(Node::text);
                let day = ("executionPeriod", self.moment(end));
                (done.then_some("for"), done.then_some(day))
            }
            "Appointment" => {
                let named = self.scheduled(node::all_codings(&one.body, "serviceType").collect());
                let done = named.is_some() && one.status() == "fulfilled";
                if done {
                    found.extend(self.object_to_participants(one));
                }
                let day = ("start", self.moment(one.body.text_of("start")));
                (None, done.then_some(day))
            }
            _ => (None, None),
        };
        if let Some(element) = patient {
            found.extend(self.object_to_patient(one, element, one.body.get(element)));
        }
        if let Some((element, None)) = day {
            found.push(Objection {
                code: "required",
                expression: format!("{}.{element}", one.kind()),
                words: "the day on which it was done is not told".to_owned(),
                missing: None,
            });
        }
        found.extend(self.of_others(one).into_iter().map(|expression| Objection {
            code: "business-rule",
            expression,
            words: OF_ANOTHER.to_owned(),
            missing: None,
        }));
        found
    }

    fn object_to_participants(&self, one: &Opened) -> Option<Objection> {
        let actors = one.body.list("participant").iter().filter_map(|it| it.get("actor"));
        let actors: Vec<&Node> = actors.collect();
        if actors.iter().any(|actor| self.patient(one, actor).is_some()) {
            return None;
        }
        let told = |actor: &&&Node| {
            let told = actor.text_of("reference").unwrap_or_default();
            told.starts_with("Patient/") || actor.text_of("type") == Some("Patient")
        };
        let patient = actors.iter().find(told).copied();
        self.object_to_patient(one, "participant", patient)
    }

    /// The elements that lead to what belongs to another patient, as far as both are known.
    pub(super) fn of_others(&self, one: &Opened) -> Vec<String> {
        let Some(who) = self.subject(one, if one.kind() == "Task" { "for" } else { "subject" })
        else {
            return Vec::new();
        };
        let is_of_another = |reference: &Node| {
            let found = self.referred(one, reference);
            let whose = found.and_then(|found| self.subject(&found, "subject"));
            whose.is_some_and(|whose| whose != who)
        };
        let mut places = Vec::new();
        for name in BELONGS_BY {
            match one.body.get(name) {
                Some(Node::List(references)) => {
                    let of_others = references.iter().enumerate();
                    let of_others = of_others.filter(|(_, reference)| is_of_another(reference));
                    places.extend(of_others.map(|(n, _)| format!("{}.{name}[{n}]", one.kind())));
                }
                Some(reference) if is_of_another(reference) => {
                    places.push(format!("{}.{name}", one.kind()));
                }
                Some(_) | None => {}
            }
        }
        places
    }
}
