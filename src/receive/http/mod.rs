//! The same promise over HTTP: HL7 v2 at `/hl7`, FHIR at `/fhir`.

mod body;
mod media;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MATCH, LOCATION, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method as Verb, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::trust::Tokens;

use super::options::{HEAD_BYTES_MAX, STOP_SECONDS_MAX};
use super::{Counted, FhirAnswer, FhirRequest, Limits, Method, Reception, TakesFhir};
use body::{Room, Unread};

const FHIR: &str = "/fhir";
const HL7: &str = "/hl7";
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// What is behind a listener for HTTP, and who may pass.
#[derive(Clone)]
pub struct Door {
    /// Who takes what comes over FHIR.
    pub fhir: Arc<dyn TakesFhir>,
    /// Whether HL7 v2 is heard at `/hl7`.
    pub hears_hl7: bool,
    /// Of these a request must bring one, if there are any.
    pub tokens: Option<Arc<Tokens>>,
}

/// Answers requests.
pub(super) struct Web {
    door: Door,
    reception: Arc<Reception>,
    limits: Limits,
    room: Arc<Semaphore>,
}

impl Web {
    pub(super) fn new(door: Door, reception: Arc<Reception>, limits: Limits) -> Arc<Web> {
        Arc::new(Web { door, reception, limits, room: body::rooms() })
    }

