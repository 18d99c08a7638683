//! The thread that carries messages while the daemon runs, and steps aside while senders wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::domain::Retry;
use crate::store::{self, Error, Intake};
use crate::telemetry::Metrics;

use super::Pipeline;

/// Messages of one run, and their bytes, at most; fewer while senders wait.
const RUN_MESSAGES_MAX: usize = 256;
const RUN_MESSAGES_ASIDE: usize = 64;
const RUN_BYTES_MAX: usize = 16 << 20;

/// How long the thread sleeps when there is nothing to do, unless it is woken.
const IDLE: Duration = Duration::from_millis(250);

/// How long it steps aside for senders, a piece at a time and in all.
const ASIDE: Duration = Duration::from_millis(1);
const ASIDE_MAX: Duration = Duration::from_millis(100);

/// How long it waits after the store failed, at first and at most.
const AGAIN_FIRST: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// The running pipeline.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread.
///
/// # Errors
/// When the machine gives no thread.
pub fn start(
    mut pipeline: Pipeline,
    intake: Arc<Intake>,
    metrics: Arc<Metrics>,
) -> std::io::Result<Running> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let thread = thread::Builder::new().name("pipeline".into()).spawn(move || {
        store::give_way();
        let mut again = AGAIN_FIRST;
        while !stopping.load(Ordering::Relaxed) {
            match round(&mut pipeline, &intake, &metrics) {
                Ok(()) => again = AGAIN_FIRST,
                Err(error) if error.retry() == Retry::Never => {
                    tracing::error!(%error, "the books cannot be written; the pipeline stops");
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "the books cannot be written; trying again");
                    thread::sleep(again);
                    again = (again * 2).min(AGAIN_MAX);
                }
            }
        }
    })?;
    Ok(Running { stop, thread: Some(thread) })
}

impl Running {
    /// Finishes the run in hand and ends.
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn round(pipeline: &mut Pipeline, intake: &Intake, metrics: &Metrics) -> Result<(), Error> {
    pipeline.follow_tables()?;
    let messages = if step_aside(intake) { RUN_MESSAGES_ASIDE } else { RUN_MESSAGES_MAX };
    let after = pipeline.books.cursor()?;
    let run = intake.read_after(after, messages, RUN_BYTES_MAX)?;
    let Some(last) = run.last().map(|message| message.id) else {
        metrics.processed(0, 0);
        pipeline.give_up_fragments(after)?;
        if !pipeline.judge_anew()? {
            intake.wait_for_news(after, IDLE);
        }
        return Ok(());
    };
    let carried = pipeline.carry(&run)?;
    for _ in 0..carried.stuck {
        metrics.stuck();
    }
    metrics.processed(carried.messages, intake.last().0 - last.0);
    Ok(())
}

/// Senders come first: their messages are safe only once they are on disk, ours already are. But
/// not for ever. Whether they still wait.
fn step_aside(intake: &Intake) -> bool {
    let since = Instant::now();
    while intake.senders_waiting() > 0 {
        if since.elapsed() >= ASIDE_MAX {
            return true;
        }
        thread::sleep(ASIDE);
    }
    false
}
