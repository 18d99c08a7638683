//! What is wrong in the settings, where, and what to write instead.

use std::fmt;

/// One thing that is wrong. It prints as `collimator.toml:14: …`; for a value of the environment,
/// as `COLLIMATOR__STORE__PATH: …`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, or the variable of the environment.
    pub file: String,
    /// The line, from 1; 0 means the whole.
    pub line: u64,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}
