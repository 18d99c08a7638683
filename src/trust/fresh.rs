//! TLS that is read anew when its files change: a certificate is renewed without a restart.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustls::{ClientConfig, ServerConfig};

use super::{Wrong, chain, files, tls, web_client};
use crate::config::Tls;

/// TLS of files that may be renewed.
pub struct Fresh<C> {
    files: Tls,
    read: Box<Read<C>>,
    current: RwLock<Arc<C>>,
    seen: Mutex<Seen>,
}

type Read<C> = dyn Fn(&Tls, Timestamp) -> Result<Arc<C>, Vec<Wrong>> + Send + Sync;

/// When each file was last written, and how long it is.
type Seen = Vec<Option<(SystemTime, u64)>>;

/// Something that can be read anew, whatever it is for.
pub trait Renewed: Send + Sync {
    /// Reads the files anew. Connections that stand stay as they are; wrong files change nothing.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    fn renew(&self, now: Timestamp) -> Result<(), Vec<Wrong>>;

    /// Whether a file was written since it was last asked.
    fn has_changed(&self) -> bool;

    /// Until when our own certificate, and those before its authority, are valid; `None` without
    /// one.
    fn valid_until(&self) -> Option<Timestamp>;
}

/// TLS for those who connect to us.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn server(tls: &Tls, now: Timestamp) -> Result<Arc<Fresh<ServerConfig>>, Vec<Wrong>> {
    Fresh::read(tls, Box::new(tls::server), now)
}

/// TLS for a receiver that we connect to.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn calling(tls: &Tls, now: Timestamp) -> Result<Arc<Fresh<ClientConfig>>, Vec<Wrong>> {
    Fresh::read(tls, Box::new(|files, now| tls::client(files, now).map(Arc::new)), now)
}

/// A client for a server of the web, each of whose requests may take so long.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn asking(
    tls: &Tls,
    within: Duration,
    now: Timestamp,
) -> Result<Arc<Fresh<reqwest::Client>>, Vec<Wrong>> {
    let made = move |files: &Tls, now| {
        let client = web_client(tls::client(files, now)?, within);
        client.map(Arc::new).map_err(|error| vec![Wrong::new("tls", error.to_string())])
    };
    Fresh::read(tls, Box::new(made), now)
}

impl<C> Fresh<C> {
    fn read(files: &Tls, read: Box<Read<C>>, now: Timestamp) -> Result<Arc<Fresh<C>>, Vec<Wrong>> {
        let seen = Mutex::new(seen(files));
        let current = RwLock::new(read(files, now)?);
        Ok(Arc::new(Fresh { files: files.clone(), read, current, seen }))
    }

    /// As the files said when they were last read.
    pub fn current(&self) -> Arc<C> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<C: Send + Sync> Renewed for Fresh<C> {
    fn renew(&self, now: Timestamp) -> Result<(), Vec<Wrong>> {
        let read = (self.read)(&self.files, now)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    fn has_changed(&self) -> bool {
        let now = seen(&self.files);
        let mut before = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *before != now;
        *before = now;
        is_new
    }

    fn valid_until(&self) -> Option<Timestamp> {
        let list = files::certificates("tls.certificate", self.files.certificate.as_deref()?);
        chain::valid_until(&list.ok()?)
    }
}

fn seen(files: &Tls) -> Seen {
    let stat = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len()))
    };
    let all = [&files.certificate, &files.key, &files.client_authority, &files.authority];
    all.into_iter().flatten().map(|path| stat(path)).collect()
}

/// The key is a secret, and no matter for a log.
impl<C> std::fmt::Debug for Fresh<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fresh({:?})", self.files.certificate)
    }
}
