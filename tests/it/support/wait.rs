//! Waiting for something to become so, never for time to pass.

use std::time::{Duration, Instant};

/// Nothing that a test waits for takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// Waits until it is so; fails with what was last seen if it does not become so.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let since = Instant::now();
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(seen) if since.elapsed() > PATIENCE => panic!("{what}: {seen}"),
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// Waits until a condition holds.
pub async fn until_so(what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || if is_so() { Ok(()) } else { Err("it never came".into()) }).await;
}
