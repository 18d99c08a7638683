//! Words and figures as pages show them.

use askama::Template;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::sheet::Shown;
use crate::domain::{BookedLine, EntryKind, Moment, ProcedureCode, Who};
use crate::store::{BookedEntry, ListedLine};

use super::Desk;

/// An instant in the site's time.
pub(super) fn at(desk: &Desk, at: Timestamp) -> String {
    at.to_zoned(desk.setup.time_zone.clone()).strftime("%F %T").to_string()
}

/// So many of something.
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A moment as it was told.
pub(super) fn moment(moment: &Moment) -> String {
    match moment.time {
        Some(time) => format!("{} {}", moment.date, time.strftime("%H:%M")),
        None => moment.date.to_string(),
    }
}

/// What a line is called in a heading: its code and modifiers.
pub(super) fn code(line: &BookedLine) -> String {
    let code = line.line.code.as_ref().map_or("no code", ProcedureCode::as_str);
    let modifiers = line.line.modifiers.iter().map(|modifier| modifier.as_str());
    std::iter::once(code).chain(modifiers).collect::<Vec<_>>().join("-")
}

/// Where a line stands, in one word: how far it is on its way, else its state.
pub(super) fn standing(line: &BookedLine) -> Shown {
    let state = Shown::state_of(line);
    let way = Shown::way_of(line.state).filter(|_| state == Shown::Ready);
    way.unwrap_or(state)
}

/// A line in a list.
pub(super) struct LineRow {
    pub(super) id: i64,
    pub(super) day: String,
    pub(super) patient: String,
    pub(super) course: String,
    pub(super) code: String,
    pub(super) label: String,
    pub(super) units: u16,
    pub(super) claim: &'static str,
    pub(super) standing: &'static str,
    pub(super) reasons: Vec<String>,
}

impl LineRow {
    pub(super) fn of(desk: &Desk, listed: &ListedLine) -> LineRow {
        let (booked, line) = (&listed.line, &listed.line.line);
        let row = line.code.and_then(|code| desk.setup.tables.code(code, line.day()).row());
        LineRow {
            id: booked.id.0,
            day: line.day().to_string(),
            patient: listed.patient.number.clone(),
            course: line.course.0.clone(),
            code: code(booked),
            label: row.map(|row| row.label.clone()).unwrap_or_default(),
            units: line.units.get(),
            claim: line.claim.map_or("", |claim| claim.as_str()),
            standing: standing(booked).as_str(),
            reasons: crate::domain::sheet::reasons(&booked.findings)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Lines as a table.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<table class="list">
<thead><tr><th>Line</th><th>Day</th><th>Patient</th><th>Course</th><th>Code</th><th class="count">Units</th><th>Claim</th><th>Stands</th><th>Held by</th></tr></thead>
<tbody>
{% for line in lines %}
<tr>
<td data-label="Line"><a href="/lines/{{ line.id }}">{{ line.id }}</a></td>
<td data-label="Day" class="nowrap">{{ line.day }}</td>
<td data-label="Patient"><bdi>{{ line.patient }}</bdi></td>
<td data-label="Course"><bdi>{{ line.course }}</bdi></td>
<td data-label="Code"><span class="code">{{ line.code }}</span> <span class="quiet">{{ line.label }}</span></td>
<td data-label="Units" class="count">{{ line.units }}</td>
<td data-label="Claim">{{ line.claim }}</td>
<td data-label="Stands"><span class="badge is-{{ line.standing }}">{{ line.standing }}</span></td>
<td data-label="Held by">{% for rule in line.reasons %}<a class="rule" href="/holds/{{ rule }}">{{ rule }}</a> {% endfor %}</td>
</tr>
{% endfor %}
</tbody>
</table>"#
)]
pub(super) struct LineTable<'a> {
    pub(super) lines: &'a [LineRow],
}

/// An entry of the ledger in a list.
pub(super) struct EntryRow {
    pub(super) seq: i64,
    /// The line it is about, where that is not the page's own.
    pub(super) line: Option<i64>,
    pub(super) at: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) reason: String,
}

impl EntryRow {
    pub(super) fn of(desk: &Desk, booked: &BookedEntry) -> EntryRow {
        let (who, reason) = match &booked.entry.who {
            Who::Daemon => ("the daemon".to_owned(), String::new()),
            Who::Person { name, reason } => (name.clone(), reason.clone()),
        };
        EntryRow {
            seq: booked.seq,
            line: None,
            at: at(desk, booked.at),
            what: told(booked),
            who,
            reason,
        }
    }

    /// An entry that may be about a line, on a page that is about something else.
    pub(super) fn with_line(desk: &Desk, booked: &BookedEntry) -> EntryRow {
        let line = booked.entry.line.map(|line| line.0);
        EntryRow { line, ..EntryRow::of(desk, booked) }
    }
}

/// Entries as a table.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<table class="list">
<thead><tr><th class="count">Entry</th><th>When</th><th>What</th><th>Who</th></tr></thead>
<tbody>
{% for entry in entries %}
<tr>
<td data-label="Entry" class="count">{{ entry.seq }}</td>
<td data-label="When" class="nowrap">{{ entry.at }}</td>
<td data-label="What">{% if let Some(line) = entry.line %}<a href="/lines/{{ line }}">line {{ line }}</a> {% endif %}{{ entry.what }}</td>
<td data-label="Who">{{ entry.who }}{% if !entry.reason.is_empty() %} <q>{{ entry.reason }}</q>{% endif %}</td>
</tr>
{% endfor %}
</tbody>
</table>"#
)]
pub(super) struct EntryTable<'a> {
    pub(super) entries: &'a [EntryRow],
}

/// What an entry tells, in a few words.
fn told(booked: &BookedEntry) -> String {
    let body: Value = serde_json::from_str(&booked.entry.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match booked.entry.kind {
        EntryKind::Message => format!("message {}", text("state")),
        EntryKind::Tables => format!("other tables are in force: {}", text("to")),
        EntryKind::Drafted => format!("drafted as {}", text("state")),
        EntryKind::Moved => format!("{} → {}", text("from"), text("to")),
        EntryKind::Refreshed => "told anew".to_owned(),
        EntryKind::Linked => "numbers joined or parted".to_owned(),
        EntryKind::Attempt => "sent".to_owned(),
        EntryKind::Answered => format!("answered {}", text("to")).trim().to_owned(),
        EntryKind::Steered => format!("{} {}", text("does"), text("destination")),
        EntryKind::Posted => format!("in the receiver's books: {}", text("status")),
    }
}
