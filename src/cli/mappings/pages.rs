//! `collimator mappings pages`: a page for each table.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::cli::Error;
use crate::mappings::Folder;

use super::{Which, wrong};

/// Write a page of Markdown for each table: what a row is, what each column says, and the rows
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator mappings pages --tables mappings --into pages")]
pub(super) struct Pages {
    #[command(flatten)]
    which: Which,
    /// The folder to write to; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

impl Pages {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let folder = Folder::open(&self.which.folder()?).map_err(wrong)?;
        folder.tables().map_err(wrong)?;
        let pages = folder.pages();
        let write = |name: &str, page: &str| {
            std::fs::create_dir_all(&self.into)?;
            std::fs::write(self.into.join(name), page)
        };
        for (name, page) in &pages {
            write(name, page).map_err(|source| Error::Unwritten {
                path: self.into.join(name),
                source: Arc::new(source),
            })?;
        }
        eprintln!("{} pages in {}", pages.len(), self.into.display());
        Ok(ExitCode::SUCCESS)
    }
}
