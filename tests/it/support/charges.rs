//! A FHIR server that takes charges: it keeps what it takes, does to each request what a script
//! says, and remembers everything.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, Response};
use serde_json::{Value, json};

use super::wait::until;

/// What is done to a request that changes something.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is taken, and the answer is the plain one.
    Take,
    /// It is taken, and this is said.
    TakeAnd(u16, Vec<(&'static str, String)>, String),
    /// It is not taken, and this is said.
    Say(u16, Vec<(&'static str, String)>, String),
    /// It is taken, and no answer comes.
    TakeAndHang,
    /// It is not taken, and no answer comes.
    Hang,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `PUT /r4/ChargeItem/CL1`.
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Kept {
    script: VecDeque<Step>,
    asked: Vec<Asked>,
    charges: BTreeMap<String, Value>,
    update_create: bool,
    /// What is said to whoever asks, in place of the truth.
    blind: Option<u16>,
    refuses_to_tell: bool,
}

/// The server.
#[derive(Clone)]
pub struct ChargeServer {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

pub fn say(status: u16, body: &str) -> Step {
    Step::Say(status, Vec::new(), body.to_owned())
}

pub fn outcome(severity: &str, words: &str) -> String {
    let issue = json!({"severity": severity, "code": "processing", "diagnostics": words});
    json!({"resourceType": "OperationOutcome", "issue": [issue]}).to_string()
}

impl ChargeServer {
    /// One that lets others choose ids, or not.
    pub async fn start(update_create: bool, script: impl IntoIterator<Item = Step>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = script.into_iter().collect();
        let kept = Kept { script, update_create, ..Kept::default() };
        let server = ChargeServer { address, kept: Arc::new(Mutex::new(kept)) };
        let answers = server.clone();
        let router = Router::new().fallback(move |request| answers.clone().answer(request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub fn base(&self) -> String {
        format!("http://{}/r4", self.address)
    }

    /// Everything that came.
    pub fn asked(&self) -> Vec<Asked> {
        self.kept.lock().unwrap().asked.clone()
    }

    /// What came and was to change something.
    pub fn told(&self) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|one| !one.line.starts_with("GET "));
        asked
    }

    /// What it keeps.
    pub fn charges(&self) -> Vec<Value> {
        self.kept.lock().unwrap().charges.values().cloned().collect()
    }

    /// What it does from now on.
    pub fn will(&self, script: impl IntoIterator<Item = Step>) {
        self.kept.lock().unwrap().script.extend(script);
    }

    /// Whoever asks is told this from now on; `None` for the truth.
    pub fn is_blind(&self, status: Option<u16>) {
        self.kept.lock().unwrap().blind = status;
    }

    /// It says 503 to whoever asks what it can do: nothing is sent to it.
    pub fn refuses_to_tell(&self, refuses: bool) {
        self.kept.lock().unwrap().refuses_to_tell = refuses;
    }

    /// Somebody else changes what is kept.
    pub fn change(&self, change: impl Fn(&mut BTreeMap<String, Value>)) {
        change(&mut self.kept.lock().unwrap().charges);
    }

    /// Waits until so many requests came that were to change something.
    pub async fn has(&self, count: usize) -> Vec<Asked> {
        until("requests come to the server", || {
            let told = self.told();
            if told.len() >= count { Ok(told) } else { Err(format!("{} came", told.len())) }
        })
        .await
    }

    async fn answer(self, request: Request) -> Response<Body> {
        let (head, body) = request.into_parts();
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let asked = Asked {
            line: format!("{} {}", head.method, head.uri),
            headers: head.headers.iter().map(header).collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        self.kept.lock().unwrap().asked.push(asked.clone());
        if head.method == Method::GET {
            return self.kept.lock().unwrap().told(head.uri.path(), head.uri.query());
        }
        let step = self.kept.lock().unwrap().script.pop_front().unwrap_or(Step::Take);
        let place = head.uri.path().to_owned();
        match step {
            Step::Take => self.kept.lock().unwrap().take(&place, &asked),
            Step::TakeAnd(status, headers, body) => {
                drop(self.kept.lock().unwrap().take(&place, &asked));
                said(status, headers, body)
            }
            Step::Say(status, headers, body) => said(status, headers, body),
            Step::TakeAndHang => {
                drop(self.kept.lock().unwrap().take(&place, &asked));
                hang().await
            }
            Step::Hang => hang().await,
        }
    }
}

async fn hang() -> Response<Body> {
    tokio::time::sleep(Duration::from_secs(60)).await;
    Response::new(Body::empty())
}

fn said(status: u16, headers: Vec<(&'static str, String)>, body: String) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if body.starts_with('{') {
        response = response.header("content-type", "application/fhir+json");
    } else if !body.is_empty() {
        response = response.header("content-type", "text/html");
    }
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

impl Kept {
    /// What is told to whoever asks.
    fn told(&self, path: &str, query: Option<&str>) -> Response<Body> {
        let place = path.trim_start_matches("/r4/");
        if place == "metadata" && self.refuses_to_tell {
            return said(503, Vec::new(), String::new());
        }
        if place == "metadata" {
            let charges = json!({"type": "ChargeItem", "updateCreate": self.update_create});
            let rest = json!([{"mode": "server", "resource": [charges]}]);
            let told = json!({"resourceType": "CapabilityStatement", "rest": rest});
            return said(200, Vec::new(), told.to_string());
        }
        if let Some(status) = self.blind {
            return said(status, Vec::new(), String::new());
        }
        match (place.strip_prefix("ChargeItem/"), query) {
            (Some(id), None) => match self.charges.get(id) {
                Some(charge) => said(200, Vec::new(), charge.to_string()),
                None => said(404, Vec::new(), outcome("error", "not here")),
            },
            (None, Some(query)) => {
                let (_, value) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
                let value = value.split('|').nth(1).unwrap().to_owned();
                let found = self.charges.values().filter(|one| one.to_string().contains(&value));
                let entries: Vec<Value> = found.map(|one| json!({"resource": one})).collect();
                let told = json!({"resourceType": "Bundle", "type": "searchset", "entry": entries});
                said(200, Vec::new(), told.to_string())
            }
            _ => said(404, Vec::new(), String::new()),
        }
    }

    /// Takes a request as a plain server, or Oracle's, does.
    fn take(&mut self, path: &str, asked: &Asked) -> Response<Body> {
        let place = path.trim_start_matches("/r4/");
        let mut body = asked.json();
        if body["resourceType"] == "Parameters" {
            return self.operate(place, &body);
        }
        if body["resourceType"] == "Bundle" {
            let mut charge = body["entry"][2]["resource"].take();
            charge["id"] = json!("m1");
            self.charges.insert("m1".into(), charge);
            return said(200, Vec::new(), String::new());
        }
        if let Some(id) = place.strip_prefix("ChargeItem/") {
            let is_new = !self.charges.contains_key(id);
            self.charges.insert(id.to_owned(), body.clone());
            return said(if is_new { 201 } else { 200 }, Vec::new(), body.to_string());
        }
        let wanted = asked.header("if-none-exist").rsplit('|').next().unwrap();
        let known = self.charges.values().find(|one| one["identifier"][0]["value"] == wanted);
        if let Some(known) = known {
            return said(200, Vec::new(), known.to_string());
        }
        let id = format!("srv-{}", self.charges.len() + 1);
        body["id"] = json!(id);
        body["meta"] = json!({"versionId": "7"});
        self.charges.insert(id.clone(), body);
        said(201, vec![("location", format!("ChargeItem/{id}/_history/7"))], String::new())
    }

    fn operate(&mut self, place: &str, body: &Value) -> Response<Body> {
        let parameters = body["parameter"].as_array().unwrap();
        if let Some(id) =
            place.strip_prefix("ChargeItem/").and_then(|it| it.strip_suffix("/$credit"))
        {
            self.charges.get_mut(id).unwrap()["status"] = json!("entered-in-error");
            return said(201, vec![("location", place.to_owned())], String::new());
        }
        let id = parameters[0]["valueUuid"].as_str().unwrap().rsplit(':').next().unwrap();
        let mut charge = parameters[1]["resource"].clone();
        (charge["id"], charge["status"]) = (json!(id), json!("billable"));
        self.charges.insert(id.to_owned(), charge);
        said(200, vec![("location", "ChargeItem/$create".to_owned())], String::new())
    }
}
