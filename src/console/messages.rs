//! `/`: the message log, newest first.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::domain::{MessageId, MessageState};
use crate::store::{BookedMessage, MessageFilter};

use super::Desk;
use super::ask::{Shared, ask};
use super::asked::{Asked, MESSAGE_STATES, Pairs};
use super::failure::Failure;
use super::strip::Sums;
use super::{layout, shown};

/// Messages on a page.
const PAGE_MESSAGES: usize = 50;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>Messages</h1>
<ul class="strip">
<li><a href="/balance"><b>{{ sums.stored }}</b> stored</a></li>
<li><a href="/balance"><b>{{ sums.drafted }}</b> lines drafted</a></li>
{% for figure in sums.calls() %}
<li class="calls"><a href="{{ figure.link }}"><b>{{ figure.count }}</b> {{ figure.name }}</a></li>
{% endfor %}
<li class="{% if sums.come_out %}good{% else %}calls{% endif %}"><a href="/balance">{% if sums.come_out %}✓ the balance comes out{% else %}✗ the balance does not come out{% endif %}</a></li>
</ul>
<form class="filters" action="/" method="get" role="search">
<label class="grow">Patient number, account or control id
<input type="search" name="q" value="{{ asked.q }}" autocomplete="off" spellcheck="false"></label>
<label>State
<select name="state"><option value="">any</option>
{% for state in states %}<option{% if self.is(state) %} selected{% endif %}>{{ state }}</option>{% endfor %}
</select></label>
<label>From <input type="date" name="from" value="{{ self.from() }}"></label>
<label>Until <input type="date" name="until" value="{{ self.until() }}"></label>
<button>Show</button>
</form>
{% if !found_by.is_empty() %}<p class="quiet">Messages with this {{ found_by }}.</p>{% endif %}
{% if rows.is_empty() %}
<p class="nothing">{% if asked.q.is_empty() %}No message fits.{% else %}No message has this number as its patient, account or control id.{% endif %}</p>
{% else %}
<table class="list">
<thead><tr><th>Message</th><th>Received</th><th>Source</th><th>Type</th><th>Control id</th><th>Patient</th><th>State</th><th>Why</th></tr></thead>
<tbody>
{% for row in rows %}
<tr>
<td data-label="Message"><a href="/messages/{{ row.id }}">{{ row.id }}</a></td>
<td data-label="Received" class="nowrap">{{ row.received }}</td>
<td data-label="Source">{{ row.source }}</td>
<td data-label="Type" class="nowrap">{{ row.trigger }}</td>
<td data-label="Control id"><bdi>{{ row.control_id }}</bdi></td>
<td data-label="Patient"><bdi>{{ row.patient }}</bdi></td>
<td data-label="State"><span class="badge is-{{ row.state }}">{{ row.state }}</span></td>
<td data-label="Why">{{ row.why }}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% endif %}
<nav class="pager" aria-label="Pages of the list">
{% if asked.behind.is_some() %}<a href="{{ newest }}">Newest</a>{% endif %}
{% if let Some(older) = older %}<a href="{{ older }}" rel="next">Older</a>{% endif %}
<span class="grow"></span>
<a href="{{ csv }}">CSV for a spreadsheet</a> <a href="{{ json }}">JSON</a>
</nav>
<p class="quiet">In the CSV, a cell that a spreadsheet would run as a formula has a ' before it.</p>
"#
)]
struct View {
    sums: Sums,
    states: &'static [&'static str],
    found_by: &'static str,
    rows: Vec<Row>,
    newest: String,
    older: Option<String>,
    csv: String,
    json: String,
    asked: Asked,
}

struct Row {
    id: i64,
    received: String,
    source: String,
    trigger: String,
    control_id: String,
    patient: String,
    state: &'static str,
    why: String,
}

impl View {
    fn is(&self, state: &str) -> bool {
        self.asked.states.iter().any(|it| it == state)
    }

