//! One walk through a resource, from its root to its values, keeping the way for what is told.

use std::collections::HashMap;

use super::laws;
use super::primitive::{Primitive, TEXT_BYTES_MAX};
use super::table::{ELEMENTS_MAX, Element, Kind, Place, Shape, Table, table};
use super::{Examined, ISSUES_MAX, Issue, IssueCode, Unknown};
use crate::wire::json::Node;

/// A name that is not R4's is told up to here.
const NAME_CHARS_MAX: usize = 64;

/// A list of codes is told up to this many.
const CODES_TOLD_MAX: usize = 20;

/// Where a walk is, and what it found.
pub(super) struct Walk<'a> {
    table: &'static Table,
    unknown: Unknown,
    at: &'a str,
    steps: Vec<Step<'a>>,
    container: Container<'a>,
    found: Examined,
}

/// The resource whose contained ones a reference like `#a` names.
#[derive(Default)]
struct Container<'a> {
    resource: Option<&'a Node>,
    contained: HashMap<&'a str, &'a Node>,
}

impl<'a> Container<'a> {
    fn new(resource: &'a Node) -> Container<'a> {
        let contained = resource.list("contained").iter();
        let named = contained.filter_map(|one| Some((one.text_of("id")?, one)));
        Container { resource: Some(resource), contained: named.collect() }
    }
}

enum Step<'a> {
    Name(&'a str),
    Item(usize),
}

/// Which elements of an object have been met, and as which of their types.
struct Seen {
    elements: u64,
    kinds: [u8; ELEMENTS_MAX],
}

impl Seen {
    /// False if the element was met with another type.
    fn add(&mut self, place: Place) -> bool {
        let known = self.has(place.element);
        self.elements |= 1 << place.element;
        let kind = u8::try_from(place.kind).unwrap_or(u8::MAX);
        match self.kinds.get_mut(place.element) {
            Some(seen) if known => *seen == kind,
            Some(seen) => {
                *seen = kind;
                true
            }
            None => true,
        }
    }

    fn has(&self, element: usize) -> bool {
        self.elements & (1 << element) != 0
    }
}

impl<'a> Walk<'a> {
    /// A walk whose places begin with `at`.
    pub(super) fn new(at: &'a str, unknown: Unknown) -> Walk<'a> {
        let (steps, found) = (Vec::with_capacity(16), Examined::default());
        Walk { table: table(), unknown, at, steps, container: Container::default(), found }
    }

    /// Walks all through a resource.
    pub(super) fn examined(mut self, resource: &'a Node) -> Examined {
        let shape = resource.text_of("resourceType").and_then(|name| self.table.resource(name));
        match shape {
            Some(shape) => self.whole(shape, resource),
            None => self.untyped(resource, true),
        }
        self.found
    }

    /// Tells a fault of the place where the walk is.
    pub(super) fn tell(&mut self, code: IssueCode, words: &str) {
        if self.found.issues.len() < ISSUES_MAX {
            let expression = self.expression();
            self.found.issues.push(Issue { code, expression, words: words.to_owned() });
        }
    }

    /// Tells a fault of an element of the place where the walk is.
    pub(super) fn tell_of(&mut self, element: &'a str, code: IssueCode, words: &str) {
        self.steps.push(Step::Name(element));
        self.tell(code, words);
        self.steps.pop();
    }

    /// Tells a fault of an element of an item of a list.
    pub(super) fn tell_of_item(
        &mut self,
        list: &'a str,
        item: usize,
        element: &'a str,
        words: &str,
    ) {
        self.steps.extend([Step::Name(list), Step::Item(item)]);
        self.tell_of(element, IssueCode::Invariant, words);
        self.steps.truncate(self.steps.len().saturating_sub(2));
    }

    /// Whether R4 has such a type of resource.
    pub(super) fn is_type(&self, name: &str) -> bool {
        self.table.is_type(name)
    }

    /// A contained resource; the one that contains them, if no id is told.
    pub(super) fn local(&self, id: &str) -> Option<&'a Node> {
        if id.is_empty() {
            return self.container.resource;
        }
        self.container.contained.get(id).copied()
    }

    fn expression(&self) -> String {
        let mut text = self.at.to_owned();
        for step in &self.steps {
            match step {
                Step::Name(name) => {
                    text.push('.');
                    text.extend(name.chars().take(NAME_CHARS_MAX).map(plain));
                }
                Step::Item(number) => text.push_str(&format!("[{number}]")),
            }
        }
        text
    }

