//! `/messages/{id}`: one message, from its bytes to the answers that its lines got.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use crate::domain::{BookedLine, LineState, MessageId, OrderStanding};
use crate::store::{BookedMessage, LineFilter, ListedLine, StoredMessage};

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;
use super::messages::why;
use super::segments::{SegmentRow, segments, text};
use super::shown::{EntryRow, EntryTable, LineRow, LineTable};
use super::{layout, shown};

/// Lines shown of one message, at most.
const LINES_MAX: usize = 200;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="crumb"><a href="/">Messages</a></p>
<h1>Message {{ id }} <span class="badge is-{{ state }}">{{ state }}</span></h1>
<ol class="trace">
{% for step in steps %}
<li class="{{ step.class }}"><b>{{ step.name }}</b><span>{{ step.says }}</span></li>
{% endfor %}
</ol>
<dl class="facts">
{% for (name, value) in facts %}{% if !value.is_empty() %}<div><dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd></div>{% endif %}{% endfor %}
</dl>
{% if !why.is_empty() %}<p class="note">{{ why }}</p>{% endif %}
<section>
<h2>What it says</h2>
{{ self.bytes()|safe }}
</section>
<section>
<h2>What it told</h2>
{% if told.is_empty() %}<p class="nothing">Nothing that is on the books.</p>{% else %}
<ul class="plain">{% for fact in told %}<li>{{ fact }}</li>{% endfor %}</ul>{% endif %}
</section>
<section>
<h2>Lines it earned</h2>
{% if lines.is_empty() %}<p class="nothing">None.</p>{% else %}{{ self.table()|safe }}{% endif %}
{% if cut %}<p class="quiet">The first {{ lines.len() }} are shown.</p>{% endif %}
</section>
<section>
<h2>What the ledger says of it</h2>
{% if entries.is_empty() %}<p class="nothing">Nothing yet.</p>{% else %}{{ self.ledger()|safe }}{% endif %}
</section>
"#
)]
struct View {
    id: i64,
    state: &'static str,
    steps: Vec<Step>,
    facts: Vec<(&'static str, String)>,
    why: String,
    raw: Vec<u8>,
    told: Vec<String>,
    lines: Vec<LineRow>,
    cut: bool,
    entries: Vec<EntryRow>,
}

/// One step of a message's way.
struct Step {
    name: &'static str,
    says: String,
    class: &'static str,
}

/// Bytes as people read them.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% if segments.is_empty() %}<pre class="raw" tabindex="0">{{ text }}</pre>{% else %}
<div class="segments">
{% for segment in segments %}
<details open><summary>{{ segment.name }}</summary>
<dl>{% for (place, value) in segment.fields %}<div><dt>{{ place }}</dt><dd><bdi>{{ value }}</bdi></dd></div>{% endfor %}</dl>
</details>
{% endfor %}
</div>{% endif %}"#
)]
pub(super) struct Bytes {
    segments: Vec<SegmentRow>,
    text: String,
}

impl Bytes {
    /// A message, cut into its segments.
    pub(super) fn of(raw: &[u8]) -> Bytes {
        Bytes { segments: segments(raw), text: text(raw) }
    }
}

impl View {
    fn bytes(&self) -> Bytes {
        Bytes::of(&self.raw)
    }

    fn table(&self) -> LineTable<'_> {
        LineTable { lines: &self.lines }
    }

    fn ledger(&self) -> EntryTable<'_> {
        EntryTable { entries: &self.entries }
    }
}

