//! A page that cannot be shown, and why.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::store;

use super::layout;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is nothing of that name.
    NotFound(String),
    /// The question makes no sense.
    Wrong(String),
    /// Too much is asked at once.
    Busy,
    /// The store failed.
    Store(store::Error),
    /// We failed.
    Failed,
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Failure {
        Failure::Store(error)
    }
}

impl From<askama::Error> for Failure {
    fn from(_: askama::Error) -> Failure {
        Failure::Failed
    }
}

impl Failure {
    /// What the person is told; whatever is ours to handle is logged here, once.
    fn told(self) -> (StatusCode, &'static str, String) {
        match self {
            Failure::NotFound(what) => (StatusCode::NOT_FOUND, "Not found", what),
            Failure::Wrong(what) => (StatusCode::BAD_REQUEST, "That cannot be asked", what),
            Failure::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Try again in a moment",
                "Several lists are being written already.".into(),
            ),
            Failure::Store(error) => {
                tracing::error!(%error, "the store cannot be read for the console");
                let what = format!("The store cannot be read: {error}.");
                (StatusCode::SERVICE_UNAVAILABLE, "Try again later", what)
            }
            Failure::Failed => {
                tracing::error!("a page of the console failed");
                let what = "This page failed. The daemon goes on.".to_owned();
                (StatusCode::INTERNAL_SERVER_ERROR, "A fault of ours", what)
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, what) = self.told();
        match layout::bare(title, &what) {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => (status, what).into_response(),
        }
    }
}
