//! MLLP: messages in frames, VT … FS CR, on a stream of bytes.
//!
//! FS that is not followed by CR is data, and so is VT inside a frame, unless that is said to begin
//! the frame anew. Other bytes may begin and end a frame; where the last byte of an end does not
//! come, whoever has a clock may end the frame there. Bytes between frames are skipped and counted. Every byte is looked at once, however small the pieces are.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

const VT: u8 = 0x0b;
const FS: u8 = 0x1c;
const CR: u8 = 0x0d;

/// How much of an oversized frame is handed on, so that its sender can be answered.
pub const OVERSIZED_HEAD_BYTES_MAX: usize = 4096;

/// The content of a block that says that a message is safely stored (MLLP release 2).
pub const COMMITTED: &[u8] = &[0x06];
/// The content of a block that says that it is not.
pub const NOT_COMMITTED: &[u8] = &[0x15];

/// The most bytes that begin or end a frame.
pub const MARK_BYTES_MAX: usize = 4;

/// Bytes that begin or end a frame: one to four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    bytes: [u8; MARK_BYTES_MAX],
    length: usize,
}

/// What a frame begins and ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// Its beginning.
    pub start: Mark,
    /// Its end.
    pub end: Mark,
    /// Whether a beginning within a frame begins it anew; what came before it is thrown away.
    pub restarts: bool,
}

/// Takes frames off a stream, and puts frames on one.
#[derive(Debug)]
pub struct Mllp {
    framing: Framing,
    bytes_max: usize,
    inside: bool,
    looked_at: usize,
    skipped: u64,
    restarted: u64,
    cut: usize,
}

/// Why a frame could not be taken or put. After it the stream is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The content is longer than allowed.
    #[error("a frame is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
        /// How the content begins: enough to answer, never the whole.
        head: Head,
    },
    /// The content holds the bytes that end a frame.
    #[error("a message that holds the end of a frame cannot be framed")]
    Unframeable,
    /// The stream failed.
    #[error("the connection failed")]
    Stream(#[from] std::io::Error),
}

/// The beginning of a frame; it never shows in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(pub Bytes);

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({} bytes)", self.0.len())
    }
}

impl Mark {
    /// A mark of one to four bytes; `None` for more or none.
    pub fn new(bytes: &[u8]) -> Option<Mark> {
        let mut mark = Mark { bytes: [0; MARK_BYTES_MAX], length: bytes.len() };
        mark.bytes.get_mut(..bytes.len()).filter(|room| !room.is_empty())?.copy_from_slice(bytes);
        Some(mark)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Where it stands first, from a place on.
    fn find(&self, source: &[u8], from: usize) -> Option<usize> {
        memchr::memmem::find(&source[from..], self.bytes()).map(|ahead| from + ahead)
    }

    /// How many bytes at the end may be its beginning.
    fn begun(&self, source: &[u8]) -> usize {
        (1..self.length).rev().find(|count| source.ends_with(&self.bytes[..*count])).unwrap_or(0)
    }
}

impl Default for Framing {
    fn default() -> Framing {
        let (start, end) = (Mark { bytes: [VT, 0, 0, 0], length: 1 }, [FS, CR, 0, 0]);
        Framing { start, end: Mark { bytes: end, length: 2 }, restarts: false }
    }
}

impl Mllp {
    /// Frames of at most so many bytes of content.
    pub fn new(bytes_max: usize) -> Mllp {
        Mllp::framed(bytes_max, Framing::default())
    }

    /// The same, with other bytes around them.
    pub fn framed(bytes_max: usize, framing: Framing) -> Mllp {
        Mllp { framing, bytes_max, inside: false, looked_at: 0, skipped: 0, restarted: 0, cut: 0 }
    }

    /// How many bytes stood between frames since this was last asked.
    pub fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    /// How many bytes of an unfinished frame were thrown away when the stream ended.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// How many frames were begun anew since this was last asked.
    pub fn take_restarted(&mut self) -> u64 {
        std::mem::take(&mut self.restarted)
    }

    /// Whether a frame has come but for the last byte of its end.
    pub fn lacks_its_last_byte(&self, source: &[u8]) -> bool {
        let end = self.framing.end;
        self.inside && end.length > 1 && end.begun(source) + 1 == end.length
    }

    /// Ends such a frame where it stands; the byte that it lacks is skipped if it comes later.
    pub fn end_here(&mut self, source: &mut BytesMut) -> Option<Bytes> {
        if !self.lacks_its_last_byte(source) {
            return None;
        }
        let content = source.split_to(source.len() + 1 - self.framing.end.length).freeze();
        source.clear();
        self.inside = false;
        Some(self.content(content))
    }

    fn enter(&mut self, source: &mut BytesMut) -> bool {
        let start = self.framing.start;
        let begins = start.find(source, 0);
        let outside = begins.unwrap_or(source.len() - start.begun(source));
        self.skipped += outside as u64;
        source.advance(outside);
        if begins.is_some() {
            source.advance(start.length);
            self.inside = true;
            self.looked_at = 0;
        }
        self.inside
    }

