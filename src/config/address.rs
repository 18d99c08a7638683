//! Where a source is listened for, and where a destination is.

use std::net::{SocketAddr, ToSocketAddrs};

use url::Url;

use super::{Place, folder, peer};

/// Where a source is listened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// MLLP on a socket.
    Mllp(SocketAddr),
    /// MLLP over TLS.
    Mllps(SocketAddr),
    /// HTTP: HL7 v2 at `/hl7`, FHIR at `/fhir`.
    Http(SocketAddr),
    /// The same over TLS.
    Https(SocketAddr),
}

/// Where a destination is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Send {
    /// MLLP: `host:port`.
    Mllp(String),
    /// MLLP over TLS: `host:port`.
    Mllps(String),
    /// A FHIR server: its base, without a slash at the end.
    Fhir(Url),
    /// A folder into which files are put.
    Dir(Place),
}

impl Listen {
    /// Reads `mllp://host:port`, `mllps://…`, `http://…` or `https://…`.
    pub(super) fn parse(text: &str) -> Result<Listen, String> {
        let (way, _) = text.split_once(':').unwrap_or((text, ""));
        let make = match way {
            "mllp" => Listen::Mllp,
            "mllps" => Listen::Mllps,
            "http" => Listen::Http,
            "https" => Listen::Https,
            "fhir+http" | "fhir+https" => {
                return Err(format!(
                    "`{way}:` is asked, not listened for: write poll = \"{text}\""
                ));
            }
            _ => return Err(format!("`{text}` is no address: write mllp://host:port")),
        };
        socket(host_and_port(text, way)?).map(make)
    }

    /// The socket.
    pub fn socket(self) -> SocketAddr {
        match self {
            Listen::Mllp(at) | Listen::Mllps(at) | Listen::Http(at) | Listen::Https(at) => at,
        }
    }

    /// Whether both sides speak TLS.
    pub fn is_secure(self) -> bool {
        match self {
            Listen::Mllps(_) | Listen::Https(_) => true,
            Listen::Mllp(_) | Listen::Http(_) => false,
        }
    }

    /// Whether requests come, and not frames.
    pub fn is_http(self) -> bool {
        match self {
            Listen::Http(_) | Listen::Https(_) => true,
            Listen::Mllp(_) | Listen::Mllps(_) => false,
        }
    }
}

impl Send {
    /// Reads `mllp://host:port`, `mllps://host:port`, `dir:/path`, `sftp://host/path`,
    /// `fhir+https://host/base`, or on this machine `fhir+http://…`.
    pub(super) fn parse(text: &str) -> Result<Send, String> {
        let (way, _) = text.split_once(':').unwrap_or((text, ""));
        match way {
            "mllps" => host_and_port(text, way).map(|address| Send::Mllps(address.to_owned())),
            "fhir+https" | "fhir+http" => base(text).map(Send::Fhir),
            "http" | "https" => Err(format!("`{way}:` says not what is sent: write fhir+{text}")),
            "dir" | "sftp" => folder::place(text).map(Send::Dir),
            _ => host_and_port(text, "mllp").map(|address| Send::Mllp(address.to_owned())),
        }
    }

    /// Whether resources of FHIR are sent, and not messages of HL7 v2.
    pub fn is_fhir(&self) -> bool {
        match self {
            Send::Fhir(_) => true,
            Send::Mllp(_) | Send::Mllps(_) | Send::Dir(_) => false,
        }
    }

    /// Whether files are put into a folder.
    pub fn is_dir(&self) -> bool {
        match self {
            Send::Dir(_) => true,
            Send::Mllp(_) | Send::Mllps(_) | Send::Fhir(_) => false,
        }
    }
}

/// The base of a FHIR server, without a slash at the end.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let mut url = peer::server(text, ["fhir+https", "fhir+http"])?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn socket(address: &str) -> Result<SocketAddr, String> {
    let mut found = address.to_socket_addrs().map_err(|_| {
        format!("`{address}` names no address of this machine: write a host and a number")
    })?;
    found.next().ok_or(format!("`{address}` names no address"))
}

/// What stands behind `way://`, if it is a host and a number and nothing else.
fn host_and_port<'a>(text: &'a str, way: &str) -> Result<&'a str, String> {
    let rest = text.strip_prefix(way).and_then(|rest| rest.strip_prefix("://"));
    let address = rest.ok_or(format!("`{text}` is no address: write {way}://host:port"))?;
    let sound = address.rsplit_once(':').is_some_and(|(host, number)| {
        !host.is_empty() && !host.contains('/') && number.parse::<u16>().is_ok()
    });
    if sound {
        Ok(address)
    } else {
        Err(format!("`{text}` needs a host and a number: {way}://host:port"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn an_address_says_how_and_where() {
        for row in rows(
            "
            | text                     | is                  |
            | mllp://127.0.0.1:2575    | 127.0.0.1:2575      |
            | mllp://billing.test:6661 | billing.test:6661   |
            | mllp://[::1]:6661        | [::1]:6661          |
            | mllp://127.0.0.1         | -                   |
            | mllp://:2575             | -                   |
            | mllp://host:99999        | -                   |
            | tcp://127.0.0.1:1        | -                   |
            | mllps://host:1           | host:1 in TLS       |
            | mllps://host             | -                   |
            | dir:/drop                | /drop, a folder     |
            | dir:drop/out             | drop/out, a folder  |
            | dir:                     | -                   |
            | dir://host/drop          | -                   |
            | sftp://me@a.test/out     | /out at a.test      |
            | sftp://me:x@a.test/out   | -                   |
            | 127.0.0.1:2575           | -                   |
            | https://a.test/r4        | -                   |
            | fhir+https://a.test/r4/  | https://a.test/r4   |
            | fhir+https://a.test      | https://a.test/     |
            | fhir+http://[::1]:80/r4  | http://[::1]/r4     |
            | fhir+http://a.test/r4    | -                   |
            | fhir+https://a.test/r4?x | -                   |
            | fhir+https://u:p@a.test/ | -                   |
            ",
        ) {
            let told = match Send::parse(&row["text"]) {
                Ok(Send::Mllp(address)) => address,
                Ok(Send::Mllps(address)) => format!("{address} in TLS"),
                Ok(Send::Fhir(base)) => base.to_string(),
                Ok(Send::Dir(Place::Here(folder))) => format!("{}, a folder", folder.display()),
                Ok(Send::Dir(Place::There(remote))) => {
                    format!("{} at {}", remote.path, remote.host)
                }
                Err(_) => "-".to_owned(),
            };
            assert_eq!(told, row["is"], "{row}");
        }
    }

    #[test]
    fn a_source_is_listened_for_in_four_ways() {
        for row in rows(
            "
            | text                     | secure | http |
            | mllp://127.0.0.1:2575    | false  | false |
            | mllps://127.0.0.1:2575   | true   | false |
            | http://[::1]:2580        | false  | true  |
            | https://0.0.0.0:2580     | true   | true  |
            | https://127.0.0.1:1/fhir | -      | -     |
            | https:/127.0.0.1:1       | -      | -     |
            | fhir+https://a.test/r4   | -      | -     |
            | dir:/drop                | -      | -     |
            ",
        ) {
            let read = Listen::parse(&row["text"]);
            let told = |is: fn(Listen) -> bool| {
                read.as_ref().map_or("-".to_owned(), |listen| is(*listen).to_string())
            };
            assert_eq!(told(Listen::is_secure), row["secure"], "{row}");
            assert_eq!(told(Listen::is_http), row["http"], "{row}");
        }
    }
}
