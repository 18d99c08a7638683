//! What is wrong in a table, where, and what to write instead.

use std::fmt;

/// One thing that is wrong in one file. It prints as `mappings/codes.csv:14: …`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as the person who opens it calls it.
    pub file: String,
    /// The line, from 1; 0 means the whole file.
    pub line: u64,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl Problem {
    /// A problem of one line.
    pub fn new(file: impl Into<String>, line: u64, text: impl Into<String>) -> Problem {
        Problem { file: file.into(), line, text: text.into() }
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
