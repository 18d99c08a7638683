//! How fast messages are taken in, beside the floor: what this machine can do at all.
//!
//! `cargo bench --bench load [-- SECONDS]` measures the floor and the intake in turns, in one
//! run, over real sockets, at 1, 8 and 32 connections that each wait for their answer. Both keep
//! their files in the same temporary folder, so set `TMPDIR` to the disk that is meant.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first fault, and prints what it measured"
)]

mod client;
mod floor;
mod intake;

use std::time::Duration;

use client::Measured;

const CONNECTIONS: [usize; 3] = [1, 8, 32];
const SECONDS: u64 = 5;
const ROUNDS: usize = 2;

fn main() {
    let seconds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(SECONDS);
    let duration = Duration::from_secs(seconds);
    println!("connections  receiver   messages/s   p50 ms   p99 ms  p999 ms");
    for connections in CONNECTIONS {
        for _ in 0..ROUNDS {
            let floor = floor::measure(connections, duration);
            tell(connections, "floor", &floor);
            let intake = intake::measure(connections, duration);
            tell(connections, "intake", &intake);
            let share = 100 * intake.per_second / floor.per_second.max(1);
            println!("{connections:>11}  intake is {share} % of the floor");
        }
    }
}

fn tell(connections: usize, receiver: &str, measured: &Measured) {
    let [p50, p99, p999] = [500, 990, 999].map(|permille| measured.at(permille));
    let per_second = measured.per_second;
    println!(
        "{connections:>11}  {receiver:<8} {per_second:>12} {} {} {}",
        milliseconds(p50),
        milliseconds(p99),
        milliseconds(p999)
    );
}

fn milliseconds(latency: Duration) -> String {
    let micros = latency.as_micros();
    format!("{:>4}.{:03}", micros / 1_000, micros % 1_000)
}
