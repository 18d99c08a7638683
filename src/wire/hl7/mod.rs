//! HL7 v2: messages read and written.
//!
//! [`scan`] looks at a message before it is answered, [`acknowledge`] writes the answer,
//! [`noted()`] tells what it may say beside a yes,
//! [`Fragment`] tells a part of one, [`join`] puts parts together, [`Message`] takes it apart, [`Writer`] writes one, [`answer::read`] reads what comes back,
//! [`split()`] takes a file apart, [`miscounts`] counts after it, [`batch()`] makes one,
//! [`time::read`] reads a time.

mod ack;
pub mod answer;
mod batch;
mod charset;
mod content;
mod delimiters;
mod enclosed;
mod escape;
mod fragment;
mod iso2022;
mod lines;
mod message;
mod noted;
mod objection;
mod position;
mod preflight;
mod scan;
mod split;
#[cfg(test)]
mod tests;
pub mod time;
mod value;
mod write;

pub use ack::{Acknowledgment, ERROR_TEXT_CHARS_MAX, Style, acknowledge};
pub use batch::{BatchHeader, batch, miscounts};
pub use charset::{Decoded, decode, encode};
pub use content::{MERGE_EVENTS, OBJECTIONS_MAX};
pub use delimiters::Delimiters;
pub use enclosed::Batch;
pub use fragment::{Fragment, join};
pub use message::{Message, Segment};
pub use noted::noted;
pub use objection::{ErrorLocation, MsaCode, Objection, Severity};
pub use position::{NotAPosition, Position};
pub use preflight::{MESSAGE_BYTES_MAX, SEPARATORS_MAX};
pub use scan::{Scan, Terms, Wish, scan, scan_on};
pub use split::split;
pub use value::{Presence, Value, preferred_identifier};
pub use write::{SegmentWriter, Writer};
