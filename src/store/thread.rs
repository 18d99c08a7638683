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
