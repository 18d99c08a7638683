//! Listens, stores, then acknowledges.
