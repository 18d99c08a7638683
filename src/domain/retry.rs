//! What a fault of the world allows us to do next.

/// The class of a fault. Policy asks the class and never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Provably nothing happened: trying again later is safe.
    Later,
    /// Trying again cannot help.
    Never,
    /// It may have happened: trying again blindly may bill twice.
    Unknown,
}