    /// Serves the peer until it goes, is too slow or too loud, or the listener stops.
    pub(super) async fn serve<S>(
        self: Arc<Web>,
        stream: S,
        stop: &CancellationToken,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let reception = Arc::clone(&self.reception);
        let frame = self.limits.frame;
        let service = service_fn(move |request| {
            let web = Arc::clone(&self);
            async move { Ok::<_, Infallible>(web.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(frame)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let within = Duration::from_secs(STOP_SECONDS_MAX);
                timeout(within, connection).await.unwrap_or(Ok(()))
            }
        };
        ended.or_else(|error| {
            if error.is_timeout() {
                reception.counts().one(Counted::Idle);
                return Ok(());
            }
            if error.is_incomplete_message() {
                reception.counts().one(Counted::CutFrame);
                return Ok(());
            }
            Err(io::Error::other(error))
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.reception.counts().one(Counted::Request);
        let (head, body) = request.into_parts();
        let place = Place::of(head.uri.path());
        if let Some(refused) = self.not_admitted(&head.headers) {
            self.reception.counts().one(Counted::RequestTurnedAway);
            body::discard(body, &head.headers, self.limits).await;
            return refused.shown(&place);
        }
        let answered = match &place {
            Place::Hl7 if !self.door.hears_hl7 => {
                Err(Refusal::new(404, "not-found", "this source speaks FHIR: send it to /fhir"))
            }
            Place::Nowhere => {
                let words = "there is /hl7 for HL7 v2 and /fhir for FHIR";
                Err(Refusal::new(404, "not-found", words))
            }
            Place::Hl7 => self.hl7(&head, body).await,
            Place::Fhir(path) => self.fhir(path, &head, body).await,
        };
        answered.unwrap_or_else(|refused| refused.shown(&place))
    }

    async fn hl7(&self, head: &Parts, body: Incoming) -> Result<Response<Full<Bytes>>, Refusal> {
        let fault = match head.method {
            Verb::POST => media::of_hl7(&head.headers).err(),
            _ => Some(Refusal::new(405, "not-supported", "write POST").with(ALLOW, "POST")),
        };
        let (message, room) = self.read(head, body, fault).await?;
        let message = unframed(message);
        if message.is_empty() {
            return Err(Refusal::new(400, "invalid", "the message is empty"));
        }
        let answers = self.reception.take(&[message]).await;
        drop(room);
        let answer = answers.into_iter().flatten().next().unwrap_or_default();
        let mut response = Response::new(Full::new(Bytes::from(answer)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media::HL7));
        Ok(response)
    }

    async fn fhir(
        &self,
        path: &str,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        let method = match head.method {
            Verb::GET | Verb::HEAD => Ok(Method::Get),
            Verb::POST => Ok(Method::Post),
            Verb::PUT => Ok(Method::Put),
            Verb::DELETE => Ok(Method::Delete),
            _ => Err(Refusal::new(405, "not-supported", "the method is not known here")
                .with(ALLOW, "GET, POST, PUT, DELETE")),
        };
        let has_body = !body.is_end_stream();
        let fault = media::wanted(&head.headers, head.uri.query())
            .and_then(|()| if has_body { media::of_fhir(&head.headers) } else { Ok(()) });
        let (method, fault) = match method {
            Ok(method) => (method, fault.err()),
            Err(refused) => (Method::Get, Some(refused)),
        };
        let (body, room) = self.read(head, body, fault).await?;
        let answer = self
            .door
            .fhir
            .take(FhirRequest {
                method,
                path: path.to_owned(),
                query: head.uri.query().map(str::to_owned),
                if_match: text_of(&head.headers, &IF_MATCH)?,
                if_none_exist: text_of(&head.headers, &IF_NONE_EXIST)?,
                body,
            })
            .await;
        drop(room);
        Ok(shown(answer))
    }

    /// The body, unless there is a fault with the request already, or with the body.
    async fn read(
        &self,
        head: &Parts,
        body: Incoming,
        fault: Option<Refusal>,
    ) -> Result<(Bytes, Room), Refusal> {
        if let Some(fault) = fault {
            body::discard(body, &head.headers, self.limits).await;
            return Err(fault);
        }
        if head.headers.contains_key(CONTENT_ENCODING) {
            body::discard(body, &head.headers, self.limits).await;
            return Err(Refusal::new(415, "not-supported", "the body is packed: send it plain"));
        }
        body::read(body, &head.headers, (self.limits, &self.room)).await.map_err(|unread| {
            let counted = match unread {
                Unread::TooLong => Counted::TooLong,
                Unread::Slow | Unread::Cut => Counted::CutFrame,
                Unread::NoRoom => Counted::NotStored,
            };
            self.reception.counts().one(counted);
            unread.refusal(self.limits)
        })
    }

    /// Why a request is not looked at, if it is not: it must bring a token, and no page of the web
    /// may send it in the name of who reads the page.
    fn not_admitted(&self, headers: &HeaderMap) -> Option<Refusal> {
        if headers.contains_key(ORIGIN) {
            let words = "a page of the web has nothing to send here";
            return Some(Refusal::new(403, "forbidden", words));
        }
        let tokens = self.door.tokens.as_ref()?;
        let told = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let token = told.and_then(|told| {
            let (way, token) = told.split_once(' ')?;
            way.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        match token {
            Some(token) if tokens.know(token) => None,
            Some(_) => Some(
                Refusal::new(401, "login", "the bearer token is not known")
                    .with(WWW_AUTHENTICATE, "Bearer realm=\"collimator\", error=\"invalid_token\""),
            ),
            None => Some(
                Refusal::new(401, "login", "a bearer token is wanted")
                    .with(WWW_AUTHENTICATE, "Bearer realm=\"collimator\""),
            ),
        }
    }
}

/// Where a request leads.
enum Place {
    Hl7,
    /// The path below the base.
    Fhir(String),
    Nowhere,
}

impl Place {
    fn of(path: &str) -> Place {
        if path.trim_end_matches('/') == HL7 {
            return Place::Hl7;
        }
        match path.strip_prefix(FHIR) {
            Some("") => Place::Fhir(String::new()),
            Some(rest) => rest
                .strip_prefix('/')
                .map_or(Place::Nowhere, |path| Place::Fhir(path.trim_end_matches('/').to_owned())),
            None => Place::Nowhere,
        }
    }
}

/// A request that goes no further.
struct Refusal {
    status: u16,
    code: &'static str,
    words: String,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, words: impl Into<String>) -> Refusal {
        Refusal { status, code, words: words.into(), header: None }
    }

    fn with(self, name: HeaderName, value: &'static str) -> Refusal {
        Refusal { header: Some((name, value)), ..self }
    }

    /// As FHIR says it, or in plain words.
    fn shown(self, place: &Place) -> Response<Full<Bytes>> {
        let mut response = match place {
            Place::Fhir(_) => shown(FhirAnswer::refusal(self.status, self.code, &self.words)),
            Place::Hl7 | Place::Nowhere => {
                let mut response = Response::new(Full::new(Bytes::from(self.words + "\n")));
                *response.status_mut() = status(self.status);
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, plain);
                response
            }
        };
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

fn shown(answer: FhirAnswer) -> Response<Full<Bytes>> {
    let has_body = answer.body.is_some();
    let mut response = Response::new(Full::new(Bytes::from(answer.body.unwrap_or_default())));
    *response.status_mut() = status(answer.status);
    let headers = response.headers_mut();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media::FHIR));
    }
    let seconds = answer.retry_after.map(|seconds| seconds.to_string());
    for (name, value) in [(LOCATION, answer.location), (ETAG, answer.etag), (RETRY_AFTER, seconds)]
    {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A condition of a request; one that cannot be read is not passed over.
fn text_of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Refusal::new(400, "invalid", format!("{name} cannot be read"))),
    }
}

/// A message without the bytes that would frame it on a socket: some send them here too.
fn unframed(message: Bytes) -> Bytes {
    let start = usize::from(message.first() == Some(&0x0b));
    let end = if message.ends_with(b"\x1c\r") { message.len() - 2 } else { message.len() };
    message.slice(start..end.max(start))
}
