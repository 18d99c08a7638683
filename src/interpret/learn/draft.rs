//! From what was seen to a file.

use crate::domain::DocumentKind;
use crate::mappings::Tables;

use super::seen::{self, Seen};
use super::{Drafted, FT1_FIELDS, Named, ORDERED, Survey};

/// Names that are shown one by one.
const SHOWN_MAX: usize = 40;

/// A place with what was seen there.
struct Found {
    place: String,
    says: String,
}

pub(super) fn draft(survey: &Survey, name: &str, tables: &Tables) -> Drafted {
    let writing = Writing { survey, tables };
    let (name_field, unknown) = writing.names();
    Drafted {
        profile: writing.profile(name, name_field, &unknown),
        dictionary: dictionary(&unknown, survey),
        unknown: unknown.len(),
    }
}

struct Writing<'a> {
    survey: &'a Survey,
    tables: &'a Tables,
}

impl<'a> Writing<'a> {
    /// The field of FT1 whose values are names most often, and those that nobody knows.
    fn names(&self) -> (u16, Vec<(&'a str, &'a Named)>) {
        let known = |field: u16| -> u64 {
            let names = self.survey.names.get(&field).into_iter().flatten();
            names.filter(|(name, named)| self.knows(name, named)).map(|(_, it)| it.count).sum()
        };
        let told = |field| self.survey.seen("FT1", field).told;
        let codes = |field| self.survey.seen("FT1", field).count(seen::is_code);
        // The last of equals wins: what the standard has is last.
        let best = [8, 13, 25, 7].into_iter().max_by_key(|field| known(*field));
        let field = best.filter(|field| known(*field) > 0).unwrap_or(match () {
            () if told(7) == 0 && told(25) > 0 => 25,
            () => 7,
        });
        let names = self.survey.names.get(&field).into_iter().flatten();
        let are_codes = codes(field) * 2 > told(field);
        let unknown = names
            .filter(|(name, named)| !self.knows(name, named))
            .filter(|(name, _)| !(are_codes && seen::is_code(name)))
            .filter(|(name, _)| self.survey.shown(name) == **name)
            .map(|(name, named)| (name.as_str(), named));
        (field, unknown.collect())
    }

    /// Whether any dictionary has a name on the last day on which it was used.
    fn knows(&self, name: &str, named: &Named) -> bool {
        let Some(day) = named.last else { return false };
        let mut profiles = self.tables.profile_names().into_iter();
        profiles.any(|profile| self.tables.meaning(profile, name, day).is_some())
    }

    fn profile(&self, name: &str, name_field: u16, unknown: &[(&str, &Named)]) -> String {
        let mut text = self.head(name, name_field, unknown);
        text.push_str(&self.manner(name_field));
        text.push_str(&self.person());
        text.push_str(&self.activity(name_field));
        text.push_str(&self.document());
        text.push_str(&self.result());
        text.push_str(&self.orders());
        text.push_str(&self.course());
        text.push_str(&self.spelling());
        text.push_str(&self.documents());
        text
    }

    fn head(&self, name: &str, name_field: u16, unknown: &[(&str, &Named)]) -> String {
        let survey = self.survey;
        let all = survey.names.get(&name_field).map_or(0, |names| names.len());
        let own = survey.segments.iter().filter(|(name, _)| name.starts_with('Z'));
        let own: Vec<String> = own.map(|(name, count)| format!("{name} {count}")).collect();
        let strangers: Vec<&str> = unknown.iter().take(SHOWN_MAX).map(|(name, _)| *name).collect();
        let mut text = String::new();
        let mut line = |words: String| {
            text.push_str("# ");
            text.push_str(words.trim_end());
            text.push('\n');
        };
        line(format!(
            "Drafted from {} messages by `collimator source learn`: look at each line before it is used.",
            survey.messages
        ));
        line(format!("Messages: {}.", self.listed(&survey.triggers)));
        line(format!("Versions: {}.", self.listed(&survey.versions)));
        line(format!(
            "Character sets (MSH-18; empty says nothing): {}.",
            self.listed(&survey.character_sets)
        ));
        line(format!("Segments of its own: {}.", or_none(&own.join(", "))));
        line(format!(
            "Names in FT1-{name_field}: {all} different, of which no dictionary knows {}: {}.",
            unknown.len(),
            or_none(&strangers.join(", "))
        ));
        let dg1 = survey.seen("DG1", 3).told;
        line(format!(
            "Diagnoses: FT1-19 in {} of {} lines, DG1 {dg1} times; DG1 is read where FT1-19 is empty.",
            survey.seen("FT1", 19).told,
            survey.lines
        ));
        text.push('\n');
        say(&mut text, format!("name = \"{name}\""));
        text
    }

