//! Pages asked for over a real socket, from a store that messages filled.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Desk, serve};
use crate::domain::{Answer, Claim, Setting, Site};
use crate::mappings::{InForce, Tables};
use crate::pipeline::{Pipeline, Route, Setup, SourceSetup};
use crate::store::{Books, Intake, NewMessage};
use crate::telemetry::{Metrics, SystemClock};

/// A console over a store in memory.
struct Console {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
}

fn setup() -> Setup {
    let route = |name: &str, claim| Route {
        destination: name.into(),
        claims: vec![claim],
        profile: String::new(),
    };
    Setup {
        tables: Arc::new(Tables::embedded().unwrap()),
        site: Site::plain(Setting::Hospital, "medicare"),
        time_zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
        sources: vec![SourceSetup {
            name: "aria".into(),
            profile: "aria".into(),
            system: String::new(),
            bills: true,
            takes_unknown: false,
        }],
        routes: vec![
            route("hospital-billing", Claim::Facility),
            route("physician-billing", Claim::Professional),
        ],
    }
}

/// The messages of a story, and whatever else.
fn messages(story: &str, more: &[&[u8]]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories").join(story).join("in");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let files = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let told = files.flat_map(|file| file.split("\n\n").map(str::to_owned).collect::<Vec<_>>());
    let told = told.filter(|message| !message.trim().is_empty()).map(String::into_bytes);
    told.chain(more.iter().map(|raw| raw.to_vec())).collect()
}

/// MSH-10.
fn control_id(raw: &[u8]) -> Vec<u8> {
    raw.split(|byte| *byte == b'|').nth(9).unwrap_or_default().to_vec()
}

fn filled(messages: Vec<Vec<u8>>) -> Desk {
    let books = Arc::new(Books::open_in_memory().unwrap());
    let intake = Arc::new(Intake::open_in_memory().unwrap());
    for raw in messages {
        let message = NewMessage {
            source: "aria".into(),
            received: "2026-11-25T12:00:00Z".parse().unwrap(),
            control_id: control_id(&raw),
            answer: Answer::Accept,
            reason: None,
            raw: Bytes::from(raw),
            fragment: None,
        };
        intake.append_blocking(message).unwrap();
    }
    let mut pipeline = Pipeline::new(Arc::clone(&books), setup(), Arc::new(SystemClock));
    let stored = intake.read_after(crate::domain::MessageId(0), 1_000, 1 << 30).unwrap();
    pipeline.carry(&stored).unwrap();
    Desk {
        books,
        intake,
        setup: setup(),
        tables: Arc::new(InForce::new(Arc::new(Tables::embedded().unwrap()))),
        metrics: Arc::new(Metrics::new()),
        site_name: "Example Cancer Center".into(),
        ready: Arc::new(AtomicBool::new(true)),
        public_keys: "{\"keys\":[]}".into(),
    }
}

impl Console {
    async fn start(desk: Desk) -> Console {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ready = Arc::clone(&desk.ready);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move { serve(listener, desk, async { drop(stopped.await) }).await });
        Console { address, ready, stop }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.get_as(path, &self.address.to_string()).await
    }

    async fn get_as(&self, path: &str, host: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let ask = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        (answer[9..12].parse().unwrap(), answer)
    }
}

