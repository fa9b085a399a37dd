-- Entries of the memory that are forgotten after a time, what came of appends, and locks. What is deleted is not found by its words either.
ALTER TABLE memory ADD COLUMN until REAL;
CREATE INDEX memory_until ON memory (until) WHERE until IS NOT NULL;
ALTER TABLE memory_writes ADD COLUMN until REAL;
ALTER TABLE memory_writes ADD COLUMN length INTEGER;
CREATE TABLE memory_locks (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    token INTEGER NOT NULL,
    holder TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TRIGGER memory_deleted AFTER DELETE ON memory BEGIN DELETE FROM memory_text WHERE rowid = old.n; END
