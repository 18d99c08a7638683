//! Why a folder cannot be used.

use std::io;

/// Why a folder cannot be used. No variant holds the name of a file, which may name a patient.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine's own disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// A file of that name is there.
    #[error("a file of that name is there already")]
    Taken,
    /// There is no `ssh` on this machine, or it cannot be started.
    #[error("the program `ssh` cannot be started")]
    NotStarted(#[source] io::Error),
    /// The server's key is not one that is believed; nothing was said to it.
    #[error("the host key of the server is unknown or another than the known one: {0}")]
    HostKey(String),
    /// The server does not know our key.
    #[error("the server does not let us in: {0}")]
    NotLetIn(String),
    /// No connection came about; in the words of `ssh`.
    #[error("the server cannot be reached: {0}")]
    Unreached(String),
    /// The connection ended in the middle.
    #[error("the connection to the server ended")]
    Ended,
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    Silent,
    /// What the server says is no SFTP of version 3.
    #[error("the server does not speak SFTP as it should: {0}")]
    Garbled(&'static str),
    /// The path is of no folder.
    #[error("the path is of no folder")]
    NoFolder,
    /// The server says no.
    #[error("the server says: {0}")]
    Refused(Answer),
}

/// Why a server says no; its own words are not kept, for they may name a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Answer {
    /// The file ends here.
    #[error("the file ends here")]
    End,
    /// There is no such file or folder.
    #[error("there is no such file or folder")]
    NotThere,
    /// It is not permitted.
    #[error("permission denied")]
    Denied,
    /// It failed.
    #[error("it failed")]
    Failed,
    /// It cannot do that.
    #[error("it cannot do that")]
    Unable,
    /// Another number of the protocol.
    #[error("status {0}")]
    Other(u32),
}

impl Error {
    /// Whether nothing can be done with the folder now, and not only with one file.
    pub fn is_of_the_folder(&self) -> bool {
        match self {
            Error::Disk(_) | Error::Taken | Error::NoFolder | Error::Refused(_) => false,
            Error::NotStarted(_)
            | Error::HostKey(_)
            | Error::NotLetIn(_)
            | Error::Unreached(_)
            | Error::Ended
            | Error::Silent
            | Error::Garbled(_) => true,
        }
    }
}
