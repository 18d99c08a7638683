//! The program: reads the command line, carries out one command, and turns what came of it into
//! an exit code. Everything else is the library's.

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use collimator::cli::{self, Cli};

/// Judging makes and drops many small texts; this allocator does that in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            tell(&error);
            error.exit_code()
        }
    }
}

/// Says what went wrong, then why, one cause a line.
fn tell(error: &cli::Error) {
    eprintln!("collimator: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}
