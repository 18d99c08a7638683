//! What a thing belongs to: its course, plan and session, and what was prescribed for them.

use std::collections::HashSet;
use std::rc::Rc;

use crate::domain::Clinician;
use crate::wire::json::Node;

use super::node;
use super::opened::{Desk, Opened};

/// Steps from a thing to what it belongs to.
const DEPTH_MAX: usize = 5;
/// Resources that are looked at on the way.
const VISITED_MAX: usize = 64;

/// How those resources refer to what they belong to.
const UPWARD: &[&str] = &["basedOn", "partOf"];

/// A level of treatment, as CodeX RT and mCODE name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Course,
    Phase,
    Plan,
    Fraction,
}

/// Ends of profiles, and codes of SNOMED CT, that tell the level.
const LEVELS: &[(Level, &[&str], &str)] = &[
    (Level::Fraction, &["radiotherapy-treated-fraction"], "1297069006"),
    (
        Level::Phase,
        &[
            "radiotherapy-phase-prescription",
            "radiotherapy-planned-phase",
            "radiotherapy-treated-phase",
        ],
        "1222565005",
    ),
    (
        Level::Plan,
        &[
            "radiotherapy-plan-prescription",
            "radiotherapy-treatment-plan",
            "radiotherapy-treated-plan",
        ],
        "1255724003",
    ),
    (
        Level::Course,
        &[
            "radiotherapy-course-prescription",
            "radiotherapy-planned-course",
            "radiotherapy-course-summary",
        ],
        "1217123003",
    ),
];

/// What a thing belongs to.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) course: Option<String>,
    pub(super) plan: Option<String>,
    pub(super) session: Option<String>,
    /// The resources on the way, the nearest first.
    pub(super) above: Vec<Rc<Opened>>,
}

/// What was prescribed for a course.
#[derive(Default)]
pub(super) struct Prescription {
    /// Fractions of all phases.
    fractions: Option<u16>,
    /// Phases, or plans where no phase tells a number.
    parts: usize,
}

impl Opened {
    /// The level: by profile, then by the code.
    pub(super) fn level(&self) -> Option<Level> {
        let by_profile = LEVELS
            .iter()
            .find(|(_, profiles, _)| profiles.iter().any(|tail| self.has_profile(tail)));
        let has_code = |code: &str| node::has_code(self.body.get("code"), code);
        let by_code = || LEVELS.iter().find(|(_, _, code)| has_code(code));
        by_profile.or_else(by_code).map(|(level, _, _)| *level)
    }

    fn is(&self, kind: &str, level: Level) -> bool {
        self.kind() == kind && self.level() == Some(level)
    }
}

