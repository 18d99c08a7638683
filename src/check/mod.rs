//! Judges drafted lines.
