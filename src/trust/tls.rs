//! TLS for both ends of a connection, from the files that the settings name.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{Wrong, chain, files};
use crate::config::Tls;

/// The one choice of ciphers.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// TLS for those who connect to us.
///
/// # Errors
/// Everything that is wrong with the files.
pub(super) fn server(tls: &Tls, now: Timestamp) -> Result<Arc<ServerConfig>, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let identity = identity(tls, now, &mut wrong);
    let authority = tls.client_authority.as_deref().and_then(|path| {
        roots(("tls.client_authority", path), now).map_err(|fault| wrong.push(fault)).ok()
    });
    let identity = identity.ok_or_else(|| {
        if wrong.is_empty() {
            wrong.push(Wrong::new("tls.certificate", "is missing"));
        }
        std::mem::take(&mut wrong)
    })?;
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let fails = |key: &'static str, text: String| vec![Wrong::new(key, text)];
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| fails("tls", error.to_string()))?;
    let builder = match authority {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            // No list of authorities is shown: a client whose library finds itself in none of them
            // would keep its certificate to itself.
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
                .clear_root_hint_subjects()
                .build()
                .map_err(|error| fails("tls.client_authority", error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder
        .with_single_cert(identity.0, identity.1)
        .map_err(|error| fails("tls.certificate", error.to_string()))?;
    Ok(Arc::new(config))
}

/// TLS for servers that we connect to.
///
/// # Errors
/// Everything that is wrong with the files.
pub fn client(tls: &Tls, now: Timestamp) -> Result<ClientConfig, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let identity = identity(tls, now, &mut wrong);
    let roots = match &tls.authority {
        Some(path) => roots(("tls.authority", path), now).map_err(|fault| wrong.push(fault)).ok(),
        None => Some(of_machine()),
    };
    let Some(roots) = roots.filter(|_| wrong.is_empty()) else {
        return Err(wrong);
    };
    let fails = |key: &'static str, text: String| vec![Wrong::new(key, text)];
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| fails("tls", error.to_string()))?
        .with_root_certificates(roots);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| fails("tls.certificate", error.to_string())),
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(tls: &Tls, now: Timestamp, wrong: &mut Vec<Wrong>) -> Option<Identity> {
    let (certificate, key) = tls.certificate.as_deref().zip(tls.key.as_deref())?;
    let chain = files::certificates("tls.certificate", certificate);
    let private = files::private_key("tls.key", key);
    for fault in [chain.as_ref().err(), private.as_ref().err()].into_iter().flatten() {
        wrong.push(fault.clone());
    }
    let (chain, private) = chain.ok().zip(private.ok())?;
    let public = match provider().key_provider.load_private_key(private.clone_key()) {
        Ok(loaded) => loaded.public_key().map(|public| public.as_ref().to_vec()),
        Err(_) => {
            let text = "holds a key of a kind that is not spoken: RSA of 2048 bits or more, or \
                        elliptic on P-256, P-384 or P-521";
            wrong.push(files::in_file("tls.key", key, text));
            return None;
        }
    };
    wrong.extend(chain::faults(&chain, public.as_deref(), now, (certificate, key)));
    Some((chain, private))
}

fn roots((key, path): (&'static str, &Path), now: Timestamp) -> Result<RootCertStore, Wrong> {
    let list = files::certificates(key, path)?;
    if let Some(fault) = chain::authorities_fault(&list, now, (key, path)) {
        return Err(fault);
    }
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(list);
    if taken == 0 {
        return Err(files::in_file(key, path, "holds no certificate that can be trusted"));
    }
    Ok(roots)
}

/// The authorities that this machine trusts.
fn of_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, passed_over) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(taken, passed_over, "the machine's authorities were read");
    roots
}
