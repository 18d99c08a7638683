//! One delivery line for each session, by the highest level that its treatments reach together.

use super::Desk;
use super::claims::Coded;
use crate::domain::{
    Attributes, ChargeLine, Claim, Course, Field, Flaw, Kind, Modifier, ProcedureCode, Quantity,
    Review, Session, Share, Step,
};

/// Techniques of conventional beams, the plainest first.
const TECHNIQUES: [&str; 6] = ["en-face", "2d", "3d", "imrt", "vmat", "total-skin"];

/// Ways to manage motion, the plainest first.
const MOTIONS: [&str; 3] = ["none", "gated", "tracked"];

impl Desk<'_> {
    /// The delivery of a session, with the source that goes with it.
    pub(super) fn delivery(&self, course: &Course, session: &Session) -> Vec<ChargeLine> {
        let steps: Vec<&Step> =
            session.treatments.iter().map(|index| &course.steps[*index]).collect();
        let Some(first) = steps.first() else {
            return Vec::new();
        };
        let mut blank = self.blank(&course.id, &first.activity);
        blank.anchor = format!("s {}", session.id.0);
        blank.session = Some(session.id.clone());
        blank.service = session.moment;
        blank.evidence = steps.iter().map(|step| step.activity.key.number.clone()).collect();
        blank.modifiers = modifiers(&steps);
        if steps.iter().any(|step| step.number_is_shared) {
            blank.flaws.push(Flaw::SharedNumber);
        }
        let coded = steps.iter().any(|step| step.as_coded.is_some());
        if !coded && !matches!(first.activity.quantity, Field::Unreadable(_)) {
            blank.units = Quantity::ONE;
        }
        if session.review == Review::Second && !blank.has(Modifier::REPEAT) {
            blank.modifiers.push(Modifier::REPEAT);
        }
        let mut lines = self.session_lines(&blank, &steps);
        let hosts = lines.iter().filter(|line| line.claim == Some(Claim::Facility));
        let sources: Vec<ChargeLine> = hosts.flat_map(|host| self.goes_with(host, None)).collect();
        lines.extend(sources);
        lines
    }

    fn session_lines(&self, blank: &ChargeLine, steps: &[&Step]) -> Vec<ChargeLine> {
        if let Some(code) = highest(steps) {
            let share = shares(steps);
            return self.spread(blank, &Coded { code, row: None, share });
        }
        let attributes = together(steps);
        self.by_table(blank, Kind::Treatment, &attributes, Share::Whole)
    }

    /// A delivery that the source coded itself for a session that has treatments told by name: it
    /// is no fraction of its own, and comes out as a line that a rule speaks about.
    pub(super) fn coded_beside_named(
        &self,
        course: &Course,
        index: usize,
        step: &Step,
        blank: &ChargeLine,
    ) -> Vec<ChargeLine> {
        let session = step.session.and_then(|place| course.sessions.get(place));
        let in_session = session.is_some_and(|session| session.treatments.contains(&index));
        match step.as_coded {
            Some(code) if !in_session => {
                let mut blank = blank.clone();
                blank.flaws.push(Flaw::CodedBesideNamed);
                self.spread(&blank, &Coded { code, row: None, share: step.activity.share })
            }
            Some(_) | None => Vec::new(),
        }
    }
}

/// Modifiers of all treatments of a session, each once. Those that tell shares apart stay on
/// lines that the source coded itself.
fn modifiers(steps: &[&Step]) -> Vec<Modifier> {
    let mut found = Vec::new();
    for modifier in steps.iter().flat_map(|step| &step.activity.modifiers) {
        if !found.contains(modifier) {
            found.push(*modifier);
        }
    }
    found
}

/// The highest code among treatments that the source coded itself: levels of one kind of
/// delivery ascend with their codes.
fn highest(steps: &[&Step]) -> Option<ProcedureCode> {
    let named = steps.iter().any(|step| step.as_coded.is_none());
    if named { None } else { steps.iter().filter_map(|step| step.as_coded).max() }
}

fn shares(steps: &[&Step]) -> Share {
    let first = steps.first().map_or(Share::Whole, |step| step.activity.share);
    let alike = steps.iter().all(|step| step.activity.share == first);
    if alike { first } else { Share::Whole }
}

/// What the treatments of a session amount to together: photons and electrons are both, the
/// greater number of isocenters, the higher technique, the more active motion management.
fn together(steps: &[&Step]) -> Attributes {
    let meanings: Vec<&Attributes> = steps
        .iter()
        .filter_map(|step| step.meaning.as_ref())
        .map(|meaning| &meaning.attributes)
        .collect();
    let Some(first) = meanings.first() else {
        return Attributes::default();
    };
    if meanings.iter().all(|other| other == first) {
        return (*first).clone();
    }
    let pairs = first.iter().map(|(key, value)| {
        let values = meanings.iter().filter_map(|attributes| attributes.get(key));
        (key.to_owned(), greatest(key, value, values))
    });
    Attributes::new(pairs.collect()).unwrap_or_default()
}

fn greatest<'a>(key: &str, first: &'a str, values: impl Iterator<Item = &'a str>) -> String {
    let rank = |order: &[&str], value: &str| order.iter().position(|one| *one == value);
    match key {
        "technique" => values.max_by_key(|value| rank(&TECHNIQUES, value)).unwrap_or(first).into(),
        "motion" => values.max_by_key(|value| rank(&MOTIONS, value)).unwrap_or(first).into(),
        "isocenters" => values.max().unwrap_or(first).into(),
        "beam" => {
            let all: Vec<&str> = values.collect();
            let has = |beam: &str| all.iter().any(|one| one.split('+').any(|it| it == beam));
            if has("photon") && has("electron") { "photon+electron".into() } else { first.into() }
        }
        _ => first.into(),
    }
}
