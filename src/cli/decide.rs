//! `collimator release`, `hold`, `withdraw`, `resend`: what a person decides about lines.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::check::MAY_BE_OVERRIDDEN;
use crate::domain::{BookedLine, Entry, EntryKind, LineId, Outcome, Who};
use crate::ledger::{self, Action};
use crate::store::{Books, Conflict, Decided, Expected, LineChange};

use super::desk::{self, Config};
use super::{Error, FOUND_WRONG};

/// Which lines, and why.
#[derive(Debug, Args)]
pub(super) struct Decide {
    #[command(flatten)]
    config: Config,
    /// Numbers of the lines
    #[arg(required = true, value_name = "LINE")]
    lines: Vec<i64>,
    /// Why; written into the ledger with your name
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Lines to let go, and why.
#[derive(Debug, Args)]
pub(super) struct Release {
    #[command(flatten)]
    decide: Decide,
    /// Let rejected lines go whose rules a person may override
    #[arg(long = "override")]
    overrides: bool,
}

impl Release {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        self.decide.run(if self.overrides { Action::Override } else { Action::Release })
    }
}

impl Decide {
    pub(super) fn run(&self, action: Action) -> Result<ExitCode, Error> {
        let reason = self.reason.trim();
        if reason.is_empty() {
            return Err(Error::NoReason);
        }
        let who = Who::Person { name: name(&|key| std::env::var(key).ok()), reason: reason.into() };
        let books = self.config.desk()?.books()?;
        let mut refused = false;
        for line in &self.lines {
            let line = LineId(*line);
            match carry_out(&books, line, action, &who)? {
                Ok(()) => println_done(line, action)?,
                Err(why) => {
                    refused = true;
                    eprintln!("line {line}: {why}");
                }
            }
        }
        Ok(if refused { ExitCode::from(FOUND_WRONG) } else { ExitCode::SUCCESS })
    }
}

/// Writes the decision about one line, or says why it cannot be.
fn carry_out(
    books: &Books,
    line: LineId,
    action: Action,
    who: &Who,
) -> Result<Result<(), String>, Error> {
    let Some(listed) = books.line(line)? else {
        return Ok(Err("there is no such line".into()));
    };
    let change = match change(&listed.line, action, who) {
        Ok(change) => change,
        Err(ledger::Refused(why)) => return Ok(Err(why)),
    };
    let mut changes = vec![change];
    changes.extend(followers(books, &listed.line, action, who)?);
    let decided = books.decide(changes, desk::now())?;
    Ok(decided.into_iter().try_for_each(|decided| match decided {
        Decided::Done => Ok(()),
        Decided::Conflict(conflict) => Err(moved(&conflict)),
    }))
}

/// What stands in place of a line goes with the correction of that line.
fn followers(
    books: &Books,
    correction: &BookedLine,
    action: Action,
    who: &Who,
) -> Result<Vec<LineChange>, Error> {
    if correction.reverses.is_none() {
        return Ok(Vec::new());
    }
    let lines = books.load(correction.person)?.lines;
    let follow = |line: &BookedLine| {
        let decided = ledger::follow(line, correction, action)?;
        Some(written(line, decided, who))
    };
    Ok(lines.iter().filter_map(follow).collect())
}

fn change(line: &BookedLine, action: Action, who: &Who) -> Result<LineChange, ledger::Refused> {
    let never = |rule: &String| !MAY_BE_OVERRIDDEN.contains(&rule.as_str());
    let rejected = || line.findings.iter().filter(|finding| finding.outcome == Outcome::Reject);
    if let (Action::Override, Some(rule)) =
        (action, rejected().map(|finding| finding.rule.clone()).find(never))
    {
        return Err(ledger::Refused(format!("nobody may override {rule}")));
    }
    Ok(written(line, ledger::decide(line, action)?, who))
}

fn written(line: &BookedLine, decided: ledger::Decided, who: &Who) -> LineChange {
    let body = json!({
        "from": line.state,
        "to": decided.to,
        "decision": decided.decision,
        "findings": decided.findings,
    });
    let entry = Entry {
        kind: EntryKind::Moved,
        who: who.clone(),
        message: None,
        line: Some(line.id),
        body: body.to_string(),
    };
    LineChange {
        line: line.id,
        expects: Expected::of(line),
        to: decided.to,
        findings: decided.findings,
        decision: decided.decision,
        content: None,
        entries: vec![entry],
    }
}

fn moved(conflict: &Conflict) -> String {
    match conflict {
        Conflict::Moved { state, .. } => {
            format!("it has just moved and is {} now; look at it again", state.as_str())
        }
        Conflict::NoSuchLine(_) => "there is no such line any more".into(),
        Conflict::Twice { line, .. } => format!("line {line} is the same charge"),
    }
}

fn println_done(line: LineId, action: Action) -> Result<(), Error> {
    use std::io::Write;
    let done = match action {
        Action::Release => "released",
        Action::Override => "released against its rules",
        Action::Hold => "held",
        Action::Withdraw => "withdrawn",
        Action::Resend => "waits to be sent again",
    };
    writeln!(std::io::stdout().lock(), "line {line}: {done}")?;
    Ok(())
}

/// The name of whoever types, as the system knows it.
pub(super) fn name(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let told = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .filter_map(variable)
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty());
    told.or_else(uid).unwrap_or_else(|| "unknown".into())
}

/// The number of the user, where no variable names them.
fn uid() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    Some(format!("uid {}", line.split_whitespace().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn a_person_is_named_as_the_system_knows_them() {
        for row in rows(
            "
            | SUDO_USER | USER | LOGNAME | name |
            |           | ana  |         | ana  |
            |           |      | ben     | ben  |
            | ana       | root |         | ana  |
            ",
        ) {
            let variable = |key: &str| match key {
                "SUDO_USER" | "USER" | "LOGNAME" => Some(row[key].clone()),
                _ => None,
            };
            assert_eq!(name(&variable), row["name"], "{row}");
        }
        assert!(!name(&|_| None).is_empty());
    }
}
