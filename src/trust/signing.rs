//! Signs what a token service asks us to sign, and shows the public half of the key.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use x509_parser::asn1_rs::{FromDer as _, Integer, Sequence};
use x509_parser::prelude::SubjectPublicKeyInfo;
use x509_parser::public_key::PublicKey;

use super::tls::provider;
use super::{Wrong, files};

const KEY: &str = "private_key";

/// How long a number of P-384 is.
const P384_BYTES: usize = 48;

/// A key that signs, and its name.
#[derive(Debug, Clone)]
pub struct Signing {
    key: Arc<dyn SigningKey>,
    key_id: String,
    way: Way,
    public: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rs384,
    Es384,
}

impl Way {
    fn scheme(self) -> SignatureScheme {
        match self {
            Way::Rs384 => SignatureScheme::RSA_PKCS1_SHA384,
            Way::Es384 => SignatureScheme::ECDSA_NISTP384_SHA384,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Way::Rs384 => "RS384",
            Way::Es384 => "ES384",
        }
    }
}

impl Signing {
    /// Reads a private key.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path, key_id: &str) -> Result<Signing, Wrong> {
        let unfit = || {
            let text = "signs neither RS384 nor ES384: make an RSA key of 2048 bits or more, or an \
                        elliptic one on P-384";
            files::in_file(KEY, path, text)
        };
        let private = files::private_key(KEY, path)?;
        let key = provider().key_provider.load_private_key(private).map_err(|_| unfit())?;
        let ways = [Way::Rs384, Way::Es384];
        let way = ways.into_iter().find(|way| key.choose_scheme(&[way.scheme()]).is_some());
        let way = way.ok_or_else(unfit)?;
        let public = public(&*key).ok_or_else(unfit)?;
        Ok(Signing { key, key_id: key_id.to_owned(), way, public })
    }

    /// A signed JSON Web Token that says this. `None` when the key does not sign after all.
    pub(super) fn token(&self, claims: &Value) -> Option<String> {
        let head = json!({ "alg": self.way.name(), "typ": "JWT", "kid": self.key_id });
        let [head, claims] = [&head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let said = format!("{head}.{claims}");
        let signer = self.key.choose_scheme(&[self.way.scheme()])?;
        let signature = signer.sign(said.as_bytes()).ok()?;
        let signature = match self.way {
            Way::Rs384 => signature,
            Way::Es384 => fixed(&signature)?,
        };
        Some(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public half, as a JSON Web Key.
    pub fn public(&self) -> Value {
        let mut public = self.public.clone();
        public["kid"] = json!(self.key_id);
        public["alg"] = json!(self.way.name());
        public["use"] = json!("sig");
        public
    }
}

/// The public halves of keys, as a JSON Web Key Set.
pub fn jwks(keys: &[Signing]) -> String {
    let keys: Vec<Value> = keys.iter().map(Signing::public).collect();
    json!({ "keys": keys }).to_string()
}

fn public(key: &dyn SigningKey) -> Option<Value> {
    let der = key.public_key()?;
    let (_, info) = SubjectPublicKeyInfo::from_der(&der).ok()?;
    match info.parsed().ok()? {
        PublicKey::RSA(rsa) => Some(json!({
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(without_zeros(rsa.modulus)),
            "e": URL_SAFE_NO_PAD.encode(without_zeros(rsa.exponent)),
        })),
        PublicKey::EC(point) => {
            // An uncompressed point: 4, then its two numbers.
            let numbers = point.data().strip_prefix(&[4])?;
            let (x, y) = numbers.split_at_checked(P384_BYTES)?;
            (y.len() == P384_BYTES).then(|| {
                json!({
                    "kty": "EC",
                    "crv": "P-384",
                    "x": URL_SAFE_NO_PAD.encode(x),
                    "y": URL_SAFE_NO_PAD.encode(y),
                })
            })
        }
        PublicKey::DSA(_)
        | PublicKey::GostR3410(_)
        | PublicKey::GostR3410_2012(_)
        | PublicKey::Unknown(_) => None,
    }
}

/// A signature of two numbers as JSON Web Signatures write it: each at its full length.
fn fixed(der: &[u8]) -> Option<Vec<u8>> {
    let (_, both) = Sequence::from_der(der).ok()?;
    let (rest, r) = Integer::from_der(&both.content).ok()?;
    let (_, s) = Integer::from_der(rest).ok()?;
    let mut out = Vec::with_capacity(2 * P384_BYTES);
    for number in [r.as_ref(), s.as_ref()] {
        let number = without_zeros(number);
        out.resize(out.len() + P384_BYTES.checked_sub(number.len())?, 0);
        out.extend_from_slice(number);
    }
    Some(out)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
