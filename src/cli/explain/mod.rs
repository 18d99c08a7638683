//! `collimator explain`: why a line was charged, held or sent, from what is stored.

mod json;
mod shown;
mod story;

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::domain::{LineId, MessageId};
use crate::store::{Books, Intake, LineFilter, MessageFilter, StoredMessage};
use crate::wire::hl7;

use super::Error;
use super::desk::Config;
use super::waiting::Waiting;
use story::Teller;

/// Tell the whole story of a line, of an activity, or of a message
#[derive(Debug, Args)]
#[command(after_help = "Example: collimator explain --config site.toml 17")]
pub(super) struct Explain {
    #[command(flatten)]
    config: Config,
    /// The number of a line, a transaction number (FT1-2), a control id (MSH-10) or the id of a FHIR resource
    #[arg(value_name = "WHAT")]
    what: String,
    /// Write one JSON array: an object for each line, then one for each message
    #[arg(long)]
    json: bool,
}

/// Messages that one look at the intake takes, and their bytes.
const LOOK_MESSAGES: usize = 1_000;
const LOOK_BYTES: usize = 16 << 20;

impl Explain {
    pub(super) fn run(&self) -> Result<ExitCode, Error> {
        let desk = self.config.desk()?;
        let (books, intake, setup) = (desk.books()?, desk.intake()?, desk.setup()?);
        let found = self.find(&books, &intake)?;
        if found.lines.is_empty() && found.messages.is_empty() {
            return Err(Error::NothingFound(self.what.clone()));
        }
        let teller = Teller { books: &books, intake: &intake, setup: &setup };
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", json::told(&teller, &found)?)?;
        } else {
            shown::tell(&mut out, &teller, &found)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// All that goes by the name: a number can be a line's, a transaction's and a message's.
    fn find(&self, books: &Books, intake: &Intake) -> Result<Found, Error> {
        let mut lines: Vec<LineId> = Vec::new();
        if let Ok(number) = self.what.parse().map(LineId) {
            lines.extend(books.line(number)?.map(|line| line.line.id));
        }
        let earned = books.lines_earned_by(&self.what)?;
        lines.extend(earned.iter().map(|line| line.line.id));
        let mut messages: Vec<MessageId> = Vec::new();
        let control_id = Some(self.what.clone());
        let filter = MessageFilter { control_id, ..MessageFilter::default() };
        for message in books.messages(filter) {
            messages.push(message?.id);
        }
        for message in &messages {
            let filter = LineFilter { message: Some(*message), ..LineFilter::default() };
            for line in books.lines(filter) {
                lines.push(line?.line.id);
            }
        }
        if lines.is_empty() && messages.is_empty() {
            let control_id = Some(self.what.clone());
            for line in books.lines(LineFilter { control_id, ..LineFilter::default() }) {
                lines.push(line?.line.id);
            }
        }
        if lines.is_empty() && messages.is_empty() {
            messages = search(intake, &self.what)?;
        }
        lines.sort_unstable();
        lines.dedup();
        messages.sort_unstable();
        messages.dedup();
        Ok(Found { lines, messages })
    }
}

/// What goes by a name.
struct Found {
    lines: Vec<LineId>,
    messages: Vec<MessageId>,
}

/// Messages that tell a transaction of this number though no line came of it, or that are not yet
/// read. There is no index for it: all of them are looked through.
fn search(intake: &Intake, what: &str) -> Result<Vec<MessageId>, Error> {
    let waiting = Waiting::always_on("messages searched");
    let (mut found, mut after) = (Vec::new(), MessageId(0));
    loop {
        let messages = intake.read_after(after, LOOK_MESSAGES, LOOK_BYTES)?;
        let Some(last) = messages.last() else { return Ok(found) };
        after = last.id;
        for message in &messages {
            waiting.one_more();
            if names(message, what) {
                found.push(message.id);
            }
        }
    }
}

fn names(message: &StoredMessage, what: &str) -> bool {
    if message.control_id == what.as_bytes() {
        return true;
    }
    if memchr::memmem::find(&message.raw, what.as_bytes()).is_none() {
        return false;
    }
    let Ok(message) = hl7::Message::parse(&message.raw) else { return false };
    let numbered = |segment: hl7::Segment<'_>| segment.field(2).code() == what;
    message.all("FT1").any(numbered)
}
