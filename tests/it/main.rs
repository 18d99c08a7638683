//! The one test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panic")]

mod cases;
mod dispatching;
mod hostile;
mod house;
mod leaving;
mod peers;
mod readings;
mod rules;
mod stories;
mod support;
