-- Parts of messages that are told in several, and which of them are one message. Whether one is
-- whole is decided once, in the transaction that keeps its last part.
CREATE TABLE fragment (
    message    INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL,
    sender     BLOB    NOT NULL,   -- MSH-3 and MSH-4: pointers are its own
    comes_from BLOB    NOT NULL,   -- MSH-14; empty in the first
    goes_on    BLOB    NOT NULL,   -- DSC-1; empty in the last
    head_bytes INTEGER NOT NULL,   -- of the header, in which the same part may differ
    bytes      INTEGER NOT NULL,
    until      INTEGER NOT NULL,   -- milliseconds of Unix time: so long it waits for the others
    repeats    INTEGER,            -- the message that said the same before
    whole      INTEGER,            -- the message with which all were there, or could not be one
    place      INTEGER,            -- its place in that, from 0
    fault      TEXT,               -- why they could not be one, with the message in `whole`
    given_up   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX fragment_from ON fragment (source, sender, comes_from, goes_on);
CREATE INDEX fragment_to ON fragment (source, sender, goes_on);
CREATE INDEX fragment_whole ON fragment (whole, place) WHERE whole IS NOT NULL;
CREATE INDEX fragment_waits ON fragment (until)
    WHERE whole IS NULL AND repeats IS NULL AND given_up = 0;
