//! Tokens for servers that are asked: by a secret, by a signature, from a file; one refresh at a time.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use collimator::config::{Asked, Grant, Proof, Tls};
use collimator::domain::Clock;
use collimator::trust::{self, Bearer, Signing};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::certificates::{self, file, folder};
use crate::support::daemon::TestClock;
use crate::support::fhir::{Says, Server};

fn bearer(grant: &Grant) -> Bearer {
    let within = Duration::from_secs(5);
    let client = trust::asking(&Tls::default(), within, certificates::now()).unwrap();
    let clock: Arc<dyn Clock> = Arc::<TestClock>::default();
    Bearer::new(grant, client, clock).unwrap()
}

fn asked(server: &Server, proof: Proof) -> Grant {
    Grant::Asked(Asked {
        token_url: format!("http://{}/token", server.address).parse().unwrap(),
        client_id: "collimator".into(),
        scope: "system/*.rs".into(),
        proof,
    })
}

fn secret(text: &str) -> Proof {
    let path = folder().join(format!("{}.secret", fastrand::u64(..)));
    std::fs::write(&path, text).unwrap();
    Proof::Secret(path)
}

fn token(token: &str, seconds: u64) -> Says {
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds });
    Says::json(body.to_string())
}

fn form(body: &str) -> Value {
    form_urlencoded::parse(body.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_and_the_token_is_kept_while_it_counts() {
    let server = Server::start().await;
    server.will_say("POST /token", vec![token("t1", 300), token("t2", 0), token("t3", 300)]);
    let bearer = bearer(&asked(&server, secret("an invented:secret\r\n")));
    for _ in 0..3 {
        assert_eq!(bearer.token().await.unwrap().as_deref(), Some("t1"));
    }
    let news = server.news();
    assert_eq!(news.len(), 1);
    let shown = STANDARD.encode("collimator:an+invented%3Asecret");
    assert_eq!(news[0].authorization, format!("Basic {shown}"));
    let expected = json!({ "grant_type": "client_credentials", "scope": "system/*.rs" });
    assert_eq!(form(&news[0].body), expected);
    assert!(bearer.refused("an older one").await);
    assert_eq!(bearer.token().await.unwrap().as_deref(), Some("t1"), "only this one is refused");
    assert!(bearer.refused("t1").await);
    assert_eq!(bearer.token().await.unwrap().as_deref(), Some("t2"));
    assert_eq!(bearer.token().await.unwrap().as_deref(), Some("t3"), "t2 had ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_need_a_token_ask_for_one() {
    let server = Server::start().await;
    server.will_say("POST /token", vec![token("t1", 300)]);
    let bearer = Arc::new(bearer(&asked(&server, secret("an-invented-secret"))));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let bearer = Arc::clone(&bearer);
        all.spawn(async move { bearer.token().await.unwrap() });
    }
    assert!(all.join_all().await.iter().all(|token| token.as_deref() == Some("t1")));
    assert_eq!(server.news().len(), 1);
}

/// Whether the openssl program finds that a signature of SHA-384 is right.
fn is_signed(said: &str, signature: &[u8], public: &Path) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (said_at, signature_at) = (folder.path().join("said"), folder.path().join("signature"));
    std::fs::write(&said_at, said).unwrap();
    std::fs::write(&signature_at, signature).unwrap();
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha384", "-verify"]).arg(public).arg("-signature").arg(signature_at);
    command.arg(said_at).output().unwrap().status.success()
}

/// A signature of two numbers, as the openssl program wants it.
fn as_der(signature: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap();
        let mut bytes = bytes[start..].to_vec();
        if bytes[0] >= 0x80 {
            bytes.insert(0, 0);
        }
        [&[2, bytes.len() as u8], &bytes[..]].concat()
    };
    let (r, s) = signature.split_at(48);
    let both = [number(r), number(s)].concat();
    [&[0x30, both.len() as u8], &both[..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_shows_that_it_is_us() {
    for (key, way) in [("rsa-pkcs1", "RS384"), ("p384", "ES384"), ("p384-sec1", "ES384")] {
        let server = Server::start().await;
        server.will_say("POST /token", vec![token("t1", 0)]);
        let private_key = file(&format!("{key}.key"));
        let proof = Proof::Signature { private_key, key_id: "2026-1".into() };
        let bearer = bearer(&asked(&server, proof));
        for _ in 0..20 {
            bearer.token().await.unwrap();
        }
        let mut numbers = Vec::new();
        for one in server.news() {
            assert_eq!(one.authorization, "");
            let form = form(&one.body);
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            assert_eq!(form["client_assertion_type"], kind);
            let (said, signature) =
                form["client_assertion"].as_str().unwrap().rsplit_once('.').unwrap();
            let parts: Vec<Value> = said
                .split('.')
                .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
                .collect();
            assert_eq!(parts[0], json!({ "alg": way, "typ": "JWT", "kid": "2026-1" }));
            let claims = &parts[1];
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&json!("collimator"), &json!("collimator"))
            );
            assert_eq!(claims["aud"], format!("http://{}/token", server.address));
            let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert!((60..=300).contains(&life));
            numbers.push(claims["jti"].as_str().unwrap().to_owned());
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let signature = if way == "ES384" { as_der(&signature) } else { signature };
            assert!(is_signed(said, &signature, &file(&format!("{key}.pub"))), "{key}");
        }
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 20, "each is used once");
    }
}

