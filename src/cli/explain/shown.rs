//! A story, laid out for a person at a terminal.

use std::io::Write;

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::messages::why;
use crate::cli::visible::visible;
use crate::cli::{Error, rows};
use crate::domain::sheet::indented;
use crate::domain::{Activity, Document, EntryKind, Meaning, Moment, Who};
use crate::store::{Attempt, BookedEntry};
use crate::wire::hl7;
use crate::wire::json::{self, Node};

use super::Found;
use super::story::{LineStory, MessageStory, Spoken, Teller};

/// Tells every line, then every message, each once.
pub(super) fn tell(out: &mut impl Write, teller: &Teller<'_>, found: &Found) -> Result<(), Error> {
    let mut messages = found.messages.clone();
    let mut page = Page { out, teller, ids: Vec::new() };
    for id in &found.lines {
        if let Some(story) = teller.line(*id)? {
            let message = story.listed.line.line.message;
            if !messages.contains(&message) {
                messages.push(message);
            }
            page.ids.push(story.listed.line.line.control_id.clone());
            page.line(&story)?;
        }
    }
    for id in messages {
        page.message(&teller.message(id)?)?;
    }
    Ok(())
}

/// Characters of a digest that tell tables apart.
const DIGEST_SHOWN: usize = 12;

/// Words of a paragraph go no further than this column.
const COLUMNS_MAX: usize = 100;

struct Page<'a, W: Write> {
    out: &'a mut W,
    teller: &'a Teller<'a>,
    /// The ids of resources that earned the lines told so far: of a Bundle, only they are shown.
    ids: Vec<String>,
}

