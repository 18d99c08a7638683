//! `/holds/{rule}`: what one rule wants, and the lines that it holds.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use crate::check::RULES;
use crate::domain::LineState;
use crate::store::LineFilter;

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;
use super::shown::{LineRow, LineTable};
use super::{layout, markdown};

/// Lines that are shown, at most.
const LINES_MAX: usize = 100;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="crumb"><a href="/holds">Holds</a></p>
<h1><span class="rule">{{ rule }}</span> {{ title }}</h1>
<div class="prose">
{{ page|safe }}
</div>
{% if !says.is_empty() %}<p class="note">{{ says }}<br><span class="quiet">{{ source }}</span></p>{% endif %}
<section>
<h2>Lines it holds</h2>
{% if lines.is_empty() %}<p class="nothing">None.</p>{% else %}{{ self.table()|safe }}{% endif %}
{% if cut %}<p class="quiet">The first {{ lines.len() }} are shown; <code>collimator holds --config FILE --lines</code> lists all.</p>{% endif %}
</section>
"#
)]
struct View {
    rule: String,
    title: String,
    page: String,
    says: &'static str,
    source: &'static str,
    lines: Vec<LineRow>,
    cut: bool,
}

impl View {
    fn table(&self) -> LineTable<'_> {
        LineTable { lines: &self.lines }
    }
}

pub(super) async fn page(
    State(shared): State<Shared>,
    Path(rule): Path<String>,
) -> Result<impl IntoResponse, Failure> {
    let view = ask(&shared, move |desk| view(desk, rule)).await?;
    layout::page(&shared, &view.rule, "/holds", &view)
}

fn view(desk: &Desk, id: String) -> Result<View, Failure> {
    let page = desk.setup.tables.hold_page(&id);
    let rule = RULES.iter().find(|rule| rule.id == id);
    let filter = LineFilter { states: vec![LineState::Held], ..LineFilter::default() };
    let (mut lines, mut cut) = (Vec::new(), false);
    for line in desk.books.lines(filter) {
        let line = line?;
        if line.line.findings.iter().any(|finding| finding.rule == id) {
            if lines.len() == LINES_MAX {
                cut = true;
                break;
            }
            lines.push(LineRow::of(desk, &line));
        }
    }
    if page.is_none() && rule.is_none() && lines.is_empty() {
        return Err(Failure::NotFound(format!("There is no rule {id}.")));
    }
    Ok(View {
        title: page.map(markdown::title).unwrap_or_default().to_owned(),
        page: page.map(markdown::html).unwrap_or_default(),
        says: rule.map_or("", |rule| rule.says),
        source: rule.map_or("", |rule| rule.source),
        rule: id,
        lines,
        cut,
    })
}
