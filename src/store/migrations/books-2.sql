-- By which tables a person was judged last: when the tables change, everybody else is judged anew.
CREATE TABLE tables_seen (
    id     INTEGER PRIMARY KEY,
    digest TEXT    NOT NULL UNIQUE
) STRICT;
ALTER TABLE person ADD COLUMN judged_by INTEGER REFERENCES tables_seen (id);
