//! `/courses`: where each course stands, and whether every delivered fraction is billed exactly
//! once.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::domain::PersonId;
use crate::pipeline::{self, CourseStanding};
use crate::store::{CourseSummary, LineFilter};

use super::Desk;
use super::ask::{Shared, ask};
use super::asked::{Asked, Pairs, encoded};
use super::failure::Failure;
use super::layout;

/// Courses on one page, at most; a number narrows them.
const COURSES_MAX: usize = 200;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>Courses</h1>
<form class="filters" action="/courses" method="get" role="search">
<label>Patient’s number <input name="mrn" value="{{ mrn }}" autocomplete="off"></label>
<button>Search</button>
</form>
{% if rows.is_empty() %}<p class="quiet">No course fits.</p>{% else %}
<p class="quiet">Units of management and physics are provisional until a course is closed.</p>
<table class="list">
<thead><tr><th>Patient</th><th>Course</th><th>Days</th><th class="count">Prescribed</th><th class="count">Delivered</th><th class="count">Charged</th><th class="count">Accepted</th><th>Management</th><th>Physics</th><th>Closed</th><th>Each fraction billed once</th></tr></thead>
<tbody>
{% for row in rows %}
<tr>
<td data-label="Patient"><a href="/lines?mrn={{ row.address }}">{{ row.patient }}</a></td>
<td data-label="Course">{{ row.course }}</td>
<td data-label="Days"><span class="day">{{ row.first_day }}</span> to <span class="day">{{ row.last_day }}</span></td>
<td data-label="Prescribed" class="count">{{ row.prescribed }}</td>
<td data-label="Delivered" class="count">{{ row.delivered }}</td>
<td data-label="Charged" class="count">{{ row.charged }}</td>
<td data-label="Accepted" class="count">{{ row.accepted }}</td>
<td data-label="Management">{{ row.management }}</td>
<td data-label="Physics">{{ row.physics }}</td>
<td data-label="Closed">{{ row.closed }}</td>
<td data-label="Billed once">{% if row.verdict == "ok" %}✓ ok{% else %}<b>{{ row.verdict }}</b>{% endif %}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% if rows.len() == COURSES_MAX %}<p class="quiet">These are the first {{ COURSES_MAX }}; a patient’s number shows the rest.</p>{% endif %}
{% endif %}
"#
)]
struct View {
    mrn: String,
    rows: Vec<Row>,
}

struct Row {
    patient: String,
    address: String,
    course: String,
    first_day: String,
    last_day: String,
    prescribed: String,
    delivered: u32,
    charged: u32,
    accepted: u32,
    management: String,
    physics: String,
    closed: String,
    verdict: String,
}

pub(super) async fn page(
    State(shared): State<Shared>,
    pairs: Pairs,
) -> Result<impl IntoResponse, Failure> {
    let mrn = Asked::read(pairs)?.mrn.unwrap_or_default();
    let view = ask(&shared, move |desk| view(desk, mrn)).await?;
    layout::page(&shared, "Courses", "/courses", &view)
}

fn view(desk: &Desk, mrn: String) -> Result<View, Failure> {
    let filter =
        LineFilter { mrn: Some(mrn.clone()).filter(|it| !it.is_empty()), ..LineFilter::default() };
    let mut known: Option<(PersonId, Vec<CourseStanding>)> = None;
    let mut rows = Vec::new();
    for summary in desk.books.courses(filter).take(COURSES_MAX) {
        let summary = summary?;
        let standings = match known.take().filter(|(person, _)| *person == summary.person) {
            Some((_, standings)) => standings,
            None => {
                let loaded = desk.books.load(summary.person)?;
                let judged = pipeline::judged(&loaded.facts, &desk.setup);
                pipeline::standings(&judged, &loaded.lines)
            }
        };
        let standing = standings.iter().find(|standing| standing.course == summary.course);
        rows.extend(standing.map(|standing| row(&summary, standing)));
        known = Some((summary.person, standings));
    }
    Ok(View { mrn, rows })
}

fn row(summary: &CourseSummary, standing: &CourseStanding) -> Row {
    let earned = |it: pipeline::Earned| {
        let next = it.next_due.map_or(String::new(), |next| format!(", next after {next}"));
        format!("{} of {} billed{next}", it.billed, it.earned)
    };
    Row {
        patient: summary.patient.number.clone(),
        address: encoded(&summary.patient.number),
        course: summary.course.0.clone(),
        first_day: summary.first_day.to_string(),
        last_day: summary.last_day.to_string(),
        prescribed: standing.prescribed.map(|count| count.to_string()).unwrap_or_default(),
        delivered: standing.delivered,
        charged: standing.charged,
        accepted: standing.accepted,
        management: earned(standing.management),
        physics: earned(standing.physics),
        closed: standing
            .closed
            .map(|(day, by)| format!("{day} by {}", by.as_str()))
            .unwrap_or_default(),
        verdict: standing.verdict(),
    }
}
