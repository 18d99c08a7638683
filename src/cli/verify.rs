//! `collimator verify`: nothing in the ledger was changed, removed or put in.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::store::Verified;

use super::desk::Config;
use super::waiting::Waiting;
use super::{Error, FOUND_WRONG};

/// Walk the whole ledger, compute every hash again, and count everything anew
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator verify --config site.toml")]
pub(super) struct Verify {
    #[command(flatten)]
    config: Config,
}

impl Verify {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let books = self.config.desk()?.books()?;
        let verified = {
            let _shown = Waiting::always_on("walking the ledger");
            books.verify()?
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} entries", verified.entries)?;
        if let Some(hash) = &verified.last_hash {
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(out, "last hash {hex}")?;
        }
        Ok(told(&verified))
    }
}

fn told(verified: &Verified) -> ExitCode {
    if let Some(seq) = verified.broken_at {
        eprintln!(
            "entry {seq} does not follow from the one before it: the ledger was tampered with"
        );
    }
    if !verified.tally_is_right {
        eprintln!("the counts of the balance are not those of a count anew");
    }
    if verified.broken_at.is_none() && verified.tally_is_right {
        eprintln!("the ledger is whole");
        return ExitCode::SUCCESS;
    }
    ExitCode::from(FOUND_WRONG)
}