    fn manner(&self, name_field: u16) -> String {
        let survey = self.survey;
        let modifiers = survey.seen("FT1", 26);
        let halves = modifiers.count(|text| text == "26" || text.eq_ignore_ascii_case("TC"));
        let shares = if halves > 0 { "apart" } else { "whole" };
        let named = survey.seen("FT1", 31).told;
        let credits =
            if survey.credits > 0 && named >= survey.credits { "named" } else { "own-number" };
        let names = survey.seen("FT1", name_field);
        let codes = names.count(seen::is_code);
        let manner = if codes > 0 { "dictionary-or-code" } else { "dictionary" };
        let (degree, of) = self.degree();
        let mut text = String::new();
        say(
            &mut text,
            format!("shares = \"{shares}\"    # {halves} of {} lines bear 26 or TC", survey.lines),
        );
        say(
            &mut text,
            format!(
                "credits = \"{credits}\"    # {} credits; {named} name a charge in FT1-31, {} bear the number of one",
                survey.credits, survey.credits_of_own_number
            ),
        );
        say(
            &mut text,
            format!("names = \"{manner}\"    # {codes} of {} are procedure codes", names.told),
        );
        say(&mut text, format!("degree_component = {degree}    # a degree in {of} names\n"));
        text
    }

    /// The component of names in which degrees stand.
    fn degree(&self) -> (u16, u64) {
        let count = |component: u16| -> u64 {
            [("FT1", 20), ("FT1", 21), ("TXA", 9)]
                .iter()
                .map(|(segment, field)| {
                    self.survey.seen_at(segment, *field, component).count(seen::is_degree)
                })
                .sum()
        };
        let best = (2..=15).max_by_key(|component| count(*component));
        best.map(|it| (it, count(it))).filter(|(_, of)| *of > 0).unwrap_or((7, 0))
    }

    fn person(&self) -> String {
        let told = |segment: &str, field: u16| self.survey.seen(segment, field);
        let all = self.survey.messages;
        let candidates = [("PID", 18), ("PV1", 19), ("PV1", 50)];
        // The last of equals wins.
        let account = candidates.into_iter().rev().max_by_key(|it| told(it.0, it.1).told);
        let account = account.unwrap_or(("PID", 18));
        let payer = if told("IN1", 3).told >= told("IN1", 2).told { 3 } else { 2 };
        let mut text = String::from("[person]\n");
        for (key, (segment, field)) in [
            ("account", account),
            ("visit", ("PV1", 19)),
            ("class", ("PV1", 2)),
            ("payer", ("IN1", payer)),
        ] {
            line(&mut text, key, at(segment, field, &told(segment, field), all));
        }
        text.push('\n');
        text
    }

