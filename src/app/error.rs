//! Why a daemon does not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::receive;
use crate::store;

/// Why a daemon does not start, or a command of this room fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings or tables are wrong: every problem, each with file and line.
    #[error("settings or tables are wrong:\n{}", .0.join("\n"))]
    Settings(Vec<String>),
    /// Lines wait for destinations that the settings no longer name.
    #[error("lines wait for destinations that the settings no longer name: {}", .0.join(", "))]
    LostDestinations(Vec<String>),
    /// The store cannot be opened or written.
    #[error("the store in {} cannot be used", folder.display())]
    Store {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        source: store::Error,
    },
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] receive::Error),
    /// The console's address cannot be listened on.
    #[error("cannot listen on {address} for the console")]
    Console {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The machine gives no thread, no temporary folder, no signal.
    #[error("the machine does not give {what}")]
    Machine {
        /// What.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The demo did not come out.
    #[error("{0}")]
    Demo(String),
}

impl Error {
    /// The exit status of a command that ends with it.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Settings(_) | Error::LostDestinations(_) => 78,
            Error::Store { .. } | Error::Listen(_) | Error::Console { .. } => 75,
            Error::Machine { .. } => 75,
            Error::Read { .. } | Error::Demo(_) => 1,
        }
    }
}
