//! Takes connections of one source.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::{Counted, Error, Limits, Reception};

/// How long a listener rests when the system has no more connections to give.
const REST: Duration = Duration::from_millis(100);

/// Listens for MLLP connections of one source.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    reception: Arc<Reception>,
    limits: Limits,
}

impl Listener {
    /// Takes the address; with number 0 the system chooses one.
    pub async fn bind(
        address: SocketAddr,
        reception: Arc<Reception>,
        limits: Limits,
    ) -> Result<Listener, Error> {
        let refuse = |source| Error::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(refuse)?;
        let address = socket.local_addr().map_err(refuse)?;
        Ok(Listener { socket, address, reception, limits })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections until it is stopped; then takes no more, answers what has begun to come,
    /// closes everything, and returns.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                taken = self.socket.accept() => match taken {
                    Ok((stream, _)) => self.serve(stream, &places, &mut connections, &stop),
                    Err(error) => self.rest(&error).await,
                },
            }
        }
        drop(self.socket);
        while connections.join_next().await.is_some() {}
    }

    fn serve(
        &self,
        stream: TcpStream,
        places: &Arc<Semaphore>,
        connections: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let Ok(place) = Arc::clone(places).try_acquire_owned() else {
            self.reception.counts().one(Counted::ConnectionTurnedAway);
            tracing::warn!(
                source.name = self.reception.source(),
                connections.max = self.limits.connections_max,
                "A connection was turned away: the source has too many already."
            );
            return;
        };
        self.reception.counts().one(Counted::Connection);
        let (reception, limits, stop) = (Arc::clone(&self.reception), self.limits, stop.clone());
        connections.spawn(async move {
            let _place = place;
            if let Err(error) = converse(stream, &reception, limits, &stop).await {
                tracing::debug!(
                    source.name = reception.source(),
                    error = &error as &dyn std::error::Error,
                    "A connection ended in a fault."
                );
            }
        });
    }

    async fn rest(&self, error: &io::Error) {
        tracing::warn!(
            source.name = self.reception.source(),
            error = error as &dyn std::error::Error,
            "A connection could not be taken; the listener rests for a moment."
        );
        tokio::time::sleep(REST).await;
    }
}

async fn converse(
    stream: TcpStream,
    reception: &Reception,
    limits: Limits,
    stop: &CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    Connection::new(stream, reception, limits).serve(stop).await
}
