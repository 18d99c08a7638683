//! `/lines/{id}`: one line: what is against it, what earned it, how it was sent, what the ledger
//! says.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use crate::check::RULES;
use crate::domain::sheet::Shown;
use crate::domain::{BookedLine, Finding, LineId};
use crate::ledger::{self, Action};
use crate::store::{Attempt, ListedLine};

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;
use super::message::Bytes;
use super::shown::{EntryRow, EntryTable};
use super::{layout, markdown, shown};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="crumb"><a href="/lines">Lines</a></p>
<h1>Line {{ id }} <span class="badge is-{{ standing }}">{{ standing }}</span></h1>
<p class="lead"><span class="code">{{ code }}</span> × {{ units }} {{ label }}</p>
<dl class="facts">
{% for (name, value) in facts %}{% if !value.is_empty() %}<div><dt>{{ name }}</dt><dd><bdi>{{ value }}</bdi></dd></div>{% endif %}{% endfor %}
<div><dt>Message</dt><dd><a href="/messages/{{ message }}">{{ control_id }}</a></dd></div>
</dl>
{% for (words, other) in relations %}<p class="note">{{ words }} <a href="/lines/{{ other }}">line {{ other }}</a>.</p>{% endfor %}
<section>
<h2>What the rules say</h2>
{% if spoken.is_empty() %}<p class="verdict good">✓ Nothing is against it.</p>{% endif %}
{% for one in spoken %}
<article class="finding is-{{ one.outcome }}">
<h3><a class="rule" href="/holds/{{ one.rule }}">{{ one.rule }}</a> {{ one.title }} <span class="badge is-{{ one.outcome }}">{{ one.outcome }}</span></h3>
<p>{{ one.because }}</p>
{% if !one.page.is_empty() %}<details><summary>What to do</summary>{{ one.page|safe }}</details>{% endif %}
{% if !one.says.is_empty() %}<p class="quiet">{{ one.says }}</p>{% endif %}
</article>
{% endfor %}
<details><summary>{{ shown::counted(passed.len(), "rule") }} without an objection</summary>
<p class="quiet">{% for rule in passed %}<span title="{{ rule.1 }}">{{ rule.0 }}</span> {% endfor %}</p></details>
</section>
{% if !commands.is_empty() %}
<section>
<h2>What you can decide</h2>
<p class="quiet">On this machine's command line, with the settings file of the daemon:</p>
{% for command in commands %}<pre class="raw" tabindex="0">{{ command }}</pre>{% endfor %}
</section>
{% endif %}
<section>
<h2>What earned it</h2>
{% if evidence.is_empty() %}<p class="nothing">Nothing that is on the books any more.</p>{% else %}
<ul class="plain">{% for (words, message) in evidence %}<li>{{ words }} · <a href="/messages/{{ message }}">message {{ message }}</a></li>{% endfor %}</ul>{% endif %}
{% if !row.is_empty() %}<p class="quiet">Code chosen by <code>{{ row }}</code></p>{% endif %}
</section>
<section>
<h2>How it was sent</h2>
{% if attempts.is_empty() %}<p class="nothing">It was not.</p>{% endif %}
{% for one in attempts %}
<article class="attempt">
<h3>{{ one.started }} to {{ one.destination }} <span class="badge is-{{ one.outcome }}">{{ one.outcome }}</span></h3>
<p class="quiet">as <bdi>{{ one.control_id }}</bdi>{% if !one.finished.is_empty() %}, answered {{ one.finished }}{% endif %}</p>
{% if !one.together.is_empty() %}<p class="quiet">in one message with {% for other in one.together %}<a href="/lines/{{ other }}">line {{ other }}</a>{% if !loop.last %}, {% endif %}{% endfor %}</p>{% endif %}
{% if !one.text.is_empty() %}<p>{{ one.text }}</p>{% endif %}
<details><summary>What was sent</summary>{{ one.sent|safe }}</details>
{% if let Some(answer) = one.answer %}<details><summary>The answer</summary>{{ answer|safe }}</details>{% endif %}
</article>
{% endfor %}
</section>
<section>
<h2>What the ledger says of it</h2>
{{ self.ledger()|safe }}
</section>
"#
)]
struct View {
    id: i64,
    standing: &'static str,
    code: String,
    units: u16,
    label: String,
    facts: Vec<(&'static str, String)>,
    message: i64,
    control_id: String,
    relations: Vec<(&'static str, i64)>,
    spoken: Vec<SpokenRow>,
    passed: Vec<(&'static str, &'static str)>,
    commands: Vec<String>,
    evidence: Vec<(String, i64)>,
    row: String,
    attempts: Vec<AttemptRow>,
    entries: Vec<EntryRow>,
}

/// What a rule said, and its page.
struct SpokenRow {
    rule: String,
    outcome: &'static str,
    because: String,
    title: String,
    page: String,
    says: &'static str,
}

/// One sending.
struct AttemptRow {
    destination: String,
    control_id: String,
    started: String,
    finished: String,
    outcome: &'static str,
    together: Vec<i64>,
    text: String,
    sent: Bytes,
    answer: Option<Bytes>,
}

impl View {
    fn ledger(&self) -> EntryTable<'_> {
        EntryTable { entries: &self.entries }
    }
}

pub(super) async fn page(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Failure> {
    let view = ask(&shared, move |desk| view(desk, &id)).await?;
    layout::page(&shared, &format!("Line {}", view.id), "/lines", &view)
}

fn view(desk: &Desk, id: &str) -> Result<View, Failure> {
    let none = || Failure::NotFound(format!("There is no line {id}."));
    let id = LineId(id.parse().map_err(|_| none())?);
    let listed = desk.books.line(id)?.ok_or_else(none)?;
    let (booked, line) = (&listed.line, &listed.line.line);
    let known = line.code.and_then(|code| desk.setup.tables.code(code, line.day()).row());
    let spoke = |rule: &str| booked.findings.iter().any(|finding| finding.rule == rule);
    let attempts = desk.books.attempts_of(id)?;
    let entries = desk.books.entries_of_line(id)?;
    Ok(View {
        id: id.0,
        standing: shown::standing(booked).as_str(),
        code: shown::code(booked),
        units: line.units.get(),
        label: known.map(|row| row.label.clone()).unwrap_or_default(),
        facts: facts(&listed),
        message: line.message.0,
        control_id: line.control_id.clone(),
        relations: relations(booked),
        spoken: booked.findings.iter().map(|finding| spoken(desk, finding)).collect(),
        passed: RULES.iter().filter(|it| !spoke(it.id)).map(|it| (it.id, it.says)).collect(),
        commands: commands(booked),
        evidence: evidence(desk, booked)?,
        row: line.row.as_ref().map(|row| row.0.clone()).unwrap_or_default(),
        attempts: attempts.iter().map(|it| attempt(desk, it)).collect(),
        entries: entries.iter().map(|entry| EntryRow::of(desk, entry)).collect(),
    })
}

fn facts(listed: &ListedLine) -> Vec<(&'static str, String)> {
    let (booked, line) = (&listed.line, &listed.line.line);
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let diagnoses: Vec<&str> = line.diagnoses.iter().map(|it| it.as_str()).collect();
    vec![
        ("Day", shown::moment(&line.service)),
        ("Patient", listed.patient.number.clone()),
        ("Course", line.course.0.clone()),
        ("Claim", line.claim.map(|claim| claim.to_string()).unwrap_or_default()),
        ("For billing", Shown::state_of(booked).as_str().to_owned()),
        ("Account", some(&line.account)),
        ("Payer", line.payer.clone()),
        (
            "Revenue code",
            line.revenue.as_ref().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        ),
        ("Diagnoses", diagnoses.join(", ")),
        ("Care step", line.step.map(|step| step.to_string().replace('_', " ")).unwrap_or_default()),
        ("Destination", some(&booked.destination)),
    ]
}

fn relations(line: &BookedLine) -> Vec<(&'static str, i64)> {
    [
        ("It takes back", line.reverses),
        ("It was taken back by", line.reversed_by),
        ("It waits for the final answer to", line.after),
    ]
    .into_iter()
    .filter_map(|(words, other)| Some((words, other?.0)))
    .collect()
}

fn spoken(desk: &Desk, finding: &Finding) -> SpokenRow {
    let page = desk.setup.tables.hold_page(&finding.rule).unwrap_or_default();
    let rule = RULES.iter().find(|rule| rule.id == finding.rule);
    SpokenRow {
        rule: finding.rule.clone(),
        outcome: finding.outcome.as_str(),
        because: finding.because.clone(),
        title: markdown::title(page).to_owned(),
        page: markdown::html(page),
        says: rule.map_or("", |rule| rule.says),
    }
}

/// What a person could type, as far as the ledger would let them.
fn commands(line: &BookedLine) -> Vec<String> {
    let offers = [
        ("release", Action::Release),
        ("hold", Action::Hold),
        ("withdraw", Action::Withdraw),
        ("resend", Action::Resend),
    ];
    let may = offers.into_iter().filter(|(_, action)| ledger::decide(line, *action).is_ok());
    may.map(|(word, _)| format!("collimator {word} --config FILE {} --reason '…'", line.id))
        .collect()
}

fn evidence(desk: &Desk, line: &BookedLine) -> Result<Vec<(String, i64)>, Failure> {
    let facts = desk.books.load(line.person)?.facts;
    let earned = |number: &String| line.line.evidence.contains(number);
    let activities = facts.activities.iter().filter(|it| earned(&it.key.number)).map(|it| {
        let meaning = desk.setup.tables.meaning(&it.profile, &it.key.name, it.done.date);
        let meaning = meaning.map_or("no table knows it", |meaning| meaning.kind.as_str());
        let done = shown::moment(&it.done);
        (format!("{} ({meaning}) on {done}, number {}", it.key.name, it.key.number), it.message.0)
    });
    let supports = |number: &String| line.line.documents.contains(number);
    let documents = facts.documents.iter().filter(|it| supports(&it.key.number)).map(|it| {
        let (kind, day) = (it.kind.as_str(), shown::moment(&it.moment));
        (format!("{kind} of {day}, document {}", it.key.number), it.message.0)
    });
    Ok(activities.chain(documents).collect())
}

fn attempt(desk: &Desk, attempt: &Attempt) -> AttemptRow {
    AttemptRow {
        destination: attempt.destination.clone(),
        control_id: attempt.control_id.clone(),
        started: shown::at(desk, attempt.started),
        finished: attempt.finished.map(|at| shown::at(desk, at)).unwrap_or_default(),
        outcome: attempt.outcome.map_or("sent", |state| state.as_str()),
        text: attempt.text.clone().unwrap_or_default(),
        together: attempt.others().map(|line| line.0).collect(),
        sent: Bytes::of(&attempt.bytes),
        answer: attempt.answer.as_deref().map(Bytes::of),
    }
}
