//! A destination that is a folder, here or on an SFTP server: lines are gathered into batch files, and each file is put there
//! whole.
//!
//! A file is written aside and synced; then its lines are marked as sent, all or none; then it gets
//! its name, which is made of what the books say of it. So after a crash it is known of each file
//! that is on the books whether it still waits to be put there or is there, and nothing is written
//! twice. A line counts as accepted once its file is there and synced: what becomes of it then, no
//! folder tells.

mod shelf;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::disk::{Disk, Error as DiskError};
use crate::mappings::destination::Hl7Profile;
use crate::store::{Attempt, Error as StoreError, Look, Mark, Queued, Settled, Settlement};
use crate::telemetry::Outcome;
use crate::wire::hl7::{BatchHeader, batch, encode};

use super::draft::delimiters_of;
use super::hand::LOOK_EVERY;
use super::pace::Pace;
use super::{Desk, Destination, Folder, NO_CREDITS, attempt, control_id, together};
use shelf::{File, Stands};

/// The longest wait after a failure.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// How long a server is waited for once all is to end.
const END_WITHIN: Duration = Duration::from_secs(20);
/// What the name of every file of ours begins with.
const NAME_PREFIX: &str = "collimator-";

/// Why nothing was put there this time.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the folder cannot be used")]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Books(#[from] StoreError),
}

/// Serves a folder until told to stop.
pub(super) async fn run(
    destination: Destination,
    folder: Folder,
    desk: Desk,
    stopped: watch::Receiver<bool>,
) {
    let commits = desk.books.commits();
    let disk = Disk::of(&folder.place);
    let pace = Pace::new(BACK_OFF_MAX);
    let putter = Putter {
        destination,
        folder,
        disk,
        desk,
        stopped,
        commits,
        pace,
        since: None,
        may_be_unfinished: true,
    };
    putter.run().await;
}

struct Putter {
    destination: Destination,
    folder: Folder,
    disk: Disk,
    desk: Desk,
    stopped: watch::Receiver<bool>,
    commits: watch::Receiver<u64>,
    pace: Pace,
    /// Since when lines wait for a file.
    since: Option<Instant>,
    /// Whether the books may tell of a file that is not there yet.
    may_be_unfinished: bool,
}

/// Lines on their way into a file.
struct Batch {
    at: Timestamp,
    /// The control id of the first line: the number of the batch.
    number: String,
    marks: Vec<Mark>,
}

impl Putter {
    async fn run(mut self) {
        while !*self.stopped.borrow() {
            match self.round_until_stopped().await {
                Ok(()) => self.pace.well(),
                Err(fault) => {
                    self.may_be_unfinished = true;
                    if self.pace.is_well() {
                        tracing::warn!(
                            destination = self.destination.name,
                            error = &fault as &dyn std::error::Error,
                            "files cannot be put there; lines wait"
                        );
                    }
                    self.desk.metrics.sent(&self.destination.name, Outcome::Later);
                    let wait = self.pace.failed();
                    self.rest(wait).await;
                }
            }
        }
    }

