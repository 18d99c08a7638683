//! One line of charges: FT1, and what belongs to it.

use crate::domain::{
    Activity, ActivityKey, ActivityStanding, Clinician, Credit, Diagnosis, Field, Identifier,
    Modifier, Moment, PatientClass, ProcedureCode, Quantity, Refusal, Share, Weight,
};
use crate::mappings::source::{ActivitySpots, Credits, Names, Shares, Spelling, Spot};
use crate::wire::hl7::{Segment, Value};

use super::code::Coded;
use super::key::Numbers;
use super::opened::{Opened, Part};
use super::{clinician, code, finding, moment};

/// A participant who no longer takes part (PRT-2, table 0287).
const DELETED: &str = "DE";

/// A line being read.
pub(super) struct Line<'a> {
    pub(super) opened: &'a Opened<'a>,
    /// Everything that the message tells of the person.
    pub(super) person: &'a Part<'a>,
    /// FT1 and what follows up to the next.
    pub(super) line: &'a Part<'a>,
    pub(super) identifier: &'a Identifier,
}

/// What was done, as far as names and codes tell.
struct Work {
    name: String,
    chosen: Option<ProcedureCode>,
    modifiers: Vec<Modifier>,
    share: Share,
}

impl Line<'_> {
    /// What was done.
    pub(super) fn activity(&self, numbers: &mut Numbers) -> Result<Activity, Refusal> {
        let (profile, spots) = (self.opened.reading.profile, self.spots());
        let mut unreadable = Vec::new();
        let work = self.work(&mut unreadable);
        let number = self.number(&work, numbers);
        let course = profile.course.as_ref();
        let named = |spot: Option<&Spot>| spot.and_then(|spot| self.line.code(spot));
        Ok(Activity {
            key: ActivityKey { system: self.system(), number, name: work.name },
            profile: profile.name.clone(),
            done: self.done()?,
            quantity: self.quantity(),
            chosen: work.chosen,
            modifiers: work.modifiers,
            share: work.share,
            diagnoses: self.diagnoses(&mut unreadable),
            performer: self.person(&spots.performer, &profile.participation.performer),
            orderer: self.person(&spots.orderer, &profile.participation.orderer),
            course: named(course.map(|it| &it.course)),
            plan: named(course.map(|it| &it.plan)),
            fraction: self.counted(course.map(|it| &it.fraction), &mut unreadable),
            prescribed: self.counted(course.map(|it| &it.prescribed), &mut unreadable),
            session: named(course.map(|it| &it.session)),
            account: self.person.code(&profile.person.account),
            visit: self.person.code(&profile.person.visit),
            class: self.class(),
            payer: self.person.code(&profile.person.payer),
            department: self.line.code(&spots.department),
            location: whole(self.line.at(&spots.location)),
            filler_order: self.line.code(&spots.filler_order),
            posted: self.opened.made,
            told: self.opened.made,
            message: self.opened.reading.message,
            control_id: self.opened.control_id.clone(),
            unreadable,
            standing: ActivityStanding::Done,
            weight: Weight::Charged,
        })
    }

    /// What is taken back.
    pub(super) fn credit(&self, numbers: &mut Numbers) -> Result<Credit, Refusal> {
        let (profile, spots) = (self.opened.reading.profile, self.spots());
        let work = self.work(&mut Vec::new());
        let own = self.line.code(&spots.number);
        let named = self.line.code(&spots.takes_back);
        let of = match profile.credits {
            Credits::Named => named,
            Credits::OwnNumber => named.or_else(|| own.clone()),
        };
        Ok(Credit {
            system: self.system(),
            number: own.unwrap_or_else(|| self.number(&work, numbers)),
            of: of.unwrap_or_default(),
            done: self.done()?,
            quantity: self.quantity(),
            course: profile.course.as_ref().and_then(|it| self.line.code(&it.course)),
            account: self.person.code(&profile.person.account),
            posted: self.opened.made,
            message: self.opened.reading.message,
            control_id: self.opened.control_id.clone(),
        })
    }

    /// Whoever stands at a place of the line, else whoever took part in it as one of these.
    fn person(&self, spot: &Spot, roles: &[String]) -> Option<Clinician> {
        let profile = self.opened.reading.profile;
        clinician::clinician(self.line.at(spot), profile).or_else(|| {
            let mut plays = self.participants();
            plays.find_map(|one| match Spelling::is(roles, &one.field(4).code()) {
                true => clinician::clinician(one.field(5), profile),
                false => None,
            })
        })
    }

    /// PRT right behind the line: what stands behind a procedure or an observation is of that.
    fn participants(&self) -> impl Iterator<Item = Segment<'_>> {
        let of_line = |name: &str| matches!(name, "PRT" | "NTE") || name.starts_with('Z');
        let behind = self.line.segments.iter().copied().skip(1);
        let behind = behind.take_while(move |one| of_line(one.name()));
        behind
            .filter(|one| one.name() == "PRT" && !one.field(2).code().eq_ignore_ascii_case(DELETED))
    }

    fn spots(&self) -> &ActivitySpots {
        &self.opened.reading.profile.activity
    }

    fn system(&self) -> String {
        self.opened.reading.system.to_owned()
    }

    /// The source's number, or one made of all that it says of the line.
    fn number(&self, work: &Work, numbers: &mut Numbers) -> String {
        let spots = self.spots();
        if let Some(number) = self.line.code(&spots.number) {
            return number;
        }
        let told = |spot: &Spot| self.line.code(spot).unwrap_or_default();
        let modifiers: Vec<&str> = work.modifiers.iter().map(Modifier::as_str).collect();
        numbers.number(&[
            &self.identifier.authority,
            &self.identifier.number,
            &self.person.code(&self.opened.reading.profile.person.account).unwrap_or_default(),
            &told(&spots.done),
            &told(&spots.direction),
            &work.name,
            work.chosen.as_ref().map_or("", ProcedureCode::as_str),
            &modifiers.join(" "),
            &format!("{:?}", work.share),
            &told(&spots.performer),
            &told(&spots.batch),
            &told(&spots.filler_order),
        ])
    }

    fn done(&self) -> Result<Moment, Refusal> {
        let spot = &self.spots().done;
        let occurrence = finding::place(self.line, spot).occurrence;
        let refuse = || {
            finding::error(
                102,
                &spot.segment,
                occurrence,
                spot.field,
                "the date of service is no date",
            )
        };
        moment::local(self.line.at(spot)).ok_or_else(refuse)
    }

    fn quantity(&self) -> Field<Quantity> {
        let spot = &self.spots().quantity;
        let refuse = || finding::words(self.line, spot, "no whole number from 1 to 999");
        let read = Quantity::parse(&self.line.at(spot).code());
        read.map_or_else(|| Field::Unreadable(refuse()), Field::Read)
    }

    fn class(&self) -> PatientClass {
        let profile = self.opened.reading.profile;
        let told = self.person.at(&profile.person.class).code();
        match Spelling::is(&profile.spelling.inpatient, &told) {
            true => PatientClass::Inpatient,
            false => PatientClass::Outpatient,
        }
    }

    /// The name, the code that the source chose, its modifiers, and whose share they say it is.
    fn work(&self, unreadable: &mut Vec<String>) -> Work {
        let spots = self.spots();
        let name = self.line.at(&spots.name).code();
        let chosen = self.chosen(unreadable);
        let named = match self.opened.reading.profile.names {
            Names::Dictionary => None,
            Names::DictionaryOrCode => code::coded(&name),
        };
        if let (Some(chosen), Some(named)) = (&chosen, &named)
            && chosen.code != named.code
        {
            let words = "another procedure code than the activity's name is";
            unreadable.push(finding::words(self.line, &spots.code, words));
        }
        let name = match (&named, &chosen) {
            (Some(Coded { code, .. }), _) => code.to_string(),
            (None, Some(Coded { code, .. })) if name.is_empty() => code.to_string(),
            (None, _) => name.into_owned(),
        };
        if name.is_empty() {
            unreadable.push(finding::words(self.line, &spots.name, "nothing says what was done"));
        }
        let modifiers = self.modifiers([&chosen, &named], unreadable);
        let (share, modifiers) = shared(self.opened.reading.profile.shares, modifiers);
        Work { name, chosen: chosen.or(named).map(|it| it.code), modifiers, share }
    }

    fn chosen(&self, unreadable: &mut Vec<String>) -> Option<Coded> {
        let spot = &self.spots().code;
        let text = self.line.at(spot).code();
        let chosen = code::coded(&text);
        if chosen.is_none() && !text.is_empty() {
            unreadable.push(finding::words(self.line, spot, "no procedure code"));
        }
        chosen
    }

    /// Each modifier once: those that stand with the codes, then those of the list.
    fn modifiers(&self, codes: [&Option<Coded>; 2], unreadable: &mut Vec<String>) -> Vec<Modifier> {
        let spot = &self.spots().modifiers;
        let (listed, all_read) = code::modifiers(self.line.at(spot));
        if !all_read {
            unreadable.push(finding::words(self.line, spot, "a modifier is two letters or digits"));
        }
        let with_codes = codes.into_iter().flatten().flat_map(|it| it.modifiers.clone());
        let mut modifiers: Vec<Modifier> = Vec::new();
        for modifier in with_codes.chain(listed) {
            if !modifiers.contains(&modifier) {
                modifiers.push(modifier);
            }
        }
        modifiers
    }

    /// The diagnoses of the line, else those that the message tells for all its lines.
    fn diagnoses(&self, unreadable: &mut Vec<String>) -> Vec<Diagnosis> {
        let spot = &self.spots().diagnoses;
        let listed: Vec<Value<'_>> =
            self.line.at(spot).repetitions().filter(|one| !one.code().is_empty()).collect();
        let values = if listed.is_empty() { self.diagnoses_of_segments() } else { listed };
        let (read, all_read) = code::diagnoses(values.into_iter());
        if !all_read {
            unreadable.push(finding::words(
                self.line,
                spot,
                "a diagnosis that is no code of ICD-10",
            ));
        }
        read
    }

    /// DG1 of the line; else before the first line; else behind the last, if no line has its own.
    fn diagnoses_of_segments(&self) -> Vec<Value<'_>> {
        let own = dg1(self.line);
        if !own.is_empty() {
            return own;
        }
        let before = dg1(&self.person.before("FT1"));
        if !before.is_empty() {
            return before;
        }
        let groups = self.person.groups("FT1");
        match groups.split_last() {
            Some((last, others)) if others.iter().all(|it| it.segment("DG1").is_none()) => {
                dg1(last)
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// A number that counts fractions.
    fn counted(&self, spot: Option<&Spot>, unreadable: &mut Vec<String>) -> Option<u16> {
        let spot = spot?;
        let text = self.line.code(spot)?;
        let read = text.parse().ok();
        if read.is_none() {
            unreadable.push(finding::words(self.line, spot, "no whole number"));
        }
        read
    }
}

/// The codes of a part's DG1.
fn dg1<'m>(part: &Part<'m>) -> Vec<Value<'m>> {
    let segments = part.segments.iter().filter(|segment| segment.name() == "DG1");
    segments.map(|segment| segment.field(3)).filter(|code| !code.code().is_empty()).collect()
}

/// Whose share a line is; the modifier that said so is used up.
fn shared(shares: Shares, modifiers: Vec<Modifier>) -> (Share, Vec<Modifier>) {
    let share = match shares {
        Shares::Whole => Share::Whole,
        Shares::Apart if modifiers.contains(&Modifier::PROFESSIONAL) => Share::Professional,
        Shares::Apart if modifiers.contains(&Modifier::TECHNICAL) => Share::Technical,
        Shares::Apart => Share::Whole,
    };
    let used = match share {
        Share::Whole => return (share, modifiers),
        Share::Technical => Modifier::TECHNICAL,
        Share::Professional => Modifier::PROFESSIONAL,
    };
    (share, modifiers.into_iter().filter(|it| *it != used).collect())
}

/// A field of components as one text, without what is empty at its end.
fn whole(value: Value<'_>) -> Option<String> {
    let parts: Vec<String> =
        value.components().map(|component| component.code().into_owned()).collect();
    let text = parts.join("^");
    let text = text.trim_end_matches('^');
    (!text.is_empty()).then(|| text.to_owned())
}
