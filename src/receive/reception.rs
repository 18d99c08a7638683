//! Stores messages, then says so: the order of the two is the promise of the house.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::config::Manner;
use crate::domain::{Answer, Clock, MessageId, Place, Reason};
use crate::store::{Books, Error as StoreError, Intake, NewFragment, NewMessage, StoredMessage};
use crate::wire::hl7::{
    Acknowledgment, Batch, Fragment, MsaCode, Objection, Scan, Style, Terms, Wish, acknowledge,
    noted, scan_on,
};

use super::due::{Due, Line, due};
use super::owed::Owed;
use super::sequence::{Sequence, Step, is_link};
use super::{Counted, Counts};

/// Application internal error: the message may be sent again as it is (table 0357).
const CODE_NOT_STORED: u16 = 207;

/// Under what name it is kept how far a source has counted.
const COUNT: &str = "MSH-13";

/// Where the messages of one source are taken in, whatever way they come.
pub struct Reception {
    source: Arc<str>,
    intake: Arc<Intake>,
    books: Option<Arc<Books>>,
    /// Whether what came of a message is told over another connection.
    tells_elsewhere: bool,
    clock: Arc<dyn Clock>,
    manner: Manner,
    sequence: Mutex<Option<Sequence>>,
    counts: Counts,
}

/// What became of one frame.
#[derive(Default)]
pub(super) struct Block {
    /// Whether all that is in it is stored.
    pub(super) stored: bool,
    /// What its sender is told at once, if anything.
    pub(super) answer: Option<Vec<u8>>,
    /// What it is to be told later.
    pub(super) owed: Vec<Owed>,
    /// Whether the connection ends over it.
    pub(super) closes: bool,
}

/// A message that was looked at.
struct Looked<'a> {
    scan: Scan<'a>,
    /// What stands against it, its number among it.
    objection: Option<Objection>,
    /// Where the count stands once it is stored, if its source counts.
    sequence: Option<Sequence>,
    is_kept: bool,
    /// Whether it is a part of a message.
    is_part: bool,
    /// What is noted of it, if its sender is to be told.
    notes: Vec<Objection>,
}

impl Reception {
    /// Takes in what comes from a source.
    pub fn new(source: Arc<str>, intake: Arc<Intake>, clock: Arc<dyn Clock>) -> Reception {
        Reception {
            source,
            intake,
            books: None,
            tells_elsewhere: false,
            clock,
            manner: Manner::default(),
            sequence: Mutex::new(None),
            counts: Counts::default(),
        }
    }

    /// The same of a source that speaks in such a manner.
    pub fn in_manner(self, manner: Manner) -> Reception {
        Reception { manner, ..self }
    }

    /// The same, able to tell later what came of a message by these books.
    pub fn telling(self, books: Arc<Books>) -> Reception {
        Reception { books: Some(books), ..self }
    }

    /// The same, where what came of a message is told over another connection ([`super::Teller`]).
    pub fn telling_elsewhere(self) -> Reception {
        Reception { tells_elsewhere: true, ..self }
    }

    /// The source, by name.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it is stored.
    pub(super) fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// Where it stands what came of it.
    pub(super) fn books(&self) -> Option<&Arc<Books>> {
        self.books.as_ref()
    }

    /// What time it is.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What time it is, as a header has it.
    pub(super) fn made(&self) -> String {
        self.clock.now().strftime("%Y%m%d%H%M%S+0000").to_string()
    }

    /// What was seen so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Stores messages of one sender and gives each its answer, in their order. A message that is
    /// refused is stored like any other; `None` where its sender wants no answer. When this
    /// returns, everything that is answered with yes is on disk.
    pub async fn take(&self, messages: &[Bytes]) -> Vec<Option<Vec<u8>>> {
        let line = if self.tells_elsewhere { Line::Open } else { Line::Once };
        let blocks = self.take_messages(messages, line).await;
        blocks.into_iter().map(|block| block.answer).collect()
    }

