//! Keeps a bearer token fresh: asked for when it is needed, by one at a time, and before it ends.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::tls::provider;
use super::{Fresh, Signing, Wrong, bounded, files};
use crate::config::{Asked, Grant, Proof};
use crate::domain::{Clock, Retry};

/// How long what we sign counts.
const SIGNED_SECONDS: i64 = 240;
/// How long a token counts of which the service does not say it.
const LIFE_SECONDS: u64 = 300;
/// A token is asked for anew so long before it ends, or at three quarters of its life.
const BEFORE_END_SECONDS: u64 = 60;
/// An answer of a token service is no longer than that.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The token service does not answer.
    #[error("the token service does not answer")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// It says no.
    #[error("the token service refuses: {status} {reason}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its own word for it, such as `invalid_client`.
        reason: String,
    },
    /// It says something else.
    #[error("the token service answers with something that is no bearer token")]
    Unreadable,
    /// The key does not sign.
    #[error("the private key does not sign")]
    Unsigned,
}

impl Error {
    /// What may be done about it.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Unreachable(_) | Error::Unreadable => Retry::Later,
            Error::Refused { status, .. } if *status >= 500 || *status == 429 => Retry::Later,
            Error::Refused { .. } | Error::Unsigned => Retry::Never,
        }
    }
}

/// What opens one server to us.
pub struct Bearer {
    from: From,
    kept: Mutex<Option<Kept>>,
}

enum From {
    Nothing,
    File(String),
    Service(Box<Service>),
}

struct Service {
    asked: Asked,
    shown: Shown,
    client: Arc<Fresh<reqwest::Client>>,
    clock: Arc<dyn Clock>,
}

enum Shown {
    Secret(String),
    Signature(Signing),
}

#[derive(Clone)]
struct Kept {
    token: String,
    asked_anew: Instant,
}

impl Bearer {
    /// What the settings grant; its files are read now.
    ///
    /// # Errors
    /// What is wrong with a file.
    pub fn new(
        grant: &Grant,
        client: Arc<Fresh<reqwest::Client>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Bearer, Wrong> {
        let from = match grant {
            Grant::Nothing => From::Nothing,
            Grant::Token(path) => From::File(files::secret("token_file", path)?),
            Grant::Asked(asked) => {
                let shown = match &asked.proof {
                    Proof::Secret(path) => {
                        Shown::Secret(files::secret("client_secret_file", path)?)
                    }
                    Proof::Signature { private_key, key_id } => {
                        Shown::Signature(Signing::read(private_key, key_id)?)
                    }
                };
                From::Service(Box::new(Service { asked: asked.clone(), shown, client, clock }))
            }
        };
        Ok(Bearer { from, kept: Mutex::new(None) })
    }

    /// The key that signs, if one does.
    pub fn signing(&self) -> Option<&Signing> {
        match &self.from {
            From::Service(service) => match &service.shown {
                Shown::Signature(signing) => Some(signing),
                Shown::Secret(_) => None,
            },
            From::Nothing | From::File(_) => None,
        }
    }

    /// A token that counts now; `None` where none is needed. Whoever comes while it is asked for
    /// waits for the same.
    ///
    /// # Errors
    /// When the token service gives none.
    pub async fn token(&self) -> Result<Option<String>, Error> {
        match &self.from {
            From::Nothing => Ok(None),
            From::File(token) => Ok(Some(token.clone())),
            From::Service(service) => {
                let mut kept = self.kept.lock().await;
                if let Some(fresh) = kept.as_ref().filter(|it| Instant::now() < it.asked_anew) {
                    return Ok(Some(fresh.token.clone()));
                }
                *kept = None;
                let asked = service.ask().await?;
                Ok(Some(kept.insert(asked).token.clone()))
            }
        }
    }

    /// Says that a server did not take a token, so that the next one is another. Whether that can
    /// help: a token of a file stays what it is.
    pub async fn refused(&self, token: &str) -> bool {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|it| it.token == token) {
            *kept = None;
        }
        matches!(self.from, From::Service(_))
    }
}

/// What a token service says.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    error: Option<String>,
}

impl Service {
    async fn ask(&self) -> Result<Kept, Error> {
        let began = Instant::now();
        let unreachable = |error| Error::Unreachable(Arc::new(error));
        let mut request = self
            .client
            .current()
            .post(self.asked.token_url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Shown::Secret(secret) = &self.shown {
            request = request.header(AUTHORIZATION, basic(&self.asked.client_id, secret));
        }
        let answer = request.body(self.form()?).send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = bounded(answer, ANSWER_BYTES_MAX).await.map_err(unreachable)?;
        let told = body.and_then(|body| serde_json::from_slice::<Answer>(&body).ok());
        if status != 200 {
            let reason = told.and_then(|told| told.error).unwrap_or_default();
            return Err(Error::Refused { status, reason: word(&reason) });
        }
        kept(told.ok_or(Error::Unreadable)?, began).ok_or(Error::Unreadable)
    }

    fn form(&self) -> Result<String, Error> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !self.asked.scope.is_empty() {
            form.append_pair("scope", &self.asked.scope);
        }
        if let Shown::Signature(signing) = &self.shown {
            let signed = signing.token(&self.claims()).ok_or(Error::Unsigned)?;
            form.append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            );
            form.append_pair("client_assertion", &signed);
        }
        Ok(form.finish())
    }

    fn claims(&self) -> serde_json::Value {
        let now: Timestamp = self.clock.now();
        json!({
            "iss": self.asked.client_id,
            "sub": self.asked.client_id,
            "aud": self.asked.token_url.as_str(),
            "iat": now.as_second(),
            "exp": now.as_second() + SIGNED_SECONDS,
            "jti": once(),
        })
    }
}

fn kept(told: Answer, began: Instant) -> Option<Kept> {
    let is_bearer = told.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let token = told.access_token.filter(|token| {
        is_bearer && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    })?;
    let life =
        told.expires_in.and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
    let life = life.unwrap_or(LIFE_SECONDS);
    let early = BEFORE_END_SECONDS.min(life / 4);
    let counts = Duration::from_secs((life - early).min(86_400));
    Some(Kept { token, asked_anew: began + counts })
}

/// The name and the secret as RFC 6749 wants them: each written as a form would, then together.
fn basic(name: &str, secret: &str) -> String {
    let written = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", written(name), written(secret))))
}

/// A number that is used once.
fn once() -> String {
    let mut bytes = [0; 16];
    // Without chance there is still the moment: the service then sees one number twice at worst.
    if provider().secure_random.fill(&mut bytes).is_err() {
        tracing::warn!("the machine gives no chance");
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A word of the service for why it refuses, as far as it is one.
fn word(text: &str) -> String {
    text.chars().filter(|sign| sign.is_ascii_lowercase() || *sign == '_').take(40).collect()
}

/// A secret is in it.
impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer")
    }
}
