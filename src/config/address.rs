//! Where a source is heard and where a destination is reached.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// A host, by name or number, and a port. Port 0 lets the system choose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name or number, without the brackets of IPv6.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Where a source is heard, or what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Listen {
    /// HL7 v2 over MLLP.
    Mllp(Endpoint),
    /// The same within TLS.
    Mllps(Endpoint),
    /// HL7 v2 and FHIR over HTTP.
    Http(Endpoint),
    /// The same within TLS.
    Https(Endpoint),
    /// A folder into which files are dropped.
    Folder(PathBuf),
    /// A FHIR server that is asked.
    Poll(FhirServer),
}

/// Where a destination is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// HL7 v2 over MLLP.
    Mllp(Endpoint),
    /// The same within TLS.
    Mllps(Endpoint),
    /// A folder into which messages are written.
    Folder(PathBuf),
    /// A FHIR server.
    Fhir(FhirServer),
}

/// The base address of a FHIR server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FhirServer {
    /// Beginning with `https://`, or on this machine with `http://`.
    pub url: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Mllp(endpoint) => write!(f, "mllp://{endpoint}"),
            Listen::Mllps(endpoint) => write!(f, "mllps://{endpoint}"),
            Listen::Http(endpoint) => write!(f, "http://{endpoint}"),
            Listen::Https(endpoint) => write!(f, "https://{endpoint}"),
            Listen::Folder(path) => write!(f, "dir:{}", path.display()),
            Listen::Poll(server) => write!(f, "fhir+{}", server.url),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Mllp(endpoint) => write!(f, "mllp://{endpoint}"),
            Address::Mllps(endpoint) => write!(f, "mllps://{endpoint}"),
            Address::Folder(path) => write!(f, "dir:{}", path.display()),
            Address::Fhir(server) => write!(f, "fhir+{}", server.url),
        }
    }
}

impl Endpoint {
    fn parse(text: &str) -> Result<Endpoint, String> {
        let wrong =
            || format!("is `{text}` behind its scheme: write host:port, like 127.0.0.1:2575");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(host)) if host.parse::<IpAddr>().is_ok() => host,
            Some(_) => return Err(wrong()),
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        let sound = |sign: char| sign.is_ascii_alphanumeric() || ".-_:%".contains(sign);
        if host.is_empty() || !host.chars().all(sound) {
            return Err(wrong());
        }
        Ok(Endpoint { host: host.to_owned(), port })
    }

    /// Whether two listeners here would get into each other's way.
    pub(super) fn clashes(&self, other: &Endpoint) -> bool {
        let everywhere =
            |host: &str| host.parse::<IpAddr>().is_ok_and(|host| host.is_unspecified());
        let same = self.host.eq_ignore_ascii_case(&other.host);
        let overlapping = same || everywhere(&self.host) || everywhere(&other.host);
        self.port != 0 && self.port == other.port && overlapping
    }
}

impl Listen {
    pub(super) fn parse(text: &str) -> Result<Listen, String> {
        match split(text) {
            Some(("mllp", rest)) => Endpoint::parse(rest).map(Listen::Mllp),
            Some(("mllps", rest)) => Endpoint::parse(rest).map(Listen::Mllps),
            Some(("http", rest)) => Endpoint::parse(rest).map(Listen::Http),
            Some(("https", rest)) => Endpoint::parse(rest).map(Listen::Https),
            Some(("dir", rest)) => Ok(Listen::Folder(PathBuf::from(rest))),
            Some(("fhir+http" | "fhir+https", _)) => Err(format!(
                "is `{text}`: a server that is asked stands in `poll`, not in `listen`"
            )),
            Some(_) | None => Err(format!("is `{text}`: write mllp://host:port")),
        }
    }

    pub(super) fn parse_poll(text: &str) -> Result<Listen, String> {
        FhirServer::parse(text).map(Listen::Poll)
    }

    /// The host and port it opens, if it opens one.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Listen::Mllp(it) | Listen::Mllps(it) | Listen::Http(it) | Listen::Https(it) => Some(it),
            Listen::Folder(_) | Listen::Poll(_) => None,
        }
    }

    /// What this release cannot do yet.
    pub(super) fn not_built(&self) -> Option<&'static str> {
        match self {
            Listen::Mllp(_) => None,
            Listen::Mllps(_) => Some("MLLP within TLS"),
            Listen::Http(_) | Listen::Https(_) => Some("listening over HTTP"),
            Listen::Folder(_) => Some("a drop folder"),
            Listen::Poll(_) => Some("asking a FHIR server"),
        }
    }
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Address, String> {
        match split(text) {
            Some(("mllp", rest)) => Endpoint::parse(rest).map(Address::Mllp),
            Some(("mllps", rest)) => Endpoint::parse(rest).map(Address::Mllps),
            Some(("dir", rest)) => Ok(Address::Folder(PathBuf::from(rest))),
            Some(("fhir+http" | "fhir+https", _)) => FhirServer::parse(text).map(Address::Fhir),
            Some(_) | None => Err(format!("is `{text}`: write mllp://host:port")),
        }
    }

    /// What this release cannot do yet.
    pub(super) fn not_built(&self) -> Option<&'static str> {
        match self {
            Address::Mllp(_) => None,
            Address::Mllps(_) => Some("MLLP within TLS"),
            Address::Folder(_) => Some("writing into a folder"),
            Address::Fhir(_) => Some("sending to a FHIR server"),
        }
    }
}

