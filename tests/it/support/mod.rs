//! What tests share: messages carried through the pipeline in memory, a daemon in the test's own
//! process, and its neighbors, well-behaved or not.

pub mod carry;
pub mod certificates;
pub mod charges;
pub mod clinic;
pub mod daemon;
pub mod fhir;
pub mod program;
pub mod receiver;
pub mod sender;
pub mod sftp;
pub mod told;
pub mod wait;
