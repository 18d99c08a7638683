//! Character sets of table 0211.

/// Sets that are read and written.
pub(super) const BOTH: [&str; 11] = [
    "UNICODE UTF-8",
    "8859/1",
    "8859/2",
    "8859/3",
    "8859/4",
    "8859/5",
    "8859/6",
    "8859/7",
    "8859/8",
    "8859/9",
    "8859/15",
];

/// Sets that are only read.
pub(super) const READ: [&str; 7] =
    ["WINDOWS-1252", "BIG-5", "GB 18030-2000", "KS X 1001", "SHIFT_JIS", "ISO IR87", "ISO IR14"];

/// Every set that a source may be known to write in.
pub fn read() -> impl Iterator<Item = &'static str> {
    BOTH.into_iter().chain(READ)
}

/// Whether a receiver can be written to in a set; none and ASCII are the same.
pub(super) fn is_written(set: &str) -> bool {
    matches!(set, "" | "ASCII") || BOTH.contains(&set)
}
