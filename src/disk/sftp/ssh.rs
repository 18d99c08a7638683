//! The machine's `ssh`, which carries the bytes of SFTP to a server and back.
//!
//! It keeps the keys and knows the hosts. It never asks a person, always checks the host key, and
//! ends when this end of its pipes does.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group};

use super::super::{Error, SSH};
use crate::config::Remote;

/// What holds for every connection, whatever the settings of `ssh` say: nobody is asked, the host
/// key is checked, nothing but SFTP goes through, and a server that is gone is noticed.
const ALWAYS: [&str; 15] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "PermitLocalCommand=no",
    "ControlMaster=no",
    "ControlPath=none",
    "EscapeChar=none",
    "RequestTTY=no",
    "RemoteCommand=none",
    "LogLevel=ERROR",
];
/// Bytes of what `ssh` says that are kept.
const WORDS_BYTES_MAX: usize = 4_096;
/// Signs of it that are shown.
const SHOWN_SIGNS_MAX: usize = 200;
/// Bytes that are read at a time.
const AT_ONCE_BYTES: usize = 64 << 10;
/// How long it may take to end by itself.
const END_WITHIN: Duration = Duration::from_millis(500);

/// A running `ssh`.
#[derive(Debug)]
pub(super) struct Ssh {
    child: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
    words_from: Option<ChildStderr>,
    words: Vec<u8>,
}

/// How `ssh` is called for a server.
pub(super) fn command(remote: &Remote) -> Command {
    let mut command = Command::new(SSH);
    for option in ALWAYS {
        command.args(["-o", option]);
    }
    if let Some(port) = remote.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(user) = &remote.user {
        command.args(["-l", user]);
    }
    if let Some(file) = &remote.identity_file {
        command.arg("-o").arg("IdentitiesOnly=yes").arg("-i").arg(file);
    }
    if let Some(file) = &remote.known_hosts {
        let mut option = OsString::from("UserKnownHostsFile=");
        option.push(file);
        command.arg("-o").arg(option).args(["-o", "GlobalKnownHostsFile=/dev/null"]);
    }
    command.args(["-s", "--", &remote.host, "sftp"]);
    command
}

