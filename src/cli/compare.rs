//! `collimator compare`: what other tables would bill.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::app::{self, Both, Comparison, Difference, Replayed, Side};
use crate::mappings::Tables;

use super::Error;
use super::desk::Config;
use super::filter::day;
use super::visible::visible;
use super::waiting::Waiting;

/// Replay messages through two folders of tables and show what would be billed otherwise
///
/// The messages are those of the store, or the files given. Nothing is changed: what people have
/// decided about lines does not count here, only what tables and rules say.
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator compare --config site.toml --old mappings \
    --new mappings-2027 --from 2026-12-01")]
pub(super) struct Compare {
    #[command(flatten)]
    config: Config,
    /// The folder of the old tables
    #[arg(long, value_name = "DIR")]
    old: PathBuf,
    /// The folder of the new tables
    #[arg(long, value_name = "DIR")]
    new: PathBuf,
    /// Lines with a day of service from this one on
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<Date>,
    /// Lines with a day of service until this one, it included
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<Date>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Files of messages, or folders, in place of the store
    #[arg(value_name = "FILE")]
    inputs: Vec<PathBuf>,
}

impl Compare {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let (old, new) = self.tables()?;
        let days = (self.from, self.until);
        let shown = Waiting::always_on("replaying messages");
        let told = |count: u64| shown.more(count);
        let compared = if self.inputs.is_empty() {
            let desk = self.config.desk()?;
            let intake = Arc::new(desk.intake()?);
            let setups = (desk.setup_by(old), desk.setup_by(new));
            app::compare(setups, &Replayed::Store(&intake), days, &told)?
        } else {
            let settings = self.config.settings()?;
            let setups = (settings.setup(old), settings.setup(new));
            app::compare(setups, &Replayed::Files(&self.inputs), days, &told)?
        };
        drop(shown);
        if self.json {
            print_json(&compared)?
        } else {
            print(&compared)?
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Both sets; every problem of both at once.
    fn tables(&self) -> Result<(Arc<Tables>, Arc<Tables>), Error> {
        match (Tables::open(&self.old), Tables::open(&self.new)) {
            (Ok(old), Ok(new)) => Ok((Arc::new(old), Arc::new(new))),
            (old, new) => {
                let wrong = [old.err(), new.err()].into_iter().flatten().flatten();
                Err(Error::Wrong { problems: wrong.map(|one| one.to_string()).collect() })
            }
        }
    }
}

fn print(compared: &Comparison) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    let lines = &compared.lines;
    writeln!(out, "{} messages", compared.messages)?;
    writeln!(out, "old tables {}: {} lines", short(&compared.tables.0), lines.old.lines)?;
    writeln!(out, "new tables {}: {} lines", short(&compared.tables.1), lines.new.lines)?;
    writeln!(out, "{} things are billed otherwise", compared.differences)?;
    let code = |(code, claim): &(String, String)| {
        let code = if code.is_empty() { "no code" } else { code };
        format!("{code} {claim}")
    };
    section(&mut out, "by code", compared.by_code.iter().map(|(key, both)| (code(key), both)))?;
    let reason =
        |reason: &String| if reason.is_empty() { "ready".to_owned() } else { reason.clone() };
    let by_reason = compared.by_reason.iter().map(|(key, both)| (reason(key), both));
    section(&mut out, "by reason", by_reason)?;
    let course = |(patient, course): &(String, String)| format!("{patient} {course}");
    section(&mut out, "by course", compared.by_course.iter().map(|(key, it)| (course(key), it)))?;
    for difference in &compared.samples {
        writeln!(out)?;
        for (mark, sides) in [("-", &difference.old), ("+", &difference.new)] {
            for side in sides {
                let line =
                    format!("{mark} {} {} {} {}", side.says, side.state, side.reasons, side.row);
                writeln!(out, "{}", visible(line.trim_end()))?;
            }
        }
    }
    writeln!(out, "\ndigest {}", compared.digest)?;
    Ok(())
}

fn section<'a>(
    out: &mut impl Write,
    title: &str,
    rows: impl Iterator<Item = (String, &'a Both)>,
) -> Result<(), Error> {
    let mut begun = false;
    for (name, both) in rows {
        if !begun {
            writeln!(out, "\n{title}: lines old, new; units that would be sent old, new")?;
            begun = true;
        }
        let (old, new) = (both.old, both.new);
        let counts = format!("{:>6} {:>6} {:>6} {:>6}", old.lines, new.lines, old.units, new.units);
        writeln!(out, "{counts}  {}", visible(&name))?;
    }
    Ok(())
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn print_json(compared: &Comparison) -> Result<(), Error> {
    let both = |both: &Both| {
        json!({
            "old_lines": both.old.lines, "new_lines": both.new.lines,
            "old_units": both.old.units, "new_units": both.new.units,
        })
    };
    let with = |names: &[(&str, &str)], counts: &Both| -> Value {
        let mut row = both(counts);
        for (key, value) in names {
            row[*key] = json!(value);
        }
        row
    };
    let codes = compared.by_code.iter();
    let codes = codes.map(|((code, claim), it)| with(&[("code", code), ("claim", claim)], it));
    let reasons = compared.by_reason.iter().map(|(reason, it)| with(&[("reason", reason)], it));
    let courses = compared.by_course.iter();
    let courses = courses
        .map(|((patient, course), it)| with(&[("patient", patient), ("course", course)], it));
    let body = json!({
        "old_tables": compared.tables.0,
        "new_tables": compared.tables.1,
        "messages": compared.messages,
        "lines": both(&compared.lines),
        "differences": compared.differences,
        "by_code": codes.collect::<Vec<_>>(),
        "by_reason": reasons.collect::<Vec<_>>(),
        "by_course": courses.collect::<Vec<_>>(),
        "samples": compared.samples.iter().map(sample).collect::<Vec<_>>(),
        "digest": compared.digest,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{body:#}")?;
    Ok(())
}

fn sample(difference: &Difference) -> Value {
    let side = |side: &Side| {
        json!({
            "line": side.says, "state": side.state, "reasons": side.reasons, "row": side.row,
        })
    };
    json!({
        "old": difference.old.iter().map(side).collect::<Vec<_>>(),
        "new": difference.new.iter().map(side).collect::<Vec<_>>(),
    })
}