impl<W: Write> Page<'_, W> {
    fn line(&mut self, story: &LineStory) -> Result<(), Error> {
        let row = rows::row(&story.listed);
        let [patient, course, day, step, code, modifiers, units, claim, revenue, state, _, from] =
            &row;
        let [line, destination, sent] = &rows::store_row(&story.listed);
        self.heading(&format!("Line {line}"))?;
        self.pair("state", &[state.as_str(), sent].join(" · "))?;
        let label = story.label.clone().unwrap_or_default();
        let code = [code.as_str(), modifiers, "×", units, &label];
        self.pair("code", &code.map(str::trim).join(" ").replace("  ", " "))?;
        for (name, value) in [
            ("day", day),
            ("patient", patient),
            ("course", course),
            ("claim", claim),
            ("revenue", revenue),
            ("care step", step),
            ("account", &story.listed.line.line.account.clone().unwrap_or_default()),
            ("payer", &story.listed.line.line.payer),
            ("destination", destination),
            ("message", from),
            ("chosen by", &story.listed.line.line.row.clone().map(|it| it.0).unwrap_or_default()),
            ("code known by", &story.code_row.clone().map(|it| it.0).unwrap_or_default()),
        ] {
            self.pair(name, value)?;
        }
        self.relations(story)?;
        self.evidence(story)?;
        self.alternatives(story)?;
        self.rules(story)?;
        self.ledger(&story.entries)?;
        for attempt in &story.attempts {
            self.attempt(attempt)?;
        }
        self.blank()
    }

    fn relations(&mut self, story: &LineStory) -> Result<(), Error> {
        let line = &story.listed.line;
        for (name, other) in [
            ("takes back", line.reverses),
            ("taken back by", line.reversed_by),
            ("waits for", line.after),
        ] {
            if let Some(other) = other {
                self.pair(name, &format!("line {other}"))?;
            }
        }
        Ok(())
    }

    fn evidence(&mut self, story: &LineStory) -> Result<(), Error> {
        self.part("What earned it")?;
        for (activity, meaning) in &story.activities {
            self.item(&told(activity, meaning.as_deref()))?;
        }
        for document in &story.documents {
            self.item(&written(document))?;
        }
        if story.activities.is_empty() && story.documents.is_empty() {
            self.item("nothing that is on the books any more")?;
        }
        Ok(())
    }

    fn alternatives(&mut self, story: &LineStory) -> Result<(), Error> {
        if let Some(digest) = &story.drafted_by {
            let digest: String = digest.chars().take(DIGEST_SHOWN).collect();
            self.part("Tables")?;
            self.item(&format!("drafted by tables {digest}; others are in force now"))?;
        }
        if !story.alternatives.is_empty() {
            self.part("Why no other code")?;
        }
        for one in &story.alternatives {
            self.item(&format!("{}: {} ({})", one.code, one.why, one.row))?;
        }
        Ok(())
    }

    fn rules(&mut self, story: &LineStory) -> Result<(), Error> {
        self.part("What the rules say")?;
        if story.findings.is_empty() {
            self.item("nothing against it")?;
        }
        for spoken in &story.findings {
            self.spoken(spoken)?;
        }
        self.item(&format!("passed: {}", story.passed.join(" ")))
    }

    fn spoken(&mut self, spoken: &Spoken) -> Result<(), Error> {
        let finding = &spoken.finding;
        let outcome = finding.outcome.as_str();
        self.item(&format!("{} ({outcome}): {}", finding.rule, finding.because))?;
        for more in [spoken.title.as_str(), &spoken.page, spoken.says.unwrap_or_default()] {
            self.wrapped(more, "      ")?;
        }
        Ok(())
    }

    fn ledger(&mut self, entries: &[BookedEntry]) -> Result<(), Error> {
        self.part("What the ledger says")?;
        for booked in entries {
            let at = self.at(booked.at);
            let (who, reason) = match &booked.entry.who {
                Who::Daemon => ("the daemon".to_owned(), String::new()),
                Who::Person { name, reason } => (name.clone(), format!(" “{reason}”")),
            };
            let what = entry(booked);
            self.item(&format!("{} {at} {what}, by {who}{reason}", booked.seq))?;
        }
        Ok(())
    }

    fn attempt(&mut self, attempt: &Attempt) -> Result<(), Error> {
        let outcome = attempt.outcome.map_or("no answer yet", |state| state.as_str());
        let at = self.at(attempt.started);
        self.part(&format!("Sent to {} at {at} as {}", attempt.destination, attempt.control_id))?;
        let others: Vec<String> = attempt.others().map(|line| line.to_string()).collect();
        if !others.is_empty() {
            self.item(&format!("in one message with the lines {}", others.join(", ")))?;
        }
        self.bytes(&attempt.bytes)?;
        let ended = attempt.finished.map(|at| format!(" at {}", self.at(at))).unwrap_or_default();
        self.part(&format!("Answer: {outcome}{ended}"))?;
        if let Some(text) = &attempt.text {
            self.item(text)?;
        }
        match &attempt.answer {
            Some(answer) => self.bytes(answer),
            None => Ok(()),
        }
    }

    fn message(&mut self, story: &MessageStory) -> Result<(), Error> {
        let stored = &story.stored;
        self.heading(&format!("Message {}", stored.id))?;
        let control_id = String::from_utf8_lossy(&stored.control_id).into_owned();
        self.pair("control id", &control_id)?;
        self.pair("source", &stored.source)?;
        let received = self.at(stored.received);
        self.pair("received", &received)?;
        self.pair("answered", stored.answer.as_str())?;
        match &story.booked {
            Some(booked) => {
                self.pair("became", booked.state.name())?;
                self.pair("", &why(booked))?;
            }
            None => self.pair("became", "waiting: not read yet")?,
        }
        self.part(&format!("What it says ({} bytes)", stored.raw.len()))?;
        self.bytes(&stored.raw)?;
        self.ledger(&story.entries)?;
        self.blank()
    }

    /// A message field by field, with the place of each.
    fn bytes(&mut self, raw: &[u8]) -> Result<(), Error> {
        match hl7::Message::parse(raw) {
            Ok(message) => message.segments().try_for_each(|segment| self.segment(segment)),
            Err(_) => match json::read(raw) {
                Ok(resource) => self.resource(&resource),
                Err(_) => String::from_utf8_lossy(raw)
                    .split(['\r', '\n'])
                    .filter(|line| !line.is_empty())
                    .try_for_each(|line| self.item(line)),
            },
        }
    }

    /// A resource; of a Bundle those that earned what is told, if they are in it.
    fn resource(&mut self, resource: &Node) -> Result<(), Error> {
        let entries = resource.list("entry").iter().filter_map(|entry| entry.get("resource"));
        let is_meant = |one: &&Node| {
            one.text_of("id").is_some_and(|id| self.ids.iter().any(|known| known == id))
        };
        let meant: Vec<&Node> = entries.filter(is_meant).collect();
        let shown = if meant.is_empty() { vec![resource] } else { meant };
        for one in shown {
            for line in indented(&one.write()).lines() {
                writeln!(self.out, "    {}", visible(line))?;
            }
        }
        Ok(())
    }

    fn segment(&mut self, segment: hl7::Segment<'_>) -> Result<(), Error> {
        let name = match segment.occurrence() {
            1 => segment.name().to_owned(),
            number => format!("{}[{number}]", segment.name()),
        };
        for number in 1..=u16::try_from(segment.fields()).unwrap_or(u16::MAX) {
            let value = segment.field(number);
            if !value.raw().is_empty() {
                let place = format!("{name}-{number}");
                writeln!(self.out, "    {place:<11} {}", visible(value.raw()))?;
            }
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.out, "{}\n{}", visible(text), "─".repeat(text.chars().count()))?;
        Ok(())
    }

    fn part(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.out, "\n  {}", visible(text))?;
        Ok(())
    }

    fn pair(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let value = value.trim().trim_end_matches(" ·");
        if !value.is_empty() {
            writeln!(self.out, "  {name:<13} {}", visible(value))?;
        }
        Ok(())
    }

    fn item(&mut self, text: &str) -> Result<(), Error> {
        self.wrapped(text, "    ")
    }

    fn wrapped(&mut self, text: &str, indent: &str) -> Result<(), Error> {
        let mut line = indent.to_owned();
        for word in visible(text).split(' ').filter(|word| !word.is_empty()) {
            let full = line.chars().count() + word.chars().count() > COLUMNS_MAX;
            if full && line.trim() != "" {
                writeln!(self.out, "{}", line.trim_end())?;
                line = format!("{indent}  ");
            }
            line.push_str(word);
            line.push(' ');
        }
        if !line.trim().is_empty() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn blank(&mut self) -> Result<(), Error> {
        writeln!(self.out)?;
        Ok(())
    }

    fn at(&self, at: Timestamp) -> String {
        at.to_zoned(self.teller.setup.time_zone.clone()).strftime("%F %T").to_string()
    }
}

