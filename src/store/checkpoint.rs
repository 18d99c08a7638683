//! Keeps the write-ahead file small.

use std::time::Duration;

use rusqlite::Connection;

use super::database::{BUSY_SECONDS_MAX, Place};

/// The write-ahead file of a database stays below this, whatever readers of ours do.
pub const WAL_BYTES_MAX: u64 = 64 << 20;
/// From this size on, the writer insists: it waits for readers and empties the file.
const WAL_INSIST_BYTES: u64 = WAL_BYTES_MAX / 2;
/// A file of this size is not worth the trouble when nothing else is to be done.
const WAL_SMALL_BYTES: u64 = 1 << 20;
/// How long the writer waits for readers while senders wait for the writer. Ours are done sooner.
const READERS_WAIT: Duration = Duration::from_millis(200);
/// After a reader held out longer, this many commits go by before the writer insists again.
const COMMITS_AFTER_A_FAILURE: u32 = 64;

/// When the writer of a database looks at its write-ahead file next.
#[derive(Debug)]
pub(super) struct Checkpoints {
    place: Place,
    commits_to_pass: u32,
}

impl Checkpoints {
    pub(super) fn new(place: Place) -> Checkpoints {
        Checkpoints { place, commits_to_pass: 0 }
    }

    /// After a commit. The database itself takes pages home every so often; that is not enough
    /// when readers overlap all the time, so a file that has grown is emptied by force.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        if self.commits_to_pass > 0 {
            self.commits_to_pass -= 1;
        } else if !self.empty_above(WAL_INSIST_BYTES, connection) {
            self.commits_to_pass = COMMITS_AFTER_A_FAILURE;
        }
    }

    /// When nothing waits.
    pub(super) fn idle(&mut self, connection: &Connection) {
        self.empty_above(WAL_SMALL_BYTES, connection);
    }

    /// Whether the file is small now. Where it is not, nothing is lost: it is tried again, and
    /// the size of the file is a metric.
    fn empty_above(&self, bytes: u64, connection: &Connection) -> bool {
        self.place.wal_bytes() <= bytes || empty(connection).unwrap_or(false)
    }
}

fn empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(READERS_WAIT)?;
    let held = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    held.map(|held: i64| held == 0)
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::store::database::Format;

    const FORMAT: Format = Format {
        file: "bytes.db",
        migrations: &["CREATE TABLE piece (id INTEGER PRIMARY KEY, bytes BLOB) STRICT;"],
        page_bytes: 4_096,
        checkpoint_pages: 100,
    };

    fn commit(connection: &Connection, checkpoints: &mut Checkpoints, times: u32) {
        for _ in 0..times {
            let row = params![vec![0_u8; 100_000]];
            connection.execute("INSERT INTO piece (bytes) VALUES (?1)", row).unwrap();
            checkpoints.after_commit(connection);
        }
    }

    #[test]
    fn the_file_is_bounded_and_small_again_when_nothing_is_to_be_done() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join(FORMAT.file));
        let connection = place.open_for_writing(&FORMAT).unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        let mut checkpoints = Checkpoints::new(place.clone());
        commit(&connection, &mut checkpoints, 640);
        assert!(place.wal_bytes() < WAL_BYTES_MAX, "{}", place.wal_bytes());

        let reader = place.open_for_reading().unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM piece LIMIT 1").unwrap();
        commit(&connection, &mut checkpoints, 100);
        checkpoints.idle(&connection);
        assert!(place.wal_bytes() > WAL_SMALL_BYTES, "a reader in the middle holds it");
        reader.execute_batch("COMMIT").unwrap();
        checkpoints.idle(&connection);
        assert_eq!(place.wal_bytes(), 0);
    }
}
