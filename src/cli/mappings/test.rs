//! `collimator mappings test`: the examples that lie beside the tables.

use std::process::ExitCode;

use clap::Args;

use crate::cli::visible::visible;
use crate::cli::{Error, FOUND_WRONG};
use crate::mappings::Folder;

use super::{Which, told, wrong};

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
        let folder = Folder::open(&path).map_err(wrong)?;
        let examined = folder.examine().map_err(wrong)?;
        let told = told::examine(&folder.tables().map_err(wrong)?, &path)?;
        for problem in &examined.wrong {
            println_wrong(&format!("{}/{problem}", path.display()))?;
        }
        for problem in &told.wrong {
            println_wrong(&format!("{}/{problem}", path.display()))?;
        }
        let (examples, otherwise) =
            (examined.examples + told.examples, examined.wrong.len() + told.wrong.len());
        eprintln!("{examples} examples, {otherwise} come out otherwise");
        let sound = otherwise == 0;
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND_WRONG) })
    }
}

fn println_wrong(text: &str) -> Result<(), Error> {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{}", visible(text))?;
    Ok(())
}
