//! `/balance`: nothing vanished.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::domain::Who;
use crate::store::Pause;
use crate::telemetry::CERTIFICATE_DAYS_MIN;

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;
use super::strip::{Figure, Sums};
use super::{layout, shown};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>Balance</h1>
{% if sums.come_out %}
<p class="verdict good">✓ The balance comes out. Every message and every line is in one place.</p>
{% else %}
<p class="verdict bad">✗ The balance does not come out: a sum below differs from its parts. Call whoever runs this machine.</p>
{% endif %}
{% for one in paused %}
<p class="verdict bad">Nothing new leaves for {{ one.name }} since {{ one.since }}: it is {{ one.is }}, by {{ one.who }}{% if !one.reason.is_empty() %} ({{ one.reason }}){% endif %}. <code>collimator destination resume --config FILE {{ one.name }} --reason …</code> lets everything leave again.</p>
{% endfor %}
{% for name in left_alone %}
<p class="verdict bad">{{ name }} failed several times in a row and is left alone for a while; then one line tries. What waits for it stays in its order.</p>
{% endfor %}
{% for one in certificates %}{% if one.calls %}
<p class="verdict bad">The certificate of {{ one.name }} {% if one.days < 0 %}has ended{% else %}ends in {{ one.days }} days{% endif %}: ask for a new one.</p>
{% endif %}{% endfor %}
<section>
<h2>Messages</h2>
{{ self.sum("stored", sums.stored, sums.messages)|safe }}
</section>
<section>
<h2>Lines</h2>
{{ self.sum("drafted", sums.drafted, sums.lines)|safe }}
<p class="quiet">A line that takes another back is a line of its own and counted like any other.</p>
</section>
{% if !certificates.is_empty() %}
<section>
<h2>Certificates</h2>
<ul class="plain">{% for one in certificates %}<li>{{ one.name }}: {% if one.days < 0 %}ended{% else %}{{ one.days }} days left{% endif %}</li>{% endfor %}</ul>
</section>
{% endif %}
<section>
<h2>Ledger</h2>
<p>{{ sums.entries }} entries. <code>collimator verify --config FILE</code> walks all of them and computes every hash again.</p>
</section>
"#
)]
struct View {
    sums: Sums,
    paused: Vec<Paused>,
    left_alone: BTreeSet<String>,
    certificates: Vec<Certificate>,
}

/// A certificate of ours, and the days that it is still valid.
struct Certificate {
    name: String,
    days: i64,
    /// Whether somebody should ask for a new one.
    calls: bool,
}

/// A destination for which nothing new leaves.
struct Paused {
    name: String,
    is: &'static str,
    since: String,
    who: String,
    reason: String,
}

impl Paused {
    fn of(desk: &Desk, pause: Pause) -> Paused {
        let is = match pause.left {
            None => "paused",
            Some(0) => "drained",
            Some(_) => "draining",
        };
        let (who, reason) = match pause.who {
            Who::Daemon => ("its policy".to_owned(), String::new()),
            Who::Person { name, reason } => (name, reason),
        };
        Paused { name: pause.destination, is, since: shown::at(desk, pause.since), who, reason }
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="sum">
<div class="figure total"><b>{{ total }}</b><span>{{ name }}</span></div>
<span class="sign" aria-hidden="true">=</span>
{% for figure in figures %}
{% if !loop.first %}<span class="sign" aria-hidden="true">+</span>{% endif %}
<div class="figure{% if figure.calls && figure.count > 0 %} calls{% endif %}">
<b>{% if figure.link.is_empty() %}{{ figure.count }}{% else %}<a href="{{ figure.link }}">{{ figure.count }}</a>{% endif %}</b><span>{{ figure.name }}</span></div>
{% endfor %}
</div>"#
)]
struct Sum<'a> {
    name: &'a str,
    total: u64,
    figures: &'a [Figure],
}

impl View {
    fn sum<'a>(&self, name: &'a str, total: &u64, figures: &'a [Figure]) -> Sum<'a> {
        Sum { name, total: *total, figures }
    }
}

pub(super) async fn page(State(shared): State<Shared>) -> Result<impl IntoResponse, Failure> {
    let asked = |desk: &Desk| {
        let pauses = desk.books.pauses()?.into_iter();
        Ok((Sums::ask(desk)?, pauses.map(|pause| Paused::of(desk, pause)).collect()))
    };
    let (sums, paused) = ask(&shared, asked).await?;
    let shown = shared.desk.metrics.shown();
    let certificate = |(name, days)| Certificate { name, days, calls: days < CERTIFICATE_DAYS_MIN };
    let certificates = shown.certificate_days.into_iter().map(certificate).collect();
    let view = View { sums, paused, left_alone: shown.left_alone, certificates };
    layout::page(&shared, "Balance", "/balance", &view)
}
