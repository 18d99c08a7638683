//! How much a listener takes, and how long it waits.

use std::time::Duration;

use crate::config::Manner;
use crate::wire::mllp::{Framing, Mark};

/// Bytes of one message.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Connections of one source at a time.
pub const CONNECTIONS_MAX: usize = 256;
/// After this long without a byte, a connection is closed.
pub const IDLE_SECONDS_MAX: u64 = 3_600;
/// A message that has begun must be there after this long, however its bytes trickle.
pub const FRAME_SECONDS_MAX: u64 = 60;
/// Messages of one connection that are stored together, if they wait already.
pub const TOGETHER_MESSAGES_MAX: usize = 128;
/// Their bytes, beyond the last of them.
pub const TOGETHER_BYTES_MAX: usize = 4 << 20;

/// Bytes of all bodies that are read at a time, of one listener.
pub(super) const BODIES_BYTES_MAX: usize = 128 << 20;
/// Bytes of the head of a request.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long TLS may take to come about.
pub(super) const HANDSHAKE_SECONDS_MAX: u64 = 10;
/// How long a peer may take to take its answers.
pub(super) const ANSWER_SECONDS_MAX: u64 = 30;
/// How long a listener that stops waits for messages that have begun to come.
pub(super) const STOP_SECONDS_MAX: u64 = 5;
/// How long a new connection waits for one that gives way to it.
pub(super) const GIVE_WAY_SECONDS_MAX: u64 = 2;
/// How long a peer that sent too much is listened to, so that it can read why it is cut off.
pub(super) const LINGER_SECONDS_MAX: u64 = 2;

/// How much a listener takes, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message.
    pub message_bytes_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long one message may take to come.
    pub frame: Duration,
    /// What frames begin and end with.
    pub framing: Framing,
    /// Whether each block is answered with a block that says that it is stored.
    pub commit_blocks: bool,
    /// After how long a silence an end that lacks its last byte is one, if ever.
    pub frame_end_quiet: Option<Duration>,
    /// How long a connection is silent before it may have to give way to a new one, if ever.
    pub gives_way_after: Option<Duration>,
}

impl Limits {
    /// As the settings say.
    pub fn of(manner: &Manner) -> Limits {
        let usual = Framing::default();
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Limits {
            message_bytes_max: size(manner.message_bytes_max),
            connections_max: size(manner.connections_max),
            idle: manner.idle,
            frame: manner.frame_within,
            framing: Framing {
                start: Mark::new(&manner.frame_start).unwrap_or(usual.start),
                end: Mark::new(&manner.frame_end).unwrap_or(usual.end),
                restarts: manner.frame_restarts,
            },
            commit_blocks: manner.commit_blocks,
            frame_end_quiet: manner.frame_end_quiet,
            gives_way_after: manner.gives_way_after,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes_max: MESSAGE_BYTES_MAX,
            connections_max: CONNECTIONS_MAX,
            idle: Duration::from_secs(IDLE_SECONDS_MAX),
            frame: Duration::from_secs(FRAME_SECONDS_MAX),
            framing: Framing::default(),
            commit_blocks: false,
            frame_end_quiet: None,
            gives_way_after: None,
        }
    }
}
