//! What every answer bears, and for whose name we answer.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const HEAD: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Answers only who asks for this machine by name or number: a page elsewhere that points its own
/// name here must not read patients through a browser on this machine.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let mut response = if host.is_some_and(is_this_machine) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "The console answers to this machine's name only.\n")
            .into_response()
    };
    let head = response.headers_mut();
    for (name, value) in HEAD {
        head.insert(name, HeaderValue::from_static(value));
    }
    head.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for row in rows(
            "
            | host             | ours |
            | localhost        | yes  |
            | LOCALHOST:8080   | yes  |
            | 127.0.0.1:8080   | yes  |
            | 127.0.0.2        | yes  |
            | [::1]:8080       | yes  |
            | [::1]            | yes  |
            | example.org      | no   |
            | localhost.evil.x | no   |
            | 127.0.0.1.evil.x | no   |
            | 10.0.0.1:8080    | no   |
            | 0.0.0.0:8080     | no   |
            |                  | no   |
            ",
        ) {
            assert_eq!(is_this_machine(&row["host"]), row["ours"] == "yes", "{row}");
        }
    }
}
