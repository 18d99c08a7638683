//! A message that can never be billed, and what came back.

use tokio::time::timeout;

use crate::wire::hl7::answer;

use super::dft::{self, Letter};
use super::files;
use super::link::Link;
use super::{CONTROL_ID_PREFIX, Desk, Destination, Server, Way};

/// What a test came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nobody could be reached, for this reason.
    Unreachable(String),
    /// Something was sent, and nothing came back that could be read, for this reason.
    Nothing(String),
    /// This was said: the code, and what stands with it.
    Said {
        /// MSA-1, or the status of HTTP.
        code: String,
        /// In the receiver's words.
        text: String,
        /// Whether it names the message that was sent.
        is_ours: bool,
    },
}

/// Asks a destination for an answer without telling it of anything done: over MLLP a message with
/// `T` in MSH-11 and no FT1, of a FHIR server its own description; a folder is written into, and
/// nothing is left there.
pub async fn test(destination: &Destination, desk: &Desk) -> Heard {
    match &destination.way {
        Way::Mllp { address, tls } => {
            let link = Link::open(address, tls.as_ref()).await;
            match link {
                Ok(link) => over(link, destination, desk).await,
                Err(error) => Heard::Unreachable(error.to_string()),
            }
        }
        Way::Dir(folder) => match files::test(folder).await {
            Ok(syncs) => {
                let written = "a file could be put there, and none was";
                let more = if syncs { "" } else { "; the server does not sync what it is sent" };
                let (code, text) = ("written".to_owned(), format!("{written}{more}"));
                Heard::Said { code, text, is_ours: true }
            }
            Err(error) => Heard::Unreachable(words(&error)),
        },
        Way::Fhir(server) => describes(server, destination).await,
    }
}

/// An error with its cause.
fn words(error: &dyn std::error::Error) -> String {
    error.source().map_or(error.to_string(), |cause| format!("{error}: {cause}"))
}

async fn over(mut link: Link, destination: &Destination, desk: &Desk) -> Heard {
    let seconds = desk.clock.now().as_second();
    let control_id = format!("{CONTROL_ID_PREFIX}T{seconds}");
    let profiles = desk.profile(destination);
    let Some(profile) = profiles.hl7(destination) else {
        return Heard::Unreachable("its profile is none of HL7 v2".to_owned());
    };
    let name = &destination.name;
    let letter = Letter { profile, name, desk, control_id: &control_id, passed: &[] };
    if let Err(error) = link.send(dft::test(&letter)).await {
        return Heard::Nothing(error.to_string());
    }
    let within = destination.answer_within;
    match timeout(within, link.next()).await {
        Err(_) => Heard::Nothing(format!("no answer within {} seconds", within.as_secs())),
        Ok(Err(_)) => Heard::Nothing("the connection ended before an answer came".to_owned()),
        Ok(Ok(frame)) => match answer::read(&frame) {
            Err(error) => Heard::Nothing(error.to_string()),
            Ok(heard) => Heard::Said {
                code: heard.code.as_str().to_owned(),
                is_ours: heard.control_id == control_id,
                text: heard.text,
            },
        },
    }
}

async fn describes(server: &Server, destination: &Destination) -> Heard {
    match super::fhir::describes(server, destination.answer_within).await {
        Err(error) => Heard::Unreachable(error),
        Ok(status) => Heard::Said {
            code: status.to_string(),
            text: String::new(),
            is_ours: (200..300).contains(&status),
        },
    }
}
