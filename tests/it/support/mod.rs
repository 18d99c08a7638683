//! What tests share: messages carried through the pipeline in memory, stories, invented people.

pub mod carry;
