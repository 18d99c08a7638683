-- What became of billing accounts: what is told of the one is of the other from then on. The later word counts.
CREATE TABLE account_move (
    id              INTEGER PRIMARY KEY,
    made            TEXT    NOT NULL,   -- when the message that says so was made, in the site's calendar
    message         INTEGER NOT NULL,
    from_identifier INTEGER NOT NULL REFERENCES identifier (id),
    from_account    TEXT    NOT NULL,
    to_identifier   INTEGER NOT NULL REFERENCES identifier (id),
    to_account      TEXT    NOT NULL,
    UNIQUE (message, from_identifier, from_account, to_identifier, to_account)
) STRICT;
CREATE INDEX account_move_from ON account_move (from_identifier, from_account);
CREATE INDEX account_move_to ON account_move (to_identifier, to_account);
