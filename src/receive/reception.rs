//! Stores messages, then says so: the order of the two is the promise of the house.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::{Answer, Clock, MessageId, Place, Reason};
use crate::store::{Error as StoreError, Intake, NewMessage};
use crate::wire::hl7::{Acknowledgment, MsaCode, Objection, Scan, acknowledge, scan};

use super::{Counted, Counts};

/// Application internal error: the message may be sent again as it is (table 0357).
const CODE_NOT_STORED: u16 = 207;

/// Where the messages of one source are taken in, whatever way they come.
pub struct Reception {
    source: Arc<str>,
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    counts: Counts,
}

impl Reception {
    /// Takes in what comes from a source.
    pub fn new(source: Arc<str>, intake: Arc<Intake>, clock: Arc<dyn Clock>) -> Reception {
        Reception { source, intake, clock, counts: Counts::default() }
    }

    /// The source, by name.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it is stored.
    pub(super) fn intake(&self) -> &Intake {
        &self.intake
    }

    /// What time it is.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was seen so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Stores messages of one sender and gives each its answer, in their order. A message that is
    /// refused is stored like any other; `None` where its sender wants no answer. When this
    /// returns, everything that is answered with yes is on disk.
    pub async fn take(&self, messages: &[Bytes]) -> Vec<Option<Vec<u8>>> {
        let now = self.clock.now();
        let scans: Vec<Scan<'_>> = messages.iter().map(|raw| scan(raw)).collect();
        let kept = scans.iter().zip(messages).filter(|(scan, _)| !is_stray(scan));
        let kept = kept.map(|(scan, raw)| self.message(scan, raw, now)).collect();
        let mut stored = self.intake.append_all(kept).await.into_iter();
        let made = now.strftime("%Y%m%d%H%M%S+0000").to_string();
        scans
            .iter()
            .map(|scan| {
                if is_stray(scan) {
                    self.counts.one(Counted::StrayAcknowledgment);
                    return None;
                }
                self.answer(scan, stored.next().unwrap_or(Err(StoreError::Closed)), &made)
            })
            .collect()
    }

    /// The answer to a message of which only the head is here, since it is too long; `None` where
    /// not even that can be read.
    pub fn refuse_head(&self, head: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
        self.counts.one(Counted::TooLong);
        let scan = scan(head);
        let is_readable = !scan.kind().is_empty();
        let objection = Objection::reject(
            CODE_NOT_STORED,
            format!("the message is longer than {bytes_max} bytes"),
        );
        let made = self.clock.now().strftime("%Y%m%d%H%M%S+0000").to_string();
        is_readable.then(|| acknowledgment(&scan, Some(&objection), &made, None))
    }

    fn message(&self, scan: &Scan<'_>, raw: &Bytes, now: Timestamp) -> NewMessage {
        let (answer, reason) = verdict(scan);
        NewMessage {
            source: Arc::clone(&self.source),
            received: now,
            control_id: scan.control_id().to_vec(),
            answer,
            reason,
            raw: raw.clone(),
        }
    }

    fn answer(
        &self,
        scan: &Scan<'_>,
        stored: Result<MessageId, StoreError>,
        made: &str,
    ) -> Option<Vec<u8>> {
        let answer = match stored {
            Ok(id) => {
                let objection = scan.verdict.as_ref().err();
                let accepted = objection.map_or(Counted::Accepted, |_| Counted::Refused);
                self.counts.one(accepted);
                acknowledgment(scan, objection, made, Some(id))
            }
            Err(error) => {
                self.counts.one(Counted::NotStored);
                tracing::error!(
                    source.name = &*self.source,
                    error = &error as &dyn std::error::Error,
                    "A message could not be stored; its sender was told to send it again."
                );
                let text = "the message could not be stored; send it again later";
                let objection = Objection::reject(CODE_NOT_STORED, text);
                acknowledgment(scan, Some(&objection), made, None)
            }
        };
        scan.wants_answer().then_some(answer)
    }
}

/// What a quick look says to the sender, in the words of the house.
pub fn verdict(scan: &Scan<'_>) -> (Answer, Option<Reason>) {
    match &scan.verdict {
        Ok(()) => (Answer::Accept, None),
        Err(objection) => (answer_of(objection.answer), Some(reason_of(objection))),
    }
}

/// Nobody answers an answer, and nobody keeps it.
fn is_stray(scan: &Scan<'_>) -> bool {
    scan.kind() == "ACK"
}

/// Our own control id is the number of the message that is answered.
fn acknowledgment(
    scan: &Scan<'_>,
    objection: Option<&Objection>,
    made: &str,
    message: Option<MessageId>,
) -> Vec<u8> {
    let control_id = message.map_or_else(|| format!("N{made:.14}"), |id| format!("A{id}"));
    let code = objection.map_or(MsaCode::Accept, |it| it.answer);
    acknowledge(scan, &Acknowledgment { code, objection, made, control_id: &control_id })
}

fn answer_of(code: MsaCode) -> Answer {
    match code {
        MsaCode::Accept | MsaCode::CommitAccept => Answer::Accept,
        MsaCode::Error | MsaCode::CommitError => Answer::Error,
        MsaCode::Reject | MsaCode::CommitReject => Answer::Reject,
    }
}

fn reason_of(objection: &Objection) -> Reason {
    let place = objection.location.as_ref().map(|it| Place {
        segment: it.segment.clone(),
        occurrence: it.occurrence,
        field: it.field,
    });
    Reason { place, code: objection.code, text: objection.text.clone() }
}

impl std::fmt::Debug for Reception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reception({})", self.source)
    }
}
