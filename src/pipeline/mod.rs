//! Carries messages through the pure rooms, in one transaction.
