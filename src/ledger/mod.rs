//! What is on the books, and how it is corrected.
