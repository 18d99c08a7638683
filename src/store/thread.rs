//! Starts the threads that write.

use std::thread::{Builder, JoinHandle, panicking};

use super::Error;

/// Starts a writer. A panic in it is a bug whose damage nobody can tell, so the process stops
/// there and then; what is on disk is whole, and the next start goes on from it.
pub(super) fn start_writer(
    name: &'static str,
    write: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, Error> {
    let guarded = move || {
        let _guard = StopsTheProcess;
        write();
    };
    Builder::new().name(name.to_owned()).spawn(guarded).map_err(|_| Error::Closed)
}

struct StopsTheProcess;

impl Drop for StopsTheProcess {
    fn drop(&mut self) {
        if panicking() {
            std::process::abort();
        }
    }
}

/// How much less of the machine a thread asks for that works on what is safe already, than those
/// that take messages in (`nice`).
const GIVES_WAY: i32 = 10;

/// Lets others have the machine first: senders wait for what takes their messages in, and nobody
/// waits for what is done with them later.
pub fn give_way() {
    if let Err(error) = rustix::process::nice(GIVES_WAY) {
        tracing::debug!(%error, "this thread cannot give way to others");
    }
}
