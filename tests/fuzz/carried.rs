//! The whole way of hostile bytes: frames, the quick look, the answer, the message taken apart, what
//! it tells. The fuzz target and the test that replays its corpus share it.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use collimator::domain::MessageId;
use collimator::interpret::{self, Reading};
use collimator::mappings::{SourceProfile, Tables};
use collimator::wire::hl7::{self, Acknowledgment, Batch, Message, MsaCode, Style, answer};
use collimator::wire::mllp::Mllp;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::codec::{Decoder, Encoder};

/// Frames that are looked at of one input.
const FRAMES_MAX: usize = 64;

static TABLES: LazyLock<Tables> =
    LazyLock::new(|| Tables::embedded().expect("the tables that ship are sound"));

static UTC: TimeZone = TimeZone::UTC;

/// Carries bytes all the way, and fails where a promise is broken: in whatever pieces they come, the
/// same frames come out; what is acknowledged can be taken apart; each answer can be framed and read.
pub fn carry(bytes: &[u8]) {
    let size = bytes.first().map_or(1, |first| usize::from(first % 32) + 1);
    let whole = frames(bytes, bytes.len().max(1));
    assert_eq!(whole, frames(bytes, size), "the same frames in pieces of {size}");
    for frame in whole.iter().take(FRAMES_MAX) {
        message(frame);
    }
    if let Some(batch) = Batch::open(bytes) {
        let answer = batch.answer(&[], "20261008120000", "N1");
        Mllp::new(1 << 24).encode(&answer[..], &mut BytesMut::new()).expect("it can be framed");
    }
    for piece in hl7::split(bytes).into_iter().take(FRAMES_MAX) {
        message(piece);
    }
    message(bytes);
    drop(answer::read(bytes));
}

fn frames(bytes: &[u8], size: usize) -> Vec<Bytes> {
    let (mut codec, mut buffer, mut frames) = (Mllp::new(1 << 20), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(size) {
        buffer.extend_from_slice(piece);
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            frames.push(frame);
        }
    }
    frames.extend(codec.end_here(&mut buffer));
    frames
}

fn message(raw: &[u8]) {
    let scan = hl7::scan(raw);
    let objection = scan.verdict.as_ref().err();
    let code = objection.map_or(MsaCode::Accept, |it| it.answer);
    let told = Acknowledgment {
        code,
        objection,
        notes: &hl7::noted(raw, &scan),
        made: "20261008120000",
        control_id: "A1",
        style: Style::default(),
    };
    let answered = hl7::acknowledge(&scan, &told);
    let mut framed = BytesMut::new();
    Mllp::new(1 << 24).encode(&answered[..], &mut framed).expect("an answer can be framed");
    drop(answer::read(&answered));
    match Message::parse(raw) {
        Ok(message) => taken_apart(&message),
        Err(refused) => {
            assert!(scan.verdict.is_err(), "acknowledged and not readable: {refused:?}")
        }
    }
    in_parts(raw);
    for name in ["aria", "mosaiq"] {
        let profile = TABLES.profile(name).expect("a profile that ships");
        drop(interpret::read(raw, &reading(profile)));
    }
}

/// A part of a message is no message, and what is put together of it is read or refused.
fn in_parts(raw: &[u8]) {
    if let Some(part) = hl7::Fragment::of(raw) {
        assert!(part.head_bytes <= raw.len() && hl7::scan(raw).verdict.is_err());
    }
    if let Ok(whole) = hl7::join(&[raw, raw]) {
        drop(Message::parse(&whole));
    }
}

fn taken_apart(message: &Message) {
    for segment in message.segments() {
        for number in 1..=u16::try_from(segment.fields()).unwrap_or(u16::MAX) {
            let field = segment.field(number);
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    drop((component.code(), component.text(), component.subcomponent(2).text()));
                }
            }
        }
    }
}

fn reading(profile: &SourceProfile) -> Reading<'_> {
    Reading {
        profile,
        system: "site",
        time_zone: &UTC,
        message: MessageId(1),
        received: Timestamp::UNIX_EPOCH,
    }
}