#[test]
fn the_public_half_of_a_key_is_shown() {
    let keys = ["rsa-pkcs1", "p384"].map(|name| Signing::read(&file(&format!("{name}.key")), name));
    let keys = keys.map(|read| read.unwrap());
    let shown: Value = serde_json::from_str(&trust::jwks(&keys)).unwrap();
    let [rsa, elliptic] = [&shown["keys"][0], &shown["keys"][1]];
    assert_eq!(
        (&rsa["kty"], &rsa["alg"], &rsa["e"]),
        (&json!("RSA"), &json!("RS384"), &json!("AQAB"))
    );
    assert_eq!((&elliptic["crv"], &elliptic["alg"]), (&json!("P-384"), &json!("ES384")));
    assert_eq!((&rsa["kid"], &elliptic["use"]), (&json!("rsa-pkcs1"), &json!("sig")));
    let bytes = |value: &Value| URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap();
    assert_eq!((bytes(&rsa["n"]).len(), bytes(&elliptic["x"]).len()), (256, 48));
    let point = [&bytes(&elliptic["x"])[..], &bytes(&elliptic["y"])].concat();
    let public = std::fs::read_to_string(file("p384.pub")).unwrap();
    let public: String = public.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(STANDARD.decode(public).unwrap().ends_with(&point));
    let wrong = Signing::read(&file("ec-sec1.key"), "x").unwrap_err();
    assert!(wrong.text.contains("signs neither RS384 nor ES384"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_gives_no_token_is_told_of_without_its_secrets() {
    let server = Server::start().await;
    let bearer = bearer(&asked(&server, secret("an-invented-secret")));
    for (says, told) in [
        (
            Says::json("{\"error\":\"invalid_client\",\"error_description\":\"x\"}").but(401),
            "the token service refuses: 401 invalid_client",
        ),
        (Says::status(302).with("location", "/x"), "the token service refuses: 302 "),
        (Says::json("<html>"), "something that is no bearer token"),
        (Says::json("{\"access_token\":\"\"}"), "something that is no bearer token"),
        (Says::json("{\"access_token\":\"a\",\"token_type\":\"mac\"}"), "no bearer token"),
    ] {
        server.will_say("POST /token", vec![says]);
        let error = bearer.token().await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_file_stays_what_it_is() {
    let Proof::Secret(path) = secret("an-invented-token\n") else { panic!() };
    let bearer = bearer(&Grant::Token(path));
    assert_eq!(bearer.token().await.unwrap().as_deref(), Some("an-invented-token"));
    assert!(!bearer.refused("an-invented-token").await);
}
