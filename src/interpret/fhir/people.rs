//! Who did the work, or ordered it.

use crate::domain::{Clinician, Degree};
use crate::wire::json::Node;

use super::node;
use super::opened::{Desk, Opened};

/// The function of whoever orders (table 0912).
const ORDERING: &str = "OP";

impl Desk<'_> {
    /// The clinician that a reference leads to.
    pub(super) fn clinician(&self, holder: &Opened, reference: &Node) -> Option<Clinician> {
        match self.referred(holder, reference) {
            Some(one) if one.kind() == "PractitionerRole" => {
                self.clinician(&one, one.body.get("practitioner")?)
            }
            Some(one) if one.kind() == "Practitioner" => Some(self.practitioner(&one.body)),
            Some(_) => None,
            None => self.named_only(reference),
        }
    }

    /// Whoever performed: without a function, or with another than to order.
    pub(super) fn performer(&self, one: &Opened) -> Option<Clinician> {
        self.of_function(one, |orders| !orders)
    }

    /// Whoever ordered.
    pub(super) fn orderer(&self, one: &Opened) -> Option<Clinician> {
        self.of_function(one, |orders| orders)
    }

    fn of_function(&self, one: &Opened, fits: impl Fn(bool) -> bool) -> Option<Clinician> {
        let performers = one.body.list("performer").iter();
        performers
            .filter(|performer| fits(node::has_code(performer.get("function"), ORDERING)))
            .find_map(|performer| self.clinician(one, performer.get("actor")?))
    }

    fn practitioner(&self, body: &Node) -> Clinician {
        let npi = node::valued(body, &self.reading.profile.identifiers.npi);
        let number = npi.or_else(|| node::identifiers(body).next().map(|(_, value)| value));
        let name = body.list("name").first();
        let family = name.and_then(|name| name.text_of("family"));
        let given = name.and_then(|name| name.list("given").first()?.text());
        let degrees = body.list("qualification").iter().filter_map(|one| one.get("code"));
        let degree = degrees.filter_map(|code| {
            code.text_of("text").or_else(|| node::codings(Some(code)).next().map(|(_, it)| it))
        });
        let mut degrees = degree.map(Degree::parse);
        let first = degrees.next().unwrap_or(Degree::Untold);
        let known = [Degree::Physician, Degree::NursePractitioner, Degree::PhysicianAssistant];
        let degree = match known.contains(&first) {
            true => first,
            false => degrees.find(|degree| known.contains(degree)).unwrap_or(first),
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Clinician { number: text(number), family: text(family), given: text(given), degree }
    }

    /// Somebody whom only an identifier or a name tells.
    fn named_only(&self, reference: &Node) -> Option<Clinician> {
        let number = reference.get("identifier").and_then(node::identifier);
        let name = reference.text_of("display").unwrap_or_default();
        let number = number.map(|(_, value)| value.to_owned());
        (number.is_some() || !name.is_empty()).then(|| Clinician {
            number: number.unwrap_or_default(),
            family: name.to_owned(),
            given: String::new(),
            degree: Degree::Untold,
        })
    }
}
