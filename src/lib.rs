#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod care;
pub mod charge;
pub mod check;
pub mod cli;
pub mod config;
pub mod console;
pub mod disk;
pub mod dispatch;
pub mod domain;
pub mod interpret;
pub mod ledger;
pub mod mappings;
pub mod pipeline;
pub mod receive;
pub mod store;
#[cfg(test)]
pub(crate) mod table;
pub mod telemetry;
pub mod trust;
pub mod wire;
