//! Keeps the write-ahead file small.

use rusqlite::Connection;

use super::database::Place;

/// The write-ahead file of a database stays below this, whatever readers do.
pub const WAL_BYTES_MAX: u64 = 64 << 20;
/// From this size on, the writer insists: it waits for readers and empties the file.
const WAL_INSIST_BYTES: u64 = WAL_BYTES_MAX / 2;
/// A file of this size is not worth the trouble when nothing else is to be done.
const WAL_SMALL_BYTES: u64 = 1 << 20;
/// Commits between two looks at the size of the file.
const COMMITS_BETWEEN_LOOKS: u32 = 64;

/// When the writer of a database last looked at its write-ahead file.
#[derive(Debug)]
pub(super) struct Checkpoints {
    place: Place,
    commits: u32,
}

impl Checkpoints {
    pub(super) fn new(place: Place) -> Checkpoints {
        Checkpoints { place, commits: 0 }
    }

    /// After a commit. The database itself takes pages home every so often; that is not enough
    /// when readers overlap all the time, so a file that has grown is emptied by force.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        self.commits += 1;
        if self.commits >= COMMITS_BETWEEN_LOOKS {
            self.commits = 0;
            self.empty_above(WAL_INSIST_BYTES, connection);
        }
    }

    /// When nothing waits.
    pub(super) fn idle(&mut self, connection: &Connection) {
        self.empty_above(WAL_SMALL_BYTES, connection);
    }

    /// A checkpoint that does not come through does so later: nothing is lost by it, and the size
    /// of the file is a metric.
    fn empty_above(&self, bytes: u64, connection: &Connection) {
        if self.place.wal_bytes() > bytes {
            let _tried = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}