    /// Where the content ends, if its end has come.
    fn end(&mut self, source: &[u8]) -> Option<usize> {
        let end = self.framing.end;
        let found = end.find(source, self.looked_at);
        self.looked_at = found.unwrap_or(source.len() - end.begun(source));
        found
    }

    /// The content, from the last beginning that counts.
    fn content(&mut self, mut content: Bytes) -> Bytes {
        let start = self.framing.start;
        let again =
            memchr::memmem::rfind(&content, start.bytes()).filter(|_| self.framing.restarts);
        if let Some(at) = again {
            self.restarted += 1;
            content.advance(at + start.length);
        }
        content
    }

    fn too_long(&self, source: &BytesMut) -> Error {
        let head = source.len().min(OVERSIZED_HEAD_BYTES_MAX).min(self.bytes_max);
        Error::TooLong {
            bytes_max: self.bytes_max,
            head: Head(Bytes::copy_from_slice(&source[..head])),
        }
    }
}

impl Decoder for Mllp {
    type Item = Bytes;
    type Error = Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<Bytes>, Error> {
        if !self.inside && !self.enter(source) {
            return Ok(None);
        }
        let end = self.end(source);
        if end.unwrap_or(self.looked_at) > self.bytes_max {
            return Err(self.too_long(source));
        }
        Ok(end.map(|at| {
            let content = source.split_to(at).freeze();
            source.advance(self.framing.end.length);
            self.inside = false;
            self.content(content)
        }))
    }

    /// A frame that the end of the stream cut is thrown away: nobody was told that it came.
    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<Bytes>, Error> {
        let last = self.decode(source)?;
        if last.is_none() && self.inside {
            self.cut = source.len();
            self.inside = false;
            source.clear();
        }
        Ok(last)
    }
}

impl Encoder<&[u8]> for Mllp {
    type Error = Error;

    fn encode(&mut self, content: &[u8], target: &mut BytesMut) -> Result<(), Error> {
        let (start, end) = (self.framing.start, self.framing.end);
        if end.find(content, 0).is_some() || end.begun(content) > 0 {
            return Err(Error::Unframeable);
        }
        target.reserve(start.length + content.len() + end.length);
        target.put_slice(start.bytes());
        target.put_slice(content);
        target.put_slice(end.bytes());
        Ok(())
    }
}

impl Encoder<Bytes> for Mllp {
    type Error = Error;

