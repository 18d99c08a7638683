//! One question to the server, and one page handed over.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::trust::bounded;

use super::super::{Counted, FhirRequest, MESSAGE_BYTES_MAX, Method, Reception, TakesFhir};
use super::Asked;
use super::short::Short;

/// A page is handed over so often, while what it refers to is fetched.
const HAND_TIMES_MAX: usize = 4;
/// Resources that are fetched for one page.
const FETCHED_MAX: usize = 2_000;

/// Who is asked, and who takes what comes.
pub(super) struct Ask<'a> {
    pub(super) asked: &'a Asked,
    pub(super) reception: &'a Reception,
    pub(super) takes: &'a dyn TakesFhir,
}

/// What a server said.
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Ask<'_> {
    /// Asks the server for something of its own.
    pub(super) async fn get(&self, url: &Url) -> Result<Said, Short> {
        let answer = self.answer(url).await?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(moved(url, &answer));
        }
        if matches!(status.as_u16(), 404 | 410) {
            return Ok(Said { status, body: Bytes::new() });
        }
        if !status.is_success() {
            let retry_after = seconds(answer.headers());
            return Err(Short::Status { status: status.as_u16(), retry_after });
        }
        if !is_json(answer.headers()) {
            return Err(Short::NotFhir);
        }
        let body = bounded(answer, MESSAGE_BYTES_MAX).await;
        let body = body.map_err(|error| Short::Unreachable(error.without_url()))?;
        Ok(Said { status, body: body.ok_or(Short::TooLong)?.into() })
    }

    /// The answer; a token that is refused is asked for anew, once.
    async fn answer(&self, url: &Url) -> Result<Response, Short> {
        let token = self.asked.bearer.token().await.map_err(Short::Token)?;
        let answer = self.send(url, token.as_deref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match token {
            Some(refused) if self.asked.bearer.refused(&refused).await => {
                let token = self.asked.bearer.token().await.map_err(Short::Token)?;
                self.send(url, token.as_deref()).await
            }
            Some(_) | None => Ok(answer),
        }
    }

    async fn send(&self, url: &Url, token: Option<&str>) -> Result<Response, Short> {
        let mut request =
            self.asked.client.current().get(url.clone()).header(ACCEPT, "application/fhir+json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| Short::Unreachable(error.without_url()))
    }

    /// Hands a page over; what it refers to and nobody knows is fetched, handed over, and then the
    /// page once more.
    pub(super) async fn hand_over(
        &self,
        page: &Bytes,
        fetched: &mut HashSet<String>,
    ) -> Result<(), Short> {
        for _ in 0..HAND_TIMES_MAX {
            let request = FhirRequest::new(Method::Post, "", page.clone());
            let missing = self.take(request).await?;
            if !self.fetch(missing, fetched).await? {
                break;
            }
        }
        self.reception.counts().one(Counted::Page);
        Ok(())
    }

    /// What a request refers to and nobody knows, once it is stored. What is refused is stored too,
    /// for a person to see.
    async fn take(&self, request: FhirRequest) -> Result<Vec<String>, Short> {
        let answer = self.takes.take(request).await;
        match answer.status {
            408 | 429 | 500.. => Err(Short::NotStored(answer.status)),
            _ => Ok(answer.missing),
        }
    }

    /// Fetches resources, and what they refer to; whether there were any that had not been fetched.
    async fn fetch(
        &self,
        missing: Vec<String>,
        fetched: &mut HashSet<String>,
    ) -> Result<bool, Short> {
        let mut waiting: VecDeque<String> = missing.into();
        let mut count = 0;
        while let Some(place) = waiting.pop_front() {
            if count == FETCHED_MAX || !is_place(&place) || !fetched.insert(place.clone()) {
                continue;
            }
            count += 1;
            let said = self.get(&below(&self.asked.poll.base, &place)).await?;
            let method = if said.status.is_success() { Method::Put } else { Method::Delete };
            waiting.extend(self.take(FhirRequest::new(method, place, said.body)).await?);
        }
        Ok(count > 0)
    }
}

/// An address below the base.
pub(super) fn below(base: &Url, place: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{place}", base.path().trim_end_matches('/')));
    url
}

/// Whether two addresses are of one server: the same way, host and port.
pub(super) fn same_server(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// A server, without what is asked of it.
pub(super) fn server(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Whether a reference is a type and an id, and nothing that leads elsewhere.
fn is_place(place: &str) -> bool {
    let is_id = |id: &str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            && !id.bytes().all(|byte| byte == b'.')
    };
    place.split_once('/').is_some_and(|(kind, id)| {
        kind.starts_with(|sign: char| sign.is_ascii_uppercase())
            && kind.bytes().all(|byte| byte.is_ascii_alphabetic())
            && is_id(id)
    })
}

fn moved(asked: &Url, answer: &Response) -> Short {
    let told = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let told = told.and_then(|told| asked.join(told).ok());
    let told = told.map_or_else(|| "nowhere".to_owned(), |url| server(&url));
    Short::Moved { status: answer.status().as_u16(), told }
}

fn is_json(headers: &HeaderMap) -> bool {
    let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = told.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["application/fhir+json", "application/json", "application/json+fhir"].contains(&kind.as_str())
}

/// How long a server wants to be left alone, where it says so in seconds.
fn seconds(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
