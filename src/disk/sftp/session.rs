//! A conversation with an SFTP server: requests go out ahead of their answers, so many at a time,
//! and each answer is waited for so long.

use std::collections::{HashMap, VecDeque};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::super::{Error, Stamp};
use super::packet::{self, Answer, Looks, Named, Request};
use super::ssh::Ssh;

/// Seconds that a server may take for an answer, and for letting us in.
const ANSWER_SECONDS_MAX: u64 = 60;
/// Requests on their way at a time.
const AHEAD_MAX: usize = 32;
/// Bytes of one answer at most; OpenSSH ends at a quarter of it.
const PACKET_BYTES_MAX: usize = 1 << 20;
/// Bytes of a file that are read or written by one request: every server takes so many.
const CHUNK_BYTES: usize = 32 << 10;
/// Files of one folder that are looked at in one go.
const NAMES_MAX: usize = 100_000;
/// Bytes of a name; what has a longer one is not looked at.
const NAME_BYTES_MAX: usize = 1_024;
/// How often it is looked whether all must end soon.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// When everything must have ended, once that is known.
pub(super) type End = Arc<OnceLock<Instant>>;

/// A conversation with a server.
#[derive(Debug)]
pub(super) struct Session {
    ssh: Ssh,
    end: End,
    out: Vec<u8>,
    come: Vec<u8>,
    last_id: u32,
    /// Whether the server syncs a file that it is asked to.
    pub(super) syncs: bool,
}

/// A part of a file.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    offset: usize,
    bytes: usize,
}

impl Session {
    /// Starts a program that leads to a server, and greets it.
    pub(super) fn start(command: Command, end: End) -> Result<Session, Error> {
        let ssh = Ssh::start(command)?;
        let (out, come) = (packet::hello(), Vec::new());
        let mut session = Session { ssh, end, out, come, last_id: 0, syncs: false };
        match session.packet() {
            Ok(said) => {
                let welcome = packet::welcome(&said);
                session.syncs = welcome.ok_or(Error::Garbled("it is not version 3"))?;
                Ok(session)
            }
            Err(Error::Ended) => Err(session.ssh.why()),
            Err(error) => Err(error),
        }
    }

    /// Ends it in peace.
    pub(super) fn close(self) {
        self.ssh.end();
    }

    /// What one request is answered.
    pub(super) fn ask(&mut self, request: &Request<'_>) -> Result<Answer, Error> {
        let id = self.send(request);
        match self.answer()? {
            (answered, answer) if answered == id => Ok(answer),
            _ => Err(Error::Garbled("an answer to nothing that was asked")),
        }
    }

    /// A request that is only done or not.
    pub(super) fn done(&mut self, request: &Request<'_>) -> Result<(), Error> {
        self.ask(request)?.done()
    }

    /// The files of a folder, up to a bound.
    pub(super) fn list(&mut self, folder: &[u8]) -> Result<Vec<Named>, Error> {
        self.opened(&Request::OpenFolder(folder), |session, handle| {
            let (mut all, mut told) = (Vec::new(), 0);
            while told < NAMES_MAX {
                let Some(names) = session.ask(&Request::ReadFolder(handle))?.names()? else {
                    break;
                };
                told += names.len();
                all.extend(names.into_iter().filter(|it| it.name.len() <= NAME_BYTES_MAX));
            }
            Ok(all)
        })
    }

    /// How many files look; `None` for each that is not there.
    pub(super) fn stamps(&mut self, paths: &[Vec<u8>]) -> Result<Vec<Option<Stamp>>, Error> {
        let mut stamps = vec![None; paths.len()];
        let todo = (0..paths.len()).collect();
        let ask = |n: &usize| Request::Look(paths.get(*n).map_or(&[], Vec::as_slice));
        self.each(todo, ask, |n, answer| {
            stamps[n] = answer.looks_if_there()?.map(Looks::stamp);
            Ok(None)
        })?;
        Ok(stamps)
    }

