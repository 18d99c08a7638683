//! `/holds`: what waits for a person, by the rule that holds it.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::check::RULES;
use crate::domain::LineState;
use crate::store::LineFilter;

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;
use super::{layout, markdown};

/// Held lines that are looked through for those without an account.
const LOOK_MAX: usize = 20_000;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>Holds</h1>
{% if rows.is_empty() %}<p class="verdict good">✓ Nothing is held.</p>{% else %}
<p class="quiet">A line may be held by several rules. It is looked at again whenever its course changes, and leaves by itself when nothing is against it any more.</p>
<table class="list">
<thead><tr><th class="count">Lines</th><th>Rule</th><th>What it means</th><th>Cleared by</th></tr></thead>
<tbody>
{% for row in rows %}
<tr>
<td data-label="Lines" class="count"><b>{{ row.count }}</b></td>
<td data-label="Rule"><a class="rule" href="/holds/{{ row.rule }}">{{ row.rule }}</a></td>
<td data-label="What it means">{{ row.title }}</td>
<td data-label="Cleared by">{{ row.cleared_by }}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if without_account > 0 %}
<p class="note"><a href="/lines?state=held&amp;without_account=yes">{{ super::shown::counted(*without_account, "held line") }} without an account</a>: nobody has told one. What waits for it goes by itself when a registration names it.</p>
{% endif %}
"#
)]
struct View {
    rows: Vec<Row>,
    without_account: usize,
}

struct Row {
    rule: String,
    count: u64,
    title: String,
    cleared_by: String,
}

pub(super) async fn page(State(shared): State<Shared>) -> Result<impl IntoResponse, Failure> {
    let view = ask(&shared, view).await?;
    layout::page(&shared, "Holds", "/holds", &view)
}

fn view(desk: &Desk) -> Result<View, Failure> {
    let rows = desk.books.holds_by_rule()?.into_iter().map(|(rule, count)| {
        let page = desk.setup.tables.hold_page(&rule).unwrap_or_default();
        Row {
            title: if page.is_empty() { says(&rule) } else { markdown::title(page) }.to_owned(),
            cleared_by: markdown::cleared_by(page).to_owned(),
            rule,
            count,
        }
    });
    let rows = rows.collect();
    let held = LineFilter { states: vec![LineState::Held], ..LineFilter::default() };
    let mut without_account = 0;
    for line in desk.books.lines(held).take(LOOK_MAX) {
        let line = line?.line.line;
        without_account += usize::from(line.account.is_none_or(|account| account.is_empty()));
    }
    Ok(View { rows, without_account })
}

/// What a rule without a page says.
fn says(id: &str) -> &'static str {
    RULES.iter().find(|rule| rule.id == id).map_or("", |rule| rule.says)
}