pub(super) async fn page(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Failure> {
    let view = ask(&shared, move |desk| view(desk, &id)).await?;
    layout::page(&shared, &format!("Message {}", view.id), "/", &view)
}

fn view(desk: &Desk, id: &str) -> Result<View, Failure> {
    let none = || Failure::NotFound(format!("There is no message {id}."));
    let id = MessageId(id.parse().map_err(|_| none())?);
    let stored = desk.intake.get(id)?;
    let booked = desk.books.message(id)?;
    if stored.is_none() && booked.is_none() {
        return Err(none());
    }
    let (lines, cut) = earned(desk, booked.as_ref())?;
    Ok(View {
        id: id.0,
        state: booked.as_ref().map_or("waiting", |booked| booked.state.name()),
        steps: steps(desk, stored.as_ref(), booked.as_ref(), &lines),
        facts: facts(stored.as_ref(), booked.as_ref()),
        why: booked.as_ref().map(why).unwrap_or_default(),
        told: told(desk, booked.as_ref())?,
        raw: stored.map(|stored| stored.raw).unwrap_or_default(),
        lines: lines.iter().map(|line| LineRow::of(desk, line)).collect(),
        cut,
        entries: desk
            .books
            .entries_of_message(id)?
            .iter()
            .map(|entry| EntryRow::with_line(desk, entry))
            .collect(),
    })
}

/// The lines that a message earned, and whether there are more than are shown.
fn earned(desk: &Desk, booked: Option<&BookedMessage>) -> Result<(Vec<ListedLine>, bool), Failure> {
    let mut lines = Vec::new();
    let Some(booked) = booked else { return Ok((lines, false)) };
    let message = Some(booked.id);
    for line in desk.books.lines(LineFilter { message, ..LineFilter::default() }) {
        if lines.len() == LINES_MAX {
            return Ok((lines, true));
        }
        lines.push(line?);
    }
    Ok((lines, false))
}

/// What of it is known of the person, in one line each.
fn told(desk: &Desk, booked: Option<&BookedMessage>) -> Result<Vec<String>, Failure> {
    let Some((booked, identifier)) = booked.and_then(|it| Some((it, it.identifier.as_ref()?)))
    else {
        return Ok(Vec::new());
    };
    let Some(person) = desk.books.person_of(identifier)? else { return Ok(Vec::new()) };
    let facts = desk.books.load(person)?.facts;
    let activities = facts.activities.iter().filter(|it| it.message == booked.id).map(|it| {
        let done = shown::moment(&it.done);
        format!("{} on {done}, number {}", it.key.name, it.key.number)
    });
    let credits = facts
        .credits
        .iter()
        .filter(|it| it.message == booked.id)
        .map(|it| format!("credit {} takes back number {}", it.number, it.of));
    let documents = facts.documents.iter().filter(|it| it.message == booked.id).map(|it| {
        let day = shown::moment(&it.moment);
        format!("{} of {day}, document {}", it.kind.as_str(), it.key.number)
    });
    let orders = facts.orders.iter().filter(|it| it.message == booked.id).map(|it| {
        let number = it.filler.as_deref().or(it.placer.as_deref()).unwrap_or_default();
        let what = it.name.as_deref().unwrap_or("something");
        let verb = if it.standing == OrderStanding::InForce { "orders" } else { "cancels" };
        format!("order {number} {verb} {what}")
    });
    Ok(activities.chain(credits).chain(documents).chain(orders).collect())
}

fn facts(
    stored: Option<&StoredMessage>,
    booked: Option<&BookedMessage>,
) -> Vec<(&'static str, String)> {
    let of = |value: fn(&BookedMessage) -> Option<String>| booked.and_then(value);
    vec![
        ("Source", of(|it| Some(it.source.clone())).unwrap_or_default()),
        ("Type", of(|it| Some(it.trigger.clone())).unwrap_or_default()),
        ("Control id", of(|it| Some(it.control_id.clone())).unwrap_or_default()),
        ("Patient", of(|it| Some(it.identifier.as_ref()?.number.clone())).unwrap_or_default()),
        ("Account", of(|it| it.account.clone()).unwrap_or_default()),
        ("Day", of(|it| Some(it.day.to_string())).unwrap_or_default()),
        ("Bytes", stored.map(|it| it.raw.len().to_string()).unwrap_or_default()),
    ]
}

fn steps(
    desk: &Desk,
    stored: Option<&StoredMessage>,
    booked: Option<&BookedMessage>,
    lines: &[ListedLine],
) -> Vec<Step> {
    let step = |name, says: String, class| Step { name, says, class };
    let received = stored.map(|stored| shown::at(desk, stored.received)).unwrap_or_default();
    let answered = stored.map_or("", |stored| stored.answer.as_str());
    let read = booked.map_or("not yet", |booked| booked.state.name());
    let counted =
        |wants: fn(&BookedLine) -> bool| lines.iter().filter(|line| wants(&line.line)).count();
    let left = counted(|line| !line.state.is_unsent() && line.destination.is_some());
    let yes = counted(|line| line.state == LineState::Accepted);
    let held = counted(|line| line.state == LineState::Held);
    let class = |done: bool| if done { "done" } else { "open" };
    vec![
        step("Received", received, class(stored.is_some())),
        step("Sender told", answered.to_owned(), if answered == "AA" { "done" } else { "calls" }),
        step("Read", read.to_owned(), if read == "done" { "done" } else { "open" }),
        step(
            "Judged",
            format!("{}, {held} held", shown::counted(lines.len(), "line")),
            if held > 0 { "calls" } else { class(booked.is_some()) },
        ),
        step("Sent", format!("{left} of {}", lines.len()), class(left > 0)),
        step("Accepted", format!("{yes} of {left}"), class(left > 0 && yes == left)),
    ]
}
