//! FHIR: what is asked, taken apart, held against the standard and against what is known already;
//! stored; answered.
//!
//! A request is one message, whatever it carries, and keeps its bytes. What it tells is put on the
//! shelf of its source with it, resource by resource.

mod answer;
mod decide;
mod item;
mod key;
mod read;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::domain::{Answer, Objection, Reason, Resource, Shelf};
use crate::store::{Intake, NewMessage, NewResource};
use crate::wire::fhir::Unknown;

use super::{BoxFuture, Counted, FhirAnswer, FhirRequest, Method, Reception, TakesFhir};
use item::Asked;

/// Bodies up to here are read where they come; longer ones where they hold nobody up.
const SHORT_BYTES: usize = 64 << 10;
/// A sender is told to come again after so long, when the store cannot keep what it sends.
const AGAIN_SECONDS: u32 = 30;
/// Code of table 0357 for what came over FHIR and was not taken.
const CODE_NOT_TAKEN: u16 = 207;

/// Whoever knows what is needed of a resource to bill by it.
pub trait Objects: Send + Sync {
    /// What stands against a resource.
    fn objections(&self, resource: &Resource, shelf: &dyn Shelf) -> Vec<Objection>;

    /// The patient that a resource is about, by a name that is the same whichever way it is told;
    /// empty if it is about none, or nobody known.
    fn whose(&self, resource: &Resource, shelf: &dyn Shelf) -> String;
}

/// Takes what one source says over FHIR.
#[derive(Clone)]
pub struct FhirDesk {
    reception: Arc<Reception>,
    objects: Arc<dyn Objects>,
    unknown: Unknown,
    in_hand: Arc<InHand>,
}

/// Resources that are being decided about: a second word of one waits for the first.
#[derive(Default)]
struct InHand {
    keys: Mutex<HashSet<(String, String)>>,
    freed: Notify,
}

/// What a request came to.
struct Taken {
    /// What is said of it.
    answer: FhirAnswer,
    /// What is kept: the message, and what it tells. Nothing where nothing is to be kept.
    kept: Option<(NewMessage, Vec<NewResource>)>,
}

impl FhirDesk {
    /// Takes what comes for a reception.
    pub fn new(reception: Arc<Reception>, objects: Arc<dyn Objects>, unknown: Unknown) -> FhirDesk {
        FhirDesk { reception, objects, unknown, in_hand: Arc::default() }
    }

    /// Decides about a request and stores it, for callers that are no part of an async runtime.
    pub fn take_blocking(&self, request: &FhirRequest) -> FhirAnswer {
        let now = self.reception.now();
        let asked = Asked::read(request, now);
        let taken = self.decided(request, asked, now);
        let Taken { answer, kept } = taken;
        match kept {
            None => answer,
            Some((message, told)) => {
                let is_refused = message.answer != Answer::Accept;
                let stored = self.intake().append_telling_blocking(message, told);
                self.answered(answer, stored.map(drop), is_refused)
            }
        }
    }

    async fn taken(&self, request: FhirRequest) -> FhirAnswer {
        let now = self.reception.now();
        if request.method == Method::Get {
            return read::answer(self, &request);
        }
        if request.body.is_empty() && request.method != Method::Delete {
            // A subscription without content says only that there is something.
            return FhirAnswer::status(200);
        }
        let this = self.clone();
        let asking = request.clone();
        let asked = heavy(&request.body, move || Asked::read(&asking, now)).await;
        let keys = asked.as_ref().map(Asked::keys).unwrap_or_default();
        let held = self.in_hand.hold(keys).await;
        let bytes = request.body.clone();
        let taken = heavy(&bytes, move || this.decided(&request, asked, now)).await;
        let answer = match taken.kept {
            None => taken.answer,
            Some((message, told)) => {
                let is_refused = message.answer != Answer::Accept;
                let stored = self.intake().append_telling(message, told).await;
                self.answered(taken.answer, stored.map(drop), is_refused)
            }
        };
        drop(held);
        answer
    }

    /// What becomes of a request.
    fn decided(
        &self,
        request: &FhirRequest,
        asked: Result<Asked, answer::Refused>,
        now: Timestamp,
    ) -> Taken {
        match asked {
            Ok(asked) => decide::decide(self, request, asked, now),
            Err(refused) => {
                let kept = refused.is_kept.then(|| {
                    let reason = reason(&refused.words());
                    (self.message(request, (b"", Answer::Error, Some(reason)), now), Vec::new())
                });
                Taken { answer: refused.answer(), kept }
            }
        }
    }

    fn answered(
        &self,
        answer: FhirAnswer,
        stored: Result<(), crate::store::Error>,
        is_refused: bool,
    ) -> FhirAnswer {
        match stored {
            Ok(()) => {
                let counted = if is_refused { Counted::Refused } else { Counted::Accepted };
                self.reception.counts().one(counted);
                answer
            }
            Err(error) => {
                self.reception.counts().one(Counted::NotStored);
                tracing::error!(
                    source.name = self.reception.source(),
                    error = &error as &dyn std::error::Error,
                    "What came over FHIR could not be stored; its sender was told to send it again."
                );
                answer::unavailable(AGAIN_SECONDS)
            }
        }
    }

    fn message(
        &self,
        request: &FhirRequest,
        (control_id, answer, reason): (&[u8], Answer, Option<Reason>),
        received: Timestamp,
    ) -> NewMessage {
        let raw = match request.method {
            Method::Delete => Bytes::from(format!("DELETE {}", request.path)),
            Method::Get | Method::Post | Method::Put => request.body.clone(),
        };
        NewMessage {
            source: self.reception.source().into(),
            received,
            control_id: control_id.to_vec(),
            answer,
            reason,
            raw,
            fragment: None,
        }
    }

    fn intake(&self) -> &Intake {
        self.reception.intake()
    }
}

impl TakesFhir for FhirDesk {
    fn take(&self, request: FhirRequest) -> BoxFuture<'_, FhirAnswer> {
        // A sender that goes away takes nothing with it: what was begun is brought to its end.
        let this = self.clone();
        Box::pin(async move {
            let taking = tokio::spawn(async move { this.taken(request).await });
            match taking.await {
                Ok(answer) => answer,
                // It is never aborted: either it ends, or it panics, and so do we.
                Err(failed) => std::panic::resume_unwind(failed.into_panic()),
            }
        })
    }
}

impl InHand {
    /// Waits until nobody else decides about any of these, and holds them.
    async fn hold(&self, keys: Vec<(String, String)>) -> Held<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                if keys.iter().all(|key| !held.contains(key)) {
                    held.extend(keys.iter().cloned());
                    return Held { in_hand: self, keys };
                }
            }
            freed.await;
        }
    }
}

/// Resources that one request decides about, for as long as it does.
struct Held<'a> {
    in_hand: &'a InHand,
    keys: Vec<(String, String)>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.in_hand.keys.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            held.remove(key);
        }
        drop(held);
        self.in_hand.freed.notify_waiters();
    }
}

/// Runs what may take long beside what must not wait; what is short, at once.
async fn heavy<T: Send + 'static>(body: &Bytes, work: impl FnOnce() -> T + Send + 'static) -> T {
    if body.len() <= SHORT_BYTES {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is never aborted: either it ends, or it panics, and so do we.
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn reason(words: &str) -> Reason {
    Reason { place: None, code: CODE_NOT_TAKEN, text: words.to_owned() }
}
