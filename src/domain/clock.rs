//! Where the time comes from: nobody asks the machine but the one who implements this.

/// Tells the time to rooms that may know it; tests hold one that they move themselves.
pub trait Clock: Send + Sync {
    /// This instant.
    fn now(&self) -> jiff::Timestamp;
}
