//! SFTP, version 3 (draft-ietf-secsh-filexfer-02), as bytes: what is asked, and what is answered.
//!
//! Names and handles are bytes of the server's own and stay so.

use super::super::error::Answer as Status;
use super::super::{Error, Kind, Stamp};

const VERSION: u32 = 3;

/// The extension by which a server is asked to sync a file.
const SYNC: &[u8] = b"fsync@openssh.com";

/// Bits of the attributes of a file.
const HAS_SIZE: u32 = 1;
const HAS_OWNER: u32 = 2;
const HAS_PERMISSIONS: u32 = 4;
const HAS_TIMES: u32 = 8;
const HAS_MORE: u32 = 0x8000_0000;

/// What may be done with a file that is opened, and how files and folders are made.
const TO_READ: u32 = 1;
const TO_WRITE_ANEW: u32 = 2 | 8 | 32;
const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

/// What is asked of a server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request<'a> {
    /// Opens a file to be read.
    Open(&'a [u8]),
    /// Makes a file that is not there, to be written.
    Make(&'a [u8]),
    Close(&'a [u8]),
    Read {
        handle: &'a [u8],
        offset: u64,
        bytes: u32,
    },
    Write {
        handle: &'a [u8],
        offset: u64,
        bytes: &'a [u8],
    },
    /// How a file looks; a link is looked at, and not followed.
    Look(&'a [u8]),
    /// How a folder looks, also behind a link.
    LookBehind(&'a [u8]),
    /// How an open file looks.
    LookAtOpen(&'a [u8]),
    OpenFolder(&'a [u8]),
    ReadFolder(&'a [u8]),
    MakeFolder(&'a [u8]),
    Remove(&'a [u8]),
    /// Never over another file.
    Rename {
        from: &'a [u8],
        to: &'a [u8],
    },
    Sync(&'a [u8]),
}

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    No(Status),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    Names(Vec<Named>),
    Looks(Looks),
}

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    pub(super) looks: Looks,
}

/// What a server tells of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looks {
    pub(super) bytes: Option<u64>,
    pub(super) seconds: Option<u32>,
    pub(super) kind: Option<Kind>,
}

impl Answer {
    /// It is done.
    pub(super) fn done(self) -> Result<(), Error> {
        if self == Answer::Done { Ok(()) } else { Err(self.unfit()) }
    }

    /// What is open now.
    pub(super) fn handle(self) -> Result<Vec<u8>, Error> {
        if let Answer::Handle(handle) = self { Ok(handle) } else { Err(self.unfit()) }
    }

    /// How it looks.
    pub(super) fn looks(self) -> Result<Looks, Error> {
        if let Answer::Looks(looks) = self { Ok(looks) } else { Err(self.unfit()) }
    }

    /// How it looks, if it is there.
    pub(super) fn looks_if_there(self) -> Result<Option<Looks>, Error> {
        if self == Answer::No(Status::NotThere) { Ok(None) } else { self.looks().map(Some) }
    }

    /// What a file holds, if it goes so far.
    pub(super) fn data(self) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Answer::Data(data) => Ok(Some(data)),
            Answer::No(Status::End) => Ok(None),
            Answer::Done
            | Answer::No(_)
            | Answer::Handle(_)
            | Answer::Names(_)
            | Answer::Looks(_) => Err(self.unfit()),
        }
    }

    /// Further files of a folder, if there are any.
    pub(super) fn names(self) -> Result<Option<Vec<Named>>, Error> {
        match self {
            Answer::Names(names) => Ok(Some(names).filter(|names| !names.is_empty())),
            Answer::No(Status::End) => Ok(None),
            Answer::Done
            | Answer::No(_)
            | Answer::Handle(_)
            | Answer::Data(_)
            | Answer::Looks(_) => Err(self.unfit()),
        }
    }

    /// What it is as an answer that is not the one that is wanted.
    fn unfit(&self) -> Error {
        match self {
            Answer::No(status) => Error::Refused(*status),
            Answer::Done
            | Answer::Handle(_)
            | Answer::Data(_)
            | Answer::Names(_)
            | Answer::Looks(_) => Error::Garbled("an answer of another kind"),
        }
    }
}

impl Looks {
    pub(super) fn stamp(self) -> Stamp {
        Stamp {
            inode: None,
            bytes: self.bytes.unwrap_or(0),
            seconds: self.seconds.unwrap_or(0).into(),
            nanoseconds: 0,
        }
    }
}

/// The first packet that is sent.
pub(super) fn hello() -> Vec<u8> {
    let mut written = Writer::new(1);
    written.number(VERSION);
    written.framed()
}

/// Whether the first packet that comes is of our version, and of a server that syncs files.
pub(super) fn welcome(packet: &[u8]) -> Option<bool> {
    let mut read = Reader(packet);
    if read.byte()? != 2 || read.number()? != VERSION {
        return None;
    }
    let mut syncs = false;
    while !read.0.is_empty() {
        let (name, _version) = (read.text()?, read.text()?);
        syncs |= name == SYNC;
    }
    Some(syncs)
}

impl Request<'_> {
    /// The packet with this number.
    pub(super) fn write(&self, id: u32) -> Vec<u8> {
        let mut written = Writer::new(self.kind());
        written.number(id);
        match *self {
            Request::Open(path) => {
                written.text(path);
                written.number(TO_READ);
                written.number(0);
            }
            Request::Make(path) => {
                written.text(path);
                written.number(TO_WRITE_ANEW);
                written.number(HAS_PERMISSIONS);
                written.number(FILE_MODE);
            }
            Request::Read { handle, offset, bytes } => {
                written.text(handle);
                written.long(offset);
                written.number(bytes);
            }
            Request::Write { handle, offset, bytes } => {
                written.text(handle);
                written.long(offset);
                written.text(bytes);
            }
            Request::MakeFolder(path) => {
                written.text(path);
                written.number(HAS_PERMISSIONS);
                written.number(FOLDER_MODE);
            }
            Request::Rename { from, to } => {
                written.text(from);
                written.text(to);
            }
            Request::Sync(handle) => {
                written.text(SYNC);
                written.text(handle);
            }
            Request::Close(it)
            | Request::Look(it)
            | Request::LookBehind(it)
            | Request::LookAtOpen(it)
            | Request::OpenFolder(it)
            | Request::ReadFolder(it)
            | Request::Remove(it) => written.text(it),
        }
        written.framed()
    }

    fn kind(&self) -> u8 {
        match self {
            Request::Open(_) | Request::Make(_) => 3,
            Request::Close(_) => 4,
            Request::Read { .. } => 5,
            Request::Write { .. } => 6,
            Request::Look(_) => 7,
            Request::LookAtOpen(_) => 8,
            Request::OpenFolder(_) => 11,
            Request::ReadFolder(_) => 12,
            Request::Remove(_) => 13,
            Request::MakeFolder(_) => 14,
            Request::LookBehind(_) => 17,
            Request::Rename { .. } => 18,
            Request::Sync(_) => 200,
        }
    }
}

/// An answer, and the number of what it answers; `None` if it is none.
pub(super) fn read(packet: &[u8]) -> Option<(u32, Answer)> {
    let mut read = Reader(packet);
    let kind = read.byte()?;
    let id = read.number()?;
    let answer = match kind {
        101 => match read.number()? {
            0 => Answer::Done,
            1 => Answer::No(Status::End),
            2 => Answer::No(Status::NotThere),
            3 => Answer::No(Status::Denied),
            4 => Answer::No(Status::Failed),
            8 => Answer::No(Status::Unable),
            other => Answer::No(Status::Other(other)),
        },
        102 => Answer::Handle(read.text()?.to_vec()),
        103 => Answer::Data(read.text()?.to_vec()),
        104 => Answer::Names(names(&mut read)?),
        105 => Answer::Looks(looks(&mut read)?),
        _ => return None,
    };
    Some((id, answer))
}

fn names(read: &mut Reader<'_>) -> Option<Vec<Named>> {
    let count = read.number()?;
    let mut names = Vec::new();
    for _ in 0..count {
        let (name, listed) = (read.text()?.to_vec(), read.text()?);
        let mut looks = looks(read)?;
        looks.kind = looks.kind.or(match listed.first() {
            Some(b'-') => Some(Kind::File),
            Some(b'd') => Some(Kind::Folder),
            Some(b'l' | b'p' | b's' | b'b' | b'c') => Some(Kind::Strange),
            Some(_) | None => None,
        });
        names.push(Named { name, looks });
    }
    Some(names)
}

fn looks(read: &mut Reader<'_>) -> Option<Looks> {
    let has = read.number()?;
    let mut looks = Looks { bytes: None, seconds: None, kind: None };
    if has & HAS_SIZE != 0 {
        looks.bytes = Some(read.long()?);
    }
    if has & HAS_OWNER != 0 {
        read.long()?;
    }
    if has & HAS_PERMISSIONS != 0 {
        looks.kind = match read.number()? & 0o170_000 {
            0o100_000 => Some(Kind::File),
            0o040_000 => Some(Kind::Folder),
            0 => None,
            _ => Some(Kind::Strange),
        };
    }
    if has & HAS_TIMES != 0 {
        let _read_at = read.number()?;
        looks.seconds = Some(read.number()?);
    }
    if has & HAS_MORE != 0 {
        for _ in 0..read.number()? {
            read.text()?;
            read.text()?;
        }
    }
    Some(looks)
}

struct Writer(Vec<u8>);

impl Writer {
    fn new(kind: u8) -> Writer {
        Writer(vec![0, 0, 0, 0, kind])
    }

    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn long(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(text);
    }

    /// With its length before it.
    fn framed(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len() - 4).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        [&[kind][..], &parts.concat()].concat()
    }

    fn text(text: &[u8]) -> Vec<u8> {
        [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
    }

    #[test]
    fn a_request_is_written_as_the_draft_says() {
        let rename = Request::Rename { from: b"a", to: b"bc" }.write(7);
        let expected = [&[0, 0, 0, 16, 18, 0, 0, 0, 7][..], &text(b"a"), &text(b"bc")].concat();
        assert_eq!(rename, expected, "the plain one, which never overwrites");
        let sync = Request::Sync(&[0xff, 0]).write(1);
        assert!(sync.ends_with(&[text(SYNC), text(&[0xff, 0])].concat()) && sync[4] == 200);
        assert_eq!(hello(), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
    }

    #[test]
    fn a_server_says_its_version_and_what_more_it_can_do() {
        let version = [0, 0, 0, 3];
        for (said, expected) in [
            (packet(2, &[&version]), Some(false)),
            (packet(2, &[&version, &text(SYNC), &text(b"1")]), Some(true)),
            (packet(2, &[&version, &text(b"limits@openssh.com"), &text(b"1")]), Some(false)),
            (packet(2, &[&version, &text(SYNC)]), None),
            (packet(2, &[&[0, 0, 0, 6]]), None),
            (b"Welcome to the server!".to_vec(), None),
        ] {
            assert_eq!(welcome(&said), expected, "{said:?}");
        }
    }

    #[test]
    fn a_list_tells_what_each_thing_is_and_keeps_its_name() {
        let attributes = |mode: u32| {
            let parts = [0xd_u32.to_be_bytes(), [0; 4], 300_u32.to_be_bytes()].concat();
            [parts, mode.to_be_bytes().to_vec(), vec![0, 0, 0, 1, 0, 0, 0, 9]].concat()
        };
        let one = |name: &[u8], listed: &[u8], mode| {
            [text(name), text(listed), attributes(mode)].concat()
        };
        let said = [
            one(b"M\xfcller.hl7", b"", 0o100_644),
            one(b"done", b"", 0o040_755),
            one(b"link", b"", 0o120_777),
            one(b"old", b"-rw-r--r--", 0o644),
            one(b"who knows", b"", 0o644),
        ];
        let said = packet(104, &[&[0, 0, 0, 5, 0, 0, 0, 5], &said.concat()]);
        let Some((5, Answer::Names(names))) = read(&said) else { panic!() };
        let kinds: Vec<Option<Kind>> = names.iter().map(|it| it.looks.kind).collect();
        let file = Some(Kind::File);
        assert_eq!(kinds, [file, Some(Kind::Folder), Some(Kind::Strange), file, None]);
        assert_eq!(names[0].name, b"M\xfcller.hl7");
        let stamp = names[0].looks.stamp();
        assert_eq!((stamp.inode, stamp.bytes, stamp.seconds), (None, 300, 9));
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_is_read_or_not_but_never_more_than_it_says(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            kind in 100_u8..107,
        ) {
            let _ = welcome(&bytes);
            let packet = [&[kind, 0, 0, 0, 1][..], &bytes].concat();
            if let Some((id, answer)) = read(&packet) {
                prop_assert_eq!(id, 1);
                if let Answer::Names(names) = answer {
                    prop_assert!(names.len() <= bytes.len() / 12);
                }
            }
        }
    }
}
