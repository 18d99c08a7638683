//! Hostile bytes, from the frame to the activity.

#![no_main]

#[path = "../carried.rs"]
mod carried;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| carried::carry(bytes));
