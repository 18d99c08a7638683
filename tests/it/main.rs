//! The one test binary.
#![allow(unreachable_pub, reason = "what tests share is public to all of them")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panic")]

mod analysts;
mod by_hand;
mod cases;
mod commands;
mod comparing;
mod context;
mod corpus;
mod corrections;
mod dispatching;
mod elsewhere;
mod fhir_cases;
mod fhir_examples;
mod fhir_in;
mod fhir_out;
mod fhir_written;
mod files_in;
mod files_out;
mod hostile;
mod house;
mod http_in;
mod importing;
mod leaving;
mod manners;
mod moves;
mod oracle;
mod parts;
mod peers;
mod policies;
mod polling;
mod proofs;
mod readings;
mod reload;
mod restart;
mod rules;
mod sftp_in;
mod sftp_out;
mod sites;
mod starting;
mod stories;
mod support;
mod tls;
mod tokens;
mod visits;
mod without;