    /// The same for frames of a connection, of which each may hold a batch; a batch is answered by
    /// a batch.
    pub(super) async fn take_frames(&self, frames: &[Bytes]) -> Vec<Block> {
        let line = if self.books.is_some() { Line::Open } else { Line::Once };
        let batches: Vec<Option<Batch<'_>>> = frames.iter().map(|it| Batch::open(it)).collect();
        let mut messages = Vec::with_capacity(frames.len());
        for (frame, batch) in frames.iter().zip(&batches) {
            match batch {
                Some(batch) => {
                    messages.extend(batch.messages.iter().map(|one| frame.slice_ref(one)));
                }
                None => messages.push(frame.clone()),
            }
        }
        let mut taken = self.take_messages(&messages, line).await.into_iter();
        let each = batches.iter().map(|batch| match batch {
            Some(batch) => self.together(batch, taken.by_ref().take(batch.messages.len())),
            None => taken.next().unwrap_or_default(),
        });
        each.collect()
    }

    /// What became of a batch, told as one.
    fn together(&self, batch: &Batch<'_>, taken: impl Iterator<Item = Block>) -> Block {
        if batch.is_miscounted() {
            self.counts.one(Counted::Miscount);
            tracing::warn!(
                source.name = &*self.source,
                messages = batch.messages.len(),
                "A batch said of itself what is not so."
            );
        }
        if batch.is_repeated() {
            self.counts.one(Counted::BatchAgain);
            tracing::info!(
                source.name = &*self.source,
                messages = batch.messages.len(),
                "A batch came that says that it repeats another one."
            );
        }
        let mut whole = Block { stored: true, ..Block::default() };
        let mut answers = Vec::new();
        for block in taken {
            whole.stored &= block.stored;
            whole.owed.extend(block.owed);
            answers.extend(block.answer);
        }
        let made = self.made();
        let is_told = !answers.is_empty() || batch.messages.is_empty();
        whole.answer = is_told.then(|| batch.answer(&answers, &made, &format!("N{made:.14}")));
        whole
    }

    async fn take_messages(&self, messages: &[Bytes], line: Line) -> Vec<Block> {
        let now = self.clock.now();
        let mut counting = self.counting().await;
        let before = counting.as_deref().copied().flatten();
        let looked = self.look(messages, before);
        let kept = looked.iter().zip(messages).filter(|(one, _)| one.is_kept);
        let kept = kept.map(|(one, raw)| self.message(one, raw, now)).collect();
        let mut stored = self.intake.append_all(kept).await.into_iter();
        let made = now.strftime("%Y%m%d%H%M%S+0000").to_string();
        let mut reached = before;
        let mut blocks = Vec::with_capacity(looked.len());
        for one in &looked {
            let outcome = one.is_kept.then(|| stored.next().unwrap_or(Err(StoreError::Closed)));
            if !matches!(outcome, Some(Err(_))) {
                reached = one.sequence.or(reached);
            }
            let sequence = one.sequence.and(reached);
            blocks.push(self.block(one, outcome, (line, sequence, &made)));
        }
        if let Some(counting) = &mut counting {
            self.keep_count(counting, reached);
        }
        blocks
    }

