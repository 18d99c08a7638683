//! Folders of an SFTP server, which the machine's own `ssh` reaches.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::peer;
use super::tree::Tree;

/// How an address begins that is a folder of an SFTP server.
pub(super) const SCHEME: &str = "sftp:";

/// Keys that only such a folder has.
const KEYS: [&str; 2] = ["identity_file", "known_hosts"];

/// A folder of an SFTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// As whom `ssh` comes in; as its own settings say if none.
    pub user: Option<String>,
    /// The name of the server, or a name that the settings of `ssh` have for it.
    pub host: String,
    /// Where it listens; as the settings of `ssh` say if none.
    pub port: Option<u16>,
    /// The folder: from the root of the server, or from where the user comes in.
    pub path: String,
    /// The private key that shows that it is us; those that `ssh` knows of if none.
    pub identity_file: Option<PathBuf>,
    /// The file of the host keys that are believed; those that `ssh` knows of if none.
    pub known_hosts: Option<PathBuf>,
}

impl Remote {
    /// Reads `sftp://user@host:port/path`; a path that begins with `~/` or `./` counts from where
    /// the user comes in.
    pub(super) fn parse(text: &str) -> Result<Remote, String> {
        const LIKE: &str = "write sftp://user@host/path";
        let rest = text.strip_prefix("sftp://").unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, server) = match authority.rsplit_once('@') {
            Some((user, server)) => (Some(user), server),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err("holds a password: `ssh` shows that it is us by a key; write \
                        `identity_file` beside it"
                .to_owned());
        }
        if user.is_some_and(|user| !is_user(user)) {
            return Err(format!("`{text}` has a user that is no name: {LIKE}"));
        }
        let (host, port) =
            host_and_port(server).ok_or(format!("`{text}` names no host: {LIKE}"))?;
        let path = folder(path).map_err(|wrong| format!("`{text}` {wrong}: {LIKE}"))?;
        Ok(Remote {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            path,
            identity_file: None,
            known_hosts: None,
        })
    }

    /// Whether one of the two lies in the other, on one server and for one user.
    pub(super) fn meets(&self, other: &Remote) -> bool {
        let place = |it: &Remote| (it.user.clone(), it.host.clone(), it.port.unwrap_or(22));
        let path = |it: &Remote| PathBuf::from(if it.path == "." { "" } else { &it.path });
        let (one, two) = (path(self), path(other));
        let (within, around) = (one.starts_with(&two), two.starts_with(&one));
        place(self) == place(other) && one.is_absolute() == two.is_absolute() && (within || around)
    }
}

/// Reads the keys beside an address, if it is one of an SFTP server; elsewhere they have no place.
pub(super) fn keys(
    tree: &mut Tree<'_>,
    (table, at): (Option<&Map<String, Value>>, &str),
    remote: Option<&mut Remote>,
) {
    let told = KEYS.into_iter().filter(|key| table.is_some_and(|table| table.contains_key(*key)));
    let Some(remote) = remote else {
        for key in told {
            tree.wrong(&format!("{at}.{key}"), "is for sftp://, which `ssh` reaches");
        }
        return;
    };
    for key in told {
        let file = peer::file(tree, (table, at), key);
        if file.as_deref().is_some_and(|file| !is_plain(file)) {
            let text = "is a name that `ssh` would read otherwise: write one of letters, digits, \
                        `/`, `.`, `-`, `_`";
            tree.wrong(&format!("{at}.{key}"), text);
        }
        match key {
            "identity_file" => remote.identity_file = file,
            _ => remote.known_hosts = file,
        }
    }
}

/// `ssh` expands `%`, `~` and `$` in names of files, and ends some at a blank.
fn is_plain(file: &Path) -> bool {
    let plain = |sign: char| sign.is_alphanumeric() || "/.-_+,@:=".contains(sign);
    file.to_str().is_some_and(|file| file.chars().all(plain) && !file.starts_with('-'))
}

fn is_user(user: &str) -> bool {
    let plain = |sign: char| sign.is_alphanumeric() || "._-+@\\$".contains(sign);
    !user.is_empty() && !user.starts_with('-') && user.chars().all(plain)
}

fn host_and_port(server: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let is_address = server.starts_with('[');
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-' | b'_')
            || (is_address && matches!(byte, b':' | b'%'))
    };
    let sound = !host.is_empty() && !host.starts_with('-') && host.bytes().all(plain);
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        None => None,
    };
    sound.then_some((host, port))
}

/// The path of a folder, which is written behind the slash after the host.
fn folder(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let (from_root, parts) = match text.split_once('/') {
        Some(("~" | ".", rest)) => (false, rest),
        None if matches!(text, "~" | ".") => return Ok(".".to_owned()),
        Some(_) | None => (true, text),
    };
    if parts.is_empty() {
        return Err("names no folder of the server");
    }
    if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("has a path that is not plain");
    }
    if parts.contains('%') || parts.chars().any(char::is_control) {
        return Err("has a `%`, and a path is written as it is on the server");
    }
    Ok(if from_root { format!("/{parts}") } else { parts.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn an_address_says_who_comes_where() {
        for row in rows(
            "
            | text                              | user       | host      | port | path   |
            | sftp://bill@sftp.test:2222/in/out | bill       | sftp.test | 2222 | /in/out |
            | sftp://sftp.test/in/              | -          | sftp.test | -    | /in    |
            | sftp://a@b.test@sftp.test/in      | a@b.test   | sftp.test | -    | /in    |
            | sftp://bill@[::1]:22/in           | bill       | ::1       | 22   | /in    |
            | sftp://bill@h/~/in                | bill       | h         | -    | in     |
            | sftp://bill@h/./in/a b            | bill       | h         | -    | in/a b |
            | sftp://bill@h/~                   | bill       | h         | -    | .      |
            | sftp://bill:secret@h/in           | password   |           |      |        |
            | sftp://bill@h                     | no folder  |           |      |        |
            | sftp://bill@h/                    | no folder  |           |      |        |
            | sftp://bill@h/~/                  | .          |           |      |        |
            | sftp://bill@h/a/../b              | not plain  |           |      |        |
            | sftp://bill@h//a                  | not plain  |           |      |        |
            | sftp://bill@h/a%20b               | has a `%`  |           |      |        |
            | sftp://bill@h:0/a                 | no host    |           |      |        |
            | sftp://bill@h:x/a                 | no host    |           |      |        |
            | sftp://-oProxyCommand=x/a         | no host    |           |      |        |
            | sftp://bill@-h/a                  | no host    |           |      |        |
            | sftp://-l@h/a                     | no name    |           |      |        |
            | sftp:/a                           | no host    |           |      |        |
            ",
        ) {
            match Remote::parse(&row["text"]) {
                Ok(told) if row["host"].is_empty() => assert_eq!(told.path, row["user"], "{row}"),
                Ok(told) => {
                    let port = told.port.map_or("-".to_owned(), |port| port.to_string());
                    let told = [told.user.unwrap_or("-".into()), told.host, port, told.path];
                    let expected = ["user", "host", "port", "path"].map(|name| row[name].clone());
                    assert_eq!(told, expected, "{row}");
                }
                Err(wrong) => {
                    assert!(wrong.contains(&row["user"]), "{row}: {wrong}");
                    assert!(!wrong.contains("secret"), "a password is never shown");
                }
            }
        }
    }
}
