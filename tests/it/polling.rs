//! Sources that are asked: pages, cursors, and servers that lead astray.

use std::sync::Arc;
use std::time::Duration;

use collimator::config::{ChargesBy, Grant, Poll, Proof, Tls};
use collimator::domain::Clock;
use collimator::receive::{
    Asked, Counted, Door, FhirAnswer, Limits, Listener, Poller, Reception, TakesFhir,
};
use collimator::store::Intake;
use collimator::telemetry::SystemClock;
use collimator::trust::{self, Bearer};
use tokio_util::sync::CancellationToken;

use crate::support::certificates;
use crate::support::daemon::TestClock;
use crate::support::fhir::{Says, Server, Taken};
use crate::support::program::{Program, free};
use crate::support::receiver::Receiver;
use crate::support::wait::until_so;

/// A poller, the server that it asks, and who takes what comes.
struct Site {
    server: Server,
    taken: Arc<Taken>,
    intake: Arc<Intake>,
    reception: Arc<Reception>,
    poller: Poller,
    poll: Poll,
}

fn poll(server: &Server) -> Poll {
    Poll {
        base: format!("http://{}/fhir", server.address).parse().unwrap(),
        every: Duration::from_secs(60),
        resources: vec!["ChargeItem".into()],
        overlap: Duration::from_secs(300),
        charges_by: ChargesBy::LastUpdated,
        since: None,
        tls: Tls::default(),
        grant: Grant::Nothing,
    }
}

async fn site(change: impl FnOnce(&mut Poll)) -> Site {
    let server = Server::start().await;
    let mut poll = poll(&server);
    change(&mut poll);
    let intake = Arc::new(Intake::open_in_memory().unwrap());
    let (taken, clock) = (Arc::<Taken>::default(), Arc::<TestClock>::default());
    let reception = Reception::new("aria-api".into(), Arc::clone(&intake), clock);
    let reception = Arc::new(reception);
    let poller = poller(&poll, &reception, &taken, &intake);
    Site { server, taken, intake, reception, poller, poll }
}

fn poller(
    poll: &Poll,
    reception: &Arc<Reception>,
    taken: &Arc<Taken>,
    intake: &Arc<Intake>,
) -> Poller {
    let within = Duration::from_secs(5);
    let client = trust::asking(&poll.tls, within, certificates::now()).unwrap();
    let clock: Arc<dyn Clock> = Arc::<TestClock>::default();
    let bearer = Bearer::new(&poll.grant, client.clone(), Arc::clone(&clock)).unwrap();
    let asked = Asked { poll: poll.clone(), client, bearer: Arc::new(bearer) };
    let takes: Arc<dyn TakesFhir> = taken.clone();
    Poller::new(asked, (Arc::clone(reception), takes), (Arc::clone(intake), clock))
}

impl Site {
    /// The same after a restart.
    fn restarted(&mut self) {
        self.poller = poller(&self.poll, &self.reception, &self.taken, &self.intake);
    }

    fn cursor(&self) -> String {
        self.intake.cursor("aria-api", "ChargeItem").unwrap()
    }

    fn address(&self) -> String {
        self.server.address.to_string()
    }

    fn count(&self, what: Counted) -> u64 {
        self.reception.counts().of(what)
    }
}

const FIRST: &str = "GET /fhir/ChargeItem?";
const NEXT: &str = "GET /fhir?_getpages=1&_getpagesoffset=2";
const LINK: &str = "/fhir?_getpages=1&_getpagesoffset=2";

fn charge(id: u32) -> String {
    let at = format!("2026-11-25T11:00:{id:02}Z");
    format!(
        r#"{{"resource":{{"resourceType":"ChargeItem","id":"{id}","meta":{{"lastUpdated":"{at}"}}}}}}"#
    )
}

fn page(next: Option<&str>, ids: &[u32]) -> String {
    let link = next.map(|url| format!(r#""link":[{{"relation":"next","url":"{url}"}}],"#));
    let entries: Vec<String> = ids.iter().map(|id| charge(*id)).collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"searchset",{}"entry":[{}]}}"#,
        link.unwrap_or_default(),
        entries.join(",")
    )
}

