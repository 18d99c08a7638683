//! `/lines`: the charge lines, by patient, course, day, claim and code.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use crate::domain::PersonId;
use crate::domain::sheet::Shown;
use crate::store::{LineFilter, LinePlace, ListedLine};

use super::Desk;
use super::ask::{Shared, ask};
use super::asked::{Asked, Pairs};
use super::failure::Failure;
use super::layout;
use super::shown::{LineRow, LineTable};

/// Lines on a page, about: a page ends with a whole patient.
const PAGE_LINES: usize = 60;
/// Pieces of the store that one page looks through before it is shown as it is.
const PIECES_MAX: usize = 40;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h1>Lines</h1>
<form class="filters" action="/lines" method="get" role="search">
<label class="grow">Patient number, account or control id
<input type="search" name="q" value="{{ asked.q }}" autocomplete="off" spellcheck="false"></label>
<label>State
<select name="state"><option value="">any</option>
<optgroup label="For billing">{% for state in words[..5] %}<option{% if self.is(state) %} selected{% endif %}>{{ state.as_str() }}</option>{% endfor %}</optgroup>
<optgroup label="On the way">{% for state in words[5..] %}<option{% if self.is(state) %} selected{% endif %}>{{ state.as_str() }}</option>{% endfor %}</optgroup>
</select></label>
{% if destinations.len() > 1 %}<label>Destination
<select name="destination"><option value="">any</option>
{% for name in destinations %}<option{% if asked.destination.as_ref() == Some(name) %} selected{% endif %}>{{ name }}</option>{% endfor %}
</select></label>{% endif %}
<label>From <input type="date" name="from" value="{{ self.from() }}"></label>
<label>Until <input type="date" name="until" value="{{ self.until() }}"></label>
{% if asked.without_account %}<input type="hidden" name="without_account" value="yes">{% endif %}
<button>Show</button>
</form>
{% if !found_by.is_empty() %}<p class="quiet">Lines with this {{ found_by }}.</p>{% endif %}
{% if asked.without_account %}<p class="note">Only lines whose account nobody has told. <a href="/lines">All lines</a></p>{% endif %}
{% if lines.is_empty() %}
<p class="nothing">{% if next.is_some() %}Nothing so far; the list goes on.{% else %}No line fits.{% endif %}</p>
{% else %}{{ self.table()|safe }}{% endif %}
<nav class="pager" aria-label="Pages of the list">
{% if asked.behind.is_some() %}<a href="{{ first }}">From the beginning</a>{% endif %}
{% if let Some(next) = next %}<a href="{{ next }}" rel="next">Next patients</a>{% endif %}
<span class="grow"></span>
<a href="{{ csv }}">CSV for a spreadsheet</a> <a href="{{ json }}">JSON</a>
</nav>
<p class="quiet">In the CSV, a cell that a spreadsheet would run as a formula has a ' before it.</p>
"#
)]
struct View {
    words: [Shown; 10],
    destinations: Vec<String>,
    found_by: &'static str,
    lines: Vec<LineRow>,
    first: String,
    next: Option<String>,
    csv: String,
    json: String,
    asked: Asked,
}

impl View {
    fn is(&self, word: &Shown) -> bool {
        self.asked.states.iter().any(|it| it == word.as_str())
    }

    fn table(&self) -> LineTable<'_> {
        LineTable { lines: &self.lines }
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
    layout::page(&shared, "Lines", "/lines", &view)
}

fn view(desk: &Desk, asked: Asked) -> Result<View, Failure> {
    let number = Some(asked.q.clone()).filter(|number| !number.is_empty());
    let plain = Asked { q: String::new(), behind: None, ..asked.clone() };
    let mut found = ("", plain.clone(), Vec::new(), None);
    for (name, exact) in [
        ("control id", Asked { control_id: number.clone(), ..plain.clone() }),
        ("patient number", Asked { mrn: number.clone(), ..plain.clone() }),
        ("account", Asked { account: number.clone(), ..plain.clone() }),
    ] {
        let name = if number.is_some() { name } else { "" };
        let (lines, next) = piece(desk, &exact, asked.behind)?;
        let nothing = lines.is_empty() && next.is_none();
        found = (name, exact, lines, next);
        if !nothing || number.is_none() {
            break;
        }
    }
    let (found_by, exact, lines, next) = found;
    Ok(View {
        words: Shown::ALL,
        destinations: desk.setup.routes.iter().map(|route| route.destination.clone()).collect(),
        found_by: if lines.is_empty() { "" } else { found_by },
        lines: lines.iter().map(|line| LineRow::of(desk, line)).collect(),
        first: asked.address("/lines", None),
        next: next.map(|PersonId(place)| asked.address("/lines", Some(place))),
        csv: exact.address("/lines.csv", None),
        json: exact.address("/api/v1/lines", None),
        asked,
    })
}

/// The next lines behind a place, and where the list goes on.
fn piece(
    desk: &Desk,
    asked: &Asked,
    behind: Option<i64>,
) -> Result<(Vec<ListedLine>, Option<PersonId>), Failure> {
    let (filter, words): (LineFilter, Vec<Shown>) = (asked.lines()?, asked.words()?);
    let mut behind = behind.map(|place| LinePlace(PersonId(place)));
    let mut lines: Vec<ListedLine> = Vec::new();
    for _ in 0..PIECES_MAX {
        let (piece, next) = desk.books.lines_page(&filter, behind)?;
        for line in piece.into_iter().filter(|line| wants(asked, &words, line)) {
            let last = lines.last().map(|last| last.line.person);
            if lines.len() >= PAGE_LINES && last != Some(line.line.person) {
                return Ok((lines, last));
            }
            lines.push(line);
        }
        behind = next;
        if behind.is_none() || lines.len() >= PAGE_LINES {
            break;
        }
    }
    Ok((lines, behind.map(|LinePlace(person)| person)))
}

/// Whether a line that the store gave is wanted.
pub(super) fn wants(asked: &Asked, words: &[Shown], line: &ListedLine) -> bool {
    let account = line.line.line.account.as_deref().unwrap_or_default();
    (words.is_empty() || words.iter().any(|word| word.fits(&line.line)))
        && (!asked.without_account || account.is_empty())
}
