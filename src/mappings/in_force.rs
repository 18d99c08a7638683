//! The tables in force, which everybody in the daemon shares and which change as a whole.

use std::sync::{Arc, RwLock};

use super::Tables;

/// The tables that judge now.
#[derive(Debug)]
pub struct InForce(RwLock<Arc<Tables>>);

impl InForce {
    /// These are in force from the start.
    pub fn new(tables: Arc<Tables>) -> InForce {
        InForce(RwLock::new(tables))
    }

    /// The tables as they are now.
    pub fn now(&self) -> Arc<Tables> {
        match self.0.read() {
            Ok(tables) => Arc::clone(&tables),
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// Puts others in force, all at once.
    pub fn put(&self, tables: Arc<Tables>) {
        match self.0.write() {
            Ok(mut place) => *place = tables,
            Err(poisoned) => *poisoned.into_inner() = tables,
        }
    }
}
