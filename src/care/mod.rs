//! Facts become courses: what was done, in order, and what counts.