impl Ssh {
    pub(super) fn start(mut command: Command) -> Result<Ssh, Error> {
        // In a group of its own, so that a key that stops the daemon does not cut what is in hand.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).spawn().map_err(Error::NotStarted)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(to), Some(from), Some(words)) = pipes else {
            return Err(Error::NotStarted(ErrorKind::BrokenPipe.into()));
        };
        let ssh = Ssh { child, to: Some(to), from, words_from: Some(words), words: Vec::new() };
        let to_and_from = ssh.to.iter().map(AsFd::as_fd).chain([ssh.from.as_fd()]);
        for pipe in to_and_from.chain(ssh.words_from.iter().map(AsFd::as_fd)) {
            let made =
                fcntl_getfl(pipe).and_then(|flags| fcntl_setfl(pipe, flags | OFlags::NONBLOCK));
            made.map_err(|error| Error::NotStarted(error.into()))?;
        }
        Ok(ssh)
    }

    /// Waits until something can be done, but no longer than this, and does it: what is to go out
    /// goes, what has come in is added.
    pub(super) fn turn(
        &mut self,
        out: &mut Vec<u8>,
        come: &mut Vec<u8>,
        longest: Duration,
    ) -> Result<(), Error> {
        self.wait(!out.is_empty(), longest)?;
        self.hear();
        self.write(out);
        let mut read = [0; AT_ONCE_BYTES];
        match self.from.read(&mut read) {
            Ok(0) => Err(Error::Ended),
            Ok(count) => {
                come.extend_from_slice(&read[..count]);
                Ok(())
            }
            Err(error) if is_nothing(&error) => Ok(()),
            Err(_) => Err(Error::Ended),
        }
    }

    fn wait(&self, writes: bool, longest: Duration) -> Result<(), Error> {
        let mut watched = vec![PollFd::new(&self.from, PollFlags::IN)];
        if let Some(to) = self.to.as_ref().filter(|_| writes) {
            watched.push(PollFd::new(to, PollFlags::OUT));
        }
        if let Some(words) = &self.words_from {
            watched.push(PollFd::new(words, PollFlags::IN));
        }
        let longest = Timespec::try_from(longest).ok();
        match poll(&mut watched, longest.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(_) => Err(Error::Ended),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        let Some(to) = self.to.as_mut().filter(|_| !out.is_empty()) else { return };
        match to.write(out) {
            Ok(count) => drop(out.drain(..count)),
            Err(error) if is_nothing(&error) => {}
            // It ends: what it still says is read first.
            Err(_) => {
                out.clear();
                self.to = None;
            }
        }
    }

    /// Keeps the last of what `ssh` says of itself.
    fn hear(&mut self) {
        let mut read = [0; 1_024];
        while let Some(words) = &mut self.words_from {
            match words.read(&mut read) {
                Ok(0) => self.words_from = None,
                Ok(count) => {
                    self.words.extend_from_slice(&read[..count]);
                    let above = self.words.len().saturating_sub(WORDS_BYTES_MAX);
                    self.words.drain(..above);
                }
                Err(error) if is_nothing(&error) => return,
                Err(_) => self.words_from = None,
            }
        }
    }

    /// Why no connection came about, as far as `ssh` tells.
    pub(super) fn why(mut self) -> Error {
        let until = Instant::now() + END_WITHIN;
        while self.words_from.is_some() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            if self.wait(false, left.min(Duration::from_millis(20))).is_err() {
                break;
            }
            self.hear();
        }
        said(&String::from_utf8_lossy(&self.words))
    }

    /// Lets it end by itself.
    pub(super) fn end(mut self) {
        self.to = None;
        let until = Instant::now() + END_WITHIN;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            let mut rest = Vec::new();
            if self.turn(&mut Vec::new(), &mut rest, Duration::from_millis(20)).is_err() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Those that it started, such as a proxy, go with it.
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let killed = id.map(|id| kill_process_group(id, Signal::KILL).is_ok());
        if killed != Some(true) && self.child.kill().is_err() {
            return;
        }
        drop(self.child.wait());
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What the words of `ssh` come to.
fn said(words: &str) -> Error {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let shown = |line: Option<&str>| -> String {
        let plain = line.unwrap_or("`ssh` ended without a word").chars();
        plain.filter(|sign| !sign.is_control()).take(SHOWN_SIGNS_MAX).collect()
    };
    let of = |part: &str| lines().find(|line| line.contains(part));
    if let Some(line) = of("host key is known").or(of("Host key verification failed")) {
        return Error::HostKey(shown(Some(line)));
    }
    match of("Permission denied").or(of("Too many authentication failures")) {
        Some(line) => Error::NotLetIn(shown(Some(line))),
        None => Error::Unreached(shown(lines().next_back())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    fn remote() -> Remote {
        Remote {
            user: None,
            host: "sftp.test".into(),
            port: None,
            path: "/in".into(),
            identity_file: None,
            known_hosts: None,
        }
    }

    #[test]
    fn ssh_is_called_so_that_nobody_is_asked_and_the_host_is_proved() {
        let words = |remote: &Remote| -> Vec<String> {
            let command = command(remote);
            command.get_args().map(|it| it.to_str().unwrap().to_owned()).collect()
        };
        let plain = words(&remote());
        for (n, option) in ALWAYS.iter().enumerate() {
            assert_eq!(plain[2 * n..2 * n + 2], ["-o", option]);
        }
        assert_eq!(plain[2 * ALWAYS.len()..], ["-s", "--", "sftp.test", "sftp"]);
        let whole = words(&Remote {
            user: Some("bill".into()),
            port: Some(2222),
            identity_file: Some("key".into()),
            known_hosts: Some("hosts".into()),
            ..remote()
        });
        let more = "-p 2222 -l bill -o IdentitiesOnly=yes -i key -o UserKnownHostsFile=hosts \
                    -o GlobalKnownHostsFile=/dev/null -s -- sftp.test sftp";
        assert_eq!(whole[2 * ALWAYS.len()..].join(" "), more);
    }

    #[test]
    fn what_ssh_says_is_told_in_a_word() {
        for row in rows(
            "
            | says                                                                 | is        |
            | No ED25519 host key is known for h and you have requested checking.  | HostKey   |
            | Host key verification failed.                                        | HostKey   |
            | bill@h: Permission denied (publickey).                               | NotLetIn  |
            | ssh: connect to host h port 22: Connection refused                   | Unreached |
            | ssh: Could not resolve hostname h: Name or service not known         | Unreached |
            | kex_exchange_identification: read: Connection reset by peer          | Unreached |
            |                                                                      | Unreached |
            ",
        ) {
            let told = format!("{:?}", said(&row["says"]));
            assert!(told.starts_with(&row["is"]), "{row}: {told}");
            assert!(told.contains(&row["says"]), "{row}: {told}");
        }
        assert!(!said("Evil\u{1b}[2J").to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_program_that_ends_at_once_is_noticed_and_one_that_is_not_there_too() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo Connection refused >&2; exit 255"]);
        let mut ssh = Ssh::start(command).unwrap();
        let (mut out, mut come) = (b"hello".to_vec(), Vec::new());
        let ended = loop {
            if let Err(error) = ssh.turn(&mut out, &mut come, Duration::from_secs(5)) {
                break error;
            }
        };
        assert!(matches!(ended, Error::Ended), "{ended:?}");
        assert_eq!(ssh.why().to_string(), "the server cannot be reached: Connection refused");
        let gone = Ssh::start(Command::new("/nowhere/at/all/ssh"));
        assert!(matches!(gone, Err(Error::NotStarted(_))));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; sleep 600"]);
        let mut ssh = Ssh::start(command).unwrap();
        let mut come = Vec::new();
        while !come.ends_with(b"\n") {
            ssh.turn(&mut Vec::new(), &mut come, Duration::from_secs(5)).unwrap();
        }
        let own = ssh.child.id().to_string();
        drop(ssh);
        assert!(gone(&own), "it is waited for, so nothing is left of it");
        let until = Instant::now() + Duration::from_secs(20);
        let started = String::from_utf8(come).unwrap();
        while !gone(started.trim()) {
            assert!(Instant::now() < until, "what it started still runs");
            std::thread::yield_now();
        }
    }

    /// Whether a process is no more than a mark of what it was, or less.
    fn gone(id: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z "))
    }
}
