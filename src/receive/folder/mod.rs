//! Takes in the files that a source drops into a folder, here or on an SFTP server.
//!
//! A file is taken once it lies still: what it holds is stored, then it moves to `done/`, in this
//! order. Killed between the two, the file is read once more, and what it tells is known already.
//! A message that is refused is set aside alone in `refused/`, with the reason beside it; a file of
//! which nothing can be told apart, whole.
//!
//! File names may name a patient, so the log knows a file by its inode (`ls -i`), and on a server, which
//! tells none, by when it was written and how long it is.

mod look;
mod shelf;
mod told;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Dropped;
use crate::disk::{Disk, Error as DiskError, Stamp};
use crate::store::Error as StoreError;

use super::{Counted, Reception, TakesFhir};
use look::{Looks, Seen};
use shelf::Resting;
use told::Told;

pub use told::as_sent;

/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 128 << 20;
/// How long a server is waited for once all is to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// The longest rest after a failure.
const REST_SECONDS_MAX: u64 = 300;

/// Takes in what a source drops into a folder.
pub struct Gatherer {
    every: Duration,
    disk: Disk,
    reception: Arc<Reception>,
    fhir: Option<Arc<dyn TakesFhir>>,
    looks: Looks,
    /// What is stored of files that could not yet be moved: it is not stored once more.
    stored: HashMap<OsString, (Stamp, Arc<Told>)>,
    /// Files that were moved a moment ago: who still writes into one has it read anew.
    resting: Vec<Resting>,
}

