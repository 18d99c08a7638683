//! The numbers at `/metrics`. Names are `collimator_<room>_<noun>_<unit>_total`; labels are names
//! from the settings and words of ours, never anything of a patient.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// All numbers. Cheap to use from anywhere; one for each daemon.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    received: Family<Received, Gauge>,
    sends: Family<Sent, Counter>,
    faults: Family<Faulty, Counter>,
    processed: Counter,
    behind: Gauge,
    wal: Gauge<i64>,
    stuck: Counter,
    reloads: Family<Reloaded, Counter>,
    certificates: Family<Named, Gauge>,
    waiting: Family<Destined, Gauge>,
    paused: Family<Destined, Gauge>,
    left_alone: Family<Destined, Gauge>,
    /// What is shown to people too.
    shown: Mutex<Shown>,
}

/// With fewer days left than this, somebody should ask for a new certificate.
pub const CERTIFICATE_DAYS_MIN: i64 = 30;

/// Numbers that are shown to people too, by name.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Days that each certificate of ours is still valid.
    pub certificate_days: BTreeMap<String, i64>,
    /// Destinations that are left alone for a while, since they failed in a row.
    pub left_alone: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Destined {
    destination: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reloaded {
    outcome: Reload,
}

/// What came of reading the tables anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Reload {
    /// They are in force.
    Taken,
    /// They are wrong: the old ones stay.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Received {
    source: String,
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    destination: String,
    outcome: Outcome,
}

/// How an attempt to send ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// The receiver said yes.
    Accepted,
    /// The receiver said no.
    Declined,
    /// Nobody knows.
    Unknown,
    /// Provably nothing left.
    Later,
}

/// What went wrong with a receiver, apart from its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Fault {
    /// Nobody knows its name.
    Name,
    /// It refuses the connection.
    Refused,
    /// It is not reached.
    Unreached,
    /// TLS does not come about.
    Tls,
    /// The connection was reset.
    Reset,
    /// The connection was closed before an answer.
    Closed,
    /// No answer came in time.
    Timeout,
    /// What came is no answer.
    Garbage,
    /// An answer came that is none to the message that waits.
    Mismatch,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Faulty {
    destination: String,
    fault: Fault,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// All numbers at zero.
    pub fn new() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("collimator"),
            received: Family::default(),
            sends: Family::default(),
            faults: Family::default(),
            processed: Counter::default(),
            behind: Gauge::default(),
            wal: Gauge::default(),
            stuck: Counter::default(),
            reloads: Family::default(),
            certificates: Family::default(),
            waiting: Family::default(),
            paused: Family::default(),
            left_alone: Family::default(),
            shown: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "receive_seen",
            "What listeners have seen since the start, by source: messages, connections, frames",
            self.received.clone(),
        );
        registry.register(
            "dispatch_sends",
            "Attempts to send a line, by destination and outcome",
            self.sends.clone(),
        );
        registry.register(
            "dispatch_faults",
            "What went wrong with a receiver, apart from its answers",
            self.faults.clone(),
        );
        registry.register(
            "pipeline_messages",
            "Messages carried through the rules",
            self.processed.clone(),
        );
        registry.register(
            "pipeline_behind_messages",
            "Messages stored and not yet carried through the rules",
            self.behind.clone(),
        );
        registry.register(
            "pipeline_stuck_messages",
            "Messages on which the daemon itself failed",
            self.stuck.clone(),
        );
        registry.register(
            "mappings_reloads",
            "Times that the tables were read anew, by outcome",
            self.reloads.clone(),
        );
        registry.register(
            "trust_certificate_days_left",
            "Days that our certificate for a source or a destination is still valid",
            self.certificates.clone(),
        );
        registry.register(
            "dispatch_waiting_lines",
            "Lines that wait for a destination, or are on their way there, when this was asked for",
            self.waiting.clone(),
        );
        registry.register(
            "dispatch_paused",
            "1 while nothing new leaves for a destination until a person resumes it",
            self.paused.clone(),
        );
        registry.register(
            "dispatch_left_alone",
            "1 while a destination is left alone since it failed several times in a row",
            self.left_alone.clone(),
        );
        registry.register(
            "store_wal_bytes",
            "Size of the write-ahead files of the store",
            self.wal.clone(),
        );
    }

    /// A listener has seen so many of something since the start.
    pub fn received(&self, source: &str, what: &'static str, count: u64) {
        let labels = Received { source: source.to_owned(), what };
        self.received.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An attempt to send ended.
    pub fn sent(&self, destination: &str, outcome: Outcome) {
        let labels = Sent { destination: destination.to_owned(), outcome };
        self.sends.get_or_create(&labels).inc();
    }

    /// Something went wrong with a receiver.
    pub fn fault(&self, destination: &str, fault: Fault) {
        let labels = Faulty { destination: destination.to_owned(), fault };
        self.faults.get_or_create(&labels).inc();
    }

    /// Messages were carried through the rules, and so many wait.
    pub fn processed(&self, messages: u64, behind: i64) {
        self.processed.inc_by(messages);
        self.behind.set(behind);
    }

    /// The daemon itself failed on a message.
    pub fn stuck(&self) {
        self.stuck.inc();
    }

    /// The tables were read anew.
    pub fn reloaded(&self, outcome: Reload) {
        self.reloads.get_or_create(&Reloaded { outcome }).inc();
    }

    /// A certificate has so many days left.
    pub fn certificate_days_left(&self, name: &str, days: i64) {
        self.certificates.get_or_create(&Named { name: name.to_owned() }).set(days);
        self.of_people().certificate_days.insert(name.to_owned(), days);
    }

    /// So many lines wait for a destination, and whether it is paused.
    pub fn waiting(&self, destination: &str, lines: u64, is_paused: bool) {
        let labels = Destined { destination: destination.to_owned() };
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        self.waiting.get_or_create(&labels).set(lines);
        self.paused.get_or_create(&labels).set(is_paused.into());
    }

    /// Whether a destination is left alone for a while.
    pub fn left_alone(&self, destination: &str, is_so: bool) {
        let labels = Destined { destination: destination.to_owned() };
        self.left_alone.get_or_create(&labels).set(is_so.into());
        let mut shown = self.of_people();
        if is_so {
            shown.left_alone.insert(destination.to_owned());
        } else {
            shown.left_alone.remove(destination);
        }
    }

    /// What is shown to people too.
    pub fn shown(&self) -> Shown {
        self.of_people().clone()
    }

    fn of_people(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The write-ahead files have this size.
    pub fn wal_bytes(&self, bytes: u64) {
        self.wal.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// All numbers, in the text form that Prometheus reads.
    pub fn render(&self) -> String {
        let mut out = String::new();
        match text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            Err(error) => {
                tracing::warn!(%error, "the metrics could not be written");
                String::new()
            }
        }
    }
}
