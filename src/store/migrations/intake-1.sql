-- What was received. A sender waits for one insert into this table: it grows at its end, and
-- has no second index. Rows are never changed.
CREATE TABLE message (
    id          INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL,
    received_at INTEGER NOT NULL,   -- milliseconds of Unix time
    control_id  BLOB    NOT NULL,   -- as told, in whatever character set
    answer      TEXT    NOT NULL,   -- what its sender was told: AA, AE, AR
    reason      TEXT,               -- JSON, where it was refused
    raw         BLOB    NOT NULL
) STRICT;
