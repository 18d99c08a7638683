//! One request to the server that is meant, and to no other: neither token nor body goes elsewhere.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use url::Url;

use crate::trust::{self, bounded};

use super::super::Server;
use super::answer::Heard;

/// An answer is no longer than this.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What FHIR R4 is called in a header.
const FHIR_JSON: &str = "application/fhir+json";

/// A request that changes something.
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the base: `ChargeItem/CL12`.
    pub(super) place: String,
    /// What else is said above the body.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// Nothing was sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// It was sent, or perhaps.
    #[error("no answer came: {0}")]
    InDoubt(String),
    /// There is no token.
    #[error(transparent)]
    NoToken(trust::Error),
}

impl Request {
    /// The request as it is kept: without the token.
    pub(super) fn kept(&self, base: &Url) -> Bytes {
        let path = below(base, &self.place);
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, path.path());
        text.push_str(&format!("Host: {}\r\n", base.authority()));
        text.push_str(&format!("Content-Type: {FHIR_JSON}\r\n"));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        Bytes::from([text.as_bytes(), &self.body].concat())
    }
}

impl Server {
    /// Sends a request to an address of the server.
    pub(super) async fn tell(
        &self,
        request: &Request,
        (url, within): (&Url, Duration),
    ) -> Result<Heard, Broken> {
        let make = || {
            let told = self.client.current().request(request.method.clone(), url.clone());
            let told = told.header(CONTENT_TYPE, FHIR_JSON).header(ACCEPT, FHIR_JSON);
            let with = |told: RequestBuilder, (name, value): &(&'static str, String)| {
                told.header(*name, value)
            };
            request.headers.iter().fold(told, with).timeout(within).body(request.body.clone())
        };
        self.exchange(url, make).await
    }

    /// Asks for something.
    pub(super) async fn ask(&self, url: &Url, within: Duration) -> Result<Heard, Broken> {
        let make =
            || self.client.current().get(url.clone()).header(ACCEPT, FHIR_JSON).timeout(within);
        self.exchange(url, make).await
    }

    /// Sends what is made; a token that is not taken is asked for anew, once.
    async fn exchange(
        &self,
        url: &Url,
        make: impl Fn() -> RequestBuilder,
    ) -> Result<Heard, Broken> {
        let send = |token: Option<&str>| match token {
            Some(token) => make().bearer_auth(token).send(),
            None => make().send(),
        };
        let token = self.bearer.token().await.map_err(Broken::NoToken)?;
        let answer = send(token.as_deref()).await.map_err(|error| broken(&error))?;
        if answer.status().as_u16() == 401
            && let Some(refused) = token
            && self.bearer.refused(&refused).await
        {
            let token = self.bearer.token().await.map_err(Broken::NoToken)?;
            let answer = send(token.as_deref()).await.map_err(|error| broken(&error))?;
            return Ok(heard(url, answer).await);
        }
        Ok(heard(url, answer).await)
    }
}

async fn heard(url: &Url, answer: Response) -> Heard {
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let body = bounded(answer, ANSWER_BYTES_MAX).await.ok().flatten();
    Heard {
        asked: url.clone(),
        status,
        location: header(&headers, &LOCATION),
        retry_after: header(&headers, &RETRY_AFTER),
        content_type: header(&headers, &CONTENT_TYPE).unwrap_or_default(),
        body,
    }
}

fn header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Whether anything can have left, and why nothing came; without the address, which can name a
/// patient.
fn broken(error: &reqwest::Error) -> Broken {
    let mut why = if error.is_timeout() { "it takes too long".to_owned() } else { String::new() };
    let mut cause = error.source();
    while let Some(inner) = cause.filter(|_| why.is_empty()) {
        cause = inner.source();
        if cause.is_none() {
            why = inner.to_string();
        }
    }
    if error.is_connect() || error.is_builder() {
        Broken::NotSent(why)
    } else {
        Broken::InDoubt(why)
    }
}

/// An address below the base.
pub(super) fn below(base: &Url, place: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{place}", base.path().trim_end_matches('/')));
    url
}
