//! A client for servers of the web: no redirect is followed, no proxy is asked.

use std::time::Duration;

use rustls::ClientConfig;

/// How long a connection may take to stand.
const CONNECT_SECONDS_MAX: u64 = 10;

/// A client that speaks TLS so. It sends each request once, follows no redirect and asks no proxy:
/// what it is told by another server than the one that is meant is never taken for its answer.
///
/// # Errors
/// When the machine lacks something.
pub fn web_client(tls: ClientConfig, within: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .timeout(within)
        .user_agent("collimator")
        .build()
}

/// The body of an answer; `None` if it is longer than allowed.
///
/// # Errors
/// When the connection ends before.
pub async fn bounded(
    mut answer: reqwest::Response,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
