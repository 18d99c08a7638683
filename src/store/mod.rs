//! SQL, and nothing else.
