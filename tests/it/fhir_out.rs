//! Charges out over FHIR: what is sent, and where a line stands after each kind of answer.

use std::collections::BTreeMap;
use std::time::Duration;

use collimator::config::Grant;
use collimator::domain::LineState::{Accepted, Declined, Queued, Unknown};
use collimator::domain::{EntryKind, LineId};
use collimator::store::{Books, ListedLine, Look, Mark};
use serde_json::{Value, json};

use crate::support::charges::{ChargeServer, Step, outcome, say};
use crate::support::daemon::{Target, TestDaemon};
use crate::support::receiver::Receiver;
use crate::support::told::case;
use crate::support::wait::until_so;

/// A daemon whose facility lines go to this server: ten lines of one account, five of them there.
async fn daemon(target: Target) -> (TestDaemon, Receiver) {
    let professional = Receiver::yes();
    let targets = vec![target, Target::professional(&professional)];
    (TestDaemon::start(targets).await, professional)
}

/// What came of the line that went first.
fn text(daemon: &TestDaemon, state: collimator::domain::LineState) -> String {
    let attempts = daemon.attempts_at_the(state);
    attempts.last().unwrap().text.clone().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_put_to_an_id_of_our_own_where_the_server_allows_that() {
    let server = ChargeServer::start(true, []).await;
    let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let told = server.told();
    assert_eq!(told.len(), 5);
    for one in &told {
        let charge = one.json();
        let number = charge["identifier"][0]["value"].as_str().unwrap().to_owned();
        assert!(number.starts_with("CL"), "{number}");
        assert_eq!(one.line, format!("PUT /r4/ChargeItem/{number}"));
        assert_eq!(charge["id"], number.as_str());
        assert_eq!(charge["status"], "billable");
        assert_eq!(charge["subject"]["identifier"]["value"], "4412801");
        let coding = &charge["code"]["coding"][0];
        let is_cpt = coding["code"].as_str().unwrap().starts_with(char::is_numeric);
        let cpt = coding["system"] == "http://www.ama-assn.org/go/cpt";
        assert_eq!(is_cpt, cpt, "{coding}");
        assert!(charge["quantity"]["value"].is_u64(), "{}", one.body);
        assert_eq!(one.header("content-type"), "application/fhir+json");
        assert_eq!(one.header("accept"), "application/fhir+json");
        assert_eq!(one.header("if-none-match"), "*", "nobody else's charge is written over");
    }
    assert_eq!(server.asked()[0].line, "GET /r4/metadata");
}

#[tokio::test(flavor = "multi_thread")]
async fn else_it_is_created_on_condition() {
    let server = ChargeServer::start(false, []).await;
    let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    for one in server.told() {
        assert_eq!(one.line, "POST /r4/ChargeItem");
        let number = one.json()["identifier"][0]["value"].as_str().unwrap().to_owned();
        let condition = format!("identifier=urn:collimator:charge|{number}");
        assert_eq!(one.header("if-none-exist"), condition);
    }
    assert_eq!(server.charges().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_for_good_declines_in_the_receivers_words() {
    let error = outcome("error", "the account is closed");
    for (step, says) in [
        (say(400, &error), "400: the account is closed"),
        (say(404, ""), "404"),
        (say(405, ""), "405"),
        (say(406, ""), "406"),
        (say(410, ""), "410"),
        (say(413, ""), "413"),
        (say(415, "<html>"), "415"),
        (say(422, &error), "422: the account is closed"),
        (say(200, &error), "200, and the outcome is an error: the account is closed"),
        (say(201, &outcome("fatal", "no")), "201, and the outcome is an error: no"),
    ] {
        let server = ChargeServer::start(true, [step.clone()]).await;
        let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
        assert_eq!(text(&daemon, Declined), says, "{step:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_yes_is_a_yes() {
    let fine = outcome("information", "all is well");
    let steps = [
        Step::TakeAnd(200, vec![], String::new()),
        Step::TakeAnd(201, vec![], fine.clone()),
        Step::TakeAnd(202, vec![], String::new()),
        Step::TakeAnd(204, vec![], String::new()),
        Step::TakeAnd(200, vec![], outcome("warning", "look at it")),
    ];
    let server = ChargeServer::start(true, steps).await;
    let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(server.told().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_collides_waits_for_a_person() {
    for status in [409, 412] {
        let server = ChargeServer::start(true, [say(status, &outcome("error", "twice"))]).await;
        let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        assert_eq!(text(&daemon, Unknown), format!("{status}: twice"));
        assert_eq!(server.told().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_as_late_as_the_server_asks() {
    let later = |status| Step::Say(status, vec![("retry-after", "1".into())], String::new());
    for status in [408, 425, 429, 502, 503, 504] {
        let server = ChargeServer::start(true, [later(status)]).await;
        let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
        let began = std::time::Instant::now();
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 10)]).await;
        assert!(began.elapsed() >= Duration::from_secs(1), "{status}");
        let told = server.told();
        assert_eq!(told.len(), 6, "{status}");
        assert_eq!(told[0].line, told[1].line);
        assert_eq!(told[0].header("x-request-id"), told[1].header("x-request-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_let_us_in_keeps_lines_waiting() {
    for status in [401, 403] {
        let steps = std::iter::repeat_n(say(status, ""), 3);
        let server = ChargeServer::start(true, steps).await;
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "an-invented-token-1").unwrap();
        let target = Target::fhir("fhir-r4", &server).opened_by(&Grant::Token(token));
        let (daemon, _professional) = daemon(target).await;
        daemon.tell(&case("K-28")).await;
        server.has(1).await;
        daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        daemon.stands(&[(Accepted, 10)]).await;
        assert_eq!(server.told().len(), 8);
        assert_eq!(server.told()[0].header("authorization"), "Bearer an-invented-token-1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_doubt_is_asked_about_and_sent_again_only_if_it_is_not_there() {
    let page = "<html>please sign in</html>";
    let other = json!({"resourceType": "Patient", "id": "1"}).to_string();
    let another = json!({"resourceType": "ChargeItem", "id": "x",
        "identifier": [{"system": "urn:collimator:charge", "value": "CL99999"}]});
    let cases = [
        (Step::TakeAnd(500, vec![], String::new()), true),
        (say(500, ""), false),
        (Step::TakeAndHang, true),
        (Step::Hang, false),
        (Step::TakeAnd(200, vec![], page.into()), true),
        (say(200, page), false),
        (Step::TakeAnd(200, vec![], other.clone()), true),
        (say(200, &other), false),
        (say(200, &another.to_string()), false),
        (say(200, "{\"resourceType\":"), false),
    ];
    for update_create in [true, false] {
        for (step, arrives) in &cases {
            let server = ChargeServer::start(update_create, [step.clone()]).await;
            let target = Target::fhir("fhir-r4", &server).answering_within(400);
            let (daemon, _professional) = daemon(target).await;
            daemon.tell(&case("K-28")).await;
            daemon.stands(&[(Accepted, 10)]).await;
            let expected = if *arrives { 5 } else { 6 };
            assert_eq!(server.told().len(), expected, "{step:?} {update_create}");
            assert_eq!(server.charges().len(), 5, "{step:?} {update_create}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_be_asked_about_stays_in_doubt_until_somebody_can() {
    for blind in [500, 403, 404] {
        let server = ChargeServer::start(false, [Step::TakeAnd(500, vec![], String::new())]).await;
        server.is_blind(Some(blind));
        let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        server.is_blind(None);
        daemon.stands(&[(Accepted, 10)]).await;
        assert_eq!(server.told().len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k33_a_redirect_makes_no_get_of_a_post_and_no_yes() {
    for update_create in [true, false] {
        for status in [301, 302, 303, 307, 308] {
            for stranger in [false, true] {
                let (server, other) = (
                    ChargeServer::start(update_create, []).await,
                    ChargeServer::start(true, []).await,
                );
                let to = if stranger { other.base() } else { server.base() };
                let place = format!("{to}/ChargeItem/elsewhere?x=1");
                let place = if update_create { place } else { format!("{to}/ChargeItem?x=1") };
                let step = Step::Say(status, vec![("location", place.clone())], String::new());
                server.will([step]);
                let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
                daemon.tell(&case("K-28")).await;
                let follows = status >= 307 && !stranger;
                if follows {
                    daemon.stands(&[(Accepted, 10)]).await;
                    let told = server.told();
                    assert_eq!(told.len(), 6);
                    assert_eq!(told[0].body, told[1].body);
                    assert_eq!(told[0].line.split(' ').next(), told[1].line.split(' ').next());
                } else {
                    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
                    let moved = place.split('?').next().unwrap();
                    assert!(text(&daemon, Declined).contains(moved), "{}", text(&daemon, Declined));
                    assert_eq!(server.told().len(), 5);
                }
                assert!(other.asked().is_empty(), "neither a body nor a token goes elsewhere");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_server_is_down_nothing_is_marked_as_sent() {
    let server = ChargeServer::start(true, []).await;
    let mut target = Target::fhir("fhir-r4", &server);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    if let collimator::dispatch::Way::Fhir(known) = &mut target.way {
        known.base = format!("http://{free}/r4").parse().unwrap();
    }
    let (mut daemon, professional) = daemon(target).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    for listed in daemon.lines_in(Queued) {
        assert!(daemon.books().attempts_of(listed.line.id).unwrap().is_empty());
    }
    let moved = Target::fhir("fhir-r4", &server);
    daemon.set_targets(vec![moved, Target::professional(&professional)]);
    daemon.restart().await;
    daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_at_a_crash_is_asked_about() {
    for (step, told) in [(Step::TakeAndHang, 5), (Step::Hang, 6)] {
        let server = ChargeServer::start(true, [step]).await;
        server.is_blind(Some(503));
        let target = Target::fhir("fhir-r4", &server).answering_within(300);
        let (mut daemon, _professional) = daemon(target).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 5), (Unknown, 1), (Queued, 4)]).await;
        daemon.stop().await;
        server.is_blind(None);
        daemon.go().await.unwrap();
        daemon.stands(&[(Accepted, 10)]).await;
        assert_eq!(server.told().len(), told);
        assert_eq!(server.charges().len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_marked_and_then_the_machine_died_is_asked_about() {
    for arrived in [true, false] {
        let server = ChargeServer::start(true, []).await;
        server.refuses_to_tell(true);
        let (mut daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        daemon.stop().await;
        let books = Books::open(&daemon.store()).unwrap();
        let next = books
            .next_to_send("hospital-billing", Look { limit: 1, ..Look::default() })
            .await
            .unwrap()
            .remove(0);
        let mark = Mark {
            line: next.line.id,
            destination: "hospital-billing".into(),
            control_id: format!("CL{}-9", next.line.id),
            bytes: "PUT /r4/ChargeItem HTTP/1.1\r\n\r\n{}".into(),
            content: Box::new(next.line.line.clone()),
            at: "2026-11-25T13:00:00Z".parse().unwrap(),
        };
        assert!(books.mark_sent(mark).await.unwrap());
        drop(books);
        let number = format!("CL{}", next.line.id);
        if arrived {
            server.change(|charges| {
                let charge = json!({"resourceType": "ChargeItem", "id": number,
                    "status": "billable"});
                charges.insert(number.clone(), charge);
            });
        }
        server.refuses_to_tell(false);
        let before = server.told().len();
        daemon.go().await.unwrap();
        daemon.stands(&[(Accepted, 10)]).await;
        let told = server.told();
        let again = told[before..].iter().any(|one| one.line.ends_with(&format!("/{number}")));
        assert_eq!(again, !arrived);
        assert_eq!(server.charges().len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oracle_is_told_by_an_operation_with_a_number_that_a_repeat_keeps() {
    let steps = [say(503, ""), Step::Hang, Step::TakeAndHang];
    let server = ChargeServer::start(false, steps).await;
    let target = Target::fhir("oracle-health", &server).answering_within(400);
    let (daemon, _professional) = daemon(target).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    let told = server.told();
    assert_eq!(told.len(), 7);
    let number = |nth: usize| told[nth].json()["parameter"][0]["valueUuid"].clone();
    assert_eq!((number(0), number(1)), (number(1), number(2)));
    assert_ne!(number(2), number(3));
    for one in &told {
        assert_eq!(one.line, "POST /r4/ChargeItem/$create");
        let charge = &one.json()["parameter"][1]["resource"];
        assert_eq!(charge["status"], "unknown");
        assert_eq!(charge["code"]["coding"].as_array().unwrap().len(), 1);
        assert_eq!(charge["context"]["identifier"]["value"], "A4412801");
        assert_eq!(charge["account"], Value::Null);
    }
    assert_eq!(server.charges().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_read_to_its_end_before_it_is_a_yes() {
    let answer = |code: &str| {
        let response = json!({"identifier": "x", "code": code});
        let header = json!({"resourceType": "MessageHeader", "response": response});
        let entry = json!([{"resource": header}]);
        json!({"resourceType": "Bundle", "type": "message", "entry": entry}).to_string()
    };
    let steps = [
        say(200, &answer("ok")),
        say(200, &answer("transient-error")),
        say(200, &answer("ok")),
        say(200, &answer("fatal-error")),
    ];
    let server = ChargeServer::start(false, steps).await;
    let (daemon, _professional) = daemon(Target::fhir("fhir-message", &server)).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 9), (Declined, 1)]).await;
    let told = server.told();
    assert_eq!(told.len(), 6);
    assert_eq!(told[0].line, "POST /r4/ChargeItem/$charge-item-create");
    let bundle = told[0].json();
    assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "MessageHeader");
    assert_eq!(bundle["entry"][1]["resource"]["identifier"][0]["value"], "4412801");
    let patient = &bundle["entry"][2]["resource"]["subject"]["reference"];
    assert_eq!(*patient, bundle["entry"][1]["fullUrl"]);
    assert_eq!(told[1].json()["id"], told[2].json()["id"]);
}

/// The fraction of the case, taken back by its source.
pub fn taken_back() -> Vec<u8> {
    let told = case("K-28").into_iter().map(|message| String::from_utf8(message).unwrap());
    let told = told.into_iter().find(|text| text.contains("|TX-2D^")).unwrap();
    let lines = told.split('\r').map(|line| match line.split_once("|") {
        Some(("FT1", _)) => {
            let mut fields: Vec<&str> = line.split('|').collect();
            let original = std::mem::replace(&mut fields[2], "BACK-1");
            fields[6] = "CD";
            fields.resize(31, "");
            fields.push(original);
            fields.join("|")
        }
        _ => line.to_owned(),
    });
    let credit = lines.collect::<Vec<_>>().join("\r");
    let control_id = credit.split('|').nth(9).unwrap().to_owned();
    credit.replacen(&control_id, "BACK-1", 1).into_bytes()
}

/// The lines of a case go out, and its fraction is taken back.
async fn credited(target: Target) -> (TestDaemon, Receiver) {
    let (daemon, professional) = daemon(target).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    daemon.tell(&[taken_back()]).await;
    (daemon, professional)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_takes_the_charge_itself_back() {
    for update_create in [true, false] {
        let server = ChargeServer::start(update_create, []).await;
        let (daemon, _professional) = credited(Target::fhir("fhir-r4", &server)).await;
        daemon.settled().await;
        let told = server.told();
        let credits: Vec<_> =
            told.iter().filter(|one| one.body.contains("entered-in-error")).collect();
        assert!(!credits.is_empty());
        for credit in credits {
            assert!(credit.line.starts_with("PUT /r4/ChargeItem/"), "{}", credit.line);
            let expected = if update_create { "" } else { "W/\"7\"" };
            assert_eq!(credit.header("if-match"), expected);
        }
        let void = |one: &&Value| one["status"] == "entered-in-error";
        assert!(server.charges().iter().filter(void).count() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oracle_is_asked_for_the_id_of_a_charge_before_it_is_credited() {
    let server = ChargeServer::start(false, []).await;
    let (daemon, _professional) = credited(Target::fhir("oracle-health", &server)).await;
    daemon.settled().await;
    let told = server.told();
    let credit = told.iter().find(|one| one.line.ends_with("$credit")).unwrap();
    let names: Vec<Value> = credit.json()["parameter"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["transactionId", "subject", "context"]);
    assert!(server.asked().iter().any(|one| one.line.contains("context%3Aidentifier=")));
    let void = |one: &&Value| one["status"] == "entered-in-error";
    assert!(server.charges().iter().filter(void).count() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_takes_no_credits_leaves_them_to_a_person() {
    let server = ChargeServer::start(false, []).await;
    let hospital = Receiver::yes();
    for target in
        [Target::fhir("fhir-message", &server), Target::facility(&hospital).without_credits()]
    {
        let (daemon, _professional) = credited(target).await;
        until_so("the credit is declined", || !daemon.lines_in(Declined).is_empty()).await;
        for listed in daemon.lines_in(Declined) {
            assert!(listed.line.reverses.is_some());
            let attempts = daemon.books().attempts_of(listed.line.id).unwrap();
            assert!(attempts[0].bytes.is_empty());
            assert!(attempts[0].text.as_deref().unwrap().contains("takes no credits"));
        }
    }
}

/// What the ledger says of a line in the receiver's books, as `billed billable`.
fn posted(daemon: &TestDaemon, line: LineId) -> String {
    let entries = daemon.books().entries_of_line(line).unwrap();
    let posted = entries.iter().filter(|one| one.entry.kind == EntryKind::Posted);
    let status = |body: &str| serde_json::from_str::<Value>(body).unwrap()["status"].clone();
    let told: Vec<String> =
        posted.map(|one| status(&one.entry.body).as_str().unwrap().to_owned()).collect();
    told.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn where_charges_stand_in_the_receivers_books_is_read_back_into_the_ledger() {
    for (profile, update_create) in
        [("fhir-r4", true), ("fhir-r4", false), ("oracle-health", false)]
    {
        let server = ChargeServer::start(update_create, []).await;
        let target = Target::fhir(profile, &server).read_back(30);
        let (daemon, _professional) = daemon(target).await;
        daemon.tell(&case("K-28")).await;
        daemon.stands(&[(Accepted, 10)]).await;
        let lines = daemon.lines_in(Accepted);
        let at =
            |listed: &&ListedLine| listed.line.destination.as_deref() == Some("hospital-billing");
        let lines: Vec<LineId> = lines.iter().filter(at).map(|it| it.line.id).collect();
        let all = |told: &str| lines.iter().all(|line| posted(&daemon, *line) == told);
        until_so("the server was asked", || all("billable")).await;
        server.change(|charges| charges.values_mut().for_each(|it| it["status"] = json!("billed")));
        until_so("it bills them", || all("billable billed")).await;
        server.change(BTreeMap::clear);
        until_so("it lost them", || all("billable billed absent")).await;
        daemon.stands(&[(Accepted, 10)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_equal_charges_are_one() {
    let server = ChargeServer::start(false, []).await;
    let (daemon, _professional) = daemon(Target::fhir("fhir-r4", &server)).await;
    for _ in 0..32 {
        daemon.tell(&case("K-28")).await;
    }
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(server.told().len(), 5);
    assert_eq!(server.charges().len(), 5);
}