    /// The count of a source that counts; nobody else counts on it meanwhile.
    async fn counting(&self) -> Option<MutexGuard<'_, Option<Sequence>>> {
        if !self.manner.sequence {
            return None;
        }
        let mut counting = self.sequence.lock().await;
        if counting.is_none() {
            let kept = self.intake.cursor(&self.source, COUNT);
            *counting = Some(Sequence::read(&kept.unwrap_or_default()));
        }
        Some(counting)
    }

    fn keep_count(&self, counting: &mut Option<Sequence>, reached: Option<Sequence>) {
        let Some(moved) = reached.filter(|_| *counting != reached) else {
            return;
        };
        match self.intake.move_cursor(&self.source, COUNT, &moved.written()) {
            Ok(()) => *counting = Some(moved),
            Err(error) => tracing::error!(
                source.name = &*self.source,
                error = &error as &dyn std::error::Error,
                "It could not be stored how far the source has counted."
            ),
        }
    }

    fn look<'a>(&self, messages: &'a [Bytes], mut sequence: Option<Sequence>) -> Vec<Looked<'a>> {
        let terms = self.terms();
        let each = messages.iter().map(|raw| {
            let scan = scan_on(raw, &terms);
            let mut objection = scan.verdict.as_ref().err().cloned();
            let is_link = sequence.is_some() && is_link(&scan);
            if is_link {
                objection = None;
            }
            match sequence.map(|count| count.step(scan.sequence())) {
                Some(Step::Moves(to)) => sequence = Some(to),
                Some(Step::Gap(gap)) => {
                    self.counts.one(Counted::Gap);
                    objection = Some(gap);
                }
                Some(Step::Stays) | None => {}
            }
            let is_kept = !is_stray(&scan) && !is_link;
            let is_part = terms.fragments && Fragment::of(raw).is_some();
            let notes = match self.manner.tells_warnings && objection.is_none() && is_kept {
                true if !is_part => noted(raw, &scan),
                true | false => Vec::new(),
            };
            Looked { scan, objection, sequence, is_kept, is_part, notes }
        });
        each.collect()
    }

    fn terms(&self) -> Terms {
        Terms {
            training: self.manner.training,
            debugging: self.manner.debugging,
            without_control_id: self.manner.without_control_id,
            any_version: self.manner.any_version,
            without_charges: self.manner.without_charges,
            fragments: self.manner.joins_within.is_some(),
        }
    }

    /// The answer to a message of which only the head is here, since it is too long; `None` where
    /// not even that can be read.
    pub fn refuse_head(&self, head: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
        self.counts.one(Counted::TooLong);
        let scan = scan_on(head, &self.terms());
        let is_readable = !scan.kind().is_empty();
        let objection = Objection::reject(
            CODE_NOT_STORED,
            format!("the message is longer than {bytes_max} bytes"),
        );
        let due = due(self.manner.acknowledge, Line::Open, &scan, Some(&objection));
        let code = due.now.filter(|_| is_readable)?;
        let made = self.made();
        Some(self.acknowledgment(&scan, (code, Some(&objection), &[]), (&made, None, None)))
    }

    fn message(&self, one: &Looked<'_>, raw: &Bytes, now: Timestamp) -> NewMessage {
        let (answer, reason) = told(one.objection.as_ref());
        NewMessage {
            source: Arc::clone(&self.source),
            received: now,
            control_id: one.scan.control_id().to_vec(),
            answer,
            reason,
            raw: raw.clone(),
            fragment: one.is_part.then(|| self.fragment(answer, raw, now)).flatten(),
        }
    }

    /// How a message that is taken hangs together with others, if it is a part.
    fn fragment(&self, answer: Answer, raw: &Bytes, now: Timestamp) -> Option<NewFragment> {
        let within = self.manner.joins_within.filter(|_| answer == Answer::Accept)?;
        let part = Fragment::of(raw)?;
        Some(NewFragment {
            sender: part.sender.to_vec(),
            comes_from: part.comes_from.to_vec(),
            goes_on: part.goes_on.to_vec(),
            head_bytes: part.head_bytes,
            until: now + within,
        })
    }

    /// What becomes of a message that was stored, or not, or is not to be kept.
    fn block(
        &self,
        one: &Looked<'_>,
        outcome: Option<Result<MessageId, StoreError>>,
        (line, sequence, made): (Line, Option<Sequence>, &str),
    ) -> Block {
        if is_stray(&one.scan) {
            self.counts.one(Counted::StrayAcknowledgment);
            return Block { stored: true, ..Block::default() };
        }
        let not_stored;
        let (id, objection) = match outcome {
            None => (None, None),
            Some(Ok(id)) => (Some(id), one.objection.as_ref()),
            Some(Err(error)) => {
                not_stored = self.not_stored(&error);
                (None, Some(&not_stored))
            }
        };
        if id.is_some() {
            let accepted = objection.map_or(Counted::Accepted, |_| Counted::Refused);
            self.counts.one(accepted);
        }
        let closes = self.manner.closes_on_garbage && !one.scan.has_header();
        let Due { now, later } = due(self.manner.acknowledge, line, &one.scan, objection);
        let expected = sequence.map(Sequence::told);
        let answer = now.filter(|_| !closes).map(|code| {
            let notes = if code == MsaCode::Accept { &one.notes[..] } else { &[] };
            let said = (code, objection, notes);
            self.acknowledgment(&one.scan, said, (made, id, expected))
        });
        let told_here = id.zip(later).filter(|_| !self.tells_elsewhere);
        let owed = told_here.map(|(message, wish)| self.owed(message, one, wish));
        let stored = id.is_some() || !one.is_kept;
        Block { stored, answer, owed: owed.into_iter().collect(), closes }
    }

    fn owed(&self, message: MessageId, one: &Looked<'_>, wish: Wish) -> Owed {
        Owed {
            message,
            head: one.scan.head(),
            wish,
            bare_type: self.manner.bare_type,
            is_part: one.is_part,
            notes: one.notes.clone(),
        }
    }

    /// What its sender is to be told later of a message that is stored.
    pub(super) fn owed_for(&self, stored: &StoredMessage) -> Option<Owed> {
        let raw = [Bytes::copy_from_slice(&stored.raw)];
        let mut one = self.look(&raw, None).pop()?;
        // What was said when it came counts, whatever would be said today.
        one.objection = match (stored.answer, &stored.reason) {
            (Answer::Accept, _) | (_, None) => None,
            (Answer::Error, Some(reason)) => Some(Objection::error(reason.code, "")),
            (Answer::Reject, Some(reason)) => Some(Objection::reject(reason.code, "")),
        };
        let Due { later, .. } =
            due(self.manner.acknowledge, Line::Open, &one.scan, one.objection.as_ref());
        later.map(|wish| self.owed(stored.id, &one, wish))
    }

    fn not_stored(&self, error: &StoreError) -> Objection {
        self.counts.one(Counted::NotStored);
        tracing::error!(
            source.name = &*self.source,
            error = error as &dyn std::error::Error,
            "A message could not be stored; its sender was told to send it again."
        );
        let text = "the message could not be stored; send it again later";
        Objection::reject(CODE_NOT_STORED, text)
    }

    /// Our own control id is the number of the message that is answered. A yes carries no fault,
    /// even where one is told later.
    fn acknowledgment(
        &self,
        scan: &Scan<'_>,
        (code, objection, notes): (MsaCode, Option<&Objection>, &[Objection]),
        (made, message, expected): (&str, Option<MessageId>, Option<i64>),
    ) -> Vec<u8> {
        let control_id = message.map_or_else(|| format!("N{made:.14}"), |id| format!("A{id}"));
        let style = Style { expected, bare_type: self.manner.bare_type, later: false };
        let objection = objection.filter(|_| !code.accepts());
        let notes = if objection.is_none() { notes } else { &[] };
        let control_id = &control_id;
        acknowledge(scan, &Acknowledgment { code, objection, notes, made, control_id, style })
    }
}

/// What a quick look says to the sender, in the words of the house.
pub fn verdict(scan: &Scan<'_>) -> (Answer, Option<Reason>) {
    told(scan.verdict.as_ref().err())
}

fn told(objection: Option<&Objection>) -> (Answer, Option<Reason>) {
    match objection {
        None => (Answer::Accept, None),
        Some(objection) => (answer_of(objection.answer), Some(reason_of(objection))),
    }
}

/// Nobody answers an answer, and nobody keeps it.
fn is_stray(scan: &Scan<'_>) -> bool {
    scan.kind() == "ACK"
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
