//! MLLP over TLS, both ways: keys in every form, certificates that are wanted, files that are wrong.

use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;

use collimator::app::{Endpoint, SourcePlan, SourceWay};
use collimator::config::Tls;
use collimator::domain::LineState::{Accepted, Queued};
use collimator::domain::MessageId;
use collimator::trust;
use collimator::trust::{Fresh, Renewed};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::certificates::{self, client, file, folder, server};
use crate::support::daemon::{Target, TestDaemon};
use crate::support::program::program;
use crate::support::receiver::Receiver;
use crate::support::sender::framed;
use crate::support::told::{case, charge};
use crate::support::wait::until_so;

async fn daemon(tls: &Tls) -> TestDaemon {
    served_by(trust::server(tls, certificates::now()).unwrap()).await
}

async fn served_by(tls: Arc<Fresh<ServerConfig>>) -> TestDaemon {
    let endpoint = Endpoint {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: Some(tls),
        is_http: false,
        tokens: None,
        manner: Box::default(),
        answers_to: None,
    };
    let mut daemon = TestDaemon::stopped(Vec::new());
    daemon.set_source(SourcePlan { name: "aria".into(), way: SourceWay::Listened(endpoint) });
    daemon.go().await.unwrap();
    daemon
}

/// What is said to a message by who is reached so; `None` where nobody says anything.
async fn said(daemon: &TestDaemon, tls: &Tls, message: &str) -> Option<String> {
    let config = trust::client(tls, certificates::now()).unwrap();
    let stream = TcpStream::connect(daemon.source("aria")).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    stream.write_all(&framed(message.as_bytes())).await.ok()?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x1c\r") {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8(answer).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn k32_a_key_is_served_in_every_form_that_it_is_handed_out_in() {
    for key in ["rsa-pkcs1", "ec-sec1", "ec-pkcs8"] {
        let daemon = daemon(&server(key, false)).await;
        let answer = said(&daemon, &client(None), &charge("T1")).await.unwrap();
        assert!(answer.contains("MSA|AA|T1"), "{key}: {answer}");
        assert_eq!(daemon.intake().last(), MessageId(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_certificates_are_wanted_nobody_else_is_heard() {
    let daemon = daemon(&server("rsa-pkcs1", true)).await;
    assert_eq!(said(&daemon, &client(None), &charge("T1")).await, None);
    assert_eq!(said(&daemon, &client(Some("stranger")), &charge("T2")).await, None);
    assert_eq!(daemon.intake().last(), MessageId(0));
    let answer = said(&daemon, &client(Some("client")), &charge("T3")).await.unwrap();
    assert!(answer.contains("MSA|AA|T3"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_prove_itself_is_told_nothing() {
    let daemon = daemon(&server("ec-pkcs8", false)).await;
    let other = Tls { authority: Some(file("stranger.pem")), ..Tls::default() };
    assert_eq!(said(&daemon, &other, &charge("T1")).await, None);
    let machine = Tls::default();
    assert_eq!(said(&daemon, &machine, &charge("T2")).await, None);
    assert_eq!(daemon.intake().last(), MessageId(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_plainly_where_tls_is_spoken_leaves_nothing_behind() {
    let daemon = daemon(&server("ec-pkcs8", false)).await;
    let mut stream = TcpStream::connect(daemon.source("aria")).await.unwrap();
    stream.write_all(&framed(charge("T1").as_bytes())).await.unwrap();
    let mut heard = Vec::new();
    let _reset = stream.read_to_end(&mut heard).await;
    assert!(!heard.contains(&0x0b), "no answer");
    assert_eq!(daemon.intake().last(), MessageId(0));
    assert!(said(&daemon, &client(None), &charge("T2")).await.is_some(), "others are heard");
}

fn checked(source: &str) -> Output {
    let settings = folder().join(format!("{}.toml", fastrand::u64(..)));
    let text = format!(
        "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\nsetting = \"hospital\"\n\
         [store]\npath = \"nowhere\"\n[[source]]\nname = \"aria\"\nprofile = \"aria\"\n{source}\n"
    );
    std::fs::write(&settings, text).unwrap();
    program().args(["check", "--config"]).arg(settings).output().unwrap()
}

#[test]
fn k32_check_names_what_is_wrong_with_a_file() {
    let path = |name: &str| file(name).display().to_string();
    for (certificate, key, says) in [
        ("rsa-pkcs1.chain.pem", "rsa-pkcs1.key", ""),
        ("ec-sec1.chain.pem", "ec-sec1.key", ""),
        ("ec-pkcs8.chain.pem", "ec-pkcs8.key", ""),
        ("rsa-pkcs1.chain.pem", "ec-sec1.key", "tls.key: {k} is not the key of the certificate"),
        ("wrong-order.pem", "rsa-pkcs1.key", "tls.certificate: {c} is in the wrong order: the"),
        ("gap.pem", "rsa-pkcs1.key", "tls.certificate: {c} is in the wrong order: CN=test root"),
        ("expired.pem", "ec-pkcs8.key", "tls.certificate: {c} has expired on 20"),
        ("version-1.pem", "client.key", "tls.certificate: {c} is of the first version of X.509"),
        ("cut.pem", "rsa-pkcs1.key", "tls.certificate: {c} is no sound PEM"),
        ("binary.pem", "rsa-pkcs1.key", "tls.certificate: {c} is binary: write it as PEM"),
        ("empty.pem", "rsa-pkcs1.key", "tls.certificate: {c} holds no certificate"),
        ("absent.pem", "rsa-pkcs1.key", "tls.certificate: {c} cannot be read"),
        ("rsa-pkcs1.chain.pem", "encrypted.key", "tls.key: {k} is encrypted"),
        ("rsa-pkcs1.chain.pem", "empty.pem", "tls.key: {k} holds no private key"),
        ("rsa-pkcs1.chain.pem", "rsa-pkcs1.leaf.pem", "tls.key: {k} holds no private key"),
    ] {
        let (certificate, key) = (path(certificate), path(key));
        let done = checked(&format!(
            "listen = \"mllps://127.0.0.1:2575\"\n\
             tls = {{ certificate = \"{certificate}\", key = \"{key}\" }}"
        ));
        let told = String::from_utf8(done.stderr).unwrap();
        let says = says.replace("{c}", &certificate).replace("{k}", &key);
        let status = if says.is_empty() { 0 } else { 78 };
        assert_eq!(done.status.code(), Some(status), "{certificate}: {told}");
        assert!(told.contains(&format!(".toml:11: source[0].{says}")) || says.is_empty(), "{told}");
    }
}

#[test]
fn check_names_authorities_and_tokens_that_are_wrong() {
    let identity = format!(
        "certificate = \"{}\", key = \"{}\"",
        file("ec-sec1.chain.pem").display(),
        file("ec-sec1.key").display()
    );
    std::fs::write(file("tokens"), "short\n").unwrap();
    let (expired, tokens) = (file("expired.pem"), file("tokens"));
    let done = checked(&format!(
        "listen = \"https://0.0.0.0:2575\"\n\
         tls = {{ {identity}, client_authority = \"{}\" }}\ntokens_file = \"{}\"",
        expired.display(),
        tokens.display()
    ));
    let told = String::from_utf8(done.stderr).unwrap();
    for says in [
        format!(":11: source[0].tls.client_authority: {} has expired on 20", expired.display()),
        format!(":12: source[0].tokens_file: {} holds no token on line 1", tokens.display()),
    ] {
        assert!(told.contains(&says), "{says}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_leave_in_tls_for_a_receiver_that_proves_itself_and_wants_us_proven() {
    let tls = trust::server(&server("ec-pkcs8", true), certificates::now()).unwrap().current();
    let (receiver, professional) = (Receiver::in_tls(tls), Receiver::yes());
    let facility = |certificate| Target::facility(&receiver).in_tls(&client(certificate));
    let targets = vec![facility(Some("client")), Target::professional(&professional)];
    let daemon = TestDaemon::start(targets).await;
    daemon.tell(&case("K-28")).await;
    daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!((receiver.taken().len(), receiver.connects()), (5, 1));
    let other = Tls { authority: Some(file("stranger.pem")), ..client(Some("client")) };
    for refused in [facility(None), Target::facility(&receiver).in_tls(&other)] {
        let daemon = TestDaemon::start(vec![refused, Target::professional(&professional)]).await;
        daemon.tell(&case("K-28")).await;
        let before = receiver.connects();
        until_so("somebody knocks", || receiver.connects() > before + 1).await;
        daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        assert_eq!(receiver.taken().len(), 5, "nothing is told");
    }
}

#[test]
fn check_names_what_is_wrong_with_a_destination() {
    let text = |name: &str| file(name).display().to_string();
    let absent = text("absent");
    for (destination, says) in [
        ("profile = \"fhir-r4\"\nsend = \"fhir+https://a.example/r4\"".to_owned(), String::new()),
        (
            "profile = \"dft-2.5.1\"\nsend = \"fhir+https://a.example/r4\"".to_owned(),
            "destination[0].profile: is a profile of HL7 v2".to_owned(),
        ),
        (
            "profile = \"fhir-r4\"\nsend = \"mllp://127.0.0.1:9\"".to_owned(),
            "destination[0].profile: is a profile of FHIR".to_owned(),
        ),
        (
            format!(
                "profile = \"fhir-r4\"\nsend = \"fhir+https://a.example/r4\"\n\
                 token_file = \"{absent}\""
            ),
            format!("destination[0].token_file: {absent} cannot be read"),
        ),
        (
            format!(
                "profile = \"dft-2.5.1\"\nsend = \"mllps://a.example:1\"\n\
                 tls = {{ authority = \"{absent}\" }}"
            ),
            format!("destination[0].tls.authority: {absent} cannot be read"),
        ),
    ] {
        let done = checked(&format!(
            "listen = \"mllp://127.0.0.1:2575\"\n[[destination]]\nname = \"b\"\n\
             claims = [\"facility\"]\n{destination}"
        ));
        let told = String::from_utf8(done.stderr).unwrap();
        let status = if says.is_empty() { 0 } else { 78 };
        assert_eq!(done.status.code(), Some(status), "{destination}: {told}");
        assert!(told.contains(&says), "{says}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_without_a_restart_and_a_wrong_one_changes_nothing() {
    let own = tempfile::tempdir().unwrap();
    let put = |name: &str, from: &str| {
        std::fs::copy(file(from), own.path().join(name)).unwrap();
    };
    put("chain.pem", "ec-pkcs8.chain.pem");
    put("key.pem", "ec-pkcs8.key");
    let tls = Tls {
        certificate: Some(own.path().join("chain.pem")),
        key: Some(own.path().join("key.pem")),
        ..Tls::default()
    };
    let served = trust::server(&tls, certificates::now()).unwrap();
    assert!(!served.has_changed());
    let days = served.valid_until().unwrap().duration_since(certificates::now()).as_hours() / 24;
    assert!(days > 0, "{days}");
    let daemon = served_by(Arc::clone(&served)).await;
    assert!(said(&daemon, &client(None), &charge("T1")).await.is_some());
    let before = served.current();
    put("chain.pem", "rsa-pkcs1.chain.pem");
    assert!(served.has_changed());
    let wrong = served.renew(certificates::now()).unwrap_err();
    assert!(wrong[0].text.contains("is not the key of the certificate"), "{wrong:?}");
    assert!(Arc::ptr_eq(&before, &served.current()), "the old one stays");
    assert!(shown(&daemon).await == certificates_of("ec-pkcs8.chain.pem"));
    put("key.pem", "rsa-pkcs1.key");
    served.renew(certificates::now()).unwrap();
    assert!(!Arc::ptr_eq(&before, &served.current()));
    assert!(shown(&daemon).await == certificates_of("rsa-pkcs1.chain.pem"));
    assert!(said(&daemon, &client(None), &charge("T3")).await.is_some());
}

/// The certificates that the daemon shows.
async fn shown(daemon: &TestDaemon) -> Vec<Vec<u8>> {
    let config = trust::client(&client(None), certificates::now()).unwrap();
    let stream = TcpStream::connect(daemon.source("aria")).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    shown.iter().map(|one| one.to_vec()).collect()
}

fn certificates_of(name: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file(name)).unwrap();
    CertificateDer::pem_slice_iter(&bytes).map(|one| one.unwrap().to_vec()).collect()
}

#[test]
fn check_tells_how_long_certificates_are_valid() {
    let done = checked(&format!(
        "listen = \"mllps://127.0.0.1:2575\"\n\
         tls = {{ certificate = \"{}\", key = \"{}\" }}",
        file("ec-sec1.chain.pem").display(),
        file("ec-sec1.key").display()
    ));
    let told = format!("{done:?}");
    assert!(
        told.contains("the certificate of aria is valid for ") && told.contains(" days"),
        "{told}"
    );
}
