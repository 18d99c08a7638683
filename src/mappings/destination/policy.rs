//! What becomes of a line after each answer of its receiver, and after none.

use serde::Deserialize;

use super::hl7::Repeat;

/// What follows from each kind of answer. A yes (AA, CA) is always the end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// AE: the content is wrong.
    #[serde(rename = "AE")]
    pub error: After,
    /// CE: the same, said at once.
    #[serde(rename = "CE")]
    pub commit_error: After,
    /// AR: not now, or not at all.
    #[serde(rename = "AR")]
    pub reject: After,
    /// CR: the same, said at once.
    #[serde(rename = "CR")]
    pub commit_reject: After,
    /// No answer in time.
    pub timeout: Option<After>,
    /// The connection was closed before an answer.
    pub closed: Option<After>,
    /// What came is no answer.
    pub garbage: Option<After>,
    /// An answer whose MSA-2 names no message of ours.
    pub mismatch: Mismatch,
    /// What a no to a message of several lines means for those that it does not name.
    pub partial: Partial,
    /// How often a line is tried, at most, before a person must look.
    pub tries: usize,
    /// Seconds before the second try; each later one waits twice as long as the one before.
    pub retry_seconds: u64,
    /// The longest of these waits, in seconds.
    pub retry_seconds_max: u64,
    /// After so many failures in a row the destination is left alone; 0 for never.
    pub breaker: u32,
    /// For so many seconds; then one line tries.
    pub breaker_seconds: u64,
    /// Milliseconds between two messages, at least.
    pub interval_ms: u64,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// A person must look: declined, or in doubt.
    Person,
    /// It is tried again later; when it was tried often enough, a person must look.
    Retry,
    /// It waits, and with it everything for this destination, until a person resumes it.
    Pause,
}

/// What a no to a message of several lines means for those that it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partial {
    /// Nothing of the message was taken: they go again, each in a message of its own.
    Refused,
    /// They were taken.
    Taken,
}

/// What an answer means that names no message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mismatch {
    /// Nothing: the answer is still awaited.
    Wait,
    /// It is the answer: some receivers number their answers and echo nothing.
    Accept,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            error: After::Person,
            commit_error: After::Person,
            reject: After::Person,
            commit_reject: After::Person,
            timeout: None,
            closed: None,
            garbage: None,
            mismatch: Mismatch::Wait,
            partial: Partial::Refused,
            tries: 5,
            retry_seconds: 5,
            retry_seconds_max: 300,
            breaker: 5,
            breaker_seconds: 30,
            interval_ms: 0,
        }
    }
}

impl Policy {
    /// Seconds until a line that was tried so often may be tried again.
    pub fn retry_after(&self, tried: usize) -> u64 {
        let doubled = u32::try_from(tried.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
        self.retry_seconds.saturating_mul(1 << doubled).min(self.retry_seconds_max)
    }

    /// What becomes of a line in doubt: what the table says; else it goes again where a repeat is
    /// recognized, and a person must look where it is not.
    pub fn in_doubt(said: Option<After>, repeat: Repeat) -> After {
        said.unwrap_or(match repeat {
            Repeat::No => After::Person,
            Repeat::ControlId | Repeat::Transaction => After::Retry,
        })
    }

    pub(super) fn problem(&self, repeat: Repeat) -> Option<String> {
        let doubts =
            [("timeout", self.timeout), ("closed", self.closed), ("garbage", self.garbage)];
        let blind = |(_, said): &&(&str, Option<After>)| *said == Some(After::Retry);
        if repeat == Repeat::No
            && let Some((key, _)) = doubts.iter().find(blind)
        {
            return Some(format!(
                "policy.{key} is \"retry\", and recognizes_repeat is \"no\": the receiver would bill twice"
            ));
        }
        let text = match self {
            it if it.tries == 0 => "policy.tries is 0: every line is tried once",
            it if it.tries > 100 => "policy.tries is more than 100: nobody would ever look",
            it if it.breaker > 0 && it.breaker_seconds == 0 => {
                "policy.breaker_seconds is 0: write breaker = 0 for never"
            }
            it if it.interval_ms > 60_000 => "policy.interval_ms is more than a minute",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn out_7_each_try_waits_longer_up_to_a_limit() {
        let policy = Policy { retry_seconds: 5, retry_seconds_max: 60, ..Policy::default() };
        for row in rows(
            "
            | tried | waits |
            |     1 |     5 |
            |     2 |    10 |
            |     4 |    40 |
            |     5 |    60 |
            |   900 |    60 |
            ",
        ) {
            let waits = policy.retry_after(row["tried"].parse().unwrap());
            assert_eq!(waits.to_string(), row["waits"], "{row}");
        }
    }
}
