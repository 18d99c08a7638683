-- One message may tell of several lines: the row of the first has its bytes, the others name that row.
-- A line in doubt whose receiver recognizes a repeat goes again as the same bytes.
ALTER TABLE attempt ADD COLUMN together INTEGER;                    -- the attempt at the first line
ALTER TABLE attempt ADD COLUMN again    INTEGER NOT NULL DEFAULT 0; -- 1 if the same bytes go again
CREATE INDEX attempt_together ON attempt (together) WHERE together IS NOT NULL;