    /// A resource that contains others.
    fn whole(&mut self, shape: &'static Shape, resource: &'a Node) {
        let outer = std::mem::replace(&mut self.container, Container::new(resource));
        self.object(shape, resource);
        self.container = outer;
    }

    /// What is no resource that is examined.
    fn untyped(&mut self, node: &Node, is_root: bool) {
        match node.text_of("resourceType") {
            Some(name) if !self.table.is_type(name) => {
                self.tell(IssueCode::NotSupported, "is of a type that R4 does not have");
            }
            Some(_) if is_root => {
                self.tell(IssueCode::NotSupported, "is of a type that is not taken")
            }
            Some(_) => (),
            None if node.get("resourceType").is_some() => {
                self.tell(IssueCode::Structure, "has a resourceType that is no text");
            }
            None => self.tell(IssueCode::Structure, "is no resource: it has no resourceType"),
        }
    }

    fn resource(&mut self, element: &Element, node: &'a Node) {
        let is_contained = element.name == "contained";
        let shape = node.text_of("resourceType").and_then(|name| self.table.resource(name));
        match shape {
            Some(shape) if is_contained => {
                if node.get("contained").is_some() {
                    let words = "cannot be in what is contained itself";
                    self.tell_of("contained", IssueCode::Invariant, words);
                }
                self.object(shape, node);
            }
            Some(shape) => self.whole(shape, node),
            None => self.untyped(node, false),
        }
    }

    fn object(&mut self, shape: &'static Shape, node: &'a Node) {
        let Node::Object(entries) = node else {
            return self.tell(IssueCode::Structure, "is to be an object");
        };
        if entries.is_empty() {
            return self.tell(IssueCode::Structure, "is empty");
        }
        let mut seen = Seen { elements: 0, kinds: [0; ELEMENTS_MAX] };
        for (key, value) in entries {
            if !(shape.is_resource && key == "resourceType") {
                self.entry(shape, (key, value), node, &mut seen);
            }
        }
        for (number, element) in shape.elements.iter().enumerate() {
            if element.is_required && !seen.has(number) {
                self.tell_of(element.name, IssueCode::Required, "is missing");
            }
        }
        laws::hold(self, shape, node);
    }

    fn entry(
        &mut self,
        shape: &'static Shape,
        (key, value): (&'a str, &'a Node),
        node: &'a Node,
        seen: &mut Seen,
    ) {
        let companion_of = key.strip_prefix('_');
        let place = shape.place(companion_of.unwrap_or(key));
        let found = place.and_then(|place| {
            let element = shape.elements.get(place.element)?;
            Some((place, element, *element.kinds.get(place.kind)?))
        });
        let Some((place, element, kind)) = found else {
            return self.unknown(shape, key);
        };
        if companion_of.is_some() && !matches!(kind, Kind::Primitive(_)) {
            return self.unknown(shape, key);
        }
        self.steps.push(Step::Name(element.name));
        if !seen.add(place) {
            self.tell(IssueCode::Structure, "is there as two types; it can have one");
        }
        match companion_of {
            Some(name) => self.companion(element, value, node.get(name)),
            None => self.values(element, kind, (key, value), node),
        }
        self.steps.pop();
    }

    fn unknown(&mut self, shape: &'static Shape, key: &'a str) {
        let is_of = |element: &&Element| {
            element.is_choice
                && key.strip_prefix(element.name).is_some_and(|kind| self.table.is_datatype(kind))
        };
        if let Some(element) = shape.elements.iter().find(is_of) {
            let words = "is of a type that R4 does not allow here";
            return self.tell_of(element.name, IssueCode::Structure, words);
        }
        let words = "is no element of R4";
        match self.unknown {
            Unknown::Refused => self.tell_of(key, IssueCode::Structure, words),
            Unknown::Taken if self.found.unknown_elements.len() < ISSUES_MAX => {
                self.steps.push(Step::Name(key));
                let (code, expression) = (IssueCode::Structure, self.expression());
                self.steps.pop();
                let issue = Issue { code, expression, words: words.to_owned() };
                self.found.unknown_elements.push(issue);
            }
            Unknown::Taken => (),
        }
    }

