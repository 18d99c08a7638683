//! The site that bills: what the rules must know of it.

use super::Setting;

/// What rules and tables must know of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// How it bills.
    pub setting: Setting,
    /// The payer, where nobody names one.
    pub payer: String,
}
