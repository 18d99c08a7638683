-- What became of the messages: people, facts, lines, what was sent, and the ledger.

-- The last message of the intake whose outcome is on the books, with every one before it.
CREATE TABLE cursor (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    message INTEGER NOT NULL
) STRICT;
INSERT INTO cursor VALUES (1, 0);

CREATE TABLE message (
    id           INTEGER PRIMARY KEY,   -- as in the intake
    state        TEXT    NOT NULL,      -- its name alone, for lists
    state_detail TEXT    NOT NULL,      -- all of it, JSON
    source       TEXT    NOT NULL,
    received_at  INTEGER NOT NULL,      -- milliseconds of Unix time
    day          TEXT    NOT NULL,      -- the site's day that lists go by
    trigger_code TEXT    NOT NULL,
    control_id   TEXT    NOT NULL,
    size_bytes   INTEGER NOT NULL,
    person       INTEGER,
    authority    TEXT,                  -- with `mrn`: the number that the message names
    mrn          TEXT,
    account      TEXT,
    notes        TEXT    NOT NULL       -- JSON list of sentences
) STRICT;
CREATE INDEX message_control_id ON message (control_id);
CREATE INDEX message_person ON message (person) WHERE person IS NOT NULL;
CREATE INDEX message_account ON message (account) WHERE account IS NOT NULL;

CREATE TABLE person (
    id INTEGER PRIMARY KEY
) STRICT;

-- Whose number is whose. The number that goes on has rank 0, others a higher one.
CREATE TABLE identifier (
    id           INTEGER PRIMARY KEY,
    authority    TEXT    NOT NULL,
    number       TEXT    NOT NULL,
    person       INTEGER NOT NULL REFERENCES person (id),
    rank         INTEGER NOT NULL,
    registration TEXT,                  -- JSON, as told under this number
    UNIQUE (number, authority)
) STRICT;
CREATE INDEX identifier_person ON identifier (person, rank);

-- What was told, each thing once, by the number it was told under: a split parts it again.
-- The row's number is the identifier's, shifted, and a count: one number's facts lie together.
CREATE TABLE fact (
    id         INTEGER PRIMARY KEY,
    identifier INTEGER NOT NULL REFERENCES identifier (id),
    key        TEXT    NOT NULL,
    message    INTEGER NOT NULL,        -- that first told it
    body       TEXT    NOT NULL         -- JSON
) STRICT;
CREATE UNIQUE INDEX fact_key ON fact (identifier, key);

CREATE TABLE line (
    id          INTEGER PRIMARY KEY,
    person      INTEGER NOT NULL REFERENCES person (id),
    state       TEXT    NOT NULL,
    destination TEXT,
    lane        TEXT    NOT NULL,       -- lines of one lane leave one after the other
    after_line  INTEGER,
    reverses    INTEGER,
    reversed_by INTEGER,
    course      TEXT    NOT NULL,
    claim       TEXT,
    code        TEXT,
    dos         TEXT    NOT NULL,
    account     TEXT,
    message     INTEGER NOT NULL,       -- that earned it
    drafted_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    decision    TEXT,                   -- JSON
    key         TEXT    NOT NULL,
    findings    TEXT    NOT NULL,       -- JSON
    body        TEXT    NOT NULL        -- JSON
) STRICT;
CREATE INDEX line_person ON line (person, key);
CREATE INDEX line_account ON line (account) WHERE account IS NOT NULL;
CREATE INDEX line_queued ON line (destination, id) WHERE state = 'queued';
CREATE INDEX line_in_the_way ON line (destination, lane) WHERE state IN ('sent', 'unknown');
CREATE INDEX line_open ON line (state, person)
    WHERE state IN ('held', 'queued', 'sent', 'unknown', 'declined');

CREATE TABLE attempt (
    id          INTEGER PRIMARY KEY,
    line        INTEGER NOT NULL REFERENCES line (id),
    destination TEXT    NOT NULL,
    control_id  TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    bytes       BLOB    NOT NULL,
    finished_at INTEGER,
    outcome     TEXT,                   -- accepted, declined, unknown, queued
    text        TEXT,                   -- what was said, or why nothing was
    answer      BLOB
) STRICT;
CREATE INDEX attempt_line ON attempt (line);

-- The ledger. Only added to; each hash covers the one before it.
CREATE TABLE entry (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,           -- milliseconds of Unix time
    kind    TEXT    NOT NULL,
    who     TEXT    NOT NULL,           -- JSON
    message INTEGER,
    line    INTEGER,
    body    TEXT    NOT NULL,           -- JSON
    hash    BLOB    NOT NULL
) STRICT;
CREATE INDEX entry_message ON entry (message) WHERE message IS NOT NULL;
CREATE INDEX entry_line ON entry (line) WHERE line IS NOT NULL;
CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never changed'); END;
CREATE TRIGGER entry_is_not_removed BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never removed'); END;
CREATE TRIGGER entry_is_not_replaced BEFORE INSERT ON entry
WHEN new.seq <= (SELECT max(seq) FROM entry)
BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is added at its end'); END;

-- How many there are in each state, counted as they move; `verify` counts again.
CREATE TABLE tally (
    what  TEXT    NOT NULL,             -- message, line
    state TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (what, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_counted AFTER INSERT ON message BEGIN
    INSERT INTO tally VALUES ('message', new.state, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN
    UPDATE tally SET count = count - 1 WHERE what = 'message' AND state = old.state;
    INSERT INTO tally VALUES ('message', new.state, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER line_counted AFTER INSERT ON line BEGIN
    INSERT INTO tally VALUES ('line', new.state, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER line_moved AFTER UPDATE OF state ON line WHEN old.state <> new.state BEGIN
    UPDATE tally SET count = count - 1 WHERE what = 'line' AND state = old.state;
    INSERT INTO tally VALUES ('line', new.state, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER line_is_not_removed BEFORE DELETE ON line
BEGIN SELECT RAISE(ABORT, 'a line is never removed'); END;
