//! Whether a certificate belongs to its key, stands before its authorities, and is valid.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use super::Wrong;
use super::files::in_file;

/// What is wrong with a chain: it begins with the certificate of the key, whose public half is
/// given; each is followed by the one that signed it; and all are valid now.
pub(super) fn faults(
    chain: &[CertificateDer<'_>],
    public: Option<&[u8]>,
    now: Timestamp,
    (certificate, key): (&Path, &Path),
) -> Vec<Wrong> {
    let wrong = |text: &str| in_file("tls.certificate", certificate, text);
    let read = match read(chain) {
        Ok(read) => read,
        Err(nth) => return vec![wrong(&format!("cannot be read: its certificate {nth} is none"))],
    };
    let mut faults = Vec::new();
    match public.map(|public| read.iter().position(|one| one.public_key().raw == public)) {
        Some(None) => {
            let text = format!(
                "is not the key of the certificate in {} ({})",
                certificate.display(),
                read.first().map_or(String::new(), name)
            );
            faults.push(in_file("tls.key", key, &text));
        }
        Some(Some(nth)) if nth > 0 => faults.push(wrong(&format!(
            "is in the wrong order: the certificate of the key ({}) stands at place {}; write it \
             first, then each one that signed the one before",
            name(&read[nth]),
            nth + 1
        ))),
        Some(Some(_)) | None => faults.extend(out_of_order(&read).map(|text| wrong(&text))),
    }
    faults.extend(read.iter().filter_map(|one| invalid(one, now)).map(|text| wrong(&text)));
    if let Some(old) = read.iter().find(|one| one.version() != X509Version::V3) {
        let text = "is of the first version of X.509, which is not spoken: ask for the third";
        faults.push(wrong(&format!("{text} ({})", name(old))));
    }
    faults
}

/// Until when all of a chain is valid.
pub(super) fn valid_until(chain: &[CertificateDer<'_>]) -> Option<Timestamp> {
    let ends = read(chain).ok()?.into_iter().map(|one| one.validity().not_after.timestamp());
    Timestamp::from_second(ends.min()?).ok()
}

/// What is wrong with a list of authorities: that none of them is valid.
pub(super) fn authorities_fault(
    list: &[CertificateDer<'_>],
    now: Timestamp,
    (key, path): (&'static str, &Path),
) -> Option<Wrong> {
    let Ok(read) = read(list) else {
        return Some(in_file(key, path, "holds something that is no certificate"));
    };
    let invalid: Vec<String> = read.iter().filter_map(|one| invalid(one, now)).collect();
    let all = invalid.len() == read.len();
    all.then(|| in_file(key, path, &invalid.join("; ")))
}

/// The certificates, or which of them is none.
fn read<'a>(chain: &'a [CertificateDer<'_>]) -> Result<Vec<X509Certificate<'a>>, usize> {
    let each = chain.iter().enumerate();
    each.map(|(n, der)| {
        let read = X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty());
        read.map(|(_, certificate)| certificate).ok_or(n + 1)
    })
    .collect()
}

fn out_of_order(chain: &[X509Certificate<'_>]) -> Option<String> {
    chain.windows(2).find(|pair| pair[0].issuer().as_raw() != pair[1].subject().as_raw()).map(
        |pair| {
            format!(
                "is in the wrong order: {} did not sign {} before it; write each one that signed \
                 the one before",
                name(&pair[1]),
                name(&pair[0])
            )
        },
    )
}

fn invalid(certificate: &X509Certificate<'_>, now: Timestamp) -> Option<String> {
    let (from, until) = (certificate.validity().not_before, certificate.validity().not_after);
    let day = |seconds: i64| {
        Timestamp::from_second(seconds).map_or_else(
            |_| "a day out of reach".to_owned(),
            |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        )
    };
    if until.timestamp() < now.as_second() {
        let day = day(until.timestamp());
        return Some(format!("has expired on {day} ({}): ask for a new one", name(certificate)));
    }
    if from.timestamp() > now.as_second() {
        let day = day(from.timestamp());
        return Some(format!("is not valid before {day} ({})", name(certificate)));
    }
    None
}

fn name(certificate: &X509Certificate<'_>) -> String {
    certificate.subject().to_string()
}
