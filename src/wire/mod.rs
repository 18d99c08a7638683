//! Bytes and structure: MLLP frames and HL7 v2, read and written.
