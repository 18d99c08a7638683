//! How fast messages are taken in and charged, beside the floor: what this machine can do at all.
//!
//! `cargo bench --bench load [-- SECONDS]` measures, in one run and over real sockets, at 1, 8 and
//! 32 connections that each wait for their answer: the floor (a bare receiver that appends to one
//! file and answers), the intake alone, and the whole daemon as its own process, while its
//! pipeline works and its lines leave. Then the memory with 100,000 messages in the store, and the
//! time until the next answer after a kill. (`-- whole` measures the daemon alone; `-- judging
//! [SIZES]` what judging costs, with so many messages in the store, 1,000 and 1,000,000 by default; `-- fhir` the same fractions
//! over HL7 v2 and over FHIR; `-- parse` what a message costs to read, beside `hl7-parser` alone and a bare scan.) Everything is kept in the same temporary folder, so
//! set `TMPDIR` to the disk that is meant.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first fault, and prints what it measured"
)]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod client;
mod fhir;
mod floor;
mod intake;
mod judging;
mod load;
mod parse;
mod whole;

use std::time::Duration;

use client::Measured;

const CONNECTIONS: [usize; 3] = [1, 8, 32];
const SECONDS: u64 = 5;
const ROUNDS: usize = 2;

fn main() {
    if std::env::args().any(|word| word == "whole") {
        return the_whole();
    }
    if std::env::args().any(|word| word == "parse") {
        return parse::tell();
    }
    if std::env::args().any(|word| word == "fhir") {
        return fhir::tell();
    }
    if std::env::args().any(|word| word == "rooms") {
        return judging::rooms();
    }
    if std::env::args().any(|word| word == "judging") {
        let told: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
        return judging::tell(if told.is_empty() { &[1_000, 1_000_000] } else { &told });
    }
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
    the_whole();
}

/// People whose courses are told over each number of connections.
const PEOPLE: [usize; 3] = [60, 300, 600];

/// Messages that the store holds at last.
const MESSAGES_AT_LAST: usize = 100_000;

fn the_whole() {
    let load = load::Load::new();
    let mut whole = whole::Whole::start();
    let (mut first, mut messages) = (0, 0);
    println!(
        "connections  acknowledged/s   p50 ms   p99 ms   behind  end to end/s  lines  peak MiB"
    );
    for (connections, people) in CONNECTIONS.into_iter().zip(PEOPLE) {
        let measured = whole.measure(&load, first..first + people, connections);
        first += people;
        messages += measured.latencies.len();
        tell_whole(connections, &measured);
    }
    let left = MESSAGES_AT_LAST.saturating_sub(messages);
    let more = left * first / messages + 1;
    let measured = whole.measure(&load, first..first + more, 32);
    messages += measured.latencies.len();
    tell_whole(32, &measured);
    let next = whole.restart(&load.course(first + more)[0]);
    println!("{messages} messages in the store; next answer {} ms after a kill", next.as_millis());
}

fn tell_whole(connections: usize, measured: &whole::Measured) {
    println!(
        "{connections:>11} {:>15} {} {} {:>8} {:>13} {:>6} {:>9}",
        measured.acknowledged_per_second,
        milliseconds(measured.at(500)),
        milliseconds(measured.at(990)),
        measured.behind,
        measured.end_to_end_per_second,
        measured.accepted_lines,
        measured.peak_mib,
    );
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
