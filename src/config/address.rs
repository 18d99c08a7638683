//! Where a source is listened for, and where a destination is.

use std::net::{SocketAddr, ToSocketAddrs};

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
}

/// Ways of sending that the contract names and this version does not have yet.
const LATER: [&str; 6] = ["mllps", "http", "https", "dir", "fhir+http", "fhir+https"];

impl Listen {
    /// Reads `mllp://host:port`, `mllps://…`, `http://…` or `https://…`.
    pub(super) fn parse(text: &str) -> Result<Listen, String> {
        let (way, _) = text.split_once(':').unwrap_or((text, ""));
        let make = match way {
            "mllp" => Listen::Mllp,
            "mllps" => Listen::Mllps,
            "http" => Listen::Http,
            "https" => Listen::Https,
            "dir" => return Err(later(way)),
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
    /// Reads `mllp://host:port`.
    pub(super) fn parse(text: &str) -> Result<Send, String> {
        let (way, _) = text.split_once(':').unwrap_or((text, ""));
        if LATER.contains(&way) {
            return Err(later(way));
        }
        host_and_port(text, "mllp").map(|address| Send::Mllp(address.to_owned()))
    }

    /// The address, if it is MLLP.
    pub fn mllp(&self) -> Option<String> {
        match self {
            Send::Mllp(address) => Some(address.clone()),
        }
    }
}

fn later(way: &str) -> String {
    format!("`{way}:` is not built into this version yet; write mllp://host:port")
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
            | mllps://host:1           | -                   |
            | dir:/drop                | -                   |
            | 127.0.0.1:2575           | -                   |
            ",
        ) {
            let read = Send::parse(&row["text"]).ok().and_then(|send| send.mllp());
            assert_eq!(read.unwrap_or("-".into()), row["is"], "{row}");
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
