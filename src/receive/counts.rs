//! What a listener has seen, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A connection was taken.
    Connection,
    /// A connection was turned away: there were too many.
    ConnectionTurnedAway,
    /// A message was stored and accepted.
    Accepted,
    /// A message was stored and refused.
    Refused,
    /// A message could not be stored; its sender was told so.
    NotStored,
    /// An acknowledgment came in where messages are expected; it is never answered.
    StrayAcknowledgment,
    /// A frame was longer than allowed.
    TooLong,
    /// A peer went away, or was too slow, in the middle of a frame; nothing of it was stored.
    CutFrame,
    /// A connection was closed for silence.
    Idle,
    /// A byte stood between frames.
    SkippedByte,
    /// TLS did not come about with a peer.
    TlsFailed,
    /// A request came over HTTP.
    Request,
    /// A request was turned away: it brought no token that is known.
    RequestTurnedAway,
    /// A round of asking a source came to its end: all that is new was told.
    RoundDone,
    /// A round of asking a source did not come to its end; the next one begins where it began.
    RoundIncomplete,
    /// A page of resources was taken from a source that is asked.
    Page,
    /// A frame was begun anew before it ended; what came before was thrown away.
    RestartedFrame,
    /// A message came whose sequence number says that one before it is missing.
    Gap,
    /// A connection went before its sender was told what came of a message.
    AnswerLost,
    /// A file was taken from a drop folder.
    File,
    /// A file could not be taken, and is tried again later.
    FileLater,
    /// A batch said of itself what is not so.
    Miscount,
    /// A batch said that it repeats another one.
    BatchAgain,
    /// A silent connection was closed, so that a new one had a place.
    GaveWay,
    /// What came of a message was told at an address of its sender's.
    AnswerTold,
    /// It could not be told there, and is told later.
    AnswerLater,
    /// A frame was ended where the last byte of its end did not come.
    QuietEnd,
}

const NAMES: [(Counted, &str); KINDS] = [
    (Counted::Connection, "connections"),
    (Counted::ConnectionTurnedAway, "connections_turned_away"),
    (Counted::Accepted, "messages_accepted"),
    (Counted::Refused, "messages_refused"),
    (Counted::NotStored, "messages_not_stored"),
    (Counted::StrayAcknowledgment, "stray_acknowledgments"),
    (Counted::TooLong, "frames_too_long"),
    (Counted::CutFrame, "frames_cut"),
    (Counted::Idle, "connections_idle"),
    (Counted::SkippedByte, "bytes_skipped"),
    (Counted::TlsFailed, "connections_without_tls"),
    (Counted::Request, "requests"),
    (Counted::RequestTurnedAway, "requests_turned_away"),
    (Counted::RoundDone, "rounds_done"),
    (Counted::RoundIncomplete, "rounds_incomplete"),
    (Counted::Page, "pages"),
    (Counted::RestartedFrame, "frames_restarted"),
    (Counted::Gap, "sequence_gaps"),
    (Counted::AnswerLost, "application_answers_lost"),
    (Counted::File, "files"),
    (Counted::FileLater, "files_later"),
    (Counted::Miscount, "batches_miscounted"),
    (Counted::BatchAgain, "batches_repeated"),
    (Counted::GaveWay, "connections_gave_way"),
    (Counted::AnswerTold, "application_answers_told"),
    (Counted::AnswerLater, "application_answers_later"),
    (Counted::QuietEnd, "frames_ended_quietly"),
];

const KINDS: usize = 27;

/// What a listener has seen since it began.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; KINDS]);

impl Counts {
    /// How often.
    pub fn of(&self, what: Counted) -> u64 {
        self.0[place(what)].load(Ordering::Relaxed)
    }

    /// Everything, each by its name in metrics.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NAMES.iter().map(|(what, name)| (*name, self.of(*what)))
    }

    pub(super) fn add(&self, what: Counted, times: u64) {
        self.0[place(what)].fetch_add(times, Ordering::Relaxed);
    }

    pub(super) fn one(&self, what: Counted) {
        self.add(what, 1);
    }
}

fn place(what: Counted) -> usize {
    match what {
        Counted::Connection => 0,
        Counted::ConnectionTurnedAway => 1,
        Counted::Accepted => 2,
        Counted::Refused => 3,
        Counted::NotStored => 4,
        Counted::StrayAcknowledgment => 5,
        Counted::TooLong => 6,
        Counted::CutFrame => 7,
        Counted::Idle => 8,
        Counted::SkippedByte => 9,
        Counted::TlsFailed => 10,
        Counted::Request => 11,
        Counted::RequestTurnedAway => 12,
        Counted::RoundDone => 13,
        Counted::RoundIncomplete => 14,
        Counted::Page => 15,
        Counted::File => 16,
        Counted::FileLater => 17,
        Counted::Miscount => 18,
        Counted::RestartedFrame => 19,
        Counted::Gap => 20,
        Counted::AnswerLost => 21,
        Counted::GaveWay => 22,
        Counted::AnswerTold => 23,
        Counted::AnswerLater => 24,
        Counted::QuietEnd => 25,
        Counted::BatchAgain => 26,
    }
}