    fn activity(&self, name_field: u16) -> String {
        let survey = self.survey;
        let told = |field: u16| survey.seen("FT1", field);
        let most = |fields: &[u16], is: &dyn Fn(&Seen) -> u64, otherwise: u16| {
            let best = fields.iter().rev().copied().max_by_key(|field| is(&told(*field)));
            best.filter(|field| is(&told(*field)) > 0).unwrap_or(otherwise)
        };
        let unlike = |seen: &Seen| seen.different() as u64;
        let number = most(&[2, 3, 23], &unlike, 2);
        let done = most(&[4, 5], &|seen| seen.count(seen::is_time), 4);
        let code = match name_field {
            25 => 7,
            _ => most(&[25, 7], &|seen| seen.count(seen::is_code), 25),
        };
        let code = if code == name_field { 25 } else { code };
        let mut text = String::from("[activity]\n");
        let batch = if number == 3 { 2 } else { 3 };
        let filler = if number == 23 { 2 } else { 23 };
        for (key, field) in [
            ("number", number),
            ("batch", batch),
            ("done", done),
            ("direction", 6),
            ("name", name_field),
            ("quantity", 10),
            ("department", 13),
            ("location", 16),
            ("diagnoses", 19),
            ("performer", 20),
            ("orderer", 21),
            ("filler_order", filler),
            ("code", code),
            ("modifiers", 26),
            ("takes_back", 31),
        ] {
            line(&mut text, key, at("FT1", field, &told(field), survey.lines));
        }
        let known =
            [number, batch, done, filler, code, name_field, 1, 6, 10, 13, 16, 19, 20, 21, 26, 31];
        let others =
            (1..=FT1_FIELDS).filter(|field| !known.contains(field) && told(*field).told > 0);
        let others: Vec<String> =
            others.map(|field| format!("FT1-{field} ({})", told(field).told)).collect();
        say(&mut text, format!("# told, and not read: {}", or_none(&others.join(", "))));
        let people = survey.seen("PRT", 4);
        if people.told > 0 {
            say(&mut text, format!("# people behind lines (PRT-4): {}", self.listed(&people)));
        }
        text.push('\n');
        text
    }

    fn document(&self) -> String {
        let survey = self.survey;
        let mut text = String::from("[document]\n");
        for (key, field) in [
            ("kind", 2),
            ("moment", 4),
            ("author", 9),
            ("number", 12),
            ("completion", 17),
            ("availability", 19),
        ] {
            line(&mut text, key, at("TXA", field, &survey.seen("TXA", field), survey.documents));
        }
        text.push('\n');
        text
    }

    /// Where results stand, if any of them has the type of a document.
    fn result(&self) -> String {
        let survey = self.survey;
        let kinds = survey.seen("OBR", 4);
        let documents = kinds.count(|kind| self.document_kind(kind).is_some());
        if survey.results == 0 {
            return String::new();
        }
        if documents == 0 {
            return format!(
                "# {} results, none of a type that is known as a document: they are kept only.\n\n",
                survey.results
            );
        }
        let mut text = String::from("[result]\n");
        say(
            &mut text,
            format!("# {documents} of {} results have the type of a document", survey.results),
        );
        let all = survey.results;
        let place = |segment: &str, field| at(segment, field, &survey.seen(segment, field), all);
        line(&mut text, "kind", place("OBR", 4));
        line(&mut text, "number", place("OBR", 3));
        let lists: [(&str, &[(&str, u16)]); 3] = [
            ("moment", &[("OBR", 7), ("OBR", 22)]),
            ("author", &[("OBR", 32), ("OBR", 16), ("OBX", 16)]),
            ("status", &[("OBR", 25), ("OBX", 11)]),
        ];
        for (key, spots) in lists {
            let found: Vec<Found> =
                spots.iter().map(|(segment, field)| place(segment, *field)).collect();
            let places: Vec<String> = found.iter().map(|it| it.place.clone()).collect();
            let says: Vec<&str> = found.iter().map(|it| it.says.as_str()).collect();
            say(&mut text, format!("{key} = {}    # {}", quoted(&places), says.join("; ")));
        }
        say(&mut text, format!("# OBR-25: {}", self.listed(&survey.seen("OBR", 25))));
        text.push_str("signed = [\"F\", \"C\"]\nwithdrawn = [\"X\", \"W\", \"D\"]\n\n");
        text
    }

