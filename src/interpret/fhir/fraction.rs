//! Procedure: a treated fraction with its guidance, and the counts of phases and plans.

use std::sync::Arc;

use crate::domain::{Activity, Counted, Fact, Moment, Tally};
use crate::mappings::fhir::Motion;
use crate::wire::json::Node;

use super::activity::{Done, LONG_HOURS};
use super::chain::{Chain, Level};
use super::node;
use super::opened::{Desk, Opened};
use super::{Heard, note};

/// Codes of SNOMED CT, as mCODE and CodeX RT use them for motion.
const BREATH_HOLD: &str = "721051000124109";
const GATING: &str = "721061000124106";
const TRACKING: &str = "1286801002";

/// Between a fraction's number and what else was done in it.
const BESIDE: &str = "~";

impl Desk<'_> {
    pub(super) fn procedure(&self, one: &Opened) -> Heard {
        match one.level() {
            Some(Level::Fraction) => self.fraction(one),
            Some(Level::Phase) => self.tally(one, Counted::Phase),
            Some(Level::Plan) => self.tally(one, Counted::Plan),
            Some(Level::Course) => Heard { who: self.who(one), ..Heard::default() },
            None => self.by_name(one),
        }
    }

    /// What is asked of a procedure: a patient, and a day, if it tells of anything done.
    pub(super) fn asked_of_procedure(
        &self,
        one: &Opened,
    ) -> (Option<&'static str>, Option<(&'static str, Option<Moment>)>) {
        let is_done = one.status() == "completed";
        let day = is_done.then(|| ("performed", self.performed(one)));
        match one.level() {
            Some(Level::Fraction) => (Some("subject"), day),
            Some(Level::Phase | Level::Plan | Level::Course) => (Some("subject"), None),
            None if self.site_name(one).is_some() => (Some("subject"), day),
            None => (None, None),
        }
    }

    fn fraction(&self, one: &Opened) -> Heard {
        let mut heard = Heard { who: self.who(one), ..Heard::default() };
        let Some(at) = self.performed(one).filter(|_| one.status() == "completed") else {
            return heard;
        };
        let beam = self.beam(one);
        let (name, imaged) = (self.treatment(&beam), self.imaged(one));
        let number = self.number(one);
        let mut facts = vec![self.treated(one, (number.clone(), name), at)];
        for name in imaged {
            let beside = format!("{number}{BESIDE}{name}");
            let guidance = self.treated(one, (beside, name), at);
            facts.push(Activity { fraction: None, prescribed: None, ..guidance });
        }
        if facts.iter().any(|activity| !activity.unreadable.is_empty()) {
            heard.notes.push(note(one, "", "held: something of it could not be read"));
        }
        heard.facts = facts.into_iter().map(|it| Fact::Activity(Arc::new(it))).collect();
        heard
    }

    /// Work that the site itself names, by its own system of activities.
    fn by_name(&self, one: &Opened) -> Heard {
        let mut heard = Heard { who: self.who(one), ..Heard::default() };
        let at = self.performed(one).filter(|_| one.status() == "completed");
        if let (Some(name), Some(at)) = (self.site_name(one), at) {
            let done = self.treated(one, (self.number(one), name), at);
            heard.facts.push(Fact::Activity(Arc::new(done)));
        }
        heard
    }

    fn site_name(&self, one: &Opened) -> Option<String> {
        let activity = &self.reading.profile.codes.activity;
        let mut codings = node::codings(one.body.get("code"));
        codings.find(|(system, _)| system == activity).map(|(_, code)| code.to_owned())
    }

    fn treated(&self, one: &Opened, (number, name): (String, String), at: Moment) -> Activity {
        let references: Vec<&Node> =
            ["basedOn", "partOf"].iter().flat_map(|it| one.body.list(it)).collect();
        let mut chain = self.chain(one, &references);
        chain.session = self.session(one);
        let (prescribed, is_whole) = self.prescribed(one, &chain);
        let mut unreadable = Vec::new();
        let hours = node::hours(one.body.get("performedPeriod"));
        if let Some(hours) = hours.filter(|hours| *hours >= LONG_HOURS) {
            unreadable.push(format!(
                "Procedure.performed: a fraction does not last {hours} hours; its day is in doubt"
            ));
        }
        let (diagnoses, all_read) = self.diagnoses_of(one);
        if !all_read {
            unreadable.push("Procedure.reasonCode: a diagnosis that is no code of ICD-10".into());
        }
        let done = Done {
            number,
            name,
            at,
            diagnoses,
            performer: self.performer(one),
            orderer: self.orderer(one).or_else(|| self.requester(&chain)),
            unreadable,
        };
        let fraction = number_of_fraction(one).filter(|_| is_whole);
        let activity = self.activity(one, done, (chain, one.body.get("encounter")));
        Activity { fraction, prescribed, ..activity }
    }

    /// The session: that of the encounter, else the official identifier of the fraction.
    pub(super) fn session(&self, one: &Opened) -> Option<String> {
        let system = &self.reading.profile.identifiers.session;
        if let Some(encounter) = one.body.get("encounter") {
            let told = self.value_of(one, Some(encounter), system);
            let name = || self.referred(one, encounter).map(|it| self.name(&it));
            let text = || encounter.text_of("reference").map(str::to_owned);
            return told.map(|it| node::uid(&it)).or_else(name).or_else(text);
        }
        let official = node::official(&one.body).or_else(|| node::valued(&one.body, system));
        official.map(node::uid)
    }

    fn performed(&self, one: &Opened) -> Option<Moment> {
        let period = one.body.at(&["performedPeriod", "start"]).and_then(Node::text);
        self.moment(period.or_else(|| one.body.text_of("performedDateTime")))
    }

    fn diagnoses_of(&self, one: &Opened) -> (Vec<crate::domain::Diagnosis>, bool) {
        let own = node::all_codings(&one.body, "reasonCode").collect();
        let (read, all_read) = self.diagnoses(own);
        if !read.is_empty() || !all_read {
            return (read, all_read);
        }
        let conditions = one.body.list("reasonReference").iter();
        let conditions: Vec<_> = conditions.filter_map(|it| self.referred(one, it)).collect();
        let codings = conditions.iter().flat_map(|it| node::codings(it.body.get("code")));
        self.diagnoses(codings.collect())
    }

    /// What tells the beam: the fraction, else the nearest that it belongs to and tells it.
    fn beam(&self, one: &Opened) -> Beam {
        if let Some(beam) = Beam::of(&one.body) {
            return beam;
        }
        let references: Vec<&Node> =
            ["partOf", "basedOn"].iter().flat_map(|it| one.body.list(it)).collect();
        let chain = self.chain(one, &references);
        chain.above.iter().find_map(|it| Beam::of(&it.body)).unwrap_or_default()
    }

    /// The activity of the dictionary that a beam equals, else a name that no dictionary has.
    fn treatment(&self, beam: &Beam) -> String {
        let fits = |row: &&crate::mappings::fhir::Treatment| {
            let all = beam.techniques.iter().all(|it| row.technique.contains(it));
            let technique = match row.technique.is_empty() {
                true => !beam.is_intraoperative(),
                false => !beam.techniques.is_empty() && all,
            };
            beam.modalities.iter().all(|it| *it == row.modality)
                && !beam.modalities.is_empty()
                && technique
                && row.motion == beam.motion
        };
        let row = self.reading.profile.treatment.iter().find(fits);
        row.map_or_else(|| beam.words(), |row| row.activity.clone())
    }

    /// The guidance of a fraction, by the names of the dictionary, each once.
    fn imaged(&self, one: &Opened) -> Vec<String> {
        let within = |extension: &'static str, part: &'static str| {
            node::extensions(&one.body, extension)
                .flat_map(move |it| node::extensions(it, part))
                .flat_map(|it| node::codings(it.get("valueCodeableConcept")))
        };
        let images = within("image-guided-radiotherapy-modality", "modality");
        let watched = within("intrafraction-verification", "procedure");
        let mut names: Vec<String> = Vec::new();
        for (_, code) in images.chain(watched) {
            let row = self.reading.profile.guidance.iter().find(|row| row.modality == code);
            let name = row.map_or_else(|| format!("guidance {code}"), |row| row.activity.clone());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How many fractions a phase or a plan counts as delivered.
    fn tally(&self, one: &Opened, of: Counted) -> Heard {
        let mut heard = Heard { who: self.who(one), ..Heard::default() };
        let delivered = node::counted(&one.body, "radiotherapy-fractions-delivered");
        let Some(delivered) = delivered.filter(|_| one.kind() == "Procedure") else {
            return heard;
        };
        let stands = !["entered-in-error", "not-done"].contains(&one.status());
        if !stands || delivered == 0 {
            return heard;
        }
        let references: Vec<&Node> =
            ["basedOn", "partOf"].iter().flat_map(|it| one.body.list(it)).collect();
        let Chain { course, .. } = self.chain(one, &references);
        let own = node::valued(&one.body, &self.reading.profile.identifiers.course);
        let tally = Tally {
            system: self.reading.system.to_owned(),
            number: self.name(one),
            delivered,
            of,
            course: own.map(str::to_owned).or(course),
            told: one.told(self),
            account: None,
            message: self.reading.message,
            control_id: one.id().to_owned(),
        };
        heard.facts.push(Fact::Tally(Arc::new(tally)));
        heard
    }
}

fn number_of_fraction(one: &Opened) -> Option<u16> {
    let in_phase = node::counted(&one.body, "radiotherapy-fraction-number-in-phase");
    in_phase.or_else(|| node::counted(&one.body, "radiotherapy-fraction-number-in-plan"))
}

/// What a fraction was given with, in codes of SNOMED CT.
#[derive(Default)]
struct Beam {
    modalities: Vec<String>,
    techniques: Vec<String>,
    motion: Motion,
}

/// Treatment during an operation, whatever the beam.
const INTRAOPERATIVE: &str = "168524008";

impl Beam {
    /// What a resource says of the beam; nothing if it names no modality.
    fn of(body: &Node) -> Option<Beam> {
        let told: Vec<&Node> =
            node::extensions(body, "radiotherapy-modality-and-technique").collect();
        if told.is_empty() {
            return None;
        }
        let codes = |name: &'static str| -> Vec<String> {
            let parts = told.iter().flat_map(|it| node::extensions(it, name));
            let codings = parts.flat_map(|it| node::codings(it.get("valueCodeableConcept")));
            let mut codes: Vec<String> = codings.map(|(_, code)| code.to_owned()).collect();
            codes.sort();
            codes.dedup();
            codes
        };
        let motion = |name: &'static str| {
            node::extensions(body, name)
                .flat_map(|it| node::codings(it.get("valueCodeableConcept")))
                .map(|(_, code)| code)
        };
        let managed = motion("radiotherapy-respiratory-motion-management")
            .chain(motion("radiotherapy-free-breathing-motion-mgmt-technique"));
        let managed: Vec<&str> = managed.collect();
        let motion = if managed.contains(&TRACKING) {
            Motion::Tracked
        } else if managed.contains(&GATING) || managed.contains(&BREATH_HOLD) {
            Motion::Gated
        } else {
            Motion::None
        };
        let modalities = codes("radiotherapy-modality");
        Some(Beam { modalities, techniques: codes("radiotherapy-technique"), motion })
    }

    fn is_intraoperative(&self) -> bool {
        self.techniques.iter().any(|it| it == INTRAOPERATIVE)
    }

    /// What stands for a beam that no row of the profile fits.
    fn words(&self) -> String {
        let motion = match self.motion {
            Motion::None => "",
            Motion::Gated => " gated",
            Motion::Tracked => " tracked",
        };
        let told = |codes: &[String]| match codes {
            [] => "untold".to_owned(),
            codes => codes.join("+"),
        };
        let (modality, technique) = (told(&self.modalities), told(&self.techniques));
        format!("fraction: modality {modality}, technique {technique}{motion}")
    }
}