/// Why a file, or the whole folder, must be looked at again later.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// The disk of the folder.
    #[error("the folder or a file in it cannot be used")]
    Disk(#[source] Arc<DiskError>),
    /// Our own disk.
    #[error("a message could not be stored")]
    Store(#[source] StoreError),
    /// Who takes FHIR wants to be left alone for a while.
    #[error("what came over FHIR could not be stored")]
    Later,
}

impl From<DiskError> for Fault {
    fn from(error: DiskError) -> Fault {
        Fault::Disk(Arc::new(error))
    }
}

impl Gatherer {
    /// Looks into a folder; messages of HL7 v2 go to the reception, JSON to `fhir`, if the source
    /// speaks it: then it speaks nothing else.
    pub fn new(
        dropped: Dropped,
        reception: Arc<Reception>,
        fhir: Option<Arc<dyn TakesFhir>>,
    ) -> Gatherer {
        let (looks, stored, resting) = (Looks::default(), HashMap::new(), Vec::new());
        let (disk, every) = (Disk::of(&dropped.place), dropped.every);
        Gatherer { every, disk, reception, fhir, looks, stored, resting }
    }

    /// A look at once, and then one every so often, until it is stopped. A folder that fails is
    /// left alone ever longer.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut in_vain: u32 = 0;
        loop {
            let Some(done) = stop.run_until_cancelled(self.round()).await else {
                self.disk.end_within(END_WITHIN);
                return;
            };
            in_vain = match done {
                Ok(()) if in_vain > 0 => {
                    tracing::info!(source.name = self.reception.source(), "A folder is back.");
                    0
                }
                Ok(()) => 0,
                Err(fault) => {
                    if in_vain == 0 {
                        tracing::warn!(
                            source.name = self.reception.source(),
                            error = &fault as &dyn std::error::Error,
                            "A folder cannot be used; it is looked at again later."
                        );
                    }
                    in_vain + 1
                }
            };
            let rest = tokio::time::sleep(rest(self.every, in_vain));
            if stop.run_until_cancelled(rest).await.is_none() {
                return;
            }
        }
    }

    /// One look, and every file that lies still by now.
    async fn round(&mut self) -> Result<(), Fault> {
        let disk = self.disk.clone();
        let resting = self.resting.clone();
        let (seen, resting, woken) = blocking(move || {
            shelf::make(&disk)?;
            let (resting, woken) = shelf::look_after(resting, &disk)?;
            Ok((look::list(&disk)?, resting, woken))
        })
        .await?;
        self.resting = resting;
        if woken > 0 {
            tracing::warn!(
                source.name = self.reception.source(),
                files = woken,
                "Files were written into after they had been taken: they are read anew."
            );
        }
        self.tell_of_strange(&seen);
        let ready = self.looks.ready(&seen, Instant::now());
        self.stored.retain(|name, (stamp, _)| seen.iter().any(|it| it.is(name, stamp)));
        for file in ready {
            match self.take(&file).await {
                Ok(()) => self.looks.forget(&file),
                Err(Fault::Disk(error)) if error.is_of_the_folder() => {
                    return Err(Fault::Disk(error));
                }
                Err(Fault::Disk(error)) => self.later(&file, &error),
                Err(fault @ (Fault::Store(_) | Fault::Later)) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Takes a file: what it tells is stored, then it moves.
    async fn take(&mut self, file: &Seen) -> Result<(), Fault> {
        let known = self.stored.get(&file.name).filter(|(stamp, _)| *stamp == file.stamp);
        let told = match known.map(|(_, told)| Arc::clone(told)) {
            Some(told) => told,
            None => {
                let Some(told) = self.store(file).await? else { return Ok(()) };
                let told = Arc::new(told);
                self.stored.insert(file.name.clone(), (file.stamp, Arc::clone(&told)));
                told
            }
        };
        let (disk, name, stamp) = (self.disk.clone(), file.name.clone(), file.stamp);
        let put = Arc::clone(&told);
        let rests = blocking(move || shelf::put_away(&disk, (&name, stamp), &put)).await?;
        self.stored.remove(&file.name);
        self.resting.push(rests);
        self.count(file, &told);
        Ok(())
    }

    /// Stores what a file tells; nothing yet if it does not lie still after all.
    async fn store(&self, file: &Seen) -> Result<Option<Told>, Fault> {
        if file.stamp.bytes > FILE_BYTES_MAX {
            return Ok(Some(Told::whole(format!("it is longer than {FILE_BYTES_MAX} bytes"))));
        }
        let (disk, path, stamp) = (self.disk.clone(), PathBuf::from(&file.name), file.stamp);
        let Some(bytes) = blocking(move || disk.read(&path, stamp)).await? else {
            return Ok(None);
        };
        told::store(bytes, &self.reception, self.fhir.as_deref()).await.map(Some)
    }

    fn count(&self, file: &Seen, told: &Told) {
        let counts = self.reception.counts();
        counts.one(Counted::File);
        counts.add(Counted::Miscount, told.miscounts.len().try_into().unwrap_or(u64::MAX));
        let (messages, refused) = (told.messages, told.aside.len());
        tracing::info!(
            source.name = self.reception.source(),
            file.inode = file.inode(),
            file.written = file.stamp.seconds,
            file.bytes = file.stamp.bytes,
            messages,
            refused,
            "A file was taken."
        );
        for said in &told.miscounts {
            tracing::warn!(
                source.name = self.reception.source(),
                file.inode = file.inode(),
                file.written = file.stamp.seconds,
                said,
                "A batch does not count itself right."
            );
        }
    }

    fn later(&mut self, file: &Seen, error: &Arc<DiskError>) {
        self.reception.counts().one(Counted::FileLater);
        let failures = self.looks.later(file, |times| rest(self.every, times));
        if failures.is_power_of_two() {
            tracing::warn!(
                source.name = self.reception.source(),
                file.inode = file.inode(),
                file.written = file.stamp.seconds,
                error = &**error as &dyn std::error::Error,
                failures,
                "A file cannot be taken; it is tried again later."
            );
        }
    }

    /// Links and the like are not followed: where they lead is nobody's drop folder.
    fn tell_of_strange(&mut self, seen: &[Seen]) {
        for strange in self.looks.new_strange(seen) {
            tracing::warn!(
                source.name = self.reception.source(),
                file.inode = strange.inode(),
                file.written = strange.stamp.seconds,
                "Something in a drop folder is no plain file, and is left there."
            );
        }
    }
}

/// How long to wait after so many failures in a row.
fn rest(every: Duration, failures: u32) -> Duration {
    let longest = Duration::from_secs(REST_SECONDS_MAX).max(every);
    every.saturating_mul(1 << failures.min(16)).min(longest)
}

/// Runs what touches the disk where waiting keeps nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Fault::from),
        // It is never aborted: either it ends, or it panics, and so do we.
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

impl std::fmt::Debug for Gatherer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gatherer({})", self.reception.source())
    }
}
