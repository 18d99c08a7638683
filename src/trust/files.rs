//! Reads certificates, keys and secrets from their files.

use std::path::Path;

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Wrong;

/// No file of ours is longer; the list of a machine's authorities has a quarter of that.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The shortest secret that is one.
pub(super) const SECRET_SIGNS_MIN: usize = 16;

/// Every certificate of a file, in its order; at least one.
pub(super) fn certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let bytes = pem(key, path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = read.map_err(|error| unreadable(key, path, &error))?;
    if found.is_empty() {
        let text = "holds no certificate: it has a line -----BEGIN CERTIFICATE-----";
        return Err(in_file(key, path, text));
    }
    Ok(found)
}

/// The private key of a file.
pub(super) fn private_key(key: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, Wrong> {
    let bytes = pem(key, path)?;
    if contains(&bytes, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(&bytes, b"Proc-Type: 4,ENC") {
        let text = "is encrypted: write the key without a passphrase (openssl pkey -in … -out …)";
        return Err(in_file(key, path, text));
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(found) => Ok(found),
        Err(PemError::NoItemsFound) => {
            let text = "holds no private key: it has a line such as -----BEGIN PRIVATE KEY-----";
            Err(in_file(key, path, text))
        }
        Err(error) => Err(unreadable(key, path, &error)),
    }
}

/// The secret in a file: its only line.
pub(super) fn secret(key: &'static str, path: &Path) -> Result<String, Wrong> {
    let text = text(key, path)?;
    let secret = text.trim();
    if secret.is_empty() || secret.contains(|sign: char| !(' '..='~').contains(&sign)) {
        return Err(in_file(key, path, "holds no secret: write it as one line"));
    }
    Ok(secret.to_owned())
}

/// A file as text.
pub(super) fn text(key: &'static str, path: &Path) -> Result<String, Wrong> {
    String::from_utf8(bytes(key, path)?).map_err(|_| in_file(key, path, "is no text"))
}

/// Something that is wrong with a file.
pub(super) fn in_file(key: &'static str, path: &Path, text: &str) -> Wrong {
    Wrong::new(key, format!("{} {text}", path.display()))
}

fn pem(key: &'static str, path: &Path) -> Result<Vec<u8>, Wrong> {
    let bytes = bytes(key, path)?;
    if bytes.first() == Some(&0x30) && !contains(&bytes, b"-----BEGIN") {
        return Err(in_file(
            key,
            path,
            "is binary: write it as PEM (openssl x509, pkey or pkcs12)",
        ));
    }
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    Ok(marked.map_or_else(|| bytes.clone(), <[u8]>::to_vec))
}

fn bytes(key: &'static str, path: &Path) -> Result<Vec<u8>, Wrong> {
    let unread = |error| in_file(key, path, &format!("cannot be read: {error}"));
    if std::fs::metadata(path).map_err(unread)?.len() > FILE_BYTES_MAX {
        return Err(in_file(key, path, "is too long to be what it should be"));
    }
    std::fs::read(path).map_err(unread)
}

fn unreadable(key: &'static str, path: &Path, error: &PemError) -> Wrong {
    in_file(key, path, &format!("is no sound PEM ({error}): it was cut, or is damaged"))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}
