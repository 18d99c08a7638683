//! Something that is wrong in the settings, with its line.

use std::fmt;

/// Something that is wrong in the settings: shown as `file:line: what is wrong and what to write
/// instead`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 means the file as a whole, or the environment.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub text: String,
}

impl Problem {
    /// A problem.
    pub fn new(file: &str, line: usize, text: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}
