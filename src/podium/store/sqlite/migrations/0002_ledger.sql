-- A run is entered whenever it leaves memory: so many facts it has, and the last one's hash. Entries are chained, so that
-- none can be changed, and seals are signatures of the chain with a key that is not in the store.
CREATE TABLE ledger (
    n INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    facts INTEGER NOT NULL,
    head BLOB NOT NULL,
    state TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX ledger_run ON ledger (run, n);

CREATE TABLE seals (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    at REAL NOT NULL,
    signature BLOB NOT NULL
);
