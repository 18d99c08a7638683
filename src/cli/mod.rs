//! The commands.

pub mod rows;
