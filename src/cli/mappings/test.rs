//! `collimator mappings test`: the examples that lie beside the tables.

use std::process::ExitCode;

use clap::Args;

use crate::cli::visible::visible;
use crate::cli::{Error, FOUND_WRONG};
use crate::mappings::Folder;

use super::{Which, wrong};

/// Run the examples that lie beside the tables
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator mappings test --tables mappings")]
pub(super) struct Test {
    #[command(flatten)]
    which: Which,
}

impl Test {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let path = self.which.folder()?;
        let examined = Folder::open(&path).map_err(wrong)?.examine().map_err(wrong)?;
        for problem in &examined.wrong {
            println_wrong(&format!("{}/{problem}", path.display()))?;
        }
        eprintln!("{} examples, {} come out otherwise", examined.examples, examined.wrong.len());
        let sound = examined.wrong.is_empty();
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND_WRONG) })
    }
}

fn println_wrong(text: &str) -> Result<(), Error> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{}", visible(text))?;
    Ok(())
}
