//! Waiting for something to become so, never for time to pass.

use std::time::{Duration, Instant};

/// Nothing that a test waits for takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// Nor does anything that goes on, however slowly.
const PATIENCE_AT_LAST: Duration = Duration::from_secs(300);

/// Waits until it is so; fails with what was last seen if it does not become so, and nothing moves.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    let (mut moved, mut last) = (begun, String::new());
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(seen) if seen != last => (moved, last) = (Instant::now(), seen),
            Err(seen) if moved.elapsed() > PATIENCE => panic!("{what}: {seen}"),
            Err(_) => {}
        }
        assert!(begun.elapsed() < PATIENCE_AT_LAST, "{what}: {last}, and no end");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until a condition holds.
pub async fn until_so(what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || if is_so() { Ok(()) } else { Err("it never came".into()) }).await;
}
