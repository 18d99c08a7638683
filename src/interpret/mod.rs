//! Structure becomes facts: what happened, in clinic words.