    /// A round; one that is under way when all is to end is waited for, but a server not for long.
    async fn round_until_stopped(&mut self) -> Result<(), Fault> {
        let (mut stopped, disk) = (self.stopped.clone(), self.disk.clone());
        let mut round = std::pin::pin!(self.round());
        tokio::select! {
            done = &mut round => return done,
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        disk.end_within(END_WITHIN);
        round.await
    }

    async fn round(&mut self) -> Result<(), Fault> {
        if self.may_be_unfinished {
            self.finish_all().await?;
            self.may_be_unfinished = false;
        }
        self.commits.borrow_and_update();
        let name = &self.destination.name;
        let look = Look { limit: self.folder.lines_max, ..Look::default() };
        let waiting = self.desk.books.next_to_send(name, look).await?;
        if waiting.is_empty() {
            self.since = None;
            let disk = self.disk.clone();
            blocking(move || {
                disk.close();
                Ok(())
            })
            .await?;
            self.idle(LOOK_EVERY).await;
            return Ok(());
        }
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        if waiting.len() < self.folder.lines_max && waited < self.folder.every {
            let left = self.folder.every.saturating_sub(waited);
            self.rest(left.min(LOOK_EVERY)).await;
            return Ok(());
        }
        self.since = None;
        self.put(waiting).await
    }

    /// Puts lines into a file, and the file into the folder.
    async fn put(&mut self, waiting: Vec<Queued>) -> Result<(), Fault> {
        let profiles = self.desk.profile(&self.destination);
        let Some(profile) = profiles.hl7(&self.destination) else { return Ok(()) };
        let (lines, refused): (Vec<Queued>, Vec<Queued>) = waiting
            .into_iter()
            .partition(|queued| profile.credits || queued.line.reverses.is_none());
        for credit in &refused {
            self.decline(credit).await?;
        }
        if lines.is_empty() {
            return Ok(());
        }
        let batch = self.batch(&lines, profile)?;
        let file = self.file(batch.at, &batch.number);
        let bytes = self.write(profile, &batch, &file);
        let aside = file.clone();
        blocking(move || shelf::write_aside(&aside, &bytes)).await?;
        let settlements = settlements(&batch);
        if !self.desk.books.mark_all_sent(batch.marks).await? {
            // Something moved since the lines were read: the next look sees them as they are.
            blocking(move || shelf::throw_away(&file)).await?;
            self.idle(LOOK_EVERY).await;
            return Ok(());
        }
        self.may_be_unfinished = true;
        self.finish(file, settlements).await?;
        self.may_be_unfinished = false;
        Ok(())
    }

    /// Gives a file its name, and books its lines.
    async fn finish(&self, file: File, settlements: Vec<Settlement>) -> Result<(), Fault> {
        let (name, lines) = (file.name.clone(), settlements.len());
        let stands = blocking(move || shelf::put(&file)).await?;
        let answer = match stands {
            Stands::There => Settled::Accepted,
            Stands::Nowhere => Settled::Unknown(format!(
                "the file {name} neither waits to be put there nor is there: ask whether it was taken"
            )),
        };
        let outcome = match stands {
            Stands::There => Outcome::Accepted,
            Stands::Nowhere => Outcome::Unknown,
        };
        let at = self.desk.clock.now();
        let settlements = settlements.into_iter();
        let settlements = settlements.map(|it| Settlement { answer: answer.clone(), at, ..it });
        self.desk.books.settle_all(settlements.collect()).await?;
        for _ in 0..lines {
            self.desk.metrics.sent(&self.destination.name, outcome);
        }
        let destination = self.destination.name.as_str();
        match stands {
            Stands::There => tracing::info!(destination, file = name, lines, "a file is there"),
            Stands::Nowhere => tracing::warn!(
                destination,
                file = name,
                lines,
                "nobody knows whether a file was taken"
            ),
        }
        Ok(())
    }

    /// Finishes every file that is on the books and may not be there, and throws away what was
    /// written for none.
    async fn finish_all(&self) -> Result<(), Fault> {
        let mut files: BTreeMap<Timestamp, Vec<Attempt>> = BTreeMap::new();
        for attempt in self.desk.books.in_flight(&self.destination.name)? {
            if attempt.finished.is_none() {
                files.entry(attempt.started).or_default().push(attempt);
            }
        }
        let mut kept = Vec::new();
        for (at, attempts) in files {
            let Some(first) = attempts.first() else { continue };
            if attempts.iter().all(|attempt| attempt.bytes.is_empty()) {
                for credit in &attempts {
                    self.settle_credit(credit.line, &credit.control_id).await?;
                }
                continue;
            }
            let file = self.file(at, &first.control_id);
            kept.push(file.aside());
            let settlements = attempts.into_iter().map(|attempt| Settlement {
                line: attempt.line,
                control_id: attempt.control_id,
                answer: Settled::Accepted,
                bytes: None,
                at,
            });
            self.finish(file, settlements.collect()).await?;
        }
        let disk = self.disk.clone();
        Ok(blocking(move || shelf::clear(&disk, &kept)).await?)
    }

    /// A credit for a receiver that takes none leaves in no file.
    async fn decline(&self, credit: &Queued) -> Result<(), Fault> {
        let mut mark = self.mark(credit, self.desk.clock.now());
        mark.bytes = Bytes::new();
        let (line, control_id) = (mark.line, mark.control_id.clone());
        if self.desk.books.mark_sent(mark).await? {
            self.settle_credit(line, &control_id).await?;
            self.desk.metrics.sent(&self.destination.name, Outcome::Declined);
        }
        Ok(())
    }

    async fn settle_credit(
        &self,
        line: crate::domain::LineId,
        control_id: &str,
    ) -> Result<(), Fault> {
        let settlement = Settlement {
            line,
            control_id: control_id.to_owned(),
            answer: Settled::Declined(NO_CREDITS.to_owned()),
            bytes: None,
            at: self.desk.clock.now(),
        };
        self.desk.books.settle(settlement).await?;
        Ok(())
    }

    fn batch(&self, lines: &[Queued], profile: &Hl7Profile) -> Result<Batch, Fault> {
        let at = self.desk.clock.now();
        let whom = (&self.destination, &self.desk);
        let mut marks = Vec::with_capacity(lines.len());
        for mut visit in together::by_account(lines, profile) {
            while let Some(first) = visit.first() {
                let control_id = self.mark(first, at).control_id;
                let (bytes, taken) = attempt::message(&visit, profile, &control_id, whom)?;
                marks.extend(visit.drain(..taken.max(1)).map(|queued| {
                    let (control_id, bytes) = (control_id.clone(), bytes.clone());
                    Mark { control_id, bytes, ..self.mark(&queued, at) }
                }));
            }
        }
        let number = marks.first().map(|mark| mark.control_id.clone()).unwrap_or_default();
        Ok(Batch { at, number, marks })
    }

    fn mark(&self, queued: &Queued, at: Timestamp) -> Mark {
        let before = usize::try_from(queued.attempts).unwrap_or(usize::MAX - 1);
        Mark {
            line: queued.line.id,
            destination: self.destination.name.clone(),
            control_id: control_id(queued.line.id, before + 1),
            bytes: Bytes::new(),
            content: Box::new(queued.line.line.clone()),
            at,
        }
    }

    /// The file of a batch: its name is made of what the books say of the batch.
    fn file(&self, at: Timestamp, number: &str) -> File {
        let made = at.strftime("%Y%m%dT%H%M%SZ");
        File {
            disk: self.disk.clone(),
            name: format!("{NAME_PREFIX}{made}-{number}.hl7"),
            trigger: self.folder.trigger.clone(),
        }
    }

    fn write(&self, profile: &Hl7Profile, of: &Batch, file: &File) -> Vec<u8> {
        let made = of.at.to_zoned(self.desk.time_zone.clone()).strftime("%Y%m%d%H%M%S").to_string();
        let header = BatchHeader {
            sending_application: &profile.sending_application,
            sending_facility: or(&profile.sending_facility, &self.desk.site),
            receiving_application: &profile.receiving_application,
            receiving_facility: or(&profile.receiving_facility, &self.destination.name),
            made: &made,
            name: &file.name,
            control_id: &of.number,
        };
        let delimiters = delimiters_of(&profile.delimiters);
        let messages = || of.marks.chunk_by(|one, other| one.control_id == other.control_id);
        let around = batch(&header, delimiters, messages().count());
        let [head, tail] = around.map(|text| encode(&text, &profile.character_set));
        let mut bytes = head;
        for message in messages() {
            message.first().into_iter().for_each(|mark| bytes.extend_from_slice(&mark.bytes));
        }
        bytes.extend_from_slice(&tail);
        bytes
    }

    /// Waits for something to do.
    async fn idle(&mut self, longest: Duration) {
        tokio::select! {
            _ = self.commits.changed() => {}
            _ = self.stopped.changed() => {}
            () = sleep(longest) => {}
        }
    }

    /// Waits; only a stop ends it.
    async fn rest(&mut self, wait: Duration) {
        tokio::select! {
            () = sleep(wait) => {}
            _ = self.stopped.changed() => {}
        }
    }
}

fn settlements(batch: &Batch) -> Vec<Settlement> {
    let of = |mark: &Mark| Settlement {
        line: mark.line,
        control_id: mark.control_id.clone(),
        answer: Settled::Accepted,
        bytes: None,
        at: batch.at,
    };
    batch.marks.iter().map(of).collect()
}

/// A text, or what stands for it where there is none.
fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// Whether a file could be put into a folder: one is written aside, synced, and thrown away. Says
/// whether it could be synced.
pub(super) async fn test(folder: &Folder) -> Result<bool, DiskError> {
    let (disk, name) = (Disk::of(&folder.place), format!("{NAME_PREFIX}test.hl7"));
    let file = File { disk, name, trigger: None };
    blocking(move || {
        shelf::write_aside(&file, b"")?;
        shelf::throw_away(&file)?;
        let syncs = file.disk.syncs();
        file.disk.close();
        Ok(syncs)
    })
    .await
}

/// Runs what touches the disk where waiting keeps nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, DiskError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is never aborted: either it ends, or it panics, and so do we.
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
