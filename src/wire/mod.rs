//! Bytes and structure: MLLP frames, HL7 v2, JSON and FHIR, read and written.
//!
//! **In:** bytes of a connection or a file. **Out:** frames, messages with the positions of
//! everything in them, answers; and back to bytes.
//!
//! **Never:** knows what a segment means to a clinic or to billing, asks the time, opens
//! anything, logs anything; panics on any input; loses part of a message without saying where.
//!
//! **Start at** [`mllp::Mllp`], [`hl7::scan`] (what a listener asks before it answers),
//! [`hl7::Message`] (what a reader asks afterwards) and [`fhir::examine`] (both, of a resource).

pub mod fhir;
pub mod hl7;
pub mod json;
pub mod mllp;
