//! What was done becomes drafted lines.
