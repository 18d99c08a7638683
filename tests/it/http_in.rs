//! What comes over HTTP: FHIR, and HL7 v2.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collimator::config::Tls;
use collimator::domain::MessageId;
use collimator::receive::{Counted, Door, FhirAnswer, Limits, Listener, Reception, TakesFhir};
use collimator::store::Intake;
use collimator::telemetry::SystemClock;
use collimator::trust::{self, Renewed, Tokens};
use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::certificates::{self, client, server};
use crate::support::fhir::Taken;
use crate::support::told::charge;
use crate::support::wait::until_so;

/// A listener that runs.
struct Site {
    base: String,
    taken: Arc<Taken>,
    intake: Arc<Intake>,
    reception: Arc<Reception>,
    stop: CancellationToken,
    running: JoinHandle<()>,
    client: reqwest::Client,
}

/// The parts of a listener that a test chooses.
#[derive(Default)]
struct Choice {
    limits: Limits,
    tls: Option<Tls>,
    asks_as: Tls,
    tokens: Option<&'static str>,
}

async fn site(choice: Choice) -> Site {
    let now = certificates::now();
    let intake = Arc::new(Intake::open_in_memory().unwrap());
    let reception = Reception::new("aria".into(), Arc::clone(&intake), Arc::new(SystemClock));
    let (reception, taken) = (Arc::new(reception), Arc::<Taken>::default());
    let any = "127.0.0.1:0".parse().unwrap();
    let mut listener = Listener::bind(any, Arc::clone(&reception), choice.limits).await.unwrap();
    if let Some(tls) = &choice.tls {
        listener = listener.over_tls(trust::server(tls, now).unwrap());
    }
    let tokens = choice.tokens.map(|tokens| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tokens).unwrap();
        Arc::new(Tokens::read(file.path()).unwrap())
    });
    let fhir: Arc<dyn TakesFhir> = taken.clone();
    let listener = listener.for_web(Door { fhir, hears_hl7: true, tokens });
    let way = if choice.tls.is_some() { "https" } else { "http" };
    let base = format!("{way}://localhost:{}", listener.address().port());
    let tls = trust::client(&choice.asks_as, now).unwrap();
    let client = trust::web_client(tls, Duration::from_secs(30)).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(listener.run(stop.clone()));
    Site { base, taken, intake, reception, stop, running, client }
}

const JSON: &str = "application/fhir+json";

