-- Entries of the memory that are forgotten after a time, what came of appends, and locks; vectors, by which entries are found by meaning, with the
-- signs of their numbers, by which they are looked through. What is deleted is not found by its words or its vector either.
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
CREATE TABLE memory_vectors (
    v INTEGER PRIMARY KEY AUTOINCREMENT,
    n INTEGER NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    embedder TEXT NOT NULL,
    signs BLOB NOT NULL,
    numbers BLOB NOT NULL
);
CREATE INDEX memory_vectors_of ON memory_vectors (scope, embedder, v, signs);
CREATE TRIGGER memory_deleted AFTER DELETE ON memory BEGIN DELETE FROM memory_text WHERE rowid = old.n; DELETE FROM memory_vectors WHERE n = old.n; END
