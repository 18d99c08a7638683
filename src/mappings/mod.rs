//! Reads the tables of `mappings/`, and refuses wrong ones.

pub mod source;
pub use source::SourceProfile;