    /// Orders are read where the standard has them: what was seen of them is said.
    fn orders(&self) -> String {
        let survey = self.survey;
        if survey.orders == 0 {
            return String::new();
        }
        let numbers: Vec<Seen> = [("ORC", 2), ("ORC", 3), (ORDERED, 2), (ORDERED, 3)]
            .map(|(segment, field)| survey.seen(segment, field))
            .into();
        let named = survey.seen("FT1", 23);
        let known =
            named.count(|number| numbers.iter().any(|it| it.count(|one| one == number) > 0));
        let mut text = String::new();
        for words in [
            format!("Orders: {}; ORC-1: {}.", survey.orders, self.listed(&survey.seen("ORC", 1))),
            format!("What is ordered (OBR-4): {}.", self.listed(&survey.seen(ORDERED, 4))),
            format!("{known} of {} lines that name an order name one of these.", named.told),
        ] {
            say(&mut text, format!("# {words}"));
        }
        text.push('\n');
        text
    }

    /// Places in the Z segment that follows charge lines most often.
    fn course(&self) -> String {
        let survey = self.survey;
        let all = survey.lines;
        let found = survey.behind_lines.iter().max_by_key(|(_, count)| **count);
        let Some((segment, _)) = found.filter(|_| all > 0) else {
            return String::from(
                "# No segment behind a charge line names a course: it is told by patient, diagnosis and gap in time.\n\n",
            );
        };
        let fields: Vec<(u16, Seen)> = (1..=30)
            .map(|field| (field, survey.seen(segment, field)))
            .filter(|(_, seen)| seen.told > 0)
            .collect();
        let all_are = |seen: &Seen, is: fn(&str) -> bool| seen.count(is) * 10 >= seen.told * 9;
        let numbers: Vec<&(u16, Seen)> =
            fields.iter().filter(|(_, seen)| all_are(seen, seen::is_small_number)).collect();
        let session = fields.iter().find(|(_, seen)| all_are(seen, seen::is_uid));
        let names = fields.iter().filter(|(field, seen)| {
            !numbers.iter().any(|(number, _)| number == field) && !all_are(seen, seen::is_uid)
        });
        let names: Vec<&(u16, Seen)> = names.collect();
        let (Some(course), Some(fraction), Some(session)) =
            (names.first(), numbers.first(), session)
        else {
            return format!(
                "# {segment} follows charge lines, and course, fraction and session were not found in it:\n\
                 # write a table [course] with course, plan, fraction, prescribed and session.\n\n"
            );
        };
        let plan = names.get(1).unwrap_or(course);
        let prescribed = numbers.get(1).unwrap_or(fraction);
        let mut text = String::from("[course]\n");
        for (key, (field, seen)) in [
            ("course", *course),
            ("plan", *plan),
            ("fraction", *fraction),
            ("prescribed", *prescribed),
            ("session", session),
        ] {
            line(&mut text, key, at(segment, *field, seen, all + survey.documents));
        }
        text.push('\n');
        text
    }

    fn spelling(&self) -> String {
        let survey = self.survey;
        let directions = survey.seen("FT1", 6);
        let spelled = |known: &[&str], at_least: &[&str]| {
            let mut all: Vec<String> = at_least.iter().map(|it| (*it).to_owned()).collect();
            for (value, _) in directions.values() {
                let value = value.to_ascii_uppercase();
                if known.contains(&value.as_str()) && !all.contains(&value) {
                    all.push(value);
                }
            }
            quoted(&all)
        };
        let mut text = String::from("[spelling]\n");
        say(&mut text, format!("# FT1-6: {}", self.listed(&directions)));
        let charge = spelled(&["CG", "C", "CH", "CHG", "D", "DR"], &["CG"]);
        say(&mut text, format!("charge = {charge}"));
        say(&mut text, format!("credit = {}", spelled(&["CD", "CR", "CRED", "V"], &["CD"])));
        say(&mut text, format!("not_ours = {}", spelled(&["PY", "AJ", "CO"], &["PY", "AJ", "CO"])));
        say(&mut text, format!("# PV1-2: {}", self.listed(&survey.seen("PV1", 2))));
        text.push_str("inpatient = [\"I\"]\n");
        say(&mut text, format!("# TXA-17: {}", self.listed(&survey.seen("TXA", 17))));
        text.push_str("signed = [\"LA\", \"AU\"]\n");
        say(&mut text, format!("# TXA-19: {}", self.listed(&survey.seen("TXA", 19))));
        text.push_str("withdrawn = [\"CA\"]\n\n");
        text
    }

