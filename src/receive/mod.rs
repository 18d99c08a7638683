//! Listens, stores, then acknowledges.
//!
//! **In:** connections of one source, and what comes over them; a source that is asked; or files that
//! it drops. **Out:**
//! stored messages, and to each of them, in the order in which they came, its acknowledgment.
//!
//! **Never:** acknowledges before the commit, interprets a message beyond the quick look that its
//! answer needs, or writes anything of a message into a log.
//!
//! **Start at** [`Reception::take`], which is the whole promise; [`Listener`] brings it the frames.
//! What comes over FHIR is brought to [`TakesFhir`].

mod connection;
mod counts;
mod due;
mod fhir;
mod folder;
mod http;
mod listener;
mod options;
mod owed;
mod poll;
mod reception;
mod seat;
mod sequence;
mod taking;
mod teller;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use crate::domain::Retry;

pub use counts::{Counted, Counts};
pub use fhir::{FhirDesk, Objects};
pub use folder::{Gatherer, as_sent};
pub use http::Door;
pub use listener::Listener;
pub use options::{
    CONNECTIONS_MAX, FRAME_SECONDS_MAX, IDLE_SECONDS_MAX, Limits, MESSAGE_BYTES_MAX,
    TOGETHER_BYTES_MAX, TOGETHER_MESSAGES_MAX,
};
pub use poll::{Asked, Poller};
pub use reception::{Reception, verdict};
pub use taking::{BoxFuture, FhirAnswer, FhirRequest, Method, NotSpoken, TakesFhir};
pub use teller::{CallBack, Teller};

/// A listener that cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// What may be done about it.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Bind { .. } => Retry::Later,
        }
    }
}
