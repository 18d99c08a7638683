//! Questions to the store, asked where they may take their time.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Desk;
use super::failure::Failure;

/// What every page has at hand.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Arc<Desk>,
    /// Lists that may be under way at once.
    pub(super) exports: Arc<Semaphore>,
}

/// Asks the store on a thread of its own, so that no other page waits for it.
pub(super) async fn ask<T: Send + 'static>(
    shared: &Shared,
    question: impl FnOnce(&Desk) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let desk = shared.desk.now();
    tokio::task::spawn_blocking(move || question(&desk)).await.unwrap_or(Err(Failure::Failed))
}
