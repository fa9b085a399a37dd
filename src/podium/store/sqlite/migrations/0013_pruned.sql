-- Runs that were deleted because they ended long ago: the last hash of each stays here and in the ledger. A number is never given again.
CREATE TABLE pruned (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    facts INTEGER NOT NULL,
    head BLOB NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    signature TEXT
);
CREATE INDEX pruned_run ON pruned (run)
