//! Reads the body of a request within bounds: of its own, and of all that are read at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{EXPECT, HeaderMap, RETRY_AFTER};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Refusal;
use crate::receive::Limits;
use crate::receive::options::{BODIES_BYTES_MAX, LINGER_SECONDS_MAX};

/// What room is counted in.
const ROOM_BYTES: usize = 1 << 10;

/// The room that a body takes, until it is dropped.
pub(super) type Room = Option<OwnedSemaphorePermit>;

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than a message may be.
    TooLong,
    /// It took too long to come.
    Slow,
    /// It ended before its end.
    Cut,
    /// Too many others are read.
    NoRoom,
}

impl Unread {
    pub(super) fn refusal(self, limits: Limits) -> Refusal {
        match self {
            Unread::TooLong => {
                let bytes_max = limits.message_bytes_max;
                Refusal::new(413, "too-long", format!("the body is longer than {bytes_max} bytes"))
            }
            Unread::Slow => Refusal::new(408, "timeout", "the body took too long to come"),
            Unread::Cut => Refusal::new(400, "invalid", "the body ended before its end"),
            Unread::NoRoom => {
                Refusal::new(503, "throttled", "too much comes at once").with(RETRY_AFTER, "5")
            }
        }
    }
}

/// The room that all bodies of a listener share.
pub(super) fn rooms() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(BODIES_BYTES_MAX / ROOM_BYTES))
}

/// All of a body.
pub(super) async fn read(
    mut body: Incoming,
    headers: &HeaderMap,
    (limits, rooms): (Limits, &Arc<Semaphore>),
) -> Result<(Bytes, Room), Unread> {
    let told = body.size_hint().exact();
    let read = if told.is_some_and(|bytes| bytes > limits.message_bytes_max as u64) {
        Err(Unread::TooLong)
    } else {
        let whole = collect(&mut body, limits.message_bytes_max, rooms);
        timeout(limits.frame, whole).await.unwrap_or(Err(Unread::Slow))
    };
    if read.is_err() {
        discard(body, headers, limits).await;
    }
    read
}

async fn collect(
    body: &mut Incoming,
    bytes_max: usize,
    rooms: &Arc<Semaphore>,
) -> Result<(Bytes, Room), Unread> {
    let (mut bytes, mut room): (BytesMut, Room) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(|_| Unread::Cut)?.into_data() else { continue };
        let length = bytes.len() + part.len();
        if length > bytes_max {
            return Err(Unread::TooLong);
        }
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(length.div_ceil(ROOM_BYTES).saturating_sub(held));
        let more = more.map_err(|_| Unread::TooLong)?;
        let more = Arc::clone(rooms).try_acquire_many_owned(more).map_err(|_| Unread::NoRoom)?;
        match &mut room {
            Some(room) => room.merge(more),
            None => room = Some(more),
        }
        bytes.extend_from_slice(&part);
    }
    Ok((bytes.freeze(), room))
}

/// Throws away what a peer still sends, for a moment: to close over unread bytes would take the
/// answer from it. Who asks first whether to send is told by the answer.
pub(super) async fn discard(mut body: Incoming, headers: &HeaderMap, limits: Limits) {
    if headers.contains_key(EXPECT) || body.is_end_stream() {
        return;
    }
    let drain = async {
        let mut left = 4 * limits.message_bytes_max;
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _in_time = timeout(Duration::from_secs(LINGER_SECONDS_MAX), drain).await;
}