    /// What a file holds, if it looks as it did before and after that.
    pub(super) fn read(&mut self, path: &[u8], seen: Stamp) -> Result<Option<Vec<u8>>, Error> {
        self.opened(&Request::Open(path), |session, handle| {
            let size = usize::try_from(seen.bytes).unwrap_or(usize::MAX);
            if !session.is_as_seen(handle, seen)? {
                return Ok(None);
            }
            let mut bytes = vec![0; size];
            let is_whole = session.read_into(handle, &mut bytes)?;
            Ok((is_whole && session.is_as_seen(handle, seen)?).then_some(bytes))
        })
    }

    /// Not every server tells of an open file when it was written.
    fn is_as_seen(&mut self, handle: &[u8], seen: Stamp) -> Result<bool, Error> {
        let looks = self.ask(&Request::LookAtOpen(handle))?.looks()?;
        let at = looks.seconds.map(i64::from);
        Ok(looks.bytes == Some(seen.bytes)
            && at.is_none_or(|at| at == seen.seconds || seen.seconds == 0))
    }

    /// Whether all of it was there to be read.
    fn read_into(&mut self, handle: &[u8], bytes: &mut [u8]) -> Result<bool, Error> {
        let mut is_whole = true;
        let ask = |chunk: &Chunk| Request::Read {
            handle,
            offset: chunk.offset as u64,
            bytes: u32::try_from(chunk.bytes).unwrap_or(u32::MAX),
        };
        self.each(chunks(bytes.len()), ask, |chunk, answer| {
            let Some(data) = answer.data()? else {
                is_whole = false;
                return Ok(None);
            };
            if data.is_empty() || data.len() > chunk.bytes {
                return Err(Error::Garbled("more or less of a file than was asked for"));
            }
            let (from, count) = (chunk.offset, data.len());
            bytes[from..from + count].copy_from_slice(&data);
            let left = Chunk { offset: from + count, bytes: chunk.bytes - count };
            Ok((left.bytes > 0).then_some(left))
        })?;
        Ok(is_whole)
    }

