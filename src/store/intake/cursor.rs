//! How far something has come that goes on after a stop, such as a poll.

use rusqlite::OptionalExtension;

use super::{FORMAT, Intake};
use crate::store::Error;

impl Intake {
    /// How far something has come; empty if it has not begun.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn cursor(&self, source: &str, name: &str) -> Result<String, Error> {
        self.readers.read(|connection| {
            let select = "SELECT value FROM cursor WHERE source = ?1 AND name = ?2";
            let mut select = connection.prepare_cached(select)?;
            let value = select.query_row((source, name), |row| row.get(0)).optional()?;
            Ok(value.unwrap_or_default())
        })
    }

    /// Says how far something has come; on disk when this returns. It is for rare moves: each opens
    /// a connection of its own.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn move_cursor(&self, source: &str, name: &str, value: &str) -> Result<(), Error> {
        let connection = self.shared.place.open_for_writing(&FORMAT)?;
        let upsert = "INSERT INTO cursor (source, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (source, name) DO UPDATE SET value = excluded.value";
        connection.execute(upsert, (source, name, value)).map_err(Error::of_commit)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_where_it_was_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        for (was, is) in [("", "1"), ("1", "2")] {
            let intake = Intake::open(folder.path()).unwrap();
            assert_eq!(intake.cursor("aria", "Task").unwrap(), was);
            intake.move_cursor("aria", "Task", is).unwrap();
            assert_eq!(intake.cursor("aria", "Task").unwrap(), is);
            assert_eq!(intake.cursor("mosaiq", "Task").unwrap(), "");
        }
    }
}
