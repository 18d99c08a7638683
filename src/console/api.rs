//! `/api/v1` and the lists for spreadsheets: whole lists, unless `limit` says how much.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::domain::sheet;
use crate::store::BookedMessage;

use super::ask::{Shared, ask};
use super::asked::{Asked, Pairs};
use super::export::{Form, Rows, stream};
use super::failure::Failure;
use super::lines::wants;
use super::messages::why;
use super::strip::{Figure, Sums};

const MESSAGE_COLUMNS: &[&str] = &[
    "message",
    "received",
    "day",
    "source",
    "trigger",
    "control_id",
    "patient",
    "account",
    "bytes",
    "state",
    "why",
];

const LINE_COLUMNS: &[&str] = &{
    let mut all = [""; 15];
    let mut place = 0;
    while place < 15 {
        all[place] =
            if place < 12 { sheet::LINE_COLUMNS[place] } else { sheet::STORE_COLUMNS[place - 12] };
        place += 1;
    }
    all
};

/// Messages as JSON.
pub(super) async fn messages(State(shared): State<Shared>, pairs: Pairs) -> Answer {
    messages_as(&shared, pairs, Form::Json)
}

/// Messages for a spreadsheet.
pub(super) async fn messages_csv(State(shared): State<Shared>, pairs: Pairs) -> Answer {
    messages_as(&shared, pairs, Form::Csv("messages.csv"))
}

/// Lines as JSON.
pub(super) async fn lines(State(shared): State<Shared>, pairs: Pairs) -> Answer {
    lines_as(&shared, pairs, Form::Json)
}

/// Lines for a spreadsheet.
pub(super) async fn lines_csv(State(shared): State<Shared>, pairs: Pairs) -> Answer {
    lines_as(&shared, pairs, Form::Csv("lines.csv"))
}

/// Both sums as JSON.
pub(super) async fn balance(State(shared): State<Shared>) -> Answer {
    let sums = ask(&shared, Sums::ask).await?;
    let counts = |figures: &[Figure]| -> Map<String, Value> {
        figures.iter().map(|figure| (figure.name.to_owned(), figure.count.into())).collect()
    };
    let body = json!({
        "stored": sums.stored,
        "messages": counts(&sums.messages),
        "drafted": sums.drafted,
        "lines": counts(&sums.lines),
        "entries": sums.entries,
        "comes_out": sums.come_out,
    });
    Ok(([(CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response())
}

type Answer = Result<Response, Failure>;

fn messages_as(shared: &Shared, pairs: Pairs, form: Form) -> Answer {
    let filter = Asked::read(pairs)?.messages()?;
    stream(shared, form, MESSAGE_COLUMNS, move |desk, rows: &mut Rows| {
        desk.books.messages(filter).try_for_each(|message| rows.row(&message_row(&message?)))
    })
}

fn lines_as(shared: &Shared, pairs: Pairs, form: Form) -> Answer {
    let asked = Asked::read(pairs)?;
    let (filter, words) = (asked.lines()?, asked.words()?);
    stream(shared, form, LINE_COLUMNS, move |desk, rows: &mut Rows| {
        for line in desk.books.lines(filter) {
            let line = line?;
            if asked.limit.is_some_and(|limit| rows.count() >= limit) {
                break;
            }
            if wants(&asked, &words, &line) {
                let contract = sheet::line_row(&line.patient.number, &line.line);
                let row: Vec<String> =
                    contract.into_iter().chain(sheet::store_row(&line.line)).collect();
                rows.row(&row)?;
            }
        }
        Ok(())
    })
}

fn message_row(message: &BookedMessage) -> [String; 11] {
    [
        message.id.to_string(),
        message.received.to_string(),
        message.day.to_string(),
        message.source.clone(),
        message.trigger.clone(),
        message.control_id.clone(),
        message.identifier.as_ref().map(|it| it.number.clone()).unwrap_or_default(),
        message.account.clone().unwrap_or_default(),
        message.size_bytes.to_string(),
        message.state.name().to_owned(),
        why(message),
    ]
}