    /// Makes a file that is not there, writes it whole, and syncs it where the server can.
    pub(super) fn make(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Error> {
        self.opened(&Request::Make(path), |session, handle| {
            let ask = |chunk: &Chunk| Request::Write {
                handle,
                offset: chunk.offset as u64,
                bytes: bytes.get(chunk.offset..chunk.offset + chunk.bytes).unwrap_or_default(),
            };
            session.each(chunks(bytes.len()), ask, |_, answer| answer.done().map(|()| None))?;
            if session.syncs {
                session.done(&Request::Sync(handle))?;
            }
            Ok(())
        })?;
        let written = self.ask(&Request::Look(path))?.looks()?.bytes;
        if written.map(usize::try_from) == Some(Ok(bytes.len())) {
            return Ok(());
        }
        Err(Error::Garbled("a file is not as long as it was written"))
    }

    /// Does something with what is opened, and closes it.
    fn opened<T>(
        &mut self,
        open: &Request<'_>,
        work: impl FnOnce(&mut Session, &[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let handle = self.ask(open)?.handle()?;
        let worked = work(self, &handle);
        if worked.as_ref().is_err_and(Error::is_of_the_folder) {
            return worked;
        }
        // A server may tell only now that it could not write.
        let closed = self.done(&Request::Close(&handle));
        worked.and_then(|worked| closed.map(|()| worked))
    }

    /// Asks for each of many, and hands over its answer; what is given back is asked for next.
    fn each<'a, K>(
        &mut self,
        mut todo: VecDeque<K>,
        ask: impl Fn(&K) -> Request<'a>,
        mut take: impl FnMut(K, Answer) -> Result<Option<K>, Error>,
    ) -> Result<(), Error> {
        let mut ahead: HashMap<u32, K> = HashMap::new();
        let mut result = Ok(());
        loop {
            while result.is_ok() && ahead.len() < AHEAD_MAX {
                let Some(key) = todo.pop_front() else { break };
                ahead.insert(self.send(&ask(&key)), key);
            }
            if ahead.is_empty() {
                return result;
            }
            let (id, answer) = self.answer()?;
            let key = ahead.remove(&id);
            let key = key.ok_or(Error::Garbled("an answer to nothing that was asked"))?;
            match take(key, answer) {
                Ok(again) => todo.extend(again),
                // Those that are on their way are answered before anything else.
                Err(error) => result = Err(error),
            }
        }
    }

    fn send(&mut self, request: &Request<'_>) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.out.extend_from_slice(&request.write(self.last_id));
        self.last_id
    }

    fn answer(&mut self) -> Result<(u32, Answer), Error> {
        let packet = self.packet()?;
        packet::read(&packet).ok_or(Error::Garbled("an answer that cannot be read"))
    }

    /// The next packet, without its length.
    fn packet(&mut self) -> Result<Vec<u8>, Error> {
        let until = Instant::now() + Duration::from_secs(ANSWER_SECONDS_MAX);
        loop {
            if let Some((length, rest)) = self.come.split_first_chunk::<4>() {
                let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
                if length == 0 || length > PACKET_BYTES_MAX {
                    return Err(Error::Garbled("a packet is too long"));
                }
                if rest.len() >= length {
                    let packet = rest.get(..length).unwrap_or_default().to_vec();
                    self.come.drain(..4 + length);
                    return Ok(packet);
                }
            }
            let now = Instant::now();
            let until = self.end.get().map_or(until, |end| until.min(*end));
            if now >= until {
                return Err(Error::Silent);
            }
            let longest = LOOK_EVERY.min(until.saturating_duration_since(now));
            self.ssh.turn(&mut self.out, &mut self.come, longest)?;
        }
    }
}

fn chunks(size: usize) -> VecDeque<Chunk> {
    let starts = (0..size).step_by(CHUNK_BYTES);
    starts.map(|offset| Chunk { offset, bytes: CHUNK_BYTES.min(size - offset) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation with a shell that plays a server.
    fn with(script: &str, within: Duration) -> Result<Session, Error> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let end = End::default();
        end.set(Instant::now() + within).unwrap();
        Session::start(command, end)
    }

    const WELCOME: &str = r"printf '\0\0\0\5\2\0\0\0\3'";

    #[test]
    fn nobody_is_waited_for_without_an_end() {
        let soon = Duration::from_millis(300);
        let before = Instant::now();
        assert!(matches!(with("sleep 600", soon), Err(Error::Silent)));
        let mut session = with(&format!("{WELCOME}; sleep 600"), soon).unwrap();
        assert!(matches!(session.ask(&Request::Look(b"a")), Err(Error::Silent)));
        // Who reads nothing is not waited for either, however much there is to write.
        let mut session = with(&format!("{WELCOME}; sleep 600"), soon).unwrap();
        let long = vec![0; 4 << 20];
        let write = Request::Write { handle: b"h", offset: 0, bytes: &long };
        assert!(matches!(session.ask(&write), Err(Error::Silent)));
        assert!(before.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn more_than_was_asked_for_is_not_taken() {
        let long = r"printf '\0\0\0\013\147\0\0\0\1\0\0\0\2ab'; cat";
        let mut session = with(&format!("{WELCOME}; {long}"), Duration::from_secs(20)).unwrap();
        let mut one = [0];
        let read = session.read_into(b"h", &mut one);
        assert!(matches!(read, Err(Error::Garbled(_))), "{read:?}");
    }

    #[test]
    fn a_file_is_asked_for_in_parts() {
        let all = chunks(2 * CHUNK_BYTES + 1);
        let parts: Vec<(usize, usize)> = all.iter().map(|it| (it.offset, it.bytes)).collect();
        let expected = [(0, CHUNK_BYTES), (CHUNK_BYTES, CHUNK_BYTES), (2 * CHUNK_BYTES, 1)];
        assert_eq!(parts, expected);
        assert!(chunks(0).is_empty());
    }
}