    fn from(&self) -> String {
        self.asked.from.map(|day| day.to_string()).unwrap_or_default()
    }

    fn until(&self) -> String {
        self.asked.until.map(|day| day.to_string()).unwrap_or_default()
    }
}

pub(super) async fn page(
    State(shared): State<Shared>,
    pairs: Pairs,
) -> Result<impl IntoResponse, Failure> {
    let asked = Asked::read(pairs)?;
    let view = ask(&shared, move |desk| view(desk, asked)).await?;
    layout::page(&shared, "Messages", "/", &view)
}

fn view(desk: &Desk, asked: Asked) -> Result<View, Failure> {
    let before = MessageId(asked.behind.unwrap_or(i64::MAX));
    let filter = MessageFilter { limit: Some(PAGE_MESSAGES + 1), ..asked.messages()? };
    let (found_by, mut messages) = search(desk, &asked.q, filter, before)?;
    let more = messages.len() > PAGE_MESSAGES;
    messages.truncate(PAGE_MESSAGES);
    let last = messages.last().map(|message| message.id.0);
    let plain = exact(&asked, found_by);
    Ok(View {
        sums: Sums::ask(desk)?,
        states: &MESSAGE_STATES,
        found_by,
        rows: messages.iter().map(|message| row(desk, message)).collect(),
        newest: asked.address("/", None),
        older: last.filter(|_| more).map(|last| asked.address("/", Some(last))),
        csv: plain.address("/messages.csv", None),
        json: plain.address("/api/v1/messages", None),
        asked,
    })
}

/// One box for three kinds of number: the first kind that anything is found by.
fn search(
    desk: &Desk,
    number: &str,
    filter: MessageFilter,
    before: MessageId,
) -> Result<(&'static str, Vec<BookedMessage>), Failure> {
    if number.is_empty() {
        return Ok(("", desk.books.messages_page(&filter, before)?));
    }
    let number = Some(number.to_owned());
    for (name, filter) in [
        (CONTROL_ID, MessageFilter { control_id: number.clone(), ..filter.clone() }),
        (MRN, MessageFilter { mrn: number.clone(), ..filter.clone() }),
        (ACCOUNT, MessageFilter { account: number.clone(), ..filter }),
    ] {
        let found = desk.books.messages_page(&filter, before)?;
        if !found.is_empty() {
            return Ok((name, found));
        }
    }
    Ok(("", Vec::new()))
}

const CONTROL_ID: &str = "control id";
const MRN: &str = "patient number";
const ACCOUNT: &str = "account";

/// The same question for machines, which say what kind of number they mean.
fn exact(asked: &Asked, found_by: &str) -> Asked {
    let number = Some(asked.q.clone()).filter(|number| !number.is_empty());
    let exact = Asked { q: String::new(), behind: None, ..asked.clone() };
    match found_by {
        CONTROL_ID => Asked { control_id: number, ..exact },
        ACCOUNT => Asked { account: number, ..exact },
        _ if number.is_some() => Asked { mrn: number, ..exact },
        _ => exact,
    }
}

fn row(desk: &Desk, message: &BookedMessage) -> Row {
    Row {
        id: message.id.0,
        received: shown::at(desk, message.received),
        source: message.source.clone(),
        trigger: message.trigger.clone(),
        control_id: message.control_id.clone(),
        patient: message.identifier.as_ref().map(|it| it.number.clone()).unwrap_or_default(),
        state: message.state.name(),
        why: why(message),
    }
}

/// Why a message came to its state, in words.
pub(super) fn why(message: &BookedMessage) -> String {
    match &message.state {
        MessageState::Refused(reason) => match &reason.place {
            Some(place) => format!("{place}: {}", reason.text),
            None => reason.text.clone(),
        },
        MessageState::Ignored(why) | MessageState::Stuck(why) => why.clone(),
        MessageState::Done | MessageState::Waiting => message.notes.join("; "),
    }
}