impl FhirServer {
    fn parse(text: &str) -> Result<FhirServer, String> {
        let url = text.strip_prefix("fhir+").unwrap_or(text);
        match split(url) {
            Some(("https", rest)) if !rest.is_empty() => Ok(FhirServer { url: url.to_owned() }),
            Some(("http", rest)) if is_loopback(rest) => Ok(FhirServer { url: url.to_owned() }),
            Some(("http", _)) => {
                Err(format!("is `{text}`: beyond this machine write fhir+https://…"))
            }
            Some(_) | None => Err(format!("is `{text}`: write fhir+https://host:port/path")),
        }
    }
}

/// Reads `http://127.0.0.1:8080`; a name other than `localhost` could be anybody.
pub(super) fn console(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("is `{text}`: write http://127.0.0.1:8080");
    let (scheme, rest) = split(text).ok_or_else(wrong)?;
    if scheme == "https" {
        return Err(format!(
            "is `{text}`: the console within TLS is not built yet; write http://127.0.0.1:port"
        ));
    }
    let endpoint = Endpoint::parse(rest.trim_end_matches('/')).map_err(|_| wrong())?;
    let host = if endpoint.host == "localhost" { "127.0.0.1" } else { &endpoint.host };
    let address: IpAddr = host.parse().map_err(|_| wrong())?;
    match (scheme, address.is_loopback()) {
        ("http", true) => Ok(SocketAddr::new(address, endpoint.port)),
        ("http", false) => Err(format!(
            "is `{text}`: the console asks nobody who he is, so it listens on this machine only; write http://127.0.0.1:{}",
            endpoint.port
        )),
        _ => Err(wrong()),
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    if let Some(path) = text.strip_prefix("dir:") {
        return (!path.is_empty()).then_some(("dir", path));
    }
    text.split_once("://")
}

fn is_loopback(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = Endpoint::parse(authority).map_or(authority.to_owned(), |endpoint| endpoint.host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn an_address_is_read_or_says_what_to_write() {
        for row in rows(
            "
            | text                       | listen | send |
            | mllp://127.0.0.1:2575      | yes    | yes  |
            | mllp://0.0.0.0:0           | yes    | yes  |
            | mllp://[::1]:2575          | yes    | yes  |
            | mllp://billing.example:1   | yes    | yes  |
            | mllps://127.0.0.1:2576     | yes    | yes  |
            | http://127.0.0.1:80        | yes    | no   |
            | dir:/var/drop              | yes    | yes  |
            | dir:                       | no     | no   |
            | fhir+https://a.example/r4  | no     | yes  |
            | fhir+http://a.example/r4   | no     | no   |
            | fhir+http://127.0.0.1:9/r4 | no     | yes  |
            | mllp://127.0.0.1           | no     | no   |
            | mllp://127.0.0.1:99999     | no     | no   |
            | mllp://::1:2575            | no     | no   |
            | mllp://:2575               | no     | no   |
            | tcp://127.0.0.1:2575       | no     | no   |
            | 127.0.0.1:2575             | no     | no   |
            ",
        ) {
            let (listen, send) = (Listen::parse(&row["text"]), Address::parse(&row["text"]));
            assert_eq!(listen.is_ok(), row["listen"] == "yes", "{row}");
            assert_eq!(send.is_ok(), row["send"] == "yes", "{row}");
            listen.iter().for_each(|it| assert_eq!(it.to_string(), row["text"], "{row}"));
            send.iter().for_each(|it| assert_eq!(it.to_string(), row["text"], "{row}"));
        }
    }

    #[test]
    fn the_console_stays_on_this_machine() {
        for row in rows(
            "
            | text                   | ok  |
            | http://127.0.0.1:8080  | yes |
            | http://127.0.0.1:0/    | yes |
            | http://localhost:8080  | yes |
            | http://[::1]:8080      | yes |
            | http://0.0.0.0:8080    | no  |
            | http://10.0.0.7:8080   | no  |
            | http://console:8080    | no  |
            | https://127.0.0.1:8080 | no  |
            | 127.0.0.1:8080         | no  |
            ",
        ) {
            assert_eq!(console(&row["text"]).is_ok(), row["ok"] == "yes", "{row}");
        }
    }
}
