-- What FHIR sources told of their resources, version by version; and how far each poll has come.
-- The version that counts is the one told last: an older one that comes late is not put here.
CREATE TABLE resource (
    number   INTEGER PRIMARY KEY,
    source   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    message  INTEGER NOT NULL,
    version  TEXT    NOT NULL,   -- as told; empty if it was not
    revision INTEGER NOT NULL,   -- how many versions have come, this one among them
    said_at  INTEGER NOT NULL,   -- milliseconds of Unix time
    gone     INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    strange  TEXT    NOT NULL    -- elements that FHIR R4 does not have, a line each
) STRICT;
CREATE INDEX resource_version ON resource (source, kind, id, number);
CREATE INDEX resource_message ON resource (message);

CREATE TABLE resource_identifier (
    source TEXT NOT NULL,
    kind   TEXT NOT NULL,
    system TEXT NOT NULL,
    value  TEXT NOT NULL,
    whose  TEXT NOT NULL,   -- the patient that the resource is about; empty if it is about none
    id     TEXT NOT NULL,
    PRIMARY KEY (source, kind, system, value, whose, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE resource_reference (
    source  TEXT NOT NULL,
    to_kind TEXT NOT NULL,
    to_id   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    PRIMARY KEY (source, to_kind, to_id, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    source TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