    /// The value of an element, or its list of them.
    fn values(
        &mut self,
        element: &'static Element,
        kind: Kind,
        (key, value): (&str, &'a Node),
        node: &'a Node,
    ) {
        if matches!(element.name, "modifierExtension" | "implicitRules") {
            self.tell(IssueCode::Extension, "changes what the rest means, and is not understood");
        }
        let Node::List(items) = value else {
            if element.is_list {
                return self.tell(IssueCode::Structure, "is to be a list");
            }
            return self.value(element, kind, value);
        };
        if !element.is_list {
            return self.tell(IssueCode::Structure, "is to be one value, not a list");
        }
        if items.is_empty() {
            self.tell(IssueCode::Structure, "is an empty list");
        }
        let is_value = matches!(kind, Kind::Primitive(_));
        let beside =
            (is_value && items.contains(&Node::Null)).then(|| node.list(&format!("_{key}")));
        for (number, item) in items.iter().enumerate() {
            let companion = beside.and_then(|all| all.get(number));
            if *item == Node::Null && companion.is_some_and(is_told) {
                continue;
            }
            self.steps.push(Step::Item(number));
            self.value(element, kind, item);
            self.steps.pop();
        }
    }

    fn value(&mut self, element: &'static Element, kind: Kind, value: &'a Node) {
        match kind {
            Kind::Primitive(primitive) => self.primitive(element, primitive, value),
            Kind::Shape(number) => self.shaped(number, value),
            Kind::Reference(number) => {
                self.shaped(number, value);
                laws::refer(self, element, value);
            }
            Kind::Entry if matches!(value, Node::Object(_)) => (),
            Kind::Entry => self.tell(IssueCode::Structure, "is to be a resource"),
            Kind::Resource => self.resource(element, value),
        }
    }

    fn shaped(&mut self, number: usize, value: &'a Node) {
        if let Some(shape) = self.table.shape(number) {
            self.object(shape, value);
        }
    }

    /// What stands beside a value, or in its place: an id, extensions.
    fn companion(&mut self, element: &Element, value: &'a Node, beside: Option<&Node>) {
        let Some(shape) = self.table.named("Element") else { return };
        let Node::List(items) = value else {
            if element.is_list {
                return self.tell(IssueCode::Structure, "is to have a list beside it");
            }
            return self.object(shape, value);
        };
        if !element.is_list {
            return self.tell(IssueCode::Structure, "is to have one object beside it, not a list");
        }
        if items.is_empty() {
            self.tell(IssueCode::Structure, "has an empty list beside it");
        }
        for (number, item) in items.iter().enumerate() {
            self.steps.push(Step::Item(number));
            let has_value =
                || beside.and_then(|values| values.items().get(number)).is_some_and(is_told);
            if *item != Node::Null {
                self.object(shape, item);
            } else if !has_value() {
                self.tell(IssueCode::Structure, "has neither a value nor an extension");
            }
            self.steps.pop();
        }
    }

    fn primitive(&mut self, element: &Element, primitive: Primitive, value: &Node) {
        match value {
            Node::Null => self.tell(IssueCode::Structure, "is null"),
            Node::List(_) => self.tell(IssueCode::Structure, "is to be one value, not a list"),
            Node::Object(_) => self.tell(IssueCode::Structure, "is to be a value, not an object"),
            Node::Bool(_) if primitive == Primitive::Boolean => (),
            Node::Number(digits) if primitive.takes_number(digits) => (),
            Node::Text(text)
                if text.len() > TEXT_BYTES_MAX && primitive != Primitive::Base64Binary =>
            {
                self.tell(IssueCode::TooLong, "is longer than a text may be");
            }
            Node::Text(text) if primitive.takes_text(text) => self.code(element, text),
            Node::Bool(_) | Node::Number(_) | Node::Text(_) => {
                let is_its_type = match value {
                    Node::Number(_) => primitive.is_number(),
                    Node::Text(_) => !primitive.is_number() && primitive != Primitive::Boolean,
                    Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => false,
                };
                let code = if is_its_type { IssueCode::Value } else { IssueCode::Structure };
                self.tell(code, &format!("is not {}", primitive.words()));
            }
        }
    }

    fn code(&mut self, element: &Element, text: &str) {
        let codes = &element.codes;
        // ARIA writes the dollar so.
        let is_dollar = element.name == "currency" && text == "$";
        if codes.is_empty() || is_dollar || codes.contains(&text) {
            return;
        }
        let words = if codes.len() <= CODES_TOLD_MAX {
            format!("is none of {}", codes.join(", "))
        } else {
            "is none of the codes that R4 has for it".to_owned()
        };
        self.tell(IssueCode::Value, &words);
    }
}

fn is_told(node: &Node) -> bool {
    *node != Node::Null
}

/// A letter of a name that can be shown anywhere.
fn plain(letter: char) -> char {
    if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-') { letter } else { '?' }
}