/// An activity in one line.
fn told(activity: &Activity, meaning: Option<&Meaning>) -> String {
    let meaning = meaning.map_or("no table knows it", |meaning| meaning.kind.as_str());
    let mut words = vec![
        format!("{} on {}:", activity.key.name, moment(&activity.done)),
        format!("{meaning}, number {}", activity.key.number),
        format!("of message {}", activity.control_id),
    ];
    let more = [
        ("plan", activity.plan.clone()),
        ("fraction", activity.fraction.map(|number| number.to_string())),
        ("of", activity.prescribed.map(|number| number.to_string())),
        ("session", activity.session.clone()),
    ];
    words.extend(more.into_iter().filter_map(|(name, it)| it.map(|it| format!("{name} {it}"))));
    words.join(" ")
}

/// A document in one line.
fn written(document: &Document) -> String {
    let (kind, day) = (document.kind.as_str(), moment(&document.moment));
    format!("{kind} of {day}: document {}", document.key.number)
}

fn moment(moment: &Moment) -> String {
    match moment.time {
        Some(time) => format!("{} {}", moment.date, time.strftime("%H:%M")),
        None => moment.date.to_string(),
    }
}

/// What an entry tells, in a few words.
fn entry(booked: &BookedEntry) -> String {
    let body: Value = serde_json::from_str(&booked.entry.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match booked.entry.kind {
        EntryKind::Message => format!("message {}", text("state")),
        EntryKind::Steered => format!("{} {}", text("does"), text("destination")),
        EntryKind::Tables => format!("other tables are in force: {}", text("to")),
        EntryKind::Drafted => format!("drafted as {}", text("state")),
        EntryKind::Moved => format!("{} → {}", text("from"), text("to")),
        EntryKind::Refreshed => "told anew".to_owned(),
        EntryKind::Linked => "numbers joined or parted".to_owned(),
        EntryKind::Attempt => "sent".to_owned(),
        EntryKind::Answered => format!("answered {}", text("to")).trim().to_owned(),
        EntryKind::Posted => format!("in the receiver's books: {}", text("status")),
    }
}
