//! Connections that only read, kept open and lent out for one short look each.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::Error;
use super::database::Place;

/// Connections that are kept open while nobody reads.
const IDLE_MAX: usize = 8;

/// Connections that only read.
#[derive(Debug)]
pub(super) struct Readers {
    place: Place,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(place: Place) -> Readers {
        Readers { place, idle: Mutex::new(Vec::new()) }
    }

    /// Looks at one state of the database, however many statements the look takes. The look must
    /// be short and bounded, and hand over nothing to a consumer that could stop reading: as long
    /// as it lasts, the write-ahead file cannot be taken home.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let lent = self.idle().pop();
        let connection = lent.map_or_else(|| self.place.open_for_reading(), Ok)?;
        let snapshot = connection.unchecked_transaction()?;
        let seen = look(&snapshot);
        let closed = snapshot.finish();
        if closed.is_ok() {
            let mut idle = self.idle();
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        seen
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
