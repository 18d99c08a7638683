//! A connection to somebody who listens, in TLS or not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Fresh;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Bytes both ways, in TLS or not.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NotOpen {
    /// Nobody knows its name.
    #[error("its name is not known: {0}")]
    Name(io::Error),
    /// It is there, and refuses.
    #[error("it refuses the connection: {0}")]
    Refused(io::Error),
    /// It is not there, or not in time.
    #[error("it is not reached: {0}")]
    Unreached(io::Error),
    /// One of the two does not prove to the other who it is.
    #[error("TLS does not come about: {0}")]
    Tls(io::Error),
}

/// Connects to `host:port`, and in TLS proves who is there.
///
/// # Errors
/// Why there is no connection; nothing has been sent then.
pub async fn dial(
    address: &str,
    tls: Option<&Arc<Fresh<ClientConfig>>>,
) -> Result<Box<dyn Stream>, NotOpen> {
    let late = |_| NotOpen::Unreached(io::Error::from(io::ErrorKind::TimedOut));
    timeout(CONNECT_WITHIN, stream(address, tls)).await.map_err(late)?
}

async fn stream(
    address: &str,
    tls: Option<&Arc<Fresh<ClientConfig>>>,
) -> Result<Box<dyn Stream>, NotOpen> {
    let plain = connected(address).await?;
    plain.set_nodelay(true).map_err(NotOpen::Unreached)?;
    let Some(tls) = tls else {
        return Ok(Box::new(plain));
    };
    let (host, _) = address.rsplit_once(':').unwrap_or((address, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let fails = |error| NotOpen::Tls(io::Error::other(error));
    let name = ServerName::try_from(host).map_err(fails)?;
    let stream = TlsConnector::from(tls.current()).connect(name, plain).await;
    Ok(Box::new(stream.map_err(NotOpen::Tls)?))
}

/// A connection to the first of the addresses of a name that takes one.
async fn connected(address: &str) -> Result<TcpStream, NotOpen> {
    let nowhere = || io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut fault = NotOpen::Name(nowhere());
    for one in tokio::net::lookup_host(address).await.map_err(NotOpen::Name)? {
        match TcpStream::connect(one).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fault = NotOpen::Refused(error);
            }
            Err(error) => fault = NotOpen::Unreached(error),
        }
    }
    Err(fault)
}
