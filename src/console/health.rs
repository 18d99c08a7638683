//! What machines ask: whether the daemon lives, whether it takes messages, its numbers.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::Desk;
use super::ask::{Shared, ask};
use super::failure::Failure;

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The daemon takes messages, and the books have their writer.
pub(super) async fn ready(State(shared): State<Shared>) -> impl IntoResponse {
    if !shared.desk.ready.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n");
    }
    match ask(&shared, |desk| Ok(desk.books.changes_by_others()?)).await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be written\n"),
    }
}

/// All numbers, for Prometheus.
pub(super) async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let desk = &shared.desk;
    desk.metrics.wal_bytes(desk.books.wal_bytes() + desk.intake.wal_bytes());
    if ask(&shared, count_waiting).await.is_err() {
        tracing::warn!("what waits for destinations could not be counted");
    }
    let head = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (head, desk.metrics.render())
}

/// The public halves of keys, for whoever runs a token service.
pub(super) async fn public_keys(State(shared): State<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/jwk-set+json")], shared.desk.public_keys.clone())
}

fn count_waiting(desk: &Desk) -> Result<(), Failure> {
    let pauses = desk.books.pauses()?;
    let waiting = desk.books.waiting_by_destination()?;
    for route in &desk.setup.routes {
        let name = &route.destination;
        let lines = waiting.iter().find(|(waits, _)| waits == name).map_or(0, |(_, lines)| *lines);
        let is_paused = pauses.iter().any(|pause| pause.destination == *name);
        desk.metrics.waiting(name, lines, is_paused);
    }
    Ok(())
}
