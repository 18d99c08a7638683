//! Reads the tables of `mappings/`, and refuses wrong ones.
