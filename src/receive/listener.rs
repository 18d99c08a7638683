//! Takes connections of one source.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use crate::trust::Fresh;

use super::connection::Connection;
use super::http::{Door, Web};
use super::options::{GIVE_WAY_SECONDS_MAX, HANDSHAKE_SECONDS_MAX};
use super::seat::{Seat, Seats};
use super::{Counted, Error, Limits, Reception};

/// How long a listener rests when the system has no more connections to give.
const REST: Duration = Duration::from_millis(100);

/// Listens for connections of one source.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    peers: Peers,
}

/// How connections are met.
#[derive(Clone)]
struct Peers {
    reception: Arc<Reception>,
    limits: Limits,
    tls: Option<Arc<Fresh<ServerConfig>>>,
    web: Option<Arc<Web>>,
}

impl Listener {
    /// Takes the address, for MLLP; with number 0 the system chooses one.
    pub async fn bind(
        address: SocketAddr,
        reception: Arc<Reception>,
        limits: Limits,
    ) -> Result<Listener, Error> {
        let refuse = |source| Error::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(refuse)?;
        let address = socket.local_addr().map_err(refuse)?;
        let peers = Peers { reception, limits, tls: None, web: None };
        Ok(Listener { socket, address, peers })
    }

    /// The same over TLS.
    pub fn over_tls(self, tls: Arc<Fresh<ServerConfig>>) -> Listener {
        let peers = Peers { tls: Some(tls), ..self.peers };
        Listener { peers, ..self }
    }

    /// The same for HTTP, through such a door.
    pub fn for_web(self, door: Door) -> Listener {
        let web = Web::new(door, Arc::clone(&self.peers.reception), self.peers.limits);
        Listener { peers: Peers { web: Some(web), ..self.peers }, ..self }
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes connections until it is stopped; then takes no more, answers what has begun to come,
    /// closes everything, and returns.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.peers.limits.connections_max));
        let mut connections = JoinSet::new();
        let mut seats = Seats::default();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                taken = self.socket.accept() => match taken {
                    Ok((stream, _)) => {
                        self.serve(stream, (&places, &mut seats), &mut connections, &stop);
                    }
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
        (places, seats): (&Arc<Semaphore>, &mut Seats),
        connections: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let place = Arc::clone(places).try_acquire_owned().ok();
        let is_asked = |after: Duration| seats.ask_for_one(Instant::now(), after);
        if place.is_none() && !self.peers.limits.gives_way_after.is_some_and(is_asked) {
            self.peers.turn_away();
            return;
        }
        let (peers, stop, places) = (self.peers.clone(), stop.clone(), Arc::clone(places));
        let seat = seats.take();
        connections.spawn(async move {
            let within = Duration::from_secs(GIVE_WAY_SECONDS_MAX);
            let place = match place {
                Some(place) => Some(place),
                // A silent connection was asked for its place.
                None => timeout(within, places.acquire_owned()).await.ok().and_then(Result::ok),
            };
            let Some(_place) = place else {
                return peers.turn_away();
            };
            peers.reception.counts().one(Counted::Connection);
            if let Err(error) = peers.meet(stream, (&stop, seat)).await {
                tracing::debug!(
                    source.name = peers.reception.source(),
                    error = &error as &dyn std::error::Error,
                    "A connection ended in a fault."
                );
            }
        });
    }

    async fn rest(&self, error: &io::Error) {
        tracing::warn!(
            source.name = self.peers.reception.source(),
            error = error as &dyn std::error::Error,
            "A connection could not be taken; the listener rests for a moment."
        );
        tokio::time::sleep(REST).await;
    }
}

impl Peers {
    fn turn_away(&self) {
        self.reception.counts().one(Counted::ConnectionTurnedAway);
        tracing::warn!(
            source.name = self.reception.source(),
            connections.max = self.limits.connections_max,
            "A connection was turned away: the source has too many already."
        );
    }

    async fn meet(
        &self,
        stream: TcpStream,
        (stop, seat): (&CancellationToken, Arc<Seat>),
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return self.converse(stream, (stop, seat)).await;
        };
        let within = Duration::from_secs(HANDSHAKE_SECONDS_MAX);
        let acceptor = TlsAcceptor::from(tls.current());
        let shaken = tokio::select! {
            shaken = timeout(within, acceptor.accept(stream)) => shaken,
            () = stop.cancelled() => return Ok(()),
        };
        match shaken {
            Ok(Ok(stream)) => self.converse(stream, (stop, seat)).await,
            Ok(Err(error)) => Err(self.unknown_peer(error)),
            Err(late) => Err(self.unknown_peer(late.into())),
        }
    }

    async fn converse<S>(
        &self,
        stream: S,
        (stop, seat): (&CancellationToken, Arc<Seat>),
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match &self.web {
            Some(web) => Arc::clone(web).serve(stream, stop).await,
            None => {
                let bounds = (self.limits, seat);
                Connection::new(stream, &self.reception, bounds).serve(stop).await
            }
        }
    }

    /// Tells of a peer with which TLS did not come about: to find out why is hard on either side.
    fn unknown_peer(&self, error: io::Error) -> io::Error {
        self.reception.counts().one(Counted::TlsFailed);
        // Who only looks whether somebody listens, as a balancer does, is no news.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return error;
        }
        tracing::warn!(
            source.name = self.reception.source(),
            error = &error as &dyn std::error::Error,
            "A connection did not come about: TLS failed."
        );
        error
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({}, {})", self.peers.reception.source(), self.address)
    }
}
