//! Certificates and keys of invented authorities, made anew by each test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use collimator::config::Tls;
use collimator::domain::Clock;
use collimator::telemetry::SystemClock;
use tempfile::TempDir;

/// The moment at which certificates are looked at.
pub fn now() -> jiff::Timestamp {
    SystemClock.now()
}

/// The folder with what `certificates.sh` makes.
pub fn folder() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/certificates.sh");
        let done = Command::new("sh").arg(script).current_dir(folder.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        folder
    })
    .path()
}

/// One of its files.
pub fn file(name: &str) -> PathBuf {
    folder().join(name)
}

/// A server with such a key; with the root as `client_authority` if it is mutual.
pub fn server(key: &str, is_mutual: bool) -> Tls {
    Tls {
        certificate: Some(file(&format!("{key}.chain.pem"))),
        key: Some(file(&format!("{key}.key"))),
        client_authority: is_mutual.then(|| file("root.pem")),
        authority: None,
    }
}

/// A client that knows the root, with a certificate or without.
pub fn client(certificate: Option<&str>) -> Tls {
    Tls {
        certificate: certificate.map(|name| file(&format!("{name}.pem"))),
        key: certificate.map(|name| file(&format!("{name}.key"))),
        client_authority: None,
        authority: Some(file("root.pem")),
    }
}
