//! What all pages have in common.

use askama::Template;
use axum::response::Html;

use super::ask::Shared;
use super::failure::Failure;
use super::{PAGES, Page};

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · Collimator</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg">
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header class="top">
<div class="wide">
<p class="brand"><a href="/"><img src="/icon.svg" alt="" width="24" height="24"> Collimator</a>
{% if !site.is_empty() %}<span class="site">{{ site }}</span>{% endif %}</p>
<nav aria-label="Pages">
<ul>
{% for page in pages %}
<li><a href="{{ page.path }}"{% if page.path == here %} aria-current="page"{% endif %}>{{ page.name }}</a></li>
{% endfor %}
</ul>
</nav>
</div>
</header>
<main id="main" class="wide">
{{ body|safe }}
</main>
<footer class="wide">
<p>Collimator {{ version }}{% if !zone.is_empty() %} · Times of day are those of {{ zone }}{% endif %}</p>
</footer>
</body>
</html>
"##
)]
struct Layout<'a> {
    title: &'a str,
    site: &'a str,
    zone: &'a str,
    here: &'a str,
    pages: &'static [Page],
    version: &'static str,
    body: String,
}

/// A page of the menu, or one below it.
pub(super) fn page(
    shared: &Shared,
    title: &str,
    here: &str,
    body: &impl Template,
) -> Result<Html<String>, Failure> {
    let layout = Layout {
        title,
        site: &shared.desk.site_name,
        zone: shared.desk.setup.time_zone.iana_name().unwrap_or_default(),
        here,
        pages: PAGES,
        version: env!("CARGO_PKG_VERSION"),
        body: body.render()?,
    };
    Ok(Html(layout.render()?))
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>{{ title }}</h1><p>{{ what }}</p><p><a href="/">To the messages</a></p>"#
)]
struct Bare<'a> {
    title: &'a str,
    what: &'a str,
}

/// A page that says only why there is none.
pub(super) fn bare(title: &str, what: &str) -> Result<String, askama::Error> {
    let layout = Layout {
        title,
        site: "",
        zone: "",
        here: "",
        pages: PAGES,
        version: env!("CARGO_PKG_VERSION"),
        body: Bare { title, what }.render()?,
    };
    layout.render()
}