    fn encode(&mut self, content: Bytes, target: &mut BytesMut) -> Result<(), Error> {
        self.encode(content.as_ref(), target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;
    use proptest::prelude::*;

    /// Frames of a stream that comes in these pieces, and how many bytes were skipped.
    fn frames(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, u64) {
        let (mut codec, mut buffer, mut got) = (Mllp::new(1000), BytesMut::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(frame) = codec.decode(&mut buffer).unwrap() {
                got.push(frame.to_vec());
            }
        }
        while let Some(frame) = codec.decode_eof(&mut buffer).unwrap() {
            got.push(frame.to_vec());
        }
        (got, codec.take_skipped())
    }

    fn bytes(text: &str) -> Vec<u8> {
        text.chars()
            .map(|c| match c {
                '<' => VT,
                '>' => FS,
                '!' => CR,
                other => other as u8,
            })
            .collect()
    }

    #[test]
    fn frames_come_out_of_a_stream_and_nothing_else_does() {
        for row in rows(
            "
            | stream         | frames    | skipped |
            | <ONE>!         | ONE       | 0       |
            | <ONE>!<TWO>!   | ONE,TWO   | 0       |
            | xx<ONE>!yy<B>! | ONE,B     | 4       |
            | <A>B>!         | A>B       | 0       |
            | <A<B>!         | A<B       | 0       |
            | <A>>!          | A>        | 0       |
            | <>!            |           | 0       |
            | <CUT>          | -         | 0       |
            | no frame       | -         | 8       |
            ",
        ) {
            let stream = bytes(&row["stream"]);
            let (got, skipped) = frames(&[&stream]);
            let expected: Vec<Vec<u8>> = match row["frames"].as_str() {
                "-" => Vec::new(),
                list => list.split(',').map(bytes).collect(),
            };
            assert_eq!(got, expected, "{row}");
            assert_eq!(skipped.to_string(), row["skipped"], "{row}");
        }
    }

    #[test]
    fn every_split_of_a_stream_gives_the_same_frames() {
        let stream = bytes("noise<ONE>!<TW>O<>!\n<THREE>!<");
        let whole = frames(&[&stream]);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(frames(&pieces), whole, "cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(frames(&single), whole);
    }

    #[test]
    fn a_frame_without_end_is_refused_while_it_grows_and_its_head_is_kept() {
        let mut codec = Mllp::new(10);
        let mut buffer = BytesMut::from(&bytes("<MSH|1234567")[..]);
        let error = codec.decode(&mut buffer).unwrap_err();
        assert!(
            matches!(error, Error::TooLong { bytes_max: 10, ref head } if &head.0[..] == b"MSH|123456")
        );
        let mut exact = BytesMut::from(&bytes("<MSH|123456>!")[..]);
        assert_eq!(Mllp::new(10).decode(&mut exact).unwrap().unwrap(), &b"MSH|123456"[..]);
    }

    #[test]
    fn a_cut_frame_is_counted_and_never_processed() {
        let mut codec = Mllp::new(100);
        let mut buffer = BytesMut::from(&bytes("<HALF")[..]);
        assert!(codec.decode_eof(&mut buffer).unwrap().is_none());
        assert_eq!(codec.cut(), 4);
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_would_end_its_own_frame_is_not_framed() {
        let mut out = BytesMut::new();
        assert!(Mllp::new(100).encode(&bytes("A>!B")[..], &mut out).is_err());
        assert!(Mllp::new(100).encode(&bytes("A>")[..], &mut out).is_err());
        assert!(Mllp::new(100).encode(&bytes("A>B")[..], &mut out).is_ok());
    }

    #[test]
    fn other_bytes_may_begin_and_end_a_frame() {
        for row in rows(
            "
            | start | end  | again | stream             | frames | skipped | restarted |
            | {     | }    | keep  | x{A!>B}{C}         | A!>B,C | 1       | 0         |
            | {{    | }}   | keep  | {x{{A}B}}x         | A}B    | 3       | 0         |
            | {{    | !}   | keep  | {{A!!}             | A!     | 0       | 0         |
            | <     | >    | keep  | <ONE>!<TWO>        | ONE,TWO | 1      | 0         |
            | <     | >!   | keep  | <ON<E>!            | ON<E   | 0       | 0         |
            | <     | >!   | anew  | <ON<E>!<T>!        | E,T    | 0       | 1         |
            | {{    | }}   | anew  | {{A{{B{C}}         | B{C    | 0       | 1         |
            ",
        ) {
            let mark = |key: &str| Mark::new(&bytes(&row[key])).unwrap();
            let restarts = row["again"] == "anew";
            let framing = Framing { start: mark("start"), end: mark("end"), restarts };
            for size in 1..9 {
                let (mut codec, mut buffer) = (Mllp::framed(100, framing), BytesMut::new());
                let mut got = Vec::new();
                for piece in bytes(&row["stream"]).chunks(size) {
                    buffer.extend_from_slice(piece);
                    while let Some(frame) = codec.decode(&mut buffer).unwrap() {
                        got.push(frame.to_vec());
                    }
                }
                let expected: Vec<Vec<u8>> = row["frames"].split(',').map(bytes).collect();
                assert_eq!(got, expected, "{row} in pieces of {size}");
                assert_eq!(codec.take_restarted().to_string(), row["restarted"], "{row}");
                assert_eq!(codec.take_skipped().to_string(), row["skipped"], "{row}");
            }
        }
        assert!(Mark::new(b"").is_none() && Mark::new(b"12345").is_none());
    }

    #[test]
    fn t_03_an_end_that_lacks_its_last_byte_may_be_ended_there() {
        for row in rows(
            "
            | stream   | ended | then  | frames | skipped |
            | <ONE>    | ONE   | !     | ONE    | 1       |
            | <ONE>    | ONE   | !<T>! | ONE,T  | 1       |
            | <ONE>    | ONE   | <T>!  | ONE,T  | 0       |
            | <A>B>    | A>B   |       | A>B    | 0       |
            | <ONE     | -     | >!    | ONE    | 0       |
            | <ONE>B   | -     | >!    | ONE>B  | 0       |
            | <ONE>!   | -     |       | ONE    | 0       |
            | >        | -     | <T>!  | T      | 1       |
            ",
        ) {
            let (mut codec, mut buffer) = (Mllp::new(100), BytesMut::new());
            let mut got = Vec::new();
            buffer.extend_from_slice(&bytes(&row["stream"]));
            while let Some(frame) = codec.decode(&mut buffer).unwrap() {
                got.push(frame.to_vec());
            }
            let ended = codec.end_here(&mut buffer).map(|frame| frame.to_vec());
            let expected = Some(row["ended"].as_str()).filter(|it| *it != "-").map(bytes);
            assert_eq!(ended, expected, "{row}");
            got.extend(ended);
            buffer.extend_from_slice(&bytes(&row["then"]));
            while let Some(frame) = codec.decode(&mut buffer).unwrap() {
                got.push(frame.to_vec());
            }
            let expected: Vec<Vec<u8>> = row["frames"].split(',').map(bytes).collect();
            assert_eq!(got, expected, "{row}");
            assert_eq!(codec.take_skipped().to_string(), row["skipped"], "{row}");
        }
    }

    proptest! {
        #[test]
        fn what_is_framed_comes_out_again_in_any_pieces(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            size in 1usize..50,
        ) {
            let mut stream = BytesMut::new();
            let mut put = Vec::new();
            for content in contents {
                if Mllp::new(100).encode(&content[..], &mut stream).is_ok() {
                    put.push(content);
                }
            }
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            prop_assert_eq!(frames(&pieces).0, put);
        }

        #[test]
        fn no_bytes_make_it_panic(stream in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..9) {
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            frames(&pieces);
        }
    }
}