impl Desk<'_> {
    /// What a thing belongs to, by what it refers to in these elements.
    pub(super) fn chain(&self, one: &Opened, references: &[&Node]) -> Chain {
        let mut chain = Chain::default();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        let mut next: Vec<Rc<Opened>> = Vec::new();
        for reference in references {
            next.extend(self.climb(one, reference, &mut chain));
        }
        for _ in 0..DEPTH_MAX {
            let here: Vec<Rc<Opened>> = std::mem::take(&mut next)
                .into_iter()
                .filter(|it| seen.insert((it.kind().to_owned(), it.id().to_owned())))
                .take(VISITED_MAX.saturating_sub(chain.above.len()))
                .collect();
            for it in &here {
                for reference in UPWARD.iter().flat_map(|name| it.body.list(name)) {
                    next.extend(self.climb(it, reference, &mut chain));
                }
            }
            chain.above.extend(here);
        }
        self.name_by_levels(&mut chain);
        chain
    }

    /// One reference followed: what its identifiers name is noted.
    fn climb(&self, one: &Opened, reference: &Node, chain: &mut Chain) -> Option<Rc<Opened>> {
        let profile = &self.reading.profile.identifiers;
        let found = self.referred(one, reference);
        let level = found.as_ref().and_then(|it| it.level());
        if let Some(fraction) = found.as_ref().filter(|_| level == Some(Level::Fraction)) {
            chain.session = chain.session.take().or_else(|| self.session(fraction));
        }
        let is_request = reference.text_of("type") == Some("ServiceRequest");
        let is_of_course = is_request || level.is_some_and(|level| level != Level::Fraction);
        for (system, value) in self.identifiers_of(one, reference) {
            let place = if system == profile.course {
                &mut chain.course
            } else if system == profile.plan {
                &mut chain.plan
            } else if system == profile.session && !is_of_course {
                &mut chain.session
            } else {
                continue;
            };
            place.get_or_insert_with(|| node::uid(&value));
        }
        found
    }

    /// Where the site's systems name no course or plan, the resources of those levels do.
    fn name_by_levels(&self, chain: &mut Chain) {
        let named = |level: Level| {
            let of = |kind: &str| chain.above.iter().find(|it| it.is(kind, level));
            let one = of("Procedure").or_else(|| of("ServiceRequest"))?;
            Some(self.name(one))
        };
        let (course, plan) = (named(Level::Course), named(Level::Plan));
        chain.course = chain.course.take().or(course);
        chain.plan = chain.plan.take().or(plan);
    }

    /// What a resource is called: its official identifier, else its first, else its id.
    pub(super) fn name(&self, one: &Opened) -> String {
        let first = || node::identifiers(&one.body).next().map(|(_, value)| value);
        let name = node::official(&one.body).or_else(first);
        name.map_or_else(|| one.id().to_owned(), node::uid)
    }

    /// Fractions prescribed for the course of a chain; and whether the course has one part only,
    /// so that a number in the part is the number in the course.
    pub(super) fn prescribed(&self, one: &Opened, chain: &Chain) -> (Option<u16>, bool) {
        let whose = self.whose(one);
        let course = chain.course.as_deref();
        let key = format!("{whose}|{}", course.unwrap_or_default());
        if let Some(known) = self.courses.borrow().get(&key).filter(|_| course.is_some()) {
            return (known.fractions, known.parts <= 1);
        }
        let known = Rc::new(self.prescription(&whose, chain));
        self.courses.borrow_mut().insert(key, Rc::clone(&known));
        (known.fractions, known.parts <= 1)
    }

    fn prescription(&self, whose: &str, chain: &Chain) -> Prescription {
        let parts = self.parts_of_course(whose, chain);
        for level in [Level::Phase, Level::Plan] {
            let parts: Vec<&Rc<Opened>> =
                parts.iter().filter(|part| part.level() == Some(level)).collect();
            let told: Vec<u16> = parts.iter().filter_map(|part| self.planned(part)).collect();
            if !told.is_empty() {
                let fractions = told.iter().fold(0_u16, |sum, one| sum.saturating_add(*one));
                return Prescription { fractions: Some(fractions), parts: told.len() };
            }
        }
        Prescription::default()
    }

    /// The planned phases and plans of a course, as far as they are known.
    fn parts_of_course(&self, whose: &str, chain: &Chain) -> Vec<Rc<Opened>> {
        let mut found: Vec<Rc<Opened>> = Vec::new();
        let mut add = |one: Rc<Opened>| {
            let is_new = !found.iter().any(|known| known.id() == one.id());
            if one.kind() == "ServiceRequest" && is_new {
                found.push(one);
            }
        };
        chain.above.iter().cloned().for_each(&mut add);
        let mut below = Vec::new();
        if let Some(course) = &chain.course {
            let system = &self.reading.profile.identifiers.course;
            below.extend(self.referring_to_identifier(whose, (system, course)));
        }
        for one in chain.above.iter().filter(|it| it.kind() == "ServiceRequest") {
            below.extend(self.reading.shelf.referring(one.kind(), one.id()));
        }
        for resource in below.iter().filter(|it| it.kind == "ServiceRequest") {
            if let Some(one) = self.at(&resource.kind, &resource.id) {
                add(one);
            }
        }
        found
    }

    /// Fractions planned for a part; of one that was given up, those that were delivered.
    fn planned(&self, part: &Opened) -> Option<u16> {
        let planned = node::counted(&part.body, "radiotherapy-fractions-planned");
        let planned = planned
            .or_else(|| node::counted(&part.body, "radiotherapy-fractions-prescribed"))
            .filter(|_| part.body.text_of("intent") != Some("original-order"))?;
        match part.status() {
            "revoked" => Some(self.delivered_under(part)),
            "entered-in-error" | "draft" => None,
            _ => Some(planned),
        }
    }

    fn delivered_under(&self, part: &Opened) -> u16 {
        let mut fractions: HashSet<String> = HashSet::new();
        let mut next = vec![(part.kind().to_owned(), part.id().to_owned())];
        for _ in 0..2 {
            for (kind, id) in std::mem::take(&mut next) {
                for resource in self.reading.shelf.referring(&kind, &id) {
                    let Some(one) = self.at(&resource.kind, &resource.id) else { continue };
                    match one.level() {
                        Some(Level::Fraction) if one.status() == "completed" => {
                            fractions.insert(one.id().to_owned());
                        }
                        Some(Level::Plan) => next.push((resource.kind.clone(), one.id().into())),
                        Some(Level::Phase) if one.kind() == "Procedure" => {
                            next.push((resource.kind.clone(), one.id().to_owned()));
                        }
                        Some(Level::Course | Level::Phase | Level::Fraction) | None => {}
                    }
                }
            }
        }
        u16::try_from(fractions.len()).unwrap_or(u16::MAX)
    }

    /// Whoever ordered what a chain leads to, the nearest first.
    pub(super) fn requester(&self, chain: &Chain) -> Option<Clinician> {
        let requests = chain.above.iter().filter(|it| it.kind() == "ServiceRequest");
        let mut requesters =
            requests.filter_map(|it| self.clinician(it, it.body.get("requester")?));
        requesters.next()
    }
}
