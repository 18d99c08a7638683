//! How each source comes here, and each destination is reached, with the files that its settings
//! name.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::Access;

use crate::config::{
    Destination, Dropped, Listened, Place, Poll, Remote, Send, Settings, Source, Way,
};
use crate::disk::SSH;
use crate::dispatch;
use crate::domain::Clock;
use crate::receive::{Asked, CallBack};
use crate::trust::{self, Bearer, Tokens, Wrong};

use super::plan::{Endpoint, SourcePlan, SourceWay};

/// How long a server that is asked may take for an answer.
const ANSWER_SECONDS_MAX: u64 = 120;

/// Every source in the order of the settings, or what is wrong with the files that it names.
pub(super) fn sources(
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Vec<Result<SourcePlan, Vec<String>>> {
    let each = settings.sources.iter().enumerate();
    each.map(|(n, source)| {
        let told = |wrong: Vec<Wrong>| {
            let problem = |wrong: &Wrong| {
                let key = format!("source[{n}].{}", wrong.key);
                settings.problem(&key, &wrong.text).to_string()
            };
            wrong.iter().map(problem).collect::<Vec<_>>()
        };
        let way = way(source, &clock).map_err(told)?;
        Ok(SourcePlan { name: source.name.clone(), way })
    })
    .collect()
}

/// How every destination is reached, in the order of the settings, or what is wrong with the files
/// that it names.
pub(super) fn destinations(
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Vec<Result<dispatch::Way, Vec<String>>> {
    let each = settings.destinations.iter().enumerate();
    each.map(|(n, destination)| {
        reached(destination, &clock).map_err(|wrong| {
            let problem = |wrong: &Wrong| {
                let key = format!("destination[{n}].{}", wrong.key);
                settings.problem(&key, &wrong.text).to_string()
            };
            wrong.iter().map(problem).collect()
        })
    })
    .collect()
}

fn reached(destination: &Destination, clock: &Arc<dyn Clock>) -> Result<dispatch::Way, Vec<Wrong>> {
    match &destination.send {
        Send::Mllp(address) => Ok(dispatch::Way::Mllp { address: address.clone(), tls: None }),
        Send::Mllps(address) => {
            let tls = trust::calling(&destination.tls, clock.now())?;
            Ok(dispatch::Way::Mllp { address: address.clone(), tls: Some(tls) })
        }
        Send::Dir(place) => {
            usable(place, "send")?;
            let batches = destination.batches.clone();
            Ok(dispatch::Way::Dir(dispatch::Folder {
                place: place.clone(),
                lines_max: batches.lines_max,
                every: batches.every,
                trigger: batches.trigger,
            }))
        }
        Send::Fhir(base) => {
            let within = Duration::from_secs(destination.answer_seconds);
            let client = trust::asking(&destination.tls, within, clock.now())?;
            let bearer = Bearer::new(&destination.grant, client.clone(), Arc::clone(clock));
            let bearer = Arc::new(bearer.map_err(|wrong| vec![wrong])?);
            Ok(dispatch::Way::Fhir(dispatch::Server { base: base.clone(), client, bearer }))
        }
    }
}

fn way(source: &Source, clock: &Arc<dyn Clock>) -> Result<SourceWay, Vec<Wrong>> {
    match &source.way {
        Way::Listened(listened) => endpoint(listened, clock).map(SourceWay::Listened),
        Way::Polled(poll) => asked(poll, clock).map(|asked| SourceWay::Polled(Box::new(asked))),
        Way::Dropped(dropped) => self::dropped(dropped).map(SourceWay::Dropped),
    }
}

fn dropped(dropped: &Dropped) -> Result<Dropped, Vec<Wrong>> {
    usable(&dropped.place, "listen")?;
    Ok(dropped.clone())
}

/// Whether a folder can be used, as far as this machine tells; `key` names the folder.
fn usable(place: &Place, key: &'static str) -> Result<(), Vec<Wrong>> {
    match place {
        Place::Here(folder) => open(folder).map_err(|text| vec![Wrong { key, text }]),
        Place::There(remote) => reachable(remote, key),
    }
}

/// Whether there is an `ssh`, and what it is to use. No server is asked.
fn reachable(remote: &Remote, key: &'static str) -> Result<(), Vec<Wrong>> {
    let mut wrong = Vec::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_program = |path: &Path| rustix::fs::access(path, Access::EXEC_OK).is_ok();
    if !std::env::split_paths(&path).any(|folder| is_program(&folder.join(SSH))) {
        let text =
            "needs the program `ssh`, which is not on this machine: install OpenSSH's client";
        wrong.push(Wrong { key, text: text.to_owned() });
    }
    if let Some(Err(text)) = remote.identity_file.as_deref().map(own_key) {
        wrong.push(Wrong { key: "identity_file", text });
    }
    if let Some(Err(text)) = remote.known_hosts.as_deref().map(readable) {
        wrong.push(Wrong { key: "known_hosts", text });
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn readable(file: &Path) -> Result<(), String> {
    let shown = file.display();
    std::fs::File::open(file).map(drop).map_err(|error| format!("{shown}: {error}"))
}

/// A key of ours that others can read is one that `ssh` does not use.
fn own_key(file: &Path) -> Result<(), String> {
    readable(file)?;
    let shown = file.display();
    let metadata = std::fs::metadata(file).map_err(|error| format!("{shown}: {error}"))?;
    let is_ours = metadata.uid() == rustix::process::getuid().as_raw();
    if is_ours && metadata.mode() & 0o077 != 0 {
        return Err(format!("{shown} can be read by others, and `ssh` wants none: chmod 600"));
    }
    Ok(())
}

/// Whether files can be read from, and moved within, a folder.
fn open(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let metadata = std::fs::metadata(folder).map_err(|error| format!("{shown}: {error}"))?;
    if !metadata.is_dir() {
        return Err(format!("{shown} is no folder"));
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(folder, wanted)
        .map_err(|error| format!("{shown} cannot be read and written: {error}"))
}

fn endpoint(listened: &Listened, clock: &Arc<dyn Clock>) -> Result<Endpoint, Vec<Wrong>> {
    let is_secure = listened.listen.is_secure();
    let tls = is_secure.then(|| trust::server(&listened.tls, clock.now())).transpose();
    let tokens = listened.tokens_file.as_deref().map(Tokens::read).transpose();
    let answers_to = listened.answers_to.as_deref().and_then(|to| call_back(to, listened, clock));
    let answers_to = answers_to.transpose();
    let (tls, tokens, answers_to) = match (tls, tokens, answers_to) {
        (Ok(tls), Ok(tokens), Ok(answers_to)) => (tls, tokens, answers_to),
        (tls, tokens, answers_to) => {
            let wrong = tls.err().into_iter().flatten().chain(tokens.err());
            return Err(wrong.chain(answers_to.err().into_iter().flatten()).collect());
        }
    };
    Ok(Endpoint {
        address: listened.listen.socket(),
        tls,
        is_http: listened.listen.is_http(),
        tokens: tokens.map(Arc::new),
        manner: listened.manner.clone(),
        answers_to,
    })
}

/// Where a sender is told what came of its messages; only over MLLP.
fn call_back(
    to: &Send,
    listened: &Listened,
    clock: &Arc<dyn Clock>,
) -> Option<Result<CallBack, Vec<Wrong>>> {
    match to {
        Send::Mllp(address) => Some(Ok(CallBack { address: address.clone(), tls: None })),
        Send::Mllps(address) => {
            let tls = trust::calling(&listened.tls, clock.now());
            Some(tls.map(|tls| CallBack { address: address.clone(), tls: Some(tls) }))
        }
        Send::Fhir(_) | Send::Dir(_) => None,
    }
}

fn asked(poll: &Poll, clock: &Arc<dyn Clock>) -> Result<Asked, Vec<Wrong>> {
    let within = Duration::from_secs(ANSWER_SECONDS_MAX);
    let client = trust::asking(&poll.tls, within, clock.now())?;
    let bearer = Bearer::new(&poll.grant, client.clone(), Arc::clone(clock));
    let bearer = Arc::new(bearer.map_err(|wrong| vec![wrong])?);
    Ok(Asked { poll: poll.clone(), client, bearer })
}
