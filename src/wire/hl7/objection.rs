//! What stands against a message, in HL7's own words: an answer code, a place, a number, a text.

use std::fmt;

/// MSA-1: what the other side is told, or tells us (table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MsaCode {
    /// `AA`: taken.
    Accept,
    /// `AE`: an error in the message.
    Error,
    /// `AR`: not taken, for what it is or for a reason outside its content.
    Reject,
    /// `CA`: safely stored; a word on its content may follow.
    CommitAccept,
    /// `CE`: could not be stored.
    CommitError,
    /// `CR`: not stored, for what it is.
    CommitReject,
}

/// Where in a message something stands (data type ERL, its first three components).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ErrorLocation {
    /// Segment name.
    pub segment: String,
    /// Which one of that name, from 1; for a name that is none, which segment of the message.
    pub occurrence: u16,
    /// Field, from 1; 0 means the whole segment.
    pub field: u16,
}

/// How much something counts (table 0516).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// `E`.
    Error,
    /// `W`.
    Warning,
    /// `I`.
    Information,
}

/// Why a message is not taken, or what is noted of one that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Objection {
    /// Error or reject; accept for what is only noted.
    pub answer: MsaCode,
    /// How much it counts.
    pub severity: Severity,
    /// Code of table 0357.
    pub code: u16,
    /// Where.
    pub location: Option<ErrorLocation>,
    /// In words, without the patient.
    pub text: String,
}

impl MsaCode {
    const ALL: [(MsaCode, &'static str); 6] = [
        (MsaCode::Accept, "AA"),
        (MsaCode::Error, "AE"),
        (MsaCode::Reject, "AR"),
        (MsaCode::CommitAccept, "CA"),
        (MsaCode::CommitError, "CE"),
        (MsaCode::CommitReject, "CR"),
    ];

    /// As written.
    pub fn as_str(self) -> &'static str {
        MsaCode::ALL.iter().find(|(code, _)| *code == self).map_or("AR", |(_, text)| text)
    }

    /// Reads it; case and blanks at the ends are spelling.
    pub fn parse(text: &str) -> Option<MsaCode> {
        let text = text.trim();
        MsaCode::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(code, _)| *code)
    }

    /// Whether it says yes.
    pub fn accepts(self) -> bool {
        matches!(self, MsaCode::Accept | MsaCode::CommitAccept)
    }

    /// Whether it speaks of safe storage only (enhanced mode).
    pub fn is_commit(self) -> bool {
        matches!(self, MsaCode::CommitAccept | MsaCode::CommitError | MsaCode::CommitReject)
    }
}

impl Severity {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "E",
            Severity::Warning => "W",
            Severity::Information => "I",
        }
    }
}

impl Objection {
    fn new(answer: MsaCode, severity: Severity, (code, text): (u16, String)) -> Objection {
        Objection { answer, severity, code, location: None, text }
    }

    /// Something that is noted, and refuses nothing.
    pub fn noted(code: u16, severity: Severity, text: impl Into<String>) -> Objection {
        Objection::new(MsaCode::Accept, severity, (code, text.into()))
    }

    /// An error in the message (`AE`).
    pub fn error(code: u16, text: impl Into<String>) -> Objection {
        Objection::new(MsaCode::Error, Severity::Error, (code, text.into()))
    }

    /// A message that is not for us to take (`AR`).
    pub fn reject(code: u16, text: impl Into<String>) -> Objection {
        Objection::new(MsaCode::Reject, Severity::Error, (code, text.into()))
    }

    /// The same, with its place.
    pub fn at(self, segment: &str, occurrence: u16, field: u16) -> Objection {
        let location = ErrorLocation { segment: segment.to_owned(), occurrence, field };
        Objection { location: Some(location), ..self }
    }
}

impl fmt::Display for ErrorLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}^{}", self.segment, self.occurrence)?;
        if self.field > 0 { write!(f, "^{}", self.field) } else { Ok(()) }
    }
}
