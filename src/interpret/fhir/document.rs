//! DocumentReference: a signed document, or one that is not signed yet or no longer stands.

use std::sync::Arc;

use crate::domain::{Document, DocumentKey, DocumentKind, Fact, Moment, Standing};
use crate::wire::json::Node;

use super::node;
use super::opened::{Desk, Opened};
use super::{Heard, note};

impl Desk<'_> {
    pub(super) fn document(&self, one: &Opened) -> Heard {
        let mut heard = Heard { who: self.who(one), ..Heard::default() };
        let Some(kind) = self.kind_of_document(one) else {
            let words = "a type of document that means nothing to billing; kept";
            heard.notes.push(note(one, "type", words));
            return heard;
        };
        let Some(moment) = self.document_moment(one) else { return heard };
        let related: Vec<&Node> =
            one.body.at(&["context", "related"]).map(Node::items).into_iter().flatten().collect();
        let encounters = one.body.at(&["context", "encounter"]).map(Node::items);
        let chain = self.chain(one, &related);
        let session = &self.reading.profile.identifiers.session;
        let by_encounter = || {
            let mut encounters = encounters.into_iter().flatten();
            encounters.find_map(|it| self.value_of(one, Some(it), session))
        };
        let author = one.body.list("author").iter().find_map(|it| self.clinician(one, it));
        let document = Document {
            key: DocumentKey {
                system: self.reading.system.to_owned(),
                number: self.document_number(one),
            },
            kind,
            moment,
            author,
            standing: self.standing(one),
            session: chain.session.or_else(|| by_encounter().map(|it| node::uid(&it))),
            course: chain.course,
            plan: chain.plan,
            codes: Vec::new(),
            account: None,
            posted: one.told(self),
            message: self.reading.message,
        };
        heard.facts.push(Fact::Document(Arc::new(document)));
        heard
    }

    /// What a document is; nothing for a type that the profile does not know.
    pub(super) fn kind_of_document(&self, one: &Opened) -> Option<DocumentKind> {
        let profile = self.reading.profile;
        node::codings(one.body.get("type"))
            .filter(|(system, _)| *system == profile.codes.document)
            .find_map(|(_, code)| profile.document(code))
    }

    pub(super) fn document_moment(&self, one: &Opened) -> Option<Moment> {
        self.moment(one.body.text_of("date"))
    }

    fn document_number(&self, one: &Opened) -> String {
        let profile = &self.reading.profile.identifiers;
        let master = one.body.get("masterIdentifier").and_then(node::identifier);
        let master = master.map(|(_, value)| value);
        let number = node::valued(&one.body, &profile.document).or(master);
        let number = number.or_else(|| node::identifiers(&one.body).next().map(|(_, it)| it));
        number.map_or_else(|| format!("{}/{}", one.kind(), one.id()), str::to_owned)
    }

    /// Whether it counts: final and amended do; what another replaces no longer does.
    fn standing(&self, one: &Opened) -> Standing {
        let doc_status = one.body.text_of("docStatus");
        match (one.status(), doc_status) {
            ("entered-in-error" | "superseded", _) | (_, Some("entered-in-error")) => {
                Standing::Withdrawn
            }
            (_, Some("final" | "amended")) if self.is_replaced(one) => Standing::Withdrawn,
            (_, Some("final" | "amended")) => Standing::InForce,
            (_, _) => Standing::Unsigned,
        }
    }

    fn is_replaced(&self, one: &Opened) -> bool {
        let referring = self.reading.shelf.referring(one.kind(), one.id());
        let others = referring.iter().filter(|it| it.kind == one.kind() && it.id != one.id());
        let others = others.filter_map(|it| self.at(&it.kind, &it.id));
        let target = format!("{}/{}", one.kind(), one.id());
        others.into_iter().any(|other| {
            let stands = !other.is_gone() && other.status() == "current";
            let replaces = other.body.list("relatesTo").iter().any(|it| {
                let told = it.at(&["target", "reference"]).and_then(Node::text);
                it.text_of("code") == Some("replaces") && told == Some(&target)
            });
            stands && replaces
        })
    }
}
