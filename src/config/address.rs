//! Where a source is listened for, and where a destination is.

use std::net::{SocketAddr, ToSocketAddrs};

/// Where a source is listened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// MLLP on a socket.
    Mllp(SocketAddr),
}

/// Where a destination is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Send {
    /// MLLP: `host:port`.
    Mllp(String),
}

/// Ways that the contract names and this version does not have yet.
const LATER: [&str; 6] = ["mllps", "http", "https", "dir", "fhir+http", "fhir+https"];

impl Listen {
    /// Reads `mllp://host:port`.
    pub(super) fn parse(text: &str) -> Result<Listen, String> {
        let address = mllp(text)?;
        let mut found = address.to_socket_addrs().map_err(|_| {
            format!("`{address}` names no address of this machine: write a host and a number")
        })?;
        let first = found.next().ok_or(format!("`{address}` names no address"))?;
        Ok(Listen::Mllp(first))
    }

    /// The socket, if it is one.
    pub fn mllp(&self) -> Option<SocketAddr> {
        match self {
            Listen::Mllp(address) => Some(*address),
        }
    }
}

impl Send {
    /// Reads `mllp://host:port`.
    pub(super) fn parse(text: &str) -> Result<Send, String> {
        mllp(text).map(|address| Send::Mllp(address.to_owned()))
    }

    /// The address, if it is MLLP.
    pub fn mllp(&self) -> Option<String> {
        match self {
            Send::Mllp(address) => Some(address.clone()),
        }
    }
}

fn mllp(text: &str) -> Result<&str, String> {
    let (way, rest) = text.split_once(':').unwrap_or((text, ""));
    if LATER.contains(&way) {
        return Err(format!("`{way}:` is not built into this version yet; write mllp://host:port"));
    }
    let address = text.strip_prefix("mllp://").filter(|_| rest.starts_with("//"));
    let address = address.ok_or(format!("`{text}` is no address: write mllp://host:port"))?;
    let sound = address.rsplit_once(':').is_some_and(|(host, number)| {
        !host.is_empty() && !host.contains('/') && number.parse::<u16>().is_ok()
    });
    if sound {
        Ok(address)
    } else {
        Err(format!("`{text}` needs a host and a number: mllp://host:port"))
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
}