impl Site {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).send().await.unwrap()
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> u16 {
        self.ask(Method::POST, path, headers, body).await.status().as_u16()
    }

    async fn peer(&self) -> TcpStream {
        let address = self.base.strip_prefix("http://localhost:").unwrap();
        TcpStream::connect(format!("127.0.0.1:{address}")).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_handed_over_as_it_came() {
    let site = site(Choice::default()).await;
    site.taken.will_say(vec![FhirAnswer {
        location: Some("ChargeItem/1/_history/1".into()),
        etag: Some("W/\"1\"".into()),
        retry_after: Some(7),
        body: Some("{\"a\":1.10}".into()),
        ..FhirAnswer::status(201)
    }]);
    let headers =
        [("content-type", JSON), ("if-match", "W/\"3\""), ("if-none-exist", "identifier=a|b")];
    let answer = site.ask(Method::PUT, "/fhir/ChargeItem/1?_x=y", &headers, "{\"b\":180.10}").await;
    assert_eq!(answer.status(), 201);
    for (name, value) in [
        ("location", "ChargeItem/1/_history/1"),
        ("etag", "W/\"1\""),
        ("retry-after", "7"),
        ("content-type", "application/fhir+json; charset=utf-8"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    assert_eq!(answer.text().await.unwrap(), "{\"a\":1.10}");
    let last = site.taken.last();
    assert_eq!(last.if_match.as_deref(), Some("W/\"3\""));
    assert_eq!(last.if_none_exist.as_deref(), Some("identifier=a|b"));
    let json = [("content-type", JSON)];
    for (method, path) in [
        (Method::GET, "/fhir/metadata"),
        (Method::HEAD, "/fhir/metadata"),
        (Method::DELETE, "/fhir/Task/5/"),
        (Method::POST, "/fhir"),
        (Method::POST, "/fhir/"),
        (Method::POST, "/fhir/$process-message"),
    ] {
        let body = if method == Method::POST { "{}" } else { "" };
        let answer = site.ask(method, path, &json, body).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    let expected = [
        "PUT ChargeItem/1?_x=y {\"b\":180.10}",
        "GET metadata",
        "GET metadata",
        "DELETE Task/5",
        "POST  {}",
        "POST  {}",
        "POST $process-message {}",
    ];
    assert_eq!(site.taken.all(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_us_is_told_so_and_goes_no_further() {
    let site = site(Choice::default()).await;
    for (method, path, headers, status) in [
        (Method::POST, "/fhir", vec![("content-type", "application/fhir+xml")], 415),
        (Method::POST, "/fhir", vec![("content-type", JSON), ("content-encoding", "gzip")], 415),
        (Method::POST, "/fhir", vec![("content-type", JSON), ("accept", "text/html")], 406),
        (Method::PATCH, "/fhir/Task/1", vec![("content-type", JSON)], 405),
        (Method::POST, "/fhir", vec![("content-type", JSON), ("origin", "https://a.test")], 403),
        (Method::POST, "/fhirs", vec![("content-type", JSON)], 404),
        (Method::POST, "/", vec![("content-type", JSON)], 404),
        (Method::GET, "/hl7", vec![], 405),
        (Method::POST, "/hl7", vec![("content-type", JSON)], 415),
        (Method::POST, "/hl7", vec![("origin", "null")], 403),
    ] {
        let answer = site.ask(method, path, &headers, "{}").await;
        assert_eq!(answer.status(), status, "{path} {headers:?}");
        let text = answer.text().await.unwrap();
        let is_outcome = text.contains("\"OperationOutcome\"");
        assert_eq!(is_outcome, path.starts_with("/fhir") && path != "/fhirs", "{text}");
    }
    assert!(site.taken.all().is_empty());
    assert_eq!(site.intake.last(), MessageId(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_told_so_by_413() {
    let limits = Limits { message_bytes_max: 100_000, ..Limits::default() };
    let site = site(Choice { limits, ..Choice::default() }).await;
    let json = [("content-type", JSON)];
    assert_eq!(site.post("/fhir", &json, vec![b' '; 100_000]).await, 200);
    for bytes in [100_001, 300_000] {
        assert_eq!(site.post("/fhir", &json, vec![b' '; bytes]).await, 413, "{bytes}");
    }
    assert_eq!(site.post("/hl7", &[], vec![b' '; 300_000]).await, 413);
    let mut peer = site.peer().await;
    peer.write_all(
        b"POST /fhir HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
          transfer-encoding: chunked\r\n\r\n",
    )
    .await
    .unwrap();
    let part = [b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat();
    for _ in 0..3 {
        peer.write_all(&part).await.unwrap();
    }
    peer.write_all(b"0\r\n\r\n").await.unwrap();
    let mut heard = vec![0; 12];
    peer.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, b"HTTP/1.1 413");
    assert_eq!(site.taken.all().len(), 1);
    assert_eq!(site.reception.counts().of(Counted::TooLong), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_brings_a_token_is_heard() {
    let tokens = Some("an-invented-token-1\nan-invented-token-2\n");
    let site = site(Choice { tokens, ..Choice::default() }).await;
    for (told, status) in [
        (None, 401),
        (Some("Bearer an-invented-token-3"), 401),
        (Some("Basic an-invented-token-1"), 401),
        (Some("Bearer"), 401),
        (Some("Bearer an-invented-token-1"), 200),
        (Some("bearer an-invented-token-2"), 200),
    ] {
        for path in ["/fhir", "/hl7"] {
            let kind = if path == "/fhir" { JSON } else { "application/hl7-v2" };
            let mut headers = vec![("content-type", kind)];
            headers.extend(told.map(|told| ("authorization", told)));
            let answer = site.ask(Method::POST, path, &headers, charge("H1")).await;
            assert_eq!(answer.status(), status, "{path} {told:?}");
            assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401);
        }
    }
    assert_eq!((site.taken.all().len(), site.intake.last()), (2, MessageId(2)));
    assert_eq!(site.reception.counts().of(Counted::RequestTurnedAway), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_only_who_shows_a_certificate_is_heard() {
    for (certificate, is_heard) in
        [(Some("client"), true), (Some("stranger"), false), (None, false)]
    {
        let tls = Some(server("ec-pkcs8", true));
        let site = site(Choice { tls, asks_as: client(certificate), ..Choice::default() }).await;
        let request = site.client.get(format!("{}/fhir/metadata", site.base));
        assert_eq!(request.send().await.is_ok(), is_heard, "{certificate:?}");
        assert_eq!(site.taken.all().len(), usize::from(is_heard));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_with_a_certificate_shows_the_renewed_one_without_a_restart() {
    let tls = Some(server("ec-pkcs8", true));
    let site = site(Choice { tls, asks_as: client(Some("client")), ..Choice::default() }).await;
    let own = tempfile::tempdir().unwrap();
    let put = |of: &str| {
        for (name, ending) in [("chain.pem", "pem"), ("key.pem", "key")] {
            std::fs::copy(certificates::file(&format!("{of}.{ending}")), own.path().join(name))
                .unwrap();
        }
    };
    put("stranger");
    let files = Tls {
        certificate: Some(own.path().join("chain.pem")),
        key: Some(own.path().join("key.pem")),
        ..client(None)
    };
    let asks = trust::asking(&files, Duration::from_secs(30), certificates::now()).unwrap();
    let url = format!("{}/fhir/metadata", site.base);
    assert!(asks.current().get(&url).send().await.is_err(), "nobody knows this one");
    assert!(!asks.has_changed());
    put("client");
    assert!(asks.has_changed());
    asks.renew(certificates::now()).unwrap();
    assert!(asks.current().get(&url).send().await.is_ok());
    assert!(asks.valid_until().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn hl7_over_http_is_answered_by_its_acknowledgment() {
    let site = site(Choice::default()).await;
    let framed = format!("\x0b{}\x1c\r", charge("H2"));
    let wrong = charge("H3").replace("FT1|", "ZT1|");
    for (body, kind, says) in [
        (charge("H1"), "application/hl7-v2", "MSA|AA|H1"),
        (framed, "text/plain; charset=utf-8", "MSA|AA|H2"),
        (wrong, "x-application/hl7-v2+er7", "MSA|AE|H3"),
        ("hello".into(), "text/plain", "MSA|AR|"),
    ] {
        let answer = site.ask(Method::POST, "/hl7", &[("content-type", kind)], body).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/hl7-v2");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says), "{text}");
    }
    assert_eq!(site.intake.last(), MessageId(4));
    let stored = site.intake.get(MessageId(2)).unwrap().unwrap();
    assert_eq!(stored.raw, charge("H2").into_bytes());
    assert_eq!(site.post("/hl7", &[], "").await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_trickles_is_let_go() {
    let limits = Limits { frame: Duration::from_millis(80), ..Limits::default() };
    let site = site(Choice { limits, ..Choice::default() }).await;
    let head = "POST /fhir HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for (begun, says) in
        [(head.to_owned(), ""), (format!("{head}content-length: 9\r\n\r\n{{"), "HTTP/1.1 408")]
    {
        let mut peer = site.peer().await;
        peer.write_all(begun.as_bytes()).await.unwrap();
        let mut heard = String::new();
        let _reset = peer.read_to_string(&mut heard).await;
        assert!(heard.starts_with(says), "{heard}");
    }
    assert!(site.taken.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_turned_away() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let site = site(Choice { limits, ..Choice::default() }).await;
    let mut first = site.peer().await;
    first.write_all(b"GET /fhir/metadata HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut heard = [0; 12];
    first.read_exact(&mut heard).await.unwrap();
    let mut second = site.peer().await;
    let mut rest = Vec::new();
    let _reset = second.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert_eq!(site.reception.counts().of(Counted::ConnectionTurnedAway), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_stops_answers_the_request_that_has_begun() {
    let site = site(Choice::default()).await;
    let mut begun = site.peer().await;
    let idle = site.peer().await;
    begun
        .write_all(
            b"POST /fhir HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
              content-length: 2\r\n\r\n{",
        )
        .await
        .unwrap();
    until_so("the request has begun", || site.reception.counts().of(Counted::Request) == 1).await;
    site.stop.cancel();
    begun.write_all(b"}").await.unwrap();
    let mut heard = String::new();
    begun.read_to_string(&mut heard).await.unwrap();
    assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    site.running.await.unwrap();
    drop(idle);
    assert_eq!(site.taken.all(), ["POST  {}"]);
}
