-- Destinations for which nothing new leaves until a person says so.
CREATE TABLE pause (
    destination TEXT PRIMARY KEY,
    drains      INTEGER NOT NULL,       -- 1 while what waited at that moment still leaves
    until_line  INTEGER NOT NULL,       -- lines behind this one wait; 0 for all
    who         TEXT    NOT NULL,       -- JSON
    at          INTEGER NOT NULL        -- milliseconds of Unix time
) STRICT, WITHOUT ROWID;
