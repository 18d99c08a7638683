//! What can keep a command from being carried out, and how the program then ends.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::app;
use crate::domain::MessageId;
use crate::store;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings or the tables are wrong; every problem, as `file:line: what`.
    #[error("{} wrong in the settings or tables; nothing was started:\n{}", things(problems.len()), problems.join("\n"))]
    Wrong {
        /// Every problem.
        problems: Vec<String>,
    },
    /// There is no store where the settings say.
    #[error("there is no store in {}; it is made when the daemon first runs there", path.display())]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// The store failed.
    #[error("the store cannot be read or written")]
    Store(#[from] store::Error),
    /// A message is on the books whose bytes are not in the intake.
    #[error("the store has lost the bytes of message {0}")]
    LostMessage(MessageId),
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] Arc<io::Error>),
    /// A table cannot be written.
    #[error("cannot write {}", path.display())]
    Unwritten {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A file that the command line names cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing is stored under this name.
    #[error("no line, transaction number or control id is `{0}` in this store")]
    NothingFound(String),
    /// A reason is missing.
    #[error("a decision needs a reason; write one, like --reason 'fraction 5 is on paper'")]
    NoReason,
    /// The daemon, the demo or a rehearsal failed.
    #[error(transparent)]
    App(#[from] app::Error),
}

impl Error {
    /// How the program ends.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status())
    }

    /// Whoever read our output has had enough.
    pub(super) fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    fn status(&self) -> u8 {
        match self {
            Error::NothingFound(_) => 1,
            Error::NoReason => 2,
            Error::LostMessage(_) => 70,
            Error::App(error) => error.exit_status(),
            Error::NoStore { .. }
            | Error::Store(_)
            | Error::Output(_)
            | Error::Unwritten { .. }
            | Error::File { .. } => 75,
            Error::Wrong { .. } => 78,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Output(Arc::new(error))
    }
}

fn things(count: usize) -> String {
    match count {
        1 => "1 thing is".to_owned(),
        count => format!("{count} things are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_ends_the_program_as_the_contract_says() {
        let path = PathBuf::from("x");
        let wrong = Error::Wrong { problems: vec!["codes.csv:4: no".into()] };
        for (error, status) in [
            (Error::NothingFound("x".into()), 1),
            (Error::NoReason, 2),
            (Error::LostMessage(MessageId(4)), 70),
            (Error::NoStore { path }, 75),
            (Error::Store(store::Error::DiskFull), 75),
            (wrong, 78),
        ] {
            assert_eq!(error.status(), status, "{error}");
        }
    }
}
