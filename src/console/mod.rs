//! The web pages.
//!
//! **In:** people's questions, and machines' (`/api/v1`, `/metrics`, `/healthz`, `/readyz`).
//! **Out:** pages that need no script, JSON, CSV.
//!
//! **Never:** listens beyond this machine, answers for another host's name, changes anything,
//! writes of a patient into a log, or holds the store while a reader is slow.
//!
//! **Start at** [`PAGES`] and `router.rs`. A new page is a file here, a row in that list if it
//! belongs in the menu, and a route.

mod api;
mod ask;
mod asked;
mod balance;
mod courses;
mod export;
mod failure;
mod guard;
mod health;
mod hold;
mod holds;
mod layout;
mod line;
mod lines;
mod markdown;
mod message;
mod messages;
mod router;
mod segments;
mod shown;
mod strip;
#[cfg(test)]
mod tests;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::mappings::InForce;
use crate::pipeline::Setup;
use crate::store::{Books, Intake};
use crate::telemetry::Metrics;

/// What the pages are made from.
pub struct Desk {
    /// The books.
    pub books: Arc<Books>,
    /// The messages received.
    pub intake: Arc<Intake>,
    /// What the pipeline judged by at the start.
    pub setup: Setup,
    /// The tables in force; they may change while the daemon runs.
    pub tables: Arc<InForce>,
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// The site's name.
    pub site_name: String,
    /// Whether the daemon takes messages.
    pub ready: Arc<AtomicBool>,
    /// The public halves of the keys by which the daemon shows token services that it is us, as a
    /// JSON Web Key Set.
    pub public_keys: String,
}

impl Desk {
    /// The desk with the tables that are in force now.
    fn now(self: &Arc<Desk>) -> Arc<Desk> {
        let tables = self.tables.now();
        if Arc::ptr_eq(&tables, &self.setup.tables) {
            return Arc::clone(self);
        }
        Arc::new(Desk {
            books: Arc::clone(&self.books),
            intake: Arc::clone(&self.intake),
            setup: Setup { tables, ..self.setup.clone() },
            tables: Arc::clone(&self.tables),
            metrics: Arc::clone(&self.metrics),
            site_name: self.site_name.clone(),
            ready: Arc::clone(&self.ready),
            public_keys: self.public_keys.clone(),
        })
    }
}

/// A page of the menu.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Where it is.
    pub path: &'static str,
    /// What the menu calls it.
    pub name: &'static str,
}

/// The pages of the menu, in its order.
pub const PAGES: &[Page] = &[
    Page { path: "/", name: "Messages" },
    Page { path: "/lines", name: "Lines" },
    Page { path: "/courses", name: "Courses" },
    Page { path: "/holds", name: "Holds" },
    Page { path: "/balance", name: "Balance" },
];

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can be reached from other machines.
    #[error("the console listens on this machine only, and {0} is reached from others")]
    NotLoopback(SocketAddr),
    /// The connection to the network failed.
    #[error("the console cannot listen")]
    Listen(#[from] std::io::Error),
}

/// How long pages under way may take once the daemon stops.
const STOPPING_MAX: Duration = Duration::from_secs(5);

/// Serves the pages until `stop`.
///
/// # Errors
/// When the listener is not of this machine alone, or fails.
pub async fn serve(
    listener: TcpListener,
    desk: Desk,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    let (told, stopping) = oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        drop(told);
    };
    let overdue = async move {
        drop(stopping.await);
        tokio::time::sleep(STOPPING_MAX).await;
    };
    let served = axum::serve(listener, router::router(desk)).with_graceful_shutdown(stop);
    tokio::select! {
        served = served.into_future() => Ok(served?),
        () = overdue => Ok(()),
    }
}