    /// Types of documents that another profile knows by the same name; the rest for a person.
    fn documents(&self) -> String {
        let mut text = String::from("[documents]\n");
        let (told, results) = (self.survey.seen("TXA", 2), self.survey.seen("OBR", 4));
        let of_results = results.values().into_iter();
        let further = of_results.filter(|(kind, _)| told.count(|known| known == *kind) == 0);
        for (kind, count) in told.values().into_iter().chain(further) {
            let shown = self.survey.shown(kind);
            match self.document_kind(kind).filter(|_| shown == kind) {
                Some(meant) => {
                    say(&mut text, format!("\"{kind}\" = \"{meant}\"    # {count}"));
                }
                None => {
                    say(&mut text, format!("# \"{shown}\" = \"…\"    # {count}, nobody knows it"));
                }
            }
        }
        text
    }

    fn document_kind(&self, kind: &str) -> Option<&'static str> {
        let profiles = self.tables.profile_names().into_iter();
        let mut known = profiles.filter_map(|name| self.tables.profile(name)?.document(kind));
        let meant: DocumentKind = known.next()?;
        DocumentKind::ALL.iter().find(|(one, _)| *one == meant).map(|(_, name)| *name)
    }

    /// Values with their counts, as far as they may be shown.
    fn listed(&self, seen: &Seen) -> String {
        let shown = |(value, count): &(&str, u64)| {
            let value =
                if value.is_empty() { "(empty)".to_owned() } else { self.survey.shown(value) };
            format!("{value} {count}")
        };
        let all: Vec<String> = seen.values().iter().take(SHOWN_MAX).map(shown).collect();
        or_none(&all.join(", ")).to_owned()
    }
}

fn at(segment: &str, field: u16, seen: &Seen, all: u64) -> Found {
    let says = match seen.told {
        0 => format!("{segment}-{field}: never"),
        _ => format!("{segment}-{field}: {}", seen.of(all)),
    };
    Found { place: format!("{segment}.{field}"), says }
}

fn say(text: &mut String, line: String) {
    text.push_str(&line);
    text.push('\n');
}

fn line(text: &mut String, key: &str, found: Found) {
    say(text, format!("{key} = \"{}\"    # {}", found.place, found.says));
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn quoted(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|one| format!("\"{one}\"")).collect();
    format!("[{}]", all.join(", "))
}

/// The names that nobody knows. What each is stays blank: `collimator check` names every row until a
/// person has filled it in.
fn dictionary(unknown: &[(&str, &Named)], survey: &Survey) -> String {
    let mut text = String::from("activity,label,kind,attributes,from,until,why\n");
    for (name, named) in unknown {
        let label = named.texts.values().first().map(|(text, _)| survey.shown(text));
        let label = label.unwrap_or_else(|| (*name).to_owned());
        let codes: Vec<String> =
            named.codes.values().iter().take(5).map(|(code, n)| format!("{code} {n}")).collect();
        let days = match (named.first, named.last) {
            (Some(first), Some(last)) => format!(" from {first} to {last}"),
            _ => String::new(),
        };
        let with =
            if codes.is_empty() { String::new() } else { format!(" with {}", codes.join("; ")) };
        let from = named.first.map(|day| day.to_string()).unwrap_or_default();
        let why = format!("seen {} times{days}{with}", named.count);
        let cells = [*name, &label, "", "", &from, "", &why].map(cell);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
