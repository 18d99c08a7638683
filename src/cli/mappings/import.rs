//! `collimator mappings import`: the quarterly tables of CMS, in our form.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::app;
use crate::cli::filter::day;
use crate::cli::visible::visible;
use crate::cli::{Error, FOUND_WRONG};
use crate::mappings::import::{self, Before, Brought, Family, Imported, Quarterly, Told};
use crate::mappings::{Folder, Tables};

use super::{Which, wrong};

/// Lines that would be judged otherwise and are told one by one.
const TOLD_MAX: usize = 40;

/// Import pairs (NCCI PTP edits) or unit limits (MUE) as CMS publishes them
///
/// Text, CSV and spreadsheets, zipped or not; all parts of a release at once. They are written to
/// `imports/` beside the tables, only if all tables are sound with them.
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator mappings import mue --config site.toml \
    MCR_MUE_OutpatientHospitalServices_Eff_10-01-2026.csv")]
pub(super) struct Import {
    /// What the files hold
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    which: Which,
    /// Whose tables they are, where neither name nor title says it
    #[arg(long, value_enum)]
    claims: Option<Claims>,
    /// First day of the quarter of unit limits, where neither name nor title says it
    #[arg(long, value_name = "DAY", value_parser = day)]
    effective: Option<Date>,
    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Pairs
    Ptp,
    /// Unit limits
    Mue,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Claims {
    /// Outpatient hospital tables
    Facility,
    /// Practitioner tables
    Practitioner,
}

impl Import {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let path = self.which.folder()?;
        let mut folder = Folder::open(&path).map_err(wrong)?;
        let old = Arc::new(folder.tables().map_err(wrong)?);
        let tables = folder.beginning("imports/");
        let before = Before { codes: &old.known_codes(), tables: &tables };
        let imported =
            match import::import(self.quarterly(), &self.brought()?, self.told(), &before) {
                Ok(imported) => imported,
                Err(wrong) => {
                    eprintln!("nothing was imported: {}", visible(&wrong));
                    return Ok(ExitCode::from(FOUND_WRONG));
                }
            };
        for table in &imported {
            folder.put(&table.file, &table.content);
        }
        let new = Arc::new(folder.tables().map_err(wrong)?);
        for table in &imported {
            say(table)?;
        }
        self.say_affected(&old, &new)?;
        if self.dry_run {
            eprintln!("nothing was written");
            return Ok(ExitCode::SUCCESS);
        }
        for table in &imported {
            let written = folder.write(&table.file);
            let file = path.join(&table.file);
            written.map_err(|source| Error::Unwritten {
                path: file.clone(),
                source: Arc::new(source),
            })?;
            eprintln!(
                "{} is written; a running daemon takes it when told to reload",
                file.display()
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    fn quarterly(&self) -> Quarterly {
        match self.what {
            What::Ptp => Quarterly::Pairs,
            What::Mue => Quarterly::Limits,
        }
    }

    fn told(&self) -> Told {
        let family = self.claims.map(|claims| match claims {
            Claims::Facility => Family::Facility,
            Claims::Practitioner => Family::Practitioner,
        });
        Told { family, effective: self.effective }
    }

    fn brought(&self) -> Result<Vec<Brought>, Error> {
        let read = |path: &PathBuf| {
            let name =
                path.file_name().map_or(String::new(), |it| it.to_string_lossy().into_owned());
            let bytes = std::fs::read(path)
                .map_err(|source| app::Error::Read { path: path.clone(), source })?;
            Ok(Brought { name, bytes })
        };
        self.files.iter().map(read).collect()
    }

    /// Which lines that have not left the new tables judge otherwise, if there is a store to ask.
    fn say_affected(&self, old: &Arc<Tables>, new: &Arc<Tables>) -> Result<(), Error> {
        let Some(Ok(desk)) = self.which.config().map(|config| config.desk()) else {
            return Ok(());
        };
        let books = desk.books()?;
        let setups = (desk.setup_by(Arc::clone(old)), desk.setup_by(Arc::clone(new)));
        let mut all = Vec::new();
        let looked = app::affected(&books, (&setups.0, &setups.1), &mut |one| all.push(one))?;
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{} of {looked} lines that have not left would be judged otherwise",
            all.len()
        )?;
        for one in all.iter().take(TOLD_MAX) {
            writeln!(out, "  line {}: {}; now {}", one.line, one.old, one.new)?;
        }
        Ok(())
    }
}

fn say(table: &Imported) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {} rows read, {} kept", table.file, table.read, table.kept)?;
    for (why, count) in &table.skipped {
        writeln!(out, "  {count} left out: {why}")?;
    }
    let changes = &table.changes;
    writeln!(
        out,
        "  against the table before: {} added, {} changed, {} removed",
        changes.added, changes.changed, changes.removed
    )?;
    for told in &changes.told {
        writeln!(out, "  {}", visible(told))?;
    }
    let more = changes.added + changes.changed + changes.removed;
    let more = more.saturating_sub(changes.told.len() as u64);
    if more > 0 {
        writeln!(out, "  and {more} more")?;
    }
    Ok(())
}