/// Which charges were handed over, in order.
fn handed(taken: &Taken) -> Vec<u32> {
    let text = taken.news().join("\n");
    let ids = text.split("\"id\":\"").skip(1);
    ids.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_goes_on_where_the_last_one_ended_less_an_overlap() {
    let mut site = site(|_| {}).await;
    site.server.will_say(FIRST, vec![Says::json(page(Some(LINK), &[1, 2]))]);
    site.server.will_say(NEXT, vec![Says::json(page(None, &[3]))]);
    site.poller.round().await.unwrap();
    assert_eq!(site.taken.all()[0], format!("POST  {}", page(Some(LINK), &[1, 2])));
    assert_eq!(handed(&site.taken), [1, 2, 3]);
    assert_eq!(site.server.lines()[0], "GET /fhir/ChargeItem?_sort=_lastUpdated&_count=200");
    assert_eq!(site.cursor(), "2026-11-25T11:00:03Z");
    site.server.will_say(FIRST, vec![Says::json(page(None, &[2, 3, 4]))]);
    site.poller.round().await.unwrap();
    let expected = "GET /fhir/ChargeItem?_lastUpdated=ge2026-11-25T10%3A55%3A03Z\
                    &_sort=_lastUpdated&_count=200";
    assert_eq!(site.server.lines(), [expected]);
    assert_eq!(handed(&site.taken), [4], "what is known is not handed over again");
    assert_eq!(site.cursor(), "2026-11-25T11:00:04Z");
    site.restarted();
    site.poller.round().await.unwrap();
    assert_eq!(handed(&site.taken), [2, 3, 4], "after a restart, once more");
    assert_eq!((site.count(Counted::RoundDone), site.count(Counted::Page)), (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn k42_links_on_the_same_server_are_followed() {
    for link in ["http://ADDRESS/fhir?_getpages=1&_getpagesoffset=2", LINK] {
        let mut site = site(|_| {}).await;
        let link = link.replace("ADDRESS", &site.address());
        site.server.will_say(FIRST, vec![Says::json(page(Some(&link), &[1, 2]))]);
        site.server.will_say(NEXT, vec![Says::json(page(None, &[3, 4]))]);
        site.poller.round().await.unwrap();
        assert_eq!(handed(&site.taken), [1, 2, 3, 4], "{link}");
    }
    let mut site = site(|_| {}).await;
    let link = "?_getpages=1&_getpagesoffset=2";
    site.server.will_say(FIRST, vec![Says::json(page(Some(link), &[1, 2]))]);
    let next = "GET /fhir/ChargeItem?_getpages=1";
    site.server.will_say(next, vec![Says::json(page(None, &[3, 4]))]);
    site.poller.round().await.unwrap();
    assert_eq!(handed(&site.taken), [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn k42_links_that_lead_elsewhere_are_not_followed() {
    let other = Server::start().await;
    let mut site = site(|_| {}).await;
    for link in [
        format!("https://{}/fhir?_getpages=1", site.address()),
        format!("http://{}/fhir?_getpages=1", other.address),
        format!("http://{}:443/fhir?_getpages=1", site.address()),
        String::new(),
    ] {
        site.server.will_say(FIRST, vec![Says::json(page(Some(&link), &[1, 2]))]);
        assert!(site.poller.round().await.is_err(), "{link}");
        assert_eq!(site.cursor(), "", "{link}");
    }
    assert!(other.news().is_empty(), "nothing is asked there, and no token is shown");
    assert_eq!(handed(&site.taken), [1, 2], "what was read is kept, once");
    assert_eq!(site.count(Counted::RoundIncomplete), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn k42_a_circle_and_pages_without_end_are_left() {
    let mut site = site(|_| {}).await;
    let back = "/fhir?_getpages=1&_getpagesoffset=0";
    site.server.will_say(FIRST, vec![Says::json(page(Some(back), &[1, 2]))]);
    site.server.will_say("GET /fhir?", vec![Says::json(page(Some(back), &[1, 2]))]);
    assert!(site.poller.round().await.is_err());
    assert_eq!(site.server.lines().len(), 2, "the page just read is read once more at most");
    site.server.will_say("GET /fhir?", vec![Says::json(page(Some(LINK), &[]))]);
    assert!(site.poller.round().await.is_err());
    assert_eq!(site.server.lines().len(), 2, "the first empty page is the last");
    assert_eq!((handed(&site.taken), site.cursor()), (vec![1, 2], String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn k42_a_search_that_has_expired_is_asked_again() {
    for status in [404, 410] {
        let mut site = site(|_| {}).await;
        site.server.will_say(FIRST, vec![Says::json(page(Some(LINK), &[1, 2]))]);
        let pages = vec![Says::status(status), Says::json(page(None, &[3, 4]))];
        site.server.will_say(NEXT, pages);
        site.poller.round().await.unwrap();
        assert_eq!(handed(&site.taken), [1, 2, 3, 4], "nothing is lost, and nothing comes twice");
        assert_eq!(site.cursor(), "2026-11-25T11:00:04Z");
        site.server.will_say(NEXT, vec![Says::status(status)]);
        assert!(site.poller.round().await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k42_a_remark_of_the_server_is_handed_over_and_the_page_counts() {
    let mut site = site(|_| {}).await;
    let remark = r#"{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}"#;
    let with = page(None, &[1]).replace("\"entry\":[", &format!("\"entry\":[{remark},"));
    site.server.will_say(FIRST, vec![Says::json(with.clone())]);
    site.poller.round().await.unwrap();
    assert_eq!(site.taken.all(), [format!("POST  {with}")]);
    assert_eq!(site.cursor(), "2026-11-25T11:00:01Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_server_gives_only_so_much_it_is_asked_on() {
    let mut site = site(|_| {}).await;
    let capped = |ids: &[u32], total: u64| {
        Says::json(page(None, ids).replace("\"entry\"", &format!("\"total\":{total},\"entry\"")))
    };
    site.server.will_say(FIRST, vec![capped(&[1, 2], 4), capped(&[2, 3], 3), capped(&[3, 4], 2)]);
    site.poller.round().await.unwrap();
    assert_eq!(handed(&site.taken), [1, 2, 3, 4]);
    assert!(site.server.lines()[2].contains("ge2026-11-25T11%3A00%3A03Z"));
    site.server.will_say(FIRST, vec![capped(&[6, 5], 4)]);
    assert!(site.poller.round().await.is_err(), "what is not in order cannot be asked on");
    assert_eq!(site.cursor(), "2026-11-25T11:00:04Z");
    let full: Vec<String> = (0..200).map(|_| charge(7)).collect();
    let full = page(None, &[]).replace("\"entry\":[", &format!("\"entry\":[{}", full.join(",")));
    site.server.will_say(FIRST, vec![Says::json(full), Says::json(page(None, &[7]))]);
    site.server.news();
    site.poller.round().await.unwrap();
    assert_eq!(site.server.lines().len(), 2, "a full page may not be the last");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_instead_moves_no_cursor() {
    let mut site = site(|_| {}).await;
    let elsewhere = Server::start().await;
    let away = format!("http://{}/fhir", elsewhere.address);
    for says in [
        Says::status(500),
        Says::status(403),
        Says::status(404),
        Says::status(302).with("location", away),
        Says::json("<html>sign in</html>").with("content-type", "text/html"),
        Says::json("{\"resourceType\":\"OperationOutcome\"}"),
        Says::json("{\"resourceType\":\"Bundle\""),
        Says::json(page(None, &[1])).with("content-type", "application/fhir+xml"),
    ] {
        site.server.will_say(FIRST, vec![says.clone()]);
        assert!(site.poller.round().await.is_err(), "{says:?}");
    }
    site.server.will_say(FIRST, vec![Says::status(503).with("retry-after", "7")]);
    assert_eq!(site.poller.round().await, Err(Some(7)));
    assert!(elsewhere.news().is_empty(), "no redirect is followed");
    assert!(site.taken.all().is_empty() && site.cursor().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_moves_only_behind_what_is_stored() {
    let mut site = site(|_| {}).await;
    site.server.will_say(FIRST, vec![Says::json(page(None, &[1]))]);
    site.taken.will_say(vec![FhirAnswer::status(503)]);
    assert!(site.poller.round().await.is_err());
    assert_eq!((handed(&site.taken), site.cursor()), (vec![1], String::new()));
    site.taken.will_say(vec![FhirAnswer::status(422)]);
    site.poller.round().await.unwrap();
    assert_eq!(handed(&site.taken), [1], "what is refused is stored too");
    assert_eq!(site.cursor(), "2026-11-25T11:00:01Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_refers_to_and_nobody_knows_is_fetched() {
    let mut site = site(|_| {}).await;
    site.server.will_say(FIRST, vec![Says::json(page(None, &[1]))]);
    site.server.will_say("GET /fhir/Patient/9", vec![Says::json("{\"p\":9}")]);
    site.server.will_say("GET /fhir/Practitioner/8", vec![Says::status(410)]);
    let missing = ["Patient/9", "Practitioner/8", "../etc/1", "Patient/9?x=1", "Patient/.."];
    let missing: Vec<String> = missing.map(str::to_owned).into();
    site.taken.will_say(vec![FhirAnswer { missing, ..FhirAnswer::status(200) }]);
    site.poller.round().await.unwrap();
    let page = page(None, &[1]);
    let expected = [
        format!("POST  {page}"),
        "PUT Patient/9 {\"p\":9}".to_owned(),
        "DELETE Practitioner/8".to_owned(),
        format!("POST  {page}"),
    ];
    assert_eq!(site.taken.all(), expected);
    assert_eq!(site.server.lines().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_may_be_asked_for_by_their_completion() {
    let mut site = site(|poll| {
        poll.charges_by = ChargesBy::CompletedOn;
        poll.since = Some("2026-11-01T00:00:00Z".parse().unwrap());
    })
    .await;
    let done = r#""extension":[{"url":"http://varian.com/fhir/v1/StructureDefinition/chargeitem-completedOn","valueDateTime":"2026-11-24T10:00:00-05:00"}],"id""#;
    let page = page(None, &[1]).replace("\"id\"", done);
    site.server.will_say(FIRST, vec![Says::json(page)]);
    site.poller.round().await.unwrap();
    let expected = "GET /fhir/ChargeItem?completedOn=ge2026-11-01T00%3A00%3A00Z&_count=200";
    assert_eq!(site.server.lines(), [expected]);
    let cursor = site.intake.cursor("aria-api", "ChargeItem by completedOn").unwrap();
    assert_eq!(cursor, "2026-11-24T15:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_begins_at_once_and_stops_when_it_is_told_to() {
    let site = site(|poll| poll.resources = vec!["Task".into(), "ChargeItem".into()]).await;
    site.server.will_say(FIRST, vec![Says::json(page(None, &[1]))]);
    site.server.will_say("GET /fhir/Task?", vec![Says::json(page(None, &[]))]);
    let stop = CancellationToken::new();
    let running = tokio::spawn(site.poller.run(stop.clone()));
    until_so("a round is done", || site.reception.counts().of(Counted::RoundDone) == 1).await;
    stop.cancel();
    running.await.unwrap();
    let asked = site.server.lines();
    assert!(asked[0].starts_with("GET /fhir/Task?") && asked.len() == 2, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_asked_for_anew_once() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "an-invented-secret").unwrap();
    let service = Server::start().await;
    let token = |name: &str| Says::json(format!("{{\"access_token\":\"{name}\"}}"));
    service.will_say("POST /token", vec![token("t1"), token("t2")]);
    let grant = Grant::Asked(collimator::config::Asked {
        token_url: format!("http://{}/token", service.address).parse().unwrap(),
        client_id: "collimator".into(),
        scope: String::new(),
        proof: Proof::Secret(secret),
    });
    let mut site = site(|poll| poll.grant = grant).await;
    let good = Says::json(page(None, &[1]));
    site.server.will_say(FIRST, vec![Says::status(401), good.clone(), good]);
    site.poller.round().await.unwrap();
    site.poller.round().await.unwrap();
    let shown: Vec<String> = site.server.news().into_iter().map(|one| one.authorization).collect();
    assert_eq!(shown, ["Bearer t1", "Bearer t2", "Bearer t2"]);
    site.server.will_say(FIRST, vec![Says::status(401)]);
    assert!(site.poller.round().await.is_err());
    assert_eq!(site.server.lines().len(), 2, "and not for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_a_certificate_is_shown_ours() {
    for (certificate, is_heard) in [(Some("client"), true), (None, false)] {
        let intake = Arc::new(Intake::open_in_memory().unwrap());
        let reception = Reception::new("ois".into(), Arc::clone(&intake), Arc::new(SystemClock));
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Arc::<Taken>::default();
        let body = Some(page(None, &[1]));
        server.will_say(vec![FhirAnswer { body, ..FhirAnswer::status(200) }]);
        let door = Door { fhir: server, hears_hl7: false, tokens: None };
        let tls = trust::server(&certificates::server("rsa-pkcs1", true), certificates::now());
        let listener = Listener::bind(any, Arc::new(reception), Limits::default()).await.unwrap();
        let listener = listener.over_tls(tls.unwrap()).for_web(door);
        let base = format!("https://localhost:{}/fhir", listener.address().port());
        tokio::spawn(listener.run(CancellationToken::new()));
        let mut site = site(|poll| {
            poll.base = base.parse().unwrap();
            poll.tls = certificates::client(certificate);
        })
        .await;
        assert_eq!(site.poller.round().await.is_ok(), is_heard);
        assert_eq!(handed(&site.taken).len(), usize::from(is_heard));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asks_a_source_of_its_settings() {
    let server = Server::start().await;
    server.will_say("GET /fhir/", vec![Says::json(page(None, &[]))]);
    let told = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/K-41-a.json"),
    );
    let told = told.unwrap().replace("\"collection\"", "\"searchset\"");
    server.will_say("GET /fhir/ChargeItem", vec![Says::json(told)]);
    let (facility, professional) = (Receiver::yes(), Receiver::yes());
    let mut program = Program::with(&facility, &professional);
    let console = free();
    let key = certificates::file("p384.key");
    let more = format!(
        "\n[[source]]\nname = \"aria-api\"\nprofile = \"fhir\"\n\
         poll = \"fhir+http://{0}/fhir\"\nevery = \"5s\"\n\
         token_url = \"http://{0}/token\"\nclient_id = \"collimator\"\nkey_id = \"1\"\n\
         private_key = \"{1}\"\n[console]\nlisten = \"http://{console}\"\n",
        server.address,
        key.display()
    );
    let text = std::fs::read_to_string(program.settings()).unwrap();
    std::fs::write(program.settings(), text + &more).unwrap();
    server.will_say("POST /token", vec![Says::json("{\"access_token\":\"t1\"}")]);
    program.go().await;
    let mut asked = Vec::new();
    until_so("each type is asked for", || {
        asked.extend(server.news());
        asked.len() == 6
    })
    .await;
    assert!(
        asked[1].line.starts_with("GET /fhir/ChargeItem?") && asked[1].authorization == "Bearer t1"
    );
    until_so("the charge is known", || {
        let lines = program.ask(&["lines", "--mrn", "4414101", "--csv"]);
        String::from_utf8(lines.stdout).unwrap().contains(",77402,")
    })
    .await;
    let client = reqwest_client();
    let keys = client.get(format!("http://{console}/jwks.json")).send().await.unwrap();
    assert!(keys.text().await.unwrap().contains("\"kid\":\"1\""));
    let numbers = client.get(format!("http://{console}/metrics")).send().await.unwrap();
    assert!(numbers.text().await.unwrap().contains("rounds_done"));
}

fn reqwest_client() -> reqwest::Client {
    let tls = trust::client(&Tls::default(), certificates::now()).unwrap();
    trust::web_client(tls, Duration::from_secs(5)).unwrap()
}
