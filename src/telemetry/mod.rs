//! Names of log events and metrics.
