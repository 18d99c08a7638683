//! Why a walk did not come to its end.

use crate::store;
use crate::trust;

/// Why a walk did not come to its end. No text holds what was searched for: that may be a patient's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Short {
    /// The next page is on another server, or on this one without TLS.
    #[error("the next page is at {told}, and {asked} was asked: no other server is followed")]
    Elsewhere {
        /// Who was asked.
        asked: String,
        /// Where the next page is.
        told: String,
    },
    /// The address of the next page is none.
    #[error("the address of the next page is none")]
    NoAddress,
    /// The next page is one that was read.
    #[error("the pages lead around in a circle")]
    Circle,
    /// A page holds nothing, and has a next one.
    #[error("a page holds nothing, and says there is a next one")]
    Hollow,
    /// There is no end of pages.
    #[error("there are more than {0} pages")]
    Endless(usize),
    /// A page of a search is no longer known.
    #[error("the search has expired before its last page")]
    Expired,
    /// The server gives only so much of all there is.
    #[error("the server gives {received} of {total} resources and no next page")]
    Capped {
        /// What it gave.
        received: u64,
        /// What there is, by its own word.
        total: u64,
    },
    /// A page is as full as it may be, the next one is missing, and asking on brings nothing.
    #[error("a full page of {received} resources has no next one")]
    Cut {
        /// What it gave.
        received: u64,
    },
    /// Nobody answers.
    #[error("the server does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The server says no.
    #[error("the server answers {status}")]
    Status {
        /// Its status.
        status: u16,
        /// How long it wants to be left alone, in seconds.
        retry_after: Option<u64>,
    },
    /// The server sends us elsewhere.
    #[error("the server answers {status} and sends us to {told}: no redirect is followed")]
    Moved {
        /// Its status.
        status: u16,
        /// Where to.
        told: String,
    },
    /// The answer is something else.
    #[error("the answer is no searchset in FHIR JSON")]
    NotFhir,
    /// The answer is longer than a message may be.
    #[error("the answer is longer than a message may be")]
    TooLong,
    /// There is no token.
    #[error("there is no token")]
    Token(#[source] trust::Error),
    /// What came could not be stored.
    #[error("a page could not be stored: {0}")]
    NotStored(u16),
    /// The cursor could not be read or moved.
    #[error("the store fails")]
    Store(#[source] store::Error),
}

impl Short {
    /// Whether the other types would fare no better now.
    pub(super) fn ends_round(&self) -> bool {
        match self {
            Short::Unreachable(_) | Short::Token(_) | Short::NotStored(_) | Short::Store(_) => true,
            Short::Status { status, .. } => matches!(status, 401 | 429 | 503),
            Short::Elsewhere { .. }
            | Short::NoAddress
            | Short::Circle
            | Short::Hollow
            | Short::Endless(_)
            | Short::Expired
            | Short::Capped { .. }
            | Short::Cut { .. }
            | Short::Moved { .. }
            | Short::NotFhir
            | Short::TooLong => false,
        }
    }

    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Short::Status { retry_after, .. } => *retry_after,
            Short::Unreachable(_)
            | Short::Token(_)
            | Short::NotStored(_)
            | Short::Store(_)
            | Short::Elsewhere { .. }
            | Short::NoAddress
            | Short::Circle
            | Short::Hollow
            | Short::Endless(_)
            | Short::Expired
            | Short::Capped { .. }
            | Short::Cut { .. }
            | Short::Moved { .. }
            | Short::NotFhir
            | Short::TooLong => None,
        }
    }
}
