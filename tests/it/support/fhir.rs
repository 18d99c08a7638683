//! Who takes what comes over FHIR, in place of the one that understands it; and servers to ask.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;

use collimator::config::Tls;
use collimator::domain::Clock;
use collimator::receive::{BoxFuture, FhirAnswer, FhirRequest, Method, TakesFhir};
use collimator::telemetry::SystemClock;
use collimator::trust;

/// A client of HTTP that speaks to this machine.
pub fn web() -> reqwest::Client {
    let tls = trust::client(&Tls::default(), SystemClock.now()).unwrap();
    trust::web_client(tls, Duration::from_secs(30)).unwrap()
}

/// Writes down what it is given, and answers as it was told.
#[derive(Default)]
pub struct Taken {
    requests: Mutex<Vec<FhirRequest>>,
    answers: Mutex<Vec<FhirAnswer>>,
}

impl Taken {
    /// The next answers; 200 when there are none left.
    pub fn will_say(&self, answers: Vec<FhirAnswer>) {
        *self.answers.lock().unwrap() = answers;
    }

    /// What came, as `POST ChargeItem?query body`.
    pub fn all(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(shown).collect()
    }

    /// What came since this was last asked.
    pub fn news(&self) -> Vec<String> {
        self.requests.lock().unwrap().drain(..).map(|one| shown(&one)).collect()
    }

    /// The last request.
    pub fn last(&self) -> FhirRequest {
        self.requests.lock().unwrap().last().unwrap().clone()
    }
}

impl TakesFhir for Taken {
    fn take(&self, request: FhirRequest) -> BoxFuture<'_, FhirAnswer> {
        self.requests.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.is_empty() { FhirAnswer::status(200) } else { answers.remove(0) };
        Box::pin(async move { answer })
    }
}

fn shown(request: &FhirRequest) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let query = request.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
    let body = String::from_utf8_lossy(&request.body);
    format!("{method} {}{query} {body}", request.path).trim_end().to_owned()
}

/// What a server was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET /fhir/ChargeItem?_count=200`.
    pub line: String,
    /// `Authorization`.
    pub authorization: String,
    pub body: String,
}

/// What a server says.
#[derive(Debug, Clone)]
pub struct Says {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// What is said to whoever asks for what begins so.
type Told = (String, VecDeque<Says>);

/// A server that says what it was told to, one answer after the other for each path.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    says: Arc<Mutex<Vec<Told>>>,
}

impl Says {
    pub fn json(body: impl Into<String>) -> Says {
        let headers = vec![("content-type", "application/fhir+json".to_owned())];
        Says { status: 200, headers, body: body.into() }
    }

    pub fn status(status: u16) -> Says {
        Says { status, headers: Vec::new(), body: String::new() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Says {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub fn but(self, status: u16) -> Says {
        Says { status, ..self }
    }
}

impl Server {
    pub async fn start() -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server { address, asked: Arc::default(), says: Arc::default() };
        let answers = server.clone();
        let router = Router::new().fallback(move |request| answers.clone().answer(request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// What is said to whoever asks for what begins so: in order, the last for ever.
    pub fn will_say(&self, begins: &str, says: Vec<Says>) {
        let mut all = self.says.lock().unwrap();
        all.retain(|(known, _)| known != begins);
        all.push((begins.to_owned(), says.into()));
        all.sort_by_key(|(begins, _)| std::cmp::Reverse(begins.len()));
    }

    /// What was asked since this was last asked.
    pub fn news(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// The lines of it.
    pub fn lines(&self) -> Vec<String> {
        self.news().into_iter().map(|one| one.line).collect()
    }

    async fn answer(self, request: Request) -> Response<Body> {
        let (head, body) = request.into_parts();
        let line = format!("{} {}", head.method, head.uri);
        let authorization = head.headers.get("authorization");
        let authorization = authorization.map_or("", |value| value.to_str().unwrap()).to_owned();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.asked.lock().unwrap().push(Asked { line: line.clone(), authorization, body });
        let mut all = self.says.lock().unwrap();
        let found = all.iter_mut().find(|(begins, _)| line.starts_with(begins.as_str()));
        let says = found.map_or(Says::status(404), |(_, says)| match says.len() {
            1 => says[0].clone(),
            _ => says.pop_front().unwrap(),
        });
        let mut response = Response::builder().status(says.status);
        for (name, value) in says.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(says.body)).unwrap()
    }
}
