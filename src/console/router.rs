//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::Semaphore;

use super::ask::Shared;
use super::failure::Failure;
use super::{
    Desk, api, balance, courses, export, guard, health, hold, holds, line, lines, message, messages,
};

/// All paths, guarded.
pub(super) fn router(desk: Desk) -> Router {
    let shared =
        Shared { desk: Arc::new(desk), exports: Arc::new(Semaphore::new(export::EXPORTS_MAX)) };
    Router::new()
        .route("/", get(messages::page))
        .route("/messages/{id}", get(message::page))
        .route("/messages.csv", get(api::messages_csv))
        .route("/lines", get(lines::page))
        .route("/lines/{id}", get(line::page))
        .route("/lines.csv", get(api::lines_csv))
        .route("/courses", get(courses::page))
        .route("/holds", get(holds::page))
        .route("/holds/{rule}", get(hold::page))
        .route("/balance", get(balance::page))
        .route("/api/v1/messages", get(api::messages))
        .route("/api/v1/lines", get(api::lines))
        .route("/api/v1/balance", get(api::balance))
        .route("/metrics", get(health::metrics))
        .route("/jwks.json", get(health::public_keys))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(nowhere)
        .with_state(shared)
        .layer(from_fn(guard::guard))
}

async fn style() -> impl IntoResponse {
    let head = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (head, include_str!("style.css"))
}

async fn icon() -> impl IntoResponse {
    let head = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-cache")];
    (head, include_str!("icon.svg"))
}

async fn nowhere() -> Failure {
    Failure::NotFound("There is no such page.".into())
}