const FORMULA: &[u8] =
    b"MSH|^~\\&|ARIA|RADONC|COLLIMATOR|EXAMPLE|20260302120000||DFT^P03|=1+1|P|2.5.1\r\
PID|1||+4414401^^^EXAMPLE^MR||<b>Test</b>^Anna\rFT1|1|X-1||20260302|20260302|CG|<script>|||1\r\
ZRT|C<1>|P1\r";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_there_and_shows_what_is_stored() {
    let told = messages("liver-sbrt-3", &[FORMULA, b"MSH|^~\\&|X\rPID|1"]);
    let console = Console::start(filled(told)).await;
    for (path, status, shows) in [
        ("/", 200, "the balance comes out"),
        ("/?state=refused", 200, "is-refused"),
        ("/?q=nobody", 200, "No message has this number"),
        ("/?state=held", 400, "No message is"),
        ("/messages/1", 200, "MSH-9"),
        ("/messages/999", 404, "There is no message 999."),
        ("/messages/x", 404, "There is no message x."),
        ("/lines", 200, "is-waiting"),
        ("/lines?state=held", 200, "is-held"),
        ("/lines?state=done", 400, "No line is"),
        ("/lines/1", 200, "What the rules say"),
        ("/lines/99999", 404, "There is no line 99999."),
        ("/holds", 200, "Holds"),
        ("/holds/ACCT-01", 200, "account"),
        ("/holds/NONE-99", 404, "There is no rule NONE-99."),
        ("/balance", 200, "The balance comes out"),
        ("/style.css", 200, "--paper"),
        ("/icon.svg", 200, "<svg"),
        ("/healthz", 200, "alive"),
        ("/readyz", 200, "ready"),
        ("/metrics", 200, "collimator_store_wal_bytes"),
        ("/api/v1/balance", 200, "\"comes_out\":true"),
        ("/nowhere", 404, "There is no such page."),
    ] {
        let (is, body) = console.get(path).await;
        assert_eq!(is, status, "{path}");
        assert!(body.contains(shows), "{path} does not show {shows}:\n{body}");
        let head = body.split("\r\n\r\n").next().unwrap();
        assert!(head.contains("content-security-policy: default-src 'none'"), "{path}: {head}");
        assert!(!body.contains("<script"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_messages_say_is_text_on_a_page_and_no_formula_in_a_sheet() {
    let console = Console::start(filled(vec![FORMULA.to_vec()])).await;
    let (_, page) = console.get("/messages/1").await;
    assert!(!page.contains("<b>Test") && page.contains("&#60;b&#62;Test"), "{page}");
    let (_, csv) = console.get("/messages.csv").await;
    assert!(csv.contains(",'=1+1,'+4414401,"), "{csv}");
    let (_, csv) = console.get("/lines.csv?mrn=%2B4414401").await;
    assert!(csv.contains("'+4414401,C<1>,2026-03-02"), "{csv}");
    let (_, json) = console.get("/api/v1/lines").await;
    assert!(json.contains(r#""patient": "+4414401""#), "{json}");
    let (_, json) = console.get("/api/v1/lines?mrn=nobody").await;
    assert!(json.contains("[]"), "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_lists_are_json_with_the_rows_of_the_contract() {
    let console = Console::start(filled(messages("liver-sbrt-3", &[]))).await;
    let (_, whole) = console.get("/api/v1/lines").await;
    let rows = whole.matches(r#""patient": "#).count();
    assert!(rows > 10, "{rows}");
    let (_, ready) = console.get("/api/v1/lines?state=ready,held").await;
    assert!(ready.matches(r#""state": "ready""#).count() > 0);
    let (_, three) = console.get("/api/v1/lines?limit=3").await;
    assert_eq!(three.matches(r#""patient": "#).count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_name_is_not_answered_and_a_daemon_that_is_not_ready_says_so() {
    let console = Console::start(filled(Vec::new())).await;
    assert_eq!(console.get_as("/", "evil.example").await.0, 421);
    assert_eq!(console.get_as("/", "localhost:8080").await.0, 200);
    console.ready.store(false, Ordering::Relaxed);
    assert_eq!(console.get("/readyz").await.0, 503);
    assert_eq!(console.get("/healthz").await.0, 200);
    console.stop.send(()).unwrap();
}

#[tokio::test]
async fn what_ends_and_what_rests_is_told_before_it_is_noticed() {
    let desk = filled(messages("spine-palliative-10", &[]));
    desk.metrics.certificate_days_left("aria", 12);
    desk.metrics.certificate_days_left("hospital-billing", 300);
    desk.metrics.left_alone("hospital-billing", true);
    let metrics = Arc::clone(&desk.metrics);
    let waiting = desk.books.waiting_by_destination().unwrap();
    let (_, lines) = waiting.iter().find(|(name, _)| name == "hospital-billing").unwrap().clone();
    let console = Console::start(desk).await;
    let (_, page) = console.get("/balance").await;
    for expected in [
        "The certificate of aria ends in 12 days",
        "<li>hospital-billing: 300 days left</li>",
        "hospital-billing failed several times in a row",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("The certificate of hospital-billing"), "{page}");
    let (_, numbers) = console.get("/metrics").await;
    for expected in [
        &format!("collimator_dispatch_waiting_lines{{destination=\"hospital-billing\"}} {lines}"),
        "collimator_dispatch_paused{destination=\"hospital-billing\"} 0",
        "collimator_dispatch_left_alone{destination=\"hospital-billing\"} 1",
    ] {
        assert!(numbers.contains(expected), "{expected}: {numbers}");
    }
    metrics.left_alone("hospital-billing", false);
    let (_, page) = console.get("/balance").await;
    assert!(!page.contains("failed several times"), "{page}");
}

#[tokio::test]
async fn no_page_is_served_to_other_machines() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let served = serve(listener, filled(Vec::new()), std::future::ready(())).await;
    assert!(matches!(served, Err(super::Error::NotLoopback(_))));
}

/// Not a test: serves a filled store on 127.0.0.1:8099, to look at the pages in a browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "serves until it is killed"]
async fn look() {
    let mut told = messages("prostate-imrt-28", &[FORMULA, b"MSH|^~\\&|X\rPID|1"]);
    told.extend(messages("liver-sbrt-3", &[]));
    told.extend(messages("unknown-name-and-missing-note", &[]));
    told.extend(messages("breast-gated-no-evidence", &[]));
    let listener = TcpListener::bind("127.0.0.1:8099").await.unwrap();
    let desk = filled(told);
    desk.metrics.certificate_days_left("aria", 12);
    desk.metrics.certificate_days_left("hospital-billing", 300);
    desk.metrics.left_alone("hospital-billing", true);
    serve(listener, desk, std::future::pending()).await.unwrap();
}
