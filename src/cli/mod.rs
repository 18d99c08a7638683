//! The commands.
//!
//! **In:** a command line. **Out:** data on standard output, everything else on standard error, and
//! an exit code.
//!
//! **Never:** opens a network port itself, writes to the store around the ledger, or collects a
//! list before it prints it.
//!
//! **Start at** `Command`. A new command is a file here, a variant there and an arm in [`run`].

mod balance;
mod by_hand;
mod check;
mod compare;
mod courses;
mod decide;
mod demo;
mod desk;
mod destination;
mod error;
mod expected;
mod explain;
mod feeds;
mod filter;
mod holds;
mod lines;
mod mappings;
mod messages;
mod paper;
pub mod rows;
mod rules;
mod schema;
mod serve;
mod settings;
mod source;
mod text;
mod try_files;
mod verify;
mod visible;
mod waiting;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use error::Error;

use crate::ledger::Action;
use decide::{Decide, Release};

/// Radiation-oncology charges, from the oncology system to billing: each delivered fraction billed
/// exactly once.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 done, 1 the command found something wrong, 2 the command \
    line is wrong,\n70 a bug, 75 try again later, 78 settings or tables are wrong.\n\n\
    Example: collimator demo --once")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
enum Command {
    Run(serve::Serve),
    Demo(demo::Demo),
    Destination(destination::Destination),
    Check(check::Check),
    Try(try_files::Try),
    Messages(messages::Messages),
    Lines(lines::Lines),
    Courses(courses::Courses),
    Holds(holds::Holds),
    Balance(balance::BalanceOf),
    Verify(verify::Verify),
    Explain(explain::Explain),
    Expected(expected::Expected),
    Compare(compare::Compare),
    Feeds(feeds::Feeds),
    Add(by_hand::Add),
    Close(by_hand::Close),
    Reopen(by_hand::Reopen),
    Mappings(mappings::Mappings),
    Rules(rules::Rules),
    Schema(schema::Schema),
    Source(source::Source),
    /// Let held lines go; of lines in doubt, vouch that they arrived
    #[command(after_help = "Example: collimator release --config site.toml 17 --reason \
        'fraction 5 is on paper'")]
    Release(Release),
    /// Keep lines back that have not left
    #[command(after_help = "Example: collimator hold --config site.toml 17 18 --reason \
        'asked the physician'")]
    Hold(Decide),
    /// Take lines off that have not left, were declined, or are in doubt and did not arrive
    #[command(after_help = "Example: collimator withdraw --config site.toml 17 --reason \
        'entered for the wrong patient'")]
    Withdraw(Decide),
    /// Send lines again that their receiver declined, or whose outcome nobody knows
    #[command(after_help = "Example: collimator resend --config site.toml 17 --reason \
        'billing says it never came'")]
    Resend(Decide),
}

/// Carries out one command.
///
/// # Errors
/// When the command cannot be carried out; [`Error::exit_code`] says how the program ends. A reader
/// that stops reading is no error.
pub fn run(cli: Cli) -> Result<ExitCode, Error> {
    let done = match cli.command {
        Command::Run(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Destination(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Try(command) => command.run(),
        Command::Messages(command) => command.run(),
        Command::Lines(command) => command.run(),
        Command::Courses(command) => command.run(),
        Command::Holds(command) => command.run(),
        Command::Balance(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Expected(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Feeds(command) => command.run(),
        Command::Add(command) => command.run(),
        Command::Close(command) => command.run(),
        Command::Reopen(command) => command.run(),
        Command::Mappings(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Source(command) => command.run(),
        Command::Release(command) => command.run(),
        Command::Hold(command) => command.run(Action::Hold),
        Command::Withdraw(command) => command.run(Action::Withdraw),
        Command::Resend(command) => command.run(Action::Resend),
    };
    match done {
        Err(error) if error.is_closed_pipe() => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

/// The command found something wrong.
const FOUND_WRONG: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            let example = format!("Example: collimator {}", command.get_name());
            assert!(help.contains(&example), "{}", command.get_name());
        }
    }

    #[test]
    fn a_command_line_is_read_or_refused() {
        for row in rows(
            "
            | words                                                        | read |
            | lines --config a.toml                                        | yes  |
            | lines                                                        | no   |
            | lines --config a.toml --state held --state sent              | yes  |
            | lines --config a.toml --state done                           | no   |
            | lines --config a.toml --from 2026-03-01 --until 2026-03-31   | yes  |
            | lines --config a.toml --from 03/01/2026                      | no   |
            | lines --config a.toml --json --csv                           | no   |
            | lines --config a.toml --limit 0                              | yes  |
            | messages --config a.toml --state refused --control-id K1     | yes  |
            | messages --config a.toml --state held                        | no   |
            | holds --config a.toml --lines --csv                          | yes  |
            | explain --config a.toml T-1                                  | yes  |
            | explain --config a.toml                                      | no   |
            | release --config a.toml 1 2 --reason checked                 | yes  |
            | release --config a.toml 1                                    | no   |
            | release --config a.toml --reason checked                     | no   |
            | hold --config a.toml x --reason checked                      | no   |
            | balance --config a.toml --json                               | yes  |
            | rules                                                        | yes  |
            | compare --config a.toml --old a --new b --from 2026-01-01    | yes  |
            | compare --config a.toml --old a                              | no   |
            | mappings import ptp --tables mappings a.zip b.zip            | yes  |
            | mappings import mue --config a.toml --effective 2026-10-01 x | yes  |
            | mappings import mue                                          | no   |
            | verify --config a.toml                                       | yes  |
            | destination pause --config a.toml billing --reason x         | yes  |
            | destination pause --config a.toml billing                    | no   |
            | destination test --config a.toml billing                     | yes  |
            | source learn a.hl7 --name x --out b.toml                     | yes  |
            | source learn                                                 | no   |
            | source coverage --config a.toml --source aria --csv          | yes  |
            | source coverage a.hl7                                        | no   |
            | destination list --config a.toml --json                      | yes  |
            | nonsense                                                     | no   |
            ",
        ) {
            let words = std::iter::once("collimator").chain(row["words"].split_whitespace());
            assert_eq!(Cli::try_parse_from(words).is_ok(), row["read"] == "yes", "{row}");
        }
    }
}
